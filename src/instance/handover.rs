//! Handing the project's store over: a starting instance asks the session that holds it to let go.

use std::io;

use super::process::Process;
use super::run_files::MAX_BYTES;
use crate::config::Paths;
use confined_fs::{FilePath, Replacing};

/// The request of a starting instance that whoever holds the project's store hands it over; withdrawn on drop.
#[derive(Debug)]
pub struct HandoverRequest(FilePath);

impl HandoverRequest {
    /// Makes the request.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub fn for_store(paths: &Paths) -> io::Result<Self> {
        let file = paths.handover_file();
        file.write(Replacing::Private, Process::of_this_process().to_pid_file().as_bytes())?;
        Ok(HandoverRequest(file))
    }

    /// Whether an instance that is alive asks for the store.
    pub fn is_pending(paths: &Paths) -> bool {
        let written = paths.handover_file().read_text(MAX_BYTES).ok();
        written.and_then(|text| Process::from_pid_file(&text)).is_some_and(|process| process.is_alive())
    }
}

impl Drop for HandoverRequest {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.0.remove();
    }
}
