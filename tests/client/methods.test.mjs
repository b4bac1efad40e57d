// Every method, against the real service.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { client, createProject, decision, freePort, serve } from './support.mjs';

test('every method answers in its typed shape', async (t) => {
  const project = createProject(t);
  await serve(t, project);
  const adjutant = client(t, project);

  const agents = await adjutant.queryAgents({ role: 'frontend_developer', limit: 3 });
  assert.deepEqual(agents.agents.map(({ id }) => id).slice(0, 2), ['web:react-specialist', 'web:css-artist']);
  assert.deepEqual(agents.agents[0].fallbacks, ['web:css-artist', 'ops:incident-responder']);
  assert.equal(agents.agents[0].role, 'frontend_developer');
  assert.ok(agents.confidence > 0.5 && agents.agents[0].score > 0);
  assert.deepEqual([agents.source, agents.fallback, agents.cache_hit], ['server', false, false]);

  const capable = await adjutant.queryAgents({ capability: 'react', max_tokens: 200 });
  assert.equal(capable.agents[0].name, 'react-specialist');
  assert.ok(capable.tokens > 0 && capable.tokens <= 200);

  const skills = await adjutant.querySkills({ context: 'screen readers' });
  assert.equal(skills.skills[0].id, 'web:audit');
  assert.ok(Array.isArray(skills.skills[0].keywords));

  const workflows = await adjutant.queryWorkflows({ goal: 'deploy to the cluster' });
  assert.equal(workflows.workflows[0].id, 'ops:deploy');
  assert.deepEqual(workflows.workflows[0].steps, ['Build', 'Ship']);

  const definition = await adjutant.getDefinition({ kind: 'agent', id: 'react-specialist' });
  assert.equal(definition.definition.body.trim(), 'Body of react-specialist.');
  assert.equal(definition.definition.source.path, 'plugins/web/agents/react-specialist.md');

  const goal = 'add authentication to the API';
  const stored = await adjutant.storePattern({
    goal,
    agent_sequence: ['web:react-specialist', 'web:css-artist'],
    dependencies: { 'web:css-artist': ['web:react-specialist'] },
  });
  assert.equal(stored.created, true);
  assert.deepEqual(stored.warnings, []);
  const incomplete = await adjutant.storePattern({ goal, agent_sequence: ['nobody'] });
  assert.deepEqual(incomplete.warnings, ['nobody is not an agent of the catalog']);

  for (const asked of [goal, { goal }, { goal, min_similarity: 0.8 }]) {
    const found = await adjutant.getOrchestrationPattern(asked);
    assert.equal(found.pattern.id, stored.id, JSON.stringify(asked));
    assert.deepEqual(found.pattern.parallel_groups, [['web:react-specialist'], ['web:css-artist']]);
    assert.deepEqual([found.similarity, found.task_count, found.alternatives], [1, 0, []]);
  }
  const matches = await adjutant.queryPattern({ goal, limit: 2 });
  assert.deepEqual(matches.matches.map(({ pattern }) => pattern.missing_agents), [undefined, ['nobody']]);
  assert.equal(matches.matches[0].pattern.id, stored.id);

  const recorded = await adjutant.cacheDecision(decision('a', { task_description: goal, pattern_id: stored.id, duration_ms: 5 }));
  assert.equal(recorded.stored, true);
  assert.deepEqual([recorded.pattern.id, recorded.pattern.success_count], [stored.id, 1]);
  assert.equal(recorded.queued, undefined);
  const corrected = await adjutant.cacheDecision(decision('a', { task_description: goal, result: 'failure' }));
  assert.equal(corrected.replaced.result, 'success');

  const explained = await adjutant.explain({ kind: 'agent', context: 'react hooks' });
  assert.equal(explained.hits[0].id, 'web:react-specialist');
  assert.ok(explained.hits[0].terms.some(({ term, share, fields }) => term === 'react' && share > 0 && fields.name > 0));

  const health = await adjutant.getHealth();
  assert.equal(health.status, 'healthy');
  assert.equal(health.project.root, project.root);
  assert.equal(health.indexes.agents, 3);
  assert.deepEqual(adjutant.logged, []);
});

test('what the service refuses is an answer, not an outage', async (t) => {
  const project = createProject(t);
  await serve(t, project);
  const adjutant = client(t, project);

  const empty = await adjutant.queryAgents({});
  assert.deepEqual([empty.agents, empty.fallback, empty.source, empty.error.code], [[], false, 'server', -32602]);
  assert.match(empty.error.validation_errors[0], /one of capability, role, context/);

  const unmatched = await adjutant.queryAgents({ capability: 'reakt native' , plugin: 'nowhere' });
  assert.deepEqual([unmatched.agents, unmatched.confidence, unmatched.error.code], [[], 0, -32004]);
  assert.ok(Array.isArray(unmatched.error.suggestions));

  const unknown = await adjutant.getDefinition({ kind: 'agent', id: 'react' + 'x' });
  assert.deepEqual([unknown.definition, unknown.error.code], [null, -32004]);

  const cyclic = await adjutant.storePattern({ goal: 'g', agent_sequence: ['a', 'b'], dependencies: { a: ['b'], b: ['a'] } });
  assert.deepEqual([cyclic.id, cyclic.created, cyclic.error.code], [null, false, -32602]);

  const decisionRefused = await adjutant.cacheDecision(decision('x', { result: 'perhaps' }));
  assert.deepEqual([decisionRefused.stored, decisionRefused.queued, decisionRefused.error.code], [false, undefined, -32602]);

  const surrogate = await adjutant.queryAgents({ context: 'react \ud800' });
  assert.deepEqual([surrogate.fallback, surrogate.error.code], [false, -32700]);

  const huge = await adjutant.queryAgents({ context: 'x'.repeat(2 * 1024 * 1024) });
  assert.deepEqual([huge.fallback, huge.error.code], [false, -32602]);

  assert.equal((await adjutant.queryAgents({ capability: 'react' })).agents.length > 0, true);
  assert.ok(adjutant.logged.every((line) => line.includes('decision')), adjutant.logged.join('\n'));
});

test('nothing that is passed makes a method throw', async (t) => {
  const adjutant = client(t, createProject(t), { baseUrl: `http://127.0.0.1:${await freePort()}` });
  const circular = {};
  circular.self = circular;
  const odd = [undefined, null, 7, 'text', [], circular, { limit: 10n }, { get role() { throw new Error('no'); } }];
  const methods = ['queryAgents', 'querySkills', 'queryWorkflows', 'getOrchestrationPattern', 'queryPattern', 'storePattern',
    'cacheDecision', 'getDefinition', 'explain', 'getHealth', 'flush'];
  for (const method of methods) {
    for (const params of odd) {
      assert.equal(typeof (await adjutant[method](params)), 'object', method);
    }
  }
});

test('an answer is served again, until it is old or something was learned', async (t) => {
  const project = createProject(t);
  const service = await serve(t, project);
  const adjutant = client(t, project);
  const calls = async () => (await (await fetch(`${service.url}metrics`)).json()).queries.by_method.queryAgents ?? 0;

  const first = await adjutant.queryAgents({ capability: 'react', limit: 2 });
  first.agents[0].name = 'spoilt by its receiver';
  const second = await adjutant.queryAgents({ limit: 2, capability: 'react' });
  assert.deepEqual([second.source, second.cache_hit, second.fallback], ['cache', true, false]);
  assert.equal(second.agents[0].name, 'react-specialist');
  assert.equal(await calls(), 1);

  await adjutant.queryAgents({ capability: 'react', limit: 3 });
  assert.equal(await calls(), 2);
  await adjutant.cacheDecision(decision('a'));
  assert.equal((await adjutant.queryAgents({ capability: 'react', limit: 2 })).source, 'server');

  const forgetful = client(t, project, { cacheTtlMs: 0 });
  for (const _ of [1, 2]) assert.equal((await forgetful.queryAgents({ capability: 'react' })).source, 'server');

  const brief = client(t, project, { cacheTtlMs: 1 });
  await brief.queryAgents({ capability: 'react' });
  const end = performance.now() + 2;
  while (performance.now() < end);
  assert.equal((await brief.queryAgents({ capability: 'react' })).source, 'server');
});
