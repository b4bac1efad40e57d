//! `POST /reindex`: the operation of that name, with an endpoint and a rate limit of its own.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};

use super::client_info;
use super::responses::{Form, refuse};
use crate::app::authorization::{Principal, Transport};
use crate::app::operations::reindex::Reindex;
use crate::server::correlation::CorrelationId;
use crate::server::rate::CallClass;
use crate::server::rpc::RpcError;
use crate::server::state::ServerState;

/// Answers the report of the re-index it started or joined.
pub(super) async fn reindex(
    State(state): State<ServerState>,
    Extension(CorrelationId(correlation_id)): Extension<CorrelationId>,
    headers: HeaderMap,
) -> Response {
    let Some(project) = state.project() else {
        return refuse(Form::Plain, &RpcError::starting());
    };
    if let Err(wait) = state.rates().admit_call(CallClass::Reindex) {
        let error = RpcError::rate_limited(wait);
        project.metrics().record_error(error.code.code());
        return refuse(Form::Plain, &error);
    }
    let principal = Principal::local(client_info::client_of(&headers), correlation_id, Transport::Http);
    match project.execute::<Reindex>(&principal, None).await {
        Ok(report) => Json(report).into_response(),
        // The operation has counted it.
        Err(error) => refuse(Form::Plain, &RpcError::from_app(&error, &principal.correlation_id)),
    }
}
