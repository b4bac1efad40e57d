//! Taking listings out of the client's prompt: what the client carries now, what would leave it, and writing that to its
//! settings so that it can be taken back.
//!
//! `places` says where settings and records lie, `client_state` what the client carries, `plan` what an offload would
//! switch off, `readiness` what is missing for offloaded helpers to be run, `settings_change` writes and takes back, `not_run` which agents are lost until it is taken back. Texts are edited by [`claude_settings`]. `stand_in` says
//! what a stand-in does otherwise than the agent it stands in for. `hook_event`, `session_hints` and `small_talk` are what a
//! hook of the client needs to know.

mod client_state;
mod entry;
mod error;
mod hook_event;
mod not_run;
mod places;
mod plan;
mod plugin_parts;
mod readiness;
mod record_file;
mod session_hints;
mod settings_change;
mod settings_file;
mod small_talk;
mod stand_in;

pub use claude_settings::SettingKey;
pub use client_state::{ClientState, Offloaded};
pub use entry::{Entry, EntryScope};
pub use error::OffloadError;
pub use hook_event::{AgentBody, AgentCall, HookEvent, additional_context};
pub use not_run::{NotRun, not_run};
pub use places::{Places, Target};
pub use plan::{Plan, Selection, Staying, plan};
pub use readiness::{Missing, missing};
pub use record_file::StoredRecord;
pub use session_hints::{MAX_SESSIONS, SessionHints};
pub use settings_change::{SettingsChange, SettingsRestore};
pub use small_talk::is_small_talk;
pub use stand_in::reason_to_stay;
