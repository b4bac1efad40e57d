// What scripts/release makes, installed as a user would from the files alone: no network, an empty home, an empty prefix.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';

import { violations } from './json-schema.mjs';
import { binary, CHECKOUT, createProject, until } from './support.mjs';

const VERSION = /^version = "(.*)"$/m.exec(fs.readFileSync(path.join(CHECKOUT, 'Cargo.toml'), 'utf8'))[1];
const SYSTEM = `${process.platform}-${process.arch}`;

const base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'adjutant-packages-')));
const out = path.join(base, 'artefacts');
const home = path.join(base, 'home');
after(() => fs.rmSync(base, { recursive: true, force: true, maxRetries: 5 }));

/** Nothing of the developer's, and no `adjutant` on the way. */
const env = {
  PATH: [path.dirname(process.execPath), '/usr/bin', '/bin'].join(':'),
  HOME: home,
  MCP_USER_SCOPE: 'off',
  npm_config_update_notifier: 'false',
};

const text = (...parts) => fs.readFileSync(path.join(...parts), 'utf8');
const json = (...parts) => JSON.parse(text(...parts));

function run(command, args, options = {}) {
  return spawnSync(command, args, { encoding: 'utf8', env, cwd: base, timeout: 120_000, ...options });
}

function succeed(command, args, options) {
  const ran = run(command, args, options);
  assert.equal(ran.status, 0, `${command} ${args.join(' ')}: ${ran.error ?? ''}${ran.stdout}${ran.stderr}`);
  return ran.stdout;
}

function release(args, options = {}) {
  return succeed(path.join(CHECKOUT, 'scripts/release'), args, { env: { ...process.env, ...options } });
}

/** The one artefact whose name fits. */
function artefact(pattern) {
  const found = fs.readdirSync(out).filter((name) => pattern.test(name));
  assert.equal(found.length, 1, `${pattern}: ${found}`);
  return path.join(out, found[0]);
}

function unpacked(archive, name) {
  const folder = path.join(base, name);
  fs.mkdirSync(folder);
  execFileSync('tar', ['-xzf', archive, '-C', folder]);
  return folder;
}

const NPM = /^adjutant-mcp-.*\.tgz$/;
const PLATFORM = /^adjutant-(linux|darwin)-.*\.tgz$/;
const WHEEL = /\.whl$/;
const ARCHIVE = /\.tar\.gz$/;

before(() => {
  assert.ok(fs.existsSync(path.join(CHECKOUT, '.claude/lib/node_modules/typescript')), 'run `npm ci` in .claude/lib');
  fs.mkdirSync(home);
  // Without what a debugger needs it is a quarter of the size.
  const program = path.join(base, 'program');
  fs.copyFileSync(binary(), program);
  spawnSync('strip', [program]);
  fs.chmodSync(program, 0o755);
  release(['--binary', program, '--out', out, '--compression', '1']);
});

/** What an installed `adjutant` has to do, whichever way it came. */
async function behaves(t, adjutant) {
  const project = createProject(t);
  assert.equal(succeed(adjutant, ['--version']), `adjutant ${VERSION}\n`);
  const found = JSON.parse(succeed(adjutant, ['find', 'agents', 'build', 'the', 'React form', '--root', project.root, '--json']));
  assert.equal(found.agents[0].id, 'web:react-specialist');
  assert.equal(run(adjutant, ['find', 'agents', 'zymurgy', '--root', project.root]).status, 2, 'nothing was found');
  assert.equal(run(adjutant, ['status', '--root', project.root]).status, 3, 'nothing runs');

  const mcp = spawn(adjutant, ['mcp', '--root', project.root], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => mcp.kill('SIGKILL'));
  const ended = once(mcp, 'exit');
  const lines = createInterface({ input: mcp.stdout })[Symbol.asyncIterator]();
  const ask = async (message) => {
    mcp.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    for (;;) {
      const { value, done } = await lines.next();
      assert.ok(!done, `it ended without an answer to ${message.method}`);
      const answer = JSON.parse(value);
      // The server may notify in between.
      if (answer.id === message.id) return answer;
    }
  };
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const opened = await ask({ id: 1, method: 'initialize', params });
  assert.deepEqual([opened.id, opened.result.serverInfo.version], [1, VERSION]);
  mcp.stdin.write('{"jsonrpc": "2.0", "method": "notifications/initialized"}\n');
  const { result } = await ask({ id: 2, method: 'tools/list' });
  assert.ok(result.tools.some(({ name }) => name === 'find_agents'));
  mcp.stdin.end();
  assert.deepEqual(await ended, [0, null]);

  for (const signal of ['SIGTERM', 'SIGINT']) await endsWith(t, project, adjutant, signal);
}

/** A signal to the process that was started ends the service behind it in order, and the exit code comes back. */
async function endsWith(t, { root, endpoint }, adjutant, signal) {
  const served = spawn(adjutant, ['serve', '--root', root, '--port', '0', '--no-watch'], { env, stdio: 'ignore' });
  t.after(() => served.kill('SIGKILL'));
  const ended = once(served, 'exit');
  await until(() => fs.existsSync(endpoint), 'the service has said where it listens');
  const { pid } = json(endpoint);
  served.kill(signal);
  assert.deepEqual(await ended, [0, null], signal);
  assert.ok(!fs.existsSync(endpoint), `${signal} ended it in order`);
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
}

test('the checksums are those of the files', () => {
  const sums = text(out, 'SHA256SUMS').trimEnd().split('\n').map((line) => line.split('  '));
  assert.deepEqual(sums.map(([, name]) => name), fs.readdirSync(out).filter((name) => name !== 'SHA256SUMS').sort());
  for (const [sum, name] of sums) {
    assert.equal(createHash('sha256').update(fs.readFileSync(path.join(out, name))).digest('hex'), sum, name);
  }
  assert.equal(sums.length, 5);
});

test('the same input makes the same bytes, whoever runs it and when', () => {
  const small = path.join(base, 'small');
  const sums = [{ TZ: 'Asia/Tokyo', LC_ALL: 'C' }, { TZ: 'UTC', LC_ALL: 'C.UTF-8' }].map((environment, index) => {
    fs.writeFileSync(small, 'the same');
    fs.chmodSync(small, index === 0 ? 0o600 : 0o755);
    const folder = path.join(base, `same-${index}`);
    release(['--binary', small, '--target', 'aarch64-apple-darwin', '--out', folder], { ...environment, SOURCE_DATE_EPOCH: '1700000000' });
    return text(folder, 'SHA256SUMS');
  });
  assert.equal(sums[0], sums[1]);
  assert.match(sums[0], /adjutant-\S+-aarch64-apple-darwin\.tar\.gz\n.*adjutant-darwin-arm64-\S+\.tgz\n.*\n.*-py3-none-macosx_11_0_arm64\.whl/);
});

test('a folder with other files is not emptied, and an unknown system is refused', () => {
  const folder = path.join(base, 'precious');
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'file'), 'precious');
  const refused = run(path.join(CHECKOUT, 'scripts/release'), ['--binary', '/bin/sh', '--target', 'x86_64-apple-darwin', '--out', folder]);
  assert.notEqual(refused.status, 0);
  assert.match(refused.stderr, /error: .*precious holds other files/);
  assert.equal(text(folder, 'file'), 'precious');
  // A program has the name of no artefact, and stays.
  const bin = path.join(base, 'bin');
  fs.mkdirSync(bin);
  for (const name of ['adjutant', 'adjutant-mcp']) fs.writeFileSync(path.join(bin, name), 'installed');
  const spared = run(path.join(CHECKOUT, 'scripts/release'), ['--binary', path.join(bin, 'adjutant'), '--target', 'x86_64-apple-darwin', '--out', bin]);
  assert.notEqual(spared.status, 0);
  assert.match(spared.stderr, /error: .*bin holds other files/);
  assert.deepEqual(fs.readdirSync(bin).sort(), ['adjutant', 'adjutant-mcp']);
  const unknown = run(path.join(CHECKOUT, 'scripts/release'), ['--binary', '/bin/sh', '--target', 'wasm32-wasip1', '--out', path.join(base, 'none')]);
  assert.notEqual(unknown.status, 0);
  assert.match(unknown.stderr, /no packages are made for wasm32-wasip1/);
});

test('input in the folder of the artefacts is read before it makes room', () => {
  const folder = path.join(base, 'own-input');
  fs.mkdirSync(folder);
  const input = path.join(folder, 'adjutant-0.0.0-x86_64-apple-darwin.tar.gz');
  fs.writeFileSync(input, 'the input');
  release(['--binary', input, '--target', 'x86_64-apple-darwin', '--out', folder]);
  assert.ok(!fs.existsSync(input));
  const archive = fs.readdirSync(folder).find((name) => name.endsWith('.tar.gz'));
  assert.equal(execFileSync('tar', ['-xzOf', path.join(folder, archive), `${path.basename(archive, '.tar.gz')}/adjutant`], { encoding: 'utf8' }), 'the input');
});

test('rustc is needed only where nobody says which system it is', () => {
  const tools = path.join(base, 'without-rust');
  fs.mkdirSync(tools);
  for (const tool of ['bash', 'dirname', 'find', 'git', 'mkdir', 'mktemp', 'node', 'python3', 'realpath', 'rm', 'sed']) {
    fs.symlinkSync(execFileSync('/bin/sh', ['-c', `command -v ${tool}`], { env, encoding: 'utf8' }).trim(), path.join(tools, tool));
  }
  const small = path.join(base, 'small-program');
  fs.writeFileSync(small, 'small');
  const options = { env: { PATH: tools, HOME: home } };
  const make = (...more) => run(path.join(CHECKOUT, 'scripts/release'), ['--binary', small, '--out', path.join(base, 'rustless'), ...more], options);
  const named = make('--target', 'x86_64-apple-darwin');
  assert.equal(named.status, 0, named.stderr);
  const unnamed = make();
  assert.equal(unnamed.status, 1);
  assert.match(unnamed.stderr, /error: rustc is needed .*--target/);
});

test('what git does not track is not packed', () => {
  const copy = path.join(base, 'copy');
  for (const name of ['.claude-plugin', '.claude/plugin', 'scripts/packages', 'Cargo.toml', 'CHANGELOG.md', 'LICENSE', 'README.md']) {
    fs.cpSync(path.join(CHECKOUT, name), path.join(copy, name), { recursive: true });
  }
  const small = path.join(base, 'tracked-program');
  fs.writeFileSync(small, 'small');
  const packed = (name) => {
    const folder = path.join(base, name);
    for (const one of [folder, `${folder}-client`]) fs.mkdirSync(one);
    const options = ['--binary', small, '--target', 'x86_64-apple-darwin', '--client', `${folder}-client`, '--out', folder, '--epoch', '0'];
    succeed('python3', [path.join(copy, 'scripts/packages/assemble.py'), 'make', ...options]);
    return execFileSync('tar', ['-tzf', path.join(folder, `adjutant-${VERSION}-x86_64-apple-darwin.tar.gz`)], { encoding: 'utf8' });
  };
  const git = (...args) => execFileSync('git', args, { cwd: copy, stdio: 'ignore' });
  git('init', '--quiet');
  git('add', '--all');
  fs.writeFileSync(path.join(copy, '.claude/plugin/secret.env'), 'TOKEN=x');
  const tracked = packed('tracked');
  assert.doesNotMatch(tracked, /secret/);
  assert.match(tracked, /\.claude\/plugin\/adjutant\.sh/);
  fs.rmSync(path.join(copy, '.git'), { recursive: true });
  assert.match(packed('untracked'), /\.claude\/plugin\/secret\.env/, 'an unpacked archive has no git to ask');
});

test('all manifests name the same version, and each other by the right names', () => {
  const main = json(unpacked(artefact(NPM), 'main'), 'package/package.json');
  const platform = json(unpacked(artefact(PLATFORM), 'platform'), 'package/package.json');
  const server = json(out, 'server.json');
  assert.deepEqual(
    [main.version, platform.version, server.version, ...server.packages.map(({ version }) => version)],
    Array(5).fill(VERSION),
  );
  assert.deepEqual(main.optionalDependencies, Object.fromEntries(
    ['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64'].map((system) => [`@adjutant/${system}`, VERSION]),
  ));
  assert.deepEqual([platform.name, platform.os, platform.cpu], [`@adjutant/${SYSTEM}`, [process.platform], [process.arch]]);
  for (const manifest of [main, platform]) {
    assert.equal(manifest.scripts, undefined, 'nothing runs at installation');
    assert.equal(manifest.dependencies, undefined);
  }
  assert.deepEqual(server.packages.map(({ registryType, identifier }) => [registryType, identifier]), [['npm', main.name], ['pypi', 'adjutant-mcp']]);
  assert.equal(main.mcpName, server.name);
  for (const page of [text(CHECKOUT, 'README.md'), text(base, 'main/package/README.md')]) {
    assert.ok(page.includes(`mcp-name: ${server.name} `), 'the registry finds its name');
    assert.doesNotMatch(page, /\{(mcp_name|repository)\}/);
  }
  assert.equal(json(CHECKOUT, '.claude/plugin/.claude-plugin/plugin.json').version, VERSION);
  for (const name of fs.readdirSync(out).filter((name) => /^adjutant/.test(name))) assert.ok(name.includes(`-${VERSION}`), name);
});

test('server.json is what the registry takes', () => {
  const schema = json(CHECKOUT, 'scripts/packages/server.schema.json');
  const server = json(out, 'server.json');
  assert.deepEqual(violations(schema, server), []);
  const broken = [
    { name: 'adjutant' },
    { description: 'x'.repeat(101) },
    { version: 'latest' },
    { version: undefined },
    { packages: [{ ...server.packages[0], transport: { type: 'pigeon' } }] },
    { surprise: 1 },
  ];
  for (const change of broken) {
    const changed = JSON.parse(JSON.stringify({ ...server, ...change }));
    assert.notDeepEqual(violations(schema, changed), [], JSON.stringify(change));
  }
});

test('cargo binstall looks for archives by the names they have', () => {
  const metadata = JSON.parse(execFileSync('cargo', ['metadata', '--no-deps', '--offline', '--format-version', '1'], { cwd: CHECKOUT, encoding: 'utf8' }));
  const { repository, metadata: { binstall } } = metadata.packages.find(({ name }) => name === 'adjutant');
  for (const page of ['docs/deployment.md', 'CHANGELOG.md', 'README.md']) {
    assert.doesNotMatch(text(CHECKOUT, page), /cargo binstall (?!--git)[\w-]/, `${page}: no registry of crates has it`);
  }
  assert.ok(text(CHECKOUT, 'docs/deployment.md').includes(`cargo binstall --git ${repository} adjutant`));
  const [, host] = /-((?:x86_64|aarch64)-.*)\.tar\.gz$/.exec(artefact(ARCHIVE));
  const nameFor = (target) => path.basename(artefact(ARCHIVE)).replace(host, target);
  const fetched = { 'x86_64-unknown-linux-gnu': 'x86_64-unknown-linux-musl', 'aarch64-unknown-linux-gnu': 'aarch64-unknown-linux-musl' };
  const targets = ['x86_64-unknown-linux-musl', 'aarch64-unknown-linux-musl', 'x86_64-apple-darwin', 'aarch64-apple-darwin', ...Object.keys(fetched)];
  for (const target of targets) {
    const rule = { ...binstall, ...binstall.overrides[target] };
    const values = { repo: repository, version: VERSION, target, bin: 'adjutant', 'binary-ext': '' };
    const filled = (template) => template.replace(/\{ ([\w-]+) \}/g, (_, name) => values[name] ?? assert.fail(name));
    const archive = nameFor(fetched[target] ?? target);
    assert.equal(filled(rule['pkg-url']), `${repository}/releases/download/v${VERSION}/${archive}`);
    assert.equal(filled(rule['bin-dir']), `${archive.replace('.tar.gz', '')}/adjutant`);
    assert.equal(rule['pkg-fmt'], 'tgz');
  }
  const inside = execFileSync('tar', ['-tzf', artefact(ARCHIVE)], { encoding: 'utf8' });
  assert.ok(inside.split('\n').includes(`${path.basename(artefact(ARCHIVE), '.tar.gz')}/adjutant`));
});

describe('from npm', () => {
  const prefix = path.join(base, 'npm');
  const installed = path.join(prefix, 'node_modules/.bin');
  before(() => {
    fs.mkdirSync(prefix);
    succeed('npm', ['install', '--offline', '--no-audit', '--no-fund', artefact(NPM), artefact(PLATFORM)], { cwd: prefix });
  });

  test('the program works as if it had been called by itself', (t) => behaves(t, path.join(installed, 'adjutant')));

  test('npx finds it by the name of the package', () => {
    assert.equal(succeed('npm', ['exec', '--offline', '--no', '--', 'adjutant-mcp', '--version'], { cwd: prefix }), `adjutant ${VERSION}\n`);
  });

  test('a program that is killed has its launcher end in the same way', async (t) => {
    const { root, endpoint } = createProject(t);
    const served = spawn(path.join(installed, 'adjutant'), ['serve', '--root', root, '--port', '0', '--no-watch'], { env, stdio: 'ignore' });
    t.after(() => served.kill('SIGTERM'));
    const ended = once(served, 'exit');
    await until(() => fs.existsSync(endpoint), 'the service has said where it listens');
    process.kill(json(endpoint).pid, 'SIGKILL');
    assert.deepEqual(await ended, [null, 'SIGKILL']);
  });

  test('streams and arguments arrive as they are', () => {
    const echo = path.join(base, 'echo');
    fs.writeFileSync(echo, '#!/bin/sh\nprintf "[%s]" "$@"\ncat\necho said >&2\nexit 42\n', { mode: 0o755 });
    const args = ['', 'two words', '"quoted"', '$HOME', 'ünï', '*'];
    const ran = run(path.join(installed, 'adjutant'), args, { env: { ...env, ADJUTANT_BIN: echo }, input: 'asked' });
    assert.deepEqual([ran.stdout, ran.stderr, ran.status], [`${args.map((one) => `[${one}]`).join('')}asked`, 'said\n', 42]);
  });

  test('a program that cannot be run is told', () => {
    const ran = run(path.join(installed, 'adjutant'), [], { env: { ...env, ADJUTANT_BIN: path.join(base, 'nowhere') } });
    assert.equal(ran.status, 1);
    assert.match(ran.stderr, /^error: .*nowhere cannot be run: .*\nhint: ADJUTANT_BIN names it: .*unset it\n$/);
  });

  test('a launcher that is named as the program starts the program once', () => {
    const launcher = path.join(installed, 'adjutant');
    // As pnpm makes them: no link that could be followed.
    const shim = path.join(base, 'shim');
    fs.writeFileSync(shim, `#!/bin/sh\nexec "${launcher}" "$@"\n`, { mode: 0o755 });
    for (const named of [launcher, fs.realpathSync(launcher), shim]) {
      const ran = run(launcher, ['--version'], { env: { ...env, ADJUTANT_BIN: named }, timeout: 60_000 });
      assert.deepEqual([ran.stdout, ran.status], [`adjutant ${VERSION}\n`, 0], `${named}: ${ran.stderr}`);
    }
  });

  test('with a terminal for its errors alone, it passes signals on', () => {
    const program = path.join(base, 'told');
    fs.writeFileSync(program, `#!/bin/sh
trap 'exit 42' INT
trap 'exit 43' HUP
echo ready
read line
`, { mode: 0o755 });
    const script = `
import os, pty, signal, subprocess, sys
for number, expected in [(signal.SIGINT, 42), (signal.SIGHUP, 43)]:
    master, terminal = pty.openpty()
    launcher = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=terminal)
    assert launcher.stdout.readline() == b"ready\\n"
    launcher.send_signal(number)
    try:
        assert launcher.wait(60) == expected, launcher.returncode
    finally:
        launcher.stdin.close()
`;
    succeed('python3', ['-c', script, path.join(installed, 'adjutant')], { env: { ...env, ADJUTANT_BIN: program } });
  });

  test('a release publishes files, and passes over those that are there', () => {
    const workflow = text(CHECKOUT, '.github/workflows/release.yml');
    const [, block] = /- name: Publish, the package of each system first\n +run: \|\n((?: {10}.*\n|\n)+)/.exec(workflow);
    const folder = path.join(base, 'publishing');
    const tools = path.join(folder, 'tools');
    fs.mkdirSync(path.join(folder, 'dist'), { recursive: true });
    fs.mkdirSync(tools);
    fs.copyFileSync(artefact(NPM), path.join(folder, 'dist', path.basename(artefact(NPM))));
    for (const system of ['linux-x64', 'darwin-x64']) fs.copyFileSync(artefact(PLATFORM), path.join(folder, `dist/adjutant-${system}-${VERSION}.tgz`));
    const npm = execFileSync('/bin/sh', ['-c', 'command -v npm'], { env, encoding: 'utf8' }).trim();
    // The real npm, kept from the registry, which has what is in the variable.
    const kept = `#!/bin/sh
if [ "$1" = view ]; then case " $PUBLISHED " in *" $2 "*) echo there ;; *) exit 1 ;; esac; exit 0; fi
exec ${npm} "$@" --dry-run --offline
`;
    fs.writeFileSync(path.join(tools, 'npm'), kept, { mode: 0o755 });
    const platform = `@adjutant/${SYSTEM}@${VERSION}`;
    for (const published of ['', platform, `${platform} adjutant-mcp@${VERSION}`]) {
      const said = succeed('bash', ['-e', '-c', block], { cwd: folder, env: { ...env, PATH: `${tools}:${env.PATH}`, PUBLISHED: published } });
      for (const one of [platform, `adjutant-mcp@${VERSION}`]) {
        const isThere = published.split(' ').includes(one);
        assert.equal(said.includes(`${one} is published already`), isThere, said);
        assert.equal(said.includes(`+ ${one}`), !isThere, said);
      }
    }
    assert.match(workflow, /packages-dir: dist\n(?: +#.*\n)* +skip-existing: true\n/);
  });

  test('without the package of the system, it says what to do', () => {
    const partial = path.join(base, 'partial');
    fs.mkdirSync(partial);
    succeed('npm', ['install', '--offline', '--omit=optional', '--no-audit', '--no-fund', artefact(NPM)], { cwd: partial });
    const ran = run(path.join(partial, 'node_modules/.bin/adjutant'), ['--version']);
    assert.equal(ran.status, 1);
    for (const part of [`error: the package @adjutant/${SYSTEM}`, '--omit=optional', 'lock file', `npm install @adjutant/${SYSTEM}@${VERSION}`]) {
      assert.ok(ran.stderr.includes(part), `${part}: ${ran.stderr}`);
    }
    assert.equal(ran.stdout, '');
  });

  test('a lock file does not name the systems away', () => {
    const lock = json(prefix, 'package-lock.json');
    const wanted = Object.keys(lock.packages['node_modules/adjutant-mcp'].optionalDependencies);
    assert.equal(wanted.length, 4, 'another system finds its own package in the manifest');
  });
});

describe('from PyPI', () => {
  const prefix = path.join(base, 'wheel');
  let told;
  before(() => {
    told = JSON.parse(succeed('python3', ['-B', path.join(CHECKOUT, 'tests/client/install-wheel.py'), artefact(WHEEL), prefix]));
  });

  test('the wheel describes itself as its name does', () => {
    const [, version, tags] = /^adjutant_mcp-([^-]+)-py3-none-(.+)\.whl$/.exec(path.basename(artefact(WHEEL)));
    assert.deepEqual(told.tags, tags.split('.').map((tag) => `py3-none-${tag}`));
    assert.match(told.tags[0], process.platform === 'darwin' ? /macosx_/ : /manylinux_2_\d+_/);
    assert.match(told.metadata, new RegExp(`^Name: adjutant-mcp\nVersion: ${version}\n`, 'm'));
    assert.ok(told.metadata.includes(`mcp-name: ${json(out, 'server.json').name} `));
  });

  for (const name of ['adjutant', 'adjutant-mcp']) {
    test(`${name} works`, (t) => behaves(t, path.join(prefix, 'bin', name)));
  }

  test('pip installs it, where there is pip', (t) => {
    if (run('python3', ['-m', 'pip', '--version']).status !== 0) {
      t.diagnostic('this Python has no pip: the wheel was installed by its specification alone');
      return;
    }
    const by_pip = path.join(base, 'pip');
    succeed('python3', ['-m', 'pip', 'install', '--quiet', '--no-index', '--no-deps', '--prefix', by_pip, artefact(WHEEL)]);
    const bin = fs.readdirSync(by_pip, { recursive: true, encoding: 'utf8' }).filter((name) => /bin\/adjutant(-mcp)?$/.test(name));
    assert.equal(bin.length, 2, `${bin}`);
    for (const name of bin) assert.equal(succeed(path.join(by_pip, name), ['--version']), `adjutant ${VERSION}\n`);
  });
});

describe('from the archive', () => {
  let folder;
  before(() => {
    folder = path.join(unpacked(artefact(ARCHIVE), 'archive'), path.basename(artefact(ARCHIVE), '.tar.gz'));
  });

  test('the program works', (t) => behaves(t, path.join(folder, 'adjutant')));

  test('the folder is a marketplace whose plugin is whole', (t) => {
    for (const name of ['LICENSE', 'README.md']) assert.equal(text(folder, name), text(CHECKOUT, name));
    const [{ source }] = json(folder, '.claude-plugin/marketplace.json').plugins;
    const ofCheckout = path.join(CHECKOUT, source);
    const names = execFileSync('git', ['ls-files'], { cwd: ofCheckout, encoding: 'utf8' }).trim().split('\n');
    assert.ok(names.length > 5);
    for (const name of names) assert.equal(text(folder, source, name), text(ofCheckout, name), name);
    const doctor = JSON.parse(run(path.join(folder, 'adjutant'), ['doctor', '--json', '--root', createProject(t).root, '--plugins', folder]).stdout);
    assert.deepEqual(doctor.problems.filter((problem) => JSON.stringify(problem).includes(folder)), []);
  });

  test("the plugin's server is the program that it brings, also where the client copied it", () => {
    const [{ source }] = json(folder, '.claude-plugin/marketplace.json').plugins;
    const plugin = path.join(home, '.claude/plugins/cache/adjutant');
    fs.cpSync(path.join(folder, source), plugin, { recursive: true });
    const { command, args = [] } = json(plugin, '.mcp.json').mcpServers.adjutant;
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    const input = `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`;
    const ran = run(command.replace('${CLAUDE_PLUGIN_ROOT}', plugin), args, { input, cwd: home });
    assert.equal(JSON.parse(ran.stdout).result.serverInfo.version, VERSION, ran.stderr);
  });
});

describe('the client of the npm package', () => {
  const PROGRAM = `
    import { CLIENT_VERSION, OrchestratorMCPClient, type AgentQueryResult, type ClientOptions } from 'adjutant-mcp';
    import { OrchestratorMCPClient as SameClient } from 'adjutant-mcp/client';

    const options: ClientOptions = { projectRoot: '.', log: () => undefined };
    const client: SameClient = new OrchestratorMCPClient(options);
    const answer: AgentQueryResult = await client.queryAgents({ role: 'backend_developer', limit: 1 });
    const names: string[] = answer.agents.map(({ id }) => id);
    // @ts-expect-error a result is one of three words
    void client.cacheDecision({ task_id: '1', task_description: 'a task', agents_used: names, result: 'perhaps' });
    await client.close();
    export const said: string = JSON.stringify([CLIENT_VERSION, answer.fallback, names.length]);
  `;
  const TSC = path.join(CHECKOUT, '.claude/lib/node_modules/typescript/bin/tsc');
  const SETTINGS = {
    node16: { module: 'node16', moduleResolution: 'node16', target: 'es2022' },
    nodenext: { module: 'nodenext', moduleResolution: 'nodenext', target: 'es2022' },
    bundler: { module: 'esnext', moduleResolution: 'bundler', target: 'es2022' },
  };

  for (const [name, settings] of Object.entries(SETTINGS)) {
    test(`it compiles in a strict project with ${name}, and runs`, () => {
      const project = path.join(base, `consumer-${name}`);
      fs.mkdirSync(path.join(project, 'src'), { recursive: true });
      fs.mkdirSync(path.join(project, 'node_modules'));
      fs.renameSync(path.join(unpacked(artefact(NPM), `for-${name}`), 'package'), path.join(project, 'node_modules/adjutant-mcp'));
      fs.writeFileSync(path.join(project, 'package.json'), '{ "type": "module" }');
      fs.writeFileSync(path.join(project, 'src/program.ts'), PROGRAM);
      const compilerOptions = {
        ...settings,
        // What bites users: their own root, no types of Node, an old library, and declarations that are checked as well.
        ...{ rootDir: 'src', outDir: 'out', types: [], lib: ['es2020'], skipLibCheck: false, declaration: true },
        ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, verbatimModuleSyntax: true, isolatedModules: true },
      };
      fs.writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
      const compiled = run(process.execPath, [TSC, '-p', project]);
      assert.equal(compiled.status, 0, compiled.stdout);
      assert.deepEqual(fs.readdirSync(path.join(project, 'out')).sort(), ['program.d.ts', 'program.js'], 'no sources of ours were compiled');
      const program = `import { said } from ${JSON.stringify(path.join(project, 'out/program.js'))}; console.log(said);`;
      const said = JSON.parse(succeed(process.execPath, ['--input-type=module', '-e', program], { cwd: project }));
      assert.equal(said[0], VERSION);
      assert.equal(typeof said[1], 'boolean');
    });
  }

  test('it is compiled JavaScript with declarations, and no source', () => {
    const lib = path.join(unpacked(artefact(NPM), 'lib'), 'package/lib');
    const names = fs.readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((name) => fs.statSync(path.join(lib, name)).isFile());
    assert.ok(names.length > 10);
    for (const name of names) {
      assert.match(name, /\.(js|d\.ts)$/);
      assert.ok(names.includes(name.replace(/\.js$/, '.d.ts').replace(/\.d\.ts$/, '.js')), name);
      if (name.endsWith('.js')) assert.equal(text(lib, name), text(CHECKOUT, '.claude/lib', name));
    }
  });
});
