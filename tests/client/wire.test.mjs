// The wire types declare every field that the service answers: the compiler checks real answers against them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { CHECKOUT, createProject, decision, serve } from './support.mjs';

const LIB = path.join(CHECKOUT, '.claude/lib');
const COMPILER = path.join(LIB, 'node_modules/typescript/bin/tsc');

/** The service leaves out what is empty, and the readers of the client fill it in. */
const SENT = `type Sent<T> = T extends (infer E)[] ? Sent<E>[] : T extends object ? { [K in keyof T]?: Sent<T[K]> } : T;\n`;

/** A project in which every optional field of an answer occurs. */
function richProject(t) {
  const project = createProject(t);
  const twin = '---\nname: react-specialist\ndescription: Builds React user interfaces with hooks and fast rendering.\nmodel: opus\ntools: Read, Bash\n---\n\nBody of react-specialist.\n';
  for (const plugin of ['web', 'mirror']) {
    project.write(`plugins/${plugin}/agents/react-specialist.md`, twin);
    project.write(`plugins/${plugin}/skills/audit/SKILL.md`, '---\nname: audit\ndescription: Checks pages against WCAG with screen readers.\n---\n\nBody.\n');
    project.write(`plugins/${plugin}/commands/deploy.md`, '---\ndescription: Deploys a service to the cluster.\nargument-hint: <service>\n---\n\n## Step 1: Build\n\n## Step 2: Ship\n');
  }
  return project;
}

/** What each method answers, under the type that declares it. */
async function answers(url, project) {
  const call = async (method, params) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    return response.json();
  };
  const result = async (method, params) => {
    const { result: found, error } = await call(method, params);
    assert.ok(found, `${method}: ${JSON.stringify(error)}`);
    return found;
  };
  const goal = 'add authentication to the API';
  const stored = await result('storePattern', { goal, agent_sequence: ['web:react-specialist', 'unknown'], dependencies: { unknown: ['web:react-specialist'] } });
  await result('storePattern', { goal: 'add authentication to an API', agent_sequence: ['ops:incident-responder'] });
  const recorded = [];
  for (let n = 0; n < 6; n += 1) {
    recorded.push(await result('cacheDecision', decision(`${n}`, { task_description: goal, pattern_id: stored.id, duration_ms: 5, tokens_saved: 7 })));
  }
  const first = await result('getDefinition', { kind: 'agent', id: 'css-artist' });
  project.write('plugins/web/agents/css-artist.md', `---\nname: css-artist\ndescription: Writes CSS.\n---\n\n${first.body}${'x '.repeat(5_000)}`);
  await fetch(`${url}reindex`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
  const cut = await result('getDefinition', { kind: 'agent', id: 'css-artist', max_tokens: 200 });
  assert.deepEqual([cut.body_is_cut, cut.source.changed_since_use], [true, true]);
  const definitions = [
    ['agent', 'web:react-specialist'],
    ['skill', 'web:audit'],
    ['workflow', 'ops:deploy'],
  ];
  return [
    ['AgentAnswer', await result('queryAgents', { role: 'frontend_developer', context: 'react hooks', limit: 5 })],
    ['AgentAnswer', await result('queryAgents', { capability: 'react', max_tokens: 200 })],
    ['AgentAnswer', await result('queryAgents', { context: 'react hooks' })],
    ['SkillAnswer', await result('querySkills', { context: 'screen readers', max_tokens: 500 })],
    ['WorkflowAnswer', await result('queryWorkflows', { goal: 'deploy to the cluster', max_tokens: 500 })],
    ['StoreAnswer', stored],
    ['PatternAnswer', await result('getOrchestrationPattern', { goal, min_similarity: 0.1 })],
    ['MatchesAnswer', await result('queryPattern', { goal, min_similarity: 0.1 })],
    ...recorded.map((answer) => ['DecisionAnswer', answer]),
    ['PatternAnswer', await result('getOrchestrationPattern', { goal, min_similarity: 0.1, max_tokens: 1_000, limit: 2 })],
    ['MatchesAnswer', await result('queryPattern', { goal, min_similarity: 0.1, max_tokens: 1_000 })],
    ['Definition', cut],
    ...(await Promise.all(definitions.map(async ([kind, id]) => ['Definition', await result('getDefinition', { kind, id })]))),
    ...(await Promise.all(['agent', 'skill', 'workflow'].map(async (kind) => ['ExplainAnswer', await result('explain', { kind, context: `${goal}, react hoks, deploy pages` })]))),
    ['ExplainAnswer', await result('explain', { kind: 'agent', role: 'frontend_developer', capability: 'react', context: 'opus' })],
    ['Health', await result('getHealth', {})],
    ['Health', await (await fetch(`${url}health`)).json()],
    ...(await Promise.all([
      call('queryAgents', {}),
      call('queryAgents', { capability: 'reakt native', plugin: 'nowhere' }),
      call('getDefinition', { kind: 'agent', id: 'react-specialis' }),
      call('queryAgent', {}),
    ])).map(({ error }) => ['CallError', { code: error.code, message: error.message, ...error.data }]),
  ];
}

test('every field that the service answers is declared', async (t) => {
  const project = richProject(t);
  const { url } = await serve(t, project);
  const all = await answers(url, project);
  const out = fs.mkdtempSync(path.join(os.tmpdir(), 'adjutant-wire-'));
  t.after(() => fs.rmSync(out, { recursive: true, force: true }));
  fs.copyFileSync(path.join(LIB, 'client/wire.ts'), path.join(out, 'wire.ts'));
  // An object literal with a field that its type does not declare is an error.
  const literals = all.map(([type, answer], at) => `export const answer${at}: Sent<wire.${type}> = ${JSON.stringify(answer, null, 2)};\n`);
  fs.writeFileSync(path.join(out, 'answers.ts'), `import type * as wire from './wire.js';\n${SENT}${literals.join('')}`);
  const options = { ...JSON.parse(fs.readFileSync(path.join(LIB, 'tsconfig.json'), 'utf8')).compilerOptions, types: [], noEmit: true };
  fs.writeFileSync(path.join(out, 'package.json'), '{ "type": "module" }');
  fs.writeFileSync(path.join(out, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['answers.ts'] }));
  const checked = spawnSync(process.execPath, [COMPILER, '-p', out], { encoding: 'utf8' });
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
});
