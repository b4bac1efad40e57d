//! Sending what is queued, oldest first.

use std::future::Future;

use serde_json::Value;

use super::folder::{MAX_FILES, Outbox};

/// What a server said to a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is stored.
    Acknowledged,
    /// A decision on the same task that was made later is stored already: it is done with.
    Superseded,
    /// Nobody could be asked, or who was asked had a fault of its own: later perhaps.
    Unreachable,
    /// It is wrong, and would be tomorrow; says why.
    Refused(String),
}

/// What came of a replay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Decisions that are stored now.
    pub stored: usize,
    /// Decisions that changed nothing, since later ones on the same tasks were stored before.
    pub superseded: usize,
    /// Why each of those that were refused was; they are kept under another name.
    pub refused: Vec<String>,
    /// Whether decisions wait still, since the server is away.
    pub is_interrupted: bool,
}

impl Outbox {
    /// Sends all that waits, oldest first, until none is left or the server is away.
    pub async fn replay<F, S>(&self, mut send: F) -> Replayed
    where
        F: FnMut(Value) -> S,
        S: Future<Output = Verdict>,
    {
        let mut replayed = Replayed::default();
        // No more than may be there: a file that cannot be removed must not keep this going for ever.
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
                    claimed.refuse();
                    replayed.refused.push(reason);
                }
                Verdict::Unreachable => {
                    claimed.give_back();
                    replayed.is_interrupted = true;
                    break;
                }
            }
        }
        replayed
    }
}
