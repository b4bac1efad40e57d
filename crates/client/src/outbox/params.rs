//! The member of `cacheDecision` that says when a decision was made.

use serde_json::Value;

/// The member's name, which older services do not know; see [`without_decision_time`].
pub(crate) const DECIDED_AT: &str = "decided_at_ms";

/// Adds the time at which the decision was made, in milliseconds since 1970, UTC, unless the params have one.
pub fn with_decision_time(mut params: Value, decided_at_ms: u64) -> Value {
    if let Some(members) = params.as_object_mut() {
        members.entry(DECIDED_AT).or_insert_with(|| decided_at_ms.into());
    }
    params
}

/// Removes the time, for a service that does not know the member.
pub(crate) fn without_decision_time(mut params: Value) -> Value {
    if let Some(members) = params.as_object_mut() {
        members.remove(DECIDED_AT);
    }
    params
}
