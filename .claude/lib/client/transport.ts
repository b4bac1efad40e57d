/** HTTP exchanges over kept-alive connections, each within a time and a size. */

import * as http from 'node:http';
import type { Socket } from 'node:net';

import type { CallError } from './wire.js';

/** Largest response: a definition has up to 1 MiB, six times that if every byte is escaped. */
const MAX_RESPONSE_BYTES = 8 * 1024 * 1024;

/** Idle connections are closed after this time, before the service closes them (5 s), so that none breaks in use. */
const IDLE_TIMEOUT_MS = 4_000;

/** Most connections at once; further exchanges wait for a free one. */
const MAX_CONNECTIONS = 16;

/** How an exchange failed. Only after `reset` and `timeout` the request may have been carried out. */
export type Failure =
  /** No process listens. */
  | 'refused'
  /** This process could not send anything: it has too many open files, or cannot use what it is configured with. */
  | 'local'
  /** The connection broke before the whole response was there. */
  | 'reset'
  /** There was no response in time. */
  | 'timeout'
  /** The process that responds is not an Adjutant, or not this project's. */
  | 'foreign'
  /** The service is starting, stopping or overloaded. */
  | 'busy'
  /** The service is there, and did not accept the token. */
  | 'unauthenticated'
  /** This client is closed. */
  | 'closed';

/** The service is not available; the message gives the reason, as the end of a sentence. */
export class Unavailable extends Error {
  readonly failure: Failure;
  /** Whether a kept-alive connection turned out to be broken, so that a retry is worthwhile. */
  readonly isStale: boolean;
  /** The error with which the service itself refused; undefined if it did not. */
  readonly error: CallError | undefined;

  constructor(failure: Failure, message: string, { isStale = false, error }: { isStale?: boolean; error?: CallError } = {}) {
    super(message);
    this.failure = failure;
    this.isStale = isStale;
    this.error = error;
  }

  /** Whether the request may have been carried out. */
  get isOutcomeUnknown(): boolean {
    return this.failure === 'reset' || this.failure === 'timeout';
  }

  /** The message as a sentence, which distinguishes a service that does not accept the token from one that is away. */
  get sentence(): string {
    if (this.failure === 'unauthenticated') return `The service is there, but ${this.message}.`;
    return `The service is not available (${this.message}).`;
  }
}

export interface Reply {
  status: number;
  text: string;
}

/** The one table of socket errors: the failure that each code means. */
const FAILURES: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  HPE_INVALID_EOF_STATE: 'reset',
  ETIMEDOUT: 'timeout',
  EMFILE: 'local',
  ENFILE: 'local',
  ENOMEM: 'local',
  ENOBUFS: 'local',
  EADDRNOTAVAIL: 'local',
};

/**
 * The failure that a socket error means. Bytes that are not HTTP prove that another program listens; any other error that
 * is not in the table proves nothing.
 */
function failureOf(code: string, isConnected: boolean): Failure {
  return FAILURES[code] ?? (code.startsWith('HPE_') ? 'foreign' : isConnected ? 'reset' : 'local');
}

/** A socket error as the end of a sentence. */
function failureMessage(failure: Failure, base: URL, { code, message }: NodeJS.ErrnoException): string {
  if (failure === 'refused') return `nothing listens on ${base.host}`;
  if (code === 'EMFILE' || code === 'ENFILE') return `too many files are open for a connection to it (${code})`;
  return failure === 'local' ? `no connection to it could be opened: ${message}` : message;
}

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
        reject(new Unavailable(failure, why, { isStale: failure === 'reset' && request.reusedSocket }));
        request.destroy();
      };
      const timer = setTimeout(() => fail('timeout', `it did not answer within ${timeoutMs} ms`), timeoutMs);
      let isConnected = false;
      request.on('socket', (socket) => {
        this.#count(socket);
        isConnected = !socket.connecting && !socket.destroyed;
        socket.once('connect', () => {
          isConnected = true;
        });
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        const failure = failureOf(error.code ?? '', isConnected);
        fail(failure, failureMessage(failure, base, error));
      });
      request.on('upgrade', (_, socket) => {
        socket.destroy();
        fail('foreign', 'the process that listens there is not an Adjutant: it switches to another protocol');
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
