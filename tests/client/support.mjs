// What the tests of the client share: projects on disk, the real service over them, and services that misbehave.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { OrchestratorMCPClient } from '../../.claude/lib/orchestrator-mcp-client.js';

export const CHECKOUT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** Generous, since a slow machine is no fault of the client. */
const CONDITION_TIMEOUT_MS = 20_000;

// What a developer has set must not decide what is tested.
for (const name of Object.keys(process.env)) {
  if (/^(MCP_|ADJUTANT_URL$|CLAUDE_PROJECT_DIR$)/.test(name)) delete process.env[name];
}
// Nor what a developer has installed.
process.env.MCP_USER_SCOPE = 'off';

export function binary() {
  const target = process.env.CARGO_TARGET_DIR ?? path.join(CHECKOUT, 'target');
  const found = [
    process.env.ADJUTANT_BIN,
    ...['release', 'debug'].flatMap((profile) => [
      path.join(target, profile, 'adjutant'),
      path.join(CHECKOUT, 'target', profile, 'adjutant'),
    ]),
  ].find((candidate) => candidate && fs.existsSync(candidate));
  if (!found) throw new Error('there is no adjutant binary: set ADJUTANT_BIN or run cargo build');
  return found;
}

const REGISTRY = `# Who is asked first
roles:
  frontend_developer:
    primary: web:react-specialist
    fallbacks: [web:css-artist, ops:incident-responder]
    capabilities: [react, user interfaces]
    model: sonnet
    use_when: "building pages"
  incident_commander:
    primary: ops:incident-responder
    capabilities: [outages]
    use_when: production is down
`;

const undone = new WeakMap();

/** Has something undone after the test, the latest first. */
function undo(t, work) {
  if (!undone.has(t)) {
    undone.set(t, []);
    t.after(async () => {
      for (const one of undone.get(t).reverse()) await one();
    });
  }
  undone.get(t).push(work);
}

/** A small project in a folder of its own, gone after the test. */
export function createProject(t) {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'adjutant-client-')));
  undo(t, () => fs.rmSync(root, { recursive: true, force: true, maxRetries: 5 }));
  const write = (name, text) => {
    const file = path.join(root, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
    return file;
  };
  const agent = (plugin, name, description) =>
    write(`plugins/${plugin}/agents/${name}.md`, `---\nname: ${name}\ndescription: ${description}\n---\n\nBody of ${name}.\n`);
  agent('web', 'react-specialist', 'Builds React user interfaces with hooks and fast rendering.');
  agent('web', 'css-artist', 'Writes responsive CSS layouts and animations.');
  agent('ops', 'incident-responder', 'Handles production outages and writes postmortems.');
  write('plugins/web/skills/audit/SKILL.md', '---\nname: audit\ndescription: Checks pages against WCAG with screen readers.\n---\n');
  write('plugins/ops/commands/deploy.md', '---\ndescription: Deploys a service to the cluster.\n---\n\n## Step 1: Build\n\n## Step 2: Ship\n');
  write('.claude/agent-registry.yml', REGISTRY);
  const run = path.join(root, '.claude/mcp-server');
  return { root, write, run, outbox: path.join(run, 'outbox'), endpoint: path.join(run, 'endpoint.json') };
}

/** The real service over a project, once it answers; ended after the test. */
export async function serve(t, { root }, { port = 0, args = [], env = process.env } = {}) {
  const all = ['serve', '--root', root, '--port', String(port), '--no-watch', ...args];
  const child = spawn(binary(), all, { stdio: ['ignore', 'pipe', 'pipe'], env });
  const ended = once(child, 'exit');
  const kill = async (signal = 'SIGKILL') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
  };
  undo(t, () => kill());
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  const url = await new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      said += chunk;
      const [, address] = /serves .* on (http:\S+): /.exec(said) ?? [];
      if (address) resolve(address);
    });
    child.on('exit', () => reject(new Error(`the service ended: ${said}`)));
  });
  return { url, port: Number(new URL(url).port), pid: child.pid, kill, signal: (name) => child.kill(name) };
}

/** A client of a project that keeps what it logs; closed after the test. */
export function client(t, { root }, options = {}) {
  const logged = [];
  const made = new OrchestratorMCPClient({ projectRoot: root, timeoutMs: 10_000, log: (line) => logged.push(line), ...options });
  undo(t, () => made.close());
  return Object.assign(made, { logged });
}

export function decision(task_id, more = {}) {
  return { task_id, task_description: `do task ${task_id}`, agents_used: ['web:react-specialist'], result: 'success', ...more };
}

/** What the project's memory holds, as the command line tells it. */
export function history({ root }) {
  const asked = spawnSync(binary(), ['history', '--root', root, '--limit', '100000', '--json'], { encoding: 'utf8' });
  if (asked.status !== 0) throw new Error(asked.stderr);
  return JSON.parse(asked.stdout).decisions;
}

/** The names in the outbox. */
export function waiting({ outbox }) {
  return fs.existsSync(outbox) ? fs.readdirSync(outbox).sort() : [];
}

/** Puts a decision into the outbox, as another client would have. */
export function queue({ outbox }, ms, params, { hex = '00c0ffee', suffix = '' } = {}) {
  fs.mkdirSync(outbox, { recursive: true });
  const name = `${String(ms).padStart(13, '0')}-${hex}.json${suffix}`;
  fs.writeFileSync(path.join(outbox, name), typeof params === 'string' ? params : JSON.stringify(params));
  return name;
}

/** Waits until `condition` holds. */
export async function until(condition, what) {
  const end = performance.now() + CONDITION_TIMEOUT_MS;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`it did not come to pass that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A server that treats connections as `onConnection` says; its address. */
export async function listener(t, onConnection, { port = 0 } = {}) {
  const open = new Set();
  const server = net.createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
    onConnection(socket);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    open.forEach((socket) => socket.destroy());
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  undo(t, close);
  return { url: `http://127.0.0.1:${server.address().port}`, port: server.address().port, close };
}

/** A service that answers as `answer(request)` says: `{ status, body }`, the body as text or JSON. */
export async function stub(t, answer) {
  const calls = [];
  const server = http.createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const call = request.method === 'POST' ? JSON.parse(text) : undefined;
    if (call) calls.push(call);
    const { status = 200, body } = await answer({ path: request.url, call });
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  undo(t, close);
  return { url: `http://127.0.0.1:${server.address().port}`, calls, close };
}

/** The health an Adjutant of version 0.1.0 tells, for the project with this id. */
export const health = (id, more = {}) => ({
  status: 'healthy',
  indexes: { agents: 1, skills: 0, workflows: 0, patterns: 0 },
  version: '0.1.0',
  project: { root: '/somewhere', id },
  ...more,
});

/** A port on which nothing listens. */
export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
