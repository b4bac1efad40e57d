/**
 * The wire types: the parameters and results of every method, and readers that validate the shape of a result.
 * Unknown fields are preserved; optional fields that are missing get a default.
 */

/** The version of the service that this client belongs to. */
export const CLIENT_VERSION = '0.1.0';

/** Where an answer comes from. */
export type Source =
  /** The running service. */
  | 'server'
  /** The client's cache: an answer of the service, less than `cacheTtlMs` old. */
  | 'cache'
  /** The project's `agent-registry.yml`: the service is not available. */
  | 'registry'
  /** The roles built into this client: there is neither a service nor a registry. */
  | 'embedded'
  /** Nowhere: the service is not available and there is no fallback for the method. */
  | 'none';

/** The codes of errors, as the service's own table has them (a test compares the two). */
export const ERROR_CODES = {
  not_json: { code: -32700, retryable: false },
  invalid_request: { code: -32600, retryable: false },
  unknown_method: { code: -32601, retryable: false },
  invalid_params: { code: -32602, retryable: false },
  internal: { code: -32603, retryable: false },
  unauthenticated: { code: -32001, retryable: false },
  forbidden: { code: -32003, retryable: false },
  not_found: { code: -32004, retryable: false },
  rate_limited: { code: -32005, retryable: true },
  unavailable: { code: -32006, retryable: true },
  denied: { code: -32007, retryable: false },
  approval_pending: { code: -32008, retryable: true },
  conflict: { code: -32009, retryable: false },
  upstream_failed: { code: -32011, retryable: false },
  upstream_busy: { code: -32013, retryable: true },
  upstream_timeout: { code: -32014, retryable: false },
} as const;

/**
 * The methods of the service, as its own table has them (a test compares the two): whether they change anything, whether
 * their answers may be cached, and whether they may be sent again if it is unknown what became of the first time.
 */
export const METHODS = {
  queryAgents: { writes: false, cacheable: true, repeatable: true },
  querySkills: { writes: false, cacheable: true, repeatable: true },
  queryWorkflows: { writes: false, cacheable: true, repeatable: true },
  getOrchestrationPattern: { writes: false, cacheable: true, repeatable: true },
  queryPattern: { writes: false, cacheable: true, repeatable: true },
  storePattern: { writes: true, cacheable: false, repeatable: false },
  importPatterns: { writes: true, cacheable: false, repeatable: false },
  cacheDecision: { writes: true, cacheable: false, repeatable: true },
  getDefinition: { writes: false, cacheable: true, repeatable: true },
  getHealth: { writes: false, cacheable: false, repeatable: true },
  explain: { writes: false, cacheable: false, repeatable: true },
} as const;

export type MethodName = keyof typeof METHODS;

/** An error of the service, such as a wrong parameter. It is an answer: the service is available. */
export interface CallError {
  /** As in `ERROR_CODES`: -32602 invalid parameters, -32004 nothing matches, -32001 no or a wrong token. */
  code: number;
  message: string;
  /** A sentence for each invalid parameter. */
  validation_errors?: string[];
  /** Near misses, if nothing matches. */
  suggestions?: string[];
  /** The methods that the service has, if it does not have this one. */
  methods?: string[];
  /** Why the service cannot do it now or could not do it at all. */
  reason?: string;
  /** Milliseconds after which the call may be repeated. */
  retry_after_ms?: number;
  /** Under which the service has logged an internal error. */
  correlation_id?: string;
}

/** Where an answer comes from and whether it is a fallback: part of every answer. */
export interface Provenance {
  source: Source;
  /** Whether the service was not available, so that this is a fallback. */
  fallback: boolean;
  /** Why the service is not available; only if `fallback` is true. */
  reason?: string;
  /** The error of the service. */
  error?: CallError;
}

/** Parameters of every query. */
export interface QueryBounds {
  /** Most rows: 1 to 20, 5 by default. */
  limit?: number;
  /** Only entries of this plugin. */
  plugin?: string;
  /** Most tokens of all rows; descriptions are shortened before rows are dropped. */
  max_tokens?: number;
}

/** Where an entry comes from: the project, the user, an administrator, or the service itself. `offloaded` where an offload
 * took it out of the client's listing; such an entry matches its own scope as well. */
export type Scope = 'project' | 'user' | 'managed' | 'server' | 'offloaded';

/** Parameters of every query for entries. */
export interface EntryBounds extends QueryBounds {
  /** Only entries of this scope; a fallback does not know scopes and passes over it. */
  scope?: Scope;
}

/** At least one of capability, role and context is required; they combine. Lengths are in characters. */
export interface AgentQueryParams extends EntryBounds {
  /** A capability, up to 100 characters. */
  capability?: string;
  /** A role of the registry, up to 50 characters. */
  role?: string;
  /** The task in your words, up to 500 characters. */
  context?: string;
}

export interface SkillQueryParams extends EntryBounds {
  /** The task in your words, up to 500 characters. */
  context: string;
}

export interface WorkflowQueryParams extends EntryBounds {
  /** The goal, up to 500 characters. */
  goal: string;
}

export interface PatternGoalParams extends QueryBounds {
  /** The goal, up to 500 characters. */
  goal: string;
  /** Least similarity of a stored goal, 0 to 1; 0.7 by default. */
  min_similarity?: number;
}

export type PatternQueryParams = PatternGoalParams;

export interface PatternParams {
  goal: string;
  agent_sequence: string[];
  /** For an agent, the agents it depends on. */
  dependencies?: Record<string, string[]>;
  /** Agents that work at the same time. */
  parallel_groups?: string[][];
}

export interface DecisionParams {
  /** Your id of the task; a decision with the same id corrects the earlier one. */
  task_id: string;
  task_description: string;
  /** The agents that worked on it, in order. */
  agents_used: string[];
  result: 'success' | 'failure' | 'partial';
  duration_ms?: number;
  tokens_saved?: number;
  /** The pattern that was followed. */
  pattern_id?: string;
  dependencies?: Record<string, string[]>;
  parallel_groups?: string[][];
  /**
   * When the decision was made, in Unix milliseconds; the client says the time of the call unless it is given. The
   * service does not let it replace a decision on the same task that was made later.
   */
  decided_at_ms?: number;
}

export type Kind = 'agent' | 'skill' | 'workflow';

export interface DefinitionParams {
  kind: Kind;
  /** `plugin:name`, or a bare name where it is unique. */
  id: string;
  /** Most tokens of the answer; the body is cut where it does not fit. */
  max_tokens?: number;
}

export interface ExplainParams {
  /** `agent` by default. */
  kind?: Kind;
  capability?: string;
  role?: string;
  context?: string;
  plugin?: string;
  scope?: Scope;
  limit?: number;
}

export interface AgentRow {
  /** `plugin:name`, or a bare name of the project's or the user's own. */
  id: string;
  name: string;
  description: string;
  model: string;
  capabilities: string[];
  plugin: string;
  scope: Scope;
  /** The marketplace that the plugin was installed from. */
  marketplace?: string;
  /** The role that it fills. */
  role?: string;
  /** Fallback agents for that role. */
  fallbacks?: string[];
  /** Ids of the same agent in other plugins; `id (scope)` of one that this one precedes under its id. */
  copies?: string[];
  /** 0 to 1; 0 in a fallback, which does not rank. */
  score: number;
}

export interface SkillRow {
  id: string;
  name: string;
  category: string;
  keywords: string[];
  description: string;
  plugin: string;
  scope: Scope;
  marketplace?: string;
  copies?: string[];
  /** Who may run it in Claude Code, where its file restricts that. */
  invocation?: 'user_only' | 'model_only' | 'nobody';
  score: number;
}

export interface WorkflowRow {
  id: string;
  name: string;
  description: string;
  arguments: string;
  steps: string[];
  agents: string[];
  plugin: string;
  scope: Scope;
  marketplace?: string;
  copies?: string[];
  /** Who may run it in Claude Code, where its file restricts that. */
  invocation?: 'user_only' | 'model_only' | 'nobody';
  score: number;
}

/** Part of every answer to a query, beside its rows. */
export interface AnswerMeta {
  /** Why the first rows were chosen, in a sentence. */
  reasoning: string;
  /** How well the catalog serves the request, 0 to 1; 0 in a fallback, which cannot know. */
  confidence: number;
  cache_hit: boolean;
  /** Estimated tokens of the rows, if `max_tokens` was given. */
  tokens?: number;
  /** How `tokens` was estimated. */
  token_estimator?: string;
}

export interface AgentAnswer extends AnswerMeta {
  agents: AgentRow[];
}
export interface SkillAnswer extends AnswerMeta {
  skills: SkillRow[];
}
export interface WorkflowAnswer extends AnswerMeta {
  workflows: WorkflowRow[];
}

export interface OrchestrationPattern {
  id: string;
  goal: string;
  agent_sequence: string[];
  /** Those of them that the catalog does not have; absent if there is none. */
  missing_agents?: string[];
  dependencies: Record<string, string[]>;
  parallel_groups: string[][];
  success_count: number;
  failure_count: number;
  partial_count: number;
  avg_duration_ms: number;
  avg_tokens_saved: number;
  created_at: string;
  updated_at: string;
}

export interface PatternMatch {
  pattern: OrchestrationPattern;
  /** Successes divided by uses, 0 to 1; 0.5 if it was never used. */
  success_rate: number;
  similarity: number;
  task_count: number;
}

export interface PatternAnswer extends AnswerMeta {
  /** The best match; null if there is none. */
  pattern: OrchestrationPattern | null;
  success_rate: number;
  similarity: number;
  task_count: number;
  /** Other matches that come close. */
  alternatives: PatternMatch[];
}

export interface MatchesAnswer extends AnswerMeta {
  matches: PatternMatch[];
}

export interface StoreAnswer {
  /** null if it was not stored. */
  id: string | null;
  /** Whether it is new; the same goal with the same agents is stored only once. */
  created: boolean;
  warnings: string[];
}

export interface DecisionAnswer {
  /** Whether the service has stored it; false, with a warning, if a later decision on the same task is stored already. */
  stored: boolean;
  /** The pattern that learned from the decision in effect. */
  pattern: OrchestrationPattern | null;
  /** The decision on the same task that it replaced. */
  replaced?: ReplacedDecision;
  warnings: string[];
}

export interface ReplacedDecision {
  agents_used: string[];
  result?: string;
  /** RFC 3339, UTC. */
  decided_at?: string;
}

export interface Definition {
  kind: Kind;
  id: string;
  name: string;
  plugin: string;
  scope: Scope;
  marketplace?: string;
  aliases: string[];
  description: string;
  when_to_use: string;
  model?: string;
  tools: string[];
  category: string;
  keywords: string[];
  capabilities: string[];
  arguments: string;
  steps: string[];
  agents: string[];
  /** Who may run it in Claude Code, where its file restricts that. */
  invocation?: 'user_only' | 'model_only' | 'nobody';
  /** `changed_since_use`: the content differs from the one that this service handed out before. */
  source: { path: string; sha256: string; changed_since_use?: boolean };
  /** The instructions. */
  body: string;
  /** Whether the body was cut to fit `max_tokens`. */
  body_is_cut?: boolean;
  /** Estimated tokens of the answer, if `max_tokens` was given. */
  tokens?: number;
  /** How `tokens` was estimated. */
  token_estimator?: string;
}

export interface ExplainedHit {
  id: string;
  score: number;
  terms: { term: string; via?: string; share: number; fields: Record<string, number> }[];
  latent: number;
  semantic: number;
  need: number;
  capability: number;
  name: number;
  role: number;
  model: number;
  outcomes: number;
  record?: string;
}

export interface ExplainAnswer {
  reasoning: string;
  confidence: number;
  /** Words of the request that occur nowhere in the catalog. */
  unknown: string[];
  hits: ExplainedHit[];
  suggestions: string[];
}

export interface Health {
  /** `unavailable`: the service does not answer, see `reason`. */
  status: 'healthy' | 'degraded' | 'unavailable';
  uptime_ms?: number;
  memory_mb?: number;
  cache?: { hits: number; misses: number; hit_rate: number };
  database?: { connected: boolean; size_mb: number; read_only?: boolean; dropped_log_rows?: number };
  indexes?: { agents: number; skills: number; workflows: number; patterns: number };
  /** How many entries come from where; `plugins` counts the installed ones. */
  origins?: { installed: number; plugins: number; user: number; project: number; managed: number; server: number };
  version?: string;
  project?: { root: string; id: string };
  pid?: number;
  problems?: number;
  generation?: number;
  /** Scans since the start. */
  scans?: number;
  ranking?: string;
  /** The embedding model and its progress. */
  semantic?: { model?: string; dimensions?: number; state: string; embedded: number; total: number };
  /** `on`, `off` or `degraded`. */
  watch?: string;
  /** How long the parts of the start took; `latent` is null until it is trained. */
  timings_ms?: { scan: number; index: number; latent: number | null };
  reasons?: string[];
}

/** A response that does not have the expected shape. */
export class InvalidResponse extends Error {}

type Fields = Record<string, unknown>;

/** Checks that a value is an object; throws `InvalidResponse` if not. */
export function object(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidResponse(`${what} is not an object`);
  }
  return value as Fields;
}

function list<T>(value: unknown, what: string, read: (entry: unknown) => T): T[] {
  if (!Array.isArray(value)) throw new InvalidResponse(`${what} is not a list`);
  return value.map(read);
}

const nonEmpty = (value: unknown, what: string): string => {
  if (typeof value !== 'string' || value === '') throw new InvalidResponse(`${what} is not a string`);
  return value;
};

const string = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : [];

/** The lists of strings among optional fields; those that are missing are left out. */
function optionalLists<K extends string>(fields: Fields, ...keys: K[]): Partial<Record<K, string[]>> {
  const present = keys.filter((key) => Array.isArray(fields[key]));
  return Object.fromEntries(present.map((key) => [key, strings(fields[key])])) as Partial<Record<K, string[]>>;
}

const SCOPES: readonly Scope[] = ['project', 'user', 'managed', 'server', 'offloaded'];

/** Services that do not say know no other scope than the project. */
const scope = (value: unknown): Scope => SCOPES.find((known) => known === value) ?? 'project';

function row(
  value: unknown,
): Fields & { id: string; name: string; description: string; plugin: string; scope: Scope; score: number } {
  const fields = object(value, 'a row');
  const name = nonEmpty(fields['name'], 'the name of a row');
  // Older services send no id.
  const plugin = string(fields['plugin']);
  const id = string(fields['id']) || (plugin === '' ? name : `${plugin}:${name}`);
  const rest = { description: string(fields['description']), plugin, scope: scope(fields['scope']) };
  return { ...fields, id, name, ...rest, score: number(fields['score']) };
}

function agentRow(value: unknown): AgentRow {
  const fields = row(value);
  return {
    ...fields,
    model: string(fields['model']) || 'inherit',
    capabilities: strings(fields['capabilities']),
    ...optionalLists(fields, 'fallbacks', 'copies'),
  };
}

function skillRow(value: unknown): SkillRow {
  const fields = row(value);
  return {
    ...fields,
    category: string(fields['category']),
    keywords: strings(fields['keywords']),
    ...optionalLists(fields, 'copies'),
  };
}

function workflowRow(value: unknown): WorkflowRow {
  const fields = row(value);
  return {
    ...fields,
    arguments: string(fields['arguments']),
    steps: strings(fields['steps']),
    agents: strings(fields['agents']),
    ...optionalLists(fields, 'copies'),
  };
}

/** What a budget of tokens was used for, if the caller set one. */
function tokenUse(fields: Fields): { tokens?: number; token_estimator?: string } {
  const { tokens, token_estimator } = fields;
  return {
    ...(typeof tokens === 'number' ? { tokens } : {}),
    ...(typeof token_estimator === 'string' ? { token_estimator } : {}),
  };
}

function answerMeta(fields: Fields): AnswerMeta {
  return {
    reasoning: string(fields['reasoning']),
    confidence: number(fields['confidence']),
    cache_hit: fields['cache_hit'] === true,
    ...tokenUse(fields),
  };
}

function pattern(value: unknown): OrchestrationPattern {
  const fields = object(value, 'a pattern');
  const dependencies = object(fields['dependencies'] ?? {}, 'the dependencies of a pattern');
  return {
    id: nonEmpty(fields['id'], 'the id of a pattern'),
    goal: string(fields['goal']),
    agent_sequence: list(fields['agent_sequence'], 'a sequence', (agent) => nonEmpty(agent, 'an agent')),
    ...(fields['missing_agents'] === undefined ? {} : { missing_agents: strings(fields['missing_agents']) }),
    dependencies: Object.fromEntries(Object.entries(dependencies).map(([who, whom]) => [who, strings(whom)])),
    parallel_groups: list(fields['parallel_groups'] ?? [], 'the groups of a pattern', strings),
    success_count: number(fields['success_count']),
    failure_count: number(fields['failure_count']),
    partial_count: number(fields['partial_count']),
    avg_duration_ms: number(fields['avg_duration_ms']),
    avg_tokens_saved: number(fields['avg_tokens_saved']),
    created_at: string(fields['created_at']),
    updated_at: string(fields['updated_at']),
  };
}

function match(value: unknown): PatternMatch {
  const fields = object(value, 'a match');
  return {
    pattern: pattern(fields['pattern']),
    success_rate: number(fields['success_rate']),
    similarity: number(fields['similarity']),
    task_count: number(fields['task_count']),
  };
}

export function readAgents(result: unknown): AgentAnswer {
  const fields = object(result, 'the answer');
  return { agents: list(fields['agents'], '`agents`', agentRow), ...answerMeta(fields) };
}

export function readSkills(result: unknown): SkillAnswer {
  const fields = object(result, 'the answer');
  return { skills: list(fields['skills'], '`skills`', skillRow), ...answerMeta(fields) };
}

export function readWorkflows(result: unknown): WorkflowAnswer {
  const fields = object(result, 'the answer');
  return { workflows: list(fields['workflows'], '`workflows`', workflowRow), ...answerMeta(fields) };
}

export function readPattern(result: unknown): PatternAnswer {
  const fields = object(result, 'the answer');
  const alternatives = list(fields['alternatives'] ?? [], '`alternatives`', match);
  return { ...match(fields), alternatives, ...answerMeta(fields) };
}

export function readMatches(result: unknown): MatchesAnswer {
  const fields = object(result, 'the answer');
  return { matches: list(fields['matches'], '`matches`', match), ...answerMeta(fields) };
}

export function readStored(result: unknown): StoreAnswer {
  const fields = object(result, 'the answer');
  return { id: nonEmpty(fields['id'], '`id`'), created: fields['created'] === true, warnings: strings(fields['warnings']) };
}

export function readDecision(result: unknown): DecisionAnswer {
  const fields = object(result, 'the answer');
  if (typeof fields['stored'] !== 'boolean') throw new InvalidResponse('`stored` is not a boolean');
  const learned = fields['pattern'];
  const replaced = fields['replaced'];
  return {
    stored: fields['stored'],
    pattern: learned === null || learned === undefined ? null : pattern(learned),
    ...(replaced === undefined ? {} : { replaced: replacedDecision(replaced) }),
    warnings: strings(fields['warnings']),
  };
}

function replacedDecision(value: unknown): ReplacedDecision {
  const fields = object(value, 'the decision that was replaced');
  const { result, decided_at } = fields;
  return {
    agents_used: strings(fields['agents_used']),
    ...(typeof result === 'string' ? { result } : {}),
    ...(typeof decided_at === 'string' ? { decided_at } : {}),
  };
}

export function readDefinition(result: unknown): Definition {
  const fields = object(result, 'the answer');
  const source = object(fields['source'] ?? {}, '`source`');
  const kind = fields['kind'];
  if (kind !== 'agent' && kind !== 'skill' && kind !== 'workflow') throw new InvalidResponse('`kind` is unknown');
  if (typeof fields['body'] !== 'string') throw new InvalidResponse('`body` is not a string');
  return {
    ...row(fields),
    kind,
    aliases: strings(fields['aliases']),
    when_to_use: string(fields['when_to_use']),
    ...(typeof fields['model'] === 'string' ? { model: fields['model'] } : {}),
    tools: strings(fields['tools']),
    category: string(fields['category']),
    keywords: strings(fields['keywords']),
    capabilities: strings(fields['capabilities']),
    arguments: string(fields['arguments']),
    steps: strings(fields['steps']),
    agents: strings(fields['agents']),
    source: {
      path: string(source['path']),
      sha256: string(source['sha256']),
      ...(source['changed_since_use'] === true ? { changed_since_use: true } : {}),
    },
    body: fields['body'],
    ...(fields['body_is_cut'] === true ? { body_is_cut: true } : {}),
    ...tokenUse(fields),
  };
}

function explainedHit(value: unknown): ExplainedHit {
  const fields = object(value, 'a hit');
  return {
    id: nonEmpty(fields['id'], 'the id of a hit'),
    score: number(fields['score']),
    terms: list(fields['terms'] ?? [], 'the terms of a hit', (term) => {
      const { via, ...share } = object(term, 'a term');
      const fieldShares = object(share['fields'] ?? {}, 'the fields of a term');
      return {
        term: string(share['term']),
        ...(typeof via === 'string' ? { via } : {}),
        share: number(share['share']),
        fields: Object.fromEntries(Object.entries(fieldShares).map(([field, part]) => [field, number(part)])),
      };
    }),
    latent: number(fields['latent']),
    semantic: number(fields['semantic']),
    need: number(fields['need']),
    capability: number(fields['capability']),
    name: number(fields['name']),
    role: number(fields['role']),
    model: number(fields['model']),
    outcomes: number(fields['outcomes']),
    ...(typeof fields['record'] === 'string' ? { record: fields['record'] } : {}),
  };
}

export function readExplained(result: unknown): ExplainAnswer {
  const fields = object(result, 'the answer');
  return {
    reasoning: string(fields['reasoning']),
    confidence: number(fields['confidence']),
    unknown: strings(fields['unknown']),
    hits: list(fields['hits'], '`hits`', explainedHit),
    suggestions: strings(fields['suggestions']),
  };
}

/** The health of an Adjutant; that of any other service has another shape. */
export function readHealth(result: unknown): Health {
  const fields = object(result, 'its health');
  const status = fields['status'];
  if (status !== 'healthy' && status !== 'degraded') throw new InvalidResponse('its health has an unknown `status`');
  const indexes = object(fields['indexes'], 'its `indexes`');
  if (typeof indexes['agents'] !== 'number') throw new InvalidResponse('its `indexes` have no number of agents');
  const project = fields['project'];
  if (project !== undefined) nonEmpty(object(project, '`project`')['id'], 'the id of its project');
  return { ...(fields as Partial<Health>), status };
}

/**
 * The error with which an Adjutant refuses a request: the `error` of a JSON-RPC response, or an object of `code`, `error`
 * (its name), `message` and `data` where JSON-RPC is not spoken. Undefined if it is neither.
 */
export function readRefusal(body: unknown): CallError | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { jsonrpc, code, error } = body as Fields;
  const isNamed = Object.entries(ERROR_CODES).some(([name, known]) => name === error && known.code === code);
  const stated = isNamed ? body : jsonrpc === '2.0' ? error : undefined;
  return stated === undefined ? undefined : readCallError(stated);
}

/** An error object: the `error` member of a JSON-RPC response. */
export function readCallError(value: unknown): CallError {
  const fields = object(value, '`error`');
  if (typeof fields['code'] !== 'number') throw new InvalidResponse('an error has no code');
  const data = typeof fields['data'] === 'object' && fields['data'] !== null ? (fields['data'] as Fields) : {};
  return {
    code: fields['code'],
    message: string(fields['message']),
    ...optionalLists(data, 'validation_errors', 'suggestions', 'methods'),
    ...(typeof data['reason'] === 'string' ? { reason: data['reason'] } : {}),
    ...(typeof data['retry_after_ms'] === 'number' ? { retry_after_ms: data['retry_after_ms'] } : {}),
    ...(typeof data['correlation_id'] === 'string' ? { correlation_id: data['correlation_id'] } : {}),
  };
}
