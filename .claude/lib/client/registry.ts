/**
 * The agent registry: which agents a project prefers for a role. A small parser for the subset of YAML that the file uses
 * (a map of roles, each with strings and lists of strings): errors are logged once, and the other roles are used.
 */

import { join } from 'node:path';

import { confinedPath, ConfinedFsError, type ConfinedPath, readConfined } from './confined-fs.js';
import { errorMessage, type Logger } from './logger.js';
import type { Project } from './project.js';

/** Default locations in a project. */
const DEFAULT_PATHS = [join('.claude', 'agent-registry.yml'), join('.claude', 'agent-registry.yaml')];

/** Largest registry; typical ones have 8 KB. */
const MAX_BYTES = 256 * 1024;

/** Most roles of a registry. */
const MAX_ROLES = 1_000;

/** Most errors of one registry that are logged. */
const MAX_LOGGED_PROBLEMS = 10;

/** One role and the agents that fill it. */
export interface Role {
  name: string;
  /** `plugin:name` or a bare name. */
  primary: string;
  fallbacks: string[];
  capabilities: string[];
  model: string | undefined;
  use_when: string;
}

/** Roles for a project without a registry: agents under the names that collections commonly use. */
export const EMBEDDED_ROLES: readonly Role[] = [
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

function embedded(name: string, primary: string, fallbacks: string[], more: Pick<Role, 'capabilities' | 'use_when'>): Role {
  return { name, primary, fallbacks, model: undefined, ...more };
}

/** The roles of a project, parsed again when the file changes. */
export class Registry {
  readonly #paths: ConfinedPath[];
  readonly #isNamed: boolean;
  readonly #logger: Logger;
  #parsed: { key: string; roles: Role[] } | undefined;

  /** `path` is the user's choice, relative to the project's root. */
  constructor(project: Project, path: string | undefined, logger: Logger) {
    this.#paths = (path ? [path] : DEFAULT_PATHS).map((name) => confinedPath(project.root, name));
    this.#isNamed = Boolean(path);
    this.#logger = logger;
  }

  /** The roles, and whether they are the project's own. */
  roles(): { roles: readonly Role[]; isOwn: boolean } {
    for (const path of this.#paths) {
      try {
        const roles = this.#rolesIn(path);
        return roles.length > 0 ? { roles, isOwn: true } : { roles: EMBEDDED_ROLES, isOwn: false };
      } catch (error) {
        const isMissing = error instanceof ConfinedFsError && error.code === 'ENOENT';
        if (isMissing && !this.#isNamed) continue;
        this.#logger.warnOnce(`registry ${path.path}`, `the agent registry cannot be read: ${errorMessage(error)}`);
      }
    }
    return { roles: EMBEDDED_ROLES, isOwn: false };
  }

  #rolesIn(path: ConfinedPath): Role[] {
    const keyOf = (version: string): string => `${path.path} ${version}`;
    const { info, text } = readConfined(path, MAX_BYTES, {
      linksWithin: true,
      skip: ({ version }) => this.#parsed?.key === keyOf(version),
    });
    if (this.#parsed === undefined || text !== undefined) {
      const { roles, problems } = parseRoles(text ?? '');
      this.#parsed = { key: keyOf(info.version), roles };
      this.#logProblems(join(path.root, path.path), info.version, roles, problems);
    }
    return this.#parsed.roles;
  }

  #logProblems(path: string, version: string, roles: Role[], problems: string[]): void {
    if (problems.length === 0) return;
    const first = problems.slice(0, MAX_LOGGED_PROBLEMS).join('; ');
    const more = problems.length > MAX_LOGGED_PROBLEMS ? `; and ${problems.length - MAX_LOGGED_PROBLEMS} more` : '';
    this.#logger.warnOnce(`registry ${path} ${version}`, `${path}: ${first}${more}; its other ${roles.length} roles are used`);
  }
}

/** Normalises the name of a role or agent: case, blanks, `-` and `_` make no difference. */
export function normalizeName(name: string): string {
  return name.trim().toLowerCase().replace(/[-\s]/g, '_');
}

interface Line {
  /** Counted from 1. */
  number: number;
  indent: number;
  text: string;
}

type Value = string | string[] | undefined;

/** Parses the roles of a registry; problems name the line. */
export function parseRoles(text: string): { roles: Role[]; problems: string[] } {
  const problems: string[] = [];
  const lines = splitLines(text);
  const start = lines.findIndex((line) => line.indent === 0 && /^(['"]?)roles\1\s*:\s*$/.test(line.text));
  if (start < 0) return { roles: [], problems: ['there is no `roles:` section'] };
  const roles = new Map<string, Role>();
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.indent === 0);
  const inside = end < 0 ? rest : rest.slice(0, end);
  const depth = inside[0]?.indent ?? 0;
  for (const block of splitBlocks(inside, depth)) {
    if (roles.size >= MAX_ROLES) {
      problems.push(`there are more than ${MAX_ROLES} roles`);
      break;
    }
    const role = parseRole(block, problems);
    if (role !== undefined) roles.set(normalizeName(role.name), role);
  }
  return { roles: [...roles.values()], problems };
}

function splitLines(text: string): Line[] {
  const all = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  return all.flatMap((raw, index) => {
    const line = stripComment(raw).trimEnd();
    if (line.trim() === '' || line === '---' || line === '...') return [];
    const indent = /^[ \t]*/.exec(line)?.[0].length ?? 0;
    return [{ number: index + 1, indent, text: line.trim() }];
  });
}

/** A `#` starts a comment at the start of a line or after a blank, outside quotes. */
function stripComment(line: string): string {
  let quote = '';
  for (let at = 0; at < line.length; at += 1) {
    const char = line.charAt(at);
    if (quote !== '') {
      if (char === '\\' && quote === '"') at += 1;
      else if (char === quote) quote = '';
    } else if ((char === '"' || char === "'") && /(^|[\s[,:])$/.test(line.slice(0, at))) quote = char;
    else if (char === '#' && (at === 0 || /\s/.test(line.charAt(at - 1)))) return line.slice(0, at);
  }
  return line;
}

/** Groups lines into blocks: one line at `depth`, and the deeper ones after it. */
function splitBlocks(lines: Line[], depth: number): Line[][] {
  const blocks: Line[][] = [];
  for (const line of lines) {
    const last = blocks[blocks.length - 1];
    if (line.indent > depth && last !== undefined) last.push(line);
    else blocks.push([line]);
  }
  return blocks;
}

function parseRole([head, ...body]: Line[], problems: string[]): Role | undefined {
  if (head === undefined) return undefined;
  const entry = parseEntry(head.text);
  if (entry === undefined) {
    problems.push(`line ${head.number} is not a role`);
    return undefined;
  }
  const fields = new Map<string, Value>();
  // The short form `role: plugin:agent`.
  if (entry.rest !== '') fields.set('primary', parseValue(entry.rest, [], head.number, problems));
  const depth = body[0]?.indent ?? 0;
  for (const [line, ...more] of splitBlocks(indentItems(body, depth), depth)) {
    const field = line && parseEntry(line.text);
    if (line === undefined || field === undefined) problems.push(`line ${line?.number} is not a field of ${entry.key}`);
    else fields.set(field.key, parseValue(field.rest, more, line.number, problems));
  }
  const primary = asString(fields.get('primary'));
  if (primary === '') {
    problems.push(`the role ${entry.key} (line ${head.number}) has no primary agent`);
    return undefined;
  }
  return {
    name: entry.key,
    primary,
    fallbacks: asList(fields.get('fallbacks')),
    capabilities: asList(fields.get('capabilities')),
    model: asString(fields.get('model')) || undefined,
    use_when: asString(fields.get('use_when')) || asString(fields.get('use-when')),
  };
}

/** List items may be indented like the key that they belong to: they are indented by one more. */
function indentItems(lines: Line[], depth: number): Line[] {
  return lines.map((line) => (/^-(\s|$)/.test(line.text) && line.indent === depth ? { ...line, indent: depth + 1 } : line));
}

function parseEntry(text: string): { key: string; rest: string } | undefined {
  const found = /^("[^"]*"|'[^']*'|[^\s"'[\]{},:][^:]*?)\s*:(?:\s+(.*))?$/.exec(text);
  const key = found?.[1];
  return key === undefined ? undefined : { key: unquote(key), rest: found?.[2] ?? '' };
}

/** The value after a key: a string, `[a, b]` also over several lines, a block of items or of text. */
function parseValue(rest: string, more: Line[], lineNumber: number, problems: string[]): Value {
  const items = more.filter((line) => /^-(\s|$)/.test(line.text));
  if (rest === '' && more.length > 0 && items.length === more.length) {
    return items.map((line) => unquote(line.text.slice(1).trim())).filter((item) => item !== '');
  }
  const all = [rest, ...more.map((line) => line.text)].join(' ').trim();
  if (all.startsWith('[')) {
    if (!all.endsWith(']')) {
      problems.push(`the list in line ${lineNumber} is not closed`);
      return undefined;
    }
    return splitList(all.slice(1, -1));
  }
  if (/^[{&*!%@`]/.test(all) || (/^["']/.test(all) && (all.length < 2 || all.at(-1) !== all[0]))) {
    problems.push(`the value in line ${lineNumber} is not supported`);
    return undefined;
  }
  return unquote(all.replace(/^[>|][+-]?\s+/, ''));
}

/** The items of an inline list; a comma within quotes is part of an item. */
function splitList(text: string): string[] {
  const items = text.match(/"(?:\\.|[^"\\])*"|'(?:''|[^'])*'|[^,]+/g) ?? [];
  return items.map((item) => unquote(item.trim())).filter((item) => item !== '');
}

function unquote(text: string): string {
  if (text.length < 2 || text.at(-1) !== text[0]) return text;
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  if (!text.startsWith('"')) return text;
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
}

const asString = (value: Value): string => (typeof value === 'string' ? value : '');
const asList = (value: Value): string[] => (Array.isArray(value) ? value : value === undefined || value === '' ? [] : [value]);
