/** Which project the client works for, and the address and token of the service of that project. */

import { createHash } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { canonicalPath, confinedPath, ConfinedFsError, type ConfinedPath, readConfined } from './confined-fs.js';

/** Where the service listens by default. */
export const DEFAULT_URL = 'http://127.0.0.1:3700';

/** Where an instance has its files, below the project's root. */
const RUN_DIR = join('.claude', 'mcp-server');

/** The queue that all clients of a project share, below the project's root. */
export const OUTBOX_DIR = join(RUN_DIR, 'outbox');

/** Largest endpoint file that is read; a real one has 200 bytes. */
const MAX_ENDPOINT_BYTES = 16 * 1024;

/** Largest token file that is read. */
const MAX_TOKEN_BYTES = 4 * 1024;

/** A project directory and the id under which the service knows it. */
export interface Project {
  root: string;
  /** The first 12 hex digits of the SHA-256 of the real path; null if there is no such directory. */
  id: string | null;
}

/** The directory that is named, else the one of the environment, else the one whose `.claude` this file lies in. */
export function resolveProject(named: string | undefined): Project {
  const root = resolve(named || process.env['MCP_ROOT'] || process.env['CLAUDE_PROJECT_DIR'] || enclosingProject());
  try {
    return { root, id: createHash('sha256').update(canonicalPath(root)).digest('hex').slice(0, 12) };
  } catch {
    return { root, id: null };
  }
}

function enclosingProject(): string {
  // <project>/.claude/lib/client/project.js
  const claude = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  return basename(claude) === '.claude' ? dirname(claude) : process.cwd();
}

/**
 * Where the project's service listens: the address given, else `ADJUTANT_URL`, else the one in the endpoint file of a
 * running instance of this project, else the default. Throws if an address is invalid.
 */
export function serviceUrl(project: Project, baseUrl: string | undefined, dataDir: string | undefined): URL {
  const given = baseUrl || process.env['ADJUTANT_URL'];
  const address = given || urlInEndpointFile(project, dataDir) || DEFAULT_URL;
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw new Error(`${JSON.stringify(address)} is not a valid URL`);
  }
  if (url.protocol !== 'http:') throw new Error(`${address} is not an http:// URL`);
  return url;
}

/** The URL in the project's endpoint file; undefined if there is none, or the file belongs to another project. */
function urlInEndpointFile(project: Project, dataDir: string | undefined): string | undefined {
  try {
    const { text } = readConfined(instanceFile(project, dataDir, 'endpoint.json'), MAX_ENDPOINT_BYTES);
    const endpoint = JSON.parse(text ?? '') as { url?: unknown; project?: { id?: unknown } } | null;
    const id = endpoint?.project?.id;
    const isOwn = id === undefined || project.id === null || id === project.id;
    const url = endpoint?.url;
    return isOwn && typeof url === 'string' && /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/]/.test(url) ? url : undefined;
  } catch {
    // A file that is missing or cannot be used: the default address applies.
    return undefined;
  }
}

/** A file of the instance: in its data directory if it has one of its own, else in the project's run directory. */
function instanceFile({ root }: Project, dataDir: string | undefined, name: string): ConfinedPath {
  const own = dataDir || process.env['MCP_DATA_DIR'];
  return confinedPath(root, join(own ? resolve(own) : RUN_DIR, name));
}

/**
 * The token that the project's service requires: `MCP_TOKEN`, else the content of the file that `MCP_TOKEN_FILE` names,
 * else of the project's own token file; undefined if there is none. Throws if it cannot be used, without quoting it.
 */
export function readToken(project: Project, dataDir: string | undefined): string | undefined {
  const given = process.env['MCP_TOKEN'];
  if (given) return validToken(given, 'MCP_TOKEN');
  const named = process.env['MCP_TOKEN_FILE'];
  const file = named ? confinedPath(project.root, resolve(named)) : instanceFile(project, dataDir, 'token');
  const shown = join(file.root, file.path);
  try {
    const isShared = (mode: number): boolean => (mode & 0o077) !== 0;
    const { info, text } = readConfined(file, MAX_TOKEN_BYTES, { skip: ({ mode }) => isShared(mode) });
    if (isShared(info.mode)) throw new Error(`other users can access ${shown}; make it yours alone: chmod 600`);
    return validToken(text ?? '', shown);
  } catch (error) {
    if (!named && error instanceof ConfinedFsError && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function validToken(text: string, source: string): string {
  const token = text.trim();
  if (!/^[\x21-\x7e]{16,4096}$/.test(token)) {
    throw new Error(`the token in ${source} must have 16 to 4096 printable ASCII characters without blanks`);
  }
  return token;
}
