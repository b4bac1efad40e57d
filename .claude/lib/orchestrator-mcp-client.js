/**
 * Asks Adjutant who can do a task, and goes on without it where it does not answer.
 *
 * ```js
 * import { OrchestratorMCPClient } from './.claude/lib/orchestrator-mcp-client.js';
 *
 * const adjutant = new OrchestratorMCPClient();
 * const { agents } = await adjutant.queryAgents({ capability: 'react', limit: 3 });
 * await adjutant.cacheDecision({
 *   task_id: 'sign-up-form', task_description: 'build the sign-up form', agents_used: [agents[0].id], result: 'success',
 * });
 * await adjutant.close();
 * ```
 *
 * No method ever throws or rejects. Every answer says where it comes from (`source`), and `fallback` is true where the
 * service was not available: agents then come from the project's `agent-registry.yml`, or from a few built-in roles,
 * with `confidence` 0; skills, workflows, patterns and definitions are empty. What the service refuses (wrong
 * parameters, nothing found) is an answer too: its rows are empty and `error` says why.
 */
import { AnswerCache, keyOf } from './client/cache.js';
import { Daemon, isPassing } from './client/daemon.js';
import { Decisions } from './client/decisions.js';
import { agentsByRole } from './client/fallback.js';
import { Outbox } from './client/outbox.js';
import { outboxOf, projectAt } from './client/project.js';
import { Registry } from './client/registry.js';
import { Voice, wordsOf } from './client/say.js';
import { Unavailable } from './client/transport.js';
import * as wire from './client/wire.js';
export { CLIENT_VERSION } from './client/wire.js';
/** Time a call may take in all where nothing is said. */
const DEFAULT_TIMEOUT_MS = 500;
const MAX_TIMEOUT_MS = 30_000;
/** Time an answer is served again. Changes of the files are not noticed meanwhile, so that it is short. */
const DEFAULT_CACHE_TTL_MS = 60_000;
export class OrchestratorMCPClient {
    #daemon;
    #decisions;
    #registry;
    #cache;
    constructor(options = {}) {
        const voice = new Voice(options.log ?? ((message) => console.warn(message)));
        const project = projectAt(options.projectRoot);
        this.#daemon = new Daemon({
            project,
            baseUrl: options.baseUrl,
            dataDir: options.dataDir,
            anyProject: options.anyProject === true,
            timeoutMs: Math.min(positive(options.timeoutMs) ?? DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS),
            voice,
            onContact: () => this.#decisions.inBackground(),
        });
        this.#decisions = new Decisions(this.#daemon, new Outbox(outboxOf(project), voice), voice);
        this.#registry = new Registry(project, options.registryPath, voice);
        this.#cache = new AnswerCache(options.cacheTtlMs === 0 ? 0 : (positive(options.cacheTtlMs) ?? DEFAULT_CACHE_TTL_MS));
    }
    /** Who can do it? In a fallback: whom the registry names for the role, or for words of the request. */
    queryAgents(params) {
        return this.#ask(params, {
            name: 'queryAgents',
            read: wire.readAgents,
            nothing: (why) => ({ agents: [], ...unanswered(why) }),
            instead: (why) => {
                const { roles, own } = this.#registry.roles();
                return { ...agentsByRole(roles, params, why), source: own ? 'registry' : 'embedded' };
            },
            cached: true,
        });
    }
    /** Which know-how helps? Empty in a fallback. */
    querySkills(params) {
        const nothing = (why) => ({ skills: [], ...unanswered(why) });
        return this.#ask(params, { name: 'querySkills', read: wire.readSkills, nothing, cached: true });
    }
    /** Which command leads there? Empty in a fallback. */
    queryWorkflows(params) {
        const nothing = (why) => ({ workflows: [], ...unanswered(why) });
        return this.#ask(params, { name: 'queryWorkflows', read: wire.readWorkflows, nothing, cached: true });
    }
    /** Which sequence of agents worked for such a goal? Takes the goal, or an object with it; null in a fallback. */
    getOrchestrationPattern(goal) {
        return this.#ask(typeof goal === 'string' ? { goal } : goal, {
            name: 'getOrchestrationPattern',
            read: wire.readPattern,
            nothing: (why) => ({
                ...{ pattern: null, success_rate: 0, similarity: 0, task_count: 0, alternatives: [] },
                ...unanswered(why),
            }),
            cached: true,
        });
    }
    /** All that worked for such a goal, best first. Empty in a fallback. */
    queryPattern(params) {
        const nothing = (why) => ({ matches: [], ...unanswered(why) });
        return this.#ask(params, { name: 'queryPattern', read: wire.readMatches, nothing, cached: true });
    }
    /** Stores a sequence. It does not wait for a service that is away: `id` is null then. */
    async storePattern(params) {
        const nothing = () => ({ id: null, created: false, warnings: [] });
        const stored = await this.#ask(params, { name: 'storePattern', read: wire.readStored, nothing, cached: false });
        this.#cache.clear();
        return stored;
    }
    /**
     * Reports how a task went. Where the service is away, the decision waits on disk (in memory where the disk cannot
     * be written), says so in `queued`, and is sent when the service is back, by this client or another of the project.
     */
    async cacheDecision(decision) {
        const recorded = await this.#decisions.record(decision);
        // Outcomes change who is asked first.
        if (recorded.stored)
            this.#cache.clear();
        return recorded;
    }
    /** The whole of one entry, with its instructions. `definition` is null in a fallback. */
    getDefinition(params) {
        return this.#ask(params, {
            name: 'getDefinition',
            read: (result) => ({ definition: wire.readDefinition(result) }),
            nothing: () => ({ definition: null }),
            cached: true,
        });
    }
    /** What made the scores of an answer. Empty in a fallback. */
    explain(params) {
        const nothing = (why) => ({ reasoning: why, confidence: 0, unknown: [], hits: [], suggestions: [] });
        return this.#ask(params, { name: 'explain', read: wire.readExplained, nothing, cached: false });
    }
    /** How the service does; `status` is `unavailable` where it does not answer. Always asks. */
    getHealth() {
        const nothing = (why) => ({ status: 'unavailable', reasons: [why] });
        return this.#ask({}, { name: 'getHealth', read: wire.readHealth, nothing, cached: false, insist: true });
    }
    /** Sends the decisions that wait, as far as the service takes them now. */
    flush() {
        return this.#decisions.flush().catch(() => ({ replayed: 0, waiting: 0 }));
    }
    /**
     * Ends all connections. A client that is not closed does not keep the process alive either. Later calls are answered
     * as if the service were away; decisions wait on disk.
     */
    async close() {
        await this.#decisions.close();
        this.#daemon.close();
    }
    async #ask(params, method) {
        try {
            // Callers of plain JavaScript may pass anything.
            wire.object(params, 'what was passed');
            return await this.#answer(params, method).catch((error) => {
                if (error instanceof Unavailable)
                    return standIn(method, error.message);
                throw error;
            });
        }
        catch (error) {
            // Parameters that cannot be sent at all.
            const refusal = { code: -32602, message: wordsOf(error) };
            return { ...method.nothing(refusal.message), source: 'none', fallback: false, error: refusal };
        }
    }
    async #answer(params, method) {
        const key = keyOf(method.name, params);
        const known = method.cached ? this.#cache.get(key) : undefined;
        if (known !== undefined) {
            return { ...method.read(known), cache_hit: true, source: 'cache', fallback: false };
        }
        const said = await this.#daemon.call(method.name, params, method.read, method.insist);
        this.#decisions.inBackground();
        if ('refusal' in said) {
            const { refusal } = said;
            if (isPassing(refusal))
                return { ...standIn(method, refusal.message), error: refusal };
            return { ...method.nothing(refusal.message), source: 'server', fallback: false, error: refusal };
        }
        if (method.cached)
            this.#cache.set(key, said.raw);
        return { ...said.result, source: 'server', fallback: false };
    }
}
function standIn({ instead, nothing }, why) {
    const told = { fallback: true, reason: why };
    if (instead !== undefined)
        return { ...instead(why), ...told };
    return { ...nothing(`The service is not available (${why}).`), source: 'none', ...told };
}
/** What an answer without rows says. */
function unanswered(why) {
    return { reasoning: why, confidence: 0, cache_hit: false };
}
function positive(number) {
    return typeof number === 'number' && number > 0 ? number : undefined;
}
