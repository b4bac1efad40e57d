// A project may come from anywhere: links and pipes planted in it lead the client to nothing outside it.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { client, createProject, decision, freePort, health, listener, serve, stub } from './support.mjs';

const SWAPPER = path.join(path.dirname(fileURLToPath(import.meta.url)), 'swapper.mjs');
const ASKED = { role: 'frontend_developer' };
const TOKEN = 'the-token-of-another-service';
const QUEUED = '1700000000000-00c0ffee.json';
const BAIT_REGISTRY = 'roles:\n  frontend_developer: outside:bait\n';

/** A folder beside the project, filled with what each planted link hopes to reach; gone after the test. */
function outsideOf(t) {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'adjutant-outside-')));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const write = (name, text) => {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text, { mode: 0o600 });
  };
  // The same files for a link in place of `.claude`, of `mcp-server` and of `outbox`.
  for (const below of ['', 'mcp-server/', '.claude/mcp-server/']) {
    write(`${below}token`, TOKEN);
    for (const queue of [below, `${below}outbox/`]) {
      write(`${queue}${QUEUED}`, JSON.stringify(decision('bait')));
      // Both so old that the client would take them back or delete them.
      write(`${queue}1700000000001-00c0ffee.json.claimed-1700000000002`, JSON.stringify(decision('bait')));
      write(`${queue}1700000000003-00c0ffee.json.tmp`, '{');
    }
  }
  write('agent-registry.yml', BAIT_REGISTRY);
  write('.claude/agent-registry.yml', BAIT_REGISTRY);
  return folder;
}

/** Every file and folder below `folder`, with its content and its times. */
function stateOf(folder) {
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return ['.', ...names].map((name) => {
    const file = path.join(folder, name);
    const { mode, ino, mtimeMs, ctimeMs } = fs.lstatSync(file);
    return { name, mode, ino, mtimeMs, ctimeMs, text: fs.lstatSync(file).isFile() ? fs.readFileSync(file, 'utf8') : '' };
  });
}

/** What may be planted in place of a file or folder of the project. */
const PLANTS = {
  'a link to a folder': (location, outside) => fs.symlinkSync(outside, location),
  'a relative link to a folder': (location, outside) => fs.symlinkSync(path.relative(path.dirname(location), outside), location),
  'a link to a file': (location, outside, bait) => fs.symlinkSync(path.join(outside, bait), location),
  'a dangling link': (location, outside) => fs.symlinkSync(path.join(outside, 'not-there-yet'), location),
  'a link to itself': (location) => fs.symlinkSync(location, location),
  'a pipe': (location) => execFileSync('mkfifo', [location]),
};

/** Where it may be planted, and the file that a link to a file leads to there. */
const LOCATIONS = {
  '.claude': 'token',
  '.claude/mcp-server': 'token',
  '.claude/mcp-server/outbox': 'token',
  '.claude/mcp-server/endpoint.json': 'endpoint.json',
  '.claude/mcp-server/token': 'token',
  '.claude/agent-registry.yml': 'agent-registry.yml',
  [`.claude/mcp-server/outbox/${QUEUED}`]: QUEUED,
  '.claude/mcp-server/outbox/1700000000001-00c0ffee.json.claimed-1700000000002': QUEUED,
  '.claude/mcp-server/outbox/1700000000003-00c0ffee.json.tmp': QUEUED,
  [`.claude/mcp-server/outbox/${QUEUED}.refused`]: QUEUED,
  'data': 'token',
  'data/endpoint.json': 'endpoint.json',
  'data/token': 'token',
};

/** A project with something planted at `location`. */
function planted(t, location, plant, outside) {
  const made = createProject(t);
  const file = path.join(made.root, location);
  fs.rmSync(file, { recursive: true, force: true });
  fs.mkdirSync(path.dirname(file), { recursive: true });
  plant(file, outside, LOCATIONS[location]);
  return made;
}

for (const [what, plant] of Object.entries(PLANTS)) {
  test(`${what} in place of a file or folder leads nowhere`, async (t) => {
    for (const location of Object.keys(LOCATIONS)) {
      const about = `${what} at ${location}`;
      const outside = outsideOf(t);
      // The service of the endpoint file outside must receive no request.
      let reached = 0;
      const trap = await stub(t, () => {
        reached += 1;
        return { body: health('any') };
      });
      for (const below of ['', 'mcp-server/', '.claude/mcp-server/']) {
        fs.writeFileSync(path.join(outside, `${below}endpoint.json`), JSON.stringify({ url: trap.url }));
      }
      const before = stateOf(outside);
      const made = planted(t, location, plant, outside);
      const dataDir = path.join(made.root, 'data');

      // Reads the endpoint file and the registry, and finds no service.
      process.env.ADJUTANT_URL = '';
      for (const options of [{}, { dataDir }]) {
        const { agents } = await client(t, made, options).queryAgents(ASKED);
        assert.notEqual(agents[0]?.id, 'outside:bait', about);
      }
      assert.equal(reached, 0, `${about}: the endpoint file outside was believed`);

      // Queues decisions, with nothing listening.
      const away = client(t, made, { baseUrl: `http://127.0.0.1:${await freePort()}` });
      for (const task of ['a', 'b']) {
        const recorded = await away.cacheDecision(decision(task));
        assert.ok(recorded.queued, `${about}: ${JSON.stringify(recorded)}`);
      }
      await away.close();

      // Sends what waits.
      const service = await stub(t, ({ call }) =>
        call ? { body: { jsonrpc: '2.0', id: call.id, result: { stored: true, pattern: null } } } : { body: { ...health('any'), project: undefined } },
      );
      await client(t, made, { baseUrl: service.url }).flush();
      const sent = service.calls.map(({ params }) => params.task_id);
      assert.ok(!sent.includes('bait'), `${about}: a decision from outside was sent`);

      // Looks for the token.
      let heard = '';
      const body = `{"service":"adjutant","project":null}`;
      const asking = await listener(t, (socket) => {
        socket.on('data', (chunk) => {
          heard += chunk;
          socket.write(`HTTP/1.1 401 Unauthorized\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
        });
      });
      for (const options of [{}, { dataDir }]) {
        await client(t, made, { baseUrl: asking.url, anyProject: true, ...options }).queryAgents(ASKED);
      }
      assert.ok(!heard.includes(TOKEN), `${about}: the token outside was sent`);
      assert.deepEqual(stateOf(outside), before, `${about}: what lies outside was changed`);
    }
  });
}

test('a token that a link leads to is not sent, and one of the project is', async (t) => {
  const made = createProject(t);
  const file = made.write('.claude/mcp-server/token', TOKEN);
  fs.chmodSync(file, 0o600);
  const service = await serve(t, made);
  const own = client(t, made, { baseUrl: service.url });
  assert.equal((await own.queryAgents(ASKED)).source, 'server');

  const outside = outsideOf(t);
  fs.rmSync(file);
  fs.symlinkSync(path.join(outside, 'token'), file);
  const linked = client(t, made, { baseUrl: service.url });
  assert.equal((await linked.queryAgents(ASKED)).source, 'registry');
  assert.match(linked.logged.join('\n'), /token.*symbolic link/);
  // A file that the user names is the user's own choice, wherever a link leads.
  const link = path.join(outside, 'link-to-token');
  fs.symlinkSync(path.join(outside, 'token'), link);
  process.env.MCP_TOKEN_FILE = link;
  t.after(() => delete process.env.MCP_TOKEN_FILE);
  assert.equal((await client(t, made, { baseUrl: service.url }).queryAgents(ASKED)).source, 'server');
});

test('a link within the project leads to its registry, one out of it does not', async (t) => {
  const made = createProject(t);
  const outside = outsideOf(t);
  const baseUrl = `http://127.0.0.1:${await freePort()}`;
  const registry = path.join(made.root, '.claude/agent-registry.yml');
  const first = async (options = {}) => {
    const { source, agents } = await client(t, made, { baseUrl, ...options }).queryAgents(ASKED);
    return `${source}: ${agents[0].id}`;
  };
  made.write('team/roles.yml', 'roles:\n  frontend_developer: of:the-team\n');
  fs.rmSync(registry);
  fs.symlinkSync('../team/roles.yml', registry);
  assert.equal(await first(), 'registry: of:the-team');
  fs.rmSync(path.join(made.root, 'team'), { recursive: true });
  fs.symlinkSync(outside, path.join(made.root, 'team'));
  fs.writeFileSync(path.join(outside, 'roles.yml'), BAIT_REGISTRY);
  assert.equal(await first(), 'embedded: frontend-developer');
  assert.equal(await first({ registryPath: 'team/roles.yml' }), 'embedded: frontend-developer');
  // Outside the project it is the user who chose it.
  assert.equal(await first({ registryPath: path.join(outside, 'roles.yml') }), 'registry: outside:bait');
});

test('a project that the user reaches through a link is used like any other', async (t) => {
  const made = createProject(t);
  const outside = outsideOf(t);
  const link = path.join(outside, 'project');
  fs.symlinkSync(made.root, link);
  const service = await serve(t, made);
  const through = client(t, { root: link });
  assert.equal((await through.queryAgents(ASKED)).source, 'server');
  await service.kill();
  assert.equal((await through.cacheDecision(decision('a'))).queued, 'disk');
  assert.equal(fs.readdirSync(made.outbox).length, 1);
});

test('why decisions are not queued on disk is logged once', async (t) => {
  const outside = outsideOf(t);
  const made = planted(t, '.claude/mcp-server', PLANTS['a link to a folder'], outside);
  const adjutant = client(t, made, { baseUrl: `http://127.0.0.1:${await freePort()}` });
  for (const task of ['a', 'b']) assert.equal((await adjutant.cacheDecision(decision(task))).queued, 'memory');
  const about = adjutant.logged.filter((line) => line.includes('symbolic link'));
  assert.equal(about.length, 1, adjutant.logged.join('\n'));
  assert.ok(about[0].includes(path.join(made.root, '.claude/mcp-server')), about[0]);
  assert.ok(!about[0].includes('/proc/'), about[0]);
});

test('a folder that turns into a link while decisions are written lets nothing out', { timeout: 60_000 }, async (t) => {
  const made = createProject(t);
  const outside = outsideOf(t);
  for (const folder of [made.outbox, made.run]) {
    fs.mkdirSync(made.outbox, { recursive: true });
    const before = stateOf(outside);
    const swapper = spawn(process.execPath, [SWAPPER, folder, outside], { stdio: ['pipe', 'pipe', 'inherit'] });
    const exited = once(swapper, 'exit');
    t.after(() => swapper.kill('SIGKILL'));
    await once(swapper.stdout, 'data');
    const baseUrl = `http://127.0.0.1:${await freePort()}`;
    const queued = new Set();
    // A client each: what one has in memory comes before what it writes.
    for (let n = 0; n < 300; n += 1) queued.add((await client(t, made, { baseUrl }).cacheDecision(decision(`task ${n}`))).queued);
    const service = await stub(t, ({ call }) =>
      call ? { body: { jsonrpc: '2.0', id: call.id, result: { stored: true, pattern: null } } } : { body: { ...health('any'), project: undefined } },
    );
    const replaying = client(t, made, { baseUrl: service.url });
    for (let n = 0; n < 100; n += 1) await replaying.flush();
    swapper.stdin.end();
    assert.deepEqual(await exited, [0, null]);
    assert.ok(queued.has('disk'), 'it was a directory at times');
    assert.ok(!service.calls.some(({ params }) => params.task_id === 'bait'), 'a decision from outside was sent');
    assert.deepEqual(stateOf(outside), before, `${folder} was swapped`);
  }
});
