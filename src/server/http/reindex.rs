//! `POST /reindex`: reads the files again, now.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};

use super::responses::{Form, refuse};
use crate::server::correlation::CorrelationId;
use crate::server::rate::CallClass;
use crate::server::rpc::RpcError;
use crate::server::state::ServerState;
use protocol::UnavailableReason;

/// Answers the report of the re-index it started or joined.
pub(super) async fn reindex(
    State(state): State<ServerState>,
    Extension(CorrelationId(correlation_id)): Extension<CorrelationId>,
) -> Response {
    let Some(project) = state.project() else {
        return refuse(Form::Plain, &RpcError::starting());
    };
    let refused = |error: &RpcError| {
        project.metrics().record_error(error.code.code());
        refuse(Form::Plain, error)
    };
    if let Err(wait) = state.rates().admit_call(CallClass::Reindex) {
        return refused(&RpcError::rate_limited(wait));
    }
    match project.reindex().await {
        Ok(report) => Json(report).into_response(),
        Err(error) if state.is_stopping() => {
            tracing::warn!(correlation_id, %error, "re-index refused");
            refused(&RpcError::unavailable(UnavailableReason::Stopping, "the service is stopping"))
        }
        Err(error) => {
            tracing::error!(correlation_id, %error, "a re-index failed");
            refused(&RpcError::from_app(&error, &correlation_id))
        }
    }
}
