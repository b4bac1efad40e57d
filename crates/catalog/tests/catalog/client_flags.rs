//! What Claude Code makes of a file's front matter: who may run an entry, what is listed, which fields are lost.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs;

use adjutant_catalog::{Catalog, Invocation, Kind, ScanOptions, Severity, scan};

/// A scan of a plugin `p` with these files.
fn plugin(files: &[(&str, &str)]) -> Catalog {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join("plugins/p").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    scan(&ScanOptions::new(dir.path()), None)
}

#[test]
fn who_may_run_an_entry_is_read_as_the_client_reads_it() {
    use Invocation::{Anyone, ModelOnly, Nobody, UserOnly};
    for (flags, expected) in [
        ("", Anyone),
        ("disable-model-invocation: true\n", UserOnly),
        ("disable-model-invocation: \"true\"\n", UserOnly),
        ("disable-model-invocation: false\n", Anyone),
        ("disable-model-invocation:\n", Anyone),
        ("user-invocable: false\n", ModelOnly),
        ("user-invocable: true\n", Anyone),
        ("disable-model-invocation: true # for side effects\nuser-invocable: false\n", Nobody),
        // Not YAML, and what the author meant all the same.
        ("when: a: b\n\tx\ndisable-model-invocation: true\n", UserOnly),
    ] {
        let text = format!("---\ndescription: Ships it\n{flags}---\nBody\n");
        let catalog =
            plugin(&[("skills/s/SKILL.md", &text), ("commands/c.md", &text), ("agents/a.md", &text)]);
        let of = |kind, name| catalog.find(kind, name).one().unwrap().invocation;
        assert_eq!(of(Kind::Skill, "p:s"), expected, "{flags}");
        assert_eq!(of(Kind::Workflow, "p:c"), expected, "{flags}");
        assert_eq!(of(Kind::Agent, "p:a"), Anyone, "no matter for agents");
        let listed = catalog.client_listing(false).len();
        let n_unlisted = catalog.problems().iter().filter(|one| one.code == "never_shown_by_client").count();
        if expected.is_by_model() && !flags.contains('\t') {
            assert_eq!((listed, n_unlisted), (3, 0), "{flags}");
        } else {
            assert_eq!(listed, 1, "{flags}: only the agent is carried");
            assert!(n_unlisted >= 2, "{flags}");
        }
    }
}

#[test]
fn what_the_client_loses_is_a_warning_and_what_it_repairs_a_note() {
    let colon = "---\nname: helper\ndescription: Use when: x\n---\n";
    for (text, code, severity, id, line) in [
        (
            colon.to_owned(),
            "frontmatter_repaired",
            Severity::Note,
            "p:helper",
            "- p:helper: Use when: x (Tools: All tools)\n",
        ),
        (
            colon.replace('\n', "\r\n"),
            "frontmatter_crlf",
            Severity::Warning,
            "p:x",
            "- p:x: Agent from p plugin (Tools: All tools)\n",
        ),
    ] {
        let catalog = plugin(&[("agents/x.md", &text)]);
        let problem = &catalog.problems()[0];
        assert_eq!((catalog.problems().len(), problem.code, problem.severity()), (1, code, severity));
        let definition = &catalog.definitions()[0];
        assert_eq!((definition.id.as_str(), definition.description.as_str()), (id, "Use when: x"));
        assert_eq!(catalog.client_listing(true)[0].line, line);
        assert!(catalog.find(Kind::Agent, "helper").one().is_some(), "its own name finds it");
    }
    // Carriage returns alone cost nothing.
    let plain = "---\nname: helper\ndescription: Use it\n---\n".replace('\n', "\r\n");
    let catalog = plugin(&[("agents/x.md", &plain)]);
    assert_eq!((catalog.problems().len(), catalog.definitions()[0].id.as_str()), (0, "p:helper"));
}

#[test]
fn ampersands_and_patterns_of_tools_are_no_problem() {
    let tools = ["add", "commit", "push", "fetch", "log", "diff"]
        .map(|verb| format!("Bash(git {verb}:*), Bash({verb} *)"));
    for tools in [tools.join(", "), format!("[{}]", tools.map(|tool| format!("\"{tool}\"")).join(", "))] {
        let text = format!(
            "---\ndescription: Commit & push changes && tag\nallowed-tools: {tools}\n# this & that\n---\nBody\n"
        );
        let catalog = plugin(&[("commands/push.md", &text)]);
        assert_eq!(catalog.problems(), []);
        assert_eq!(catalog.definitions()[0].description, "Commit & push changes && tag");
        assert_eq!(catalog.client_listing(true).len(), 1);
    }
}

#[test]
fn a_command_has_the_agents_of_its_plugin_that_it_names() {
    let agent = |name: &str| format!("---\nname: {name}\ndescription: Reads\n---\n");
    let body = "---\ndescription: Reviews\n---\n\n1. **Choose**\n   - **Always**: code-reviewer (quality)\n   - **If tests changed**: `pr-tests`\n\nThen scout reports.\n";
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("plugins/p/agents/code-reviewer.md", &agent("code-reviewer"));
    write("plugins/p/agents/tests.md", &agent("pr-tests"));
    write("plugins/p/agents/scout.md", &agent("scout"));
    write("plugins/p/commands/review.md", body);
    write("plugins/q/agents/other.md", &agent("other"));
    write("plugins/q/commands/review.md", body);
    let options = ScanOptions::new(dir.path().canonicalize().unwrap());
    let agents = |catalog: &Catalog, id: &str| catalog.find(Kind::Workflow, id).one().unwrap().agents.clone();
    let first = scan(&options, None);
    assert_eq!(agents(&first, "p:review"), ["code-reviewer", "pr-tests"]);
    assert_eq!(agents(&first, "q:review"), [] as [&str; 0], "agents of another plugin are words");
    // The command stays as it is, and its plugin gains and loses an agent.
    write("plugins/p/agents/scout.md", &agent("scout-ahead"));
    write("plugins/q/agents/x.md", &agent("code-reviewer"));
    let second = scan(&options, Some(&first));
    assert_eq!(second.report().files_read, 2);
    assert_eq!(agents(&second, "q:review"), ["code-reviewer"]);
    fs::remove_file(dir.path().join("plugins/p/agents/tests.md")).unwrap();
    let third = scan(&options, Some(&second));
    assert_eq!(agents(&third, "p:review"), ["code-reviewer"]);
}
