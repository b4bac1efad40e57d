//! The real binary as a hook of the client: it ends in time and says nothing where it cannot answer.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::offload::{LOCAL, RECORD, User, signal, text};

fn begin(user: &User, arguments: &[&str]) -> Child {
    let mut command = user.command(&[&["hook"], arguments].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for the process to end by itself, and checks that it said nothing.
fn ends_silently(child: Child, what: &str) {
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output)), (Some(0), String::new()), "{what}");
}

#[test]
fn a_hook_gives_up_at_its_deadline() {
    let user = User::new();
    user.say(&["offload", "--yes"]);
    // A client that says nothing, and one that stops in the middle.
    let mut waiting = begin(&user, &[]);
    let input = waiting.stdin.take();
    ends_silently(waiting, "no event");
    drop(input);
    let mut half = begin(&user, &[]);
    let mut input = half.stdin.take().unwrap();
    input.write_all(br#"{"hook_event_name": "UserPrompt"#).unwrap();
    ends_silently(half, "half an event");
    drop(input);
    // Work that is not done in time.
    let call = json!({ "subagent_type": "web:fixer", "prompt": "Look." });
    let event =
        json!({ "hook_event_name": "PreToolUse", "tool_name": "Agent", "tool_input": call }).to_string();
    let mut late = begin(&user, &["--deadline-ms", "0"]);
    // It may have ended already.
    let _ = late.stdin.take().unwrap().write_all(event.as_bytes());
    ends_silently(late, "no time");
}

#[test]
fn an_instance_that_is_frozen_holds_no_prompt_up() {
    let user = User::new();
    user.say(&["offload", "--yes"]);
    let (pid, _) = user.up();
    signal("-STOP", pid);
    let event = json!({ "hook_event_name": "UserPromptSubmit", "session_id": "s", "prompt": "fix screen reader failures" });
    let mut child = begin(&user, &["--deadline-ms", "600000"]);
    child.stdin.take().unwrap().write_all(event.to_string().as_bytes()).unwrap();
    ends_silently(child, "a prompt");
    // An agent that was asked for is found without the instance.
    assert!(user.call_agent("web:fixer").is_some());
    signal("-CONT", pid);
    user.say(&["down"]);
}

#[test]
fn a_session_that_begins_below_the_root_is_of_the_project() {
    let user = User::new();
    user.say(&["offload", "--yes"]);
    std::fs::create_dir_all(user.path("project/src/deep")).unwrap();
    std::fs::create_dir_all(user.path("elsewhere")).unwrap();
    let ask = |folder: &str, from: &str| {
        let call = json!({ "subagent_type": "web:fixer", "prompt": "Look." });
        let event = json!({ "hook_event_name": "PreToolUse", "tool_name": "Agent", "tool_input": call });
        let mut command = user.command(&["hook", "--deadline-ms", "60000"]);
        command.env("CLAUDE_PROJECT_DIR", user.path(folder)).current_dir(user.path(from));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(event.to_string().as_bytes());
        !child.wait_with_output().unwrap().stdout.is_empty()
    };
    assert!(ask("project", "elsewhere"));
    assert!(ask("project/src/deep", "elsewhere"));
    assert!(!ask("elsewhere", "project"), "the session is of another folder");
}

/// Passes connections on to `port`, each after `pause`; the port that it listens on.
fn slow_way_to(port: u16, pause: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for coming in listener.incoming() {
            std::thread::spawn(move || {
                let coming = coming.unwrap();
                std::thread::sleep(pause);
                let going = TcpStream::connect(("127.0.0.1", port)).unwrap();
                let (mut from, mut to) = (coming.try_clone().unwrap(), going.try_clone().unwrap());
                std::thread::spawn(move || std::io::copy(&mut from, &mut to));
                let (mut from, mut to) = (going, coming);
                let _ = std::io::copy(&mut from, &mut to);
            });
        }
    });
    own
}

#[test]
fn the_questions_of_a_prompt_share_one_deadline() {
    let user = User::new();
    user.say(&["offload", "--yes"]);
    let (_, port) = user.up();
    let file = "project/.claude/mcp-server/endpoint.json";
    let endpoint = user.read(file);
    // Each of the three would be in time by itself.
    let slow = slow_way_to(port, Duration::from_millis(250));
    user.write(file, &endpoint.replace(&port.to_string(), &slow.to_string()));
    let event = json!({ "hook_event_name": "UserPromptSubmit", "session_id": "s", "prompt": "fix screen reader failures" });
    let mut child = begin(&user, &["--deadline-ms", "600000"]);
    child.stdin.take().unwrap().write_all(event.to_string().as_bytes()).unwrap();
    ends_silently(child, "three slow answers");
    user.write(file, &endpoint);
    user.say(&["down"]);
}

#[test]
fn where_nothing_was_offloaded_no_settings_are_read() {
    let user = User::new();
    // A settings file that would be waited for: nobody writes into the pipe.
    let file = user.path(LOCAL);
    assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
    for (what, event) in [
        (
            "a prompt",
            json!({ "hook_event_name": "UserPromptSubmit", "session_id": "s", "prompt": "fix the page" }),
        ),
        (
            "an agent",
            json!({ "hook_event_name": "PreToolUse", "tool_name": "Agent", "tool_input": { "subagent_type": "web:fixer", "prompt": "x" } }),
        ),
    ] {
        assert_eq!(user.hook(&event.to_string()), None, "{what}");
    }
    assert!(!user.path("home/.claude/adjutant").exists() && !user.path(RECORD).exists());
}

#[test]
fn a_hook_that_is_called_wrongly_blocks_no_prompt() {
    let user = User::new();
    for arguments in [&["hook", "--unknown"][..], &["hook", "later", "words"]] {
        let output = user.run(arguments);
        assert_eq!((output.status.code(), text(&output)), (Some(0), String::new()), "{arguments:?}");
    }
}

#[test]
fn a_prompt_gets_a_hint_of_what_fits_it_once_a_session() {
    let user = User::new();
    let request = "our login page fails for screen reader users, fix the failures";
    assert_eq!(user.prompt("one", request), None, "nothing is offloaded");
    user.say(&["offload", "--yes"]);
    let hint = user.prompt("one", request).unwrap();
    assert!(hint.contains("- agent web:fixer: Fixes screen reader failures"), "{hint}");
    let again = user.prompt("one", request).unwrap_or_default();
    assert!(!again.contains("web:fixer"), "{again}");
    assert!(user.prompt("two", request).unwrap().contains("web:fixer"));
    let commands = [
        &format!("/fix {request}"),
        &format!("<task-notification>{request}"),
        "yes, go ahead",
        "my knee hurts when I jog",
    ];
    for prompt in commands {
        assert_eq!(user.prompt("three", prompt), None, "{prompt}");
    }
    let (pid, _) = user.up();
    // One that has just started may be too slow for a prompt, which then goes without a hint; one that was just killed may
    // still seem to be there.
    let mut sessions = (0..).map(|number| format!("four {number}"));
    let mut hinted_in_time = || {
        let began = Instant::now();
        sessions.by_ref().find_map(|session| {
            assert!(began.elapsed() < Duration::from_mins(1), "no hint comes");
            user.prompt(&session, request)
        })
    };
    assert!(hinted_in_time().unwrap().contains("web:fixer"));
    signal("-KILL", pid);
    assert!(hinted_in_time().unwrap().contains("web:fixer"));
    assert!(user.path("home/.claude/adjutant/sessions").is_dir());
}

#[test]
fn a_hook_says_nothing_where_it_cannot_answer() {
    let user = User::new();
    user.say(&["offload", "--yes"]);
    let half = r#"{"hook_event_name": "UserPromptSubmit", "session_id": "s", "pro"#;
    let deep = "[".repeat(100_000);
    for event in ["", "garbage", "null", "{}", "\u{0}", half, &deep, &"x".repeat(9 << 20)] {
        assert_eq!(user.hook(event), None, "{:?}", &event[..event.len().min(40)]);
    }
    // Nobody reads the answer.
    let event = json!({ "hook_event_name": "UserPromptSubmit", "session_id": "s", "prompt": "fix screen reader failures" });
    let mut child = user.begin_hook();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(event.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output)), (Some(0), String::new()));
    // Records and settings that are garbage.
    for file in [RECORD, LOCAL] {
        user.write(file, "{");
        assert_eq!(user.prompt("t", "fix screen reader failures on a login page"), None, "{file}");
    }
}
