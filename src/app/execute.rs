//! The one entry into an operation: permission (`authorization.rs`), parameters, the operation itself, measurement.
//!
//! Every transport calls [`Project::execute`]. What is to hold for all calls, such as policy and audit, belongs into the chain
//! here and nowhere else.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tracing::Instrument;

use super::authorization::{Principal, Transport, authorize};
use super::operation::{Cost, Operation, Output};
use super::operations::Method;
use super::params::read_params;
use super::{AppError, Project};
use crate::telemetry::call_log::LoggedCall;
use protocol::{ErrorCode, OperationClass};

impl Project {
    /// Runs `O` for `principal` with parameters as JSON text (`None`: the caller sent none), and records how a client's
    /// call went.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] where the principal's role does not include [`Operation::PERMISSION`],
    /// [`AppError::Invalid`] where the parameters are wrong, whatever the operation itself fails with, and
    /// [`AppError::Internal`] where it panicked.
    pub async fn execute<O: Operation>(
        &self,
        principal: &Principal,
        params: Option<&str>,
    ) -> Result<O::Output, AppError> {
        let began = Instant::now();
        let checked = self.checked::<O>(principal, params);
        let outcome = match O::CLASS {
            OperationClass::Read => self.caught(O::NAME, principal, checked).await,
            // On the heap, so that what is large about a write takes no room in the future of a query. A span carries the
            // correlation id into the writer's thread; reads stay in their own, where a span would cost a tenth of their
            // time.
            OperationClass::Write => {
                let span = tracing::info_span!("call", correlation_id = principal.correlation_id);
                self.caught(O::NAME, principal, Box::pin(checked.instrument(span))).await
            }
        };
        if let Err(error) = &outcome {
            log_failure(error, principal, O::NAME);
        }
        if !principal.is_client() {
            return outcome;
        }
        let is_tool = principal.transport == Transport::Mcp;
        // A model reads text, whose tokens are counted once it is rendered.
        if let Some(Cost { as_json, spared }) =
            outcome.as_ref().ok().and_then(Output::cost).filter(|_| !is_tool)
        {
            self.metrics.tokens().record(&principal.client, O::NAME, as_json, spared);
        }
        self.record_call(&LoggedCall {
            correlation_id: &principal.correlation_id,
            tool: O::TOOL.filter(|_| is_tool).map(|tool| tool.name),
            method: O::NAME,
            took: began.elapsed(),
            cache_hit: outcome.as_ref().ok().and_then(Output::cache_hit),
            error_code: outcome.as_ref().err().map(|error| error.code().code()),
        });
        outcome
    }

    /// Records a call that was refused before it could be executed: `method` is `None` where there is no such method.
    pub fn record_refused(
        &self,
        principal: &Principal,
        method: Option<Method>,
        took: Duration,
        code: ErrorCode,
    ) {
        let listed = method.and_then(Method::tool).filter(|_| principal.transport == Transport::Mcp);
        self.record_call(&LoggedCall {
            correlation_id: &principal.correlation_id,
            tool: listed.map(|tool| tool.name),
            method: method.map_or("unknown", Method::name),
            took,
            cache_hit: None,
            error_code: Some(code.code()),
        });
    }

    /// The chain before an operation.
    async fn checked<O: Operation>(
        &self,
        principal: &Principal,
        params: Option<&str>,
    ) -> Result<O::Output, AppError> {
        authorize(principal, O::PERMISSION)?;
        O::run(self, principal, read_params::<O>(params)?).await
    }

    /// The outcome, or that the operation panicked: the process lives on, and the panic is counted.
    async fn caught<T>(
        &self,
        method: &'static str,
        principal: &Principal,
        running: impl Future<Output = Result<T, AppError>>,
    ) -> Result<T, AppError> {
        AssertUnwindSafe(running).catch_unwind().await.unwrap_or_else(|_| {
            self.metrics.record_panic();
            tracing::error!(correlation_id = principal.correlation_id, method, "an operation panicked");
            Err(AppError::Internal(anyhow::anyhow!("the operation panicked")))
        })
    }

    /// Counts a call, measures its latency and logs it.
    fn record_call(&self, call: &LoggedCall<'_>) {
        self.metrics.record_call(call.method, call.took, call.cache_hit);
        if let Some(code) = call.error_code {
            self.metrics.record_error(code);
        }
        self.metrics.call_log().write(call);
    }
}

/// Logs faults of ours; the caller gets the correlation id.
fn log_failure(error: &AppError, principal: &Principal, method: &'static str) {
    let correlation_id = &principal.correlation_id;
    match error {
        AppError::NotStored(cause) => {
            tracing::error!(correlation_id, method, error = %cause, "not stored");
        }
        AppError::Unavailable { reason, .. } => {
            tracing::warn!(correlation_id, method, %reason, "not available");
        }
        AppError::Internal(cause) => {
            tracing::error!(correlation_id, method, error = format!("{cause:#}"), "operation failed");
        }
        AppError::Invalid(_)
        | AppError::Forbidden { .. }
        | AppError::NotFound { .. }
        | AppError::Conflict { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Environment, Flags};
    use crate::telemetry::token_usage::ClientName;
    use protocol::{AccessRole, Health, NoParams};
    use store::{Store, StoreOptions};

    fn project(dir: &std::path::Path) -> Project {
        let flags = Flags { root: Some(dir.to_owned()), no_watch: true, ..Flags::default() };
        let config = Config::resolve(&flags, &Environment::default()).unwrap().project;
        Project::offline(config, Store::open(StoreOptions::new(dir.join("data"))).unwrap())
    }

    fn principal(role: AccessRole) -> Principal {
        Principal { role, ..Principal::local(ClientName::default(), "c-1".to_owned(), Transport::JsonRpc) }
    }

    struct Panics;

    impl Operation for Panics {
        const NAME: &'static str = "getHealth";
        const CLASS: OperationClass = OperationClass::Write;
        const PERMISSION: AccessRole = AccessRole::Operator;
        const TITLE: &'static str = "Panic";
        const SENTENCE: &'static str = "Panics on purpose, for a test.";
        type Params = NoParams;
        type Answer = Health;
        type Output = Health;

        async fn run(_: &Project, _: &Principal, _: NoParams) -> Result<Health, AppError> {
            panic!("on purpose, for a test")
        }
    }

    #[tokio::test]
    async fn an_operation_that_panics_fails_and_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        let project = project(dir.path());
        for count in 1..=2 {
            let failed = project.execute::<Panics>(&principal(AccessRole::Admin), None).await.unwrap_err();
            assert_eq!((failed.code(), project.metrics().panics()), (ErrorCode::Internal, count));
        }
        assert_eq!(project.metrics().errors_by_code(), [(-32603, 2)].into());
    }

    #[tokio::test]
    async fn a_role_that_does_not_include_the_permission_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let project = project(dir.path());
        let failed = project.execute::<Panics>(&principal(AccessRole::Viewer), None).await.unwrap_err();
        assert_eq!(failed.code(), ErrorCode::Forbidden);
        let object = failed.to_object("c-1");
        assert_eq!(object.data.unwrap().required_role.as_deref(), Some("operator"));
        assert_eq!(project.metrics().panics(), 0);
    }
}
