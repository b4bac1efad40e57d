/** What was done reaches the service: at once where it is there, else from the outbox when it is back. */
import { isPassing } from './daemon.js';
import { wordsOf } from './say.js';
import { Unavailable } from './transport.js';
import { readDecision } from './wire.js';
/** Time a new decision spends on sending older ones before it is put behind them. */
const FOREGROUND_MS = 100;
/** Time of one round in the background; the process may end between two. */
const BACKGROUND_MS = 250;
/** Decisions that the service may fail to take in one round before the round is given up. */
const MAX_TROUBLES = 3;
/** Time before a folder that another client empties is looked at again. */
const ELSEWHERE_MS = 1_000;
export class Decisions {
    #daemon;
    #outbox;
    #voice;
    /** One thing at a time, so that decisions keep their order. */
    #turn = Promise.resolve();
    #recording = 0;
    #mayWait = true;
    #nextLook = 0;
    #inBackground = false;
    #closed = false;
    constructor(daemon, outbox, voice) {
        this.#daemon = daemon;
        this.#outbox = outbox;
        this.#voice = voice;
    }
    /** Sends a decision, or keeps it; never rejects. */
    async record(params) {
        this.#recording += 1;
        try {
            // Now: the caller may change its object while this waits for its turn.
            const text = JSON.stringify(params);
            if (text === undefined || !text.startsWith('{'))
                throw new Error('the parameters are no object');
            return await this.#inTurn(() => this.#record(text));
        }
        catch (error) {
            const refusal = { code: -32602, message: wordsOf(error) };
            this.#voice.say(`a decision is not recorded: ${refusal.message}`);
            return { stored: false, pattern: null, warnings: [], error: refusal };
        }
        finally {
            this.#recording -= 1;
        }
    }
    async #record(text) {
        const params = JSON.parse(text);
        const { state, held, away } = await this.#drain(performance.now() + FOREGROUND_MS, () => false);
        if (away !== undefined)
            return this.#keep(text, away.message);
        if (state !== 'empty' || held.has(params.task_id)) {
            const kept = await this.#keep(text, 'older decisions come first');
            // Whoever sends those may have looked for more just before.
            this.#nextLook = 0;
            this.inBackground();
            return kept;
        }
        try {
            const said = await this.#daemon.call('cacheDecision', params, readDecision);
            if ('result' in said)
                return said.result;
            if (isPassing(said.refusal))
                return await this.#keep(text, said.refusal.message);
            this.#voice.once(`decision ${sentence(said.refusal)}`, `a decision was refused: ${sentence(said.refusal)}`);
            return { stored: false, pattern: null, warnings: [], error: said.refusal };
        }
        catch (error) {
            if (!(error instanceof Unavailable))
                throw error;
            return this.#keep(text, error.message);
        }
    }
    async #keep(text, reason) {
        const kept = await this.#outbox.add(text);
        const nothing = { stored: false, pattern: null, warnings: [], reason };
        if (kept === 'refused')
            return { ...nothing, error: { code: -32603, message: 'no further decisions are kept' } };
        this.#mayWait = true;
        return { ...nothing, queued: kept };
    }
    /** Sends what waits, as long as the service takes it. */
    flush() {
        return this.#inTurn(async () => {
            const { replayed } = await this.#drain(Infinity, () => this.#closed);
            return { replayed, waiting: await this.#outbox.waiting() };
        });
    }
    /** Sends what waits without holding up anybody, where something may wait. To be called when the service answered. */
    inBackground() {
        if (this.#inBackground || this.#closed || !this.#mayWait || Date.now() < this.#nextLook)
            return;
        this.#inBackground = true;
        const round = this.#inTurn(() => this.#drain(performance.now() + BACKGROUND_MS, () => this.#recording > 0 || this.#closed));
        void round.then(({ state, replayed, away }) => {
            this.#inBackground = false;
            // Where nothing came of it the next answer of the service starts another round.
            if (state === 'left' && replayed > 0 && away === undefined)
                setTimeout(() => this.inBackground(), 0).unref();
        }, () => {
            this.#inBackground = false;
        });
    }
    /** Waits for what is being done, and does nothing more in the background. */
    async close() {
        this.#closed = true;
        await this.#turn;
    }
    async #drain(until, mustStop) {
        const round = { state: 'left', replayed: 0, held: new Set() };
        const away = await this.#daemon.reach();
        if (away !== undefined)
            return { ...round, away };
        const passed = new Set();
        let troubles = 0;
        while (troubles < MAX_TROUBLES && performance.now() < until && !mustStop()) {
            const claim = await this.#outbox.next(passed);
            if (typeof claim === 'string') {
                round.state = claim;
                if (claim === 'empty')
                    this.#mayWait = passed.size > 0;
                else
                    this.#nextLook = Date.now() + ELSEWHERE_MS;
                break;
            }
            const outcome = await this.#send(claim, round);
            if (outcome instanceof Unavailable)
                return { ...round, away: outcome };
            if (outcome === 'held') {
                passed.add(claim.name);
                // In memory nothing can be passed over.
                troubles = claim.file === undefined ? MAX_TROUBLES : troubles + 1;
            }
        }
        return round;
    }
    /** Sends what was claimed, and says what became of it in the outbox. */
    async #send(claim, round) {
        const params = JSON.parse(claim.text);
        let said;
        try {
            if (round.held.has(params.task_id)) {
                await this.#outbox.giveBack(claim);
                return 'held';
            }
            said = await this.#daemon.call('cacheDecision', params, readDecision);
        }
        catch (error) {
            await this.#outbox.giveBack(claim);
            return error instanceof Unavailable ? error : new Unavailable('stranger', wordsOf(error));
        }
        if ('result' in said) {
            await this.#outbox.done(claim);
            round.replayed += 1;
        }
        else if (isPassing(said.refusal)) {
            await this.#outbox.giveBack(claim);
            round.held.add(params.task_id);
            return 'held';
        }
        else {
            await this.#outbox.refuse(claim, sentence(said.refusal));
        }
        return 'gone';
    }
    #inTurn(work) {
        const result = this.#turn.then(work);
        this.#turn = result.catch(() => undefined);
        return result;
    }
}
function sentence({ message, validation_errors }) {
    return validation_errors?.length ? validation_errors.join('; ') : message;
}
