//! `GET /health`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::server::state::ServerState;

/// The health of the service; 503 while it starts or stops.
pub(super) async fn health(State(state): State<ServerState>) -> Response {
    let not_serving =
        |status| (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": status }))).into_response();
    match state.project() {
        _ if state.is_stopping() => not_serving("stopping"),
        None => not_serving("starting"),
        Some(project) => Json(project.health()).into_response(),
    }
}
