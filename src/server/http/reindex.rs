//! `POST /reindex`: reads the files again, now.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};

use super::responses::{too_many, unavailable};
use crate::server::correlation::CorrelationId;
use crate::server::rate::CallClass;
use crate::server::state::ServerState;
use protocol::ErrorCode;

/// Answers the report of the re-index it started or joined.
pub(super) async fn reindex(
    State(state): State<ServerState>,
    Extension(CorrelationId(correlation_id)): Extension<CorrelationId>,
) -> Response {
    let Some(project) = state.project() else { return unavailable("the service is starting") };
    if let Err(wait) = state.rates().admit_call(CallClass::Reindex) {
        project.metrics().record_error(ErrorCode::RateLimited.code());
        return too_many(wait);
    }
    match project.reindex().await {
        Ok(report) => Json(report).into_response(),
        Err(error) => {
            tracing::warn!(correlation_id, %error, "re-index refused");
            unavailable("the service is stopping, or the scan failed")
        }
    }
}
