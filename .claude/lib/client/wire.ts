/**
 * What goes over the wire: the parameters and results of every method, and readers that take an answer only in
 * its known shape. Fields that are not known are kept and ignored; optional ones that are missing get a default.
 */

/** Version of the service this client was written with. */
export const CLIENT_VERSION = '0.1.0';

/** Where an answer comes from. */
export type Source =
  /** The running service. */
  | 'server'
  /** An answer of the service, less than `cacheTtlMs` old. */
  | 'cache'
  /** The project's `agent-registry.yml`, since the service is not available. */
  | 'registry'
  /** The roles built into this client, since there is neither a service nor a registry. */
  | 'embedded'
  /** Nobody: the service is not available and there is nothing to stand in for it. */
  | 'none';

/** Why the service did not do what was asked; a refusal is an answer and no outage. */
export interface Refusal {
  /** As in JSON-RPC: -32602 wrong parameters, -32004 nothing matches, -32601 unknown method, -32603 its fault. */
  code: number;
  message: string;
  /** A sentence for each wrong parameter. */
  validation_errors?: string[];
  /** What comes near, where nothing matches. */
  suggestions?: string[];
}

/** What every answer says of itself. */
export interface Told {
  source: Source;
  /** Whether the service was not available, so that something else stands in. */
  fallback: boolean;
  /** Why the service is not available, in a sentence; only where `fallback` is true. */
  reason?: string;
  /** What the service refused, and why. */
  error?: Refusal;
}

/** What every query takes. */
export interface QueryBounds {
  /** Rows at most: 1 to 20, 5 where nothing is said. */
  limit?: number;
  /** Only entries of this plugin. */
  plugin?: string;
  /** Tokens of all rows at most; texts are shortened before rows are dropped. */
  max_tokens?: number;
}

/** At least one of the three says what is wanted; they combine. Lengths count characters. */
export interface AgentQueryParams extends QueryBounds {
  /** A capability, up to 100 characters. */
  capability?: string;
  /** A role of the registry, up to 50 characters. */
  role?: string;
  /** The task in your words, up to 500 characters. */
  context?: string;
}

export interface SkillQueryParams extends QueryBounds {
  /** The task in your words, up to 500 characters. */
  context: string;
}

export interface WorkflowQueryParams extends QueryBounds {
  /** What is to be reached, up to 500 characters. */
  goal: string;
}

export interface PatternGoalParams {
  /** What is to be reached, up to 500 characters. */
  goal: string;
  /** How alike a stored goal must be, 0 to 1; 0.7 where nothing is said. */
  min_similarity?: number;
}

export interface PatternQueryParams extends PatternGoalParams {
  /** Matches at most: 1 to 20, 5 where nothing is said. */
  limit?: number;
}

export interface PatternParams {
  goal: string;
  agent_sequence: string[];
  /** Who waits for whom. */
  dependencies?: Record<string, string[]>;
  /** Who works at the same time. */
  parallel_groups?: string[][];
}

export interface DecisionParams {
  /** Your name for the task; sent again it corrects what was sent before. */
  task_id: string;
  task_description: string;
  /** Who worked on it, in order. */
  agents_used: string[];
  result: 'success' | 'failure' | 'partial';
  duration_ms?: number;
  tokens_saved?: number;
  /** The pattern that was followed. */
  pattern_id?: string;
  dependencies?: Record<string, string[]>;
  parallel_groups?: string[][];
}

export type Kind = 'agent' | 'skill' | 'workflow';

export interface DefinitionParams {
  kind: Kind;
  /** `plugin:name`, or a bare name where it is unique. */
  id: string;
}

export interface ExplainParams {
  /** Agents where nothing is said. */
  kind?: Kind;
  capability?: string;
  role?: string;
  context?: string;
  plugin?: string;
  limit?: number;
}

export interface AgentRow {
  /** `plugin:name`, or a bare name of the project's own. */
  id: string;
  name: string;
  description: string;
  model: string;
  capabilities: string[];
  plugin: string;
  /** The role it was found by. */
  role?: string;
  /** Who is asked next for that role. */
  fallbacks?: string[];
  /** Ids of the same agent in other plugins. */
  copies?: string[];
  /** 0 to 1; 0 where the service did not rank it. */
  score: number;
}

export interface SkillRow {
  id: string;
  name: string;
  category: string;
  keywords: string[];
  description: string;
  plugin: string;
  copies?: string[];
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
  copies?: string[];
  score: number;
}

/** What every answer to a query holds beside its rows. */
export interface Answered {
  /** Why the first rows were chosen, in a sentence. */
  reasoning: string;
  /** How well the request can be served, 0 to 1; 0 in a fallback, which cannot know. */
  confidence: number;
  cache_hit: boolean;
  /** Estimated tokens of the rows, where `max_tokens` was given. */
  tokens?: number;
}

export interface AgentAnswer extends Answered {
  agents: AgentRow[];
}
export interface SkillAnswer extends Answered {
  skills: SkillRow[];
}
export interface WorkflowAnswer extends Answered {
  workflows: WorkflowRow[];
}

export interface OrchestrationPattern {
  id: string;
  goal: string;
  agent_sequence: string[];
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
  /** Successes by uses, 0 to 1; 0.5 where it was never used. */
  success_rate: number;
  similarity: number;
  task_count: number;
}

export interface PatternAnswer extends Answered {
  /** The best match; null where none is known. */
  pattern: OrchestrationPattern | null;
  success_rate: number;
  similarity: number;
  task_count: number;
  /** Others that come close. */
  alternatives: PatternMatch[];
}

export interface MatchesAnswer extends Answered {
  matches: PatternMatch[];
}

export interface StoreAnswer {
  /** null where it was not stored. */
  id: string | null;
  /** Whether it is new; the same goal with the same agents is stored once. */
  created: boolean;
  warnings: string[];
}

export interface DecisionAnswer {
  /** Whether the service has acknowledged it. */
  stored: boolean;
  /** The pattern that learned from it. */
  pattern: OrchestrationPattern | null;
  warnings: string[];
}

export interface Definition {
  kind: Kind;
  id: string;
  name: string;
  plugin: string;
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
  source: { path: string; sha256: string };
  /** The instructions themselves. */
  body: string;
}

export interface ExplainedHit {
  id: string;
  score: number;
  terms: { term: string; via?: string; share: number; fields: Record<string, number> }[];
  latent: number;
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
  /** Words of the request that nobody knows. */
  unknown: string[];
  hits: ExplainedHit[];
  suggestions: string[];
}

export interface Health {
  /** `unavailable`: there is no answer, `reason` says why. */
  status: 'healthy' | 'degraded' | 'unavailable';
  uptime_ms?: number;
  memory_mb?: number;
  cache?: { hits: number; misses: number; hit_rate: number };
  database?: { connected: boolean; size_mb: number; read_only?: boolean };
  indexes?: { agents: number; skills: number; workflows: number; patterns: number };
  version?: string;
  project?: { root: string; id: string };
  pid?: number;
  problems?: number;
  generation?: number;
  ranking?: string;
  reasons?: string[];
}

/** An answer that has not the shape it should have. */
export class WrongShape extends Error {}

type Fields = Record<string, unknown>;

/** An object, or `WrongShape`. */
export function object(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new WrongShape(`${what} is no object`);
  }
  return value as Fields;
}

function list<T>(value: unknown, what: string, read: (entry: unknown) => T): T[] {
  if (!Array.isArray(value)) throw new WrongShape(`${what} is no list`);
  return value.map(read);
}

const named = (value: unknown, what: string): string => {
  if (typeof value !== 'string' || value === '') throw new WrongShape(`${what} is no text`);
  return value;
};

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : [];

/** Optional members of a row, left out where they are not there. */
function optionalTexts<K extends string>(fields: Fields, ...keys: K[]): Partial<Record<K, string[]>> {
  const present = keys.filter((key) => Array.isArray(fields[key]));
  return Object.fromEntries(present.map((key) => [key, texts(fields[key])])) as Partial<Record<K, string[]>>;
}

function row(value: unknown): Fields & { id: string; name: string; description: string; plugin: string; score: number } {
  const fields = object(value, 'a row');
  const name = named(fields['name'], 'the name of a row');
  // An older service says no id.
  const plugin = text(fields['plugin']);
  const id = text(fields['id']) || (plugin === '' ? name : `${plugin}:${name}`);
  return { ...fields, id, name, description: text(fields['description']), plugin, score: number(fields['score']) };
}

function agentRow(value: unknown): AgentRow {
  const fields = row(value);
  return {
    ...fields,
    model: text(fields['model']) || 'inherit',
    capabilities: texts(fields['capabilities']),
    ...optionalTexts(fields, 'fallbacks', 'copies'),
  };
}

function skillRow(value: unknown): SkillRow {
  const fields = row(value);
  return {
    ...fields,
    category: text(fields['category']),
    keywords: texts(fields['keywords']),
    ...optionalTexts(fields, 'copies'),
  };
}

function workflowRow(value: unknown): WorkflowRow {
  const fields = row(value);
  return {
    ...fields,
    arguments: text(fields['arguments']),
    steps: texts(fields['steps']),
    agents: texts(fields['agents']),
    ...optionalTexts(fields, 'copies'),
  };
}

function answered(fields: Fields): Answered {
  return {
    reasoning: text(fields['reasoning']),
    confidence: number(fields['confidence']),
    cache_hit: fields['cache_hit'] === true,
    ...(typeof fields['tokens'] === 'number' ? { tokens: fields['tokens'] } : {}),
  };
}

function pattern(value: unknown): OrchestrationPattern {
  const fields = object(value, 'a pattern');
  const dependencies = object(fields['dependencies'] ?? {}, 'the dependencies of a pattern');
  return {
    id: named(fields['id'], 'the id of a pattern'),
    goal: text(fields['goal']),
    agent_sequence: list(fields['agent_sequence'], 'a sequence', (agent) => named(agent, 'an agent')),
    dependencies: Object.fromEntries(Object.entries(dependencies).map(([who, whom]) => [who, texts(whom)])),
    parallel_groups: list(fields['parallel_groups'] ?? [], 'the groups of a pattern', texts),
    success_count: number(fields['success_count']),
    failure_count: number(fields['failure_count']),
    partial_count: number(fields['partial_count']),
    avg_duration_ms: number(fields['avg_duration_ms']),
    avg_tokens_saved: number(fields['avg_tokens_saved']),
    created_at: text(fields['created_at']),
    updated_at: text(fields['updated_at']),
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
  return { agents: list(fields['agents'], '`agents`', agentRow), ...answered(fields) };
}

export function readSkills(result: unknown): SkillAnswer {
  const fields = object(result, 'the answer');
  return { skills: list(fields['skills'], '`skills`', skillRow), ...answered(fields) };
}

export function readWorkflows(result: unknown): WorkflowAnswer {
  const fields = object(result, 'the answer');
  return { workflows: list(fields['workflows'], '`workflows`', workflowRow), ...answered(fields) };
}

export function readPattern(result: unknown): PatternAnswer {
  const fields = object(result, 'the answer');
  const alternatives = list(fields['alternatives'] ?? [], '`alternatives`', match);
  return { ...match(fields), alternatives, ...answered(fields) };
}

export function readMatches(result: unknown): MatchesAnswer {
  const fields = object(result, 'the answer');
  return { matches: list(fields['matches'], '`matches`', match), ...answered(fields) };
}

export function readStored(result: unknown): StoreAnswer {
  const fields = object(result, 'the answer');
  return { id: named(fields['id'], '`id`'), created: fields['created'] === true, warnings: texts(fields['warnings']) };
}

export function readDecision(result: unknown): DecisionAnswer {
  const fields = object(result, 'the answer');
  if (fields['stored'] !== true) throw new WrongShape('`stored` is not true');
  const learned = fields['pattern'];
  return {
    stored: true,
    pattern: learned === null || learned === undefined ? null : pattern(learned),
    warnings: texts(fields['warnings']),
  };
}

export function readDefinition(result: unknown): Definition {
  const fields = object(result, 'the answer');
  const source = object(fields['source'] ?? {}, '`source`');
  const kind = fields['kind'];
  if (kind !== 'agent' && kind !== 'skill' && kind !== 'workflow') throw new WrongShape('`kind` is not known');
  if (typeof fields['body'] !== 'string') throw new WrongShape('`body` is no text');
  return {
    ...row(fields),
    kind,
    aliases: texts(fields['aliases']),
    when_to_use: text(fields['when_to_use']),
    ...(typeof fields['model'] === 'string' ? { model: fields['model'] } : {}),
    tools: texts(fields['tools']),
    category: text(fields['category']),
    keywords: texts(fields['keywords']),
    capabilities: texts(fields['capabilities']),
    arguments: text(fields['arguments']),
    steps: texts(fields['steps']),
    agents: texts(fields['agents']),
    source: { path: text(source['path']), sha256: text(source['sha256']) },
    body: fields['body'],
  };
}

function explainedHit(value: unknown): ExplainedHit {
  const fields = object(value, 'a hit');
  return {
    id: named(fields['id'], 'the id of a hit'),
    score: number(fields['score']),
    terms: list(fields['terms'] ?? [], 'the terms of a hit', (term) => {
      const { via, ...share } = object(term, 'a term');
      const fieldShares = object(share['fields'] ?? {}, 'the fields of a term');
      return {
        term: text(share['term']),
        ...(typeof via === 'string' ? { via } : {}),
        share: number(share['share']),
        fields: Object.fromEntries(Object.entries(fieldShares).map(([field, part]) => [field, number(part)])),
      };
    }),
    latent: number(fields['latent']),
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
    reasoning: text(fields['reasoning']),
    confidence: number(fields['confidence']),
    unknown: texts(fields['unknown']),
    hits: list(fields['hits'], '`hits`', explainedHit),
    suggestions: texts(fields['suggestions']),
  };
}

/** The health of an Adjutant; that of any other service has not this shape. */
export function readHealth(result: unknown): Health {
  const fields = object(result, 'its health');
  const status = fields['status'];
  if (status !== 'healthy' && status !== 'degraded') throw new WrongShape('its health has no known `status`');
  const indexes = object(fields['indexes'], 'what it has indexed');
  if (typeof indexes['agents'] !== 'number') throw new WrongShape('it does not say how many agents it knows');
  const project = fields['project'];
  if (project !== undefined) named(object(project, '`project`')['id'], 'the id of its project');
  return { ...(fields as Partial<Health>), status };
}

/** A refusal as JSON-RPC words it. */
export function readRefusal(value: unknown): Refusal {
  const fields = object(value, '`error`');
  if (typeof fields['code'] !== 'number') throw new WrongShape('an error without code');
  const data = typeof fields['data'] === 'object' && fields['data'] !== null ? (fields['data'] as Fields) : {};
  return {
    code: fields['code'],
    message: text(fields['message']),
    ...optionalTexts(data, 'validation_errors', 'suggestions'),
  };
}
