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
import { errorMessage, type Log, Logger } from './client/logger.js';
import { Outbox } from './client/outbox.js';
import { OUTBOX_DIR, resolveProject } from './client/project.js';
import { Registry } from './client/registry.js';
import type { FlushResult, RecordResult } from './client/results.js';
import { isRetryable, ServiceClient } from './client/service-client.js';
import { Unavailable } from './client/transport.js';
import * as wire from './client/wire.js';

export type * from './client/wire.js';
export type { FlushResult, RecordResult } from './client/results.js';
export type { Log } from './client/logger.js';
/** Names of version 0.1.0, which stay for callers that use them. */
export type { FlushResult as Flushed, RecordResult as Recorded } from './client/results.js';
export type {
  AnswerMeta as Answered,
  CallError as Refusal,
  InvalidResponse as WrongShape,
  Provenance as Told,
} from './client/wire.js';
export { CLIENT_VERSION } from './client/wire.js';

/** Time limit of a call, by default and at most. */
const DEFAULT_TIMEOUT_MS = 500;
const MAX_TIMEOUT_MS = 30_000;

/** Time to live of a cached answer: short, since changes of the files are not noticed meanwhile. */
const DEFAULT_CACHE_TTL_MS = 60_000;

export interface ClientOptions {
  /**
   * Where the service listens. By default `ADJUTANT_URL`, else the URL in `.claude/mcp-server/endpoint.json`, which the
   * project's running instance writes, else `http://127.0.0.1:3700`.
   */
  baseUrl?: string;
  /** Time limit of a call in milliseconds: 500 by default, at most 30,000. */
  timeoutMs?: number;
  /** The agent registry, relative to the project; `.claude/agent-registry.yml` by default. */
  registryPath?: string;
  /** The project directory: by default `MCP_ROOT`, `CLAUDE_PROJECT_DIR`, or the one whose `.claude` this file lies in. */
  projectRoot?: string;
  /** The data directory of an instance that was started with one: `MCP_DATA_DIR` by default. */
  dataDir?: string;
  /** Whether the Adjutant of another project is accepted; false by default. */
  anyProject?: boolean;
  /** Time to live of cached answers in milliseconds: 60,000 by default, 0 for no cache. */
  cacheTtlMs?: number;
  /** Receives warnings, each of them once: `console.warn` by default. */
  log?: Log;
}

export type AgentQueryResult = wire.AgentAnswer & wire.Provenance;
export type SkillQueryResult = wire.SkillAnswer & wire.Provenance;
export type WorkflowQueryResult = wire.WorkflowAnswer & wire.Provenance;
export type PatternMatchResult = wire.PatternAnswer & wire.Provenance;
export type PatternQueryResult = wire.MatchesAnswer & wire.Provenance;
export type StorePatternResult = wire.StoreAnswer & wire.Provenance;
export type ExplainResult = wire.ExplainAnswer & wire.Provenance;
export type DecisionResult = RecordResult;
export type HealthResult = wire.Health & wire.Provenance;
export interface DefinitionResult extends wire.Provenance {
  /** null if there is none, or the service is not available. */
  definition: wire.Definition | null;
}

/** How one method is called, and what its answer is without the service. */
interface Method<T> {
  name: wire.MethodName;
  read: (result: unknown) => T;
  /** An empty answer with the reason. */
  empty: (why: string) => T;
  /** The answer while the service is not available; `empty` if absent. */
  fallback?: (outage: string) => T & { source: wire.Source };
  /** Whether the request is sent even if the circuit is open. */
  force?: boolean;
}

export class OrchestratorMCPClient {
  readonly #service: ServiceClient;
  readonly #decisions: Decisions;
  readonly #registry: Registry;
  readonly #cache: AnswerCache;

  constructor(options: ClientOptions = {}) {
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
  queryAgents(params: wire.AgentQueryParams): Promise<AgentQueryResult> {
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
  querySkills(params: wire.SkillQueryParams): Promise<SkillQueryResult> {
    const empty = (why: string) => ({ skills: [], ...noAnswer(why) });
    return this.#ask(params, { name: 'querySkills', read: wire.readSkills, empty });
  }

  /** Finds workflows. Empty in a fallback. */
  queryWorkflows(params: wire.WorkflowQueryParams): Promise<WorkflowQueryResult> {
    const empty = (why: string) => ({ workflows: [], ...noAnswer(why) });
    return this.#ask(params, { name: 'queryWorkflows', read: wire.readWorkflows, empty });
  }

  /** The best pattern for a goal, which is passed as a string or in an object. `pattern` is null in a fallback. */
  getOrchestrationPattern(goal: string | wire.PatternGoalParams): Promise<PatternMatchResult> {
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
  queryPattern(params: wire.PatternQueryParams): Promise<PatternQueryResult> {
    const empty = (why: string) => ({ matches: [], ...noAnswer(why) });
    return this.#ask(params, { name: 'queryPattern', read: wire.readMatches, empty });
  }

  /** Stores a pattern. It is not queued: `id` is null if the service is not available. */
  async storePattern(params: wire.PatternParams): Promise<StorePatternResult> {
    const empty = () => ({ id: null, created: false, warnings: [] });
    const stored = await this.#ask(params, { name: 'storePattern', read: wire.readStored, empty });
    this.#cache.clear();
    return stored;
  }

  /**
   * Records the outcome of a task. If the service is not available the decision is queued on disk (in memory if the disk
   * cannot be written), as `queued` says, and is sent when the service is back, by this client or another of the project.
   */
  async cacheDecision(decision: wire.DecisionParams): Promise<DecisionResult> {
    const recorded = await this.#decisions.record(decision);
    // Outcomes change the ranking.
    if (recorded.stored) this.#cache.clear();
    return recorded;
  }

  /** Loads one entry with its instructions. `definition` is null in a fallback. */
  getDefinition(params: wire.DefinitionParams): Promise<DefinitionResult> {
    return this.#ask<{ definition: wire.Definition | null }>(params, {
      name: 'getDefinition',
      read: (result) => ({ definition: wire.readDefinition(result) }),
      empty: () => ({ definition: null }),
    });
  }

  /** Explains the scores of an answer. Empty in a fallback. */
  explain(params: wire.ExplainParams): Promise<ExplainResult> {
    const empty = (why: string) => ({ reasoning: why, confidence: 0, unknown: [], hits: [], suggestions: [] });
    return this.#ask(params, { name: 'explain', read: wire.readExplained, empty });
  }

  /** The health of the service; `status` is `unavailable` if it does not answer. Always sends a request. */
  getHealth(): Promise<HealthResult> {
    const empty = (why: string): wire.Health => ({ status: 'unavailable', reasons: [why] });
    return this.#ask({}, { name: 'getHealth', read: wire.readHealth, empty, force: true });
  }

  /** Sends the queued decisions, as long as the service accepts them. */
  flush(): Promise<FlushResult> {
    return this.#decisions.flush().catch(() => ({ replayed: 0, waiting: 0 }));
  }

  /**
   * Closes all connections. A client that is not closed does not keep the process alive either. Later calls are answered
   * as if the service were not available; decisions are queued on disk.
   */
  async close(): Promise<void> {
    await this.#decisions.close();
    this.#service.close();
  }

  async #ask<T extends object>(params: object, method: Method<T>): Promise<T & wire.Provenance> {
    try {
      // Callers in plain JavaScript may pass anything.
      wire.object(params, 'the argument');
      return await this.#answer(params, method).catch((error: unknown) => {
        if (!(error instanceof Unavailable)) throw error;
        const answer = fallbackAnswer(method, error);
        return error.error === undefined ? answer : { ...answer, error: error.error };
      });
    } catch (error) {
      // Parameters that cannot be serialised.
      const callError = { code: -32602, message: errorMessage(error) };
      return { ...method.empty(callError.message), source: 'none', fallback: false, error: callError };
    }
  }

  async #answer<T extends object>(params: object, method: Method<T>): Promise<T & wire.Provenance> {
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
      if (isRetryable(error)) return { ...fallbackAnswer(method, new Unavailable('busy', error.message)), error };
      return { ...method.empty(error.message), source: 'server', fallback: false, error };
    }
    if (cacheable) this.#cache.set(key, response.raw);
    return { ...response.result, source: 'server', fallback: false };
  }
}

function fallbackAnswer<T extends object>({ fallback, empty }: Method<T>, outage: Unavailable): T & wire.Provenance {
  const { message: reason, sentence } = outage;
  if (fallback !== undefined) return { ...fallback(sentence), fallback: true, reason };
  return { ...empty(sentence), source: 'none', fallback: true, reason };
}

/** The metadata of an answer without rows. */
function noAnswer(why: string): wire.AnswerMeta {
  return { reasoning: why, confidence: 0, cache_hit: false };
}

function positive(number: number | undefined): number | undefined {
  return typeof number === 'number' && number > 0 ? number : undefined;
}
