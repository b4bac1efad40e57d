//! `adjutant uninstall`: takes back what was registered for a project. Every file that goes is one this program
//! writes; a folder goes only once it is empty.

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use super::offload::{Undone, undo_for_project};
use super::output::{self, Tone};
use super::register::{Unregistered, unregister};
use super::service::{Manager, Service};
use super::{exit, store_options};
use crate::config::{Config, Environment, Flags, Paths, ProjectConfig};
use crate::instance;
use crate::mcp_clients::{self, InitRecord};
use crate::offload::{Places, StoredRecord, Target};
use client::outbox::is_file_of_queue;
use confined_fs::DirPath;
use semantic::install;
use store::{Store, StoreError};

#[derive(Debug, clap::Args)]
pub(super) struct UninstallArguments {
    /// Also remove what is remembered: database, backups, log files and decisions that wait
    #[arg(long)]
    data: bool,
    /// Put back without a question what an offload took out of the client's prompt
    #[arg(long)]
    yes: bool,
    /// Print one JSON object; what an offload took out is put back with --yes alone
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

/// Files of the database and what is kept beside it, by their beginnings.
const DATA_FILES: [&str; 9] = [
    "mcp.db",
    "mcp.lock",
    "mcp.wish",
    "catalog.bin",
    "index.bin",
    "latent.bin",
    "vectors.bin",
    "used.log",
    "offload.lock",
];

/// What was done, in the order it was done.
#[derive(Debug, Default)]
struct Done {
    removed: Vec<String>,
    failed: Vec<String>,
    hints: Vec<String>,
}

/// What became of the listings that an offload took out.
enum Listings {
    /// They are back, or nothing was offloaded.
    Back,
    /// The user wants them to stay out.
    Stay,
    /// They could not be put back.
    Failed,
}

pub(super) fn run(arguments: &UninstallArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    let config = Config::resolve(&arguments.flags, environment)?;
    if instance::running(&config.project).or_else(|| instance::supervisor(&config.project)).is_some() {
        output::error("an instance of this project runs");
        output::hint("end it with: adjutant down");
        return Ok(exit::RUNNING.into());
    }
    // Held to the end: nobody may write what is being removed.
    let _memory = match arguments.data.then(|| Store::hold(&store_options(&config))) {
        Some(Err(StoreError::Locked { pid, .. })) => {
            let pid = pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
            output::error(&format!("the memory of this project is in use{pid}"));
            output::hint("end that process first; it may be an `adjutant mcp` that a client started");
            return Ok(exit::RUNNING.into());
        }
        held => held.and_then(Result::ok),
    };
    let mut done = Done::default();
    // First of all: without this program, what was offloaded could not be run.
    match done.listings(&config.project, arguments) {
        Listings::Back => {}
        Listings::Stay => {
            output::line("nothing was removed: the offload stays, and needs this program");
            return Ok(ExitCode::SUCCESS);
        }
        Listings::Failed => {
            done.hints.push("nothing was removed: the offload stays, and needs this program".to_owned());
            done.tell(arguments.json);
            return Ok(exit::FAILED.into());
        }
    }
    done.services(&config, environment);
    match unregister(environment.path("HOME").as_deref(), &config.project.root) {
        Unregistered::Removed(file) => {
            done.removed.push(format!("this project's entry in {}", file.display()));
        }
        Unregistered::Absent => {}
        Unregistered::Failed(why) => done.failed.push(why),
    }
    match config.records.as_ref().map(|records| records.forget(&config.project.id)) {
        Some(Ok(true)) => done.removed.push("what was remembered of the last start".to_owned()),
        Some(Err(error)) => done.failed.push(format!("what was remembered of the last start: {error}")),
        _ => {}
    }
    let Paths { run_dir, data_dir, .. } = &config.project.paths;
    done.files(run_dir, |name| matches!(name, "mcp.pid" | "endpoint.json" | "supervisor.pid"));
    if arguments.data {
        done.data(&config.project);
    } else if data_dir.file("mcp.db").exists() {
        done.hints.push(format!("what is remembered stays in {data_dir}; --data removes it"));
    }
    let offload_dir = Places::of(&config.project).record_dir(Target::Project);
    if let Some(dir) = offload_dir.as_ref().filter(|_| arguments.data) {
        done.files(dir, |name| name == "offload.lock" || name.starts_with("offload.json."));
        // Where an instance keeps its files elsewhere, nothing else made it.
        let _ = dir.parent().map(|state| state.remove_gitignore());
    }
    done.folders(&config.project, offload_dir);
    done.clients(environment);
    if arguments.data {
        // Where it held nothing but our folder.
        let _ = DirPath::from(&config.project.root).sub(".claude").remove();
    }
    done.tell(arguments.json);
    Ok(if done.failed.is_empty() { ExitCode::SUCCESS } else { exit::FAILED.into() })
}

fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == ending)
}

impl Done {
    /// Puts the listings back that an offload took out of the client's prompt; what became of them.
    fn listings(&mut self, config: &ProjectConfig, arguments: &UninstallArguments) -> Listings {
        let places = Places::of(config);
        let is_offloaded =
            |target| StoredRecord::load(&places, target).is_ok_and(|stored| !stored.is_empty());
        if is_offloaded(Target::User) {
            self.hints
                .push("for all projects, adjutant restore-listings --user undoes the offload".to_owned());
        }
        if arguments.json && !arguments.yes && is_offloaded(Target::Project) {
            let why = "what was offloaded is put back with --yes, or by adjutant restore-listings";
            self.failed.push(why.to_owned());
            return Listings::Failed;
        }
        match undo_for_project(&places, arguments.yes) {
            Ok(None) => {}
            Ok(Some(Undone::Declined)) => return Listings::Stay,
            Ok(Some(Undone::Written(restored))) => {
                self.removed.push(format!("the offload in {}", restored.file().display()));
                let left = restored.changed.iter().map(|changed| changed.key.shown());
                self.hints.extend(left.map(|key| format!("left alone, since it was changed: {key}")));
            }
            Err(error) => {
                self.failed.push(error.to_string());
                return Listings::Failed;
            }
        }
        Listings::Back
    }

    /// Removes what is remembered.
    fn data(&mut self, config: &ProjectConfig) {
        let Paths { data_dir, log_dir, outbox_dir, .. } = &config.paths;
        self.files(&data_dir.sub("backups"), |name| name.starts_with("mcp-"));
        self.files(data_dir, |name| DATA_FILES.iter().any(|known| name.starts_with(known)));
        self.files(log_dir, |name| {
            (name.starts_with("mcp.") && (has_ending(name, "log") || has_ending(name, "gz")))
                || matches!(name, "start.log" | "service.log")
        });
        self.files(outbox_dir, is_file_of_queue);
        let model = config.paths.installed_model();
        match install::remove(&model) {
            Ok(true) => self.removed.push(model.to_string()),
            Ok(false) => {}
            Err(error) => self.failed.push(format!("{model}: {error}")),
        }
        match instance::remove_state_marks(config) {
            Ok(removed) => self.removed.extend(removed),
            Err(error) => self.failed.push(format!("a copied state: {error}")),
        }
    }

    /// Removes our folders that are empty by now; `offload_dir` is that of an offload's record.
    fn folders(&mut self, config: &ProjectConfig, offload_dir: Option<DirPath>) {
        let Paths { run_dir, data_dir, log_dir, outbox_dir, .. } = &config.paths;
        // In this order each may be the last entry of the next.
        let own = [&data_dir.sub("backups"), data_dir, log_dir, outbox_dir, run_dir];
        let below_project = offload_dir.filter(|dir| dir.path() != data_dir.path());
        let above = below_project.as_ref().map(|_| config.dir().sub(".claude/mcp-server"));
        for folder in own.into_iter().chain(&below_project).chain(&above) {
            if folder.remove().is_ok() {
                self.removed.push(folder.to_string());
            }
        }
    }

    /// Clients of this machine keep what `adjutant init` wrote: it is not this project's alone.
    fn clients(&mut self, environment: &Environment) {
        let record = mcp_clients::Places::of(environment).and_then(|places| InitRecord::load(&places).ok());
        if record.is_some_and(|record| !record.files.is_empty()) {
            self.hints
                .push("MCP clients still start the program; adjutant init --undo takes it out".to_owned());
        }
    }

    fn services(&mut self, config: &Config, environment: &Environment) {
        for manager in Manager::ALL {
            // Without a home there is no service either.
            let Ok(service) = Service::of(manager, config, environment) else { continue };
            match service.remove() {
                Ok(false) => {}
                Ok(true) => {
                    self.removed.push(service.file.path().display().to_string());
                    for command in service.commands_to_stop() {
                        self.hints.push(format!("if it was started, also run: {}", command.join(" ")));
                    }
                }
                Err(error) => self.failed.push(format!("{}: {error}", service.file.path().display())),
            }
        }
    }

    /// Removes the regular files of a folder that are ours.
    fn files(&mut self, folder: &DirPath, is_ours: impl Fn(&str) -> bool) {
        let Ok(open) = folder.open() else { return };
        let mut names = open.names().unwrap_or_default();
        names.retain(|name| {
            name.to_str().is_some_and(&is_ours) && open.regular(name).is_ok_and(|found| found.is_some())
        });
        names.sort();
        for name in names {
            let file = folder.file(&name);
            match open.remove_file(&name) {
                Ok(()) => self.removed.push(file.to_string()),
                Err(error) => self.failed.push(format!("{file}: {error}")),
            }
        }
    }

    fn tell(&self, as_json: bool) {
        if as_json {
            let all = json!({ "removed": self.removed, "failed": self.failed, "hints": self.hints });
            output::line(&format!("{all:#}"));
            return;
        }
        for removed in &self.removed {
            output::toned(&[(Tone::Good, "removed "), (Tone::Plain, removed)]);
        }
        if self.removed.is_empty() && self.failed.is_empty() {
            output::line("nothing was registered");
        }
        self.failed.iter().for_each(|why| output::error(why));
        self.hints.iter().for_each(|hint| output::hint(hint));
        output::hint("the program itself goes with: cargo uninstall adjutant");
    }
}
