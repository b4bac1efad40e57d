//! Draining the outbox: recording the decisions that clients queued on disk while no instance ran.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::authorization::Principal;
use super::operations::decision::CacheDecision;
use super::params::read_params;
use super::{AppError, Project};
use crate::config::ProjectConfig;
use client::outbox::{self, Outbox, Replayed, Verdict};

impl Project {
    /// Drains the outbox before a decision that is made now, which may correct a queued one. Those that are drained come
    /// through the same operation and drain nothing.
    pub(super) async fn drain_outbox_before(&self, principal: &Principal) {
        if principal.is_client() && !Outbox::new(&self.config.paths.outbox_dir).is_empty() {
            self.drain_outbox().await;
        }
    }

    /// The time of a decision that is made now; see [`Project::queue_decision`].
    pub fn decision_time() -> u64 {
        outbox::decision_time()
    }

    /// Queues a decision that was made at that [`Project::decision_time`] on disk until the owner of the project's store drains
    /// it; for a process that does not own the store.
    ///
    /// # Errors
    /// [`AppError::Invalid`] if it would be refused, [`AppError::Unavailable`] if the outbox is full or cannot be written.
    pub fn queue_decision(
        config: &ProjectConfig,
        params: &Value,
        decided_at_ms: u64,
    ) -> Result<(), AppError> {
        read_params::<CacheDecision>(Some(&params.to_string()))?;
        let put = Outbox::new(&config.paths.outbox_dir).put_decided(params, decided_at_ms);
        put.map_err(|error| {
            tracing::warn!(%error, "a decision was not queued");
            error.into()
        })
    }

    /// Records the queued decisions of this project, oldest first.
    pub async fn drain_outbox(&self) -> Replayed {
        let outbox = Outbox::new(&self.config.paths.outbox_dir);
        if outbox.is_empty() || self.store.status().read_only {
            return Replayed::default();
        }
        let replayed = outbox.replay(|decision| self.record_queued(decision)).await;
        for reason in &replayed.refused {
            tracing::warn!(reason, "a queued decision was refused; its file is kept in the outbox");
        }
        let Replayed { stored, superseded, .. } = replayed;
        tracing::info!(stored, superseded, "queued decisions were taken over");
        replayed
    }

    /// Records one, by the operation that its client would have called. Boxed, since that operation drains as well.
    fn record_queued(&self, decision: Value) -> BoxFuture<'_, Verdict> {
        async move {
            let principal = Principal::internal("outbox");
            match self.execute::<CacheDecision>(&principal, Some(&decision.to_string())).await {
                Ok(answer) if !answer.stored => Verdict::Superseded,
                Ok(_) => Verdict::Acknowledged,
                Err(error @ (AppError::Invalid(_) | AppError::Conflict { .. })) => {
                    Verdict::Refused(error.to_string())
                }
                Err(_) => Verdict::Unreachable,
            }
        }
        .boxed()
    }
}
