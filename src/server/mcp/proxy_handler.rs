//! The protocol over standard input and output: a proxy of the project's running instance, or a server of its own.
//!
//! Each request is forwarded to the instance while one runs. Where none does, an index in this process answers, built when
//! it is first needed. This may change with every request, and the client does not notice.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult,
    ContentBlock, CustomRequest, CustomResult, DiscoverResult, GetPromptRequestParams, GetPromptResponse,
    GetPromptResult, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult,
    ServerCapabilities, ServerConfig, SubscriptionFilter,
};
use rmcp::service::{
    NotificationContext, RequestContext, RoleServer, ServerInitializeError, SubscriptionContext,
};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::{ErrorData, ServerHandler};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::sync::{Notify, OnceCell, mpsc, watch};

use super::arguments::Arguments;
use super::handshake::Handshake;
use super::instance_client::{CallError, InstanceClient, RetryBudget};
use super::list_changed::{ChangeFeed, ListVersions};
use super::local_handler::{self, LocalHandler};
use super::{framing, tools};
use crate::app::operations::Method;
use crate::app::{AppError, Project};
use crate::tasks::{self, Tasks};
use crate::telemetry::token_usage::ClientName;
use catalog::KindMap;
use protocol::OperationClass;

/// Interval at which a running instance, or a request to hand the store over, is looked for where nothing tells of one.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// The same interval where every change is told: for word that was lost.
const LOOK_INTERVAL: Duration = Duration::from_secs(30);

/// Time before the instance is asked for its changes again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(500);

/// Time that queued writes have before the store is handed over to an instance.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Bytes buffered between framing and the library.
const PIPE_BYTES: usize = 64 * 1024;

/// What a proxy needs to reach the running instance, or to answer without one.
pub struct ProxyBackend {
    /// The port of the project's running instance, if there is one. Called before each request, so it must be quick.
    pub running: Box<dyn Fn() -> Option<u16> + Send + Sync>,
    /// The bearer token of requests to it, where the project has one.
    pub token: Option<String>,
    /// What an index in this process would hold. May block; [`ProxyBackend::start`] reuses the scan.
    pub count: Box<dyn Fn() -> KindMap<usize> + Send + Sync>,
    /// Whether such an index offers commands as prompts.
    pub command_prompts: bool,
    /// Whether entries are offered as resources. Some clients put tools for them before the model at every start.
    pub offers_resources: bool,
    /// Builds the index in this process. May block.
    pub start: Box<dyn Fn() -> anyhow::Result<Arc<Project>> + Send + Sync>,
    /// How long the running instance is waited for before the client gets an error.
    pub retry_budget: RetryBudget,
    /// Queues a decision, given as the parameters of `cacheDecision` and the time it was made at, on disk.
    pub queue: Queue,
    /// Whether a starting instance requests the store that this process holds.
    pub is_handover_requested: Box<dyn Fn() -> bool + Send + Sync>,
    /// Begins to watch what `running` and `is_handover_requested` read, and calls what it is given with each change, until its
    /// result is dropped; `None` where that cannot be watched. May block.
    pub watch: Box<dyn Fn(Changed) -> Option<Box<dyn Send + Sync>> + Send + Sync>,
}

/// What queues a decision on disk, or says why it is wrong or cannot be kept.
pub type Queue = Box<dyn Fn(&Value, u64) -> Result<(), AppError> + Send + Sync>;

/// What is called with each change of the files that say which process serves the project.
pub type Changed = Box<dyn Fn() + Send + Sync>;

impl fmt::Debug for ProxyBackend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ProxyBackend")
    }
}

/// Serves one client over standard input and output, until it hangs up or `tasks` is asked to stop.
///
/// # Errors
/// Where neither a running instance nor an index of this process can be had, or the client speaks no MCP.
pub async fn serve_stdio(backend: ProxyBackend, tasks: &Tasks) -> anyhow::Result<()> {
    let (input, output) = rmcp::transport::stdio_pipes();
    Box::pin(serve_over(backend, tasks, input, output)).await
}

/// The same over any pair of streams.
async fn serve_over<R, W>(backend: ProxyBackend, tasks: &Tasks, input: R, output: W) -> anyhow::Result<()>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let handler = ProxyHandler(Arc::new(Inner {
        backend: Arc::new(backend),
        tasks: tasks.clone(),
        own: OnceCell::new(),
        released: AtomicBool::new(false),
        server_info: RwLock::new(ServerConfig::default()),
        client: RwLock::default(),
        marks: watch::Sender::default(),
        changed: Arc::default(),
    }));
    let served = handler.serve(input, output).await;
    tasks.stop();
    tasks.finished().await;
    if let Some(project) = handler.0.own.get().cloned() {
        tasks::blocking(move || project.shut_down()).await;
    }
    served
}

/// The handler of one client.
#[derive(Clone)]
struct ProxyHandler(Arc<Inner>);

struct Inner {
    backend: Arc<ProxyBackend>,
    tasks: Tasks,
    /// The index in this process, once it has been needed.
    own: OnceCell<Arc<Project>>,
    /// Whether the store was handed over to an instance.
    released: AtomicBool,
    server_info: RwLock<ServerConfig>,
    /// The client's name.
    client: RwLock<ClientName>,
    marks: watch::Sender<ListVersions>,
    /// Wakes [`ProxyHandler::follow`]: who serves the project may have changed.
    changed: Arc<Notify>,
}

impl ProxyHandler {
    async fn serve<R, W>(&self, input: R, output: W) -> anyhow::Result<()>
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        self.load_server_info().await?;
        let follower = self.clone();
        self.0.tasks.spawn(async move {
            tokio::select! {
                () = follower.follow() => {}
                () = follower.0.tasks.stopped() => {}
            }
        });
        let (messages, sorted) = tokio::io::duplex(PIPE_BYTES);
        let (refusing, refusals) = mpsc::channel(framing::MAX_PENDING_ERRORS);
        let stopping = self.0.tasks.clone();
        self.0.tasks.spawn(async move {
            tokio::select! {
                () = framing::split(BufReader::new(input), messages, refusing) => {}
                () = stopping.stopped() => {}
            }
        });
        // Lines are bounded before they come here.
        let transport = AsyncRwTransport::new_server(sorted, output).with_max_line_length(usize::MAX);
        let transport = Handshake::of(framing::ErrorReplies::over(transport, refusals));
        let serving = rmcp::service::serve_server_with_ct(self.clone(), transport, self.0.tasks.stopping());
        match Box::pin(serving).await {
            Ok(running) => {
                running.waiting().await.context("the connection broke")?;
                Ok(())
            }
            Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => Ok(()),
            Err(error) => Err(anyhow::Error::new(error).context("the client does not speak MCP")),
        }
    }

    /// Loads the server info of the running instance, or of what would answer in its place.
    async fn load_server_info(&self) -> anyhow::Result<()> {
        let discovered =
            self.ask_instance::<DiscoverResult>(OperationClass::Read, "server/discover", &json!({})).await;
        let mut server_info = match discovered {
            Some(Ok(found)) => {
                let prompts_change =
                    found.capabilities.prompts.as_ref().and_then(|prompts| prompts.list_changed);
                local_handler::server_info(
                    found.instructions.unwrap_or_default(),
                    prompts_change == Some(true),
                )
            }
            Some(Err(Unanswered::Failed(error))) => anyhow::bail!("no session: {}", error.message),
            // The instance may answer the next request.
            Some(Err(Unanswered::Busy(_) | Unanswered::OutcomeUnknown(_))) | None => {
                let backend = Arc::clone(&self.0.backend);
                let counts = tasks::blocking(move || (backend.count)()).await.context("counting failed")?;
                local_handler::server_info(
                    local_handler::instructions(&counts),
                    self.0.backend.command_prompts,
                )
            }
        };
        self.withhold(&mut server_info.capabilities);
        *self.0.server_info.write().unwrap_or_else(PoisonError::into_inner) = server_info;
        Ok(())
    }

    /// Takes out of what a server offers what this session does not.
    fn withhold(&self, capabilities: &mut ServerCapabilities) {
        if !self.0.backend.offers_resources {
            capabilities.resources = None;
        }
    }

    /// The running instance. While this process owns the store there can be none.
    fn instance(&self) -> Option<InstanceClient> {
        if self.0.own.get().is_some_and(|project| self.owns_memory(project)) {
            return None;
        }
        let port = (self.0.backend.running)()?;
        let client = self.0.client.read().unwrap_or_else(PoisonError::into_inner).clone();
        Some(InstanceClient::on(port, self.0.backend.token.as_deref(), client, self.0.backend.retry_budget))
    }

    fn owns_memory(&self, project: &Project) -> bool {
        !self.0.released.load(Ordering::Acquire) && !project.store().status().read_only
    }

    /// Closes the store so that an instance can open it; what was read stays in use until the instance answers.
    async fn released(&self, project: &Arc<Project>) {
        self.0.released.store(true, Ordering::Release);
        let project = Arc::clone(project);
        tasks::blocking(move || project.store().close(CLOSE_TIMEOUT)).await;
        tracing::info!("the memory was left to an instance that starts");
    }

    /// Forwards a request that only reads to the running instance; `None` where there is none.
    async fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &impl Serialize,
    ) -> Option<Result<T, ErrorData>> {
        let answered = self.ask_instance(OperationClass::Read, method, params).await?;
        Some(answered.map_err(Unanswered::into_error))
    }

    /// Forwards a request to the running instance; `None` where there is none. A busy instance is one: no other index
    /// answers in its place.
    async fn ask_instance<T: DeserializeOwned>(
        &self,
        class: OperationClass,
        method: &str,
        params: &impl Serialize,
    ) -> Option<Result<T, Unanswered>> {
        let unanswered = match self.instance()?.ask(class, method, params).await {
            Ok(result) => return Some(Ok(result)),
            Err(CallError::Away) => return None,
            Err(CallError::Foreign(why)) => {
                tracing::warn!(why, "another program has the port of the running instance");
                return None;
            }
            Err(CallError::Busy(error)) => Unanswered::Busy(error),
            Err(CallError::OutcomeUnknown(error)) => Unanswered::OutcomeUnknown(error),
            Err(CallError::Failed(error)) => Unanswered::Failed(error),
        };
        Some(Err(unanswered))
    }

    async fn own_app(&self) -> anyhow::Result<&Arc<Project>> {
        let start = || async {
            let backend = Arc::clone(&self.0.backend);
            tasks::blocking(move || (backend.start)()).await.context("starting failed")?
        };
        let is_first = !self.0.own.initialized();
        let own = self.0.own.get_or_try_init(start).await;
        if is_first {
            self.0.changed.notify_one();
        }
        own
    }

    async fn own(&self) -> Result<LocalHandler, ErrorData> {
        match self.own_app().await {
            Ok(project) => Ok(LocalHandler::new(project, &self.0.tasks)),
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "no index can be had");
                Err(ErrorData::internal_error("Internal error", None))
            }
        }
    }

    /// Relays changes of the lists from the running instance or the index of this process.
    async fn follow(&self) {
        if self.instance().is_none()
            && let Err(error) = self.own_app().await
        {
            tracing::error!(error = format!("{error:#}"), "no index can be had");
        }
        let (backend, changed) = (Arc::clone(&self.0.backend), Arc::clone(&self.0.changed));
        let watch = tasks::blocking(move || (backend.watch)(Box::new(move || changed.notify_one()))).await;
        let watch = watch.flatten();
        let interval = if watch.is_some() { LOOK_INTERVAL } else { POLL_INTERVAL };
        loop {
            if let Some(instance) = self.instance() {
                let offers_resources = self.0.backend.offers_resources;
                let mut changed = |list: &str| {
                    self.0.marks.send_modify(|marks| match list {
                        "tools" => marks.tools += 1,
                        "prompts" => marks.prompts += 1,
                        _ => marks.resources += u64::from(offers_resources),
                    });
                };
                if instance.listen(&mut changed).await {
                    // The stream ended: the next source may have other lists.
                    ["tools", "prompts", "resources"].into_iter().for_each(changed);
                }
                tokio::time::sleep(RECONNECT_PAUSE).await;
                continue;
            }
            let own = self.0.own.get();
            if let Some(project) = own
                && self.owns_memory(project)
                && (self.0.backend.is_handover_requested)()
            {
                self.released(project).await;
                continue;
            }
            let of_own = async {
                let Some(project) = own else { return std::future::pending().await };
                let mut generations = project.generations();
                self.0.marks.send_if_modified(|marks| {
                    let mut now = ListVersions::of(project);
                    if !self.0.backend.offers_resources {
                        now.resources = marks.resources;
                    }
                    std::mem::replace(marks, now) != now
                });
                let _ = generations.changed().await;
            };
            tokio::select! {
                () = of_own => {}
                () = self.0.changed.notified() => {}
                () = tokio::time::sleep(interval) => {}
            }
        }
    }
}

/// Why a running instance gave no result.
enum Unanswered {
    /// It cannot answer now, and did nothing.
    Busy(ErrorData),
    /// It may have made the change that it was asked for.
    OutcomeUnknown(ErrorData),
    /// It refused.
    Failed(ErrorData),
}

impl Unanswered {
    fn into_error(self) -> ErrorData {
        match self {
            Unanswered::Busy(error) | Unanswered::OutcomeUnknown(error) | Unanswered::Failed(error) => error,
        }
    }
}

/// What the tool does; one that only a newer instance has may write.
fn class_of(tool: &str) -> OperationClass {
    tools::named(tool).map_or(OperationClass::Write, |entry| entry.method.class())
}

/// Whether a tool reports an outcome, which counts once however often it arrives.
fn is_decision(tool: &str) -> bool {
    tools::named(tool).is_some_and(|entry| entry.method == Method::CacheDecision)
}

/// Queues an outcome; the model reads that it is not stored for the reason `why`, and what becomes of it `then`.
fn queued(
    backend: &ProxyBackend,
    request: &CallToolRequestParams,
    decided_at_ms: u64,
    [why, then]: [&str; 2],
) -> CallToolResult {
    let given = request.arguments.clone().unwrap_or_default();
    let taken = tools::named(&request.name).map(|entry| entry.take(&given));
    let note = taken.as_ref().and_then(Arguments::note).unwrap_or_default();
    let params = taken.map_or_else(|| given.clone(), |taken| taken.params.into_owned());
    match (backend.queue)(&Value::Object(params), decided_at_ms) {
        Ok(()) => {
            let said = format!("{note}{why}. It waits on disk, and {then}.");
            CallToolResult::success(vec![ContentBlock::text(said)])
        }
        Err(AppError::Invalid(sentences)) => {
            let said = format!("{note}Wrong arguments: {}.", sentences.join("; "));
            CallToolResult::error(vec![ContentBlock::text(said)])
        }
        Err(error) => {
            tracing::error!(%error, "an outcome can be neither stored nor queued");
            let said = format!(
                "{why}, and it cannot be kept on disk. Start the project's instance (adjutant up), then record it again."
            );
            CallToolResult::error(vec![ContentBlock::text(said)])
        }
    }
}

impl ServerHandler for ProxyHandler {
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        Err(local_handler::unreadable_request(&request))
    }

    fn get_info(&self) -> ServerConfig {
        self.0.server_info.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn discover(&self, context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let mut found: DiscoverResult = match self.ask("server/discover", &json!({})).await {
            Some(answer) => answer?,
            None => self.own().await?.discover(context).await?,
        };
        self.withhold(&mut found.capabilities);
        Ok(found)
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let mut listed: ListToolsResult = match self.ask("tools/list", &request).await {
            Some(answer) => answer?,
            None => self.own().await?.list_tools(request, context).await?,
        };
        // As for the content of a result.
        listed.tools.iter_mut().for_each(|tool| tool.output_schema = None);
        Ok(listed)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let called_at_ms = Project::decision_time();
        if let Some(client) = local_handler::client_named(&context) {
            *self.0.client.write().unwrap_or_else(PoisonError::into_inner) = client;
        }
        let class = class_of(&request.name);
        let backend = &self.0.backend;
        match self.ask_instance::<CallToolResult>(class, "tools/call", &request).await {
            Some(Ok(mut result)) => {
                // An instance of an older version sends it, and a model would be shown that in place of the text.
                result.structured_content = None;
                return Ok(result.into());
            }
            // A model reads a result; an error of the protocol ends up in a client's log.
            Some(Err(Unanswered::Busy(error))) => {
                let text = format!("Not done: {}.", error.message);
                return Ok(CallToolResult::error(vec![ContentBlock::text(text)]).into());
            }
            Some(Err(Unanswered::OutcomeUnknown(error))) if is_decision(&request.name) => {
                let why = format!("Not known whether it is stored: {}", error.message);
                let then = "counts once, also where it is stored already";
                return Ok(queued(backend, &request, called_at_ms, [&why, then]).into());
            }
            Some(Err(Unanswered::OutcomeUnknown(error))) => {
                let text =
                    format!("Not known whether it was done: {}. Look before it is repeated.", error.message);
                return Ok(CallToolResult::error(vec![ContentBlock::text(text)]).into());
            }
            Some(Err(Unanswered::Failed(error))) => return Err(error),
            None => {}
        }
        let own = self.own().await?;
        if let Some(project) = self.0.own.get()
            && !self.owns_memory(project)
            && is_decision(&request.name)
        {
            let why = "Not stored yet: another process of this project holds its memory";
            let then =
                "is stored once that process or an instance of the project (adjutant up) takes it over";
            return Ok(queued(backend, &request, called_at_ms, [why, then]).into());
        }
        own.call_tool(request, context).await
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        match self.ask("resources/list", &request).await {
            Some(answer) => answer,
            None => self.own().await?.list_resources(request, context).await,
        }
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        match self.ask("resources/templates/list", &request).await {
            Some(answer) => answer,
            None => self.own().await?.list_resource_templates(request, context).await,
        }
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        match self.ask::<ReadResourceResult>("resources/read", &request).await {
            Some(answer) => answer.map(ReadResourceResponse::from),
            None => self.own().await?.read_resource(request, context).await,
        }
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        match self.ask("prompts/list", &request).await {
            Some(answer) => answer,
            None => self.own().await?.list_prompts(request, context).await,
        }
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        match self.ask::<GetPromptResult>("prompts/get", &request).await {
            Some(answer) => answer.map(GetPromptResponse::from),
            None => self.own().await?.get_prompt(request, context).await,
        }
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        match self.ask("completion/complete", &request).await {
            Some(answer) => answer,
            None => self.own().await?.complete(request, context).await,
        }
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let feed = ChangeFeed::Relayed(self.0.marks.subscribe());
        let stopping = self.0.tasks.clone();
        self.0.tasks.spawn(async move {
            tokio::select! {
                () = feed.notify_session(context.peer) => {}
                () = stopping.stopped() => {}
            }
        });
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        let mut accepted = local_handler::accepted(requested);
        if !self.0.backend.offers_resources {
            accepted.resources_list_changed = None;
        }
        Some(accepted)
    }

    async fn listen(&self, subscription: SubscriptionContext) -> Result<(), ErrorData> {
        tokio::select! {
            () = ChangeFeed::Relayed(self.0.marks.subscribe()).notify_subscriber(&subscription) => {}
            () = subscription.cancelled() => {}
            () = self.0.tasks.stopped() => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
    use tokio::net::TcpListener;

    use super::*;
    use crate::config::{Config, Environment, Flags};
    use crate::server::limits::MAX_REQUESTS;
    use crate::server::{ServerState, router, serve};
    use store::{Store, StoreOptions};

    /// The client's end of a conversation.
    struct Conversation {
        input: WriteHalf<DuplexStream>,
        output: BufReader<ReadHalf<DuplexStream>>,
    }

    impl Conversation {
        async fn send(&mut self, message: Value) {
            self.input.write_all(format!("{message}\n").as_bytes()).await.unwrap();
        }

        /// Sends a request; the message that answers it.
        async fn request(&mut self, id: u32, method: &str, params: Value) -> Value {
            self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).await;
            loop {
                let mut line = String::new();
                assert!(self.output.read_line(&mut line).await.unwrap() > 0, "the server hung up");
                let message: Value = serde_json::from_str(&line).unwrap();
                if message["id"] == id {
                    return message;
                }
            }
        }
    }

    /// What joins the instance on `port`, and counts how often another index was `built`.
    fn joining(port: u16, built: &Arc<AtomicUsize>, retry_budget: RetryBudget) -> ProxyBackend {
        let counted = Arc::clone(built);
        ProxyBackend {
            running: Box::new(move || Some(port)),
            token: None,
            count: Box::new(KindMap::default),
            command_prompts: false,
            offers_resources: true,
            start: Box::new(move || {
                counted.fetch_add(1, Ordering::SeqCst);
                anyhow::bail!("no other index may be built")
            }),
            retry_budget,
            queue: Box::new(|_, _| panic!("nothing is queued")),
            is_handover_requested: Box::new(|| false),
            watch: Box::new(|_| None),
        }
    }

    /// A session that has been introduced.
    async fn open(backend: ProxyBackend, session: &Tasks, background: &Tasks) -> Conversation {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let (input, output) = tokio::io::split(theirs);
        let proxied = session.clone();
        background.spawn(async move { serve_over(backend, &proxied, input, output).await.unwrap() });
        let (output, input) = tokio::io::split(ours);
        let mut conversation = Conversation { input, output: BufReader::new(output) };
        let hello = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        assert!(conversation.request(1, "initialize", hello).await["result"].is_object());
        conversation.send(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
        conversation
    }

    #[tokio::test]
    async fn an_instance_that_does_not_answer_at_the_start_ends_no_session() {
        // Connections are taken by the kernel and never read.
        let hanging = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = hanging.local_addr().unwrap().port();
        let built = Arc::new(AtomicUsize::new(0));
        let short = RetryBudget { answer: Duration::from_millis(50), busy: Duration::from_millis(50) };
        let (session, background) = (Tasks::default(), Tasks::default());
        let mut conversation = open(joining(port, &built, short), &session, &background).await;
        let find = json!({ "name": "find_agents", "arguments": { "context": "build pages" } });
        let busy = conversation.request(2, "tools/call", find).await;
        assert_eq!(busy["result"]["isError"], true, "{busy}");
        assert!(busy["result"]["content"][0]["text"].as_str().unwrap().contains("retry"), "{busy}");
        assert_eq!(built.load(Ordering::SeqCst), 0, "an index was built beside a running instance");
        session.stop();
        drop(conversation);
        background.stop();
        background.finished().await;
    }

    #[tokio::test]
    async fn an_overloaded_instance_is_busy_and_no_other_index_is_built() {
        let dir = tempfile::tempdir().unwrap();
        let agents = dir.path().join("plugins/web/agents");
        std::fs::create_dir_all(&agents).unwrap();
        std::fs::write(agents.join("a.md"), "---\nname: a\ndescription: Builds pages.\n---\nbody\n").unwrap();
        let flags = Flags { root: Some(dir.path().to_owned()), no_watch: true, ..Flags::default() };
        let config = Config::resolve(&flags, &Environment::default()).unwrap().project;
        let project =
            Project::offline(config, Store::open(StoreOptions::new(dir.path().join("data"))).unwrap());
        let instance = Tasks::default();
        let state = ServerState::starting(instance.clone());
        state.started(Arc::new(project));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (service, serving) = (router(state.clone()), instance.clone());
        let background = Tasks::default();
        background.spawn(async move { serve(vec![listener], service, &serving).await });

        let built = Arc::new(AtomicUsize::new(0));
        let backend =
            joining(port, &built, RetryBudget { busy: Duration::from_millis(120), ..RetryBudget::default() });
        let all_taken: Vec<_> = (0..MAX_REQUESTS).map(|_| state.requests().try_acquire().unwrap()).collect();
        let session = Tasks::default();
        let mut conversation = open(backend, &session, &background).await;
        let find = json!({ "name": "find_agents", "arguments": { "context": "build pages" } });
        let busy = conversation.request(2, "tools/call", find.clone()).await;
        assert_eq!(busy["result"]["isError"], true, "{busy}");
        assert!(busy["result"]["content"][0]["text"].as_str().unwrap().contains("busy"), "{busy}");
        let busy = conversation.request(3, "tools/list", json!({})).await;
        assert_eq!(
            (&busy["error"]["code"], &busy["error"]["data"]["reason"]),
            (&json!(-32006), &json!("overloaded"))
        );

        drop(all_taken);
        let found = conversation.request(4, "tools/call", find).await;
        assert!(found["result"]["content"][0]["text"].as_str().unwrap().contains("\n1. "), "{found}");
        assert_eq!(built.load(Ordering::SeqCst), 0, "an index was built beside a running instance");
        session.stop();
        instance.stop();
        drop(conversation);
        background.stop();
        background.finished().await;
    }
}
