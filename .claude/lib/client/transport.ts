/** One HTTP exchange with whoever listens, within a time and a size. */

import * as http from 'node:http';
import type { Socket } from 'node:net';

/** Bytes of an answer that are read: a definition has up to 1 MiB, six times that where every byte is escaped. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** Idle connections are closed after this, before the service does it (5 s), so that none breaks when it is used. */
const IDLE_MS = 4_000;

/** Connections open at once; further exchanges wait for one. */
const MAX_CONNECTIONS = 16;

/** How an exchange failed. */
export type Failure =
  /** Nobody listens. */
  | 'refused'
  /** The connection was broken off. */
  | 'gone'
  /** Nothing came in time. */
  | 'silent'
  /** What answers is no Adjutant, or not this project's. */
  | 'stranger'
  /** It starts, stops or has too much to do. */
  | 'busy'
  /** This client is closed. */
  | 'closed';

/** The service is not available; the message says why, as the end of a sentence. */
export class Unavailable extends Error {
  readonly failure: Failure;
  /** Whether a kept connection turned out to be broken, so that trying again at once is worth it. */
  readonly stale: boolean;

  constructor(failure: Failure, message: string, stale = false) {
    super(message);
    this.failure = failure;
    this.stale = stale;
  }
}

export interface Reply {
  status: number;
  text: string;
}

/** What the codes of a socket mean; all others come from an answer that is not HTTP, or from no network. */
const FAILURES: Record<string, Failure> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'gone',
  ECONNABORTED: 'gone',
  EPIPE: 'gone',
};

/** Exchanges over connections that are kept, and word of when the last of them is closed. */
export class Transport {
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS, timeout: IDLE_MS });
  readonly #known = new WeakSet<Socket>();
  readonly #onAllClosed: () => void;
  #open = 0;

  /** `onAllClosed` is called when no connection is left: who listens may be somebody else from then on. */
  constructor(onAllClosed: () => void) {
    this.#onAllClosed = onAllClosed;
  }

  close(): void {
    this.#agent.destroy();
  }

  /**
   * Sends one request and reads the whole answer, within `timeoutMs` in all; rejects with `Unavailable`. A token is
   * said to whoever listens.
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
        reject(new Unavailable(failure, why, failure === 'gone' && request.reusedSocket));
        request.destroy();
      };
      const timer = setTimeout(() => fail('silent', `there was no answer within ${timeoutMs} ms`), timeoutMs);
      request.on('socket', (socket) => this.#count(socket));
      request.on('error', (error: NodeJS.ErrnoException) => {
        const failure = FAILURES[error.code ?? ''] ?? 'stranger';
        fail(failure, failure === 'refused' ? `nobody listens on ${base.host}` : error.message);
      });
      request.on('close', () => fail('gone', 'the connection was closed'));
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_ANSWER_BYTES) fail('stranger', 'its answer is too large');
          else chunks.push(chunk);
        });
        response.on('error', () => fail('gone', 'the answer broke off'));
        response.on('end', () => {
          if (!response.complete) return fail('gone', 'the answer broke off');
          settled = true;
          clearTimeout(timer);
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
        });
      });
      request.end(body);
    });
  }

  #count(socket: Socket): void {
    if (this.#known.has(socket)) return;
    this.#known.add(socket);
    this.#open += 1;
    socket.once('close', () => {
      this.#open -= 1;
      if (this.#open === 0) this.#onAllClosed();
    });
  }
}
