//! All routes, and what surrounds each of them: admission, correlation ids, panics.
//!
//! Nearly all requests are `POST /`, so it is served without the router, whose boxed layers cost as much as the call.

use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{Method, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{any, get, post};
use axum::{BoxError, Extension, Router};
use bytes::Bytes;
use futures_util::FutureExt;
use tower::{Service, ServiceExt};

use super::responses::{Form, refuse};
use super::{accept_header, authentication, health, metrics, project_path, reindex, request_guard};
use crate::server::correlation::CorrelationId;
use crate::server::rpc::RpcError;
use crate::server::state::ServerState;
use crate::server::{mcp, rpc};

/// The endpoint for models.
const MCP: &str = "/mcp";

/// The service over HTTP: every request is guarded, correlated and survives its own panics.
#[derive(Debug, Clone)]
pub struct HttpService {
    state: ServerState,
    others: Router,
}

/// The service as it is reached over HTTP.
pub fn router(state: ServerState) -> HttpService {
    let endpoint = mcp::Endpoint::new(&state);
    let others = Router::new()
        .route("/", post(unreached))
        .route("/health", get(health::health))
        .route("/metrics", get(metrics::metrics))
        .route("/reindex", post(reindex::reindex))
        .route(MCP, any(move |request| endpoint.answer(request)))
        .fallback(unknown)
        .method_not_allowed_fallback(not_allowed)
        .with_state(state.clone());
    HttpService { state, others }
}

impl HttpService {
    /// Serves one request.
    pub async fn answer<B>(&self, mut request: Request<B>) -> Response
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let id = CorrelationId::of(request.headers());
        let asked = project_path::take_name(&mut request);
        let (header, form) = (id.header(), Form::at(request.uri().path()));
        let routed = AssertUnwindSafe(self.route(id, request, asked)).catch_unwind().await;
        let mut response = routed.unwrap_or_else(|_| {
            let id = header.as_ref().and_then(|(_, id)| id.to_str().ok()).unwrap_or_default();
            refuse(form, &RpcError::internal(id))
        });
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, value);
        }
        response
    }

    async fn route<B>(&self, id: CorrelationId, request: Request<B>, asked: Option<String>) -> Response
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        if let Err(refused) = admit(&self.state, &request, asked.as_deref()) {
            return *refused;
        }
        if request.method() == Method::POST && request.uri().path() == "/" {
            let (parts, body) = request.into_parts();
            return rpc::endpoint::answer(&self.state, id, &parts.headers, body).await;
        }
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(id);
        if request.uri().path() == MCP {
            let method = request.method().clone();
            accept_header::spell_out(&method, request.headers_mut());
        }
        // Boxed, so that it does not enlarge the future of every `POST /`.
        Box::pin(self.others.clone().oneshot(request)).await.unwrap_or_else(|never| match never {})
    }
}

impl<B> Service<Request<B>> for HttpService
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.answer(request).await) })
    }
}

/// Admits a request that passes the guard, is for the project that is served, passes authentication and is within the rate
/// limit.
///
/// # Errors
/// The response that refuses it.
fn admit<B>(state: &ServerState, request: &Request<B>, asked: Option<&str>) -> Result<(), Box<Response>> {
    let form = Form::at(request.uri().path());
    request_guard::check(request, state.access_policy().bound)
        .map_err(|(status, why)| Box::new(refuse(form, &RpcError::refused(status, why))))?;
    // Before it has started, it answers nobody.
    if let Some((project, asked)) = state.project().zip(asked) {
        project_path::check(project.config(), asked).map_err(|why| Box::new(refuse(form, &why)))?;
    }
    authentication::authenticate(state, request)?;
    state.rates().admit_request().map_err(|wait| {
        let refused = match form {
            Form::JsonRpc => rpc::endpoint::rate_limited(state.project(), wait, None),
            Form::Plain => refuse(form, &RpcError::rate_limited(wait)),
        };
        refused.into()
    })
}

async fn unknown(Extension(CorrelationId(id)): Extension<CorrelationId>, uri: Uri) -> Response {
    tracing::debug!(correlation_id = id, path = uri.path(), "no such route");
    let why = "there is no such route; POST / answers JSON-RPC 2.0";
    refuse(Form::at(uri.path()), &RpcError::refused(StatusCode::NOT_FOUND, why))
}

/// Registers the method of `/`, which [`HttpService::route`] serves itself.
async fn unreached() {}

/// The `Allow` header comes from the router itself.
async fn not_allowed(uri: Uri) -> Response {
    let why = "this route does not take that method";
    refuse(Form::at(uri.path()), &RpcError::refused(StatusCode::METHOD_NOT_ALLOWED, why))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::router;
    use crate::app::Project;
    use crate::config::{Config, Environment, Flags};
    use crate::server::limits::MAX_REQUESTS;
    use crate::server::state::ServerState;
    use crate::tasks::Tasks;
    use store::{Store, StoreOptions};

    #[tokio::test]
    async fn a_request_over_the_concurrency_limit_gets_503_and_retry_after() {
        let dir = tempfile::tempdir().unwrap();
        let flags = Flags { root: Some(dir.path().to_owned()), no_watch: true, ..Flags::default() };
        let config = Config::resolve(&flags, &Environment::default()).unwrap().project;
        let project =
            Project::offline(config, Store::open(StoreOptions::new(dir.path().join("data"))).unwrap());
        let state = ServerState::starting(Tasks::default());
        state.started(std::sync::Arc::new(project));
        let all_taken: Vec<_> = (0..MAX_REQUESTS).map(|_| state.requests().try_acquire().unwrap()).collect();
        let ask = async |path: &str| {
            let request = Request::post(path)
                .header("host", "localhost")
                .header("content-type", "application/json")
                .header("accept", "application/json, text/event-stream")
                .body(Body::from(r#"{"jsonrpc":"2.0","method":"getHealth","id":1}"#))
                .unwrap();
            router(state.clone()).oneshot(request).await.unwrap()
        };
        for path in ["/", "/mcp"] {
            let refused = ask(path).await;
            assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
            assert_eq!(refused.headers()["retry-after"], "1", "{path}");
            let body = refused.into_body().collect().await.unwrap().to_bytes();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["error"]["code"], -32006, "{path}: {body}");
            assert_eq!(body["error"]["data"]["reason"], "overloaded", "{path}: {body}");
            assert_eq!(body["error"]["data"]["retry_after_ms"], 1_000, "{path}: {body}");
        }
        drop(all_taken);
        assert_eq!(ask("/").await.status(), StatusCode::OK);
    }
}
