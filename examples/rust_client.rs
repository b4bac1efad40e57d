//! An orchestrator that delegates: it follows the sequence of agents that worked for such a goal, or finds an agent for
//! each task, and reports the outcome. While no instance runs, the report waits on disk.
//!
//! Usage: cargo run --example `rust_client` -- PROJECT GOAL TASK…

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use client::outbox::Outbox;
use client::{CallError, NoFallback, Options, OrchestratorClient, Recorded};
use confined_fs::DirPath;
use serde_json::{Value, json};

/// Agents work for minutes, so that an answer may take longer than the half second a client waits by default.
const TIMEOUT: Duration = Duration::from_secs(5);

/// One agent with what it is to do.
struct Step {
    agent: String,
    task: String,
}

/// The port on which the project's instance listens, as the instance has written it down; `None` if none runs.
fn port_of(project: &Path) -> Option<u16> {
    let endpoint = DirPath::from(project).sub(".claude/mcp-server").file("endpoint.json");
    let endpoint = endpoint.read(1 << 20).ok()?;
    let endpoint: Value = serde_json::from_slice(&endpoint).ok()?;
    endpoint["port"].as_u64()?.try_into().ok()
}

/// A client that looks for the instance before each request, since it may restart on another port.
fn client_of(project: PathBuf) -> OrchestratorClient {
    let outbox = Outbox::of_project(&project);
    let options = Options::at(move || port_of(&project)).with_outbox(outbox);
    OrchestratorClient::new(Options { timeout: TIMEOUT, ..options }, NoFallback)
}

/// The steps for a goal, and the id of the pattern they follow: those of a known pattern, else the best agent for each
/// task.
async fn plan(
    client: &OrchestratorClient,
    goal: &str,
    tasks: &[String],
) -> Result<(Vec<Step>, Option<String>), CallError> {
    match client.best_pattern(&json!({ "goal": goal })).await {
        Ok(known) => {
            let (pattern, count) = (known.value.pattern, known.value.task_count);
            println!(
                "following a pattern: {count} runs, {:.0} % succeeded",
                known.value.success_rate * 100.0
            );
            let task_of = |index| tasks.get(index).map_or(goal, String::as_str).to_owned();
            let agents = pattern.agent_sequence.into_iter().enumerate();
            return Ok((
                agents.map(|(at, agent)| Step { agent, task: task_of(at) }).collect(),
                Some(pattern.id),
            ));
        }
        Err(refused) if refused.code == CallError::NOT_FOUND => {}
        Err(refused) => return Err(refused),
    }
    let mut steps = Vec::new();
    for task in tasks {
        let found = client.query_agents(&json!({ "context": task, "limit": 1 })).await?;
        match found.value.agents.into_iter().next() {
            Some(best) => {
                println!("{} for \"{task}\"", best.id);
                steps.push(Step { agent: best.id, task: task.clone() });
            }
            None => println!("no agent for \"{task}\": {}", found.value.reasoning),
        }
    }
    Ok((steps, None))
}

/// Where an orchestrator would start the agent with its instructions. This one says what it would do.
async fn work(client: &OrchestratorClient, step: &Step) -> Result<(), CallError> {
    let params = json!({ "kind": "agent", "id": step.agent });
    let definition = client.call::<Value>("getDefinition", &params).await?.value;
    let characters = definition["body"].as_str().map_or(0, |body| body.chars().count());
    println!("{} works on \"{}\" with {characters} characters of instructions", step.agent, step.task);
    Ok(())
}

async fn orchestrate(client: &OrchestratorClient, goal: &str, tasks: &[String]) -> Result<(), CallError> {
    let (steps, pattern_id) = plan(client, goal, tasks).await?;
    for step in &steps {
        work(client, step).await?;
    }
    let agents: Vec<&str> = steps.iter().map(|step| step.agent.as_str()).collect();
    let mut decision = json!({
        "task_id": format!("example: {goal}"), "task_description": goal, "agents_used": agents, "result": "success",
    });
    if let Some(id) = pattern_id {
        decision["pattern_id"] = id.into();
    }
    report(client, &decision).await;
    Ok(())
}

async fn report(client: &OrchestratorClient, decision: &Value) {
    match client.cache_decision(decision).await {
        Recorded::Stored(_) => println!("the outcome is stored"),
        Recorded::Queued(why) => println!("the outcome is queued: {why}"),
        Recorded::Refused(refused) => println!("the outcome is refused: {refused}"),
        Recorded::Lost(why) => println!("the outcome is lost: {why}"),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [project, goal, tasks @ ..] = arguments.as_slice() else {
        println!("usage: rust_client PROJECT GOAL TASK…");
        return ExitCode::from(2);
    };
    let client = client_of(project.into());
    match orchestrate(&client, goal, tasks).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(refused) if refused.is_unavailable() => {
            // The user did it without help; the report is worth keeping.
            println!("no instance answers: {refused}");
            let decision = json!({
                "task_id": format!("example: {goal}"), "task_description": goal, "agents_used": ["user"], "result": "success",
            });
            report(&client, &decision).await;
            ExitCode::SUCCESS
        }
        Err(refused) => {
            println!("refused: {refused}");
            ExitCode::FAILURE
        }
    }
}
