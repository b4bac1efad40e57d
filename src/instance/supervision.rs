//! The process that starts a crashed instance again, as its file says.

use std::io;

use super::process::Process;
use super::run_files::MAX_BYTES;
use crate::config::ProjectConfig;
use confined_fs::{FilePath, Replacing};

/// The word that this process supervises the project's instance, withdrawn when this is dropped.
#[derive(Debug)]
pub struct Supervision(FilePath);

impl Supervision {
    /// Gives the word.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub fn announce(config: &ProjectConfig) -> io::Result<Self> {
        config.paths.run_dir.create()?;
        let file = config.paths.supervisor_file();
        let process = Process::of_this_process().to_pid_file();
        file.write(Replacing::Private, format!("{process}{}\n", config.id).as_bytes())?;
        Ok(Supervision(file))
    }
}

impl Drop for Supervision {
    fn drop(&mut self) {
        // Of another by now, it stays; gone already is as good.
        if read(&self.0).is_some_and(|(process, _)| process == Process::of_this_process()) {
            let _ = self.0.remove();
        }
    }
}

/// The process that supervises this project's instance, where one is alive. The file of one that is gone is removed;
/// that of another project is left.
pub fn supervisor(config: &ProjectConfig) -> Option<Process> {
    let file = config.paths.supervisor_file();
    let (process, project) = read(&file)?;
    if !process.is_alive() {
        let _ = file.remove();
        return None;
    }
    (project == config.id).then_some(process)
}

fn read(file: &FilePath) -> Option<(Process, String)> {
    let text = file.read_text(MAX_BYTES).ok()?;
    let process = Process::from_pid_file(&text)?;
    Some((process, text.lines().nth(2)?.trim().to_owned()))
}
