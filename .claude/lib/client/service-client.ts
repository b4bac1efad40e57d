/**
 * The service as this client sees it: which address it has, whether it is available, and what it answers.
 *
 * Before the first request, and again after all connections were closed, the client asks the process behind the address
 * for its health: only this project's Adjutant receives further requests. A refused connection, or one that this process
 * could not open, costs nothing, so the next call tries again. After any other failure the circuit is open: calls fail at
 * once, and a call starts at most one probe at a time, which closes the circuit when the service is back.
 */

import { errorMessage, type Logger } from './logger.js';
import { type Project, readToken, serviceUrl } from './project.js';
import { type Reply, Transport, Unavailable } from './transport.js';
import {
  type CallError,
  CLIENT_VERSION,
  ERROR_CODES,
  type Health,
  InvalidResponse,
  type MethodName,
  METHODS,
  object,
  readCallError,
  readHealth,
  readRefusal,
} from './wire.js';

/** A connection that was reset within this time may be tried again without noticeable cost. */
const QUICK_RESET_MS = 50;

/** Time between a failed probe and the next. */
const PROBE_INTERVAL_MS = 250;

/** Largest request body that the service accepts. */
const MAX_REQUEST_BYTES = 1024 * 1024;

/** Codes of errors after which the same request may succeed later; -32603 and -32601 as older services use them. */
const RETRYABLE_CODES: ReadonlySet<number> = new Set([
  ERROR_CODES.unknown_method.code,
  ERROR_CODES.internal.code,
  ...Object.values(ERROR_CODES).flatMap(({ code, retryable }) => (retryable ? [code] : [])),
]);

export interface ServiceSettings {
  project: Project;
  baseUrl: string | undefined;
  dataDir: string | undefined;
  /** Whether the Adjutant of any project is accepted. */
  anyProject: boolean;
  timeoutMs: number;
  logger: Logger;
  /** Called when the service answers for the first time, or again. */
  onAvailable: () => void;
}

/** The service's response to a call: a result, also as it was sent, or an error. */
export type Response<T> = { result: T; raw: unknown } | { error: CallError };

export class ServiceClient {
  readonly #settings: ServiceSettings;
  readonly #transport: Transport;
  /** The address whose service was identified; undefined if none was, or another process may listen there by now. */
  #identified: URL | undefined;
  /** The token that the identified service requires. */
  #token: string | undefined;
  #identifying: Promise<URL> | undefined;
  /** Why calls fail at once: the circuit is open. */
  #openCircuit: Unavailable | undefined;
  #isProbing = false;
  #nextProbeAt = 0;
  #isAway = false;
  #isClosed = false;
  #lastId = 0;

  constructor(settings: ServiceSettings) {
    this.#settings = settings;
    this.#transport = new Transport(() => {
      this.#identified = undefined;
    });
  }

  /** Makes sure that the service is available; if it is not, resolves to the reason. */
  async reach(): Promise<Unavailable | undefined> {
    const began = performance.now();
    try {
      this.#checkCircuit();
      if (this.#identified === undefined) await this.#identify();
      return undefined;
    } catch (error) {
      return this.#noteFailure(error, performance.now() - began);
    }
  }

  /** Closes all connections; every later call fails. */
  close(): void {
    this.#isClosed = true;
    this.#transport.close();
  }

  /**
   * Calls a method. Rejects with `Unavailable` only. `read` parses the result or throws `InvalidResponse`; `force` sends
   * the request even if the circuit is open.
   */
  async call<T>(method: MethodName, params: object, read: (result: unknown) => T, force = false): Promise<Response<T>> {
    this.#lastId += 1;
    const id = this.#lastId;
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params });
    if (Buffer.byteLength(body) > MAX_REQUEST_BYTES) {
      return { error: { code: -32602, message: 'the request is larger than 1 MiB' } };
    }
    this.#checkCircuit(force);
    const began = performance.now();
    try {
      const response = readResponse(await this.#post(body, began, METHODS[method].repeatable), id, read);
      this.#noteSuccess();
      return response;
    } catch (error) {
      const unavailable = this.#noteFailure(error, performance.now() - began);
      if (METHODS[method].repeatable || !unavailable.isOutcomeUnknown) throw unavailable;
      throw new Unavailable(unavailable.failure, `${unavailable.message}; it is not known whether it did what it was asked`);
    }
  }

  /** Throws if a call has to fail at once; starts a probe if one is due. */
  #checkCircuit(force = false): void {
    if (this.#isClosed) throw new Unavailable('closed', 'this client is closed');
    if (this.#openCircuit === undefined || force) return;
    this.#probe();
    throw this.#openCircuit;
  }

  /**
   * Posts to the identified service. A kept-alive connection that turns out to be broken is replaced once, if the request
   * may be sent again.
   */
  async #post(body: string, began: number, isRepeatable: boolean): Promise<Reply> {
    for (let attempt = 0; ; attempt += 1) {
      const base = this.#identified ?? (await this.#identify());
      const left = Math.ceil(this.#settings.timeoutMs - (performance.now() - began));
      if (left <= 0) throw new Unavailable('timeout', `it did not answer within ${this.#settings.timeoutMs} ms`);
      try {
        return await this.#transport.exchange(base, '/', body, left, this.#token);
      } catch (error) {
        if (attempt > 0 || !isRepeatable || !(error instanceof Unavailable && error.isStale)) throw error;
        this.#identified = undefined;
      }
    }
  }

  /** Identifies the process that listens, once for all calls that wait for it. */
  #identify(): Promise<URL> {
    this.#identifying ??= this.#askHealth().finally(() => {
      this.#identifying = undefined;
    });
    return this.#identifying;
  }

  async #askHealth(): Promise<URL> {
    const { project, baseUrl, dataDir, anyProject, timeoutMs } = this.#settings;
    let base: URL;
    try {
      base = serviceUrl(project, baseUrl, dataDir);
    } catch (error) {
      throw new Unavailable('local', errorMessage(error));
    }
    let reply = await this.#transport.exchange(base, '/health', undefined, timeoutMs);
    this.#token = undefined;
    if (reply.status === 401) {
      // The token is sent only to a process that claims to be this project's service.
      this.#checkTokenRequest(reply, base);
      this.#token = this.#projectToken();
      reply = await this.#transport.exchange(base, '/health', undefined, timeoutMs, this.#token);
    }
    const health = parseHealth(reply);
    const served = health.project;
    if (!anyProject && served !== undefined && served.id !== project.id) {
      const why = `${base.origin} serves another project, ${served.root}, not ${project.root}`;
      throw new Unavailable('foreign', why);
    }
    this.#noteVersion(health.version);
    this.#identified = base;
    this.#openCircuit = undefined;
    // The calls that wait for this come first.
    setImmediate(this.#settings.onAvailable);
    return base;
  }

  /** Throws unless the process that requires a token claims to be an Adjutant that may receive this project's. */
  #checkTokenRequest(reply: Reply, base: URL): void {
    const { project, anyProject } = this.#settings;
    const id = validated(() => {
      const body = object(parseJson(reply.text), 'its response');
      if (body['service'] !== 'adjutant') throw new InvalidResponse('it requires a token');
      return object(body['project'], 'its project')['id'];
    });
    if (id === null) throw new Unavailable('busy', 'it is starting');
    if (!anyProject && id !== project.id) {
      throw new Unavailable('foreign', `${base.origin} serves another project, not ${project.root}`);
    }
  }

  #projectToken(): string {
    const { project, dataDir } = this.#settings;
    try {
      const token = readToken(project, dataDir);
      if (token !== undefined) return token;
    } catch (error) {
      throw new Unavailable('local', errorMessage(error));
    }
    throw unauthenticated('it requires a token, and this project has none');
  }

  #noteVersion(version: string | undefined): void {
    if (version === CLIENT_VERSION) return;
    const theirs = version ?? 'an older version';
    const message = `the service has version ${theirs} and this client ${CLIENT_VERSION}; fields that only one of them knows are ignored`;
    this.#settings.logger.warnOnce(`version ${theirs}`, message);
  }

  /** Starts a probe unless one is under way or was made just now. */
  #probe(): void {
    if (this.#isProbing || this.#isClosed || Date.now() < this.#nextProbeAt) return;
    this.#isProbing = true;
    void this.#identify().then(
      () => {
        this.#isProbing = false;
      },
      (error: unknown) => {
        this.#isProbing = false;
        this.#nextProbeAt = Date.now() + PROBE_INTERVAL_MS;
        // What costs nothing may be tried again by the calls themselves.
        if (error instanceof Unavailable && isFree(error)) this.#openCircuit = undefined;
      },
    );
  }

  #noteSuccess(): void {
    this.#openCircuit = undefined;
    if (!this.#isAway) return;
    this.#isAway = false;
    this.#settings.logger.warn('the service is back');
  }

  /** Opens the circuit if the failure was costly, and logs the first failure of an outage. */
  #noteFailure(error: unknown, tookMs: number): Unavailable {
    const unavailable = error instanceof Unavailable ? error : new Unavailable('local', errorMessage(error));
    if (unavailable.failure === 'closed' || this.#isClosed) return unavailable;
    this.#identified = undefined;
    if (unavailable === this.#openCircuit) return unavailable;
    const isCheap = isFree(unavailable) || (unavailable.failure === 'reset' && tookMs <= QUICK_RESET_MS);
    if (!isCheap) this.#openCircuit = unavailable;
    if (!this.#isAway) {
      this.#isAway = true;
      const meanwhile = 'until it answers, agents come from the agent registry and decisions are queued';
      const sentence = unavailable.sentence.replace(/^T/, 't').replace(/\.$/, '');
      this.#settings.logger.warn(`${sentence}: ${meanwhile}`);
    }
    return unavailable;
  }
}

/** Whether the attempt cost nothing, since nothing was sent. */
function isFree({ failure }: Unavailable): boolean {
  return failure === 'refused' || failure === 'local';
}

function unauthenticated(message: string): Unavailable {
  const { code } = ERROR_CODES.unauthenticated;
  return new Unavailable('unauthenticated', message, { error: { code, message } });
}

/** The refusal of a service that did not accept the token that was sent. */
function wrongToken(): Unavailable {
  return unauthenticated('it refused the token of this project');
}

/** Parses a JSON-RPC response; throws `Unavailable` if it is not one of an Adjutant. */
function readResponse<T>(reply: Reply, id: number, read: (result: unknown) => T): Response<T> {
  if (reply.status === 503 && !concernsCall(reply, id)) {
    throw new Unavailable('busy', 'it is starting, stopping or overloaded');
  }
  if (reply.status === 401) throw wrongToken();
  return validated(() => {
    const message = object(parseJson(reply.text), 'its response');
    if (message['error'] !== undefined && message['jsonrpc'] === undefined) {
      const reason = typeof message['error'] === 'string' ? message['error'] : 'an error';
      throw new InvalidResponse(`it responded with status ${reply.status}: ${reason}`);
    }
    // The response to a request that it could not even parse has no id.
    const isOwn = message['id'] === id || (message['id'] === null && message['error'] !== undefined);
    if (message['jsonrpc'] !== '2.0' || !isOwn) throw new InvalidResponse('its response belongs to another request');
    if (message['error'] !== undefined) return { error: readCallError(message['error']) };
    return { result: read(message['result']), raw: message['result'] };
  });
}

/** Whether a 503 is about this call alone, such as a write to a full disk: other calls are answered. */
function concernsCall(reply: Reply, id: number): boolean {
  try {
    const message = object(JSON.parse(reply.text), 'its response');
    return message['id'] === id && message['error'] !== undefined;
  } catch {
    return false;
  }
}

function parseHealth(reply: Reply): Health {
  return validated(() => {
    const body = parseJson(reply.text);
    if (reply.status === 503) {
      const status = object(body, 'its health')['status'];
      if (typeof status === 'string') throw new Unavailable('busy', `it is ${status}`);
    }
    if (reply.status === 401) throw wrongToken();
    const refusal = readRefusal(body);
    if (refusal !== undefined && isRetryable(refusal)) throw new Unavailable('busy', `it is busy: ${refusal.message}`);
    if (reply.status !== 200) throw new InvalidResponse(`/health has status ${reply.status}`);
    return readHealth(body);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidResponse('its response is not JSON');
  }
}

/** Turns an invalid response into `Unavailable`: it comes from something else than an Adjutant. */
function validated<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    throw new Unavailable('foreign', `the process that listens there is not an Adjutant: ${errorMessage(error)}`);
  }
}

/** Whether the service may accept the same request later. */
export function isRetryable(error: CallError): boolean {
  return RETRYABLE_CODES.has(error.code);
}
