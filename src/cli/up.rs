//! `adjutant up`: start in the background, wait for health, register, show a sample answer.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use super::port_choice::{PortChoice, Ports};
use super::register::{Registered, register};
use super::{
    allocator, client_of, exit, hint_missing_plugins, init, offload, output, prepare_state, small_runtime,
};
use crate::app;
use crate::config::{Config, Environment, Flags, ProjectRecord, Source};
use crate::instance::{self, Difference, Endpoint, ForeignProcess};
use confined_fs::FilePath;

#[derive(Debug, clap::Args)]
pub(super) struct UpArguments {
    #[command(flatten)]
    flags: Flags,
    #[command(flatten)]
    registering: Registering,
    /// Forget the port and the settings of the last start
    #[arg(long)]
    forget: bool,
    /// Print one JSON object, without a sample
    #[arg(long)]
    json: bool,
}

/// Whether the address is written where other programs look.
#[derive(Debug, clap::Args)]
struct Registering {
    /// Write the address into ~/.claude/config.json, for programs that look there (also `ADJUTANT_REGISTER=on`)
    #[arg(long, overrides_with = "no_register")]
    register: bool,
    /// Do not, which is the default
    #[arg(long)]
    no_register: bool,
}

impl Registering {
    fn is_wanted(&self, config: &Config) -> bool {
        self.register || (config.daemon.register && !self.no_register)
    }
}

/// Time a new instance has to answer.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// Bytes that are read of what a server said at its start.
const MAX_SAID: u64 = 1 << 20;

/// Time between two looks at a starting instance.
const POLL: Duration = Duration::from_millis(15);

/// Requests for the sample, tried in turn: a collection that can serve none of them is a special one.
const SAMPLES: [&str; 3] =
    ["review code for security problems", "write tests for an API", "improve documentation"];

/// What came of looking for a place and starting there.
enum Outcome {
    Running(Endpoint),
    Started(Endpoint),
    Frozen(Endpoint),
    Foreign(u16, ForeignProcess),
}

/// Why no instance was started.
enum NotStarted {
    /// Somebody took the port between the look at it and the start.
    PortTaken,
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for NotStarted {
    fn from(error: E) -> Self {
        NotStarted::Failed(error.into())
    }
}

pub(super) fn run(arguments: &UpArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    let mut config = Config::resolve(&arguments.flags, environment)?;
    if arguments.forget
        && let Some(records) = &config.records
        && records.has(&config.project.id)
    {
        records.update(&config.project.id, ProjectRecord::forget_settings)?;
        config = Config::resolve(&arguments.flags, environment)?;
    }
    let reserved = config
        .records
        .as_ref()
        .map(|records| records.reserve_name(&config.project.id, &config.project.root, &config.layers));
    match reserved {
        Some(Ok(name)) => config.project.name = name,
        Some(Err(error)) => output::hint(&format!("nothing can be remembered of this start: {error}")),
        None => {}
    }
    hint_missing_plugins(&config);
    small_runtime()?.block_on(async {
        let ports = Ports::of(&config);
        let endpoint = match place_and_start(&config, &arguments.flags, &ports).await {
            Ok(Outcome::Running(endpoint)) => {
                let differences = asked_otherwise(&config, &endpoint);
                if !arguments.json {
                    output::line(&format!("already running: {} (pid {})", endpoint.base, endpoint.pid));
                    hint_differences(&differences);
                    offload::note_relisted(&config.project, environment);
                }
                return Ok(conclude(&config, arguments, environment, &endpoint, Some(&differences)));
            }
            Ok(outcome @ (Outcome::Foreign(..) | Outcome::Frozen(_))) => return Ok(tell_taken(&outcome)),
            Ok(Outcome::Started(endpoint)) => endpoint,
            Err(error) => return Ok(tell_failed(&config, &error)),
        };
        remember(&config, &endpoint);
        if !arguments.json {
            if config.daemon.port != 0 && endpoint.port != config.daemon.port {
                output::line(&other_port(&ports, config.daemon.port, endpoint.port));
            }
            report(&config, &endpoint).await?;
            offer_mcp(&config, &endpoint);
            offload::note_relisted(&config.project, environment);
        }
        Ok(conclude(&config, arguments, environment, &endpoint, None))
    })
}

/// Why the instance has another port than the wanted one.
fn other_port(ports: &Ports<'_>, wanted: u16, taken: u16) -> String {
    match ports.kept_for(wanted) {
        Some(root) => format!(
            "port {wanted} is kept for another project, {}, so this one takes {taken} (adjutant uninstall there frees it)",
            root.display()
        ),
        None => format!("port {wanted} serves another project, so this one takes {taken}"),
    }
}

fn tell_taken(outcome: &Outcome) -> ExitCode {
    match outcome {
        Outcome::Foreign(port, process) => {
            output::error(&format!("port {port} is held by {process}"));
            output::hint("name another port with --port or MCP_PORT; until then clients use their fallback");
            exit::PORT_TAKEN.into()
        }
        Outcome::Frozen(Endpoint { port, pid, .. }) => {
            output::error(&format!("this project's own instance on port {port} (pid {pid}) does not answer"));
            output::hint(
                "adjutant down ends it and adjutant up starts it anew; until then clients use their fallback",
            );
            exit::FAILED.into()
        }
        Outcome::Running(_) | Outcome::Started(_) => ExitCode::SUCCESS,
    }
}

fn tell_failed(config: &Config, error: &anyhow::Error) -> ExitCode {
    output::error(&format!("{error:#}"));
    output::hint("clients use their embedded fallback until this is mended");
    match config.project.paths.run_dir.create().map_err(|error| error.kind()) {
        Err(ErrorKind::InvalidInput) => {
            output::hint("no link in a project is followed: name a folder for its files with --data-dir");
        }
        Err(ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {
            output::hint("the project cannot be written: name a folder for its files with --data-dir");
        }
        _ => {}
    }
    exit::FAILED.into()
}

/// The settings in which the running instance differs from what this command was told.
fn asked_otherwise(config: &Config, endpoint: &Endpoint) -> Vec<Difference> {
    let mut differences = endpoint.differences(config);
    let asks_for_port = matches!(config.daemon.port_source, Source::Flag | Source::Environment);
    if asks_for_port && ![0, endpoint.port].contains(&config.daemon.port) {
        let (running, asked) = (endpoint.port.to_string(), config.daemon.port.to_string());
        differences.push(Difference { key: "port", running, asked });
    }
    differences
}

fn hint_differences(differences: &[Difference]) {
    if differences.is_empty() {
        return;
    }
    let all: Vec<String> = differences.iter().map(ToString::to_string).collect();
    output::hint(&format!("it runs with other settings: {}", all.join("; ")));
    output::hint("adjutant down, and then this command again, applies yours");
}

/// Says which settings are those of the last start, since nobody may think of them any more. That a port is kept is expected.
fn hint_remembered(config: &Config) {
    let shown = config.shown();
    let kept = shown.iter().filter(|shown| shown.source == Source::LastUp && shown.key != "port");
    let kept: Vec<String> = kept.map(|shown| format!("{} {}", shown.key, shown.value)).collect();
    if !kept.is_empty() {
        let kept = kept.join(", ");
        output::hint(&format!("set at the last up, and kept: {kept}; adjutant up --forget starts without"));
    }
}

/// Notes port and settings for the next start.
fn remember(config: &Config, endpoint: &Endpoint) {
    let Some(records) = &config.records else { return };
    // What cannot be written was said when the name was reserved.
    let _ = records.update(&config.project.id, |record| {
        record.port = Some(endpoint.port);
        record.remember(&config.layers);
    });
}

/// Starts an instance where there is a place for it; looks again where somebody else was faster. Each look finds one
/// port fewer, so it ends.
async fn place_and_start(config: &Config, flags: &Flags, ports: &Ports<'_>) -> anyhow::Result<Outcome> {
    let mut lost = BTreeSet::new();
    loop {
        let port = match ports.choose(&lost).await? {
            PortChoice::Running(endpoint) => return Ok(Outcome::Running(endpoint)),
            PortChoice::Frozen(endpoint) => return Ok(Outcome::Frozen(endpoint)),
            PortChoice::Foreign(port, process) => return Ok(Outcome::Foreign(port, process)),
            PortChoice::Free(port) => port,
        };
        match start(config, flags, port).await {
            Ok(endpoint) => return Ok(Outcome::Started(endpoint)),
            Err(NotStarted::PortTaken) if lost.insert(port) => {}
            Err(NotStarted::PortTaken) => anyhow::bail!("port {port} cannot be listened on"),
            Err(NotStarted::Failed(error)) => return Err(error),
        }
    }
}

/// Registers the instance where that is wanted, and says so. `differences` are those of one that ran before.
fn conclude(
    config: &Config,
    arguments: &UpArguments,
    environment: &Environment,
    endpoint: &Endpoint,
    differences: Option<&[Difference]>,
) -> ExitCode {
    let wants_register = arguments.registering.is_wanted(config);
    let registered =
        wants_register.then(|| register(environment.path("HOME").as_deref(), &config.project.root, endpoint));
    if arguments.json {
        let Endpoint { url, base, port, pid, .. } = endpoint;
        let mut all =
            json!({ "url": url, "base": base, "port": port, "pid": pid, "started": differences.is_none() });
        if let Some(differences) = differences.filter(|differences| !differences.is_empty()) {
            let each = differences.iter().map(|Difference { key, running, asked }| {
                json!({ "key": key, "running": running, "asked": asked })
            });
            all["differences"] = each.collect();
        }
        output::line(&format!("{all:#}"));
    } else if let Some(registered) = &registered {
        tell_registered(registered);
    }
    ExitCode::SUCCESS
}

/// Starts `serve` in the background and waits until it answers for this project.
async fn start(config: &Config, flags: &Flags, port: u16) -> Result<Endpoint, NotStarted> {
    let said = config.project.paths.log_dir.file("start.log");
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut child = spawn(config, flags, port, &said)?;
    let began = Instant::now();
    while began.elapsed() < START_TIMEOUT {
        // Where a supervisor was started, the server is another process than that.
        let is_new = |endpoint: &Endpoint| {
            endpoint.pid == child.id()
                || (config.daemon.auto_restart && instance::running(&config.project).is_some())
        };
        if let Some(endpoint) = instance::endpoint(&config.project.paths).filter(is_new) {
            let health = client_of(config, endpoint.port).get("/health").await;
            if health.is_ok_and(|reply| reply.status == 200) {
                return Ok(endpoint);
            }
        }
        if let Some(status) = child.try_wait()? {
            // Another `up` of the same project may have been faster; its instance is as good as ours.
            if status.success()
                && let Some(endpoint) = instance::endpoint(&config.project.paths)
            {
                return Ok(endpoint);
            }
            if status.code() == Some(exit::PORT_TAKEN.into()) {
                return Err(NotStarted::PortTaken);
            }
            return Err(anyhow!("the server ended at once ({status}): {}", last_words(&said)).into());
        }
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            _ = interrupt.recv() => {
                end(config, &mut child)?;
                return Err(anyhow!("interrupted; the server that was being started is ended").into());
            }
        }
    }
    end(config, &mut child)?;
    let seconds = START_TIMEOUT.as_secs();
    Err(anyhow!("the server did not answer within {seconds} s; see {said}").into())
}

/// Ends a server that is being started.
fn end(config: &Config, child: &mut Child) -> std::io::Result<()> {
    match instance::supervisor(&config.project) {
        Some(supervisor) => {
            supervisor.terminate();
            Ok(())
        }
        None => child.kill(),
    }
}

fn spawn(config: &Config, flags: &Flags, port: u16, said: &FilePath) -> anyhow::Result<Child> {
    prepare_state(config);
    let file = said.dir().create().and_then(|_| said.create());
    let file = file.with_context(|| format!("{said}"))?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["serve", "--detach", "--port", &port.to_string()]);
    if let Some(root) = config.root_to_name() {
        command.arg("--root").arg(root);
    }
    for dir in &config.project.plugin_dirs {
        command.arg("--plugins").arg(dir);
    }
    if let Some(dir) = &flags.data_dir {
        command.arg("--data-dir").arg(std::path::absolute(dir)?);
    }
    if let Some(address) = flags.bind {
        command.arg("--bind").arg(address.to_string());
    }
    if let Some(max_files) = flags.max_files {
        command.arg("--max-files").arg(max_files.to_string());
    }
    if flags.no_user_scope {
        command.arg("--no-user-scope");
    }
    if flags.no_watch {
        command.arg("--no-watch");
    }
    allocator::settle(&mut command);
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    Ok(command.spawn()?)
}

fn last_words(said: &FilePath) -> String {
    let text = said.read_text(MAX_SAID).unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() {
        "it said nothing".into()
    } else {
        lines[lines.len().saturating_sub(5)..].join("; ")
    }
}

/// Says what is served, with one real answer.
async fn report(config: &Config, endpoint: &Endpoint) -> anyhow::Result<()> {
    let client = client_of(config, endpoint.port);
    let health = client.get("/health").await?.body;
    let count = |kind: &str| health["indexes"][kind].as_u64().unwrap_or(0);
    output::line(&format!(
        "adjutant serves {} on {} (pid {})",
        endpoint.project.root, endpoint.base, endpoint.pid
    ));
    output::line(&origins(&health));
    hint_remembered(config);
    output::line(&format!(
        "indexed {} agents, {} skills, {} workflows; {} files with problems (see: adjutant doctor)",
        count("agents"),
        count("skills"),
        count("workflows"),
        health["problems"]
    ));
    for reason in health["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        output::line(&format!("note: {reason}"));
    }
    for context in SAMPLES {
        let params = json!({ "context": context, "limit": 3 });
        let reply = client.call("queryAgents", &params).await?;
        if let Some(agents) = reply.body["result"]["agents"].as_array() {
            show_sample(context, agents, &reply.body["result"]);
            return Ok(());
        }
    }
    output::line("no sample: none of the indexed agents fits the sample requests");
    Ok(())
}

/// Where the entries come from, as an instance's health says.
pub(super) fn origins(health: &Value) -> String {
    // An instance of an earlier version does not say.
    let counts = serde_json::from_value(health["origins"].clone()).unwrap_or_default();
    app::origins::phrase(&counts)
}

fn show_sample(context: &str, agents: &[Value], result: &Value) {
    output::line("");
    output::line(&format!("who can \"{context}\"? (confidence {})", result["confidence"]));
    for agent in agents {
        let text = |member: &str| agent[member].as_str().unwrap_or_default();
        let description = app::hit_view::shortened(text("description"), 70);
        output::line(&format!("  {:<44} {}", text("id"), description));
    }
    output::line(&format!("  because: {}", result["reasoning"].as_str().unwrap_or_default()));
}

/// Offers the entries that connect a client of models, the one without a port first.
fn offer_mcp(config: &Config, endpoint: &Endpoint) {
    let stdio = json!({ "mcpServers": { "adjutant": { "command": "adjutant", "args": ["mcp"] } } });
    let mut http = json!({ "type": "http", "url": format!("{}mcp", endpoint.base) });
    if config.daemon.access.token.is_some() {
        // The client puts the variable's value in; a secret has no place in a file that is shared.
        http["headers"] = json!({ "Authorization": "Bearer ${MCP_TOKEN}" });
    }
    output::line("");
    output::line("for Claude Code, in .mcp.json at the project's root:");
    output::line(&format!("  {stdio}"));
    output::line(&format!("or over HTTP, at an address that this project alone answers: {http}"));
    init::offer();
}

fn tell_registered(outcome: &Registered) {
    match outcome {
        Registered::Written(file) => output::line(&format!("registered in {}", file.display())),
        Registered::Unchanged => {}
        Registered::Skipped(why) => output::hint(&format!("not registered: {why}")),
    }
}
