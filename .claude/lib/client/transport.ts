/** HTTP exchanges over kept-alive connections, each within a time and a size. */

import * as http from 'node:http';
import type { Socket } from 'node:net';

/** Largest response: a definition has up to 1 MiB, six times that if every byte is escaped. */
const MAX_RESPONSE_BYTES = 8 * 1024 * 1024;

/** Idle connections are closed after this time, before the service closes them (5 s), so that none breaks in use. */
const IDLE_TIMEOUT_MS = 4_000;

/** Most connections at once; further exchanges wait for a free one. */
const MAX_CONNECTIONS = 16;

/** How an exchange failed. */
export type Failure =
  /** No process listens. */
  | 'refused'
  /** The connection was reset or closed. */
  | 'reset'
  /** There was no response in time. */
  | 'timeout'
  /** The process that responds is not an Adjutant, or not this project's. */
  | 'foreign'
  /** The service is starting, stopping or overloaded. */
  | 'busy'
  /** This client is closed. */
  | 'closed';

/** The service is not available; the message gives the reason, as the end of a sentence. */
export class Unavailable extends Error {
  readonly failure: Failure;
  /** Whether a kept-alive connection turned out to be broken, so that a retry is worthwhile. */
  readonly isStale: boolean;

  constructor(failure: Failure, message: string, isStale = false) {
    super(message);
    this.failure = failure;
    this.isStale = isStale;
  }
}

export interface Reply {
  status: number;
  text: string;
}

/** Failures by the code of a socket error; other codes mean a response that is not HTTP, or no network. */
const FAILURES: Record<string, Failure> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
};

/** A pool of connections to one process. */
export class Transport {
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS, timeout: IDLE_TIMEOUT_MS });
  readonly #counted = new WeakSet<Socket>();
  readonly #onAllClosed: () => void;
  #open = 0;

  /** `onAllClosed` is called when no connection is left: another process may listen from then on. */
  constructor(onAllClosed: () => void) {
    this.#onAllClosed = onAllClosed;
  }

  close(): void {
    this.#agent.destroy();
  }

  /**
   * Sends one request and reads the whole response within `timeoutMs`; rejects with `Unavailable`. A token is sent to
   * whatever process listens.
   */
  exchange(base: URL, path: string, body: string | undefined, timeoutMs: number, token?: string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const headers: http.OutgoingHttpHeaders = { accept: 'application/json' };
      if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
      if (body !== undefined) {
        headers['content-type'] = 'application/json';
        headers['content-length'] = Buffer.byteLength(body);
      }
      const request = http.request({
        agent: this.#agent,
        hostname: base.hostname.replace(/^\[|\]$/g, ''),
        port: base.port === '' ? 80 : base.port,
        path,
        method: body === undefined ? 'GET' : 'POST',
        headers,
      });
      let settled = false;
      const fail = (failure: Failure, why: string): void => {
        if (settled) return;
        settled = true;
        clearTimeout(timer);
        reject(new Unavailable(failure, why, failure === 'reset' && request.reusedSocket));
        request.destroy();
      };
      const timer = setTimeout(() => fail('timeout', `it did not answer within ${timeoutMs} ms`), timeoutMs);
      request.on('socket', (socket) => this.#count(socket));
      request.on('error', (error: NodeJS.ErrnoException) => {
        const failure = FAILURES[error.code ?? ''] ?? 'foreign';
        fail(failure, failure === 'refused' ? `nothing listens on ${base.host}` : error.message);
      });
      request.on('close', () => fail('reset', 'the connection was closed'));
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_RESPONSE_BYTES) fail('foreign', 'its response is too large');
          else chunks.push(chunk);
        });
        response.on('error', () => fail('reset', 'the response was cut off'));
        response.on('end', () => {
          if (!response.complete) return fail('reset', 'the response was cut off');
          settled = true;
          clearTimeout(timer);
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
        });
      });
      request.end(body);
    });
  }

  #count(socket: Socket): void {
    if (this.#counted.has(socket)) return;
    this.#counted.add(socket);
    this.#open += 1;
    socket.once('close', () => {
      this.#open -= 1;
      if (this.#open === 0) this.#onAllClosed();
    });
  }
}
