//! What is fuzzed: each target takes any bytes, must not panic, must keep its promise, and says what it made of them.
//!
//! The answer tells inputs apart that made the code do different things; a harness keeps those as it finds them.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use catalog::{Catalog, ScanOptions, scan};
use domain::patterns::{MAX_AGENTS, Plan};
use protocol::envelope::{MAX_BATCH, Message, Unreadable, read};
use search::text::terms;
use search::{Aliases, Index, Request};

/// One target.
pub(crate) struct Target {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// Reads the bytes; what they came to.
    pub(crate) run: fn(&[u8]) -> u64,
    /// Inputs to begin with, which between them hold every construct.
    pub(crate) seeds: &'static [&'static str],
    /// Pieces that mutations put in.
    pub(crate) words: &'static [&'static str],
}

/// All targets.
pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "frontmatter",
        run: frontmatter,
        seeds: &[
            "---\nname: a\ndescription: b: c\ntools: Read, Bash(git *)\nmodel: sonnet\n---\n# Heading\n\n- item\n",
            "---\nname: |\n  two\n  lines\ndescription: >-\n  folded\nkeywords: [a, 'b', \"c\"]\n---\n## Step 1: Build\n",
            "---\nx: &a [1, 2]\ny: *a\n<<: {z: 1}\n---\n```\n---\n```\n",
            "no front matter\n\n1. one\n2. two\n",
            "---\r\nname: x\r\n---\r\nbody\r\n",
        ],
        words: &[
            "---",
            "\n---\n",
            "name:",
            "description: ",
            "&a ",
            "*a",
            "[",
            "]",
            "{",
            "}",
            "|\n",
            ">-\n",
            "\t",
            "\r\n",
            "\u{feff}",
            "\u{200b}",
            "!!str ",
            "? ",
            "- ",
            "#",
            "```",
            "<<: ",
            "\"",
            "'",
        ],
    },
    Target {
        name: "manifest",
        run: manifest,
        seeds: &[
            r#"{"name":"p","version":"1.0.0","agents":["./a.md"],"commands":{"c":{"source":"./c.md"}},"skills":"./s","keywords":["k"]}"#,
            r#"{"name":"m","owner":{"name":"o"},"plugins":[{"name":"a","source":"./a","category":"c"},{"name":"b","source":{"source":"github","repo":"o/r"}}]}"#,
            r#"{"name":7,"commands":[{"content":"x"}],"defaultEnabled":false,"strict":false}"#,
        ],
        words: &[
            "\"name\":",
            "\"plugins\":",
            "\"source\":",
            "\"agents\":",
            "[]",
            "{}",
            "null",
            "../",
            "./",
            "\u{feff}",
            "1e400",
            "\\ud800",
            "\"commands\":",
        ],
    },
    Target {
        name: "envelope",
        run: envelope,
        seeds: &[
            r#"{"jsonrpc":"2.0","method":"queryAgents","params":{"context":"x"},"id":1}"#,
            r#"[{"jsonrpc":"2.0","method":"a","id":"x"},{"jsonrpc":"2.0","method":"b"},1]"#,
            r#"{"jsonrpc":"2.0","method":"\u0061\ud83d\ude00","id":9007199254740993,"id":null}"#,
        ],
        words: &[
            "\"jsonrpc\":\"2.0\"",
            "\"id\":",
            "\"method\":",
            "\"params\":",
            "\\ud800",
            "\\udc00",
            "1e400",
            "[[",
            "{}",
            "null",
            "true",
            "\\",
            "\"",
            ",",
        ],
    },
    Target {
        name: "tokenizer",
        run: tokenizer,
        seeds: &[
            "Builds React user interfaces with hooks, node.js and C++; CI/CD, k8s, e-mail.",
            "naïve Straße İstanbul ıŞIK re\u{301}act ｒｅａｃｔ 日本語のテキスト שלום 🎉👩‍💻",
            "kubernetes-architect Kubernetes_Architect HTTPServer2 v1.2.3 a/b/c x86_64",
        ],
        words: &["\u{301}", "\u{200d}", "İ", "ß", "ﬁ", "日本", "-", "_", ".", "++", "#", "'s", "\u{e0041}"],
    },
    Target {
        name: "aliases",
        run: aliases,
        seeds: &[
            "# comment\nk8s: [kubernetes, container orchestration]\nci(/cd)?: [pipeline]\n\"quoted\": [a, 'b']\n",
            "front(end)?: [user interface, ui]\n\ndb: [database]\n",
        ],
        words: &[": [", "]", "(", ")?", "\"", "'", "#", ",", "\n", "|", "a b c"],
    },
    Target {
        name: "plan",
        run: plan,
        seeds: &[
            r#"{"sequence":["a","b","c"],"dependencies":{"c":["a","b"]},"groups":[["a","b"],["c"]]}"#,
            r#"{"sequence":["a","b"],"dependencies":{"a":["b"],"b":["a"]},"groups":[]}"#,
            r#"{"sequence":["x"],"dependencies":{},"groups":[["x"]]}"#,
        ],
        words: &[
            "\"a\"",
            "\"b\"",
            "\"c\"",
            "[]",
            "[[",
            "]]",
            ",",
            "\"sequence\":",
            "\"dependencies\":",
            "\"groups\":",
            "\"\"",
        ],
    },
];

fn told(what: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// Lengths in steps, since every single one is no news.
fn size(length: usize) -> u32 {
    length.checked_ilog2().unwrap_or(0)
}

thread_local! {
    /// A project whose files an input becomes.
    static PROJECT: tempfile::TempDir = tempfile::tempdir().expect("a temporary folder can be made");
}

/// The catalog of a project in which these files hold `bytes`, read by an ordinary scan.
fn scanned(files: &[&str], bytes: &[u8]) -> Catalog {
    PROJECT.with(|project| {
        let write = |file: &&str| {
            let path = project.path().join(file);
            std::fs::create_dir_all(path.parent()?).ok()?;
            std::fs::write(path, bytes).ok()
        };
        assert!(files.iter().all(|file| write(file).is_some()), "an input cannot be written");
        let catalog = scan(&ScanOptions::new(project.path()), None);
        assert!(files.iter().all(|file| std::fs::remove_file(project.path().join(file)).is_ok()));
        catalog
    })
}

/// Whatever is read is sanitized, bounded by what was there, and read the same again.
fn frontmatter(bytes: &[u8]) -> u64 {
    let files = [".claude/agents/worker.md", ".claude/skills/worker/SKILL.md", ".claude/commands/worker.md"];
    let file = files[bytes.len() % files.len()];
    let catalog = scanned(&[file], bytes);
    let codes: Vec<&str> = catalog.problems().iter().map(|problem| problem.code).collect();
    for problem in catalog.problems() {
        assert!(problem.line.is_none_or(|line| line >= 1), "{problem:?}");
    }
    let Some(definition) = catalog.definitions().first() else { return told(codes) };
    assert!(!definition.id.is_empty() && !definition.id.contains(char::is_control), "{:?}", definition.id);
    for text in [&definition.description, &definition.body, &definition.when_to_use, &definition.name] {
        assert!(!text.contains(['\u{1b}', '\u{0}', '\u{202e}', '\u{e0041}', '\u{200b}']), "{text:?}");
        // Bytes that are not UTF-8 become three bytes each.
        assert!(text.len() <= 3 * bytes.len() + 16, "{} of {}", text.len(), bytes.len());
    }
    assert_eq!(definition.content_hash.len(), 64);
    assert_eq!(scanned(&[file], bytes).definitions(), catalog.definitions());
    told((
        codes,
        size(definition.description.len()),
        definition.tools.len(),
        definition.model.is_some(),
        definition.headings.len().min(4),
    ))
}

/// The plugin is there whatever its manifest says, and what is wrong is said in a sentence.
fn manifest(bytes: &[u8]) -> u64 {
    let files = [".claude-plugin/plugin.json", ".claude-plugin/marketplace.json"];
    let catalog = scanned(&files, bytes);
    assert!(!catalog.plugins().is_empty() && catalog.plugins().iter().all(|plugin| !plugin.name.is_empty()));
    let why = |message: &str| message.split(" at line ").next().map(str::to_owned).unwrap_or_default();
    let told_of: Vec<_> =
        catalog.problems().iter().map(|problem| (problem.code, why(&problem.message))).collect();
    assert!(told_of.iter().all(|(_, message)| !message.is_empty()));
    told((told_of, catalog.plugins().len(), size(catalog.definitions().len())))
}

/// What is accepted is JSON, and no more than a batch of calls.
fn envelope(bytes: &[u8]) -> u64 {
    let entries = match read(bytes) {
        Err(Unreadable::NotJson(why) | Unreadable::NotAMessage(why)) => {
            assert!(!why.is_empty());
            return told(why);
        }
        Ok(Message::Single(entry)) => vec![entry],
        Ok(Message::Batch(entries)) => entries,
    };
    assert!((1..=MAX_BATCH).contains(&entries.len()), "{entries:?}");
    assert!(serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok());
    let calls = entries.iter().filter(|entry| entry.is_ok()).count();
    told((calls, entries.len() - calls))
}

/// Terms are not empty, hold no blanks, and are the same every time.
fn tokenizer(bytes: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(bytes);
    let found = terms(&text);
    for term in &found {
        assert!(!term.is_empty() && !term.contains(char::is_whitespace), "{term:?}");
    }
    assert_eq!(terms(&text), found);
    told((
        size(found.len()),
        found.first().map(|term| size(term.len())),
        found.iter().any(|term| !term.is_ascii()),
    ))
}

/// A bad entry costs itself only, is told with its line, and what is left can be asked and merged.
fn aliases(bytes: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(bytes);
    let (aliases, problems) = Aliases::parse(&text);
    let lines = text.split(['\n', '\r']).count();
    for problem in &problems {
        assert!((1..=lines + 1).contains(&problem.line) && !problem.message.is_empty(), "{problem:?}");
    }
    let asked: String = text.chars().take(200).collect();
    let request = Request { context: Some(&asked), ..Request::default() };
    let unknown = Index::build(&Catalog::default(), &aliases).explain(&request).unknown;
    told((
        aliases.len().min(64),
        size(problems.len()),
        problems.first().map(|one| one.message.len()),
        size(unknown.len()),
    ))
}

#[derive(serde::Deserialize)]
struct Stated {
    #[serde(default)]
    sequence: Vec<String>,
    #[serde(default)]
    dependencies: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    groups: Vec<Vec<String>>,
}

/// An accepted plan is made of the agents stated, agrees with itself, and is accepted again as it came out.
fn plan(bytes: &[u8]) -> u64 {
    let Ok(Stated { sequence, dependencies, groups }) = serde_json::from_slice(bytes) else { return 0 };
    let made = match Plan::new(&sequence, &dependencies, &groups) {
        Ok(made) => made,
        Err(sentences) => {
            assert!(!sentences.is_empty() && sentences.iter().all(|sentence| !sentence.is_empty()));
            return told(sentences.iter().map(|sentence| sentence.len() / 8).collect::<Vec<_>>());
        }
    };
    assert!(made.agent_sequence().len() <= MAX_AGENTS);
    let at = |name: &String| made.agent_sequence().iter().position(|known| known == name);
    for (agent, before) in made.dependencies() {
        assert!(before.iter().all(|name| at(name) < at(agent)), "{made:?}");
    }
    assert_eq!(made.parallel_groups().iter().map(Vec::len).sum::<usize>(), sequence.len());
    let again = Plan::new(made.agent_sequence(), made.dependencies(), made.parallel_groups());
    assert_eq!(again.as_ref(), Ok(&made));
    told((sequence.len(), made.parallel_groups().len(), made.dependencies().len()))
}
