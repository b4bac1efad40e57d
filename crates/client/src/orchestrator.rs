//! The client of an orchestrator: short timeouts, a cache, a fallback.

use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::cache::{ClientCache, key_of};
use super::call_error::CallError;
use super::http::{Client, ClientError, FailureKind, Reply};
use crate::outbox::Outbox;
use protocol::{
    AgentsFound, ErrorCode, MethodTraits, OperationClass, Recommendation, SkillsFound, WorkflowsFound,
};

/// Time a server has to answer: two hundred times what it takes.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_millis(500);

/// Time to live of a cached answer.
pub const DEFAULT_TTL: Duration = Duration::from_mins(5);

/// Time for which a server that timed out is not called again, so that not every query waits for it. A refused connection
/// costs nothing and is tried every time.
const HANGING_PAUSE: Duration = Duration::from_secs(5);

/// The header with the client's name.
const CLIENT_HEADER: &str = "x-adjutant-client";

/// Options of a client.
pub struct Options {
    /// The port of the server, asked for before each request since it may start anew elsewhere; `None` where none runs.
    pub locate: Box<dyn Fn() -> Option<u16> + Send + Sync>,
    /// Time a server has to answer.
    pub timeout: Duration,
    /// Time to live of a cached answer; zero disables the cache.
    pub ttl: Duration,
    /// Where decisions are queued; `None` drops them while no server runs.
    pub outbox: Option<Outbox>,
    /// The client's name in the server's token usage.
    pub name: String,
    /// The project's bearer token, where it has one; sent to whatever listens on the port that `locate` returns.
    pub token: Option<String>,
}

impl Options {
    /// A server on that port, with the defaults and no outbox.
    pub fn on_port(port: u16) -> Self {
        Options::at(move || Some(port))
    }

    /// A server on the port that `locate` returns, with the defaults and no outbox.
    pub fn at(locate: impl Fn() -> Option<u16> + Send + Sync + 'static) -> Self {
        Options {
            locate: Box::new(locate),
            timeout: DEFAULT_TIMEOUT,
            ttl: DEFAULT_TTL,
            outbox: None,
            name: "rust".to_owned(),
            token: None,
        }
    }

    /// The same, with decisions queued in `outbox` while no server runs.
    #[must_use]
    pub fn with_outbox(self, outbox: Outbox) -> Self {
        Options { outbox: Some(outbox), ..self }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options { timeout, ttl, outbox, name, .. } = self;
        formatter
            .debug_struct("Options")
            .field("timeout", timeout)
            .field("ttl", ttl)
            .field("outbox", outbox)
            .field("name", name)
            .finish_non_exhaustive()
    }
}

/// What a fallback returns: an answer, an error, or nothing.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Option<Result<Value, CallError>>> + Send + 'a>>;

/// What answers while no server does.
pub trait Fallback: Send + Sync {
    /// Answers a call as the server would; `None` where this cannot.
    fn answer<'a>(&'a self, method: &'a str, params: &'a Value) -> Answering<'a>;
}

/// No fallback.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFallback;

impl Fallback for NoFallback {
    fn answer<'a>(&'a self, _: &'a str, _: &'a Value) -> Answering<'a> {
        Box::pin(std::future::ready(None))
    }
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The server.
    Server,
    /// The cache: an earlier answer of the server.
    Cache,
    /// The fallback.
    Fallback,
}

/// An answer, and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered<T> {
    /// What was answered.
    pub value: T,
    /// Where from.
    pub source: Source,
}

/// The client of an orchestrator. Whatever the server does, a question is answered within the timeout or from the
/// fallback, and a decision is stored or queued.
pub struct OrchestratorClient {
    pub(super) options: Options,
    fallback: Box<dyn Fallback>,
    local: Mutex<ClientCache>,
    contact: Mutex<Contact>,
}

/// The state of the connection to the server.
#[derive(Debug, Default)]
struct Contact {
    /// Why the server did not answer the last time; `None` where it did. Logged once.
    outage: Option<CallError>,
    /// Until when the server is not called.
    paused_until: Option<Instant>,
}

/// Why the server gave no result.
#[derive(Debug)]
pub(super) struct Unanswered {
    /// What a caller is told.
    pub(super) error: CallError,
    /// Whether it may have done what it was asked all the same.
    pub(super) is_outcome_unknown: bool,
}

impl From<CallError> for Unanswered {
    /// What was not sent, or was refused.
    fn from(error: CallError) -> Self {
        Unanswered { error, is_outcome_unknown: false }
    }
}

impl fmt::Debug for OrchestratorClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OrchestratorClient").field("options", &self.options).finish_non_exhaustive()
    }
}

impl OrchestratorClient {
    /// A client that asks as `options` say and answers from `fallback` where no server does. Nothing is sent yet.
    pub fn new(options: Options, fallback: impl Fallback + 'static) -> Self {
        let local = Mutex::new(ClientCache::new(options.ttl));
        OrchestratorClient { options, fallback: Box::new(fallback), local, contact: Mutex::default() }
    }

    /// `queryAgents`; the params as on the wire.
    ///
    /// # Errors
    /// As [`OrchestratorClient::call`], for this and the following methods.
    pub async fn query_agents(&self, params: &impl Serialize) -> Result<Answered<AgentsFound>, CallError> {
        self.call("queryAgents", params).await
    }

    /// `querySkills`.
    pub async fn query_skills(&self, params: &impl Serialize) -> Result<Answered<SkillsFound>, CallError> {
        self.call("querySkills", params).await
    }

    /// `queryWorkflows`.
    pub async fn query_workflows(
        &self,
        params: &impl Serialize,
    ) -> Result<Answered<WorkflowsFound>, CallError> {
        self.call("queryWorkflows", params).await
    }

    /// `getOrchestrationPattern`.
    pub async fn best_pattern(&self, params: &impl Serialize) -> Result<Answered<Recommendation>, CallError> {
        self.call("getOrchestrationPattern", params).await
    }

    /// Any method, its answer read as `T` (a [`Value`] takes all there is).
    ///
    /// # Errors
    /// What the server or the fallback refused, with their code; [`CallError::is_unavailable`] where neither answered, also
    /// where it is not known whether the server carried a write out: that is never left to the fallback.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &impl Serialize,
    ) -> Result<Answered<T>, CallError> {
        let params = serde_json::to_value(params).map_err(|error| CallError {
            code: CallError::INVALID,
            message: format!("the parameters cannot be written as JSON: {error}"),
            details: Vec::new(),
        })?;
        let Answered { value, source } = self.answer(method, &params).await?;
        match T::deserialize(&value) {
            Ok(value) => Ok(Answered { value, source }),
            Err(error) => {
                Err(CallError::unavailable(format!("the answer to {method} has another form: {error}")))
            }
        }
    }

    async fn answer(&self, method: &str, params: &Value) -> Result<Answered<Value>, CallError> {
        let key = key_of(method, params);
        if let Some(value) = key.as_ref().and_then(|key| self.local().get(key)) {
            return Ok(Answered { value, source: Source::Cache });
        }
        let why = match self.ask_server(method, params).await {
            Ok(value) => {
                match key {
                    Some(key) => self.local().put(key, value.clone()),
                    // A write may have changed what queries answer.
                    None => self.local().clear(),
                }
                return Ok(Answered { value, source: Source::Server });
            }
            Err(Unanswered { error, .. }) if error.is_final() => return Err(error),
            // A method of a newer service may write.
            Err(Unanswered { error, is_outcome_unknown: true })
                if MethodTraits::of(method).is_none_or(|method| method.class == OperationClass::Write) =>
            {
                let message = format!("{}; it is not known whether {method} was carried out", error.message);
                return Err(CallError { message, ..error });
            }
            Err(Unanswered { error, .. }) => error,
        };
        let answered = self.fallback.answer(method, params).await;
        let value = answered.unwrap_or(Err(why))?;
        Ok(Answered { value, source: Source::Fallback })
    }

    /// Why the server did not answer the last call, for which the fallback may have done so; `None` where it did.
    /// [`CallError::known_code`] tells a token that it does not accept from a server that is away.
    pub fn outage(&self) -> Option<CallError> {
        self.contact().outage.clone()
    }

    /// Asks the server alone.
    pub(super) async fn ask_server(&self, method: &str, params: &Value) -> Result<Value, Unanswered> {
        let paused = self.contact().paused_until;
        if paused.is_some_and(|until| Instant::now() < until) {
            return Err(CallError::unavailable("the server took too long a moment ago").into());
        }
        let Some(port) = (self.options.locate)() else {
            return Err(self.lost(CallError::unavailable("no server runs"), None).into());
        };
        let call = json!({ "jsonrpc": "2.0", "method": method, "params": params, "id": 1 });
        let headers = [(CLIENT_HEADER, self.options.name.as_str())];
        let client = Client::new(port, self.options.timeout).with_token(self.options.token.as_deref());
        let reply = client.post_with("/", &headers, &call).await.map_err(|error| {
            let paused_until =
                matches!(error, ClientError::Timeout(_)).then(|| Instant::now() + HANGING_PAUSE);
            let is_outcome_unknown = error.kind() == FailureKind::OutcomeUnknown;
            let error = self.lost(CallError::unavailable(error.to_string()), paused_until);
            Unanswered { error, is_outcome_unknown }
        })?;
        self.read_reply(port, reply)
    }

    /// The result of a reply.
    fn read_reply(&self, port: u16, mut reply: Reply) -> Result<Value, Unanswered> {
        if reply.body["jsonrpc"] != "2.0" {
            let why =
                format!("what listens on port {port} is no Adjutant that serves (status {})", reply.status);
            return Err(self.lost(CallError::unavailable(why), None).into());
        }
        if let Some(result) = reply.body.get_mut("result") {
            *self.contact() = Contact::default();
            return Ok(result.take());
        }
        let refusal = CallError::of(&reply.body["error"]);
        if refusal.is_final() {
            *self.contact() = Contact::default();
            return Err(refusal.into());
        }
        let known = refusal.known_code();
        if known == Some(ErrorCode::Unauthenticated) {
            let error = CallError::unauthenticated(self.options.token.is_some());
            return Err(self.lost(error, None).into());
        }
        // A fault in the middle of the work says nothing about what was done before it.
        let is_outcome_unknown =
            matches!(known, None | Some(ErrorCode::Internal | ErrorCode::UpstreamTimeout));
        let error = self.lost(CallError::unavailable(refusal.message), None);
        Err(Unanswered { error, is_outcome_unknown })
    }

    /// Notes an outage, which is logged once until the server is back.
    fn lost(&self, why: CallError, paused_until: Option<Instant>) -> CallError {
        let mut contact = self.contact();
        contact.paused_until = paused_until;
        let before = contact.outage.replace(why.clone());
        drop(contact);
        if before.is_none_or(|before| before.code != why.code) {
            tracing::warn!(%why, "the server does not answer this client; the fallback does until it does");
        }
        why
    }

    fn contact(&self) -> MutexGuard<'_, Contact> {
        self.contact.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn local(&self) -> MutexGuard<'_, ClientCache> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
