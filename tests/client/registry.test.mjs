// The reader of `agent-registry.yml`, and what the client makes of a registry that is missing or wrong.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { parseRoles } from '../../.claude/lib/client/registry.js';
import { CHECKOUT, client, createProject, freePort } from './support.mjs';

const role = (name, primary, more = {}) => ({ name, primary, fallbacks: [], capabilities: [], model: undefined, use_when: '', ...more });

test('roles are read in every way people write them', () => {
  const cases = {
    'as usual': [
      'roles:\n  a:\n    primary: p:x\n    fallbacks: [p:y, z]\n    capabilities: [one, two words]\n    model: opus\n    use_when: "it: burns"\n',
      [role('a', 'p:x', { fallbacks: ['p:y', 'z'], capabilities: ['one', 'two words'], model: 'opus', use_when: 'it: burns' })],
    ],
    'lists as items': ['roles:\n  a:\n    primary: x\n    fallbacks:\n      - y\n      - "z"\n', [role('a', 'x', { fallbacks: ['y', 'z'] })]],
    'items as deep as their key': ['roles:\n  a:\n    primary: x\n    fallbacks:\n    - y\n    - z\n    model: m\n', [role('a', 'x', { fallbacks: ['y', 'z'], model: 'm' })]],
    'a list over lines': ['roles:\n  a:\n    primary: x\n    fallbacks: [y,\n      z]\n', [role('a', 'x', { fallbacks: ['y', 'z'] })]],
    'one text where a list belongs': ['roles:\n  a:\n    primary: x\n    fallbacks: y\n', [role('a', 'x', { fallbacks: ['y'] })]],
    'only who fills it': ['roles:\n  a: p:x\n  b: "q:y"\n', [role('a', 'p:x'), role('b', 'q:y')]],
    'text over lines': ['roles:\n  a:\n    primary: x\n    use_when: >\n      first\n      second\n', [role('a', 'x', { use_when: 'first second' })]],
    'comments, blank lines, other members, CRLF, a byte order mark': [
      '\ufeff# c\r\nversion: 4\r\nroles:   # all\r\n\r\n  # one\r\n  a:\r\n    primary: x#1 # not this\r\n\r\nother:\r\n  b:\r\n    primary: y\r\n',
      [role('a', 'x#1')],
    ],
    'quotes': ["roles:\n  'a b':\n    primary: 'it''s'\n    capabilities: [\"a, b\", 'c # d']\n", [role('a b', "it's", { capabilities: ['a, b', 'c # d'] })]],
    'the same role twice: the later one': ['roles:\n  a: x\n  A: y\n', [role('A', 'y')]],
    'deeper or tabs': ['roles:\n\ta:\n\t\tprimary: x\n', [role('a', 'x')]],
  };
  for (const [what, [text, expected]] of Object.entries(cases)) {
    assert.deepEqual(parseRoles(text), { roles: expected, problems: [] }, what);
  }
});

test('what is wrong is told with its line, and the rest is used', () => {
  const fine = '  good:\n    primary: x\n';
  const cases = {
    'no primary': ['  a:\n    model: m\n', /role a \(line 4\) has no primary/],
    'no mapping': ['  just words\n', /line 4 is not a role/],
    'a list that is not closed': ['  a:\n    primary: y\n    fallbacks: [b, c\n', /line 6 is not closed/, 2],
    'a quote that is not closed': ['  a:\n    primary: "y\n', /line 5 is not supported/],
    'an alias': ['  a:\n    primary: *who\n', /line 5 is not supported/],
    'a stray line': ['  a:\n    primary: y\n    ???\n', /line 6 is not a field of a/, 2],
  };
  for (const [what, [text, expected, known = 1]] of Object.entries(cases)) {
    const { roles, problems } = parseRoles(`roles:\n${fine}${text}`);
    assert.equal(roles.length, known, what);
    assert.equal(roles[0].name, 'good', what);
    assert.match(problems.join('; '), expected, what);
  }
  for (const text of ['', 'rolls:\n  a: x\n', 'roles: none\n', '{"roles": {}}', '\0\0\0', '- roles:\n']) {
    assert.deepEqual(parseRoles(text).roles, [], JSON.stringify(text));
  }
  const many = Array.from({ length: 1_200 }, (_, n) => `  r${n}: x\n`).join('');
  assert.equal(parseRoles(`roles:\n${many}`).roles.length, 1_000);
});

test('the registry of the samples is read without complaint', () => {
  const { roles, problems } = parseRoles(fs.readFileSync(path.join(CHECKOUT, 'fixtures/agent-registry.yml'), 'utf8'));
  assert.deepEqual(problems, []);
  assert.equal(roles.length, 9);
  for (const { name, use_when, capabilities } of roles) assert.ok(use_when && capabilities.length >= 2, name);
});

test('a registry is named, replaced, wrong or missing', async (t) => {
  const project = createProject(t);
  const baseUrl = `http://127.0.0.1:${await freePort()}`;
  const first = async (adjutant) => {
    const { agents, source, fallback } = await adjutant.queryAgents({ role: 'frontend_developer' });
    assert.equal(fallback, true);
    return `${source}: ${agents[0]?.id}`;
  };
  const usual = client(t, project, { baseUrl });
  assert.equal(await first(usual), 'registry: web:react-specialist');
  // Another length, so that no clock is needed to tell it is another file.
  project.write('.claude/agent-registry.yml', 'roles:\n  frontend_developer: somebody:else\n  broken:\n    model: x\n');
  assert.equal(await first(usual), 'registry: somebody:else');
  assert.equal(await first(usual), 'registry: somebody:else');
  assert.equal(usual.logged.filter((line) => line.includes('broken')).length, 1);
  fs.unlinkSync(path.join(project.root, '.claude/agent-registry.yml'));
  assert.equal(await first(usual), 'embedded: frontend-developer');
  assert.equal(usual.logged.length, 2, 'that there is none is nothing to tell');

  project.write('team/roles.yml', 'roles:\n  frontend_developer: from:elsewhere\n');
  assert.equal(await first(client(t, project, { baseUrl, registryPath: 'team/roles.yml' })), 'registry: from:elsewhere');
  project.write('empty.yml', '');
  project.write('large.yml', `roles:\n  frontend_developer: x\n#${'x'.repeat(300_000)}\n`);
  execFileSync('mkfifo', [path.join(project.root, 'pipe.yml')]);
  for (const registryPath of ['missing.yml', 'team', 'empty.yml', 'large.yml', 'pipe.yml']) {
    const adjutant = client(t, project, { baseUrl, registryPath });
    assert.equal(await first(adjutant), 'embedded: frontend-developer', registryPath);
    await first(adjutant);
    assert.equal(adjutant.logged.filter((line) => line.includes(registryPath)).length, 1, adjutant.logged.join('\n'));
  }
});
