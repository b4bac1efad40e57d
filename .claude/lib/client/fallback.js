/** What stands in for the service while it is not available: the roles of a registry, matched by their words. */
import { normalName } from './registry.js';
/** Rows of an answer where the caller says nothing of them, and at most. */
const DEFAULT_LIMIT = 5;
const MAX_LIMIT = 20;
/** Roles that an answer without rows names. */
const MAX_NAMED_ROLES = 40;
/** Words alike in this many first letters are taken for forms of one word. */
const STEM = 5;
/** Words too common to say anything. */
const COMMON = new Set('and are for from has how into its not our out that the this those when with you your'.split(' '));
/** Who can do it, as far as the roles say. Nothing is ranked by more than words, so that `confidence` is 0. */
export function agentsByRole(roles, params, why) {
    const told = `The service is not available (${why}).`;
    const wanted = typeof params.role === 'string' ? normalName(params.role) : '';
    const named = wanted === '' ? undefined : roles.find((role) => normalName(role.name) === wanted);
    const matching = rankedByWords(roles, params).filter((role) => role !== named);
    const rows = [...(named === undefined ? [] : rowsOf(named)), ...matching.map(primaryOf)];
    const agents = bounded(withoutDoubles(rows), params);
    const first = agents[0];
    let reasoning = `${told} \`${first?.name}\` is whom the registry names for the role \`${first?.role}\`; nothing was ranked.`;
    if (first === undefined) {
        const names = roles.slice(0, MAX_NAMED_ROLES).map((role) => role.name);
        reasoning = `${told} No role of the registry matches; it knows ${names.join(', ')}.`;
    }
    return { agents, reasoning, confidence: 0, cache_hit: false };
}
/** Roles that share words with the request, those with the most first. */
function rankedByWords(roles, params) {
    const capability = words(params.capability);
    const context = words(params.context);
    const scored = roles.map((role) => {
        const skills = words(`${role.name} ${role.capabilities.join(' ')}`);
        const about = [...skills, ...words(`${role.use_when} ${role.primary}`)];
        // A capability was named to be had.
        const has = 3 * shared(capability, skills) + shared(context, about);
        return { role, score: capability.length > 0 && shared(capability, about) === 0 ? 0 : has };
    });
    const found = scored.filter(({ score }) => score > 0).sort((one, other) => other.score - one.score);
    return found.map(({ role }) => role);
}
function words(text) {
    if (typeof text !== 'string')
        return [];
    const all = text.toLowerCase().match(/[\p{L}\p{N}+#]+/gu) ?? [];
    return [...new Set(all.filter((word) => word.length > 1 && !COMMON.has(word)))];
}
function shared(wanted, known) {
    const isKnown = (word) => known.some((other) => other === word || (word.length >= STEM && other.slice(0, STEM) === word.slice(0, STEM)));
    return wanted.filter(isKnown).length;
}
function primaryOf(role) {
    return {
        ...rowOf(role.primary, role),
        description: role.use_when,
        model: role.model ?? 'inherit',
        capabilities: [...role.capabilities],
        ...(role.fallbacks.length > 0 ? { fallbacks: [...role.fallbacks] } : {}),
    };
}
/** Who is asked first, then who is asked next. */
function rowsOf(role) {
    return [primaryOf(role), ...role.fallbacks.map((fallback) => rowOf(fallback, role))];
}
function rowOf(reference, role) {
    const colon = reference.indexOf(':');
    return {
        id: reference,
        name: reference.slice(reference.lastIndexOf(':') + 1),
        description: '',
        model: 'inherit',
        capabilities: [],
        plugin: colon < 0 ? '' : reference.slice(0, colon),
        role: role.name,
        score: 0,
    };
}
function withoutDoubles(rows) {
    return rows.filter((row, at) => rows.findIndex((other) => other.id === row.id) === at);
}
/** At most as many rows, and as many tokens, as were asked for. */
function bounded(rows, { limit, plugin, max_tokens }) {
    const most = max_tokens === undefined ? DEFAULT_LIMIT : MAX_LIMIT;
    const asked = Number.isInteger(limit) ? Math.min(Math.max(limit ?? most, 1), MAX_LIMIT) : most;
    const fitting = rows.filter((row) => plugin === undefined || row.plugin === plugin).slice(0, asked);
    let left = typeof max_tokens === 'number' ? max_tokens : Infinity;
    return fitting.filter((row) => {
        left -= Math.ceil((JSON.stringify(row).length + 1) / 4);
        return left >= 0;
    });
}
