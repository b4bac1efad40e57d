/** Delivers decisions to the service: at once if it is available, else from the outbox when it is back. */

import { errorMessage, type Logger } from './logger.js';
import type { Claim, Enqueued, Outbox } from './outbox.js';
import type { FlushResult, RecordResult } from './results.js';
import { isRetryable, type Response, type ServiceClient } from './service-client.js';
import { Unavailable } from './transport.js';
import { type CallError, type DecisionAnswer, type DecisionParams, readDecision } from './wire.js';

/** Time that recording a decision spends on older ones before it is queued behind them. */
const FOREGROUND_MS = 100;

/** Time of one drain in the background; the process may end between two. */
const BACKGROUND_MS = 250;

/** Decisions that the service may fail to store in one drain before the drain is given up. */
const MAX_FAILURES = 3;

/** Time before an outbox that another client is draining is looked at again. */
const BUSY_RETRY_MS = 1_000;

interface DrainResult {
  /** `pending`: decisions that can be sent are left. `busy`: another client is draining. */
  state: 'empty' | 'pending' | 'busy';
  replayed: number;
  /** Tasks of which a decision could not be stored, so that their later decisions wait as well. */
  deferredTasks: Set<string>;
  /** Why the service did not answer. */
  unavailable?: Unavailable;
}

export class Decisions {
  readonly #service: ServiceClient;
  readonly #outbox: Outbox;
  readonly #logger: Logger;
  /** One operation at a time, so that decisions stay in order. */
  #lastOperation: Promise<unknown> = Promise.resolve();
  #recording = 0;
  #mayHaveQueued = true;
  #nextDrainAt = 0;
  #isDrainingInBackground = false;
  #isClosed = false;

  constructor(service: ServiceClient, outbox: Outbox, logger: Logger) {
    this.#service = service;
    this.#outbox = outbox;
    this.#logger = logger;
  }

  /** Sends a decision or queues it; never rejects. */
  async record(params: DecisionParams): Promise<RecordResult> {
    this.#recording += 1;
    try {
      // Serialised now, since the caller may change its object before this operation's turn.
      const text = JSON.stringify(params) as string | undefined;
      if (text === undefined || !text.startsWith('{')) throw new Error('the parameters are not an object');
      const decidedAtMs = this.#outbox.decisionTime();
      return await this.#inOrder(() => this.#record(text, decidedAtMs));
    } catch (error) {
      const callError = { code: -32602, message: errorMessage(error) };
      this.#logger.warn(`a decision is not recorded: ${callError.message}`);
      return { stored: false, pattern: null, warnings: [], error: callError };
    } finally {
      this.#recording -= 1;
    }
  }

  async #record(text: string, decidedAtMs: number): Promise<RecordResult> {
    const params = JSON.parse(text) as DecisionParams;
    const { state, deferredTasks, unavailable } = await this.#drain(performance.now() + FOREGROUND_MS, () => false);
    if (unavailable !== undefined) return this.#enqueue(text, decidedAtMs, unavailable.message);
    if (state !== 'empty' || deferredTasks.has(params.task_id)) {
      const result = await this.#enqueue(text, decidedAtMs, 'older decisions are sent first');
      // The client that is draining may have listed the outbox just before.
      this.#nextDrainAt = 0;
      this.drainInBackground();
      return result;
    }
    try {
      const response = await this.#deliver(params, decidedAtMs);
      if ('result' in response) return response.result;
      if (isRetryable(response.error)) return await this.#enqueue(text, decidedAtMs, response.error.message);
      const reason = errorSentence(response.error);
      this.#logger.warnOnce(`decision ${reason}`, `a decision was refused: ${reason}`);
      return { stored: false, pattern: null, warnings: [], error: response.error };
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      return this.#enqueue(text, decidedAtMs, error.message);
    }
  }

  async #enqueue(text: string, decidedAtMs: number, reason: string): Promise<RecordResult> {
    const queued: Enqueued = await this.#outbox.add(text, decidedAtMs);
    const notStored = { stored: false, pattern: null, warnings: [], reason };
    if (queued === 'full') return { ...notStored, error: { code: -32603, message: 'the queue of decisions is full' } };
    this.#mayHaveQueued = true;
    return { ...notStored, queued };
  }

  /** Sends what is queued, as long as the service accepts it. */
  flush(): Promise<FlushResult> {
    return this.#inOrder(async () => {
      const { replayed } = await this.#drain(Infinity, () => this.#isClosed);
      return { replayed, waiting: await this.#outbox.size() };
    });
  }

  /** Sends what is queued without delaying the caller. To be called whenever the service has answered. */
  drainInBackground(): void {
    const isDue = this.#mayHaveQueued && Date.now() >= this.#nextDrainAt;
    if (this.#isDrainingInBackground || this.#isClosed || !isDue) return;
    this.#isDrainingInBackground = true;
    const drained = this.#inOrder(() =>
      this.#drain(performance.now() + BACKGROUND_MS, () => this.#recording > 0 || this.#isClosed),
    );
    void drained.then(
      ({ state, replayed, unavailable }) => {
        this.#isDrainingInBackground = false;
        // Without progress the next answer of the service starts another drain.
        if (state === 'pending' && replayed > 0 && unavailable === undefined) {
          setTimeout(() => this.drainInBackground(), 0).unref();
        }
      },
      () => {
        this.#isDrainingInBackground = false;
      },
    );
  }

  /** Waits for the operations under way, and starts nothing in the background any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#lastOperation;
  }

  async #drain(deadline: number, mustStop: () => boolean): Promise<DrainResult> {
    const result: DrainResult = { state: 'pending', replayed: 0, deferredTasks: new Set() };
    const unavailable = await this.#service.reach();
    if (unavailable !== undefined) return { ...result, unavailable };
    const skipped = new Set<string>();
    let failures = 0;
    while (failures < MAX_FAILURES && performance.now() < deadline && !mustStop()) {
      const claim = await this.#outbox.next(skipped);
      if (typeof claim === 'string') {
        result.state = claim;
        if (claim === 'empty') this.#mayHaveQueued = skipped.size > 0;
        else this.#nextDrainAt = Date.now() + BUSY_RETRY_MS;
        break;
      }
      const outcome = await this.#send(claim, result);
      if (outcome instanceof Unavailable) return { ...result, unavailable: outcome };
      if (outcome === 'deferred') {
        skipped.add(claim.name);
        // In memory nothing can be skipped.
        failures = claim.file === undefined ? MAX_FAILURES : failures + 1;
      }
    }
    return result;
  }

  /** Sends a claimed decision and settles its claim. */
  async #send(claim: Claim, drain: DrainResult): Promise<'settled' | 'deferred' | Unavailable> {
    const params = JSON.parse(claim.text) as DecisionParams;
    let response: Response<DecisionAnswer>;
    try {
      if (drain.deferredTasks.has(params.task_id)) {
        await this.#outbox.release(claim);
        return 'deferred';
      }
      response = await this.#deliver(params, claim.decidedAtMs);
    } catch (error) {
      await this.#outbox.release(claim);
      return error instanceof Unavailable ? error : new Unavailable('local', errorMessage(error));
    }
    if ('result' in response) {
      await this.#outbox.acknowledge(claim);
      drain.replayed += 1;
    } else if (isRetryable(response.error)) {
      await this.#outbox.release(claim);
      drain.deferredTasks.add(params.task_id);
      return 'deferred';
    } else {
      await this.#outbox.reject(claim, errorSentence(response.error));
    }
    return 'settled';
  }

  /** Sends a decision with the time at which it was made; without, to a service that does not know that parameter. */
  async #deliver(params: DecisionParams, decidedAtMs: number): Promise<Response<DecisionAnswer>> {
    const response = await this.#service.call('cacheDecision', { decided_at_ms: decidedAtMs, ...params }, readDecision);
    const isUnknown = 'error' in response && errorSentence(response.error).includes('decided_at_ms is not a known parameter');
    return isUnknown ? this.#service.call('cacheDecision', params, readDecision) : response;
  }

  #inOrder<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#lastOperation.then(operation);
    this.#lastOperation = result.catch(() => undefined);
    return result;
  }
}

function errorSentence({ message, validation_errors }: CallError): string {
  return validation_errors?.length ? validation_errors.join('; ') : message;
}
