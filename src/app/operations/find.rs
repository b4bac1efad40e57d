//! `queryAgents`, `querySkills`, `queryWorkflows`: one query, answered from the cache or from the snapshot.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;

use super::kind_query::{DEFAULT_LIMIT, KindQuery, kind_of_method};
use crate::app::authorization::Principal;
use crate::app::cache::QueryKey;
use crate::app::embedding::SemanticScores;
use crate::app::hit_view::shortened;
use crate::app::operation::{Operation, Tool};
use crate::app::origins;
use crate::app::search_response::{SearchResponse, ServedResponse};
use crate::app::{AppError, Project, Snapshot};
use crate::config::ProjectConfig;
use catalog::{Definition, Kind};
use protocol::{AccessRole, AgentQuery, OperationClass, ScopeName, SkillQuery, WorkflowQuery};
use search::{Findings, Prior, Request};
use store::{FrequentQuery, QueryRecord, now_ms};

/// The query for the entries of one kind.
#[derive(Debug)]
pub struct Query<Q>(PhantomData<Q>);

/// `queryAgents`
pub type QueryAgents = Query<AgentQuery>;

/// `querySkills`
pub type QuerySkills = Query<SkillQuery>;

/// `queryWorkflows`
pub type QueryWorkflows = Query<WorkflowQuery>;

impl<Q: KindQuery> Operation for Query<Q> {
    const NAME: &'static str = Q::METHOD;
    const CLASS: OperationClass = OperationClass::Read;
    const PERMISSION: AccessRole = AccessRole::Viewer;
    const TITLE: &'static str = Q::TITLE;
    const SENTENCE: &'static str = Q::SENTENCE;
    const TOOL: Option<&'static Tool> = Some(Q::TOOL);
    type Params = Q;
    type Answer = Q::Answer;
    type Output = ServedResponse;

    async fn run(project: &Project, _: &Principal, params: Q) -> Result<ServedResponse, AppError> {
        project.find(Q::KIND, params.into_key()?, Q::METHOD).await
    }
}

impl Project {
    /// Answers a query from the cache or from the snapshot, and logs it to the store.
    async fn find(
        &self,
        kind: Kind,
        mut key: QueryKey,
        method: &'static str,
    ) -> Result<ServedResponse, AppError> {
        let began = Instant::now();
        let snapshot = self.snapshot();
        let cache = &self.caches.answers[kind];
        key.generation = snapshot.generation;
        key.learned = self.learning_version(kind);
        key.embedding = self.embedding.version();
        let (response, cache_hit) = if let Some(cached) = cache.get(&key) {
            (cached, true)
        } else {
            let scores = self.semantic_scores(&snapshot, kind, &key).await;
            let answer = |key: &QueryKey| {
                let findings = self.findings(&snapshot, kind, key, &scores);
                SearchResponse::of(kind, &snapshot, &findings, key.max_tokens)
            };
            // An answer without the model's scores is not cached: the next may have them.
            if scores.is_whole() { cache.get_or(&key, answer) } else { (Arc::new(answer(&key)), false) }
        };
        let is_news = || !cache_hit || response.repeats.admits(began.duration_since(self.started).as_secs());
        if self.config.memory.query_log && is_news() {
            self.store.log_query(record_of(method, &key, &response, cache_hit, began));
        }
        if response.is_empty() {
            return Err(AppError::NotFound {
                message: if snapshot.catalog.definitions().is_empty() {
                    nothing_indexed(&self.config)
                } else {
                    format!("no {} matches {}", kind.as_str(), described(&key))
                },
                suggestions: response.suggestions.clone(),
            });
        }
        let spared = snapshot.listing_tokens(kind);
        Ok(ServedResponse { reports_tokens: key.max_tokens.is_some(), response, cache_hit, spared })
    }
}

/// The request to the index, with what was learned.
pub(super) fn request_of<'a>(kind: Kind, key: &'a QueryKey, prior: Option<&'a dyn Prior>) -> Request<'a> {
    Request {
        kind,
        capability: key.capability.as_deref(),
        role: key.role.as_deref(),
        context: key.context.as_deref(),
        plugin: key.plugin.as_deref(),
        scopes: key.scope.map(origins::scopes),
        only: None,
        limit: key.limit,
        prior,
        similarity: None,
    }
}

/// What restricts an answer to entries that were offloaded, where that is asked for.
pub(super) fn only_offloaded<'a>(
    key: &QueryKey,
    is_offloaded: &'a dyn Fn(&Definition) -> bool,
) -> Option<&'a dyn Fn(&Definition) -> bool> {
    (key.scope == Some(ScopeName::Offloaded)).then_some(is_offloaded)
}

/// A query as the store logs it.
fn record_of(
    method: &'static str,
    key: &QueryKey,
    response: &SearchResponse,
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
        returned: Arc::clone(&response.ids),
        cache_hit,
        duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

/// Why nothing is found where there is nothing: which folders were looked at, and where plugins can be had.
pub(in crate::app) fn nothing_indexed(config: &ProjectConfig) -> String {
    format!(
        "no agents, skills or workflows were found; looked in {}; marketplaces to begin with (claude plugin marketplace \
         add): {}",
        origins::places(config),
        MARKETPLACES.join(", ")
    )
}

/// Public marketplaces, by the names under which Claude Code adds them.
const MARKETPLACES: [&str; 3] =
    ["anthropics/claude-plugins-official", "wshobson/agents", "obra/superpowers-marketplace"];

/// Characters of the caller's text that an error repeats.
const MAX_REPEATED_CHARS: usize = 100;

/// What was asked for, as an error says it.
fn described(key: &QueryKey) -> String {
    let parts = [
        ("capability", &key.capability),
        ("role", &key.role),
        ("request", &key.context),
        ("plugin", &key.plugin),
    ];
    let named = parts.iter().filter_map(|(name, value)| {
        value.as_ref().map(|value| format!("{name} \"{}\"", shortened(value, MAX_REPEATED_CHARS)))
    });
    let scope = key.scope.map(|scope| format!("scope \"{}\"", origins::scope_as_text(scope)));
    named.chain(scope).collect::<Vec<_>>().join(" with ")
}

impl Project {
    /// Ranks, with the prior from outcomes of agents and the scores of an embedding model; the reasoning says where either
    /// took part or should have.
    fn findings(&self, snapshot: &Snapshot, kind: Kind, key: &QueryKey, scores: &SemanticScores) -> Findings {
        let outcomes = self.outcome_prior(kind, key);
        let prior = outcomes.as_ref().map(|known| known as &dyn Prior);
        let is_offloaded = |definition: &Definition| snapshot.client.is_offloaded(definition);
        let request = Request {
            similarity: scores.similarity(),
            only: only_offloaded(key, &is_offloaded),
            ..request_of(kind, key, prior)
        };
        let mut findings = snapshot.index.find(&request);
        let first = findings.hits.first();
        if let Some(record) = first.and_then(|first| outcomes.as_ref()?.record(&first.definition)) {
            findings.reasoning = format!("{}; {record}", findings.reasoning);
        }
        scores.note(&mut findings.reasoning);
        findings
    }

    /// Answers a logged query, so that the answer is cached; it is neither logged nor counted.
    pub(in crate::app) fn warm_one(&self, snapshot: &Snapshot, query: &FrequentQuery) -> bool {
        let Some(kind) = kind_of_method(&query.method) else { return false };
        let key = QueryKey {
            capability: query.capability.clone(),
            role: query.role.clone(),
            context: query.context.clone(),
            plugin: query.plugin.clone(),
            limit: query.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(DEFAULT_LIMIT),
            generation: snapshot.generation,
            learned: self.learning_version(kind),
            ..QueryKey::default()
        };
        self.caches.answers[kind].get_or(&key, |key| {
            let findings = self.findings(snapshot, kind, key, &SemanticScores::default());
            SearchResponse::of(kind, snapshot, &findings, None)
        });
        true
    }
}
