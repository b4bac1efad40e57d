//! A recorded decision as JSON, in `--json` output and in an exported file.

use serde_json::json;
use store::HistoryEntry;

/// All members of a decision; `decided_at_ms` where it is known.
pub(super) fn as_json(entry: &HistoryEntry) -> serde_json::Value {
    let mut json = json!({
        "task_id": entry.task_id,
        "task_description": entry.task_description,
        "agents_used": entry.agents_used,
        "result": entry.result,
        "duration_ms": entry.duration_ms,
        "tokens_saved": entry.tokens_saved,
        "timestamp": entry.timestamp,
        "pattern_id": entry.pattern_id,
    });
    if let Some(decided_at_ms) = entry.decided_at_ms {
        json["decided_at_ms"] = decided_at_ms.into();
    }
    json
}
