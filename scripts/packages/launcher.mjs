#!/usr/bin/env node
// Runs the program `adjutant` that the package of this system holds: arguments, streams, signals and exit code are its own.

import { spawn } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const system = `${process.platform}-${process.arch}`;
const name = `@adjutant/${system}`;

function fail(message, ...hints) {
  console.error(`error: ${message}`);
  for (const hint of hints) console.error(`hint: ${hint}`);
  process.exit(1);
}

/** What ADJUTANT_BIN names, but for this launcher, which would start itself for ever. */
function named() {
  const { ADJUTANT_BIN: file } = process.env;
  if (!file) return undefined;
  try {
    return realpathSync(file) === realpathSync(fileURLToPath(import.meta.url)) ? undefined : file;
  } catch {
    // To start it tells what is wrong with it.
    return file;
  }
}

/** The path of the program, or the end of this process with what to do about it. */
function program() {
  if (!(name in manifest.optionalDependencies)) {
    const systems = Object.keys(manifest.optionalDependencies).map((one) => one.split('/')[1]);
    fail(
      `adjutant-mcp has no program for ${system}, only for ${systems.join(', ')}`,
      'on Windows, install it under WSL; elsewhere build it from source, and set ADJUTANT_BIN to the program',
    );
  }
  try {
    return createRequire(import.meta.url).resolve(`${name}/adjutant`);
  } catch {
    return fail(
      `the package ${name}, which holds the program, is not installed`,
      'it is an optional dependency: install adjutant-mcp without --omit=optional and --no-optional',
      'if the lock file was written on another system, remove node_modules and the lock file, and install again',
      `or install it by its name: npm install ${name}@${manifest.version}`,
    );
  }
}

/** A terminal sends these to the program as well, which takes a second one as an order to end at once. */
const FROM_TERMINAL = new Set(['SIGINT', 'SIGHUP', 'SIGQUIT']);
// Who types there has the terminal as input; a client of MCP gives a pipe, and often its own terminal for errors. To look
// at `process.stdin` would make the pipe non-blocking, also for the program that reads it.
const isOnTerminal = isatty(0);

// Before the program starts, so that none is lost.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2']) {
  process.on(signal, () => {
    if (!isOnTerminal || !FROM_TERMINAL.has(signal)) child.kill(signal);
  });
}

const byName = named();
const path = byName ?? program();
// Without the name, so that another launcher which it may lead to starts its own program.
const { ADJUTANT_BIN: _, ...env } = process.env;
const child = spawn(path, process.argv.slice(2), { stdio: 'inherit', env });

child.on('error', (error) => {
  const byPackage = `install it anew: npm install ${name}@${manifest.version}`;
  const hint = byName === undefined ? byPackage : 'ADJUTANT_BIN names it: have it name a program, or unset it';
  fail(`${path} cannot be run: ${error.message}`, hint);
});

child.on('exit', (code, signal) => {
  if (signal === null) process.exit(code);
  // Ends as the program did, so that whoever waits sees the same.
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // A signal that Node takes for itself ends nothing.
  setTimeout(() => process.exit(128 + (constants.signals[signal] ?? 0)), 1000);
});
