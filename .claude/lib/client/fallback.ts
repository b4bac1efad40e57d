/** Answers for the time the service is not available: the roles of a registry, matched by keywords. */

import { normalizeName, type Role } from './registry.js';
import type { AgentAnswer, AgentQueryParams, AgentRow } from './wire.js';

/** Rows of an answer by default, and at most. */
const DEFAULT_LIMIT = 5;
const MAX_LIMIT = 20;

/** Roles that an answer without rows lists. */
const MAX_LISTED_ROLES = 40;

/** Words with this many letters in common at the start count as forms of one word. */
const STEM_LENGTH = 5;

/** Words too common to distinguish roles. */
const STOP_WORDS = new Set('and are for from has how into its not our out that the this those when with you your'.split(' '));

/** Agents of the matching roles. Keywords are a weak signal, so that `confidence` is 0. `outage` is a sentence. */
export function agentsByRole(roles: readonly Role[], params: AgentQueryParams, outage: string): AgentAnswer {
  const wanted = typeof params.role === 'string' ? normalizeName(params.role) : '';
  const named = wanted === '' ? undefined : roles.find((role) => normalizeName(role.name) === wanted);
  const matching = rankByKeywords(roles, params).filter((role) => role !== named);
  const rows = [...(named === undefined ? [] : rowsOf(named)), ...matching.map(primaryOf)];
  const agents = limited(deduplicated(rows), params);
  const first = agents[0];
  let reasoning = `${outage} \`${first?.name}\` is the agent of the registry for the role \`${first?.role}\`; nothing was ranked.`;
  if (first === undefined) {
    const names = roles.slice(0, MAX_LISTED_ROLES).map((role) => role.name);
    reasoning = `${outage} No role of the registry matches; its roles are ${names.join(', ')}.`;
  }
  return { agents, reasoning, confidence: 0, cache_hit: false };
}

/** Roles that have keywords of the request, those with the most first. */
function rankByKeywords(roles: readonly Role[], params: AgentQueryParams): Role[] {
  const capability = keywords(params.capability);
  const context = keywords(params.context);
  const scored = roles.map((role) => {
    const skills = keywords(`${role.name} ${role.capabilities.join(' ')}`);
    const about = [...skills, ...keywords(`${role.use_when} ${role.primary}`)];
    // A capability that is requested is required.
    const isCapable = capability.length === 0 || countShared(capability, about) > 0;
    return { role, score: isCapable ? 3 * countShared(capability, skills) + countShared(context, about) : 0 };
  });
  const found = scored.filter(({ score }) => score > 0).sort((one, other) => other.score - one.score);
  return found.map(({ role }) => role);
}

function keywords(text: unknown): string[] {
  if (typeof text !== 'string') return [];
  const all = text.toLowerCase().match(/[\p{L}\p{N}+#]+/gu) ?? [];
  return [...new Set(all.filter((word) => word.length > 1 && !STOP_WORDS.has(word)))];
}

function countShared(wanted: string[], present: string[]): number {
  const isPresent = (word: string): boolean =>
    present.some((other) => other === word || (word.length >= STEM_LENGTH && other.slice(0, STEM_LENGTH) === word.slice(0, STEM_LENGTH)));
  return wanted.filter(isPresent).length;
}

function primaryOf(role: Role): AgentRow {
  return {
    ...rowOf(role.primary, role),
    description: role.use_when,
    model: role.model ?? 'inherit',
    capabilities: [...role.capabilities],
    ...(role.fallbacks.length > 0 ? { fallbacks: [...role.fallbacks] } : {}),
  };
}

/** The primary agent, then its fallbacks. */
function rowsOf(role: Role): AgentRow[] {
  return [primaryOf(role), ...role.fallbacks.map((fallback) => rowOf(fallback, role))];
}

function rowOf(reference: string, role: Role): AgentRow {
  const colon = reference.indexOf(':');
  return {
    id: reference,
    name: reference.slice(reference.lastIndexOf(':') + 1),
    description: '',
    model: 'inherit',
    capabilities: [],
    plugin: colon < 0 ? '' : reference.slice(0, colon),
    scope: 'project',
    role: role.name,
    score: 0,
  };
}

function deduplicated(rows: AgentRow[]): AgentRow[] {
  return rows.filter((row, at) => rows.findIndex((other) => other.id === row.id) === at);
}

/** Applies `plugin`, `limit` and `max_tokens`. */
function limited(rows: AgentRow[], { limit, plugin, max_tokens }: AgentQueryParams): AgentRow[] {
  const most = max_tokens === undefined ? DEFAULT_LIMIT : MAX_LIMIT;
  const count = Number.isInteger(limit) ? Math.min(Math.max(limit ?? most, 1), MAX_LIMIT) : most;
  const fitting = rows.filter((row) => plugin === undefined || row.plugin === plugin).slice(0, count);
  let left = typeof max_tokens === 'number' ? max_tokens : Infinity;
  return fitting.filter((row) => {
    left -= Math.ceil((JSON.stringify(row).length + 1) / 4);
    return left >= 0;
  });
}
