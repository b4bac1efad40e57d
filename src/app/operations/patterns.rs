//! `getOrchestrationPattern`, `queryPattern`, `storePattern`: which sequence of agents serves a goal?

use std::sync::Arc;

use super::kind_query::{DEFAULT_LIMIT, MAX_LIMIT, TOOL_BUDGET, required, whole};
use crate::app::authorization::Principal;
use crate::app::cache::PatternKey;
use crate::app::canonical_text::canonical;
use crate::app::operation::{Operation, Output, Rendering, Tool};
use crate::app::{AppError, Project, Snapshot, tokens};
use catalog::{Kind, Lookup, is_built_in_agent};
use domain::patterns::{DEFAULT_MIN_SIMILARITY, Pattern, PatternMatch, SimilaritySearch};
use protocol::{
    AccessRole, GoalQuery, OperationClass, OrchestrationPattern, PatternMatches, PatternParams, PatternQuery,
    PatternStored, Recommendation,
};
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

/// `queryPattern`
#[derive(Debug)]
pub struct QueryPattern;

impl Output for Recommendation {
    fn cache_hit(&self) -> Option<bool> {
        Some(self.cache_hit)
    }
}

impl Output for PatternMatches {
    fn cache_hit(&self) -> Option<bool> {
        Some(self.cache_hit)
    }
}

impl Operation for GetOrchestrationPattern {
    const NAME: &'static str = "getOrchestrationPattern";
    const CLASS: OperationClass = OperationClass::Read;
    const PERMISSION: AccessRole = AccessRole::Viewer;
    const TITLE: &'static str = "Recommend a pattern";
    const SENTENCE: &'static str = "Recommend a sequence of agents for a goal.";
    const TOOL: Option<&'static Tool> = Some(&Tool {
        name: "recommend_pattern",
        position: 5,
        description: "The sequence of agents that worked best for goals like this one, with its record.",
        counted: None,
        free_text: Some("goal"),
        default_budget: Some(TOOL_BUDGET),
        max_result_chars: None,
        rendering: Rendering::Recommendation,
    });
    type Params = GoalQuery;
    type Answer = Recommendation;
    type Output = Recommendation;

    async fn run(project: &Project, _: &Principal, params: GoalQuery) -> Result<Recommendation, AppError> {
        let limit = whole(params.limit).unwrap_or(MAX_ALTERNATIVES + 1).min(MAX_ALTERNATIVES + 1);
        let snapshot = project.snapshot();
        let wanted = Wanted {
            goal: required("goal", &params.goal)?,
            min_similarity: params.min_similarity,
            plugin: canonical(params.plugin.as_deref()),
            with_incomplete: false,
            limit,
        };
        let (found, cache_hit) = project.match_patterns(&snapshot, &wanted)?;
        let (best, others) = found.split_first().ok_or_else(|| anyhow::anyhow!("a match without matches"))?;
        let close = others.iter().filter(|other| other.score >= best.score * ALTERNATIVE_SHARE);
        let views = std::iter::once(best).chain(close).map(|found| match_view(found, &snapshot));
        let (mut views, tokens) = fitted(views.collect(), whole(params.max_tokens));
        let protocol::PatternMatch { pattern, success_rate, similarity, task_count } = views.remove(0);
        Ok(Recommendation {
            pattern,
            success_rate,
            similarity,
            task_count,
            alternatives: views,
            reasoning: reasoning(best),
            confidence: rounded(best.score),
            cache_hit,
            tokens,
            token_estimator: estimator(tokens),
        })
    }
}

impl Operation for QueryPattern {
    const NAME: &'static str = "queryPattern";
    const CLASS: OperationClass = OperationClass::Read;
    const PERMISSION: AccessRole = AccessRole::Viewer;
    const TITLE: &'static str = "Query patterns";
    const SENTENCE: &'static str = "Recommend a sequence of agents that worked for a similar goal.";
    type Params = PatternQuery;
    type Answer = PatternMatches;
    type Output = PatternMatches;

    async fn run(project: &Project, _: &Principal, params: PatternQuery) -> Result<PatternMatches, AppError> {
        let unasked = if params.max_tokens.is_some() { MAX_LIMIT } else { DEFAULT_LIMIT };
        let snapshot = project.snapshot();
        let wanted = Wanted {
            goal: required("goal", &params.goal)?,
            min_similarity: params.min_similarity,
            plugin: canonical(params.plugin.as_deref()),
            with_incomplete: true,
            limit: whole(params.limit).unwrap_or(unasked),
        };
        let (found, cache_hit) = project.match_patterns(&snapshot, &wanted)?;
        let best = found.first().ok_or_else(|| anyhow::anyhow!("a match without matches"))?;
        let views = found.iter().map(|found| match_view(found, &snapshot)).collect();
        let (matches, tokens) = fitted(views, whole(params.max_tokens));
        Ok(PatternMatches {
            reasoning: reasoning(best),
            confidence: rounded(best.score),
            matches,
            cache_hit,
            tokens,
            token_estimator: estimator(tokens),
        })
    }
}

/// As many matches as fit the budget, where there is one, and always the best; with the tokens they use of it.
fn fitted(
    mut matches: Vec<protocol::PatternMatch>,
    max_tokens: Option<usize>,
) -> (Vec<protocol::PatternMatch>, Option<usize>) {
    let Some(budget) = max_tokens else { return (matches, None) };
    let cost = |one: &protocol::PatternMatch| {
        serde_json::to_string(one).map_or(0, |json| tokens::estimate(&json) + 1)
    };
    let mut used = 0;
    let fit = matches.iter().take_while(|one| {
        used += cost(one);
        used <= budget
    });
    let fit = fit.count().max(1);
    matches.truncate(fit);
    let tokens = matches.iter().map(cost).sum();
    (matches, Some(tokens))
}

/// The name of the estimator, where tokens are reported.
fn estimator(tokens: Option<usize>) -> Option<String> {
    tokens.map(|_| tokens::ESTIMATOR.to_owned())
}

/// `storePattern`
#[derive(Debug)]
pub struct StorePattern;

impl Output for PatternStored {}

impl Operation for StorePattern {
    const NAME: &'static str = "storePattern";
    const CLASS: OperationClass = OperationClass::Write;
    const PERMISSION: AccessRole = AccessRole::Operator;
    const TITLE: &'static str = "Store a pattern";
    const SENTENCE: &'static str = "Store a sequence of agents for a goal.";
    type Params = PatternParams;
    type Answer = PatternStored;
    type Output = PatternStored;

    async fn run(project: &Project, _: &Principal, params: PatternParams) -> Result<PatternStored, AppError> {
        let goal = required("goal", &params.goal)?;
        let warnings = project.unknown_agents(&params.agent_sequence);
        let pattern = NewPattern {
            goal,
            agent_sequence: project.by_id(params.agent_sequence),
            dependencies: (params.dependencies.into_iter())
                .map(|(agent, others)| (project.by_id([agent]).remove(0), project.by_id(others)))
                .collect(),
            parallel_groups: params.parallel_groups.into_iter().map(|group| project.by_id(group)).collect(),
        };
        let stored = project.store.add_pattern(pattern).await?;
        Ok(PatternStored { id: stored.id, created: stored.created, warnings })
    }
}

impl Project {
    /// The patterns that serve a goal, from the cache or the store. Those that name agents which the catalog lacks come
    /// last, if they are wanted at all.
    fn match_patterns(
        &self,
        snapshot: &Snapshot,
        wanted: &Wanted,
    ) -> Result<(Arc<[PatternMatch]>, bool), AppError> {
        let Wanted { goal, plugin, limit, .. } = wanted;
        let min_similarity = wanted.min_similarity.unwrap_or(DEFAULT_MIN_SIMILARITY);
        let key = PatternKey {
            goal: goal.clone(),
            min_similarity: min_similarity.to_bits(),
            limit: *limit,
            plugin: plugin.clone(),
            with_incomplete: wanted.with_incomplete,
            generation: snapshot.generation,
            version: self.store.version(),
        };
        let matches = |min_similarity, limit, complete: bool| {
            let is_wanted = |pattern: &Pattern| {
                let agents = pattern.plan.agent_sequence();
                plugin.as_ref().is_none_or(|plugin| agents.iter().all(|agent| is_of(snapshot, agent, plugin)))
                    && complete == missing_agents(snapshot, pattern).is_empty()
            };
            let request = SimilaritySearch { goal, min_similarity, limit, now_ms: now_ms() };
            self.store.patterns().matches_among(&request, is_wanted)
        };
        let (found, cache_hit) = self.caches.patterns.get_or(&key, || {
            let mut found = matches(min_similarity, *limit, true);
            if wanted.with_incomplete {
                found.extend(matches(min_similarity, limit.saturating_sub(found.len()), false));
            }
            found
        });
        if found.is_empty() {
            let withheld = matches(min_similarity, 1, false);
            if let Some(withheld) = withheld.first() {
                return Err(withheld_for_missing_agents(&withheld.pattern, snapshot));
            }
            let of_plugin =
                plugin.as_ref().map_or_else(String::new, |plugin| format!(" of plugin {plugin:?}"));
            return Err(AppError::NotFound {
                message: format!(
                    "no pattern{of_plugin} serves {goal:?} with a similarity of at least {min_similarity}"
                ),
                suggestions: matches(0.2, 3, true).iter().map(|one| one.pattern.goal.clone()).collect(),
            });
        }
        Ok((found, cache_hit))
    }

    /// A warning for each agent the catalog does not hold, or holds under several ids.
    pub(super) fn unknown_agents(&self, agents: &[String]) -> Vec<String> {
        let snapshot = self.snapshot();
        let warning = |agent: &String| match snapshot.catalog.find(Kind::Agent, agent) {
            Lookup::One(_) => None,
            Lookup::Missing if is_built_in_agent(agent) => None,
            Lookup::Missing => Some(format!("{agent} is not an agent of the catalog")),
            Lookup::Ambiguous(all) => {
                let ids: Vec<&str> = all.iter().take(MAX_NAMED).map(|one| one.id.as_str()).collect();
                Some(format!("{agent} is the name of {} agents: {}; use an id", all.len(), ids.join(", ")))
            }
        };
        agents.iter().filter_map(warning).collect()
    }

    /// Replaces names of agents by their ids, where the catalog has exactly one.
    pub(super) fn by_id(&self, agents: impl IntoIterator<Item = String>) -> Vec<String> {
        let snapshot = self.snapshot();
        let id = |agent: String| match snapshot.catalog.find(Kind::Agent, &agent) {
            Lookup::One(definition) => definition.id.clone(),
            Lookup::Ambiguous(_) | Lookup::Missing => agent,
        };
        agents.into_iter().map(id).collect()
    }
}

/// A search for patterns.
struct Wanted {
    /// In canonical form.
    goal: String,
    min_similarity: Option<f64>,
    plugin: Option<String>,
    /// Whether patterns with agents that the catalog lacks are wanted, too.
    with_incomplete: bool,
    limit: usize,
}

/// The agents of a pattern that the catalog does not have. A name that several agents share is not missing.
fn missing_agents(snapshot: &Snapshot, pattern: &Pattern) -> Vec<String> {
    let is_missing = |agent: &&String| {
        matches!(snapshot.catalog.find(Kind::Agent, agent), Lookup::Missing) && !is_built_in_agent(agent)
    };
    pattern.plan.agent_sequence().iter().filter(is_missing).cloned().collect()
}

/// Why a pattern that serves the goal is not recommended.
fn withheld_for_missing_agents(pattern: &Pattern, snapshot: &Snapshot) -> AppError {
    let missing = missing_agents(snapshot, pattern);
    let named: Vec<&str> = missing.iter().take(MAX_NAMED).map(String::as_str).collect();
    AppError::NotFound {
        message: format!(
            "the patterns that serve this goal name agents that the catalog does not have (of {:?}: {})",
            pattern.goal,
            named.join(", ")
        ),
        suggestions: Vec::new(),
    }
}

/// Whether an agent, named by id or bare name, is of that plugin.
fn is_of(snapshot: &Snapshot, agent: &str, plugin: &str) -> bool {
    match snapshot.catalog.find(Kind::Agent, agent) {
        Lookup::One(definition) => definition.plugin == plugin,
        Lookup::Ambiguous(candidates) => candidates.iter().any(|one| one.plugin == plugin),
        Lookup::Missing => agent.split_once(':').is_some_and(|(named, _)| named == plugin),
    }
}

/// The wire form of a match.
fn match_view(found: &PatternMatch, snapshot: &Snapshot) -> protocol::PatternMatch {
    protocol::PatternMatch {
        pattern: pattern_view(&found.pattern, snapshot),
        success_rate: rounded(found.success_rate),
        similarity: rounded(found.similarity),
        task_count: found.task_count,
    }
}

/// The wire form of a pattern, with the agents that the catalog lacks.
pub(super) fn pattern_view(pattern: &Pattern, snapshot: &Snapshot) -> OrchestrationPattern {
    OrchestrationPattern { missing_agents: missing_agents(snapshot, pattern), ..stored_pattern_view(pattern) }
}

/// The wire form of a pattern as it is stored, whatever the catalog has.
pub fn stored_pattern_view(pattern: &Pattern) -> OrchestrationPattern {
    OrchestrationPattern {
        id: pattern.id.clone(),
        goal: pattern.goal.clone(),
        agent_sequence: pattern.plan.agent_sequence().to_vec(),
        missing_agents: Vec::new(),
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

fn reasoning(best: &PatternMatch) -> String {
    let record = match best.task_count {
        0 => "never used yet".to_owned(),
        1 => format!("used once, success rate {:.2}", best.success_rate),
        n => format!("used {n} times, success rate {:.2}", best.success_rate),
    };
    format!("The stored goal {:?} is {:.0} % similar; {record}.", best.pattern.goal, best.similarity * 100.0)
}

/// Rounds to three decimals, beyond which a similarity is noise.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
