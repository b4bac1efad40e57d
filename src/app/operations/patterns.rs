//! `getOrchestrationPattern`, `queryPattern`, `storePattern`: which sequence of agents serves a goal?

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use validator::Validate;

use super::find::{DEFAULT_LIMIT, MAX_LIMIT, required, whole};
use crate::app::cache::{PatternKey, canonical};
use crate::app::operation::{CallContext, Operation, Output};
use crate::app::{App, AppError, Snapshot, tokens};
use catalog::{Kind, Lookup};
use domain::patterns::{DEFAULT_MIN_SIMILARITY, Pattern, PatternMatch, SimilaritySearch};
use store::{NewPattern, now_ms, rfc3339};

/// Matches that score at least this share of the best one are named as alternatives to it.
const ALTERNATIVE_SHARE: f64 = 0.9;

/// Alternatives named at most.
const MAX_ALTERNATIVES: usize = 3;

/// Agents named where a name has several.
const MAX_NAMED: usize = 5;

/// `getOrchestrationPattern`
#[derive(Debug)]
pub struct GetOrchestrationPattern;

/// What `getOrchestrationPattern` takes.
#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct GoalQuery {
    /// What is to be reached.
    #[validate(length(max = 500))]
    pub goal: String,
    /// How alike a stored goal must be.
    #[validate(range(min = 0.0, max = 1.0))]
    pub min_similarity: Option<f64>,
    /// The best match and alternatives, at most.
    #[validate(range(min = 1, max = 20))]
    pub limit: Option<i64>,
    /// Only patterns whose agents are all of this plugin.
    #[validate(length(max = 200))]
    pub plugin: Option<String>,
    /// Tokens of all matches at most; the best one is given whole whatever it takes, since half a plan is none.
    #[validate(range(min = 1, max = 100_000))]
    pub max_tokens: Option<i64>,
}

/// `queryPattern`
#[derive(Debug)]
pub struct QueryPattern;

/// What `queryPattern` takes.
#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct PatternQuery {
    /// What is to be reached.
    #[validate(length(max = 500))]
    pub goal: String,
    /// How alike a stored goal must be.
    #[validate(range(min = 0.0, max = 1.0))]
    pub min_similarity: Option<f64>,
    /// Matches at most.
    #[validate(range(min = 1, max = 20))]
    pub limit: Option<i64>,
    /// Only patterns whose agents are all of this plugin.
    #[validate(length(max = 200))]
    pub plugin: Option<String>,
    /// Tokens of all matches at most; the best one is given whole whatever it takes.
    #[validate(range(min = 1, max = 100_000))]
    pub max_tokens: Option<i64>,
}

/// A pattern as it goes out, as the seed's `OrchestrationPattern`.
#[derive(Debug, Clone, Serialize)]
pub struct PatternView {
    id: String,
    goal: String,
    agent_sequence: Vec<String>,
    dependencies: BTreeMap<String, Vec<String>>,
    parallel_groups: Vec<Vec<String>>,
    success_count: u32,
    failure_count: u32,
    partial_count: u32,
    avg_duration_ms: u64,
    avg_tokens_saved: i64,
    created_at: String,
    updated_at: String,
}

/// A match as it goes out, as the seed's `PatternMatchResult`.
#[derive(Debug, Clone, Serialize)]
pub struct MatchView {
    pattern: PatternView,
    success_rate: f64,
    similarity: f64,
    task_count: u32,
}

/// The best match, with others that come close.
#[derive(Debug, Serialize)]
pub struct BestMatch {
    #[serde(flatten)]
    best: MatchView,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    alternatives: Vec<MatchView>,
    reasoning: String,
    confidence: f64,
    cache_hit: bool,
    #[serde(flatten)]
    used: Option<Used>,
}

/// All matches, best first.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the seed's name on the wire")]
pub struct Matches {
    matches: Vec<MatchView>,
    reasoning: String,
    confidence: f64,
    cache_hit: bool,
    #[serde(flatten)]
    used: Option<Used>,
}

/// What of a token budget was used.
#[derive(Debug, Serialize)]
struct Used {
    tokens: usize,
    token_estimator: &'static str,
}

impl Output for BestMatch {
    fn cache_hit(&self) -> Option<bool> {
        Some(self.cache_hit)
    }
}

impl Output for Matches {
    fn cache_hit(&self) -> Option<bool> {
        Some(self.cache_hit)
    }
}

impl Operation for GetOrchestrationPattern {
    const NAME: &'static str = "getOrchestrationPattern";
    type Params = GoalQuery;
    type Output = BestMatch;

    async fn run(app: &App, _: &CallContext, params: GoalQuery) -> Result<BestMatch, AppError> {
        let limit = whole(params.limit).unwrap_or(MAX_ALTERNATIVES + 1).min(MAX_ALTERNATIVES + 1);
        let (found, cache_hit) = app.match_patterns(&Wanted {
            goal: required("goal", &params.goal)?,
            min_similarity: params.min_similarity,
            plugin: canonical(params.plugin.as_deref()),
            limit,
        })?;
        let (best, others) = found.split_first().ok_or_else(|| anyhow::anyhow!("a match without matches"))?;
        let close = others.iter().filter(|other| other.score >= best.score * ALTERNATIVE_SHARE);
        let views = std::iter::once(best).chain(close).map(MatchView::of);
        let (mut views, used) = fitted(views.collect(), whole(params.max_tokens));
        Ok(BestMatch {
            best: views.remove(0),
            alternatives: views,
            reasoning: reasoning(best),
            confidence: rounded(best.score),
            cache_hit,
            used,
        })
    }
}

impl Operation for QueryPattern {
    const NAME: &'static str = "queryPattern";
    type Params = PatternQuery;
    type Output = Matches;

    async fn run(app: &App, _: &CallContext, params: PatternQuery) -> Result<Matches, AppError> {
        let unasked = if params.max_tokens.is_some() { MAX_LIMIT } else { DEFAULT_LIMIT };
        let (found, cache_hit) = app.match_patterns(&Wanted {
            goal: required("goal", &params.goal)?,
            min_similarity: params.min_similarity,
            plugin: canonical(params.plugin.as_deref()),
            limit: whole(params.limit).unwrap_or(unasked),
        })?;
        let best = found.first().ok_or_else(|| anyhow::anyhow!("a match without matches"))?;
        let (matches, used) = fitted(found.iter().map(MatchView::of).collect(), whole(params.max_tokens));
        Ok(Matches { reasoning: reasoning(best), confidence: rounded(best.score), matches, cache_hit, used })
    }
}

/// As many matches as fit the budget, where there is one, and always the best; with what they use of it.
fn fitted(mut matches: Vec<MatchView>, max_tokens: Option<usize>) -> (Vec<MatchView>, Option<Used>) {
    let Some(budget) = max_tokens else { return (matches, None) };
    let cost = |one: &MatchView| serde_json::to_string(one).map_or(0, |json| tokens::estimate(&json) + 1);
    let mut used = 0;
    let fit = matches.iter().take_while(|one| {
        used += cost(one);
        used <= budget
    });
    let fit = fit.count().max(1);
    matches.truncate(fit);
    let tokens = matches.iter().map(cost).sum();
    (matches, Some(Used { tokens, token_estimator: tokens::ESTIMATOR }))
}

/// `storePattern`
#[derive(Debug)]
pub struct StorePattern;

/// What `storePattern` takes. The plan's own limits are those of [`domain::patterns::Plan::new`].
#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct PatternParams {
    /// What it is for.
    #[validate(length(max = 500))]
    pub goal: String,
    /// Who works on it, in order.
    #[validate(length(min = 1, max = 64))]
    pub agent_sequence: Vec<String>,
    /// Who waits for whom.
    #[serde(default)]
    pub dependencies: BTreeMap<String, Vec<String>>,
    /// Who works at the same time.
    #[serde(default)]
    pub parallel_groups: Vec<Vec<String>>,
}

/// What was stored.
#[derive(Debug, Serialize)]
pub struct Stored {
    id: String,
    /// Whether it is new; the same goal with the same agents is stored once.
    created: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

impl Output for Stored {}

impl Operation for StorePattern {
    const NAME: &'static str = "storePattern";
    type Params = PatternParams;
    type Output = Stored;

    async fn run(app: &App, _: &CallContext, params: PatternParams) -> Result<Stored, AppError> {
        let goal = required("goal", &params.goal)?;
        let warnings = app.unknown_agents(&params.agent_sequence);
        let pattern = NewPattern {
            goal,
            agent_sequence: app.by_id(params.agent_sequence),
            dependencies: (params.dependencies.into_iter())
                .map(|(agent, others)| (app.by_id([agent]).remove(0), app.by_id(others)))
                .collect(),
            parallel_groups: params.parallel_groups.into_iter().map(|group| app.by_id(group)).collect(),
        };
        let stored = app.store.add_pattern(pattern).await?;
        Ok(Stored { id: stored.id, created: stored.created, warnings })
    }
}

impl App {
    /// The patterns that serve a goal, from the cache or the book.
    fn match_patterns(&self, wanted: &Wanted) -> Result<(Arc<[PatternMatch]>, bool), AppError> {
        let Wanted { goal, plugin, limit, .. } = wanted;
        let min_similarity = wanted.min_similarity.unwrap_or(DEFAULT_MIN_SIMILARITY);
        let snapshot = self.snapshot();
        let key = PatternKey {
            goal: goal.clone(),
            min_similarity: min_similarity.to_bits(),
            limit: *limit,
            plugin: plugin.clone().map(|plugin| (plugin, snapshot.generation)),
            version: self.store.version(),
        };
        let is_wanted = |pattern: &Pattern| {
            let agents = pattern.plan.agent_sequence();
            plugin.as_ref().is_none_or(|plugin| agents.iter().all(|agent| is_of(&snapshot, agent, plugin)))
        };
        let matches = |min_similarity, limit| {
            let request = SimilaritySearch { goal, min_similarity, limit, now_ms: now_ms() };
            self.store.book().matches_among(&request, is_wanted)
        };
        let (found, cache_hit) = self.caches.patterns.get_or(&key, || matches(min_similarity, *limit));
        if found.is_empty() {
            let of_plugin =
                plugin.as_ref().map_or_else(String::new, |plugin| format!(" of plugin {plugin:?}"));
            return Err(AppError::NotFound {
                message: format!(
                    "no pattern{of_plugin} serves {goal:?} with a similarity of at least {min_similarity}"
                ),
                suggestions: matches(0.2, 3).iter().map(|one| one.pattern.goal.clone()).collect(),
            });
        }
        Ok((found, cache_hit))
    }

    /// A warning for each agent the catalog does not hold, or holds under several ids.
    pub(super) fn unknown_agents(&self, agents: &[String]) -> Vec<String> {
        let snapshot = self.snapshot();
        let warning = |agent: &String| match snapshot.catalog.find(Kind::Agent, agent) {
            Lookup::One(_) => None,
            Lookup::Missing => Some(format!("{agent} is not an agent of the catalog")),
            Lookup::Ambiguous(all) => {
                let ids: Vec<&str> = all.iter().take(MAX_NAMED).map(|one| one.id.as_str()).collect();
                Some(format!("{agent} is the name of {} agents: {}; use an id", all.len(), ids.join(", ")))
            }
        };
        agents.iter().filter_map(warning).collect()
    }

    /// Agents under their ids, where the catalog knows one for what they are called.
    pub(super) fn by_id(&self, agents: impl IntoIterator<Item = String>) -> Vec<String> {
        let snapshot = self.snapshot();
        let id = |agent: String| match snapshot.catalog.find(Kind::Agent, &agent) {
            Lookup::One(definition) => definition.id.clone(),
            Lookup::Ambiguous(_) | Lookup::Missing => agent,
        };
        agents.into_iter().map(id).collect()
    }
}

/// Which patterns are looked for.
struct Wanted {
    /// In canonical form.
    goal: String,
    min_similarity: Option<f64>,
    plugin: Option<String>,
    limit: usize,
}

/// Whether an agent, named by id or bare name, is of that plugin.
fn is_of(snapshot: &Snapshot, agent: &str, plugin: &str) -> bool {
    match snapshot.catalog.find(Kind::Agent, agent) {
        Lookup::One(definition) => definition.plugin == plugin,
        Lookup::Ambiguous(candidates) => candidates.iter().any(|one| one.plugin == plugin),
        Lookup::Missing => agent.split_once(':').is_some_and(|(named, _)| named == plugin),
    }
}

impl MatchView {
    fn of(found: &PatternMatch) -> Self {
        MatchView {
            pattern: PatternView::of(&found.pattern),
            success_rate: rounded(found.success_rate),
            similarity: rounded(found.similarity),
            task_count: found.task_count,
        }
    }
}

impl PatternView {
    /// A pattern as it goes out.
    pub fn of(pattern: &Pattern) -> Self {
        PatternView {
            id: pattern.id.clone(),
            goal: pattern.goal.clone(),
            agent_sequence: pattern.plan.agent_sequence().to_vec(),
            dependencies: pattern.plan.dependencies().clone(),
            parallel_groups: pattern.plan.parallel_groups().to_vec(),
            success_count: pattern.counters.successes,
            failure_count: pattern.counters.failures,
            partial_count: pattern.counters.partials,
            avg_duration_ms: pattern.counters.avg_duration_ms(),
            avg_tokens_saved: pattern.counters.avg_tokens_saved(),
            created_at: rfc3339(pattern.created_ms),
            updated_at: rfc3339(pattern.updated_ms),
        }
    }
}

fn reasoning(best: &PatternMatch) -> String {
    let record = match best.task_count {
        0 => "never used yet".to_owned(),
        1 => format!("used once, success rate {:.2}", best.success_rate),
        n => format!("used {n} times, success rate {:.2}", best.success_rate),
    };
    format!("The stored goal {:?} is {:.0} % similar; {record}.", best.pattern.goal, best.similarity * 100.0)
}

/// Three decimals say all that a similarity says.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
