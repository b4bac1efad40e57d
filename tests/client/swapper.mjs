// A process of its own that puts a link in place of a folder and takes it back, as fast as it can, until its standard
// input ends. The client under test works in that folder meanwhile, and may make it anew.

import fs from 'node:fs';

const [folder, target] = process.argv.slice(2);
const aside = `${folder}.aside`;
let isStopped = false;
process.stdin.on('data', () => {}).on('end', () => (isStopped = true));
process.stdout.write('swapping\n');

function attempt(step) {
  try {
    step();
    return true;
  } catch {
    return false;
  }
}

function round() {
  for (let n = 0; n < 50; n += 1) {
    attempt(() => fs.renameSync(folder, aside));
    if (attempt(() => fs.symlinkSync(target, folder))) fs.unlinkSync(folder);
    while (!attempt(() => fs.renameSync(aside, folder))) attempt(() => fs.rmSync(folder, { recursive: true, force: true }));
  }
  if (isStopped) process.exit(0);
  setImmediate(round);
}
round();
