// The TypeScript orchestrator under examples/: compiled, and run against the real binary.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { CHECKOUT, createProject, serve, waiting } from './support.mjs';

const COMPILER = path.join(CHECKOUT, '.claude/lib/node_modules/typescript/bin/tsc');

/** The orchestrator as JavaScript, in a folder of its own. */
function compiled(t) {
  assert.ok(fs.existsSync(COMPILER), 'the compiler is missing: run `npm ci` in .claude/lib');
  const out = fs.mkdtempSync(path.join(os.tmpdir(), 'adjutant-example-'));
  t.after(() => fs.rmSync(out, { recursive: true, force: true }));
  const built = spawnSync(process.execPath, [COMPILER, '-p', path.join(CHECKOUT, 'examples'), '--outDir', out], { encoding: 'utf8' });
  assert.equal(built.status, 0, built.stdout + built.stderr);
  fs.writeFileSync(path.join(out, 'package.json'), '{ "type": "module" }');
  return path.join(out, 'examples/orchestrator.mjs');
}

async function orchestrated(file, root, ...words) {
  const child = spawn(process.execPath, [file, ...words], {
    env: { ...process.env, MCP_ROOT: root, HOME: root },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (data) => (said.out += data));
  child.stderr.on('data', (data) => (said.err += data));
  const [code] = await once(child, 'close');
  assert.equal(code, 0, said.out + said.err);
  return said.out.trimEnd().split('\n');
}

const WORDS = ['redesign the sign-up page', 'build the React form', 'style it with CSS layouts'];

test('the orchestrator learns from its own outcome, and goes on without the service', async (t) => {
  const file = compiled(t);
  const made = createProject(t);
  const { root } = made;
  const service = await serve(t, made);

  assert.deepEqual(await orchestrated(file, root, ...WORDS), [
    'web:react-specialist for "build the React form" (from the server)',
    'web:css-artist for "style it with CSS layouts" (from the server)',
    'web:react-specialist works on "build the React form" with 25 characters of instructions',
    'web:css-artist works on "style it with CSS layouts" with 19 characters of instructions',
    'the outcome is stored',
  ]);
  assert.deepEqual(await orchestrated(file, root, ...WORDS), [
    'following a pattern: 1 runs, 100 % succeeded',
    'web:react-specialist works on "build the React form" with 25 characters of instructions',
    'web:css-artist works on "style it with CSS layouts" with 19 characters of instructions',
    'the outcome is stored',
  ]);

  await service.kill('SIGTERM');
  const without = await orchestrated(file, root, ...WORDS);
  assert.equal(without.at(-1), 'the outcome is queued');
  assert.equal(waiting(made).length, 1);
});
