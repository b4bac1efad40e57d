//! The in-process fallback of a client, where no instance runs: an index built when it is first needed, and behind it the
//! role registry.

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::authorization::{Principal, Transport};
use super::operation::{Operation, Output};
use super::operations::find::QueryAgents;
use super::operations::{Method, Visitor};
use super::{AppError, Project};
use crate::config::{Memory, ProjectConfig};
use crate::telemetry::token_usage::ClientName;
use catalog::{Kind, Role, Roles};
use client::{Answering, CallError, Fallback};
use store::{Store, StoreOptions};

/// The registry that answers where there is neither an index nor a registry of the project's own.
const EMBEDDED: &str = include_str!("../../fixtures/agent-registry.yml");

/// The confidence of an answer from a registry, which matches the name of the role and nothing more.
const REGISTRY_CONFIDENCE: f64 = 0.3;

type Open = Box<dyn Fn() -> anyhow::Result<Project> + Send + Sync>;

/// A fallback that answers from an index of this process.
///
/// ```
/// use adjutant::app::InProcess;
/// use client::{Options, OrchestratorClient, Source};
/// use adjutant::config::{Config, Environment, Flags};
///
/// let flags = Flags { root: Some("fixtures".into()), ..Flags::default() };
/// let config = Config::resolve(&flags, &Environment::default()).unwrap().project;
/// // Nobody listens on port 1.
/// let client = OrchestratorClient::new(Options::on_port(1), InProcess::over(config));
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let found = client.query_agents(&serde_json::json!({ "context": "screen reader users" })).await.unwrap();
/// assert_eq!(found.source, Source::Fallback);
/// assert_eq!(found.value.agents[0].id, "frontend-web:accessibility-reviewer");
/// # });
/// ```
pub struct InProcess {
    open: Open,
    project: OnceCell<Option<Project>>,
}

impl std::fmt::Debug for InProcess {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("InProcess")
            .field("is_open", &self.project.initialized())
            .finish_non_exhaustive()
    }
}

impl InProcess {
    /// Over the project of `config`, with its store opened read-only.
    pub fn over(config: ProjectConfig) -> Self {
        InProcess::opened_by(move || {
            let Memory { half_life, soft_limit_bytes, hard_limit_bytes, .. } = config.memory;
            let options = StoreOptions::new(config.paths.data_dir.clone());
            let options = StoreOptions { half_life, soft_limit_bytes, hard_limit_bytes, ..options };
            let store = Store::open_read_only(options, "a client only reads")?;
            Ok(Project::offline(config.clone(), store))
        })
    }

    /// Over the project that `open` returns, called once when it is first needed. May block for as long as a scan takes.
    pub fn opened_by(open: impl Fn() -> anyhow::Result<Project> + Send + Sync + 'static) -> Self {
        InProcess { open: Box::new(open), project: OnceCell::new() }
    }

    /// The project, opened if it was not; `None` where it cannot be opened, which is logged once.
    pub async fn project(&self) -> Option<&Project> {
        let open = || async {
            (self.open)()
                .inspect_err(|error| tracing::warn!(error = format!("{error:#}"), "no index can be had"))
                .ok()
        };
        self.project.get_or_init(open).await.as_ref()
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        if let Some(Some(project)) = self.project.get() {
            project.shut_down();
        }
    }
}

impl Fallback for InProcess {
    fn answer<'a>(&'a self, method: &'a str, params: &'a Value) -> Answering<'a> {
        Box::pin(async move {
            let project = self.project().await;
            let answered = match project.zip(Method::named(method)) {
                Some((project, method)) => Some(method.visit(InProject { project, params }).await),
                None => None,
            };
            let is_empty = project.is_none_or(|project| project.snapshot().count(Kind::Agent) == 0);
            let found_nobody = answered.as_ref().is_none_or(|answered| {
                answered.as_ref().is_err_and(|refusal| refusal.code == CallError::NOT_FOUND)
            });
            if is_empty && found_nobody && method == QueryAgents::NAME {
                return from_registry(project, params).map(Ok).or(answered);
            }
            answered
        })
    }
}

/// One call of an operation.
struct InProject<'a> {
    project: &'a Project,
    params: &'a Value,
}

impl Visitor for InProject<'_> {
    type Outcome = Result<Value, CallError>;

    async fn visit<O: Operation>(self) -> Self::Outcome {
        let client = ClientName::new("in-process");
        let principal = Principal::local(client, "in process".to_owned(), Transport::InProcess);
        let output = self.project.execute::<O>(&principal, Some(&self.params.to_string())).await;
        // By way of text, as an instance answers: a value in memory would widen its numbers.
        let written = output.and_then(|output| {
            let mut json = Vec::with_capacity(output.size());
            output.write(&mut json).map_err(anyhow::Error::from)?;
            Ok(serde_json::from_slice(&json).map_err(anyhow::Error::from)?)
        });
        written.map_err(|error| call_error(&error, &principal))
    }
}

/// An error as JSON-RPC would answer it. The caller's own process hides nothing from it.
fn call_error(error: &AppError, principal: &Principal) -> CallError {
    match error {
        AppError::Internal(cause) => CallError::unavailable(format!("{cause:#}")),
        other => CallError::from(&other.to_object(&principal.correlation_id)),
    }
}

/// The role registry's answer to a query: the role that was asked for, else the first that has one of the words.
fn from_registry(project: Option<&Project>, params: &Value) -> Option<Value> {
    let snapshot = project.map(Project::snapshot);
    let own = snapshot.as_ref().map(|snapshot| snapshot.catalog.roles()).filter(|roles| !roles.is_empty());
    let embedded;
    let roles = if let Some(own) = own {
        own
    } else {
        embedded = Roles::parse(EMBEDDED);
        &embedded
    };
    let text = |member: &str| params[member].as_str();
    let role = match text("role") {
        Some(role) => roles.get(role)?,
        None => with_word(roles, text("capability").or_else(|| text("context"))?)?,
    };
    let fallbacks: Vec<&str> = role.fallbacks.iter().map(|agent| agent.reference.as_str()).collect();
    let (plugin, name) = role.primary.reference.split_once(':').unwrap_or(("", &role.primary.reference));
    Some(json!({
        "agents": [{
            "id": role.primary.reference, "name": name, "plugin": plugin, "description": role.use_when,
            "model": role.model.as_deref().unwrap_or("inherit"), "capabilities": role.capabilities,
            "role": role.name, "fallbacks": fallbacks, "score": REGISTRY_CONFIDENCE,
        }],
        "reasoning": format!("no index can be had; the role registry names it for `{}`", role.name),
        "confidence": REGISTRY_CONFIDENCE,
        "cache_hit": false,
    }))
}

/// The first role, by name, of whose name or capabilities the text has a word.
fn with_word<'a>(roles: &'a Roles, text: &str) -> Option<&'a Role> {
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.len() > 2)
            .map(str::to_lowercase)
            .collect()
    };
    let wanted = words(text);
    roles.iter().find(|role| {
        let known = role.capabilities.iter().chain([&role.name]).flat_map(|text| words(text));
        known.into_iter().any(|word| wanted.contains(&word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Environment, Flags};

    fn over(root: &std::path::Path) -> InProcess {
        let flags = Flags { root: Some(root.to_owned()), ..Flags::default() };
        InProcess::over(Config::resolve(&flags, &Environment::default()).unwrap().project)
    }

    #[tokio::test]
    async fn an_empty_project_is_served_by_the_embedded_roles() {
        let folder = tempfile::tempdir().unwrap();
        let own = over(folder.path());
        let cases = [
            (json!({ "role": "frontend_developer" }), Some("frontend-web:react-developer")),
            (json!({ "capability": "kubernetes" }), Some("platform-operations:kubernetes-operator")),
            (
                json!({ "context": "tune the PostgreSQL database" }),
                Some("backend-services:database-architect"),
            ),
            (json!({ "role": "astronaut" }), None),
        ];
        for (params, expected) in cases {
            let answered = own.answer("queryAgents", &params).await.unwrap();
            let id = answered.as_ref().ok().and_then(|answer| answer["agents"][0]["id"].as_str());
            assert_eq!(id, expected, "{params}: {answered:?}");
        }
        assert!(own.answer("noSuchMethod", &json!({})).await.is_none());
        let refused = own.answer("queryAgents", &json!({ "limit": "x" })).await.unwrap().unwrap_err();
        assert_eq!(refused.code, CallError::INVALID);
    }

    #[tokio::test]
    async fn the_projects_own_registry_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".claude")).unwrap();
        let registry = folder.path().join(".claude/agent-registry.yml");
        std::fs::write(registry, "roles:\n  astronaut: space:pilot\n").unwrap();
        let answered = over(folder.path()).answer("queryAgents", &json!({ "role": "astronaut" })).await;
        assert_eq!(answered.unwrap().unwrap()["agents"][0]["id"], "space:pilot");
    }

    #[tokio::test]
    async fn an_index_that_cannot_be_had_leaves_the_roles() {
        let own = InProcess::opened_by(|| anyhow::bail!("no"));
        let answered = own.answer("queryAgents", &json!({ "role": "test-engineer" })).await;
        assert_eq!(answered.unwrap().unwrap()["agents"][0]["name"], "test-engineer");
        assert!(own.answer("querySkills", &json!({ "context": "x" })).await.is_none());
    }
}
