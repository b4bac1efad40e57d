//! `adjutant model`: the optional embedding model.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use super::{exit, output, running_client, small_runtime, table};
use crate::config::{Config, Environment, Flags, MODEL_DIR};
use confined_fs::NamedDir;
use semantic::{Encoder, ModelDir, install, model_dir};

#[derive(Debug, clap::Args)]
pub(super) struct ModelArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check a model folder and copy it to where the project's instance looks for it
    Install {
        /// The folder with model.safetensors, tokenizer.json and config.json
        path: PathBuf,
        #[command(flatten)]
        flags: Flags,
    },
    /// Say which model there is, and how far it has read the entries
    Status {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Remove the installed model
    Remove(Flags),
}

pub(super) fn run(arguments: &ModelArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    match &arguments.action {
        Action::Install { path, flags } => put(path, &Config::resolve(flags, environment)?),
        Action::Status { json, flags } => status(*json, &Config::resolve(flags, environment)?),
        Action::Remove(flags) => take_away(&Config::resolve(flags, environment)?),
    }
}

fn put(path: &std::path::Path, config: &Config) -> anyhow::Result<ExitCode> {
    let source = NamedDir::new(&config.project.root, path);
    let info = install::install(&source, &config.project.paths.data_dir, MODEL_DIR)?;
    output::line(&format!(
        "installed {}: {} dimensions, {} layers, {}",
        info.name,
        info.dimensions,
        info.layers,
        table::size(info.bytes)
    ));
    if config.project.paths.model_given {
        output::hint(&format!(
            "MCP_MODEL_DIR is set: {} is used in its place",
            config.project.paths.model_dir.path().display()
        ));
    }
    tell(config)?;
    Ok(ExitCode::SUCCESS)
}

fn take_away(config: &Config) -> anyhow::Result<ExitCode> {
    if !install::remove(&config.project.paths.installed_model())? {
        output::error("no model is installed");
        return Ok(exit::NOTHING_FOUND.into());
    }
    output::line("removed");
    tell(config)?;
    Ok(ExitCode::SUCCESS)
}

/// Lets a running instance notice at once.
fn tell(config: &Config) -> anyhow::Result<()> {
    if let Some((client, _)) = running_client(config) {
        let reply = small_runtime()?.block_on(client.post("/reindex", &json!({})))?;
        anyhow::ensure!(reply.status == 200, "the running instance did not take notice; it will in a moment");
        output::line("the running instance takes notice (see: adjutant model status)");
    }
    Ok(())
}

fn status(as_json: bool, config: &Config) -> anyhow::Result<ExitCode> {
    let paths = &config.project.paths;
    if !paths.model_given && !model_dir::has_model_files(&paths.model_dir) {
        if as_json {
            output::line(&json!({ "installed": false }).to_string());
        } else {
            output::line("no model is installed");
            output::hint("install one with: adjutant model install FOLDER");
        }
        return Ok(exit::NOTHING_FOUND.into());
    }
    // Loading is the check: a header may promise what the file does not hold.
    let checked = ModelDir::open(&paths.model_dir).and_then(|folder| Encoder::load(&folder));
    let running = match running_client(config) {
        Some((client, _)) => small_runtime()?.block_on(client.get("/health"))?.body["semantic"].clone(),
        None => Value::Null,
    };
    let encoder = match checked {
        Ok(encoder) => encoder,
        Err(error) => {
            if as_json {
                let whole = json!({ "installed": true, "path": paths.model_dir.path(), "problem": error.to_string() });
                output::line(&format!("{whole:#}"));
            } else {
                output::error(&error.to_string());
            }
            return Ok(exit::FAILED.into());
        }
    };
    let info = encoder.info();
    if as_json {
        let whole = json!({
            "installed": true, "path": paths.model_dir.path(), "sha256": encoder.identity(), "facts": info, "running": running,
        });
        output::line(&format!("{whole:#}"));
        return Ok(ExitCode::SUCCESS);
    }
    let row = |label: &str, value: String| output::line(&format!("{label:<10} {value}"));
    row("model", format!("{} ({})", info.name, table::size(info.bytes)));
    row("folder", paths.model_dir.path().display().to_string());
    row("sha256", encoder.identity().to_owned());
    row(
        "vectors",
        format!("{} dimensions, {} layers, {} tokens", info.dimensions, info.layers, info.max_tokens),
    );
    row("state", progress(&running).unwrap_or_else(|| "no instance is running".to_owned()));
    Ok(ExitCode::SUCCESS)
}

/// How far an instance's model is, as `/health` tells; `None` where it has none.
pub(super) fn progress(semantic: &Value) -> Option<String> {
    let state = semantic["state"].as_str().filter(|state| *state != "none")?;
    Some(format!("{state}, {} of {} texts read", semantic["embedded"], semantic["total"]))
}
