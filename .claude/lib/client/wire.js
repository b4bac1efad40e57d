/**
 * The wire types: the parameters and results of every method, and readers that validate the shape of a result.
 * Unknown fields are preserved; optional fields that are missing get a default.
 */
/** The version of the service that this client belongs to. */
export const CLIENT_VERSION = '0.1.0';
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
};
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
};
/** A response that does not have the expected shape. */
export class InvalidResponse extends Error {
}
/** Checks that a value is an object; throws `InvalidResponse` if not. */
export function object(value, what) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new InvalidResponse(`${what} is not an object`);
    }
    return value;
}
function list(value, what, read) {
    if (!Array.isArray(value))
        throw new InvalidResponse(`${what} is not a list`);
    return value.map(read);
}
const nonEmpty = (value, what) => {
    if (typeof value !== 'string' || value === '')
        throw new InvalidResponse(`${what} is not a string`);
    return value;
};
const string = (value) => (typeof value === 'string' ? value : '');
const number = (value) => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
const strings = (value) => Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
/** The lists of strings among optional fields; those that are missing are left out. */
function optionalLists(fields, ...keys) {
    const present = keys.filter((key) => Array.isArray(fields[key]));
    return Object.fromEntries(present.map((key) => [key, strings(fields[key])]));
}
const SCOPES = ['project', 'user', 'managed', 'server', 'offloaded'];
/** Services that do not say know no other scope than the project. */
const scope = (value) => SCOPES.find((known) => known === value) ?? 'project';
function row(value) {
    const fields = object(value, 'a row');
    const name = nonEmpty(fields['name'], 'the name of a row');
    // Older services send no id.
    const plugin = string(fields['plugin']);
    const id = string(fields['id']) || (plugin === '' ? name : `${plugin}:${name}`);
    const rest = { description: string(fields['description']), plugin, scope: scope(fields['scope']) };
    return { ...fields, id, name, ...rest, score: number(fields['score']) };
}
function agentRow(value) {
    const fields = row(value);
    return {
        ...fields,
        model: string(fields['model']) || 'inherit',
        capabilities: strings(fields['capabilities']),
        ...optionalLists(fields, 'fallbacks', 'copies'),
    };
}
function skillRow(value) {
    const fields = row(value);
    return {
        ...fields,
        category: string(fields['category']),
        keywords: strings(fields['keywords']),
        ...optionalLists(fields, 'copies'),
    };
}
function workflowRow(value) {
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
function tokenUse(fields) {
    const { tokens, token_estimator } = fields;
    return {
        ...(typeof tokens === 'number' ? { tokens } : {}),
        ...(typeof token_estimator === 'string' ? { token_estimator } : {}),
    };
}
function answerMeta(fields) {
    return {
        reasoning: string(fields['reasoning']),
        confidence: number(fields['confidence']),
        cache_hit: fields['cache_hit'] === true,
        ...tokenUse(fields),
    };
}
function pattern(value) {
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
    return { agents: list(fields['agents'], '`agents`', agentRow), ...answerMeta(fields) };
}
export function readSkills(result) {
    const fields = object(result, 'the answer');
    return { skills: list(fields['skills'], '`skills`', skillRow), ...answerMeta(fields) };
}
export function readWorkflows(result) {
    const fields = object(result, 'the answer');
    return { workflows: list(fields['workflows'], '`workflows`', workflowRow), ...answerMeta(fields) };
}
export function readPattern(result) {
    const fields = object(result, 'the answer');
    const alternatives = list(fields['alternatives'] ?? [], '`alternatives`', match);
    return { ...match(fields), alternatives, ...answerMeta(fields) };
}
export function readMatches(result) {
    const fields = object(result, 'the answer');
    return { matches: list(fields['matches'], '`matches`', match), ...answerMeta(fields) };
}
export function readStored(result) {
    const fields = object(result, 'the answer');
    return { id: nonEmpty(fields['id'], '`id`'), created: fields['created'] === true, warnings: strings(fields['warnings']) };
}
export function readDecision(result) {
    const fields = object(result, 'the answer');
    if (typeof fields['stored'] !== 'boolean')
        throw new InvalidResponse('`stored` is not a boolean');
    const learned = fields['pattern'];
    const replaced = fields['replaced'];
    return {
        stored: fields['stored'],
        pattern: learned === null || learned === undefined ? null : pattern(learned),
        ...(replaced === undefined ? {} : { replaced: replacedDecision(replaced) }),
        warnings: strings(fields['warnings']),
    };
}
function replacedDecision(value) {
    const fields = object(value, 'the decision that was replaced');
    const { result, decided_at } = fields;
    return {
        agents_used: strings(fields['agents_used']),
        ...(typeof result === 'string' ? { result } : {}),
        ...(typeof decided_at === 'string' ? { decided_at } : {}),
    };
}
export function readDefinition(result) {
    const fields = object(result, 'the answer');
    const source = object(fields['source'] ?? {}, '`source`');
    const kind = fields['kind'];
    if (kind !== 'agent' && kind !== 'skill' && kind !== 'workflow')
        throw new InvalidResponse('`kind` is unknown');
    if (typeof fields['body'] !== 'string')
        throw new InvalidResponse('`body` is not a string');
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
function explainedHit(value) {
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
export function readExplained(result) {
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
export function readHealth(result) {
    const fields = object(result, 'its health');
    const status = fields['status'];
    if (status !== 'healthy' && status !== 'degraded')
        throw new InvalidResponse('its health has an unknown `status`');
    const indexes = object(fields['indexes'], 'its `indexes`');
    if (typeof indexes['agents'] !== 'number')
        throw new InvalidResponse('its `indexes` have no number of agents');
    const project = fields['project'];
    if (project !== undefined)
        nonEmpty(object(project, '`project`')['id'], 'the id of its project');
    return { ...fields, status };
}
/**
 * The error with which an Adjutant refuses a request: the `error` of a JSON-RPC response, or an object of `code`, `error`
 * (its name), `message` and `data` where JSON-RPC is not spoken. Undefined if it is neither.
 */
export function readRefusal(body) {
    if (typeof body !== 'object' || body === null)
        return undefined;
    const { jsonrpc, code, error } = body;
    const isNamed = Object.entries(ERROR_CODES).some(([name, known]) => name === error && known.code === code);
    const stated = isNamed ? body : jsonrpc === '2.0' ? error : undefined;
    return stated === undefined ? undefined : readCallError(stated);
}
/** An error object: the `error` member of a JSON-RPC response. */
export function readCallError(value) {
    const fields = object(value, '`error`');
    if (typeof fields['code'] !== 'number')
        throw new InvalidResponse('an error has no code');
    const data = typeof fields['data'] === 'object' && fields['data'] !== null ? fields['data'] : {};
    return {
        code: fields['code'],
        message: string(fields['message']),
        ...optionalLists(data, 'validation_errors', 'suggestions', 'methods'),
        ...(typeof data['reason'] === 'string' ? { reason: data['reason'] } : {}),
        ...(typeof data['retry_after_ms'] === 'number' ? { retry_after_ms: data['retry_after_ms'] } : {}),
        ...(typeof data['correlation_id'] === 'string' ? { correlation_id: data['correlation_id'] } : {}),
    };
}
