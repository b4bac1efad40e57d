/** A cache of answers. */
/** Most answers, and most characters of all of them. */
const MAX_ENTRIES = 256;
const MAX_CHARS = 8 * 1024 * 1024;
/** Holds answers as JSON, so that no caller can change the answer of another; the least recently used are evicted. */
export class AnswerCache {
    #ttlMs;
    #entries = new Map();
    #chars = 0;
    /** 0 disables the cache. */
    constructor(ttlMs) {
        this.#ttlMs = ttlMs;
    }
    get(key) {
        const entry = this.#entries.get(key);
        if (entry === undefined)
            return undefined;
        this.#remove(key, entry.text);
        if (performance.now() >= entry.expiresAt)
            return undefined;
        this.#put(key, entry);
        return JSON.parse(entry.text);
    }
    set(key, answer) {
        if (this.#ttlMs <= 0)
            return;
        const text = JSON.stringify(answer);
        const replaced = this.#entries.get(key);
        if (replaced !== undefined)
            this.#remove(key, replaced.text);
        this.#put(key, { text, expiresAt: performance.now() + this.#ttlMs });
        for (const [oldest, { text: evicted }] of this.#entries) {
            if (this.#entries.size <= MAX_ENTRIES && this.#chars <= MAX_CHARS)
                break;
            this.#remove(oldest, evicted);
        }
    }
    clear() {
        this.#entries.clear();
        this.#chars = 0;
    }
    #put(key, entry) {
        this.#entries.set(key, entry);
        this.#chars += key.length + entry.text.length;
    }
    #remove(key, text) {
        this.#entries.delete(key);
        this.#chars -= key.length + text.length;
    }
}
/** The same key for the same parameters in any order. Throws if they cannot be written as JSON. */
export function cacheKey(method, params) {
    const sorted = (_, value) => typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
        : value;
    return `${method} ${JSON.stringify(params, sorted)}`;
}
