// A service that asks for a token: the client finds it, and says it to nobody else.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';

import { client, createProject, listener, serve } from './support.mjs';

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
