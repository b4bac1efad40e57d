//! `adjutant service`: having the system start the project's instance with the user's session.
//!
//! Only a file is written or removed; what makes the system take notice of it is named, and done with `--now`.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Context;
use clap::ValueEnum;
use serde_json::json;

use super::unit_text::{self, MARK};
use crate::cli::output;
use crate::config::{Config, Environment, Flags};
use confined_fs::NamedFile;

/// Who starts services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Manager {
    /// Linux: a user unit
    Systemd,
    /// macOS: a launch agent
    Launchd,
}

impl Manager {
    /// The one of this system.
    const OWN: Manager = if cfg!(target_os = "macos") { Manager::Launchd } else { Manager::Systemd };

    pub(in crate::cli) const ALL: [Manager; 2] = [Manager::Systemd, Manager::Launchd];
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ServiceArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Write the file, and name the command that starts the service
    Install(ActionArguments),
    /// Remove the file, and name the command that stops the service
    Uninstall(ActionArguments),
}

#[derive(Debug, clap::Args)]
struct ActionArguments {
    /// Print what would be written or removed, and do nothing
    #[arg(long)]
    print: bool,
    /// Also run the commands that are named
    #[arg(long, conflicts_with = "print")]
    now: bool,
    /// Who starts services (default: that of this system)
    #[arg(long, value_enum)]
    manager: Option<Manager>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

/// The service of one project.
#[derive(Debug)]
pub(in crate::cli) struct Service {
    manager: Manager,
    name: String,
    /// Its file.
    pub(in crate::cli) file: NamedFile,
}

impl Service {
    /// The project's service with that manager.
    ///
    /// # Errors
    /// Where the user has no home.
    pub(in crate::cli) fn of(
        manager: Manager,
        config: &Config,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let home =
            || environment.path("HOME").context("HOME is not set, so that there is no place for the file");
        let name = name_of(&config.project.root, &config.project.id);
        let file = match manager {
            Manager::Systemd => {
                let base = environment.path("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
                let base = base.map_or_else(|| home().map(|home| home.join(".config")), Ok)?;
                base.join("systemd/user").join(format!("{name}.service"))
            }
            Manager::Launchd => home()?.join("Library/LaunchAgents").join(format!("local.{name}.plist")),
        };
        let file = NamedFile::new(&config.project.root, &file);
        Ok(Service { manager, name, file })
    }

    /// Whether the file is there and ours.
    pub(in crate::cli) fn is_installed(&self) -> bool {
        self.text_of_file().is_ok_and(|text| text.contains(MARK))
    }

    /// Removes the file where it is ours; whether it was.
    pub(in crate::cli) fn remove(&self) -> std::io::Result<bool> {
        if !self.is_installed() {
            return Ok(false);
        }
        self.file.remove().map(|()| true)
    }

    /// What a regular file holds; a pipe is not waited for.
    fn text_of_file(&self) -> std::io::Result<String> {
        std::io::read_to_string(self.file.open_regular()?)
    }

    fn text(&self, config: &Config, flags: &Flags) -> anyhow::Result<String> {
        let command = command_line(config, flags)?;
        Ok(match self.manager {
            Manager::Systemd => unit_text::systemd(&config.project.root, &command),
            Manager::Launchd => {
                unit_text::launchd(&self.name, &config.project.paths.log_dir.path(), &command)
            }
        })
    }

    /// The commands that make the system take notice of the file.
    fn commands_to_start(&self) -> Vec<Vec<String>> {
        match self.manager {
            Manager::Systemd => vec![
                words(&["systemctl", "--user", "daemon-reload"]),
                words(&["systemctl", "--user", "enable", "--now", &self.name]),
            ],
            Manager::Launchd => {
                vec![words(&["launchctl", "load", "-w", &self.file.path().to_string_lossy()])]
            }
        }
    }

    /// The commands that make the system forget it, to be run before the file is gone.
    pub(in crate::cli) fn commands_to_stop(&self) -> Vec<Vec<String>> {
        match self.manager {
            Manager::Systemd => vec![words(&["systemctl", "--user", "disable", "--now", &self.name])],
            Manager::Launchd => {
                vec![words(&["launchctl", "unload", "-w", &self.file.path().to_string_lossy()])]
            }
        }
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A name that says which project it is, and is another for every project.
fn name_of(root: &Path, id: &str) -> String {
    let folder = root.file_name().unwrap_or_default().to_string_lossy();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let folder: String = folder.chars().take(32).map(plain).collect();
    let folder = folder.trim_matches('-');
    if folder.is_empty() { format!("adjutant-{id}") } else { format!("adjutant-{folder}-{id}") }
}

/// The program with the arguments that serve this project.
fn command_line(config: &Config, flags: &Flags) -> anyhow::Result<Vec<String>> {
    let path = |path: &Path| -> anyhow::Result<String> {
        let text = path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?;
        anyhow::ensure!(!text.contains(char::is_control), "{text:?} cannot stand in a service's file");
        Ok(text.to_owned())
    };
    let mut command = words(&[&path(&std::env::current_exe()?)?, "serve", "--root"]);
    command.push(path(&config.project.root)?);
    command.extend(words(&["--port", &config.daemon.port.to_string()]));
    for dir in &config.project.plugin_dirs {
        command.extend(words(&["--plugins", &path(&std::path::absolute(dir)?)?]));
    }
    if let Some(dir) = &flags.data_dir {
        command.extend(words(&["--data-dir", &path(&std::path::absolute(dir)?)?]));
    }
    if let Some(max_files) = flags.max_files {
        command.extend(["--max-files".to_owned(), max_files.to_string()]);
    }
    if flags.no_user_scope {
        command.push("--no-user-scope".to_owned());
    }
    if flags.no_watch {
        command.push("--no-watch".to_owned());
    }
    Ok(command)
}

pub(in crate::cli) fn run(
    arguments: &ServiceArguments,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let (Action::Install(action) | Action::Uninstall(action)) = &arguments.action;
    let config = Config::resolve(&action.flags, environment)?;
    let service = Service::of(action.manager.unwrap_or(Manager::OWN), &config, environment)?;
    match &arguments.action {
        Action::Install(action) => install(action, &config, &service),
        Action::Uninstall(action) => uninstall(action, &service),
    }
}

fn install(action: &ActionArguments, config: &Config, service: &Service) -> anyhow::Result<ExitCode> {
    let text = service.text(config, &action.flags)?;
    let file = service.file.path().display().to_string();
    if action.print {
        output::line(text.trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    anyhow::ensure!(
        !service.file.exists() || service.is_installed(),
        "{file} is not of our making, and is left as it is"
    );
    let written = service.file.create_folder().and_then(|()| service.file.write(text.as_bytes()));
    written.with_context(|| file.clone())?;
    tell(action, "written", Some(&file), &service.commands_to_start())
}

fn uninstall(action: &ActionArguments, service: &Service) -> anyhow::Result<ExitCode> {
    let is_there = service.is_installed();
    let file = is_there.then(|| service.file.path().display().to_string());
    let commands = if is_there { service.commands_to_stop() } else { Vec::new() };
    if action.print {
        output::line(file.as_deref().unwrap_or("nothing is installed"));
        return Ok(ExitCode::SUCCESS);
    }
    // The system has to let go of the service while it knows its file.
    let told = tell(action, "removed", file.as_deref(), &commands)?;
    service.remove().with_context(|| service.file.path().display().to_string())?;
    Ok(told)
}

/// Says what was done and what is left to do, or does it.
fn tell(
    action: &ActionArguments,
    done: &str,
    file: Option<&str>,
    commands: &[Vec<String>],
) -> anyhow::Result<ExitCode> {
    let shown: Vec<String> = commands.iter().map(|command| command.join(" ")).collect();
    if action.json {
        output::line(&format!("{:#}", json!({ done: file, "commands": shown, "run": action.now })));
    } else {
        match file {
            Some(file) => output::line(&format!("{done} {file}")),
            None => output::line("nothing is installed"),
        }
        let verb = if action.now { "running" } else { "now run" };
        for command in &shown {
            output::line(&format!("{verb}: {command}"));
        }
    }
    for command in commands.iter().filter(|_| action.now) {
        let (program, rest) = command.split_first().context("a command without a name")?;
        let status = Command::new(program).args(rest).status().with_context(|| program.clone())?;
        anyhow::ensure!(status.success(), "{} ended with {status}", command.join(" "));
    }
    Ok(ExitCode::SUCCESS)
}
