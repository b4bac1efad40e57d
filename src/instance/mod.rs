//! Which process serves a project: its PID file, its endpoint file, and what owns a port.

mod difference;
mod handover;
mod leftovers;
mod port_owner;
mod probe;
mod process;
mod run_files;
mod run_files_watch;
mod state_folder;
mod supervision;

pub use difference::Difference;
pub use handover::HandoverRequest;
pub use leftovers::sweep;
pub use port_owner::process_on_port;
pub use probe::{ForeignProcess, PortOwner, probe};
pub use process::Process;
pub use run_files::{Endpoint, ProjectName, announce, endpoint, running, withdraw};
pub use run_files_watch::RunFilesWatch;
pub use state_folder::{SetAside, copied_from, prepare_state, remove_state_marks};
pub use supervision::{Supervision, supervisor};
