//! The prompts: one that explains the tools to a model, and, the indexed commands that clients do not offer themselves.

use rmcp::ErrorData;
use rmcp::model::{GetPromptResult, JsonObject, Prompt, PromptArgument, PromptMessage, Role};

use crate::app::Snapshot;
use catalog::{Definition, Kind, Lookup};

/// The prompt that explains the tools.
pub(super) const ORCHESTRATE: &str = "orchestrate";

/// Its arguments.
pub(super) const GOAL: &str = "goal";
pub(super) const PLUGIN: &str = "plugin";

/// Characters of an argument: several times the longest goal.
const MAX_ARGUMENT_CHARS: usize = 4_000;

/// All prompts.
pub(super) fn list(snapshot: &Snapshot, commands_too: Option<bool>) -> Vec<Prompt> {
    let arguments = vec![
        PromptArgument::new(GOAL).with_description("What is to be reached").with_required(true),
        PromptArgument::new(PLUGIN).with_description("Only this plugin's entries").with_required(false),
    ];
    let about = "Plan and run a goal with the indexed agents, and learn from how it went";
    let mut prompts =
        vec![Prompt::new(ORCHESTRATE, Some(about), Some(arguments)).with_title("Orchestrate a goal")];
    prompts.extend(commands(snapshot).filter(|one| offers(snapshot, commands_too, one)).map(command));
    prompts
}

/// Whether the command is a prompt: unless the user decided, those are that the client's menu lost to an offload.
fn offers(snapshot: &Snapshot, commands_too: Option<bool>, command: &Definition) -> bool {
    commands_too.unwrap_or_else(|| snapshot.client.is_offloaded(command))
}

fn commands(snapshot: &Snapshot) -> impl Iterator<Item = &Definition> {
    let definitions = snapshot.catalog.definitions().iter().map(AsRef::as_ref);
    definitions.filter(|definition: &&Definition| definition.kind == Kind::Workflow)
}

/// A command as a prompt.
fn command(definition: &Definition) -> Prompt {
    let hint = if definition.arguments.is_empty() { "What to work on" } else { &definition.arguments };
    let argument = PromptArgument::new("arguments").with_description(hint).with_required(false);
    let about = crate::app::hit_view::shortened(&definition.description, 200);
    Prompt::new(&definition.id, Some(about), Some(vec![argument]))
}

/// A prompt with its arguments filled in.
///
/// # Errors
/// Where there is no such prompt, or an argument is missing or too long.
pub(super) fn get(
    snapshot: &Snapshot,
    commands_too: Option<bool>,
    name: &str,
    arguments: Option<&JsonObject>,
) -> Result<GetPromptResult, ErrorData> {
    if name == ORCHESTRATE {
        let Some(goal) = argument(arguments, GOAL)?.filter(|goal| !goal.is_empty()) else {
            return Err(ErrorData::invalid_params("goal is required", None));
        };
        let plugin = argument(arguments, PLUGIN)?.filter(|plugin| !plugin.is_empty());
        let text = orchestration(snapshot, &goal, plugin.as_deref());
        return Ok(one_message("Plan and run a goal with the indexed agents", text));
    }
    let offered = match snapshot.catalog.find(Kind::Workflow, name) {
        Lookup::One(definition) if offers(snapshot, commands_too, definition) => Some(definition),
        _ => None,
    };
    let Some(definition) = offered else {
        let shown: String = name.chars().take(64).collect();
        return Err(ErrorData::invalid_params(format!("there is no prompt {shown:?}"), None));
    };
    let given = argument(arguments, "arguments")?.unwrap_or_default();
    Ok(one_message(&definition.description, with_arguments(&definition.body, &given)))
}

fn one_message(about: &str, text: String) -> GetPromptResult {
    GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)]).with_description(about)
}

fn argument(arguments: Option<&JsonObject>, name: &str) -> Result<Option<String>, ErrorData> {
    let Some(value) = arguments.and_then(|arguments| arguments.get(name)).filter(|value| !value.is_null())
    else {
        return Ok(None);
    };
    let text =
        value.as_str().ok_or_else(|| ErrorData::invalid_params(format!("{name} must be a string"), None))?;
    if text.chars().count() > MAX_ARGUMENT_CHARS {
        let limit = format!("{name} must have at most {MAX_ARGUMENT_CHARS} characters");
        return Err(ErrorData::invalid_params(limit, None));
    }
    Ok(Some(text.trim().to_owned()))
}

/// A command's body with what the user typed, as Claude Code fills it in.
fn with_arguments(body: &str, given: &str) -> String {
    if body.contains("$ARGUMENTS") {
        return body.replace("$ARGUMENTS", given);
    }
    if given.is_empty() { body.to_owned() } else { format!("{body}\n\nARGUMENTS: {given}") }
}

fn orchestration(snapshot: &Snapshot, goal: &str, plugin: Option<&str>) -> String {
    let counts = snapshot.catalog.counts().enumerated(" and ");
    let only = plugin.map(|plugin| format!(" Use only plugin {plugin:?}.")).unwrap_or_default();
    format!(
        "Goal: {goal}\n\n\
         Reach it with Adjutant, which indexes {counts}.{only}\n\n\
         1. recommend_pattern with the goal. If a sequence comes back with a good record, follow it.\n\
         2. Otherwise split the goal into tasks; find_agents for each (find_skills for know-how, find_workflows \
         for a ready procedure). Trust the ranking above a confidence of 0.3; below, do the task yourself.\n\
         3. get_definition for each entry you chose, just before you need it. Run an agent as a subagent with \
         its body as instructions; independent tasks together, dependent ones in order.\n\
         4. Check each result before the next step relies on it.\n\
         5. record_outcome once at the end: a task_id, the goal as task_description, agents_used in order, \
         result success, failure or partial, and the pattern_id if you followed one. Be honest: it decides what is \
         recommended next time.\n"
    )
}
