//! `/mcp`: Streamable HTTP, both eras at one endpoint.

use std::borrow::Cow;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use http_body_util::BodyExt;
use rmcp::transport::streamable_http_server::session::SessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::local_handler::LocalHandler;
use super::sessions::Sessions;
use super::{fast_path, tools};
use crate::app::Project;
use crate::app::authorization::{Principal, Transport};
use crate::server::correlation::CorrelationId;
use crate::server::http::body::read_body;
use crate::server::http::client_info::client_of;
use crate::server::http::responses::{self, Form};
use crate::server::limits::MAX_BODY_BYTES;
use crate::server::permit::RequestPermit;
use crate::server::rate::CallClass;
use crate::server::rpc::endpoint::{no_message, rate_limited, refuse, unavailable};
use crate::server::rpc::{RpcError, write_error};
use crate::server::state::ServerState;
use protocol::UnavailableReason;

/// Interval of keep-alive comments on an idle stream; clients and proxies give up after a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What rate limiting reads of a message: its id, and which tool it calls.
#[derive(Default, Deserialize)]
struct Named<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    params: Option<NamedTool<'a>>,
}

#[derive(Default, Deserialize)]
struct NamedTool<'a> {
    #[serde(borrow, default)]
    name: Cow<'a, str>,
}

/// The endpoint at `/mcp`.
#[derive(Clone)]
pub(in crate::server) struct Endpoint {
    state: ServerState,
    sessions: Arc<Sessions>,
    service: StreamableHttpService<LocalHandler, Sessions>,
}

impl Endpoint {
    pub(in crate::server) fn new(state: &ServerState) -> Self {
        let config = StreamableHttpServerConfig::default()
            .with_json_response(true)
            .with_sse_keep_alive(Some(KEEP_ALIVE))
            .with_sse_retry(None)
            .with_max_request_body_bytes(MAX_BODY_BYTES)
            .with_cancellation_token(state.tasks().stopping())
            // Host and Origin are checked once for all routes, before a request comes here.
            .disable_allowed_hosts()
            .disable_allowed_origins();
        let shared = state.clone();
        let handler = move || {
            let project = shared.project().ok_or_else(|| io::Error::other("the service is starting"))?;
            Ok(LocalHandler::new(project, shared.tasks()))
        };
        let sessions = Arc::new(Sessions::default());
        let service = StreamableHttpService::new(handler, Arc::clone(&sessions), config);
        Endpoint { state: state.clone(), sessions, service }
    }

    /// Serves one HTTP request. The body is read here, within the limits of size and time of every route.
    pub(in crate::server) async fn answer(self, request: Request) -> Response {
        let project = self.state.project();
        if self.state.is_stopping() {
            return unavailable(project, UnavailableReason::Stopping, "the service is stopping");
        }
        let Some(project) = project else {
            return unavailable(None, UnavailableReason::Starting, "the service is starting");
        };
        let (parts, body) = request.into_parts();
        let mut posted = None;
        // Held until the response starts: an event stream would hold it for hours.
        let mut permit = None;
        let body = if parts.method == Method::POST {
            let bytes = match read_body(body).await {
                Ok(bytes) => bytes,
                Err(refused) => return refuse(Some(project), &refused, None),
            };
            let Some(mut taken) = RequestPermit::try_take(self.state.requests()) else {
                return unavailable(
                    Some(project),
                    UnavailableReason::Overloaded,
                    "too many requests at once",
                );
            };
            let call = fast_path::read(&parts.headers, &bytes);
            let (tool, id) = tool_called(call.as_ref(), &bytes);
            let method = tools::named(&tool).map(|entry| entry.method);
            if let Err(wait) = self.state.rates().admit_call(CallClass::of(method)) {
                return rate_limited(Some(project), wait, id);
            }
            if let Some(method) = method {
                taken.hold_while_computing(method.class()).await;
            }
            permit = Some(taken);
            if let Some(call) = call
                && let Some(answer) = self.call_directly(project, &parts, call).await
            {
                return answer;
            }
            posted = Some(bytes.clone());
            Body::from(bytes)
        } else {
            Body::empty()
        };
        let response = self.service.handle(Request::from_parts(parts, body)).await;
        drop(permit);
        // The guard has checked the content type: it is the body that the library cannot read.
        if let Some(body) = posted.filter(|_| response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE) {
            return no_message(project, &body);
        }
        stated(response).await
    }

    /// Answers a well-formed call of a tool that only reads; `None` leaves the request to the library.
    async fn call_directly(
        &self,
        project: &Project,
        parts: &Parts,
        call: fast_path::Call<'_>,
    ) -> Option<Response> {
        if let Some(session) = call.session
            && !self.sessions.has_session(&session.into()).await.ok()?
        {
            return None;
        }
        if tools::named(&call.name).is_none_or(tools::Entry::writes) {
            return None;
        }
        let CorrelationId(correlation_id) = parts.extensions.get::<CorrelationId>()?.clone();
        let of_session = || call.session.and_then(|session| self.sessions.client_of(&session.into()));
        let client = call.client.clone().or_else(of_session);
        let client = client.unwrap_or_else(|| client_of(&parts.headers));
        let principal = Principal::local(client, correlation_id, Transport::Mcp);
        let bytes = match tools::call(project, &principal, &call.name, &call.arguments).await {
            Ok(called) => fast_path::write(&call, &called),
            Err(error) => write_error(&error, Some(call.id)),
        };
        let mut response = Response::new(Body::from(bytes.ok()?));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Some(response)
    }
}

/// A response of the library. What it refuses in words alone becomes an error of the one table, under the same status and
/// headers.
async fn stated<B>(response: Response<B>) -> Response
where
    B: HttpBody<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let (parts, body) = response.into_parts();
    let is_refusal = parts.status.is_client_error() || parts.status.is_server_error();
    if !is_refusal || parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json") {
        return Response::from_parts(parts, Body::new(body.map_err(|never| match never {})));
    }
    let words = body.collect().await.unwrap_or_else(|never| match never {}).to_bytes();
    let words = String::from_utf8_lossy(&words);
    let words = if words.is_empty() { parts.status.canonical_reason().unwrap_or("refused") } else { &words };
    let mut refused = responses::refuse(Form::JsonRpc, &RpcError::refused(parts.status, words));
    for (name, value) in &parts.headers {
        if !matches!(*name, CONTENT_TYPE | CONTENT_LENGTH) {
            refused.headers_mut().append(name, value.clone());
        }
    }
    refused
}

/// The tool that a message calls, and its id; both empty where it is no call, which the library rejects.
fn tool_called<'a>(
    call: Option<&fast_path::Call<'a>>,
    body: &'a [u8],
) -> (Cow<'a, str>, Option<&'a RawValue>) {
    if let Some(call) = call {
        return (call.name.clone(), Some(call.id));
    }
    let message: Named<'_> = serde_json::from_slice(body).unwrap_or_default();
    (message.params.map(|params| params.name).unwrap_or_default(), message.id)
}
