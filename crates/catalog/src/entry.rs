//! From a file's bytes and its place in a plugin to a definition.

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::definition::Definition;
use super::frontmatter::{self, Fields, FrontMatter};
use super::invocation::Invocation;
use super::kind::Kind;
use super::layout::{EntryContext, Naming, client_skill_id};
use super::markdown::Line;
use super::problem::{Problem, code};
use super::sanitize::{decode, one_line};
use super::{capability, markdown, prompt_injection, workflow};

/// Characters of a skill's or command's description in the client's listing.
const CLIENT_DESCRIPTION: usize = 1_536;

/// The definition in `bytes`, `None` if the file is not an entry, and the problems of the file.
pub(super) fn read(path: &Path, bytes: &[u8], context: &EntryContext) -> (Option<Definition>, Vec<Problem>) {
    let (text, decoded) = decode(bytes);
    let matter = frontmatter::read(&text, decoded.carriage_returns);
    let mut report = Report { path, problems: Vec::new() };
    if !matter.present && is_readme(path) {
        report.add(code::README_SKIPPED, "skipped", "a README without front matter is no entry");
        return (None, report.problems);
    }
    if decoded.lossy {
        report.add(code::TEXT_NOT_UTF8, "repaired", "bytes that are not UTF-8 became U+FFFD");
    }
    report.shape(&matter, text.is_empty());
    let name = name(&matter, context);
    let mut definition = Definition {
        kind: context.kind,
        id: format!("{}{}", context.prefix, name.in_id),
        plugin: context.facts.plugin.clone(),
        origin: Arc::clone(&context.facts.origin),
        name: name.in_id,
        aliases: name.aliases,
        path: path.to_owned(),
        content_hash: hash(bytes),
        not_loaded: context.facts.not_loaded,
        ..Definition::default()
    };
    fill(&mut definition, &matter.fields, context);
    report.description(&definition, &matter);
    read_body(&mut definition, matter.body, context);
    if definition.kind == Kind::Skill && !states_keywords(&matter.fields) {
        let derived = definition.capabilities.iter().cloned();
        definition.keywords = distinct(derived.chain(std::mem::take(&mut definition.keywords)));
    }
    for (code, message) in
        prompt_injection::find(&[&definition.description, &definition.when_to_use], decoded.hidden)
    {
        report.add(code, "kept", &message);
    }
    if let Some(reason) = not_loaded(&definition, &matter, context) {
        definition.not_loaded = true;
        report.add(code::NOT_LOADED_BY_CLIENT, "kept", &format!("Claude Code does not load this: {reason}"));
    }
    if path.to_str().is_none_or(|text| text.contains(char::is_control)) {
        report.add(code::PATH_NOT_CLEAN, "kept", "the path holds control characters or is not UTF-8");
    }
    (Some(definition), report.problems)
}

/// Why the client does not load the file, if it does load its plugin: a phrase.
fn not_loaded(
    definition: &Definition,
    matter: &FrontMatter<'_>,
    context: &EntryContext,
) -> Option<&'static str> {
    if !context.not_loaded.is_empty() {
        return Some(context.not_loaded);
    }
    // An agent of a plugin is loaded whatever it lacks.
    let is_own_agent = definition.kind == Kind::Agent && context.facts.plugin.is_empty();
    let is_described = matter.client_reads_it && matter.fields.text("description").is_some();
    (is_own_agent && !(matter.client_name.is_some() && is_described))
        .then_some("it reads no `name` and `description` here, which an agent outside of plugins needs")
}

fn is_readme(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem.eq_ignore_ascii_case("README"))
}

fn hash(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |four_bits: u8| char::from(DIGITS[usize::from(four_bits & 15)]);
    Sha256::digest(bytes).iter().flat_map(|&byte| [digit(byte >> 4), digit(byte)]).collect()
}

struct Name {
    in_id: String,
    aliases: Vec<String>,
}

/// The name in the id, and the other names and ids that find the entry.
fn name(matter: &FrontMatter<'_>, context: &EntryContext) -> Name {
    let stated = matter.fields.text("name").map(|name| one_line(&name)).filter(|name| !name.is_empty());
    let from_client = matter.client_name.as_deref().map(one_line).filter(|name| !name.is_empty());
    let (in_id, other) = match &context.naming {
        Naming::Stated { stem } => match from_client {
            Some(name) => (name, Some(stem.to_string())),
            None => (stem.to_string(), stated.clone()),
        },
        Naming::Fixed { name } => (name.to_string(), stated.clone()),
        Naming::OwnSkill { folder } => {
            let name = from_client.unwrap_or_else(|| folder.to_string());
            (client_skill_id(&name), Some(folder.to_string()))
        }
    };
    let mut aliases = Vec::new();
    for other in [other, stated].into_iter().flatten().filter(|other| *other != in_id) {
        for alias in [format!("{}{other}", context.prefix), other] {
            if !aliases.contains(&alias) {
                aliases.push(alias);
            }
        }
    }
    Name { in_id, aliases }
}

fn fill(definition: &mut Definition, fields: &Fields, context: &EntryContext) {
    definition.description = fields.text("description").unwrap_or_default();
    definition.when_to_use =
        fields.text("when_to_use").or_else(|| fields.text("when-to-use")).unwrap_or_default();
    definition.model = fields.text("model");
    definition.hidden = fields.text("adjutant").is_some_and(|wish| wish.trim() == "hidden");
    definition.tools = ["tools", "allowed-tools", "allowed_tools"]
        .iter()
        .map(|key| fields.list(key))
        .find(|tools| !tools.is_empty())
        .unwrap_or_default();
    definition.category = fields
        .text("category")
        .map_or_else(|| context.facts.category.clone(), |category| one_line(&category).to_lowercase());
    definition.arguments = ["argument-hint", "argument_hint", "arguments"]
        .iter()
        .find_map(|key| fields.hint(key))
        .map(|text| one_line(&text))
        .unwrap_or_default();
    let stated = fields.list("keywords").into_iter().chain(fields.list("tags"));
    let keywords = stated.map(|word| one_line(&word).to_lowercase()).chain(context.facts.keywords.clone());
    definition.keywords = distinct(keywords);
    if definition.kind == Kind::Agent {
        definition.run_settings = run_settings(fields);
    } else {
        definition.invocation = invocation(fields);
    }
    definition.capabilities =
        distinct(fields.list("capabilities").into_iter().map(|capability| one_line(&capability)));
}

/// Members that say how the client runs an agent; with `true`, the value counts, too.
const RUN_SETTINGS: [(&str, bool); 9] = [
    ("disallowedTools", false),
    ("permissionMode", true),
    ("maxTurns", false),
    ("hooks", false),
    ("mcpServers", false),
    ("skills", false),
    ("memory", false),
    ("isolation", true),
    ("background", true),
];

fn run_settings(fields: &Fields) -> Vec<String> {
    let stated = RUN_SETTINGS.iter().filter_map(|(name, has_value)| {
        let value = fields.text(name)?;
        Some(if *has_value { format!("{name}: {}", one_line(&value)) } else { (*name).to_owned() })
    });
    stated.collect()
}

/// As the client reads it: `disable-model-invocation` counts where it is true, `user-invocable` where it is there and not.
fn invocation(fields: &Fields) -> Invocation {
    let is_true = |key: &str| fields.text(key).map(|value| value == "true");
    let by_user = is_true("user-invocable") != Some(false);
    Invocation::of(by_user, is_true("disable-model-invocation") != Some(true))
}

/// Fills in what the body states, and derives what the front matter does not state.
fn read_body(definition: &mut Definition, body: &str, context: &EntryContext) {
    let body = body.trim();
    let mut lines: Vec<Line<'_>> = Vec::with_capacity(body.len() / 40);
    lines.extend(markdown::lines(body));
    body.clone_into(&mut definition.body);
    definition.headings = markdown::headings(&lines);
    if definition.description.is_empty() {
        definition.description = markdown::summary(&lines);
    }
    if definition.kind == Kind::Workflow {
        definition.steps = workflow::steps(&lines);
    }
    if definition.capabilities.is_empty() {
        definition.capabilities = capability::derive(definition, &lines, &context.facts);
    }
}

fn states_keywords(fields: &Fields) -> bool {
    fields.text("keywords").is_some() || fields.text("tags").is_some()
}

fn distinct(items: impl Iterator<Item = String>) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for item in items {
        let item = item.trim();
        if !item.is_empty() && !list.iter().any(|known| known == item) {
            list.push(item.to_owned());
        }
    }
    list
}

/// Gathers the problems of one file.
struct Report<'a> {
    path: &'a Path,
    problems: Vec<Problem>,
}

impl Report<'_> {
    fn add(&mut self, code: &'static str, action: &'static str, message: &str) {
        self.problems.push(Problem::new(self.path, code, action, message));
    }

    /// Problems of the front matter and of an empty file.
    fn shape(&mut self, matter: &FrontMatter<'_>, empty: bool) {
        for finding in &matter.findings {
            let problem = Problem::new(self.path, finding.code, finding.action, finding.message.clone());
            self.problems.push(Problem { line: finding.line, ..problem });
        }
        if empty {
            self.add(code::FILE_EMPTY, "kept", "the file is empty");
        } else if !matter.present {
            let message = "no front matter: the file name and the first heading and paragraph serve";
            self.add(code::FRONTMATTER_MISSING, "kept", message);
        }
    }

    /// Problems of name and description, and how the client treats them.
    fn description(&mut self, definition: &Definition, matter: &FrontMatter<'_>) {
        if definition.kind == Kind::Agent && matter.present {
            if matter.fields.text("name").is_none() {
                self.add(code::NAME_MISSING, "kept", "no name is stated; the file name serves");
            } else if !matter.fields.is_text("name") {
                self.add(code::NAME_NOT_TEXT, "kept", "the name is no text; it was taken as text");
            }
        }
        let states = !definition.description.is_empty() || !definition.when_to_use.is_empty();
        if definition.kind == Kind::Agent {
            if !states && matter.present {
                let message = "no description is stated; the first heading and paragraph serve";
                self.add(code::DESCRIPTION_MISSING, "kept", message);
            }
            return;
        }
        // The user's and the project's own entries are listed in any case.
        if !definition.plugin.is_empty() && (!states || !matter.client_reads_it) {
            let message = "Claude Code never shows this to the model: it reads no description here";
            self.add(code::NEVER_SHOWN_BY_CLIENT, "kept", message);
        } else if definition.description.is_empty() && matter.present {
            let message = "no description is stated; Claude Code lists the first line of the body";
            self.add(code::DESCRIPTION_MISSING, "kept", message);
        }
        if !definition.invocation.is_by_model() {
            let who = if definition.invocation == Invocation::UserOnly { "only the user" } else { "nobody" };
            let message = format!(
                "Claude Code never shows this to the model: `disable-model-invocation` is true, {who} may run it"
            );
            self.add(code::NEVER_SHOWN_BY_CLIENT, "kept", &message);
        }
        let length = definition.description.encode_utf16().count();
        if length > CLIENT_DESCRIPTION {
            let message = format!(
                "the description is {length} characters long; Claude Code lists {CLIENT_DESCRIPTION} of them"
            );
            self.add(code::DESCRIPTION_CUT_BY_CLIENT, "kept", &message);
        }
    }
}
