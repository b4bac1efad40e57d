//! The server handler that answers from the index of this process, in both eras.

use std::sync::Arc;

use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams,
    CompleteResult, CustomRequest, CustomResult, DiscoverResult, ErrorCode, GetPromptRequestParams,
    GetPromptResponse, Implementation, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
    ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse,
    ServerCapabilities, ServerConfig, SubscriptionFilter,
};
use rmcp::service::{NotificationContext, RequestContext, RoleServer, SubscriptionContext};
use rmcp::{ErrorData, ServerHandler};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::list_changed::ChangeFeed;
use super::{completion, prompts, resources, tools};
use crate::app::Project;
use crate::app::authorization::{Principal, Transport};
use crate::server::correlation::CorrelationId;
use crate::server::http::client_info::client_of;
use crate::tasks::Tasks;
use crate::telemetry::token_usage::ClientName;
use catalog::KindMap;

/// Milliseconds for which a client may cache a list: long enough for one turn, and subscribers are notified of changes at
/// once. What is read may not be cached: a file may change at any time without a notification.
const LIST_TTL_MS: u64 = 60_000;

/// Prompts on one page of their list.
const PAGE: usize = 100;

/// The handler of one client: of a session in the older era, of a request in the newer.
#[derive(Debug, Clone)]
pub(super) struct LocalHandler {
    project: Arc<Project>,
    tasks: Tasks,
    /// Dropped with the last clone of this handler, which ends the tasks of its session.
    _session: Arc<DropGuard>,
    ended: CancellationToken,
}

impl LocalHandler {
    pub(super) fn new(project: &Arc<Project>, tasks: &Tasks) -> Self {
        let ended = tasks.stopping().child_token();
        let session = Arc::new(ended.clone().drop_guard());
        LocalHandler { project: Arc::clone(project), tasks: tasks.clone(), _session: session, ended }
    }
}

/// The server's instructions for a model; at start a model sees nothing else but the tools' names. Every session pays for
/// every word, so that what the tools say of themselves is not said here.
pub(super) fn instructions(counts: &KindMap<usize>) -> String {
    format!(
        "Index of {} (commands). Before delegating or planning, find_* with the task in a sentence (below confidence 0.3 \
         nothing fits). Run an agent by its id, else with get_definition's body; follow other bodies. At the end \
         record_outcome.",
        counts.enumerated(", ")
    )
}

/// The server's capabilities and name. `prompts_change` where commands are offered as prompts, so that their list can change.
pub(super) fn server_info(instructions: String, prompts_change: bool) -> ServerConfig {
    let capabilities =
        ServerCapabilities::builder().enable_completions().enable_tools().enable_tool_list_changed();
    let capabilities = capabilities.enable_resources().enable_resources_list_changed().enable_prompts();
    let capabilities = if prompts_change {
        capabilities.enable_prompts_list_changed().build()
    } else {
        capabilities.build()
    };
    let implementation = Implementation::new("adjutant", env!("CARGO_PKG_VERSION")).with_title("Adjutant");
    ServerConfig::new(capabilities).with_server_info(implementation).with_instructions(instructions)
}

/// The subscriptions that this server accepts: changes of its lists.
pub(super) fn accepted(requested: &SubscriptionFilter) -> SubscriptionFilter {
    let mut accepted = requested.clone();
    accepted.resource_subscriptions = None;
    accepted
}

/// Who calls, and the call's correlation id: that of the HTTP request, or a new one.
fn principal_of(context: &RequestContext<RoleServer>) -> Principal {
    let parts = context.extensions.get::<axum::http::request::Parts>();
    let given = parts.and_then(|parts| parts.extensions.get::<CorrelationId>());
    let correlation_id = given.map_or_else(|| Uuid::new_v4().to_string(), |CorrelationId(id)| id.clone());
    let named = client_named(context).or_else(|| parts.map(|parts| client_of(&parts.headers)));
    Principal::local(named.unwrap_or_default(), correlation_id, Transport::Mcp)
}

/// The client's name: of the request in the newer era, of the session in the older.
pub(super) fn client_named(context: &RequestContext<RoleServer>) -> Option<ClientName> {
    let with_request = context.meta.client_info().map(|client| ClientName::new(&client.name));
    let at_opening = || context.peer.peer_info().map(|peer| ClientName::new(&peer.client_info.name));
    with_request.or_else(at_opening)
}

/// One page of `all`, starting at the cursor, and the cursor of the next.
fn page<T>(
    all: Vec<T>,
    request: Option<&PaginatedRequestParams>,
) -> Result<(Vec<T>, Option<String>), ErrorData> {
    let start = match request.and_then(|request| request.cursor.as_deref()) {
        None => 0,
        Some(cursor) => cursor
            .parse()
            .ok()
            .filter(|start| *start < all.len())
            .ok_or_else(|| ErrorData::invalid_params("the cursor is not one of this list", None))?,
    };
    let next = (start + PAGE < all.len()).then(|| (start + PAGE).to_string());
    Ok((all.into_iter().skip(start).take(PAGE).collect(), next))
}

/// The error for a request that the library could not parse: a known method with wrong parameters, or an unknown one.
pub(super) fn unreadable_request(request: &CustomRequest) -> ErrorData {
    const METHODS: [&str; 6] = [
        "tools/call",
        "prompts/get",
        "resources/read",
        "completion/complete",
        "initialize",
        "subscriptions/listen",
    ];
    let method: String = request.method.chars().take(64).collect();
    if METHODS.contains(&method.as_str()) {
        let why = format!("the params of {method} are missing, of the wrong type, or lack a member");
        return ErrorData::invalid_params(why, None);
    }
    ErrorData::new(ErrorCode::METHOD_NOT_FOUND, format!("there is no method {method:?}"), None)
}

impl ServerHandler for LocalHandler {
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        Err(unreadable_request(&request))
    }

    fn get_info(&self) -> ServerConfig {
        server_info(instructions(&self.project.snapshot().catalog.counts()), self.project.offers_commands())
    }

    async fn discover(&self, _: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let versions = self.supported_protocol_versions().into_owned();
        Ok(DiscoverResult::from_server_info(versions, self.get_info()).with_ttl_ms(LIST_TTL_MS))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let result = ListToolsResult::with_all_items(tools::list(&self.project.snapshot()));
        Ok(result.with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Private))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let called = tools::call(&self.project, &principal_of(&context), &request.name, &arguments).await?;
        Ok(CallToolResult::from(called).into())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let result = ListResourcesResult::with_all_items(resources::list(&self.project.snapshot()));
        Ok(result.with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Private))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let result = ListResourceTemplatesResult::with_all_items(resources::templates());
        Ok(result.with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Private))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let result = resources::read(&self.project.snapshot(), &request.uri)?;
        Ok(result.with_ttl_ms(0).with_cache_scope(CacheScope::Private).into())
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let all = prompts::list(&self.project.snapshot(), self.project.config().command_prompts);
        let (prompts, next) = page(all, request.as_ref())?;
        let mut result = ListPromptsResult::with_all_items(prompts);
        result.next_cursor = next;
        Ok(result.with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Private))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let commands_too = self.project.config().command_prompts;
        let arguments = request.arguments.as_ref();
        Ok(prompts::get(&self.project.snapshot(), commands_too, &request.name, arguments)?.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Ok(CompleteResult::new(completion::complete(&self.project, &request)))
    }

    /// The older era: a session gets notifications without subscribing.
    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let feed = ChangeFeed::of(&self.project);
        let ended = self.ended.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = feed.notify_session(context.peer) => {}
                () = ended.cancelled() => {}
            }
        });
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(accepted(requested))
    }

    /// The newer era: a subscriber gets notifications until it disconnects or the service stops.
    async fn listen(&self, subscription: SubscriptionContext) -> Result<(), ErrorData> {
        tokio::select! {
            () = ChangeFeed::of(&self.project).notify_subscriber(&subscription) => {}
            () = subscription.cancelled() => {}
            () = self.tasks.stopped() => {}
        }
        Ok(())
    }
}
