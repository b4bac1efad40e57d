// What the client adds to a raw request, and how soon it answers while the service is away. See scripts/bench-client.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

import { OrchestratorMCPClient } from '../.claude/lib/orchestrator-mcp-client.js';

const CALLS = Number(process.argv[2] ?? 5_000);
const AWAY_CALLS = 500;
const PARAMS = { capability: 'react', limit: 5 };
const FIXTURES = new URL('../fixtures', import.meta.url).pathname;

const agent = new http.Agent({ keepAlive: true });

/** The least that a caller without the client has to do: post, read, parse. */
function raw(base) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'queryAgents', params: PARAMS });
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const request = http.request(base, { agent, method: 'POST', headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')).result));
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function timed(call) {
  const began = performance.now();
  await call();
  return performance.now() - began;
}

function at(times, share) {
  return [...times].sort((one, other) => one - other)[Math.min(times.length - 1, Math.floor(times.length * share))];
}

function row(name, times) {
  const [p50, p99, most] = [at(times, 0.5), at(times, 0.99), Math.max(...times)].map((ms) => ms.toFixed(3).padStart(9));
  console.log(`${name.padEnd(44)} ${p50} ${p99} ${most}`);
}

async function several(calls, call) {
  const times = [];
  for (let n = 0; n < calls; n += 1) times.push(await timed(call));
  return times;
}

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'adjutant-bench-'));
fs.cpSync(path.join(FIXTURES, 'plugins'), path.join(root, 'plugins'), { recursive: true });
fs.mkdirSync(path.join(root, '.claude'));
fs.copyFileSync(path.join(FIXTURES, 'agent-registry.yml'), path.join(root, '.claude/agent-registry.yml'));
const args = ['serve', '--root', root, '--port', '0', '--no-watch', '--no-user-scope'];
const service = spawn(process.env.ADJUTANT_BIN, args, { stdio: ['ignore', 'pipe', 'inherit'] });
const [said] = await once(service.stdout, 'data');
const [base] = /http:\/\/\S+?\//.exec(String(said));

const made = (options) => new OrchestratorMCPClient({ projectRoot: root, cacheTtlMs: 0, log: () => {}, ...options });
const client = made({ baseUrl: base });
const ask = (asked) => () => asked.queryAgents(PARAMS);
await several(CALLS / 5, ask(client));
await several(CALLS / 5, () => raw(base));

// Turn by turn, so that both meet the same machine.
const [rawTimes, clientTimes] = [[], []];
for (let n = 0; n < CALLS; n += 1) {
  rawTimes.push(await timed(() => raw(base)));
  clientTimes.push(await timed(ask(client)));
}
console.log(`${'milliseconds'.padEnd(44)} ${['p50', 'p99', 'most'].map((name) => name.padStart(9)).join(' ')}`);
row('raw request', rawTimes);
row('queryAgents', clientTimes);
row('queryAgents, served again from its cache', await several(CALLS, ask(made({ baseUrl: base, cacheTtlMs: 60_000 }))));

service.kill('SIGKILL');
await once(service, 'exit');
row('nobody listens: the first', [await timed(ask(client))]);
row('nobody listens: those after it', await several(AWAY_CALLS, ask(client)));
const mute = net.createServer(() => {}).listen(0, '127.0.0.1');
await once(mute, 'listening');
const patient = made({ baseUrl: `http://127.0.0.1:${mute.address().port}` });
row('no answer comes: the first', [await timed(ask(patient))]);
row('no answer comes: those after it', await several(AWAY_CALLS, ask(patient)));
console.log(`overhead at p50: ${(at(clientTimes, 0.5) - at(rawTimes, 0.5)).toFixed(3)} ms`);

fs.rmSync(root, { recursive: true, force: true });
process.exit(0);
