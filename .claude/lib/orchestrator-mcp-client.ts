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
import { Decisions, type Flushed, type Recorded } from './client/decisions.js';
import { agentsByRole } from './client/fallback.js';
import { Outbox } from './client/outbox.js';
import { outboxOf, projectAt } from './client/project.js';
import { Registry } from './client/registry.js';
import { type Log, Voice, wordsOf } from './client/say.js';
import { Unavailable } from './client/transport.js';
import * as wire from './client/wire.js';

export type * from './client/wire.js';
export type { Flushed, Recorded } from './client/decisions.js';
export type { Log } from './client/say.js';
export { CLIENT_VERSION } from './client/wire.js';

/** Time a call may take in all where nothing is said. */
const DEFAULT_TIMEOUT_MS = 500;
const MAX_TIMEOUT_MS = 30_000;

/** Time an answer is served again. Changes of the files are not noticed meanwhile, so that it is short. */
const DEFAULT_CACHE_TTL_MS = 60_000;

export interface ClientOptions {
  /**
   * Where the service listens. Where nothing is said: `ADJUTANT_URL`, else what the project's running instance has
   * written to `.claude/mcp-server/endpoint.json`, else `http://127.0.0.1:3700`.
   */
  baseUrl?: string;
  /** Milliseconds a call may take in all: 500 where nothing is said, at most 30,000. */
  timeoutMs?: number;
  /** The agent registry; `.claude/agent-registry.yml` of the project where nothing is said. */
  registryPath?: string;
  /** The project's folder: `MCP_ROOT`, `CLAUDE_PROJECT_DIR`, or the folder whose `.claude` this file lies in. */
  projectRoot?: string;
  /** The instance's data folder where it has one of its own: `MCP_DATA_DIR` where nothing is said. */
  dataDir?: string;
  /** Take answers also from the Adjutant of another project; false where nothing is said. */
  anyProject?: boolean;
  /** Milliseconds an answer is served again: 60,000 where nothing is said, 0 for never. */
  cacheTtlMs?: number;
  /** Takes what the user should know, each thing once: `console.warn` where nothing is said. */
  log?: Log;
}

export type AgentQueryResult = wire.AgentAnswer & wire.Told;
export type SkillQueryResult = wire.SkillAnswer & wire.Told;
export type WorkflowQueryResult = wire.WorkflowAnswer & wire.Told;
export type PatternMatchResult = wire.PatternAnswer & wire.Told;
export type PatternQueryResult = wire.MatchesAnswer & wire.Told;
export type StorePatternResult = wire.StoreAnswer & wire.Told;
export type ExplainResult = wire.ExplainAnswer & wire.Told;
export type DecisionResult = Recorded;
export type HealthResult = wire.Health & wire.Told;
export interface DefinitionResult extends wire.Told {
  /** null where there is none, or nobody to ask. */
  definition: wire.Definition | null;
}

/** How one method is called: what reads its answer, and what stands in for one. */
interface Method<T> {
  name: string;
  read: (result: unknown) => T;
  /** An answer with nothing in it, and the reason. */
  nothing: (why: string) => T;
  /** What stands in while the service is not available; nothing where it is left out. */
  instead?: (why: string) => T & { source: wire.Source };
  /** Whether answers are served again. */
  cached: boolean;
  /** Whether it is asked also where calls fail at once at present. */
  insist?: boolean;
}

export class OrchestratorMCPClient {
  readonly #daemon: Daemon;
  readonly #decisions: Decisions;
  readonly #registry: Registry;
  readonly #cache: AnswerCache;

  constructor(options: ClientOptions = {}) {
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
  queryAgents(params: wire.AgentQueryParams): Promise<AgentQueryResult> {
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
  querySkills(params: wire.SkillQueryParams): Promise<SkillQueryResult> {
    const nothing = (why: string) => ({ skills: [], ...unanswered(why) });
    return this.#ask(params, { name: 'querySkills', read: wire.readSkills, nothing, cached: true });
  }

  /** Which command leads there? Empty in a fallback. */
  queryWorkflows(params: wire.WorkflowQueryParams): Promise<WorkflowQueryResult> {
    const nothing = (why: string) => ({ workflows: [], ...unanswered(why) });
    return this.#ask(params, { name: 'queryWorkflows', read: wire.readWorkflows, nothing, cached: true });
  }

  /** Which sequence of agents worked for such a goal? Takes the goal, or an object with it; null in a fallback. */
  getOrchestrationPattern(goal: string | wire.PatternGoalParams): Promise<PatternMatchResult> {
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
  queryPattern(params: wire.PatternQueryParams): Promise<PatternQueryResult> {
    const nothing = (why: string) => ({ matches: [], ...unanswered(why) });
    return this.#ask(params, { name: 'queryPattern', read: wire.readMatches, nothing, cached: true });
  }

  /** Stores a sequence. It does not wait for a service that is away: `id` is null then. */
  async storePattern(params: wire.PatternParams): Promise<StorePatternResult> {
    const nothing = () => ({ id: null, created: false, warnings: [] });
    const stored = await this.#ask(params, { name: 'storePattern', read: wire.readStored, nothing, cached: false });
    this.#cache.clear();
    return stored;
  }

  /**
   * Reports how a task went. Where the service is away, the decision waits on disk (in memory where the disk cannot
   * be written), says so in `queued`, and is sent when the service is back, by this client or another of the project.
   */
  async cacheDecision(decision: wire.DecisionParams): Promise<DecisionResult> {
    const recorded = await this.#decisions.record(decision);
    // Outcomes change who is asked first.
    if (recorded.stored) this.#cache.clear();
    return recorded;
  }

  /** The whole of one entry, with its instructions. `definition` is null in a fallback. */
  getDefinition(params: wire.DefinitionParams): Promise<DefinitionResult> {
    return this.#ask<{ definition: wire.Definition | null }>(params, {
      name: 'getDefinition',
      read: (result) => ({ definition: wire.readDefinition(result) }),
      nothing: () => ({ definition: null }),
      cached: true,
    });
  }

  /** What made the scores of an answer. Empty in a fallback. */
  explain(params: wire.ExplainParams): Promise<ExplainResult> {
    const nothing = (why: string) => ({ reasoning: why, confidence: 0, unknown: [], hits: [], suggestions: [] });
    return this.#ask(params, { name: 'explain', read: wire.readExplained, nothing, cached: false });
  }

  /** How the service does; `status` is `unavailable` where it does not answer. Always asks. */
  getHealth(): Promise<HealthResult> {
    const nothing = (why: string): wire.Health => ({ status: 'unavailable', reasons: [why] });
    return this.#ask({}, { name: 'getHealth', read: wire.readHealth, nothing, cached: false, insist: true });
  }

  /** Sends the decisions that wait, as far as the service takes them now. */
  flush(): Promise<Flushed> {
    return this.#decisions.flush().catch(() => ({ replayed: 0, waiting: 0 }));
  }

  /**
   * Ends all connections. A client that is not closed does not keep the process alive either. Later calls are answered
   * as if the service were away; decisions wait on disk.
   */
  async close(): Promise<void> {
    await this.#decisions.close();
    this.#daemon.close();
  }

  async #ask<T extends object>(params: object, method: Method<T>): Promise<T & wire.Told> {
    try {
      // Callers of plain JavaScript may pass anything.
      wire.object(params, 'what was passed');
      return await this.#answer(params, method).catch((error: unknown) => {
        if (error instanceof Unavailable) return standIn(method, error.message);
        throw error;
      });
    } catch (error) {
      // Parameters that cannot be sent at all.
      const refusal = { code: -32602, message: wordsOf(error) };
      return { ...method.nothing(refusal.message), source: 'none', fallback: false, error: refusal };
    }
  }

  async #answer<T extends object>(params: object, method: Method<T>): Promise<T & wire.Told> {
    const key = keyOf(method.name, params);
    const known = method.cached ? this.#cache.get(key) : undefined;
    if (known !== undefined) {
      return { ...method.read(known), cache_hit: true, source: 'cache', fallback: false };
    }
    const said = await this.#daemon.call(method.name, params, method.read, method.insist);
    this.#decisions.inBackground();
    if ('refusal' in said) {
      const { refusal } = said;
      if (isPassing(refusal)) return { ...standIn(method, refusal.message), error: refusal };
      return { ...method.nothing(refusal.message), source: 'server', fallback: false, error: refusal };
    }
    if (method.cached) this.#cache.set(key, said.raw);
    return { ...said.result, source: 'server', fallback: false };
  }
}

function standIn<T extends object>({ instead, nothing }: Method<T>, why: string): T & wire.Told {
  const told = { fallback: true, reason: why };
  if (instead !== undefined) return { ...instead(why), ...told };
  return { ...nothing(`The service is not available (${why}).`), source: 'none', ...told };
}

/** What an answer without rows says. */
function unanswered(why: string): wire.Answered {
  return { reasoning: why, confidence: 0, cache_hit: false };
}

function positive(number: number | undefined): number | undefined {
  return typeof number === 'number' && number > 0 ? number : undefined;
}
