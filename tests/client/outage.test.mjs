// What happens while the service is not there, is not what it should be, or changes under the client.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import {
  CHECKOUT, client, createProject, decision, freePort, health, history, listener, serve, stub, until, waiting,
} from './support.mjs';

const ASKED = { role: 'frontend_developer', limit: 3 };

function assertFallback(answer, why) {
  assert.equal(answer.fallback, true, why);
  assert.equal(answer.source, 'registry', why);
  assert.equal(answer.confidence, 0, why);
  assert.equal(answer.cache_hit, false, why);
  assert.ok(answer.reason.length > 0 && answer.reasoning.includes(answer.reason), why);
  assert.deepEqual(answer.agents.map(({ id }) => id), ['web:react-specialist', 'web:css-artist', 'ops:incident-responder'], why);
}

test('with nobody listening every method answers from what there is', async (t) => {
  const project = createProject(t);
  const adjutant = client(t, project, { baseUrl: `http://127.0.0.1:${await freePort()}` });
  const agents = await adjutant.queryAgents(ASKED);
  assertFallback(agents);
  assert.deepEqual(agents.agents[0], {
    id: 'web:react-specialist',
    name: 'react-specialist',
    description: 'building pages',
    model: 'sonnet',
    capabilities: ['react', 'user interfaces'],
    plugin: 'web',
    scope: 'project',
    role: 'frontend_developer',
    fallbacks: ['web:css-artist', 'ops:incident-responder'],
    score: 0,
  });
  const names = async (params) => (await adjutant.queryAgents(params)).agents.map(({ name }) => name);
  assert.deepEqual(await names({ capability: 'React' }), ['react-specialist']);
  assert.deepEqual(await names({ context: 'we have an outage in production' }), ['incident-responder']);
  assert.deepEqual(await names({ role: 'Frontend-Developer', plugin: 'ops' }), ['incident-responder']);
  assert.deepEqual(await names({ role: 'frontend_developer', limit: 1 }), ['react-specialist']);
  assert.deepEqual(await names({ role: 'frontend_developer', max_tokens: 100 }), ['react-specialist']);
  const unknown = await adjutant.queryAgents({ capability: 'basket weaving' });
  assert.deepEqual([unknown.agents, unknown.fallback], [[], true]);
  assert.match(unknown.reasoning, /frontend_developer, incident_commander/);

  const none = { fallback: true, source: 'none' };
  const others = {
    skills: await adjutant.querySkills({ context: 'x' }),
    workflows: await adjutant.queryWorkflows({ goal: 'x' }),
    matches: await adjutant.queryPattern({ goal: 'x' }),
    hits: await adjutant.explain({ context: 'x' }),
    warnings: await adjutant.storePattern({ goal: 'x', agent_sequence: ['a'] }),
  };
  for (const [field, { fallback, source, ...answer }] of Object.entries(others)) {
    assert.deepEqual({ fallback, source }, none, field);
    assert.deepEqual(answer[field], [], field);
  }
  assert.equal((await adjutant.getOrchestrationPattern('x')).pattern, null);
  assert.equal((await adjutant.getDefinition({ kind: 'agent', id: 'x' })).definition, null);
  assert.equal((await adjutant.getHealth()).status, 'unavailable');
  assert.equal(adjutant.logged.length, 1, adjutant.logged.join('\n'));
});

test('the next query finds a service that has started, also on another port', async (t) => {
  const project = createProject(t);
  const adjutant = client(t, project, { cacheTtlMs: 0 });
  const first = await serve(t, project);
  assert.equal((await adjutant.queryAgents(ASKED)).source, 'server');
  await first.kill();
  assert.ok(fs.existsSync(project.endpoint), 'a killed service leaves its endpoint file');
  assertFallback(await adjutant.queryAgents(ASKED), 'right after the kill');
  assertFallback(await adjutant.queryAgents(ASKED));

  const second = await serve(t, project);
  const answer = await adjutant.queryAgents(ASKED);
  assert.equal(answer.source, 'server', 'the very next query');
  assert.notEqual(second.port, first.port);

  await second.kill();
  assertFallback(await adjutant.queryAgents(ASKED));
  await serve(t, project);
  assert.equal((await adjutant.queryAgents(ASKED)).source, 'server', 'after a single failure as well');
  const logged = adjutant.logged.map((line) => (line.includes('not available') ? 'away' : line.includes('is back') ? 'back' : line));
  assert.deepEqual(logged, ['away', 'back', 'away', 'back']);
});

test('a data folder of its own is where the endpoint is looked up', async (t) => {
  const project = createProject(t);
  const dataDir = path.join(project.root, 'elsewhere');
  await serve(t, project, { args: ['--data-dir', dataDir] });
  assert.equal((await client(t, project, { dataDir }).queryAgents(ASKED)).source, 'server');
});

const ID = '0123456789ab';
const rpc = (call, answer) => ({ body: { jsonrpc: '2.0', id: call?.id, ...answer } });

test('whoever is not this project’s Adjutant is not believed', async (t) => {
  const project = createProject(t);
  const well = await serve(t, project);
  const own = (await (await fetch(`${well.url}health`)).json()).project.id;
  const answers = {
    'another web service': () => ({ status: 404, body: '<html>no such page</html>' }),
    'a service with a health of its own': () => ({ body: { status: 'ok' } }),
    'a health that is almost right': () => ({ body: { status: 'healthy' } }),
    'another project': () => ({ body: health(ID) }),
    'health that is no JSON': () => ({ body: '{"status": "healthy"' }),
    'starting': () => ({ status: 503, body: { status: 'starting' } }),
    'an answer to another question': ({ call }) => (call ? { body: { jsonrpc: '2.0', id: -1, result: { agents: [] } } } : { body: health(own) }),
    'an answer that is no JSON-RPC': ({ call }) => ({ body: call ? { agents: [] } : health(own) }),
    'an answer without rows': ({ call }) => (call ? rpc(call, { result: {} }) : { body: health(own) }),
    'rows that are none': ({ call }) => (call ? rpc(call, { result: { agents: ['react'] } }) : { body: health(own) }),
    'an answer that is a number': ({ call }) => ({ body: call ? '7' : health(own) }),
    'a refusal outside JSON-RPC': ({ call }) => (call ? { status: 403, body: { error: 'no' } } : { body: health(own) }),
    'too much to do': ({ call }) => (call ? { status: 503, body: { error: 'too many requests at once' } } : { body: health(own) }),
    'too large an answer': ({ call }) => ({ body: call ? ' '.repeat(9 * 1024 * 1024) : health(own) }),
  };
  for (const [who, answer] of Object.entries(answers)) {
    const { url } = await stub(t, answer);
    const adjutant = client(t, project, { baseUrl: url });
    assertFallback(await adjutant.queryAgents(ASKED), who);
    assertFallback(await adjutant.queryAgents(ASKED), who);
    const recorded = await adjutant.cacheDecision(decision(who));
    assert.equal(recorded.stored, false, who);
    assert.equal(recorded.queued, 'disk', who);
    assert.equal(adjutant.logged.length, 1, `${who}: ${adjutant.logged.join('\n')}`);
  }
  for (const baseUrl of ['nonsense', 'https://127.0.0.1:1', 'http://', 'file:///etc/passwd']) {
    assertFallback(await client(t, project, { baseUrl }).queryAgents(ASKED), baseUrl);
  }
  const { url } = await stub(t, ({ call }) => (call ? rpc(call, { result: { agents: [] } }) : { body: health(ID) }));
  assert.equal((await client(t, project, { baseUrl: url, anyProject: true }).queryAgents(ASKED)).source, 'server');
});

test('connections that bring no HTTP, or no end, are given up in time', async (t) => {
  const project = createProject(t);
  const drip = (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{');
    const timer = setInterval(() => socket.write(' '), 5);
    socket.on('close', () => clearInterval(timer));
  };
  const behaviours = {
    'accepts and never answers': () => {},
    'closes at once': (socket) => socket.destroy(),
    'garbage': (socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'),
    'binary garbage': (socket) => socket.end(Buffer.alloc(4096, 0xff)),
    'an answer without end': drip,
    'an answer that breaks off': (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"status"'),
    'an upgrade': (socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
  };
  for (const [what, behaviour] of Object.entries(behaviours)) {
    const { url } = await listener(t, behaviour);
    const adjutant = client(t, project, { baseUrl: url, timeoutMs: 60 });
    assertFallback(await adjutant.queryAgents(ASKED), what);
    assertFallback(await adjutant.queryAgents(ASKED), what);
    assert.equal(adjutant.logged.length, 1, what);
  }
});

test('a write whose outcome is unknown is not sent again, unless it counts once', async (t) => {
  const project = createProject(t);
  const service = await serve(t, project);
  const { project: { id } } = await (await fetch(`${service.url}health`)).json();
  const posted = [];
  // Breaks each connection off that was kept alive, once the service has stored what was sent.
  const { url } = await listener(t, (socket) => {
    socket.on('data', async (chunk) => {
      const text = chunk.toString();
      if (text.startsWith('GET')) {
        const body = JSON.stringify(health(id));
        socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
        return;
      }
      const body = text.slice(text.indexOf('\r\n\r\n') + 4);
      posted.push(JSON.parse(body).method);
      await fetch(service.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      socket.destroy();
    });
  });
  const adjutant = client(t, project, { baseUrl: url });
  const stored = await adjutant.storePattern({ goal: 'build the page', agent_sequence: ['web:react-specialist'] });
  assert.deepEqual([stored.id, stored.fallback], [null, true]);
  assert.match(stored.reason, /not known whether/);
  assert.deepEqual(posted, ['storePattern']);

  const recorded = await adjutant.cacheDecision(decision('once', { task_description: 'build the page' }));
  assert.deepEqual([recorded.stored, recorded.queued], [false, 'disk']);
  assert.deepEqual(posted, ['storePattern', 'cacheDecision', 'cacheDecision']);
  // Sent twice and queued, it counts once.
  const direct = client(t, project, { baseUrl: service.url });
  await direct.flush();
  assert.deepEqual(waiting(project), []);
  const { matches } = await direct.queryPattern({ goal: 'build the page' });
  assert.deepEqual(matches.map(({ task_count, pattern }) => [task_count, pattern.success_count]), [[1, 1]]);
  assert.equal(history(project).length, 1);
});

test('a service that is busy when it is first asked is no other program', async (t) => {
  const project = createProject(t);
  const states = {
    limited: [429, -32005, 'rate_limited', { retry_after_ms: 5 }],
    overloaded: [503, -32006, 'unavailable', { reason: 'overloaded', retry_after_ms: 1_000 }],
  };
  for (const [what, [status, code, error, data]] of Object.entries(states)) {
    const { url } = await stub(t, () => ({ status, body: { code, error, message: 'it has too much to do', data } }));
    const answer = await client(t, project, { baseUrl: url }).queryAgents(ASKED);
    assertFallback(answer, what);
    assert.match(answer.reason, /it is busy: it has too much to do/);
  }
});

test('a process without file descriptors is at fault itself, and asks again at once', async (t) => {
  const project = createProject(t);
  const { url } = await serve(t, project);
  const script = path.join(CHECKOUT, 'tests/client/out-of-descriptors.mjs');
  const limited = `ulimit -n 200 && exec "${process.execPath}" "${script}" "${project.root}" "${url}"`;
  const { starved, later, logged } = JSON.parse(execFileSync('bash', ['-c', limited], { encoding: 'utf8' }));
  assert.equal(starved.fallback, true);
  assert.match(starved.reason, /too many files are open.*EMFILE/);
  assert.equal(later.source, 'server', 'the very next query');
  assert.doesNotMatch(logged.join('\n'), /not an Adjutant/);
});

/** Whether a process stands still. */
function isStopped(pid) {
  const file = `/proc/${pid}/stat`;
  if (fs.existsSync(file)) return / T /.test(fs.readFileSync(file, 'utf8'));
  return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('T');
}

test('a service that hangs is waited for once, and found again when it is back', async (t) => {
  const project = createProject(t);
  const service = await serve(t, project);
  const adjutant = client(t, project, { cacheTtlMs: 0, timeoutMs: 1_000 });
  assert.equal((await adjutant.queryAgents(ASKED)).source, 'server');
  service.signal('SIGSTOP');
  await until(() => isStopped(service.pid), 'the service is stopped');
  const began = performance.now();
  assertFallback(await adjutant.queryAgents(ASKED));
  assert.ok(performance.now() - began > 900, 'the first query waits');
  const after = [];
  for (let n = 0; n < 21; n += 1) {
    const before = performance.now();
    assertFallback(await adjutant.queryAgents(ASKED));
    after.push(performance.now() - before);
  }
  after.sort((one, other) => one - other);
  assert.ok(after[10] < 5, `then an answer takes ${after[10].toFixed(2)} ms`);
  service.signal('SIGCONT');
  await until(async () => (await adjutant.queryAgents(ASKED)).source === 'server', 'it is asked again');
  assert.equal(adjutant.logged.length, 2, adjutant.logged.join('\n'));
});

test('another project’s service that takes over the port is noticed', async (t) => {
  const project = createProject(t);
  const service = await serve(t, project);
  const adjutant = client(t, project, { cacheTtlMs: 0, baseUrl: service.url });
  assert.equal((await adjutant.queryAgents(ASKED)).source, 'server');
  await service.kill();
  const other = createProject(t);
  await serve(t, other, { port: service.port });
  assertFallback(await adjutant.queryAgents(ASKED));
  assert.match(adjutant.logged[0], /another project/);
});

test('a service of another version is asked for what it knows', async (t) => {
  const project = createProject(t);
  const service = await serve(t, project);
  const { project: { id } } = await (await fetch(`${service.url}health`)).json();
  await service.kill();

  const newer = await stub(t, ({ call }) => {
    if (!call) return { body: { ...health(id), version: '9.1.0', moons: 2 } };
    const row = { id: 'a:b', name: 'b', description: 'd', model: 'm', capabilities: [], plugin: 'a', score: 1, colour: 'red' };
    return rpc(call, { result: { agents: [row], reasoning: 'r', confidence: 1, cache_hit: false, mood: 'good' } });
  });
  const ahead = client(t, project, { baseUrl: newer.url, cacheTtlMs: 0 });
  assert.equal((await ahead.queryAgents(ASKED)).agents[0].id, 'a:b');
  await ahead.queryAgents(ASKED);
  assert.equal(ahead.logged.length, 1);
  assert.match(ahead.logged[0], /9\.1\.0/);

  const older = await stub(t, ({ call }) => {
    const { version, project, ...known } = health(id);
    if (!call) return { body: known };
    if (call.method === 'queryAgents') return rpc(call, { result: { agents: [{ name: 'b', plugin: 'a' }] } });
    return { status: 404, ...rpc(call, { error: { code: -32601, message: 'Method not found', data: { methods: [] } } }) };
  });
  const behind = client(t, project, { baseUrl: older.url, cacheTtlMs: 0 });
  const { agents, confidence, fallback } = await behind.queryAgents(ASKED);
  assert.deepEqual([agents, confidence, fallback],
    [[{ id: 'a:b', name: 'b', plugin: 'a', scope: 'project', description: '', model: 'inherit', capabilities: [], score: 0 }], 0, false]);
  const skills = await behind.querySkills({ context: 'x' });
  assert.deepEqual([skills.skills, skills.fallback, skills.error.code], [[], true, -32601]);
  assert.deepEqual((await behind.cacheDecision(decision('a'))).queued, 'disk');
  assert.equal((await behind.queryAgents(ASKED)).fallback, false, 'one unknown method is no outage');
  assert.equal(behind.logged.length, 1, behind.logged.join('\n'));
});

test('a closed client answers as if the service were away', async (t) => {
  const project = createProject(t);
  await serve(t, project);
  const adjutant = client(t, project, { cacheTtlMs: 0 });
  assert.equal((await adjutant.queryAgents(ASKED)).source, 'server');
  await adjutant.close();
  assertFallback(await adjutant.queryAgents(ASKED));
  assert.equal((await adjutant.cacheDecision(decision('late'))).queued, 'disk');
  await adjutant.close();
});

test('a write that cannot be stored now is queued, and queries go on to the service', async (t) => {
  const project = createProject(t);
  const full = { code: -32006, message: 'the disk is full', data: { reason: 'disk_full', retry_after_ms: 10_000 } };
  const service = await stub(t, ({ path: url, call }) => {
    if (url === '/health') return { body: health(ID) };
    const { id, method } = call;
    if (method === 'cacheDecision') return { status: 503, body: { jsonrpc: '2.0', error: full, id } };
    return { body: { jsonrpc: '2.0', result: { agents: [], reasoning: 'none', confidence: 0, cache_hit: false }, id } };
  });
  const adjutant = client(t, project, { baseUrl: service.url, anyProject: true });
  assert.equal((await adjutant.queryAgents(ASKED)).source, 'server');
  const recorded = await adjutant.cacheDecision(decision('a'));
  assert.deepEqual([recorded.stored, recorded.queued], [false, 'disk']);
  assert.equal((await adjutant.queryAgents({ ...ASKED, limit: 2 })).source, 'server');
  assert.deepEqual(service.calls.map(({ method }) => method), ['queryAgents', 'cacheDecision', 'queryAgents']);
});
