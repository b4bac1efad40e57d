/**
 * An orchestrator that delegates: it follows the sequence of agents that worked for such a goal, or finds an agent for
 * each task, and reports the outcome. It goes on if the service is away: agents then come from the project's registry, and
 * the report waits on disk.
 *
 * Usage: node examples/orchestrator.mts GOAL TASK…
 */

import { OrchestratorMCPClient } from '../.claude/lib/orchestrator-mcp-client.js';

/** One agent with what it is to do. */
interface Step {
  agent: string;
  task: string;
}

/** Agents work for minutes, so that an answer may take longer than the half second a client waits by default. */
const adjutant = new OrchestratorMCPClient({ timeoutMs: 5_000 });

/** The steps for a goal: those of a known pattern, else the best agent for each task. */
async function plan(goal: string, tasks: string[]): Promise<{ steps: Step[]; patternId?: string }> {
  const known = await adjutant.getOrchestrationPattern(goal);
  if (known.pattern !== null) {
    const { id, agent_sequence } = known.pattern;
    console.log(`following a pattern: ${known.task_count} runs, ${Math.round(known.success_rate * 100)} % succeeded`);
    return { steps: agent_sequence.map((agent, index) => ({ agent, task: tasks[index] ?? goal })), patternId: id };
  }
  const steps: Step[] = [];
  for (const task of tasks) {
    const found = await adjutant.queryAgents({ context: task, limit: 1 });
    const best = found.agents[0];
    if (best === undefined) {
      console.log(`no agent for "${task}": ${found.error?.message ?? found.reasoning}`);
    } else {
      console.log(`${best.id} for "${task}" (from the ${found.source})`);
      steps.push({ agent: best.id, task });
    }
  }
  return { steps };
}

/** Where an orchestrator would start the agent with its instructions. This one says what it would do. */
async function work({ agent, task }: Step): Promise<void> {
  const { definition } = await adjutant.getDefinition({ kind: 'agent', id: agent });
  const instructions = definition === null ? 'no instructions' : `${definition.body.length} characters of instructions`;
  console.log(`${agent} works on "${task}" with ${instructions}`);
}

const [goal, ...tasks] = process.argv.slice(2);
if (goal === undefined || tasks.length === 0) {
  console.error('usage: orchestrator GOAL TASK…');
  process.exit(2);
}

const { steps, patternId } = await plan(goal, tasks);
for (const step of steps) await work(step);

if (steps.length > 0) {
  const recorded = await adjutant.cacheDecision({
    task_id: `example: ${goal}`,
    task_description: goal,
    agents_used: steps.map(({ agent }) => agent),
    result: 'success',
    ...(patternId === undefined ? {} : { pattern_id: patternId }),
  });
  console.log(recorded.stored ? 'the outcome is stored' : recorded.queued ? 'the outcome is queued' : 'the outcome is lost');
}
await adjutant.close();
