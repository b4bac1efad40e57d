/** Which project is asked for, and where its service says that it listens. */

import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the service listens unless it says otherwise. */
export const DEFAULT_URL = 'http://127.0.0.1:3700';

/** Where an instance keeps its files, below the project's root. */
const RUN_DIR = join('.claude', 'mcp-server');

/** Bytes of an endpoint file that are read; a real one has 200. */
const MAX_ENDPOINT_BYTES = 16 * 1024;

/** Bytes of a token's file that are read. */
const MAX_TOKEN_BYTES = 4_096;

/** A folder, under the id the service knows it by. */
export interface Project {
  root: string;
  /** The first 12 hex digits of the SHA-256 of the real path; null where there is no such folder. */
  id: string | null;
}

/** The folder named, else the one the environment names, else the one whose `.claude` this file lies in. */
export function projectAt(named: string | undefined): Project {
  const root = resolve(named || process.env['MCP_ROOT'] || process.env['CLAUDE_PROJECT_DIR'] || ownProject());
  try {
    const real = realpathSync(root, { encoding: 'buffer' });
    return { root, id: createHash('sha256').update(real).digest('hex').slice(0, 12) };
  } catch {
    return { root, id: null };
  }
}

function ownProject(): string {
  // <project>/.claude/lib/client/project.js
  const claude = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  return basename(claude) === '.claude' ? dirname(claude) : process.cwd();
}

/** The folder where decisions wait while the service is away. */
export function outboxOf(project: Project): string {
  return join(project.root, RUN_DIR, 'outbox');
}

/**
 * Where the project's service is asked: the address given, else `ADJUTANT_URL`, else the one that a running
 * instance of this project has written down, else the default. Throws where an address is none.
 */
export function addressOf(project: Project, baseUrl: string | undefined, dataDir: string | undefined): URL {
  const given = baseUrl || process.env['ADJUTANT_URL'];
  const address = given || writtenDown(project, dataDir || process.env['MCP_DATA_DIR']) || DEFAULT_URL;
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw new Error(`${JSON.stringify(address)} is no address`);
  }
  if (url.protocol !== 'http:') throw new Error(`${address} is not an http:// address`);
  return url;
}

/** The address in the project's endpoint file; undefined where there is none, or it is another project's. */
function writtenDown(project: Project, dataDir: string | undefined): string | undefined {
  const folder = dataDir ? resolve(dataDir) : join(project.root, RUN_DIR);
  try {
    const file = join(folder, 'endpoint.json');
    const stats = statSync(file);
    if (!stats.isFile() || stats.size > MAX_ENDPOINT_BYTES) return undefined;
    const endpoint: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const { url, project: named } = endpoint as { url?: unknown; project?: { id?: unknown } };
    const own = named?.id === undefined || project.id === null || named.id === project.id;
    return own && typeof url === 'string' && /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/]/.test(url) ? url : undefined;
  } catch {
    // Not there, or not readable: as good as not written.
    return undefined;
  }
}

/**
 * The token that the project's service asks for: of `MCP_TOKEN`, else of the file that `MCP_TOKEN_FILE` names, else of
 * the project's own; undefined where there is none. Throws where it cannot be used, without repeating it.
 */
export function tokenOf(project: Project, dataDir: string | undefined): string | undefined {
  const given = process.env['MCP_TOKEN'];
  if (given) return plain(given, 'MCP_TOKEN');
  const folder = dataDir || process.env['MCP_DATA_DIR'];
  const own = join(folder ? resolve(folder) : join(project.root, RUN_DIR), 'token');
  const named = process.env['MCP_TOKEN_FILE'];
  const file = named || own;
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) {
    if (named) throw new Error(`${file}: there is no such file`);
    return undefined;
  }
  if (!stats.isFile() || stats.size > MAX_TOKEN_BYTES) throw new Error(`${file} is no token's file`);
  if ((stats.mode & 0o077) !== 0) throw new Error(`others may use ${file}; make it yours alone: chmod 600`);
  return plain(readFileSync(file, 'utf8'), file);
}

function plain(text: string, place: string): string {
  const token = text.trim();
  if (!/^[\x21-\x7e]{16,4096}$/.test(token)) throw new Error(`the token in ${place} has not 16 to 4096 plain characters`);
  return token;
}
