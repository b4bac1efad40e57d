/** Warnings for the user of the client, each of them once. */

/** Receives a sentence for the user; the client goes on whatever it does. */
export type Log = (message: string) => void;

/** Keys that are remembered; beyond them nothing new is logged once. */
const MAX_KEYS = 1_000;

/** Logs under the name of the client, and repeats nothing that has a key. */
export class Logger {
  readonly #log: Log;
  readonly #loggedKeys = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  warn(message: string): void {
    try {
      this.#log(`adjutant client: ${message}`);
    } catch {
      // A log that fails must not stop an orchestration.
    }
  }

  /** Logs the message unless something was logged under `key` before. */
  warnOnce(key: string, message: string): void {
    if (this.#loggedKeys.has(key) || this.#loggedKeys.size >= MAX_KEYS) return;
    this.#loggedKeys.add(key);
    this.warn(message);
  }
}

/** The message of whatever was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
