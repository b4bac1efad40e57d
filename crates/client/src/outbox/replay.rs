//! Replaying an outbox: sending queued decisions, oldest first.

use std::future::Future;

use serde_json::Value;

use super::folder::{MAX_FILES, Outbox};

/// The outcome of sending a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is stored.
    Acknowledged,
    /// A later decision on the same task is stored already; this one is settled.
    Superseded,
    /// The server is away or failed: retry later.
    Unreachable,
    /// It is invalid and always will be; the reason.
    Refused(String),
}

/// The result of a replay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Decisions that are stored now.
    pub stored: usize,
    /// Decisions that later ones on the same tasks superseded.
    pub superseded: usize,
    /// Why decisions were refused, one reason each; their files are kept under another name.
    pub refused: Vec<String>,
    /// Whether decisions are left, since the server is away.
    pub is_interrupted: bool,
}

impl Outbox {
    /// Sends queued decisions, oldest first, until none is left or the server is away.
    pub async fn replay<F, S>(&self, mut send: F) -> Replayed
    where
        F: FnMut(Value) -> S,
        S: Future<Output = Verdict>,
    {
        let mut replayed = Replayed::default();
        // Bounded, since a file that cannot be removed would be sent forever.
        for _ in 0..MAX_FILES {
            let Some(claimed) = self.claim_oldest() else { break };
            let verdict = match claimed.read() {
                Ok(params) => send(params).await,
                Err(reason) => Verdict::Refused(reason),
            };
            match verdict {
                Verdict::Acknowledged => {
                    claimed.acknowledge();
                    replayed.stored += 1;
                }
                Verdict::Superseded => {
                    claimed.acknowledge();
                    replayed.superseded += 1;
                }
                Verdict::Refused(reason) => {
                    claimed.reject();
                    replayed.refused.push(reason);
                }
                Verdict::Unreachable => {
                    claimed.release();
                    replayed.is_interrupted = true;
                    break;
                }
            }
        }
        replayed
    }
}
