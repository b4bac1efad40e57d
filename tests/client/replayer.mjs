// A process of its own with a client, as the tests of the outbox start several: does what its arguments say.

import { OrchestratorMCPClient } from '../../.claude/lib/orchestrator-mcp-client.js';

const [what, projectRoot, baseUrl, ...more] = process.argv.slice(2);
const adjutant = new OrchestratorMCPClient({ projectRoot, baseUrl, timeoutMs: 10_000 });
const decision = (task_id) => ({ task_id, task_description: task_id, agents_used: ['web:react-specialist'], result: 'success' });

if (what === 'flush') {
  const end = Date.now() + 20_000;
  let replayed = 0;
  for (let waiting = 1; waiting > 0 && Date.now() < end; ) {
    const flushed = await adjutant.flush();
    replayed += flushed.replayed;
    waiting = flushed.waiting;
  }
  console.log(JSON.stringify({ replayed }));
} else if (what === 'record') {
  const recorded = await adjutant.cacheDecision(decision(more[0]));
  const { agents, fallback } = await adjutant.queryAgents({ role: 'frontend_developer' });
  console.log(JSON.stringify({ stored: recorded.stored, queued: recorded.queued, agents: agents.length, fallback }));
}
// Neither closed nor told to exit: a client must not keep its process alive.
