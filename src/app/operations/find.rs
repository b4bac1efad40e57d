//! `queryAgents`, `querySkills`, `queryWorkflows`: who can do this?

use std::sync::Arc;
use std::time::Instant;

use crate::app::cache::{AnswerCache, QueryKey, canonical};
use crate::app::embedding::SemanticScores;
use crate::app::hit_view::{AgentRow, Row, SkillRow, WorkflowRow, shortened};
use crate::app::operation::{Operation, Principal, Rendering, Tool};
use crate::app::search_response::{Answer, Found};
use crate::app::{App, AppError, Snapshot};
use catalog::Kind;
use protocol::{
    AccessRole, AgentQuery, AgentsFound, OperationClass, SkillQuery, SkillsFound, WorkflowQuery,
    WorkflowsFound,
};
use search::{Findings, Prior, Request};
use store::{FrequentQuery, QueryRecord, now_ms};

/// Rows of an answer where the caller says nothing of them.
pub const DEFAULT_LIMIT: usize = 5;

/// Rows of an answer at most; also the number tried for a token budget.
pub const MAX_LIMIT: usize = 20;

/// Estimated tokens of a tool's rows where the caller sets no budget. With what surrounds them, and a client that shows a
/// model both forms of an answer, it stays below 2,000.
pub(super) const TOOL_BUDGET: usize = 1_200;

/// `queryAgents`
#[derive(Debug)]
pub struct QueryAgents;

impl Operation for QueryAgents {
    const NAME: &'static str = "queryAgents";
    const CLASS: OperationClass = OperationClass::Read;
    const PERMISSION: AccessRole = AccessRole::Viewer;
    const TITLE: &'static str = "Find agents";
    const SENTENCE: &'static str = "Ranks agents for a task, a capability or a role.";
    const TOOL: Option<&'static Tool> = Some(&Tool {
        name: "find_agents",
        position: 1,
        description: "Who can do this? Ranks {} indexed agents for a task; give context, capability or role.",
        counted: Some(Kind::Agent),
        default_budget: Some(TOOL_BUDGET),
        default_limit: Some(DEFAULT_LIMIT),
        max_result_chars: None,
        rendering: Rendering::Rows { field: "agents", kind: Kind::Agent },
    });
    type Params = AgentQuery;
    type Answer = AgentsFound;
    type Output = Answer<AgentRow<'static>>;

    async fn run(app: &App, principal: &Principal, params: AgentQuery) -> Result<Self::Output, AppError> {
        let key = QueryKey {
            capability: canonical(params.capability.as_deref()),
            role: canonical(params.role.as_deref()),
            context: canonical(params.context.as_deref()),
            plugin: canonical(params.plugin.as_deref()),
            ..QueryKey::default()
        };
        let key = bounded(key, params.limit, params.max_tokens);
        if key.capability.is_none() && key.role.is_none() && key.context.is_none() {
            return Err(AppError::invalid("one of capability, role, context is required, got none"));
        }
        app.find(&app.caches.agents, key, Self::NAME, principal).await
    }
}

/// `querySkills`
#[derive(Debug)]
pub struct QuerySkills;

impl Operation for QuerySkills {
    const NAME: &'static str = "querySkills";
    const CLASS: OperationClass = OperationClass::Read;
    const PERMISSION: AccessRole = AccessRole::Viewer;
    const TITLE: &'static str = "Find skills";
    const SENTENCE: &'static str = "Ranks skills for a task.";
    const TOOL: Option<&'static Tool> = Some(&Tool {
        name: "find_skills",
        position: 2,
        description: "Ranks {} indexed skills (know-how to load) for a task.",
        counted: Some(Kind::Skill),
        default_budget: Some(TOOL_BUDGET),
        default_limit: Some(DEFAULT_LIMIT),
        max_result_chars: None,
        rendering: Rendering::Rows { field: "skills", kind: Kind::Skill },
    });
    type Params = SkillQuery;
    type Answer = SkillsFound;
    type Output = Answer<SkillRow<'static>>;

    async fn run(app: &App, principal: &Principal, params: SkillQuery) -> Result<Self::Output, AppError> {
        let key = key_of("context", &params.context, params.plugin.as_deref())?;
        let key = bounded(key, params.limit, params.max_tokens);
        app.find(&app.caches.skills, key, Self::NAME, principal).await
    }
}

/// `queryWorkflows`
#[derive(Debug)]
pub struct QueryWorkflows;

impl Operation for QueryWorkflows {
    const NAME: &'static str = "queryWorkflows";
    const CLASS: OperationClass = OperationClass::Read;
    const PERMISSION: AccessRole = AccessRole::Viewer;
    const TITLE: &'static str = "Find workflows";
    const SENTENCE: &'static str = "Ranks workflows (commands) for a goal.";
    const TOOL: Option<&'static Tool> = Some(&Tool {
        name: "find_workflows",
        position: 3,
        description: "Ranks {} indexed commands (step-by-step procedures) for a goal.",
        counted: Some(Kind::Workflow),
        default_budget: Some(TOOL_BUDGET),
        default_limit: Some(DEFAULT_LIMIT),
        max_result_chars: None,
        rendering: Rendering::Rows { field: "workflows", kind: Kind::Workflow },
    });
    type Params = WorkflowQuery;
    type Answer = WorkflowsFound;
    type Output = Answer<WorkflowRow<'static>>;

    async fn run(app: &App, principal: &Principal, params: WorkflowQuery) -> Result<Self::Output, AppError> {
        let key = key_of("goal", &params.goal, params.plugin.as_deref())?;
        let key = bounded(key, params.limit, params.max_tokens);
        app.find(&app.caches.workflows, key, Self::NAME, principal).await
    }
}

/// A text that must say something, in canonical form.
pub(super) fn required(field: &str, text: &str) -> Result<String, AppError> {
    canonical(Some(text))
        .ok_or_else(|| AppError::invalid(format!("{field} must not be empty, got only white space")))
}

/// The key of a query that has one text, named `field` on the wire.
fn key_of(field: &str, text: &str, plugin: Option<&str>) -> Result<QueryKey, AppError> {
    Ok(QueryKey { context: Some(required(field, text)?), plugin: canonical(plugin), ..QueryKey::default() })
}

/// The key with its bounds: rows as asked, else as many as a token budget may hold, else the default.
fn bounded(key: QueryKey, limit: Option<i64>, max_tokens: Option<i64>) -> QueryKey {
    let unasked = if max_tokens.is_some() { MAX_LIMIT } else { DEFAULT_LIMIT };
    QueryKey { limit: whole(limit).unwrap_or(unasked), max_tokens: whole(max_tokens), ..key }
}

/// A validated number as a size.
pub(super) fn whole(number: Option<i64>) -> Option<usize> {
    number.and_then(|number| usize::try_from(number).ok())
}

impl App {
    /// Answers a query from the cache or from the snapshot, counts its tokens and logs it to the store.
    async fn find<R: Row + 'static>(
        &self,
        cache: &AnswerCache<R>,
        mut key: QueryKey,
        method: &'static str,
        principal: &Principal,
    ) -> Result<Answer<R>, AppError> {
        let began = Instant::now();
        let snapshot = self.snapshot();
        key.generation = snapshot.generation;
        key.learned = self.learning_version(R::KIND);
        key.embedding = self.embedding.version();
        let (found, cache_hit) = if let Some(found) = cache.get(&key) {
            (found, true)
        } else {
            let scores = self.semantic_scores(&snapshot, R::KIND, &key).await;
            let answer = |key: &QueryKey| {
                Found::of(&snapshot, &self.findings(&snapshot, R::KIND, key, &scores), key.max_tokens)
            };
            // An answer that lacks the model's judgement is not kept: the next may have it.
            if scores.is_whole() { cache.get_or(&key, answer) } else { (Arc::new(answer(&key)), false) }
        };
        let is_news = || !cache_hit || found.repeats.admits(began.duration_since(self.started).as_secs());
        if self.config.memory.query_log && is_news() {
            self.store.log_query(record_of(method, &key, &found, cache_hit, began));
        }
        if found.is_empty() {
            return Err(AppError::NotFound {
                message: format!("no {} matches {}", R::KIND.as_str(), sought(&key)),
                suggestions: found.suggestions.clone(),
            });
        }
        let baseline = snapshot.listing_tokens(R::KIND);
        self.metrics.tokens().record(&principal.client, method, found.tokens, baseline);
        Ok(Answer { tells_tokens: key.max_tokens.is_some(), found, cache_hit })
    }
}

/// A key as search takes it, with what was learned.
pub(super) fn request_of<'a>(kind: Kind, key: &'a QueryKey, prior: Option<&'a dyn Prior>) -> Request<'a> {
    Request {
        kind,
        capability: key.capability.as_deref(),
        role: key.role.as_deref(),
        context: key.context.as_deref(),
        plugin: key.plugin.as_deref(),
        limit: key.limit,
        prior,
        similarity: None,
    }
}

/// A query as the store logs it.
fn record_of<R: Row>(
    method: &'static str,
    key: &QueryKey,
    found: &Found<R>,
    cache_hit: bool,
    began: Instant,
) -> QueryRecord {
    QueryRecord {
        timestamp_ms: now_ms(),
        method: method.to_owned(),
        capability: key.capability.clone(),
        role: key.role.clone(),
        context: key.context.clone(),
        plugin: key.plugin.clone(),
        limit: u32::try_from(key.limit).ok(),
        returned: Arc::clone(&found.ids),
        cache_hit,
        duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

/// Characters of a caller's own text that an error repeats.
const MAX_REPEATED_CHARS: usize = 100;

/// What was asked for, in the words of an error.
fn sought(key: &QueryKey) -> String {
    let parts = [
        ("capability", &key.capability),
        ("role", &key.role),
        ("request", &key.context),
        ("plugin", &key.plugin),
    ];
    let named = parts.iter().filter_map(|(name, value)| {
        value.as_ref().map(|value| format!("{name} \"{}\"", shortened(value, MAX_REPEATED_CHARS)))
    });
    named.collect::<Vec<_>>().join(" with ")
}

impl App {
    /// Ranks, with what outcomes taught about agents and what a model judges; the reasoning says where either took part
    /// or should have.
    fn findings(&self, snapshot: &Snapshot, kind: Kind, key: &QueryKey, scores: &SemanticScores) -> Findings {
        let outcomes = self.outcome_prior(kind, key);
        let prior = outcomes.as_ref().map(|known| known as &dyn Prior);
        let request = Request { similarity: scores.similarity(), ..request_of(kind, key, prior) };
        let mut findings = snapshot.index.find(&request);
        let first = findings.hits.first();
        if let Some(record) = first.and_then(|first| outcomes.as_ref()?.record(&first.definition)) {
            findings.reasoning = format!("{}; {record}", findings.reasoning);
        }
        scores.note(&mut findings.reasoning);
        findings
    }

    /// Asks a logged query again, so that its answer is cached; it is neither logged nor counted.
    pub(in crate::app) fn warm_one(&self, snapshot: &Snapshot, query: &FrequentQuery) -> bool {
        let key = QueryKey {
            capability: query.capability.clone(),
            role: query.role.clone(),
            context: query.context.clone(),
            plugin: query.plugin.clone(),
            limit: query.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(DEFAULT_LIMIT),
            ..QueryKey::default()
        };
        match query.method.as_str() {
            QueryAgents::NAME => self.warm_kind(snapshot, &self.caches.agents, key),
            QuerySkills::NAME => self.warm_kind(snapshot, &self.caches.skills, key),
            QueryWorkflows::NAME => self.warm_kind(snapshot, &self.caches.workflows, key),
            _ => return false,
        }
        true
    }

    fn warm_kind<R: Row + 'static>(&self, snapshot: &Snapshot, cache: &AnswerCache<R>, mut key: QueryKey) {
        key.generation = snapshot.generation;
        key.learned = self.learning_version(R::KIND);
        cache.get_or(&key, |key| {
            Found::of(snapshot, &self.findings(snapshot, R::KIND, key, &SemanticScores::default()), None)
        });
    }
}
