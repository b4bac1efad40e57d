/**
 * A client of Adjutant, which finds agents, skills and workflows for a task. It degrades gracefully without the service.
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
 * No method ever throws or rejects. Every answer has a `source`, and `fallback` is true if the service was not available:
 * agents then come from the project's `agent-registry.yml`, or from a few built-in roles, with `confidence` 0; skills,
 * workflows, patterns and definitions are empty. An error of the service (invalid parameters, nothing found) is an answer
 * as well: its rows are empty and `error` has the reason.
 */
import { AnswerCache, cacheKey } from './client/cache.js';
import { Decisions } from './client/decisions.js';
import { agentsByRole } from './client/fallback.js';
import { errorMessage, Logger } from './client/logger.js';
import { Outbox } from './client/outbox.js';
import { OUTBOX_DIR, resolveProject } from './client/project.js';
import { Registry } from './client/registry.js';
import { isRetryable, ServiceClient } from './client/service-client.js';
import { Unavailable } from './client/transport.js';
import * as wire from './client/wire.js';
export { CLIENT_VERSION } from './client/wire.js';
/** Time limit of a call, by default and at most. */
const DEFAULT_TIMEOUT_MS = 500;
const MAX_TIMEOUT_MS = 30_000;
/** Time to live of a cached answer: short, since changes of the files are not noticed meanwhile. */
const DEFAULT_CACHE_TTL_MS = 60_000;
export class OrchestratorMCPClient {
    #service;
    #decisions;
    #registry;
    #cache;
    constructor(options = {}) {
        const logger = new Logger(options.log ?? ((message) => console.warn(message)));
        const project = resolveProject(options.projectRoot);
        this.#service = new ServiceClient({
            project,
            baseUrl: options.baseUrl,
            dataDir: options.dataDir,
            anyProject: options.anyProject === true,
            timeoutMs: Math.min(positive(options.timeoutMs) ?? DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS),
            logger,
            onAvailable: () => this.#decisions.drainInBackground(),
        });
        this.#decisions = new Decisions(this.#service, new Outbox(project.root, OUTBOX_DIR, logger), logger);
        this.#registry = new Registry(project, options.registryPath, logger);
        this.#cache = new AnswerCache(options.cacheTtlMs === 0 ? 0 : (positive(options.cacheTtlMs) ?? DEFAULT_CACHE_TTL_MS));
    }
    /** Finds agents. In a fallback: those of the registry for the role, or for keywords of the request. */
    queryAgents(params) {
        return this.#ask(params, {
            name: 'queryAgents',
            read: wire.readAgents,
            empty: (why) => ({ agents: [], ...noAnswer(why) }),
            fallback: (outage) => {
                const { roles, isOwn } = this.#registry.roles();
                return { ...agentsByRole(roles, params, outage), source: isOwn ? 'registry' : 'embedded' };
            },
        });
    }
    /** Finds skills. Empty in a fallback. */
    querySkills(params) {
        const empty = (why) => ({ skills: [], ...noAnswer(why) });
        return this.#ask(params, { name: 'querySkills', read: wire.readSkills, empty });
    }
    /** Finds workflows. Empty in a fallback. */
    queryWorkflows(params) {
        const empty = (why) => ({ workflows: [], ...noAnswer(why) });
        return this.#ask(params, { name: 'queryWorkflows', read: wire.readWorkflows, empty });
    }
    /** The best pattern for a goal, which is passed as a string or in an object. `pattern` is null in a fallback. */
    getOrchestrationPattern(goal) {
        return this.#ask(typeof goal === 'string' ? { goal } : goal, {
            name: 'getOrchestrationPattern',
            read: wire.readPattern,
            empty: (why) => ({
                ...{ pattern: null, success_rate: 0, similarity: 0, task_count: 0, alternatives: [] },
                ...noAnswer(why),
            }),
        });
    }
    /** All patterns for such a goal, best first. Empty in a fallback. */
    queryPattern(params) {
        const empty = (why) => ({ matches: [], ...noAnswer(why) });
        return this.#ask(params, { name: 'queryPattern', read: wire.readMatches, empty });
    }
    /** Stores a pattern. It is not queued: `id` is null if the service is not available. */
    async storePattern(params) {
        const empty = () => ({ id: null, created: false, warnings: [] });
        const stored = await this.#ask(params, { name: 'storePattern', read: wire.readStored, empty });
        this.#cache.clear();
        return stored;
    }
    /**
     * Records the outcome of a task. If the service is not available the decision is queued on disk (in memory if the disk
     * cannot be written), as `queued` says, and is sent when the service is back, by this client or another of the project.
     */
    async cacheDecision(decision) {
        const recorded = await this.#decisions.record(decision);
        // Outcomes change the ranking.
        if (recorded.stored)
            this.#cache.clear();
        return recorded;
    }
    /** Loads one entry with its instructions. `definition` is null in a fallback. */
    getDefinition(params) {
        return this.#ask(params, {
            name: 'getDefinition',
            read: (result) => ({ definition: wire.readDefinition(result) }),
            empty: () => ({ definition: null }),
        });
    }
    /** Explains the scores of an answer. Empty in a fallback. */
    explain(params) {
        const empty = (why) => ({ reasoning: why, confidence: 0, unknown: [], hits: [], suggestions: [] });
        return this.#ask(params, { name: 'explain', read: wire.readExplained, empty });
    }
    /** The health of the service; `status` is `unavailable` if it does not answer. Always sends a request. */
    getHealth() {
        const empty = (why) => ({ status: 'unavailable', reasons: [why] });
        return this.#ask({}, { name: 'getHealth', read: wire.readHealth, empty, force: true });
    }
    /** Sends the queued decisions, as long as the service accepts them. */
    flush() {
        return this.#decisions.flush().catch(() => ({ replayed: 0, waiting: 0 }));
    }
    /**
     * Closes all connections. A client that is not closed does not keep the process alive either. Later calls are answered
     * as if the service were not available; decisions are queued on disk.
     */
    async close() {
        await this.#decisions.close();
        this.#service.close();
    }
    async #ask(params, method) {
        try {
            // Callers in plain JavaScript may pass anything.
            wire.object(params, 'the argument');
            return await this.#answer(params, method).catch((error) => {
                if (!(error instanceof Unavailable))
                    throw error;
                const answer = fallbackAnswer(method, error);
                return error.error === undefined ? answer : { ...answer, error: error.error };
            });
        }
        catch (error) {
            // Parameters that cannot be serialised.
            const callError = { code: -32602, message: errorMessage(error) };
            return { ...method.empty(callError.message), source: 'none', fallback: false, error: callError };
        }
    }
    async #answer(params, method) {
        const key = cacheKey(method.name, params);
        const { cacheable } = wire.METHODS[method.name];
        const hit = cacheable ? this.#cache.get(key) : undefined;
        if (hit !== undefined) {
            return { ...method.read(hit), cache_hit: true, source: 'cache', fallback: false };
        }
        const response = await this.#service.call(method.name, params, method.read, method.force);
        this.#decisions.drainInBackground();
        if ('error' in response) {
            const { error } = response;
            if (isRetryable(error))
                return { ...fallbackAnswer(method, new Unavailable('busy', error.message)), error };
            return { ...method.empty(error.message), source: 'server', fallback: false, error };
        }
        if (cacheable)
            this.#cache.set(key, response.raw);
        return { ...response.result, source: 'server', fallback: false };
    }
}
function fallbackAnswer({ fallback, empty }, outage) {
    const { message: reason, sentence } = outage;
    if (fallback !== undefined)
        return { ...fallback(sentence), fallback: true, reason };
    return { ...empty(sentence), source: 'none', fallback: true, reason };
}
/** The metadata of an answer without rows. */
function noAnswer(why) {
    return { reasoning: why, confidence: 0, cache_hit: false };
}
function positive(number) {
    return typeof number === 'number' && number > 0 ? number : undefined;
}
