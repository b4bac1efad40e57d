//! What the client's hooks say on standard input, and the answers that they understand.

use serde_json::{Map, Value, json};

use super::stand_in::{StandIn, is_bounded};

/// Names of the tool that runs agents.
const AGENT_TOOLS: [&str; 2] = ["Agent", "Task"];

/// Beginnings of a prompt that nobody typed, or that a command expands.
const NOT_A_REQUEST: [&str; 2] = ["/", "<task-notification>"];

/// A hook's event that is answered.
#[derive(Debug, Clone, PartialEq)]
pub enum HookEvent {
    /// `PreToolUse` of the tool that runs agents, before the type is resolved.
    AgentCall(AgentCall),
    /// `UserPromptSubmit`.
    Prompt {
        /// The session, as the client names it.
        session: String,
        /// What the user wrote.
        text: String,
    },
}

/// A call of the tool that runs agents.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentCall {
    /// The id that was asked for.
    pub agent: String,
    input: Map<String, Value>,
}

/// An agent as its definition says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentBody {
    /// Its id.
    pub id: String,
    /// Its instructions.
    pub body: String,
    /// The tools that it may use; all where it names none.
    pub tools: Vec<String>,
    /// Its model as written.
    pub model: Option<String>,
    /// The SHA-256 of its file, in hex.
    pub sha256: String,
    /// Whether it was used before, with other content.
    pub changed_since_use: bool,
}

/// Digits of a content hash that are shown.
const SHOWN_DIGITS: usize = 12;

impl HookEvent {
    /// The event that `input` describes; `None` for every other and for what is none.
    pub fn read(input: &[u8]) -> Option<HookEvent> {
        let mut input: Value = serde_json::from_slice(input).ok()?;
        match input["hook_event_name"].as_str()? {
            "PreToolUse" if AGENT_TOOLS.contains(&input["tool_name"].as_str()?) => {
                let Value::Object(input) = input["tool_input"].take() else { return None };
                let agent = input.get("subagent_type")?.as_str()?.to_owned();
                input.get("prompt")?.as_str()?;
                Some(HookEvent::AgentCall(AgentCall { agent, input }))
            }
            "UserPromptSubmit" => {
                let text = input["prompt"].as_str()?.trim();
                let is_request = !NOT_A_REQUEST.iter().any(|beginning| text.starts_with(beginning));
                let session = input["session_id"].as_str().unwrap_or_default();
                (is_request && !text.is_empty())
                    .then(|| HookEvent::Prompt { session: session.to_owned(), text: text.to_owned() })
            }
            _ => None,
        }
    }
}

/// Models that a call can name, each a part of the full names.
const MODELS: [&str; 4] = ["opus", "sonnet", "haiku", "fable"];

impl AgentCall {
    /// The answer with which a stand-in does what the agent would: its instructions come before the task, and its model is
    /// set unless the call names one. Every other member stays. Nothing is said about permission.
    pub fn rewritten(&self, agent: &AgentBody) -> Value {
        let mut input = self.input.clone();
        let task = input.get("prompt").and_then(Value::as_str).unwrap_or_default().to_owned();
        let stand_in = StandIn::of(&agent.tools);
        // The list of tools cannot travel in a call.
        let bound = if is_bounded(&agent.tools) && stand_in == StandIn::Specialist {
            format!("Use no tools but these: {}.\n\n", agent.tools.join(", "))
        } else {
            String::new()
        };
        let AgentBody { id, body, .. } = agent;
        let body = body.trim();
        let hash =
            agent.sha256.get(..SHOWN_DIGITS).map(|hash| format!(" (sha256 {hash})")).unwrap_or_default();
        let changed = if agent.changed_since_use {
            "They have changed since they were used last: say so in your report.\n\n"
        } else {
            ""
        };
        let prompt =
            format!("You are {id}. Your instructions{hash}:\n\n{changed}{body}\n\n{bound}# Task\n\n{task}");
        input.insert("subagent_type".to_owned(), stand_in.id().into());
        input.insert("prompt".to_owned(), prompt.into());
        if !input.contains_key("model")
            && let Some(model) = agent.model.as_deref().and_then(known_model)
        {
            input.insert("model".to_owned(), model.into());
        }
        json!({ "hookSpecificOutput": { "hookEventName": "PreToolUse", "updatedInput": input } })
    }
}

/// The name under which a call can ask for the model.
fn known_model(written: &str) -> Option<&'static str> {
    let written = written.to_lowercase();
    MODELS.into_iter().find(|model| written.contains(model))
}

/// The answer that adds `text` to a prompt.
pub fn additional_context(text: &str) -> Value {
    json!({ "hookSpecificOutput": { "hookEventName": "UserPromptSubmit", "additionalContext": text } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(input: &Value) -> AgentCall {
        let event = json!({ "hook_event_name": "PreToolUse", "tool_name": "Agent", "tool_input": input });
        let Some(HookEvent::AgentCall(call)) = HookEvent::read(event.to_string().as_bytes()) else {
            panic!("{event}")
        };
        call
    }

    #[test]
    fn a_stand_in_gets_the_instructions_the_model_and_all_else() {
        let input = json!({
            "description": "look", "subagent_type": "web:reviewer", "prompt": "Look at a.rs",
            "run_in_background": false, "isolation": "worktree",
        });
        let agent = AgentBody {
            id: "web:reviewer".into(),
            body: "\nReview.\n".into(),
            tools: vec!["Read".into(), "Glob".into()],
            model: Some("claude-haiku-4-5".into()),
            sha256: String::new(),
            changed_since_use: false,
        };
        let prompt = "You are web:reviewer. Your instructions:\n\nReview.\n\n# Task\n\nLook at a.rs";
        let expected = json!({ "hookSpecificOutput": { "hookEventName": "PreToolUse", "updatedInput": {
            "description": "look", "subagent_type": "adjutant:reader", "prompt": prompt,
            "run_in_background": false, "isolation": "worktree", "model": "haiku",
        }}});
        assert_eq!(call(&input).rewritten(&agent), expected);
    }

    #[test]
    fn the_stand_in_and_the_model_follow_the_definition() {
        type Row<'a> = (&'a [&'a str], Option<&'a str>, Option<&'a str>, &'a str, Option<&'a str>, bool);
        let table: [Row<'_>; 6] = [
            (&[], None, None, "adjutant:specialist", None, false),
            (&["*"], Some("inherit"), None, "adjutant:specialist", None, false),
            (&["Read", "Grep", "Glob"], Some("Opus"), None, "adjutant:reader", Some("opus"), false),
            (&["Read", "Bash"], Some("sonnet"), None, "adjutant:specialist", Some("sonnet"), true),
            (&[], Some("gpt-7"), None, "adjutant:specialist", None, false),
            // What the lead asks for goes first, as for an agent that is listed.
            (&[], Some("opus"), Some("haiku"), "adjutant:specialist", Some("haiku"), false),
        ];
        for (tools, model, asked, stand_in, expected, names_tools) in table {
            let mut input = json!({ "subagent_type": "a", "prompt": "do" });
            if let Some(asked) = asked {
                input["model"] = json!(asked);
            }
            let tools = tools.iter().map(|tool| (*tool).to_owned()).collect();
            let agent = AgentBody { tools, model: model.map(str::to_owned), ..AgentBody::default() };
            let answer = call(&input).rewritten(&agent);
            let updated = &answer["hookSpecificOutput"]["updatedInput"];
            assert_eq!(updated["subagent_type"], stand_in);
            assert_eq!(updated["model"].as_str(), expected);
            assert_eq!(updated["prompt"].as_str().unwrap().contains("Read, Bash"), names_tools);
            assert_eq!(answer["hookSpecificOutput"].get("permissionDecision"), None);
        }
    }

    #[test]
    fn only_requests_and_calls_of_agents_are_answered() {
        let prompt =
            |text: &str| json!({ "hook_event_name": "UserPromptSubmit", "session_id": "s", "prompt": text });
        let tool = |name: &str, input: Value| json!({ "hook_event_name": "PreToolUse", "tool_name": name, "tool_input": input });
        let ignored = [
            prompt("/help me"),
            prompt(" <task-notification>done"),
            prompt("  "),
            json!({ "prompt": "x" }),
            json!({ "hook_event_name": "UserPromptSubmit", "prompt": 1 }),
            json!([]),
            json!("UserPromptSubmit"),
            json!({ "hook_event_name": "SessionStart" }),
            tool("Bash", json!({ "prompt": "x" })),
            tool("Agent", json!([])),
            tool("Agent", json!({ "prompt": "x" })),
            tool("Agent", json!({ "subagent_type": 1, "prompt": "x" })),
            tool("Agent", json!({ "subagent_type": "a", "prompt": null })),
        ];
        for event in ignored {
            assert_eq!(HookEvent::read(event.to_string().as_bytes()), None, "{event}");
        }
        for garbage in [&b""[..], b"{", b"\xff\xfe", b"null", b"{\"hook_event_name\":"] {
            assert_eq!(HookEvent::read(garbage), None);
        }
        let event = HookEvent::read(prompt("  fix the page \n").to_string().as_bytes());
        assert_eq!(event, Some(HookEvent::Prompt { session: "s".into(), text: "fix the page".into() }));
    }
}
