/** Warnings for the user of the client, each of them once. */
/** Keys that are remembered; beyond them nothing new is logged once. */
const MAX_KEYS = 1_000;
/** Logs under the name of the client, and repeats nothing that has a key. */
export class Logger {
    #log;
    #loggedKeys = new Set();
    constructor(log) {
        this.#log = log;
    }
    warn(message) {
        try {
            this.#log(`adjutant client: ${message}`);
        }
        catch {
            // A log that fails must not stop an orchestration.
        }
    }
    /** Logs the message unless something was logged under `key` before. */
    warnOnce(key, message) {
        if (this.#loggedKeys.has(key) || this.#loggedKeys.size >= MAX_KEYS)
            return;
        this.#loggedKeys.add(key);
        this.warn(message);
    }
}
/** The message of whatever was thrown. */
export function errorMessage(error) {
    return error instanceof Error ? error.message : String(error);
}
