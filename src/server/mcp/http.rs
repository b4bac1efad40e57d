//! `/mcp`: Streamable HTTP, both eras at one address.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::Method;
use axum::response::Response;
use http_body_util::BodyExt;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};

use super::handler::Door;
use super::sessions::Sessions;
use crate::server::guard::unavailable;
use crate::server::limits::MAX_BODY_BYTES;
use crate::server::rpc::read_body;
use crate::server::state::ServerState;

/// Time between two signs of life on a stream that has nothing to say; clients and proxies give up after a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The door to the protocol.
#[derive(Clone)]
pub(in crate::server) struct Endpoint {
    state: ServerState,
    service: StreamableHttpService<Door, Sessions>,
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
        let doors = state.clone();
        let door = move || {
            let app = doors.app().ok_or_else(|| io::Error::other("the service is starting"))?;
            Ok(Door::to(app, doors.tasks()))
        };
        let service = StreamableHttpService::new(door, Arc::new(Sessions::default()), config);
        Endpoint { state: state.clone(), service }
    }

    /// Answers one HTTP request. Bodies are read here, within the limits of size and time of every route.
    pub(in crate::server) async fn answer(self, request: Request) -> Response {
        if self.state.app().is_none() || self.state.is_stopping() {
            return unavailable("the service is starting or stopping");
        }
        let (parts, body) = request.into_parts();
        let body = if parts.method == Method::POST {
            match read_body(body).await {
                Ok(bytes) => Body::from(bytes),
                Err(refused) => return refused,
            }
        } else {
            Body::empty()
        };
        let response = self.service.handle(Request::from_parts(parts, body)).await;
        response.map(|body| Body::new(body.map_err(|never| match never {})))
    }
}
