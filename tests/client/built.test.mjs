// What is committed belongs together: JavaScript and TypeScript, versions, and what the client stands on.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { builtinModules } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { CLIENT_VERSION } from '../../.claude/lib/orchestrator-mcp-client.js';
import { CHECKOUT } from './support.mjs';

const LIB = path.join(CHECKOUT, '.claude/lib');
const COMPILER = path.join(LIB, 'node_modules/typescript/bin/tsc');

/** All files with this ending below a folder, without what npm installed. */
function files(folder, ending) {
  const all = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return all.filter((name) => name.endsWith(ending) && !name.startsWith('node_modules')).sort();
}

test('the committed JavaScript is what the compiler makes of the TypeScript', (t) => {
  assert.ok(fs.existsSync(COMPILER), 'the compiler is missing: run `npm ci` in .claude/lib');
  const out = fs.mkdtempSync(path.join(os.tmpdir(), 'adjutant-built-'));
  t.after(() => fs.rmSync(out, { recursive: true, force: true }));
  const built = spawnSync(process.execPath, [COMPILER, '-p', LIB, '--outDir', out], { encoding: 'utf8' });
  assert.equal(built.status, 0, built.stdout + built.stderr);
  assert.deepEqual(files(LIB, '.js'), files(out, '.js'));
  assert.deepEqual(files(LIB, '.js'), files(LIB, '.ts').map((name) => name.replace(/\.ts$/, '.js')));
  for (const name of files(out, '.js')) {
    const [committed, made] = [LIB, out].map((folder) => fs.readFileSync(path.join(folder, name), 'utf8'));
    assert.equal(committed, made, `${name} is stale: run \`npm run build\` in .claude/lib`);
  }
});

test('the client is of the version of the service, and needs nothing but Node', () => {
  const cargo = /^version = "(.*)"$/m.exec(fs.readFileSync(path.join(CHECKOUT, 'Cargo.toml'), 'utf8'))[1];
  const manifest = JSON.parse(fs.readFileSync(path.join(LIB, 'package.json'), 'utf8'));
  assert.deepEqual([CLIENT_VERSION, manifest.version], [cargo, cargo]);
  assert.equal(manifest.dependencies, undefined);
  for (const version of Object.values(manifest.devDependencies)) assert.match(version, /^\d+\.\d+\.\d+$/);
  for (const name of files(LIB, '.js')) {
    const imported = [...fs.readFileSync(path.join(LIB, name), 'utf8').matchAll(/^import .* from '(.*)';$/gm)];
    for (const [, from] of imported) {
      assert.ok(from.startsWith('.') || builtinModules.includes(from.replace('node:', '')), `${name} imports ${from}`);
    }
  }
});
