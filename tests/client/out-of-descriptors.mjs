// A process that has no file descriptor left when it asks, and has some again when it asks a second time.

import fs from 'node:fs';

import { OrchestratorMCPClient } from '../../.claude/lib/orchestrator-mcp-client.js';

const [projectRoot, baseUrl] = process.argv.slice(2);
const logged = [];
const adjutant = new OrchestratorMCPClient({ projectRoot, baseUrl, timeoutMs: 10_000, log: (line) => logged.push(line) });

const open = [];
try {
  for (;;) open.push(fs.openSync('/dev/null', 'r'));
} catch {
  // None is left.
}
const starved = await adjutant.queryAgents({ role: 'frontend_developer' });
open.forEach((descriptor) => fs.closeSync(descriptor));
const later = await adjutant.queryAgents({ role: 'frontend_developer' });
await adjutant.close();
console.log(JSON.stringify({ starved, later, logged }));
