/** What was done reaches the service: at once where it is there, else from the outbox when it is back. */

import { type Daemon, isPassing, type Said } from './daemon.js';
import type { Claim, Kept, Outbox } from './outbox.js';
import { type Voice, wordsOf } from './say.js';
import { Unavailable } from './transport.js';
import { type DecisionAnswer, type DecisionParams, readDecision, type Refusal } from './wire.js';

/** Time a new decision spends on sending older ones before it is put behind them. */
const FOREGROUND_MS = 100;

/** Time of one round in the background; the process may end between two. */
const BACKGROUND_MS = 250;

/** Decisions that the service may fail to take in one round before the round is given up. */
const MAX_TROUBLES = 3;

/** Time before a folder that another client empties is looked at again. */
const ELSEWHERE_MS = 1_000;

/** What became of a decision. */
export interface Recorded extends DecisionAnswer {
  /** Where it waits to be sent; absent where it does not wait. */
  queued?: 'disk' | 'memory';
  /** Why it does not wait and is not stored. */
  error?: Refusal;
  /** Why the service does not have it yet. */
  reason?: string;
}

/** What became of what waited. */
export interface Flushed {
  /** Sent and acknowledged. */
  replayed: number;
  /** Still waiting, here or with another client. */
  waiting: number;
}

interface Round {
  /** `left`: something that could be sent waits still. */
  state: 'empty' | 'left' | 'elsewhere';
  replayed: number;
  /** Tasks of which a decision had to be put back. */
  held: Set<string>;
  /** Why the service did not answer. */
  away?: Unavailable;
}

export class Decisions {
  readonly #daemon: Daemon;
  readonly #outbox: Outbox;
  readonly #voice: Voice;
  /** One thing at a time, so that decisions keep their order. */
  #turn: Promise<unknown> = Promise.resolve();
  #recording = 0;
  #mayWait = true;
  #nextLook = 0;
  #inBackground = false;
  #closed = false;

  constructor(daemon: Daemon, outbox: Outbox, voice: Voice) {
    this.#daemon = daemon;
    this.#outbox = outbox;
    this.#voice = voice;
  }

  /** Sends a decision, or keeps it; never rejects. */
  async record(params: DecisionParams): Promise<Recorded> {
    this.#recording += 1;
    try {
      // Now: the caller may change its object while this waits for its turn.
      const text = JSON.stringify(params) as string | undefined;
      if (text === undefined || !text.startsWith('{')) throw new Error('the parameters are no object');
      return await this.#inTurn(() => this.#record(text));
    } catch (error) {
      const refusal = { code: -32602, message: wordsOf(error) };
      this.#voice.say(`a decision is not recorded: ${refusal.message}`);
      return { stored: false, pattern: null, warnings: [], error: refusal };
    } finally {
      this.#recording -= 1;
    }
  }

  async #record(text: string): Promise<Recorded> {
    const params = JSON.parse(text) as DecisionParams;
    const { state, held, away } = await this.#drain(performance.now() + FOREGROUND_MS, () => false);
    if (away !== undefined) return this.#keep(text, away.message);
    if (state !== 'empty' || held.has(params.task_id)) {
      const kept = await this.#keep(text, 'older decisions come first');
      // Whoever sends those may have looked for more just before.
      this.#nextLook = 0;
      this.inBackground();
      return kept;
    }
    try {
      const said = await this.#daemon.call('cacheDecision', params, readDecision);
      if ('result' in said) return said.result;
      if (isPassing(said.refusal)) return await this.#keep(text, said.refusal.message);
      this.#voice.once(`decision ${sentence(said.refusal)}`, `a decision was refused: ${sentence(said.refusal)}`);
      return { stored: false, pattern: null, warnings: [], error: said.refusal };
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      return this.#keep(text, error.message);
    }
  }

  async #keep(text: string, reason: string): Promise<Recorded> {
    const kept: Kept = await this.#outbox.add(text);
    const nothing = { stored: false, pattern: null, warnings: [], reason };
    if (kept === 'refused') return { ...nothing, error: { code: -32603, message: 'no further decisions are kept' } };
    this.#mayWait = true;
    return { ...nothing, queued: kept };
  }

  /** Sends what waits, as long as the service takes it. */
  flush(): Promise<Flushed> {
    return this.#inTurn(async () => {
      const { replayed } = await this.#drain(Infinity, () => this.#closed);
      return { replayed, waiting: await this.#outbox.waiting() };
    });
  }

  /** Sends what waits without holding up anybody, where something may wait. To be called when the service answered. */
  inBackground(): void {
    if (this.#inBackground || this.#closed || !this.#mayWait || Date.now() < this.#nextLook) return;
    this.#inBackground = true;
    const round = this.#inTurn(() =>
      this.#drain(performance.now() + BACKGROUND_MS, () => this.#recording > 0 || this.#closed),
    );
    void round.then(
      ({ state, replayed, away }) => {
        this.#inBackground = false;
        // Where nothing came of it the next answer of the service starts another round.
        if (state === 'left' && replayed > 0 && away === undefined) setTimeout(() => this.inBackground(), 0).unref();
      },
      () => {
        this.#inBackground = false;
      },
    );
  }

  /** Waits for what is being done, and does nothing more in the background. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#turn;
  }

  async #drain(until: number, mustStop: () => boolean): Promise<Round> {
    const round: Round = { state: 'left', replayed: 0, held: new Set() };
    const away = await this.#daemon.reach();
    if (away !== undefined) return { ...round, away };
    const passed = new Set<string>();
    let troubles = 0;
    while (troubles < MAX_TROUBLES && performance.now() < until && !mustStop()) {
      const claim = await this.#outbox.next(passed);
      if (typeof claim === 'string') {
        round.state = claim;
        if (claim === 'empty') this.#mayWait = passed.size > 0;
        else this.#nextLook = Date.now() + ELSEWHERE_MS;
        break;
      }
      const outcome = await this.#send(claim, round);
      if (outcome instanceof Unavailable) return { ...round, away: outcome };
      if (outcome === 'held') {
        passed.add(claim.name);
        // In memory nothing can be passed over.
        troubles = claim.file === undefined ? MAX_TROUBLES : troubles + 1;
      }
    }
    return round;
  }

  /** Sends what was claimed, and says what became of it in the outbox. */
  async #send(claim: Claim, round: Round): Promise<'gone' | 'held' | Unavailable> {
    const params = JSON.parse(claim.text) as DecisionParams;
    let said: Said<DecisionAnswer>;
    try {
      if (round.held.has(params.task_id)) {
        await this.#outbox.giveBack(claim);
        return 'held';
      }
      said = await this.#daemon.call('cacheDecision', params, readDecision);
    } catch (error) {
      await this.#outbox.giveBack(claim);
      return error instanceof Unavailable ? error : new Unavailable('stranger', wordsOf(error));
    }
    if ('result' in said) {
      await this.#outbox.done(claim);
      round.replayed += 1;
    } else if (isPassing(said.refusal)) {
      await this.#outbox.giveBack(claim);
      round.held.add(params.task_id);
      return 'held';
    } else {
      await this.#outbox.refuse(claim, sentence(said.refusal));
    }
    return 'gone';
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

function sentence({ message, validation_errors }: Refusal): string {
  return validation_errors?.length ? validation_errors.join('; ') : message;
}
