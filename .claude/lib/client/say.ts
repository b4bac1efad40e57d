/** What the client tells its user, each thing once. */

/** Takes a sentence for the user; whatever it does, the client goes on. */
export type Log = (message: string) => void;

const MAX_REMEMBERED = 1_000;

/** Says each sentence once, under a key. */
export class Voice {
  readonly #log: Log;
  readonly #said = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  say(message: string): void {
    try {
      this.#log(`adjutant client: ${message}`);
    } catch {
      // A log that cannot be written to must not stop an orchestration.
    }
  }

  /** Says it unless something was said under `key` before. */
  once(key: string, message: string): void {
    if (this.#said.has(key) || this.#said.size >= MAX_REMEMBERED) return;
    this.#said.add(key);
    this.say(message);
  }
}

/** What went wrong, as text. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
