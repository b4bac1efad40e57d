/** Answers that are served again for a while. */

/** Answers kept, and characters of all of them. */
const MAX_ENTRIES = 256;
const MAX_CHARS = 8 * 1024 * 1024;

/** Answers as JSON text, so that whoever changes one changes only its own; the least recently used go first. */
export class AnswerCache {
  readonly #ttlMs: number;
  readonly #entries = new Map<string, { text: string; until: number }>();
  #chars = 0;

  /** 0 keeps nothing. */
  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs;
  }

  get(key: string): unknown {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#remove(key, entry.text);
    if (performance.now() >= entry.until) return undefined;
    this.#put(key, entry);
    return JSON.parse(entry.text);
  }

  set(key: string, answer: unknown): void {
    if (this.#ttlMs <= 0) return;
    const text = JSON.stringify(answer);
    const known = this.#entries.get(key);
    if (known !== undefined) this.#remove(key, known.text);
    this.#put(key, { text, until: performance.now() + this.#ttlMs });
    for (const [oldest, { text: gone }] of this.#entries) {
      if (this.#entries.size <= MAX_ENTRIES && this.#chars <= MAX_CHARS) break;
      this.#remove(oldest, gone);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#chars = 0;
  }

  #put(key: string, entry: { text: string; until: number }): void {
    this.#entries.set(key, entry);
    this.#chars += key.length + entry.text.length;
  }

  #remove(key: string, text: string): void {
    this.#entries.delete(key);
    this.#chars -= key.length + text.length;
  }
}

/** One key for parameters that say the same, in whatever order. Throws where they cannot be written as JSON. */
export function keyOf(method: string, params: object): string {
  const inOrder = (_: string, value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value;
  return `${method} ${JSON.stringify(params, inOrder)}`;
}
