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

test('programs that use the names of version 0.1.0 compile', (t) => {
  const out = fs.mkdtempSync(path.join(os.tmpdir(), 'adjutant-api-'));
  t.after(() => fs.rmSync(out, { recursive: true, force: true }));
  const names = [
    ...['AgentAnswer', 'AgentQueryParams', 'AgentQueryResult', 'AgentRow', 'Answered', 'ClientOptions', 'DecisionAnswer', 'DecisionParams'],
    ...['DecisionResult', 'Definition', 'DefinitionParams', 'DefinitionResult', 'ExplainAnswer', 'ExplainedHit', 'ExplainParams'],
    ...['ExplainResult', 'Flushed', 'Health', 'HealthResult', 'Kind', 'Log', 'MatchesAnswer', 'OrchestrationPattern', 'PatternAnswer'],
    ...['PatternGoalParams', 'PatternMatch', 'PatternMatchResult', 'PatternParams', 'PatternQueryParams', 'PatternQueryResult'],
    ...['QueryBounds', 'Recorded', 'Refusal', 'SkillAnswer', 'SkillQueryParams', 'SkillQueryResult', 'SkillRow', 'Source', 'StoreAnswer'],
    ...['StorePatternResult', 'Told', 'WorkflowAnswer', 'WorkflowQueryParams', 'WorkflowQueryResult', 'WorkflowRow', 'WrongShape'],
  ];
  const program = `
    import { CLIENT_VERSION, OrchestratorMCPClient } from './orchestrator-mcp-client.js';
    import type { ${names.join(', ')} } from './orchestrator-mcp-client.js';
    export type All = [${names.join(', ')}];
    export async function use(): Promise<string> {
      const log: Log = () => undefined;
      const options: ClientOptions = { baseUrl: '', timeoutMs: 1, registryPath: '', projectRoot: '', dataDir: '', anyProject: true, cacheTtlMs: 0, log };
      const client = new OrchestratorMCPClient(options);
      const flushed: Flushed = await client.flush();
      const recorded: Recorded = await client.cacheDecision({ task_id: '', task_description: '', agents_used: [], result: 'partial' });
      const refused: Refusal | undefined = recorded.error;
      const provenance: Told = await client.queryAgents({ role: '' });
      await client.close();
      return \`\${CLIENT_VERSION} \${provenance.source} \${provenance.fallback} \${provenance.reason} \${refused?.code} \${recorded.queued} \${flushed.waiting}\`;
    }`;
  fs.cpSync(LIB, out, { recursive: true, filter: (from) => !from.includes('node_modules') && !from.endsWith('.js') });
  fs.writeFileSync(path.join(out, 'program.ts'), program);
  fs.writeFileSync(path.join(out, 'tsconfig.program.json'), JSON.stringify({
    extends: './tsconfig.json',
    compilerOptions: { noEmit: true, typeRoots: [path.join(LIB, 'node_modules/@types')] },
    files: ['program.ts'],
  }));
  const built = spawnSync(process.execPath, [COMPILER, '-p', path.join(out, 'tsconfig.program.json')], { encoding: 'utf8' });
  assert.equal(built.status, 0, built.stdout + built.stderr);
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
