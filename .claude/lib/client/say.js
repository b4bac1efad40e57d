/** What the client tells its user, each thing once. */
const MAX_REMEMBERED = 1_000;
/** Says each sentence once, under a key. */
export class Voice {
    #log;
    #said = new Set();
    constructor(log) {
        this.#log = log;
    }
    say(message) {
        try {
            this.#log(`adjutant client: ${message}`);
        }
        catch {
            // A log that cannot be written to must not stop an orchestration.
        }
    }
    /** Says it unless something was said under `key` before. */
    once(key, message) {
        if (this.#said.has(key) || this.#said.size >= MAX_REMEMBERED)
            return;
        this.#said.add(key);
        this.say(message);
    }
}
/** What went wrong, as text. */
export function wordsOf(error) {
    return error instanceof Error ? error.message : String(error);
}
