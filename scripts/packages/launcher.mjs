#!/usr/bin/env node
// Runs the program `adjutant` that the package of this system holds: arguments, streams, signals and exit code are its own.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { isatty } from 'node:tty';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const system = `${process.platform}-${process.arch}`;
const name = `@adjutant/${system}`;

function fail(message, ...hints) {
  console.error(`error: ${message}`);
  for (const hint of hints) console.error(`hint: ${hint}`);
  process.exit(1);
}

/** The path of the program, or the end of this process with what to do about it. */
function program() {
  if (process.env.ADJUTANT_BIN) return process.env.ADJUTANT_BIN;
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

const path = program();
const child = spawn(path, process.argv.slice(2), { stdio: 'inherit' });

child.on('error', (error) => {
  fail(`${path} cannot be run: ${error.message}`, `install it anew: npm install ${name}@${manifest.version}`);
});

/** A terminal sends these to the program as well, which takes a second one as an order to end at once. */
const FROM_TERMINAL = new Set(['SIGINT', 'SIGHUP', 'SIGQUIT']);
// To look at `process.stdin` would make the pipe non-blocking, also for the program that reads it.
const isOnTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor));

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2']) {
  process.on(signal, () => {
    if (!isOnTerminal || !FROM_TERMINAL.has(signal)) child.kill(signal);
  });
}

child.on('exit', (code, signal) => {
  if (signal === null) process.exit(code);
  // Ends as the program did, so that whoever waits sees the same.
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // A signal that Node takes for itself ends nothing.
  setTimeout(() => process.exit(128 + (constants.signals[signal] ?? 0)), 1000);
});
