/**
 * The agent registry: which agents a project asks first for a role. A small reader of the shape that file has
 * (a map of roles, each with texts and lists of texts): what is wrong in it is told once, the rest is used.
 */
import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { wordsOf } from './say.js';
/** Where a project keeps its registry. */
const NAMES = [join('.claude', 'agent-registry.yml'), join('.claude', 'agent-registry.yaml')];
/** Bytes of a registry; the known ones have 8 KB. */
const MAX_BYTES = 256 * 1024;
/** Roles of a registry. */
const MAX_ROLES = 1_000;
/** Sentences about one registry that are told. */
const MAX_COMPLAINTS = 10;
/** Roles for where there is no registry: agents under the names that collections commonly give them. */
export const EMBEDDED_ROLES = [
    embedded('frontend_developer', 'frontend-developer', ['fullstack-developer', 'react-specialist'], {
        capabilities: ['frontend', 'react', 'vue', 'angular', 'css', 'accessibility'],
        use_when: 'building pages, components and client-side logic',
    }),
    embedded('backend_developer', 'backend-developer', ['fullstack-developer', 'python-developer'], {
        capabilities: ['backend', 'api', 'rest', 'authentication', 'database'],
        use_when: 'building endpoints, services and business logic',
    }),
    embedded('architect', 'architect', ['fullstack-developer'], {
        capabilities: ['architecture', 'system design', 'scalability'],
        use_when: 'designing a system or deciding how its parts fit together',
    }),
    embedded('security_auditor', 'security-auditor', ['backend-developer'], {
        capabilities: ['security', 'owasp', 'authentication', 'vulnerabilities'],
        use_when: 'a change touches logins, input from outside or money',
    }),
    embedded('test_engineer', 'test-engineer', ['fullstack-developer'], {
        capabilities: ['testing', 'test automation', 'coverage'],
        use_when: 'writing tests and pinning down behaviour',
    }),
];
function embedded(name, primary, fallbacks, more) {
    return { name, primary, fallbacks, model: undefined, ...more };
}
/** The roles of a project, read again when the file changes. */
export class Registry {
    #paths;
    #named;
    #voice;
    #read;
    /** `path` is the user's own choice; relative to the project's root. */
    constructor(project, path, voice) {
        this.#paths = (path ? [path] : NAMES).map((name) => resolve(project.root, name));
        this.#named = Boolean(path);
        this.#voice = voice;
    }
    /** The roles, and whether they are the project's own. */
    roles() {
        for (const path of this.#paths) {
            try {
                const roles = this.#rolesIn(path);
                return roles.length > 0 ? { roles, own: true } : { roles: EMBEDDED_ROLES, own: false };
            }
            catch (error) {
                const isMissing = error.code === 'ENOENT';
                if (!isMissing || this.#named)
                    this.#voice.once(`registry ${path}`, `${path} cannot be used: ${wordsOf(error)}`);
            }
        }
        return { roles: EMBEDDED_ROLES, own: false };
    }
    #rolesIn(path) {
        const stats = statSync(path);
        const key = `${path} ${stats.ino} ${stats.mtimeMs} ${stats.size}`;
        if (this.#read?.key !== key) {
            // A pipe would be waited for.
            if (!stats.isFile())
                throw new Error('it is not a regular file');
            if (stats.size > MAX_BYTES)
                throw new Error('it is larger than 256 KiB');
            const { roles, problems } = readRoles(readFileSync(path, 'utf8'));
            this.#read = { key, roles };
            this.#complain(path, key, roles, problems);
        }
        return this.#read.roles;
    }
    #complain(path, key, roles, problems) {
        if (problems.length === 0)
            return;
        const told = problems.slice(0, MAX_COMPLAINTS).join('; ');
        const more = problems.length > MAX_COMPLAINTS ? `; and ${problems.length - MAX_COMPLAINTS} more` : '';
        this.#voice.once(`registry ${key}`, `${path}: ${told}${more}; its other ${roles.length} roles are used`);
    }
}
/** Names of roles and agents are alike where case, blanks, `-` and `_` do not matter. */
export function normalName(name) {
    return name.trim().toLowerCase().replace(/[-\s]/g, '_');
}
/** Reads roles from the text of a registry; problems name the line. */
export function readRoles(text) {
    const problems = [];
    const lines = linesOf(text);
    const start = lines.findIndex((line) => line.indent === 0 && /^(['"]?)roles\1\s*:\s*$/.test(line.text));
    if (start < 0)
        return { roles: [], problems: ['there is no `roles:`'] };
    const roles = new Map();
    const rest = lines.slice(start + 1);
    const end = rest.findIndex((line) => line.indent === 0);
    const inside = end < 0 ? rest : rest.slice(0, end);
    const depth = inside[0]?.indent ?? 0;
    for (const block of blocksOf(inside, depth)) {
        if (roles.size >= MAX_ROLES) {
            problems.push(`there are more than ${MAX_ROLES} roles`);
            break;
        }
        const role = roleOf(block, problems);
        if (role !== undefined)
            roles.set(normalName(role.name), role);
    }
    return { roles: [...roles.values()], problems };
}
function linesOf(text) {
    const all = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
    return all.flatMap((raw, index) => {
        const kept = withoutComment(raw).trimEnd();
        if (kept.trim() === '' || kept === '---' || kept === '...')
            return [];
        const indent = /^[ \t]*/.exec(kept)?.[0].length ?? 0;
        return [{ at: index + 1, indent, text: kept.trim() }];
    });
}
/** A `#` begins a comment at the start or after a blank, outside quotes. */
function withoutComment(line) {
    let quote = '';
    for (let at = 0; at < line.length; at += 1) {
        const char = line.charAt(at);
        if (quote !== '') {
            if (char === '\\' && quote === '"')
                at += 1;
            else if (char === quote)
                quote = '';
        }
        else if ((char === '"' || char === "'") && /(^|[\s[,:])$/.test(line.slice(0, at)))
            quote = char;
        else if (char === '#' && (at === 0 || /\s/.test(line.charAt(at - 1))))
            return line.slice(0, at);
    }
    return line;
}
/** Runs of lines that each begin at `depth`; the deeper ones belong to the one before them. */
function blocksOf(lines, depth) {
    const blocks = [];
    for (const line of lines) {
        const last = blocks[blocks.length - 1];
        if (line.indent > depth && last !== undefined)
            last.push(line);
        else
            blocks.push([line]);
    }
    return blocks;
}
function roleOf([head, ...body], problems) {
    if (head === undefined)
        return undefined;
    const entry = entryIn(head.text);
    if (entry === undefined) {
        problems.push(`line ${head.at} is no role`);
        return undefined;
    }
    const fields = new Map();
    // `role: plugin:agent` says who fills it and nothing else.
    if (entry.rest !== '')
        fields.set('primary', valueOf(entry.rest, [], head.at, problems));
    const depth = body[0]?.indent ?? 0;
    for (const [line, ...more] of blocksOf(joined(body, depth), depth)) {
        const field = line && entryIn(line.text);
        if (line === undefined || field === undefined)
            problems.push(`line ${line?.at} says nothing of ${entry.key}`);
        else
            fields.set(field.key, valueOf(field.rest, more, line.at, problems));
    }
    const primary = one(fields.get('primary'));
    if (primary === '') {
        problems.push(`the role ${entry.key} (line ${head.at}) names no primary agent`);
        return undefined;
    }
    return {
        name: entry.key,
        primary,
        fallbacks: many(fields.get('fallbacks')),
        capabilities: many(fields.get('capabilities')),
        model: one(fields.get('model')) || undefined,
        use_when: one(fields.get('use_when')) || one(fields.get('use-when')),
    };
}
/** List items may stand as deep as the key they belong to: they are put one deeper. */
function joined(lines, depth) {
    return lines.map((line) => (/^-(\s|$)/.test(line.text) && line.indent === depth ? { ...line, indent: depth + 1 } : line));
}
function entryIn(text) {
    const found = /^("[^"]*"|'[^']*'|[^\s"'[\]{},:][^:]*?)\s*:(?:\s+(.*))?$/.exec(text);
    const key = found?.[1];
    return key === undefined ? undefined : { key: unquoted(key), rest: found?.[2] ?? '' };
}
/** The value after a key: a text, `[a, b]` also over several lines, a block of items or of text. */
function valueOf(rest, more, at, problems) {
    const items = more.filter((line) => /^-(\s|$)/.test(line.text));
    if (rest === '' && more.length > 0 && items.length === more.length) {
        return items.map((line) => unquoted(line.text.slice(1).trim())).filter((item) => item !== '');
    }
    const all = [rest, ...more.map((line) => line.text)].join(' ').trim();
    if (all.startsWith('[')) {
        if (!all.endsWith(']')) {
            problems.push(`the list in line ${at} is not closed`);
            return undefined;
        }
        return partsOf(all.slice(1, -1));
    }
    if (/^[{&*!%@`]/.test(all) || (/^["']/.test(all) && (all.length < 2 || all.at(-1) !== all[0]))) {
        problems.push(`the value in line ${at} cannot be read`);
        return undefined;
    }
    return unquoted(all.replace(/^[>|][+-]?\s+/, ''));
}
/** The parts of an inline list; a comma within quotes separates nothing. */
function partsOf(text) {
    const parts = text.match(/"(?:\\.|[^"\\])*"|'(?:''|[^'])*'|[^,]+/g) ?? [];
    return parts.map((part) => unquoted(part.trim())).filter((part) => part !== '');
}
function unquoted(text) {
    if (text.length < 2 || text.at(-1) !== text[0])
        return text;
    if (text.startsWith("'"))
        return text.slice(1, -1).replaceAll("''", "'");
    if (!text.startsWith('"'))
        return text;
    try {
        return String(JSON.parse(text));
    }
    catch {
        return text.slice(1, -1);
    }
}
const one = (value) => (typeof value === 'string' ? value : '');
const many = (value) => (Array.isArray(value) ? value : value === undefined || value === '' ? [] : [value]);
