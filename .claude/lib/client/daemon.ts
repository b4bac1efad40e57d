/**
 * The service as this client sees it: who it is, whether it is there, and what it says.
 *
 * Before the first request, and again once all connections were closed, whoever listens is asked for its health:
 * only this project's Adjutant is asked further. A failure that is known at once (nobody listens) costs nothing, so
 * the next call tries again. After any other failure calls fail at once, while one probe at a time, started by a
 * call, finds out in the background whether the service is back.
 */

import { addressOf, type Project, tokenOf } from './project.js';
import { type Voice, wordsOf } from './say.js';
import { type Reply, Transport, Unavailable } from './transport.js';
import { CLIENT_VERSION, type Health, object, readHealth, readRefusal, type Refusal, WrongShape } from './wire.js';

/** A connection that was broken off later than this is not waited for again. */
const QUICK_MS = 50;

/** Time between a failed probe and the next. */
const PROBE_PAUSE_MS = 250;

/** Bytes of a request's body that the service takes. */
const MAX_REQUEST_BYTES = 1024 * 1024;

export interface DaemonSettings {
  project: Project;
  baseUrl: string | undefined;
  dataDir: string | undefined;
  /** Whether the Adjutant of any project will do. */
  anyProject: boolean;
  timeoutMs: number;
  voice: Voice;
  /** Called when the service answers for the first time, or again. */
  onContact: () => void;
}

/** What the service says to a call. */
export type Said<T> = { result: T; raw: unknown } | { refusal: Refusal };

export class Daemon {
  readonly #settings: DaemonSettings;
  readonly #transport: Transport;
  /** The address of the service that was recognised; undefined where nobody was, or may have changed since. */
  #known: URL | undefined;
  /** What the service that was recognised asks for. */
  #token: string | undefined;
  #recognising: Promise<URL> | undefined;
  /** Why calls fail at once at present. */
  #paused: Unavailable | undefined;
  #probing = false;
  #nextProbe = 0;
  #away = false;
  #closed = false;
  #lastId = 0;

  constructor(settings: DaemonSettings) {
    this.#settings = settings;
    this.#transport = new Transport(() => {
      this.#known = undefined;
    });
  }

  /** Makes sure that the service is there: why it is not, where it is not. */
  async reach(): Promise<Unavailable | undefined> {
    const began = performance.now();
    try {
      this.#mayAsk();
      if (this.#known === undefined) await this.#recognise();
      return undefined;
    } catch (error) {
      return this.#failed(error, performance.now() - began);
    }
  }

  /** Ends all connections; every later call fails. */
  close(): void {
    this.#closed = true;
    this.#transport.close();
  }

  /**
   * Calls a method. Rejects with `Unavailable` only. `read` takes the result or throws `WrongShape`; `insist`
   * asks also where calls fail at once at present.
   */
  async call<T>(method: string, params: object, read: (result: unknown) => T, insist = false): Promise<Said<T>> {
    this.#lastId += 1;
    const id = this.#lastId;
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params });
    if (Buffer.byteLength(body) > MAX_REQUEST_BYTES) {
      return { refusal: { code: -32602, message: 'the request is larger than 1 MiB' } };
    }
    this.#mayAsk(insist);
    const began = performance.now();
    try {
      const said = answerIn(await this.#post(body, began), id, read);
      this.#isBack();
      return said;
    } catch (error) {
      throw this.#failed(error, performance.now() - began);
    }
  }

  /** Throws where a call is to fail at once; starts a probe where one is due. */
  #mayAsk(insist = false): void {
    if (this.#closed) throw new Unavailable('closed', 'this client is closed');
    if (this.#paused === undefined || insist) return;
    this.#probe();
    throw this.#paused;
  }

  /** Posts to whoever was recognised; a kept connection that turns out to be broken is made anew once. */
  async #post(body: string, began: number): Promise<Reply> {
    for (let attempt = 0; ; attempt += 1) {
      const base = this.#known ?? (await this.#recognise());
      const left = Math.ceil(this.#settings.timeoutMs - (performance.now() - began));
      if (left <= 0) throw new Unavailable('silent', `there was no answer within ${this.#settings.timeoutMs} ms`);
      try {
        return await this.#transport.exchange(base, '/', body, left, this.#token);
      } catch (error) {
        if (attempt > 0 || !(error instanceof Unavailable && error.stale)) throw error;
        this.#known = undefined;
      }
    }
  }

  /** Finds out who listens, once for all calls that wait for it. */
  #recognise(): Promise<URL> {
    this.#recognising ??= this.#ask().finally(() => {
      this.#recognising = undefined;
    });
    return this.#recognising;
  }

  async #ask(): Promise<URL> {
    const { project, baseUrl, dataDir, anyProject, timeoutMs } = this.#settings;
    let base: URL;
    try {
      base = addressOf(project, baseUrl, dataDir);
    } catch (error) {
      throw new Unavailable('stranger', wordsOf(error));
    }
    let reply = await this.#transport.exchange(base, '/health', undefined, timeoutMs);
    this.#token = undefined;
    if (reply.status === 401) {
      // The token is said to nobody who has not said first that it is this project's service.
      this.#mayHearToken(reply, base);
      this.#token = this.#ownToken();
      reply = await this.#transport.exchange(base, '/health', undefined, timeoutMs, this.#token);
    }
    const health = healthIn(reply);
    const served = health.project;
    if (!anyProject && served !== undefined && served.id !== project.id) {
      const why = `${base.origin} answers for another project, ${served.root}, not for ${project.root}`;
      throw new Unavailable('stranger', why);
    }
    this.#noteVersion(health.version);
    this.#known = base;
    this.#paused = undefined;
    // Whoever waits for the answer comes first.
    setImmediate(this.#settings.onContact);
    return base;
  }

  /** Throws where whoever refused is not, as far as it says, an Adjutant that may hear this project's token. */
  #mayHearToken(reply: Reply, base: URL): void {
    const { project, anyProject } = this.#settings;
    const id = shaped(() => {
      const said = object(parsed(reply.text), 'its refusal');
      if (said['service'] !== 'adjutant') throw new WrongShape('it asks for a token');
      return object(said['project'], 'its project')['id'];
    });
    if (id === null) throw new Unavailable('busy', 'it is starting');
    if (!anyProject && id !== project.id) {
      throw new Unavailable('stranger', `${base.origin} answers for another project, not for ${project.root}`);
    }
  }

  #ownToken(): string {
    const { project, dataDir } = this.#settings;
    try {
      const token = tokenOf(project, dataDir);
      if (token !== undefined) return token;
    } catch (error) {
      throw new Unavailable('stranger', wordsOf(error));
    }
    throw new Unavailable('stranger', 'it asks for a token, and this project has none');
  }

  #noteVersion(version: string | undefined): void {
    if (version === CLIENT_VERSION) return;
    const theirs = version ?? 'an older version';
    const message = `the service is ${theirs}, this client is of ${CLIENT_VERSION}; what one of them does not know is left out`;
    this.#settings.voice.once(`version ${theirs}`, message);
  }

  /** Starts a probe unless one is under way or too recent. */
  #probe(): void {
    if (this.#probing || this.#closed || Date.now() < this.#nextProbe) return;
    this.#probing = true;
    void this.#recognise().then(
      () => {
        this.#probing = false;
      },
      (error: unknown) => {
        this.#probing = false;
        this.#nextProbe = Date.now() + PROBE_PAUSE_MS;
        // Nobody listens any more: calls find that out by themselves at no cost.
        if (error instanceof Unavailable && error.failure === 'refused') this.#paused = undefined;
      },
    );
  }

  #isBack(): void {
    this.#paused = undefined;
    if (!this.#away) return;
    this.#away = false;
    this.#settings.voice.say('the service is back');
  }

  /** Takes note of a failure, and says so where it is the first of an outage. */
  #failed(error: unknown, tookMs: number): Unavailable {
    const unavailable = error instanceof Unavailable ? error : new Unavailable('stranger', wordsOf(error));
    if (unavailable.failure === 'closed' || this.#closed) return unavailable;
    this.#known = undefined;
    const { failure } = unavailable;
    if (unavailable === this.#paused) return unavailable;
    const costsNothing = failure === 'refused' || (failure === 'gone' && tookMs <= QUICK_MS);
    if (!costsNothing) this.#paused = unavailable;
    if (!this.#away) {
      this.#away = true;
      const what = 'answers come from the agent registry and decisions wait until it is back';
      this.#settings.voice.say(`the service is not available (${unavailable.message}): ${what}`);
    }
    return unavailable;
  }
}

/** What a reply says, or `Unavailable` where it says nothing an Adjutant says. */
function answerIn<T>(reply: Reply, id: number, read: (result: unknown) => T): Said<T> {
  if (reply.status === 503) throw new Unavailable('busy', 'it is starting, stopping or has too much to do');
  if (reply.status === 401) throw new Unavailable('stranger', 'it asks for another token');
  return shaped(() => {
    const message = object(parsed(reply.text), 'its answer');
    if (message['error'] !== undefined && message['jsonrpc'] === undefined) {
      const words = typeof message['error'] === 'string' ? message['error'] : 'an error';
      throw new WrongShape(`it answered ${reply.status}: ${words}`);
    }
    // What it could not even read it answers under no id.
    const isOwn = message['id'] === id || (message['id'] === null && message['error'] !== undefined);
    if (message['jsonrpc'] !== '2.0' || !isOwn) throw new WrongShape('its answer is to another question');
    if (message['error'] !== undefined) return { refusal: readRefusal(message['error']) };
    return { result: read(message['result']), raw: message['result'] };
  });
}

function healthIn(reply: Reply): Health {
  return shaped(() => {
    const body = parsed(reply.text);
    if (reply.status === 503) {
      const status = object(body, 'its health')['status'];
      if (typeof status === 'string') throw new Unavailable('busy', `it is ${status}`);
    }
    if (reply.status === 401) throw new Unavailable('stranger', 'it asks for another token');
    if (reply.status !== 200) throw new WrongShape(`it answers /health with ${reply.status}`);
    return readHealth(body);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new WrongShape('its answer is not JSON');
  }
}

function shaped<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    throw new Unavailable('stranger', `what listens there is not an Adjutant: ${wordsOf(error)}`);
  }
}

/** Whether the service could not do now what it may do later. */
export function isPassing(refusal: Refusal): boolean {
  return refusal.code === -32603 || refusal.code === -32601 || refusal.code === -32005;
}
