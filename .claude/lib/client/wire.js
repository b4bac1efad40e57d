/**
 * What goes over the wire: the parameters and results of every method, and readers that take an answer only in
 * its known shape. Fields that are not known are kept and ignored; optional ones that are missing get a default.
 */
/** Version of the service this client was written with. */
export const CLIENT_VERSION = '0.1.0';
/** An answer that has not the shape it should have. */
export class WrongShape extends Error {
}
/** An object, or `WrongShape`. */
export function object(value, what) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new WrongShape(`${what} is no object`);
    }
    return value;
}
function list(value, what, read) {
    if (!Array.isArray(value))
        throw new WrongShape(`${what} is no list`);
    return value.map(read);
}
const named = (value, what) => {
    if (typeof value !== 'string' || value === '')
        throw new WrongShape(`${what} is no text`);
    return value;
};
const text = (value) => (typeof value === 'string' ? value : '');
const number = (value) => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
const texts = (value) => Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
/** Optional members of a row, left out where they are not there. */
function optionalTexts(fields, ...keys) {
    const present = keys.filter((key) => Array.isArray(fields[key]));
    return Object.fromEntries(present.map((key) => [key, texts(fields[key])]));
}
function row(value) {
    const fields = object(value, 'a row');
    const name = named(fields['name'], 'the name of a row');
    // An older service says no id.
    const plugin = text(fields['plugin']);
    const id = text(fields['id']) || (plugin === '' ? name : `${plugin}:${name}`);
    return { ...fields, id, name, description: text(fields['description']), plugin, score: number(fields['score']) };
}
function agentRow(value) {
    const fields = row(value);
    return {
        ...fields,
        model: text(fields['model']) || 'inherit',
        capabilities: texts(fields['capabilities']),
        ...optionalTexts(fields, 'fallbacks', 'copies'),
    };
}
function skillRow(value) {
    const fields = row(value);
    return {
        ...fields,
        category: text(fields['category']),
        keywords: texts(fields['keywords']),
        ...optionalTexts(fields, 'copies'),
    };
}
function workflowRow(value) {
    const fields = row(value);
    return {
        ...fields,
        arguments: text(fields['arguments']),
        steps: texts(fields['steps']),
        agents: texts(fields['agents']),
        ...optionalTexts(fields, 'copies'),
    };
}
function answered(fields) {
    return {
        reasoning: text(fields['reasoning']),
        confidence: number(fields['confidence']),
        cache_hit: fields['cache_hit'] === true,
        ...(typeof fields['tokens'] === 'number' ? { tokens: fields['tokens'] } : {}),
    };
}
function pattern(value) {
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
function match(value) {
    const fields = object(value, 'a match');
    return {
        pattern: pattern(fields['pattern']),
        success_rate: number(fields['success_rate']),
        similarity: number(fields['similarity']),
        task_count: number(fields['task_count']),
    };
}
export function readAgents(result) {
    const fields = object(result, 'the answer');
    return { agents: list(fields['agents'], '`agents`', agentRow), ...answered(fields) };
}
export function readSkills(result) {
    const fields = object(result, 'the answer');
    return { skills: list(fields['skills'], '`skills`', skillRow), ...answered(fields) };
}
export function readWorkflows(result) {
    const fields = object(result, 'the answer');
    return { workflows: list(fields['workflows'], '`workflows`', workflowRow), ...answered(fields) };
}
export function readPattern(result) {
    const fields = object(result, 'the answer');
    const alternatives = list(fields['alternatives'] ?? [], '`alternatives`', match);
    return { ...match(fields), alternatives, ...answered(fields) };
}
export function readMatches(result) {
    const fields = object(result, 'the answer');
    return { matches: list(fields['matches'], '`matches`', match), ...answered(fields) };
}
export function readStored(result) {
    const fields = object(result, 'the answer');
    return { id: named(fields['id'], '`id`'), created: fields['created'] === true, warnings: texts(fields['warnings']) };
}
export function readDecision(result) {
    const fields = object(result, 'the answer');
    if (fields['stored'] !== true)
        throw new WrongShape('`stored` is not true');
    const learned = fields['pattern'];
    return {
        stored: true,
        pattern: learned === null || learned === undefined ? null : pattern(learned),
        warnings: texts(fields['warnings']),
    };
}
export function readDefinition(result) {
    const fields = object(result, 'the answer');
    const source = object(fields['source'] ?? {}, '`source`');
    const kind = fields['kind'];
    if (kind !== 'agent' && kind !== 'skill' && kind !== 'workflow')
        throw new WrongShape('`kind` is not known');
    if (typeof fields['body'] !== 'string')
        throw new WrongShape('`body` is no text');
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
function explainedHit(value) {
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
export function readExplained(result) {
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
export function readHealth(result) {
    const fields = object(result, 'its health');
    const status = fields['status'];
    if (status !== 'healthy' && status !== 'degraded')
        throw new WrongShape('its health has no known `status`');
    const indexes = object(fields['indexes'], 'what it has indexed');
    if (typeof indexes['agents'] !== 'number')
        throw new WrongShape('it does not say how many agents it knows');
    const project = fields['project'];
    if (project !== undefined)
        named(object(project, '`project`')['id'], 'the id of its project');
    return { ...fields, status };
}
/** A refusal as JSON-RPC words it. */
export function readRefusal(value) {
    const fields = object(value, '`error`');
    if (typeof fields['code'] !== 'number')
        throw new WrongShape('an error without code');
    const data = typeof fields['data'] === 'object' && fields['data'] !== null ? fields['data'] : {};
    return {
        code: fields['code'],
        message: text(fields['message']),
        ...optionalTexts(data, 'validation_errors', 'suggestions'),
    };
}
