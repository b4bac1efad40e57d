// A service that asks for a token: the client finds it, and says it to nobody else.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';

import { client, createProject, decision, listener, serve } from './support.mjs';

const SECRET = 'a-token-of-the-tests';

test('the token of a project is found and said to its service', async (t) => {
  const project = createProject(t);
  const file = project.write('.claude/mcp-server/token', `${SECRET}\n`);
  fs.chmodSync(file, 0o600);
  const { url } = await serve(t, project);
  assert.equal((await fetch(`${url}health`)).status, 401);
  const found = await client(t, project).queryAgents({ capability: 'react' });
  assert.deepEqual([found.source, found.agents[0].id], ['server', 'web:react-specialist']);

  fs.chmodSync(file, 0o644);
  const careless = client(t, project);
  assert.equal((await careless.queryAgents({ role: 'frontend_developer' })).source, 'registry');
  assert.match(careless.logged.join('\n'), /chmod 600/);
  assert.ok(!careless.logged.join('\n').includes(SECRET));
});

test('a wrong token is told from a service that is away, in one sentence', async (t) => {
  const project = createProject(t);
  const file = project.write('.claude/mcp-server/token', `${SECRET}\n`);
  fs.chmodSync(file, 0o600);
  await serve(t, project);
  const wrong = [
    ['another-token-of-the-tests', /refused the token/],
    [undefined, /requires a token, and this project has none/],
  ];
  for (const [token, sentence] of wrong) {
    if (token === undefined) fs.rmSync(file);
    else fs.writeFileSync(file, token);
    const adjutant = client(t, project, { cacheTtlMs: 0 });
    const answer = await adjutant.queryAgents({ role: 'frontend_developer' });
    assert.deepEqual([answer.source, answer.fallback, answer.error?.code], ['registry', true, -32001]);
    assert.match(answer.reason, sentence);
    assert.match(answer.reasoning, /^The service is there, but it /);
    const recorded = await adjutant.cacheDecision(decision('a'));
    assert.deepEqual([recorded.stored, recorded.queued], [false, 'disk']);
    assert.match(recorded.reason, sentence);
    assert.equal(adjutant.logged.length, 1, adjutant.logged.join('\n'));
    assert.match(adjutant.logged[0], /: the service is there, but it (refused|requires)/);
  }
});

test('no stranger hears the token', async (t) => {
  const project = createProject(t);
  fs.chmodSync(project.write('.claude/mcp-server/token', SECRET), 0o600);
  const answers = [
    '{"error":"a token is required"}',
    '{"service":"adjutant","project":{"id":"000000000000"}}',
    '{"service":"adjutant","project":{"id":null}}',
    'who are you?',
  ];
  for (const body of answers) {
    let heard = '';
    const { url } = await listener(t, (socket) => {
      socket.on('data', (chunk) => {
        heard += chunk;
        socket.write(`HTTP/1.1 401 Unauthorized\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      });
    });
    const found = await client(t, project, { baseUrl: url }).queryAgents({ role: 'frontend_developer' });
    assert.equal(found.source, 'registry', body);
    assert.ok(heard.includes('/health') && !heard.includes(SECRET), heard);
  }
});
