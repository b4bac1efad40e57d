// What was done reaches the service, once and in order, whatever happens to the service, the disk and other clients.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { client, createProject, decision, freePort, health, history, listener, queue, serve, stub, until, waiting } from './support.mjs';

const REPLAYER = path.join(path.dirname(fileURLToPath(import.meta.url)), 'replayer.mjs');
const NAME = /^\d{13}-[0-9a-f]{8}\.json$/;

/** Runs a client in a process of its own; what it printed, once it has ended by itself. */
async function apart(args, options = {}) {
  const child = spawn(process.execPath, [REPLAYER, ...args], { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr?.on('data', (chunk) => (err += chunk));
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { code, err, ...JSON.parse(out || '{}') };
}

/** A service that takes every decision, and says in which order they came. */
async function taker(t, { answer = () => undefined } = {}) {
  const served = await stub(t, ({ call }) => {
    if (!call) return { body: { ...health('any'), project: undefined } };
    const own = answer(call) ?? { result: { stored: true, pattern: null } };
    return { body: { jsonrpc: '2.0', id: call.id, ...own } };
  });
  const decisions = () => served.calls.filter(({ method }) => method === 'cacheDecision').map(({ params }) => params);
  return { ...served, decisions };
}

test('decisions wait while the service is away, and arrive once and in order', async (t) => {
  const project = createProject(t);
  const port = await freePort();
  const adjutant = client(t, project, { baseUrl: `http://127.0.0.1:${port}` });
  // The clock stands still, and is set back.
  let clock = Date.now();
  const { mock } = t.mock.method(Date, 'now', () => clock);
  for (let n = 0; n < 40; n += 1) {
    if (n === 20) clock -= 3_600_000;
    const recorded = await adjutant.cacheDecision(decision(`task ${n % 30}`, { result: n < 30 ? 'success' : 'failure', duration_ms: n }));
    assert.deepEqual([recorded.stored, recorded.queued, recorded.pattern], [false, 'disk', null]);
    assert.ok(recorded.reason);
  }
  mock.restore();
  const names = waiting(project);
  assert.equal(names.length, 40);
  assert.ok(names.every((name) => NAME.test(name)), names[0]);
  const durations = names.map((name) => JSON.parse(fs.readFileSync(path.join(project.outbox, name), 'utf8')).duration_ms);
  assert.deepEqual(durations, [...durations].sort((one, other) => one - other), 'names sort as they were made');
  assert.equal(fs.readFileSync(path.join(project.outbox, '../.gitignore'), 'utf8'), '*\n', 'git leaves them alone');

  const service = await serve(t, project, { port });
  await adjutant.queryAgents({ capability: 'react' });
  await until(() => waiting(project).length === 0, 'what waited is sent');
  // The service itself takes over what waits when it starts; whoever is first sends, and nothing is sent twice.
  const metrics = await (await fetch(`${service.url}metrics`)).json();
  assert.ok((metrics.queries.by_method.cacheDecision ?? 0) <= 40);
  const known = history(project);
  assert.equal(known.length, 30);
  for (const { task_id, result } of known) assert.equal(result, Number(task_id.slice(5)) < 10 ? 'failure' : 'success', task_id);
  assert.ok(adjutant.logged.length <= 2, adjutant.logged.join('\n'));
});

test('a later decision of the same task is the effective one', async (t) => {
  const project = createProject(t);
  const port = await freePort();
  const adjutant = client(t, project, { baseUrl: `http://127.0.0.1:${port}` });
  const changing = decision('twice');
  const first = adjutant.cacheDecision(changing);
  changing.result = 'nonsense';
  assert.equal((await first).queued, 'disk');
  await serve(t, project, { port });
  const second = await adjutant.cacheDecision(decision('twice', { result: 'failure' }));
  // It waits as well where the service is taking over the first in this moment.
  assert.ok(second.stored || second.queued === 'disk', JSON.stringify(second));
  await until(async () => (await adjutant.flush()).waiting === 0 && waiting(project).length === 0, 'all is stored');
  assert.deepEqual(history(project).map(({ result }) => result), ['failure']);
  assert.deepEqual(waiting(project), []);
});

test('a decision that arrives late does not replace its correction', async (t) => {
  const project = createProject(t);
  await serve(t, project);
  const adjutant = client(t, project);
  const made = Date.now() - 60_000;
  const corrected = await adjutant.cacheDecision(decision('late', { result: 'failure' }));
  assert.equal(corrected.stored, true);
  queue(project, made, decision('late', { result: 'success' }));
  queue(project, made + 1, decision('other', { result: 'success' }), { hex: '0badcafe' });
  await until(async () => (await adjutant.flush()).waiting === 0 && waiting(project).length === 0, 'all is sent');
  assert.deepEqual(Object.fromEntries(history(project).map(({ task_id, result }) => [task_id, result])), {
    late: 'failure',
    other: 'success',
  });
  // The caller learns of it, and may say itself when a decision was made.
  const older = await adjutant.cacheDecision(decision('late', { result: 'success', decided_at_ms: made }));
  assert.deepEqual([older.stored, older.queued, older.warnings.length], [false, undefined, 1], JSON.stringify(older));
  assert.equal(older.pattern?.id, corrected.pattern?.id);
});

test('every decision says when it was made, unless the service does not know that', async (t) => {
  const project = createProject(t);
  const { url, decisions } = await taker(t);
  const before = Date.now();
  queue(project, 1763700000000, decision('queued'));
  queue(project, 1763700000001, decision('stated', { decided_at_ms: 7 }), { hex: '0badcafe' });
  const adjutant = client(t, project, { baseUrl: url });
  await adjutant.cacheDecision(decision('direct'));
  const times = decisions().map(({ decided_at_ms }) => decided_at_ms);
  assert.deepEqual(times.slice(0, 2), [1763700000000, 7]);
  assert.ok(times[2] >= before && times[2] <= Date.now(), times[2]);

  const refusal = { code: -32602, message: 'Invalid params', data: { validation_errors: ['decided_at_ms is not a known parameter (known: task_id)'] } };
  const old = await taker(t, { answer: ({ params }) => ('decided_at_ms' in params ? { error: refusal } : undefined) });
  const other = client(t, createProject(t), { baseUrl: old.url });
  assert.equal((await other.cacheDecision(decision('direct'))).stored, true);
  assert.deepEqual(old.decisions().at(-1), decision('direct'));
});

test('two hundred tasks: killing the service interrupts nothing and loses no decision', async (t) => {
  const project = createProject(t);
  let service = await serve(t, project);
  const adjutant = client(t, project, { cacheTtlMs: 0, timeoutMs: 500 });
  let [answered, fallbacks, queued] = [0, 0, 0];
  let restarting = Promise.resolve();
  for (let n = 0; n < 200; n += 1) {
    if (n % 40 === 15) {
      // In mid-use: while this task's calls are under way.
      const gone = service;
      restarting = gone.kill();
    }
    if (n % 40 === 30) {
      await restarting;
      service = await serve(t, project);
    }
    const asked = adjutant.queryAgents({ role: 'frontend_developer' });
    const noted = adjutant.cacheDecision(decision(`task ${n}`));
    const [{ agents, fallback }, recorded] = await Promise.all([asked, noted]);
    assert.equal(agents[0].id, 'web:react-specialist');
    assert.ok(recorded.stored || recorded.queued === 'disk', JSON.stringify(recorded));
    answered += 1;
    fallbacks += Number(fallback);
    queued += Number(!recorded.stored);
  }
  await until(async () => (await adjutant.flush()).waiting === 0, 'everything is sent');
  const tasks = new Set(history(project).map(({ task_id }) => task_id));
  t.diagnostic(`${answered} answered, ${fallbacks} of them by the fallback; ${queued} decisions waited; ${tasks.size} are known`);
  assert.deepEqual([answered, tasks.size], [200, 200]);
  assert.ok(fallbacks >= 50 && queued >= 50, 'the service was away for 15 of every 40 tasks');
  const { indexes } = await adjutant.getHealth();
  assert.equal(indexes.patterns >= 1, true);
});

test('several clients that replay at once send each decision once, in order', async (t) => {
  const project = createProject(t);
  const service = await taker(t);
  const total = 300;
  for (let n = 0; n < total; n += 1) queue(project, 1_700_000_000_000 + n, decision(`task ${n % 7}`, { duration_ms: n }));
  const flushed = await Promise.all([1, 2, 3].map(() => apart(['flush', project.root, service.url])));
  // One that saw only another's claim leaves the rest to it, which may have ended in that moment.
  while (waiting(project).length > 0) flushed.push(await apart(['flush', project.root, service.url]));
  // A client that was answered drains in the background as well, which no flush counts.
  const sent = flushed.reduce((sum, { replayed }) => sum + replayed, 0);
  assert.ok(sent > 0 && sent <= total, JSON.stringify(flushed));
  const order = service.decisions().map(({ duration_ms }) => duration_ms);
  assert.deepEqual(order, Array.from({ length: total }, (_, n) => n));
  assert.deepEqual(waiting(project), []);
});

test('a decision is put behind those that another client is sending', async (t) => {
  const project = createProject(t);
  const service = await taker(t);
  const since = Date.now();
  const claimed = queue(project, since - 5_000, decision('a'), { suffix: `.claimed-${since}` });
  queue(project, since - 4_000, decision('a', { result: 'partial' }));
  const adjutant = client(t, project, { baseUrl: service.url });
  assert.equal((await adjutant.cacheDecision(decision('a', { result: 'failure' }))).queued, 'disk');
  assert.deepEqual(service.decisions(), [], 'nothing goes past a claim');
  fs.unlinkSync(path.join(project.outbox, claimed));
  await until(async () => (await adjutant.flush()).waiting === 0, 'both are sent');
  assert.deepEqual(service.decisions().map(({ result }) => result), ['partial', 'failure']);
});

test('the claim of a client that has ended is taken back after a minute', async (t) => {
  const project = createProject(t);
  const service = await taker(t);
  queue(project, 1_700_000_000_000, decision('a'), { suffix: `.claimed-${Date.now() - 61_000}` });
  queue(project, 1_700_000_000_001, decision('b'));
  queue(project, 1_700_000_000_002, '{"task_id": "unfin', { suffix: '.tmp' });
  const adjutant = client(t, project, { baseUrl: service.url });
  assert.deepEqual(await adjutant.flush(), { replayed: 2, waiting: 0 });
  assert.deepEqual(service.decisions().map(({ task_id }) => task_id), ['a', 'b']);
  assert.deepEqual(waiting(project), [], 'what was never finished is gone as well');
});

test('what the service does not take is kept aside, and does not hold up the rest', async (t) => {
  const project = createProject(t);
  await serve(t, project);
  const bad = [
    queue(project, 1_700_000_000_000, decision('bad', { result: 'perhaps' })),
    queue(project, 1_700_000_000_001, '{ not json'),
    queue(project, 1_700_000_000_002, '[]'),
    queue(project, 1_700_000_000_003, decision('', {})),
    queue(project, 1_700_000_000_004, decision('bad', { pattern_id: 'no such pattern' })),
  ];
  const link = bad[4].replace('04-', '05-');
  fs.symlinkSync(project.write('elsewhere.json', JSON.stringify(decision('linked'))), path.join(project.outbox, link));
  bad.push(link);
  const folder = link.replace('05-', '06-');
  fs.mkdirSync(path.join(project.outbox, folder));
  bad.push(folder);
  queue(project, 1_700_000_000_007, decision('good'));
  const adjutant = client(t, project);
  // The service looks for what waits when it starts, and may be first.
  await until(async () => (await adjutant.flush()).waiting === 0, 'nothing waits');
  assert.deepEqual(waiting(project), bad.map((name) => `${name}.refused`));
  const logged = adjutant.logged.length;
  assert.ok(logged <= bad.length, adjutant.logged.join('\n'));
  await adjutant.flush();
  assert.equal(adjutant.logged.length, logged, 'each is logged once');
  assert.deepEqual(history(project).map(({ task_id }) => task_id), ['good']);
});

test('what the service cannot take now waits, with what belongs to the same task', async (t) => {
  const project = createProject(t);
  let broken = true;
  const answer = ({ params }) => (broken && params.task_id === 'poison' ? { error: { code: -32603, message: 'Internal error' } } : undefined);
  const service = await taker(t, { answer });
  for (const [n, task] of ['a', 'poison', 'b', 'poison', 'c'].entries()) queue(project, 1_700_000_000_000 + n, decision(task, { duration_ms: n }));
  const adjutant = client(t, project, { baseUrl: service.url });
  assert.deepEqual(await adjutant.flush(), { replayed: 3, waiting: 2 });
  assert.equal((await adjutant.cacheDecision(decision('d'))).stored, true);
  assert.equal((await adjutant.cacheDecision(decision('poison', { duration_ms: 9 }))).queued, 'disk');
  broken = false;
  await until(async () => (await adjutant.flush()).waiting === 0, 'the rest is sent');
  const poison = service.decisions().filter(({ task_id }) => task_id === 'poison');
  assert.deepEqual(poison.slice(-3).map(({ duration_ms }) => duration_ms), [1, 3, 9]);
});

test('an acknowledgement that is lost on the way does no harm', async (t) => {
  const project = createProject(t);
  const service = await serve(t, project);
  let cut = true;
  // Between client and service: passes everything on, but the first acknowledgement.
  const between = await listener(t, (socket) => {
    const onward = net.connect(service.port, '127.0.0.1');
    onward.on('error', () => socket.destroy());
    onward.on('close', () => socket.destroy());
    socket.on('close', () => onward.destroy());
    socket.pipe(onward);
    onward.on('data', (chunk) => {
      const isCut = cut && chunk.includes('"stored":true');
      if (isCut) cut = false;
      if (isCut) socket.destroy();
      else socket.write(chunk);
    });
  });
  const adjutant = client(t, project, { baseUrl: between.url });
  const recorded = await adjutant.cacheDecision(decision('once'));
  assert.equal(cut, false);
  assert.ok(recorded.stored || recorded.queued === 'disk');
  await until(async () => (await adjutant.flush()).waiting === 0, 'it is sent again');
  assert.equal(history(project).length, 1);
  const { pattern } = await adjutant.getOrchestrationPattern('do task once');
  assert.equal(pattern.success_count, 1);
});

test('where the disk cannot be written decisions wait in memory', async (t) => {
  const project = createProject(t);
  project.write('.claude/mcp-server/outbox', 'a file in the place of the folder');
  const port = await freePort();
  const adjutant = client(t, project, { baseUrl: `http://127.0.0.1:${port}` });
  for (let n = 0; n < 1_000; n += 1) {
    assert.equal((await adjutant.cacheDecision(decision(`task ${n}`))).queued, 'memory');
  }
  const beyond = await adjutant.cacheDecision(decision('one too many'));
  assert.deepEqual([beyond.stored, beyond.queued, beyond.error.code], [false, undefined, -32603]);
  const about = (word) => adjutant.logged.filter((line) => line.includes(word)).length;
  assert.deepEqual([about('kept in memory'), about('is full'), about('not available')], [1, 1, 1]);
});

test('once the disk can be written what waits in memory goes there first', async (t) => {
  const project = createProject(t);
  project.write('.claude/mcp-server/outbox', 'a file in the place of the folder');
  const adjutant = client(t, project, { baseUrl: `http://127.0.0.1:${await freePort()}` });
  const queued = async (n) => (await adjutant.cacheDecision(decision('a', { duration_ms: n }))).queued;
  for (let n = 0; n < 20; n += 1) assert.equal(await queued(n), 'memory');
  fs.unlinkSync(project.outbox);
  // A few at a time, so that no caller waits for all.
  assert.equal(await queued(20), 'memory');
  assert.equal(await queued(21), 'disk');
  const onDisk = waiting(project).map((name) => JSON.parse(fs.readFileSync(path.join(project.outbox, name), 'utf8')).duration_ms);
  assert.deepEqual(onDisk, Array.from({ length: 22 }, (_, n) => n));
});

test('what waits in memory is sent when the service is back', async (t) => {
  const project = createProject(t);
  project.write('.claude/mcp-server', 'a file in the place of the folder');
  const port = await freePort();
  const adjutant = client(t, project, { baseUrl: `http://127.0.0.1:${port}` });
  assert.equal((await adjutant.cacheDecision(decision('a'))).queued, 'memory');
  assert.equal((await adjutant.cacheDecision(decision('a', { result: 'failure' }))).queued, 'memory');
  const dataDir = path.join(project.root, 'data');
  const service = await serve(t, project, { port, args: ['--data-dir', dataDir] });
  assert.equal((await adjutant.cacheDecision(decision('b'))).stored, true);
  const metrics = await (await fetch(`${service.url}metrics`)).json();
  assert.equal(metrics.queries.by_method.cacheDecision, 3);
});

test('a full outbox refuses the newest, and says so', async (t) => {
  const limits = {
    bytes: (project) => queue(project, 1, ' '.repeat(16 * 1024 * 1024)),
    files: (project) => {
      for (let n = 0; n < 10_000; n += 1) queue(project, n, '{}', { suffix: '.refused' });
    },
  };
  for (const [limit, fill] of Object.entries(limits)) {
    const project = createProject(t);
    fill(project);
    const before = waiting(project).length;
    const adjutant = client(t, project, { baseUrl: `http://127.0.0.1:${await freePort()}` });
    for (const task of ['a', 'b']) {
      const recorded = await adjutant.cacheDecision(decision(task));
      assert.deepEqual([recorded.stored, recorded.queued, recorded.error.code], [false, undefined, -32603], limit);
    }
    assert.equal(waiting(project).length, before, limit);
    assert.equal(adjutant.logged.filter((line) => line.includes('full')).length, 1, limit);
  }
});

test('a process ends by itself, also without HOME, a terminal, or anybody who reads what it says', async (t) => {
  const project = createProject(t);
  const service = await serve(t, project);
  const began = performance.now();
  const bare = { env: { PATH: process.env.PATH }, cwd: '/' };
  assert.deepEqual(await apart(['record', project.root, service.url, 'a'], bare), { code: 0, err: '', stored: true, agents: 3, fallback: false });
  assert.ok(performance.now() - began < 3_500, 'kept connections do not hold it up');

  await service.kill();
  const away = await apart(['record', project.root, service.url, 'b'], bare);
  assert.match(away.err, /not available/);
  assert.deepEqual({ ...away, err: '' }, { code: 0, err: '', stored: false, queued: 'disk', agents: 3, fallback: true });
  const child = spawn(process.execPath, [REPLAYER, 'record', project.root, service.url, 'c'], { ...bare, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  child.stderr.destroy();
  assert.equal(await new Promise((resolve) => child.on('exit', resolve)), 0, 'with closed pipes');
  assert.equal(waiting(project).length, 2);
});
