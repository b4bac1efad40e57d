//! The patterns: their aggregate, and the command that adds some.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rusqlite::Connection;

use super::aggregate::{Aggregate, Draft};
use super::error::StoreError;
use super::pattern_rows as rows;
use super::transaction::{ApplyError, Transaction, WriteCommand};
use domain::patterns::{DecayedStats, Goal, MAX_PATTERNS, Pattern, PatternSet, Plan};

/// A pattern to be stored; dependencies and groups that are left out are derived, see [`domain::patterns::Plan::new`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewPattern {
    /// What it is for.
    pub goal: String,
    /// Who works on it.
    pub agent_sequence: Vec<String>,
    /// Who waits for whom.
    pub dependencies: BTreeMap<String, Vec<String>>,
    /// Who works at the same time.
    pub parallel_groups: Vec<Vec<String>>,
}

impl NewPattern {
    /// The plan it states.
    ///
    /// # Errors
    /// A sentence for each problem.
    pub fn check(&self) -> Result<Plan, Vec<String>> {
        let mut problems: Vec<String> =
            domain::patterns::check_goal("goal", &self.goal).into_iter().collect();
        match Plan::new(&self.agent_sequence, &self.dependencies, &self.parallel_groups) {
            Ok(plan) if problems.is_empty() => return Ok(plan),
            Ok(_) => {}
            Err(more) => problems.extend(more),
        }
        Err(problems)
    }
}

/// The receipt of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPattern {
    /// Its id.
    pub id: String,
    /// Whether it was created; otherwise the id is that of the existing pattern.
    pub created: bool,
}

/// A pattern to be stored, validated and analysed.
#[derive(Debug)]
pub(super) struct PatternEntry {
    pub pattern: Pattern,
    pub goal: Goal,
    /// Whether its plan states more than a sequence.
    pub stated: bool,
}

impl TryFrom<NewPattern> for PatternEntry {
    type Error = StoreError;

    fn try_from(new: NewPattern) -> Result<Self, StoreError> {
        let plan = new.check().map_err(StoreError::Invalid)?;
        let stated = !new.dependencies.is_empty() || !new.parallel_groups.is_empty();
        let goal = Goal::new(&new.goal);
        Ok(PatternEntry { pattern: Pattern { goal: new.goal, plan, ..Pattern::default() }, goal, stated })
    }
}

/// The aggregate of all patterns.
#[derive(Debug)]
pub(super) struct Patterns {
    published: ArcSwap<PatternSet>,
    draft: Draft<PatternDraft>,
    half_life: Option<Duration>,
}

/// The uncommitted set of patterns.
#[derive(Debug)]
pub(super) struct PatternDraft {
    pub set: PatternSet,
    /// Whether it differs from what is published.
    is_changed: bool,
    /// Patterns whose rows are updated once, at the end of the transaction.
    changed: BTreeMap<String, Arc<Pattern>>,
    /// Those of them that are new or have another plan.
    replanned: BTreeSet<String>,
}

impl PatternDraft {
    fn over(set: PatternSet, is_changed: bool) -> PatternDraft {
        PatternDraft { set, is_changed, changed: BTreeMap::new(), replanned: BTreeSet::new() }
    }

    /// Marks patterns of the set whose counts are to be written.
    pub(super) fn write_counts(&mut self, patterns: impl IntoIterator<Item = Arc<Pattern>>) {
        self.is_changed = true;
        self.changed.extend(patterns.into_iter().map(|pattern| (pattern.id.clone(), pattern)));
    }

    /// Marks a pattern that is to be written as a whole, rather than its counts only.
    pub(super) fn write_plan(&mut self, id: &str) {
        self.replanned.insert(id.to_owned());
    }
}

impl Patterns {
    /// An empty set, whose evidence decays with that half-life.
    pub(super) fn new(half_life: Option<Duration>) -> Patterns {
        let published = ArcSwap::from_pointee(PatternSet::new(half_life));
        Patterns { published, draft: Draft::default(), half_life }
    }

    /// The snapshot of the last commit.
    pub(super) fn snapshot(&self) -> Arc<PatternSet> {
        self.published.load_full()
    }

    /// Reads or changes the uncommitted set.
    pub(super) fn with_draft<R>(&self, work: impl FnOnce(&mut PatternDraft) -> R) -> R {
        self.draft.with(|| PatternDraft::over(PatternSet::clone(&self.published.load()), false), work)
    }
}

/// All patterns of a database, and a note if some are not valid.
pub(super) fn read(
    connection: &Connection,
    half_life: Option<Duration>,
) -> rusqlite::Result<(PatternSet, Option<String>)> {
    let (patterns, refused) = rows::read_patterns(connection)?;
    let mut set = PatternSet::new(half_life);
    set.extend(patterns);
    let count = refused.len();
    let note = refused
        .first()
        .map(|id| format!("{count} patterns hold no valid plan and are left out, such as {id}"));
    Ok((set, note))
}

impl Aggregate for Patterns {
    fn load(&self, connection: &Connection) -> rusqlite::Result<Option<String>> {
        let (set, note) = read(connection, self.half_life)?;
        self.draft.set(PatternDraft::over(set, true));
        Ok(note)
    }

    fn flush(&self, connection: &Connection) -> rusqlite::Result<()> {
        let flush = |draft: &PatternDraft| {
            draft.changed.values().try_for_each(|pattern| {
                if draft.replanned.contains(&pattern.id) {
                    rows::write_pattern(connection, pattern)
                } else {
                    rows::write_counts(connection, pattern)
                }
            })
        };
        self.draft.peek(flush).unwrap_or(Ok(()))
    }

    fn publish(&self) -> bool {
        let Some(draft) = self.draft.take().filter(|draft| draft.is_changed) else { return false };
        self.published.store(Arc::new(draft.set));
        true
    }

    fn discard(&self) {
        self.draft.take();
    }

    fn write_back(&self, connection: &Connection) -> rusqlite::Result<()> {
        self.published.load().patterns().try_for_each(|pattern| rows::write_pattern(connection, pattern))
    }
}

/// Adds patterns, all or none. A pattern with the goal and the sequence of agents of an existing one is not added; the
/// existing one adopts the dependencies and groups that it states.
#[derive(Debug)]
pub(super) struct AddPatterns {
    pub entries: Vec<PatternEntry>,
    pub patterns: Arc<Patterns>,
}

/// The changes that adding patterns makes, planned before any is made.
#[derive(Debug, Default)]
struct Additions {
    added: Vec<Pattern>,
    /// Ids of existing patterns, with the plan that each adopts.
    adopted: Vec<(String, Option<Plan>)>,
    receipts: Vec<StoredPattern>,
}

impl AddPatterns {
    fn plan(&self, set: &PatternSet, now_ms: i64) -> Result<Additions, StoreError> {
        let mut additions = Additions::default();
        let mut fresh: BTreeMap<(&str, &[String]), String> = BTreeMap::new();
        for PatternEntry { pattern, goal, stated } in &self.entries {
            let key = (goal.normalized(), pattern.plan.agent_sequence());
            let (id, created) = if let Some(known) = set.find(goal, pattern.plan.agent_sequence()) {
                additions.adopted.push((known.id.clone(), stated.then(|| pattern.plan.clone())));
                (known.id.clone(), false)
            } else if let Some(id) = fresh.get(&key) {
                (id.clone(), false)
            } else {
                let id = new_id();
                fresh.insert(key, id.clone());
                additions.added.push(Pattern {
                    id: id.clone(),
                    decayed: DecayedStats::from_counters(&pattern.counters, now_ms),
                    created_ms: now_ms,
                    updated_ms: now_ms,
                    ..Pattern::clone(pattern)
                });
                (id, true)
            };
            additions.receipts.push(StoredPattern { id, created });
        }
        if set.len() + additions.added.len() > MAX_PATTERNS {
            let why = format!("no more than {MAX_PATTERNS} patterns can be kept");
            return Err(StoreError::Invalid(vec![why]));
        }
        Ok(additions)
    }
}

impl WriteCommand for AddPatterns {
    type Receipt = Vec<StoredPattern>;

    fn apply(&mut self, transaction: &Transaction<'_>) -> Result<Vec<StoredPattern>, ApplyError> {
        self.patterns.with_draft(|draft| {
            let Additions { added, adopted, receipts } =
                self.plan(&draft.set, transaction.now_ms).map_err(ApplyError::Refused)?;
            for (id, plan) in adopted {
                draft.write_plan(&id);
                let adopted = draft.set.adopt(&id, plan, transaction.now_ms);
                draft.write_counts(adopted);
            }
            added.iter().try_for_each(|pattern| rows::write_pattern(transaction.connection, pattern))?;
            draft.is_changed = true;
            draft.set.extend(added);
            Ok(receipts)
        })
    }
}

/// A new pattern id.
pub(super) fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
