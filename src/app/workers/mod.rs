//! Work in the background: jobs that run when they are woken or due, are restarted after a panic and end with the
//! service. No worker keeps a thread while it has nothing to do.

mod job;
mod signal;
mod supervisor;

pub(super) use job::{Job, Rest, Run};
pub(super) use signal::WakeSignal;
pub(super) use supervisor::Workers;
