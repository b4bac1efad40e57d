//! Handing the project's store over: a starting instance asks the session that holds it to let go.

use std::io;
use std::path::PathBuf;

use super::process::Process;
use crate::config::Paths;

/// The request of a starting instance that whoever holds the project's store hands it over; withdrawn on drop.
#[derive(Debug)]
pub struct HandoverRequest(PathBuf);

impl HandoverRequest {
    /// Makes the request.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub fn for_store(paths: &Paths) -> io::Result<Self> {
        let file = paths.wish_file();
        std::fs::write(&file, Process::of_this_process().to_pid_file())?;
        Ok(HandoverRequest(file))
    }

    /// Whether an instance that is alive asks for the store.
    pub fn is_pending(paths: &Paths) -> bool {
        let written = std::fs::read_to_string(paths.wish_file()).ok();
        written.and_then(|text| Process::from_pid_file(&text)).is_some_and(|process| process.is_alive())
    }
}

impl Drop for HandoverRequest {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = std::fs::remove_file(&self.0);
    }
}
