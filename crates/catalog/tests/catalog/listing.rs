//! The model of what Claude Code lists, against what it was seen to list (2.1.329), where the collections are there.

use std::path::Path;

use crate::user_home::{User, write};
use adjutant_catalog::{Kind, ScanOptions, scan};

/// Collection; characters of the agents' lines, of the common listing; how many skills are listed by name only.
const SEEN: [(&str, usize, usize, usize); 6] = [
    ("wshobson-agents", 70_763, 23_790, 149),
    ("claude-plugins-official", 15_269, 13_147, 0),
    ("orchestr8-v4.3.0", 20_657, 0, 0),
    ("everything-claude-code", 15_480, 23_750, 145),
    ("voltagent-subagents", 46_379, 0, 0),
    ("superpowers", 0, 2_390, 0),
];

/// How far the model may be from what was seen, in characters of 1,000.
const TOLERANCE: usize = 30;

#[test]
fn the_model_lists_what_the_client_was_seen_to_list() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let corpus = if corpus.is_dir() { corpus } else { Path::new("../../shared/corpus").to_owned() };
    for (collection, agents, common, name_only) in SEEN {
        let root = corpus.join(collection);
        if !root.is_dir() {
            eprintln!("{collection} is not there");
            continue;
        }
        let catalog = scan(&ScanOptions::new(root), None);
        let lines = catalog.client_listing(true);
        let chars = |is_agent: bool| -> usize {
            let of_kind = lines.iter().filter(|listed| (listed.definition.kind == Kind::Agent) == is_agent);
            of_kind.map(|listed| listed.line.chars().count()).sum()
        };
        let short = lines.iter().filter(|listed| listed.is_name_only).count();
        println!(
            "{collection}: agents {} (seen {agents}), common {} (seen {common}), {short} by name only (seen {name_only})",
            chars(true),
            chars(false)
        );
        for (modelled, seen) in [(chars(true), agents), (chars(false), common)] {
            assert!(
                modelled.abs_diff(seen) * 1000 <= seen * TOLERANCE,
                "{collection}: {modelled}, seen {seen}"
            );
        }
        assert!(short.abs_diff(name_only) <= 10, "{collection}: {short} by name only, seen {name_only}");
    }
}

/// Files of the user's own, and the line with which version 2.1.332 was seen to list them; the last kind is a plugin's.
#[test]
fn own_entries_without_a_description_are_listed_by_their_first_line() {
    const LONG: &str = "You are an expert debugging specialist with deep knowledge of modern debugging tools, traces and root causes.";
    let long = format!("{LONG}\n\nMore.\n");
    // Lengths are those of UTF-16.
    let emoji = format!("{}🎉🎉🎉", &LONG[..95]);
    let own = [
        (
            "skills/nodesc/SKILL.md",
            "---\nname: nodesc\n---\n\n# Heading of nodesc\n\nText.\n",
            "Heading of nodesc",
        ),
        ("skills/nofm/SKILL.md", "First plain line of nofm.\nSecond.\n", "First plain line of nofm."),
        ("skills/empty/SKILL.md", "", "Skill"),
        ("commands/cnodesc.md", "---\nallowed-tools: Read\n---\n\n- a bullet first\n", "- a bullet first"),
        ("commands/cempty.md", "", "Custom command"),
        ("commands/cbad.md", "---\ndescription: [unclosed\n  x: y: z\n---\n\nBody of bad.\n", "Body of bad."),
        (
            "commands/cwhen.md",
            "---\ndescription: \"\"\nwhen_to_use: When it rains\n---\n\n## Two hashes **bold** `code`\n",
            "Two hashes **bold** `code` - When it rains",
        ),
        ("commands/clong.md", &long, &format!("{}...", &LONG[..97])),
        ("commands/ctab.md", "#\tTabbed heading\n", "Tabbed heading"),
        ("commands/cbreak.md", "#\u{a0}No-break\n", "No-break"),
        ("commands/chash.md", "#x no blank\n", "#x no blank"),
        ("commands/cseven.md", "####### Seven hashes\n", "Seven hashes"),
        ("commands/ctrail.md", "## Heading ##\n", "Heading ##"),
        ("commands/csetext.md", "Setext title\n=====\nText\n", "Setext title"),
        ("commands/cblank.md", "   \n\n\t\n", "Custom command"),
        ("commands/ccode.md", "```\ncode\n```\n", "```"),
        ("commands/cbom.md", "\u{feff}# With a BOM\n", "With a BOM"),
        ("commands/ccrlf.md", "# With CRLF\r\nNext\r\n", "With CRLF"),
        ("commands/chundred.md", &LONG[..100], &LONG[..100]),
        ("commands/cemoji.md", &emoji, &format!("{}🎉...", &LONG[..95])),
        ("commands/stated.md", "---\ndescription: Says it\n---\n\nBody.\n", "Says it"),
    ];
    let user = User::new();
    let plugin = user.cache("web", "market", "1");
    write(plugin.join("commands/bare.md"), "# Bare\n\nDoes it.\n");
    write(plugin.join("agents/plain.md"), "You are plain.\n");
    write(plugin.join("commands/when.md"), "---\nwhen_to_use: At night\n---\n\n# At last\n");
    user.install(&[("web@market", &plugin)]);
    user.settings("home/.claude/settings.json", &serde_json::json!({ "web@market": true }));
    for (path, text, _) in own {
        write(user.own(path), text);
    }
    let catalog = user.catalog();
    let lines: Vec<String> = catalog.client_listing(true).into_iter().map(|listed| listed.line).collect();
    for (path, _, text) in own {
        let name = path.trim_end_matches("/SKILL.md").trim_end_matches(".md").rsplit('/').next().unwrap();
        let line = format!("- {name}: {text}\n");
        assert!(lines.contains(&line), "{line} is not in {lines:#?}");
    }
    assert!(lines.contains(&"- web:when: At last - At night\n".to_owned()), "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("web:bare")), "{lines:#?}");
    assert!(
        lines.contains(&"- web:plain: Agent from web plugin (Tools: All tools)\n".to_owned()),
        "{lines:#?}"
    );
    let unlisted: Vec<_> =
        catalog.problems().iter().filter(|problem| problem.code == "never_shown_by_client").collect();
    assert_eq!(unlisted.len(), 1, "{unlisted:#?}");
}
