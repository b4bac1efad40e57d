// The one module of the client that opens files: it stays below its root, by descriptors and by checked paths alike.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { ConfinedDir, confinedPath, PLATFORM_BINDING, readConfined } from '../../.claude/lib/client/confined-fs.js';
import { CHECKOUT } from './support.mjs';

const LIB = path.join(CHECKOUT, '.claude/lib');
const MIB = 1024 * 1024;
const BINDINGS = process.platform === 'linux' ? ['descriptor', 'checked-path'] : ['checked-path'];

/** A root with `a/b/file`, and a directory outside it with the same below. */
function folders(t) {
  const base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'adjutant-confined-')));
  t.after(() => fs.rmSync(base, { recursive: true, force: true }));
  const [root, outside] = ['root', 'outside'].map((name) => path.join(base, name));
  for (const folder of [root, outside]) {
    fs.mkdirSync(path.join(folder, 'a/b'), { recursive: true });
    fs.writeFileSync(path.join(folder, 'a/b/file'), folder === root ? 'inside' : 'outside');
  }
  return { root, outside };
}

function contents(folder) {
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return names.map((name) => {
    const file = path.join(folder, name);
    const stats = fs.lstatSync(file);
    return [name, stats.mtimeMs, stats.isFile() ? fs.readFileSync(file, 'utf8') : ''];
  });
}

/** Every operation of a directory, on a name that exists and on one that does not. */
const OPERATIONS = {
  read: async (directory) => directory.readText('file', MIB),
  create: async (directory) => directory.createFile('new', 'text'),
  'create over': async (directory) => directory.createFile('file', 'text'),
  rename: async (directory) => directory.rename('file', 'renamed'),
  unlink: async (directory) => directory.unlink('file'),
  list: async (directory) => directory.list(),
  size: async (directory) => directory.sizeOf('file'),
  sync: async (directory) => directory.sync(),
};

test('the client opens files in one module alone', () => {
  const all = fs.readdirSync(LIB, { recursive: true, encoding: 'utf8' });
  const sources = all.filter((name) => /\.(ts|js|mjs|cjs)$/.test(name) && !name.startsWith('node_modules'));
  assert.ok(sources.length >= 20, sources.join());
  const opens = (name) => /['"`](node:)?(fs|fs\/promises|child_process|worker_threads|module)['"`]/.test(fs.readFileSync(path.join(LIB, name), 'utf8'));
  assert.deepEqual(sources.filter(opens).sort(), ['client/confined-fs.js', 'client/confined-fs.ts']);
});

test('Linux binds operations to descriptors', { skip: process.platform !== 'linux' }, () => {
  assert.equal(PLATFORM_BINDING, 'descriptor');
});

for (const binding of BINDINGS) {
  test(`${binding}: files are created, read, renamed and removed`, async (t) => {
    const { root } = folders(t);
    const link = `${root}-link`;
    fs.symlinkSync(root, link);
    for (const from of [root, link]) {
      const directory = ConfinedDir.open(from, 'new/deep', { create: true, binding });
      await directory.createFile('one', 'text äöü');
      await directory.rename('one', 'two');
      await directory.sync();
      assert.deepEqual(await directory.list(), ['two']);
      assert.equal(await directory.sizeOf('two'), 11);
      assert.equal(directory.readText('two', 11), 'text äöü');
      assert.throws(() => directory.readText('two', 10), { code: 'EFBIG' });
      assert.throws(() => directory.readText('one', MIB), { code: 'ENOENT' });
      await assert.rejects(directory.createFile('two', ''), { code: 'EEXIST' });
      await directory.unlink('two');
      await assert.rejects(directory.unlink('two'), { code: 'ENOENT' });
      directory.close();
    }
    assert.equal(fs.statSync(path.join(root, 'new/deep')).mode & 0o777, 0o700);
    assert.throws(() => ConfinedDir.open(root, 'a/missing', { binding }), { code: 'ENOENT' });
    assert.throws(() => ConfinedDir.open(root, 'a/b/file', { binding }), { code: 'ENOTDIR' });
    for (const outside of ['..', 'a/../..', '/etc/..']) {
      assert.throws(() => ConfinedDir.open(root, outside, { binding, create: true }), { code: 'EINVAL' }, outside);
    }
    const directory = ConfinedDir.open(root, 'a/b', { binding });
    for (const name of ['../file', '..', '.', '', 'c/d', 'a\0b']) {
      assert.throws(() => directory.readText(name, MIB), { code: 'EINVAL' }, name);
      await assert.rejects(directory.createFile(name, ''), { code: 'EINVAL' }, name);
      await assert.rejects(directory.rename('file', name), { code: 'EINVAL' }, name);
      await assert.rejects(directory.unlink(name), { code: 'EINVAL' }, name);
    }
    directory.close();
  });

  test(`${binding}: a link in place of a directory is refused wherever it is`, (t) => {
    for (const location of ['a', 'a/b']) {
      for (const [what, target] of Object.entries({ outside: 'a', inside: '.', dangling: 'missing', relative: '..' })) {
        const { root, outside } = folders(t);
        const before = contents(outside);
        fs.rmSync(path.join(root, location), { recursive: true });
        const to = { outside: path.join(outside, target), inside: root, dangling: path.join(outside, target), relative: '../outside' }[what];
        fs.symlinkSync(to, path.join(root, location));
        for (const create of [false, true]) {
          const open = () => ConfinedDir.open(root, 'a/b', { binding, create });
          assert.throws(open, (error) => error.code === 'ELOOP' && error.message.startsWith(`${path.join(root, location)}: it is a symbolic link`));
        }
        assert.deepEqual(contents(outside), before, `${what} at ${location}`);
      }
    }
  });

  test(`${binding}: a link or pipe in place of a file is not opened, and is itself what is renamed and removed`, async (t) => {
    const plants = {
      'a link to a file': (file, outside) => fs.symlinkSync(path.join(outside, 'a/b/file'), file),
      'a link to a directory': (file, outside) => fs.symlinkSync(path.join(outside, 'a'), file),
      'a dangling link': (file, outside) => fs.symlinkSync(path.join(outside, 'missing'), file),
      'a pipe': (file) => execFileSync('mkfifo', [file]),
      'a directory': (file) => fs.mkdirSync(file),
    };
    for (const [what, plant] of Object.entries(plants)) {
      const { root, outside } = folders(t);
      const before = contents(outside);
      const file = path.join(root, 'a/b/file');
      fs.unlinkSync(file);
      plant(file, outside);
      const directory = ConfinedDir.open(root, 'a/b', { binding });
      assert.throws(() => directory.readText('file', MIB), { code: what.includes('link') ? 'ELOOP' : 'EINVAL' }, what);
      await assert.rejects(directory.createFile('file', 'text'), { code: 'EEXIST' }, what);
      await directory.createFile('fresh', 'text');
      await directory.rename('file', 'moved');
      assert.ok(fs.lstatSync(path.join(root, 'a/b/moved')));
      if (what !== 'a directory') {
        await directory.rename('fresh', 'moved');
        assert.equal(directory.readText('moved', MIB), 'text', what);
        await directory.rename('moved', 'file');
        await directory.unlink('file');
        assert.deepEqual(await directory.list(), []);
      }
      directory.close();
      assert.deepEqual(contents(outside), before, what);
    }
  });

  test(`${binding}: a link that is swapped in after the directory was opened redirects no operation`, async (t) => {
    for (const location of ['a', 'a/b']) {
      for (const [name, operation] of Object.entries(OPERATIONS)) {
        const { root, outside } = folders(t);
        const before = contents(outside);
        const directory = ConfinedDir.open(root, 'a/b', { binding });
        fs.renameSync(path.join(root, location), path.join(root, 'aside'));
        fs.symlinkSync(path.join(outside, location), path.join(root, location));
        const result = await operation(directory).catch((error) => error);
        directory.close();
        assert.notEqual(result, 'outside', `${name} with ${location}`);
        if (binding === 'checked-path' && !['size', 'sync'].includes(name)) assert.equal(result.code, 'ELOOP', `${name} with ${location}`);
        if (binding === 'descriptor' && name === 'read') assert.equal(result, 'inside');
        assert.deepEqual(contents(outside), before, `${name} with ${location}`);
      }
    }
  });
}

test('a path below the project is confined, one that the user names elsewhere is not', (t) => {
  const { root, outside } = folders(t);
  const link = path.join(outside, 'project');
  fs.symlinkSync(root, link);
  const confined = (projectRoot, named) => confinedPath(projectRoot, named).trusted === false && confinedPath(projectRoot, named).path;
  assert.equal(confined(root, 'a/b/file'), 'a/b/file');
  assert.equal(confined(root, path.join(root, 'a/b/file')), 'a/b/file');
  assert.equal(confined(root, 'c/../a/file'), 'a/file');
  assert.equal(confined(link, 'a/file'), 'a/file');
  assert.equal(confined(link, path.join(root, 'a/file')), 'a/file', 'the project under its real path');
  for (const named of ['..', '../outside/a', path.join(outside, 'a'), '/', root]) assert.equal(confined(root, named), false, named);

  const linkToFile = path.join(outside, 'link');
  fs.symlinkSync('a/b/file', linkToFile);
  assert.equal(readConfined(confinedPath(root, linkToFile), MIB).text, 'outside');
  fs.symlinkSync(linkToFile, path.join(root, 'link'));
  for (const linksWithin of [false, true]) {
    assert.throws(() => readConfined(confinedPath(root, 'link'), MIB, { linksWithin }), { code: 'ELOOP' });
  }
  fs.symlinkSync('a/b/file', path.join(root, 'within'));
  assert.throws(() => readConfined(confinedPath(root, 'within'), MIB), { code: 'ELOOP' });
  assert.equal(readConfined(confinedPath(root, 'within'), MIB, { linksWithin: true }).text, 'inside');
});

test('a file that grows while it is read is bounded', { skip: !fs.existsSync('/proc/self/maps') }, () => {
  // Its size is 0 and it is not empty.
  assert.throws(() => readConfined({ root: '/proc', path: 'kallsyms', trusted: true }, 1024), { code: 'EFBIG' });
  assert.ok(readConfined({ root: '/proc', path: 'filesystems', trusted: true }, MIB).text.includes('proc'));
});
