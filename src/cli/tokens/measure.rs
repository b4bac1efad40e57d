//! The texts whose tokens are counted: what a client carries, and what asking costs it.

use serde_json::{Map, Value};

use crate::app::operations::kind_query::{QueryNames, names};
use crate::app::{Project, Snapshot, origins, tokens};
use crate::server::mcp::token_cost;
use catalog::{Definition, Kind};

/// Entries of each kind whose own descriptions are asked, evenly spread over all.
const SAMPLE: usize = 40;

/// Characters of a question at most.
const QUESTION_CHARS: usize = 500;

/// Texts of one sort, and what they cost.
#[derive(Debug)]
pub(super) struct Texts {
    /// What they are.
    pub(super) name: String,
    pub(super) texts: Vec<String>,
}

impl Texts {
    fn new(name: impl Into<String>, texts: Vec<String>) -> Self {
        Texts { name: name.into(), texts }
    }

    pub(super) fn chars(&self) -> usize {
        self.texts.iter().map(|text| text.chars().count()).sum()
    }

    /// Estimated, of all together.
    pub(super) fn tokens(&self) -> usize {
        self.texts.iter().map(|text| tokens::estimate(text)).sum()
    }

    /// Estimated, of one; 0 where there is none.
    pub(super) fn mean_tokens(&self) -> usize {
        self.tokens().checked_div(self.texts.len()).unwrap_or(0)
    }
}

/// What is counted of one kind.
#[derive(Debug)]
pub(super) struct OfKind {
    pub(super) kind: Kind,
    /// The lines that the client lists, within its bound.
    pub(super) listing: Texts,
    /// The lines as they were without that bound.
    pub(super) unbounded: Texts,
    /// Lines without a description for want of room.
    pub(super) name_only: usize,
    /// Answers as a model reads them.
    pub(super) answers: Texts,
    /// How often the entry that was described was among the rows, of how many questions.
    pub(super) found: (usize, usize),
    /// Bodies of all entries.
    pub(super) bodies: Texts,
}

/// All that is counted.
#[derive(Debug)]
pub(super) struct Measured {
    /// Where the entries come from, in a phrase.
    pub(super) origins: String,
    pub(super) kinds: Vec<OfKind>,
    /// Instructions and names of the tools.
    pub(super) start: Texts,
    /// All tools with descriptions and schemas.
    pub(super) schemas: Texts,
    /// The lines that Claude Code lists now, as its settings say.
    pub(super) listed_now: Texts,
    /// Entries that an offload took out of its listing.
    pub(super) offloaded: usize,
}

impl Measured {
    pub(super) fn all(&self) -> impl Iterator<Item = &Texts> {
        let kinds = self.kinds.iter().flat_map(|of| [&of.listing, &of.unbounded, &of.answers, &of.bodies]);
        kinds.chain([&self.start, &self.schemas])
    }
}

/// Takes everything from the catalog that `project` serves.
pub(super) async fn measure(project: &Project) -> Measured {
    let snapshot = project.snapshot();
    let mut kinds = Vec::new();
    for kind in Kind::ALL {
        kinds.push(of_kind(project, &snapshot, kind).await);
    }
    let client = &snapshot.client;
    let listed = snapshot.catalog.client_listing_of(true, |one| client.is_carried(one));
    let offloaded = snapshot.catalog.definitions().iter().filter(|one| client.is_offloaded(&***one)).count();
    let schemas = token_cost::schemas(&snapshot).into_iter().map(|(_, shown)| shown).collect();
    Measured {
        origins: origins::phrase(&snapshot.origins()),
        kinds,
        start: Texts::new("start", vec![token_cost::at_start(&snapshot)]),
        schemas: Texts::new("schemas", schemas),
        listed_now: Texts::new("listed now", listed.into_iter().map(|listed| listed.line).collect()),
        offloaded,
    }
}

async fn of_kind(project: &Project, snapshot: &Snapshot, kind: Kind) -> OfKind {
    let name = kind.as_str();
    let definitions: Vec<&Definition> = snapshot
        .catalog
        .definitions()
        .iter()
        .map(AsRef::as_ref)
        .filter(|definition: &&Definition| definition.kind == kind)
        .collect();
    let listed = |is_bounded: bool| {
        let lines = snapshot.catalog.client_listing(is_bounded);
        lines.into_iter().filter(|listed| listed.definition.kind == kind).collect::<Vec<_>>()
    };
    let bounded = listed(true);
    let name_only = bounded.iter().filter(|listed| listed.is_name_only).count();
    let lines = |listed: Vec<catalog::Listed<'_>>| -> Vec<String> {
        // One text, as the client puts it before a model.
        vec![listed.into_iter().map(|listed| listed.line).collect()]
    };
    let (mut answers, mut hits, mut asked) = (Vec::new(), 0, 0);
    for definition in sample(&definitions) {
        let Some(text) = ask(project, definition).await else { continue };
        asked += 1;
        hits += usize::from(text.lines().any(|line| is_row_of(line, &definition.id)));
        answers.push(text);
    }
    let bodies = definitions.iter().map(|definition| definition.body.clone()).collect();
    OfKind {
        kind,
        listing: Texts::new(format!("listing {name}"), lines(bounded)),
        unbounded: Texts::new(format!("unbounded {name}"), lines(listed(false))),
        name_only,
        answers: Texts::new(format!("answer {name}"), answers),
        found: (hits, asked),
        bodies: Texts::new(format!("body {name}"), bodies),
    }
}

/// Some definitions, evenly spread.
fn sample<'a>(definitions: &[&'a Definition]) -> Vec<&'a Definition> {
    let step = definitions.len().div_ceil(SAMPLE).max(1);
    definitions.iter().step_by(step).copied().collect()
}

/// Whether a line of an answer is the row of that entry: its place, its id, and what follows.
fn is_row_of(line: &str, id: &str) -> bool {
    let row = line.split_once(". ").and_then(|(_, row)| row.strip_prefix(id));
    row.is_some_and(|rest| rest.starts_with([':', ' ']))
}

/// Asks for an entry in the words of its own description, as a model would through its tool.
async fn ask(project: &Project, definition: &Definition) -> Option<String> {
    let QueryNames { tool, text, .. } = names(definition.kind);
    let question: String = definition.description.chars().take(QUESTION_CHARS).collect();
    let arguments = Map::from_iter([(text.to_owned(), Value::from(question))]);
    token_cost::answer(project, tool, &arguments).await
}
