//! All routes, at a glance.

use axum::extract::Request;
use axum::http::{StatusCode, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{any, get, post};
use axum::{Extension, Router};
use tower_http::catch_panic::CatchPanicLayer;

use super::correlation::{CorrelationId, correlate};
use super::guard::{admit, refusal};
use super::state::ServerState;
use super::{mcp, monitor, reindex, rpc};

/// The service as an HTTP router: every route is guarded, correlated and survives its own panics.
pub fn router(state: ServerState) -> Router {
    let endpoint = mcp::Endpoint::new(&state);
    Router::new()
        .route("/", post(rpc::answer))
        .route("/health", get(monitor::health))
        .route("/metrics", get(monitor::metrics))
        .route("/reindex", post(reindex::reindex))
        .route("/mcp", any(move |request| endpoint.answer(request)))
        .fallback(unknown)
        .method_not_allowed_fallback(not_allowed)
        .layer(from_fn_with_state(state.clone(), admit))
        .layer(CatchPanicLayer::custom(|_| refusal(StatusCode::INTERNAL_SERVER_ERROR, "internal error")))
        .layer(from_fn(correlate))
        .with_state(state)
}

async fn unknown(Extension(CorrelationId(id)): Extension<CorrelationId>, uri: Uri) -> Response {
    tracing::debug!(correlation_id = id, path = uri.path(), "no such route");
    refusal(StatusCode::NOT_FOUND, "there is no such route; POST / answers JSON-RPC 2.0")
}

/// The `Allow` header comes from the router itself.
async fn not_allowed(_: Request) -> Response {
    refusal(StatusCode::METHOD_NOT_ALLOWED, "this route does not take that method")
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use tower::ServiceExt;

    use super::router;
    use crate::app::App;
    use crate::config::{Config, Environment, Flags};
    use crate::server::ServerState;
    use crate::server::limits::MAX_REQUESTS;
    use crate::store::{Store, StoreOptions};
    use crate::tasks::Tasks;

    #[tokio::test]
    async fn beyond_what_is_worked_on_at_once_callers_are_sent_away() {
        let dir = tempfile::tempdir().unwrap();
        let flags = Flags { root: Some(dir.path().to_owned()), no_watch: true, ..Flags::default() };
        let config = Config::resolve(&flags, &Environment::default()).unwrap();
        let app = App::offline(config, Store::open(StoreOptions::new(dir.path().join("data"))).unwrap());
        let state = ServerState::starting(Tasks::default());
        state.started(std::sync::Arc::new(app));
        let crowd: Vec<_> = (0..MAX_REQUESTS).map(|_| state.requests().try_acquire().unwrap()).collect();
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
        }
        drop(crowd);
        assert_eq!(ask("/").await.status(), StatusCode::OK);
    }
}
