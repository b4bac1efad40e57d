//! Reporting decisions, now or once a server is back.

use serde::Serialize;
use serde_json::Value;

use super::call_error::CallError;
use super::orchestrator::{OrchestratorClient, Unanswered};
use crate::outbox::{self, DECIDED_AT, Verdict, without_decision_time};
use protocol::DecisionStored;

/// The method that takes a decision.
const METHOD: &str = "cacheDecision";

/// What became of a decision.
#[derive(Debug, Clone, PartialEq)]
pub enum Recorded {
    /// The server stored it; [`DecisionStored::stored`] is false where a decision on the same task that was made later is
    /// stored already.
    Stored(Box<DecisionStored>),
    /// It is on disk, and is sent once a server is back; says why it could not be stored now.
    Queued(String),
    /// It is wrong.
    Refused(CallError),
    /// It could be neither sent nor queued; says why.
    Lost(String),
}

impl OrchestratorClient {
    /// Reports what was done and how it went; the params as on the wire. What waits from before is sent first, so that
    /// decisions arrive in the order they were made; each says when that was, so that one that comes late after all does
    /// not replace its correction.
    pub async fn cache_decision(&self, decision: &impl Serialize) -> Recorded {
        let decision = match serde_json::to_value(decision) {
            Ok(decision) => decision,
            Err(error) => return Recorded::Lost(format!("the decision cannot be written as JSON: {error}")),
        };
        let decided_at_ms = outbox::decision_time();
        if self.send_waiting().await {
            return self.queue(&decision, decided_at_ms, "decisions made before it wait");
        }
        match self.send(outbox::with_decision_time(decision.clone(), decided_at_ms)).await {
            Ok(stored) => {
                self.local().clear();
                Recorded::Stored(Box::new(serde_json::from_value(stored).unwrap_or_default()))
            }
            Err(refusal) if refusal.is_final() => Recorded::Refused(refusal),
            // Also where it may be stored: with the time it was made at, it counts once.
            Err(refusal) => self.queue(&decision, decided_at_ms, &refusal.message),
        }
    }

    /// Sends what waits; whether some of it waits still.
    async fn send_waiting(&self) -> bool {
        let Some(outbox) = self.options.outbox.as_ref().filter(|outbox| !outbox.is_empty()) else {
            return false;
        };
        let replayed = outbox.replay(|decision| self.send_again(decision)).await;
        for reason in &replayed.refused {
            tracing::warn!(reason, "a decision that waited was refused; it is kept beside the others");
        }
        if replayed.stored > 0 {
            self.local().clear();
            tracing::info!(stored = replayed.stored, "decisions that waited are stored");
        }
        // Also where another client is sending them.
        replayed.is_interrupted || !outbox.is_empty()
    }

    /// Sends a decision with the time it was made at; without, to a server that does not know that member.
    async fn send(&self, decision: Value) -> Result<Value, CallError> {
        let answered = match self.ask_server(METHOD, &decision).await {
            Err(Unanswered { error, .. }) if is_unknown_member(&error) => {
                self.ask_server(METHOD, &without_decision_time(decision)).await
            }
            answered => answered,
        };
        answered.map_err(|unanswered| unanswered.error)
    }

    async fn send_again(&self, decision: Value) -> Verdict {
        match self.send(decision).await {
            Ok(answer) if answer["stored"] == false => Verdict::Superseded,
            Ok(_) => Verdict::Acknowledged,
            Err(refusal) if refusal.code == CallError::INVALID => {
                Verdict::Refused(format!("{}: {}", refusal.message, refusal.details.join("; ")))
            }
            Err(_) => Verdict::Unreachable,
        }
    }

    fn queue(&self, decision: &Value, decided_at_ms: u64, why: &str) -> Recorded {
        let Some(outbox) = &self.options.outbox else { return Recorded::Lost(why.to_owned()) };
        match outbox.put_decided(decision, decided_at_ms) {
            Ok(()) => Recorded::Queued(why.to_owned()),
            Err(error) => {
                tracing::warn!(%error, "a decision could not be queued");
                Recorded::Lost(format!("{why}, and it cannot be queued: {error}"))
            }
        }
    }
}

/// Whether a server refused a decision for saying when it was made.
fn is_unknown_member(refusal: &CallError) -> bool {
    let unknown = format!("{DECIDED_AT} is not a known parameter");
    refusal.code == CallError::INVALID && refusal.details.iter().any(|detail| detail.starts_with(&unknown))
}
