//! `GET /health`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::responses::refuse_with;
use crate::server::rpc::RpcError;
use crate::server::state::ServerState;
use protocol::UnavailableReason;

/// The health of the service; 503 while it starts or stops.
pub(super) async fn health(State(state): State<ServerState>) -> Response {
    let not_serving = |reason: UnavailableReason| {
        let error = RpcError::unavailable(reason, &format!("the service is {reason}"));
        refuse_with(&error, &json!({ "status": reason }))
    };
    match state.project() {
        _ if state.is_stopping() => not_serving(UnavailableReason::Stopping),
        None => not_serving(UnavailableReason::Starting),
        Some(project) => Json(project.health()).into_response(),
    }
}
