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
