//! `adjutant serve`: the service in the foreground, from lock to clean exit.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZero;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{allocator, exit, output, prepare_state, small_runtime, store_access, supervisor};
use crate::app::{self, Daemon, Project, Scanned};
use crate::config::{Access, Config, Environment, Flags, MODEL_DIR, ProjectConfig, Token};
use crate::instance::{self, Endpoint, PortOwner, Process};
use crate::server::{self, AccessPolicy, ServerState, rate};
use crate::tasks::{self, Tasks};
use crate::telemetry::logging;
use catalog::Cancellation;
use store::{Store, StoreError};

#[derive(Debug, clap::Args)]
pub(super) struct ServeArguments {
    #[command(flatten)]
    flags: Flags,
    /// Leave the terminal's session, as `up` asks for
    #[arg(long, hide = true)]
    detach: bool,
    /// Be the server that another process supervises
    #[arg(long, hide = true)]
    supervised: bool,
}

/// Time that the store of a service that could not start has to close.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// Time that what still runs has once the service is closed; it ends with the process otherwise.
const END_DEADLINE: Duration = Duration::from_millis(500);

/// Threads that answer requests, at most.
const MAX_RUNTIME_THREADS: usize = 4;

/// What a port could not be had for.
#[derive(Debug, thiserror::Error)]
enum Unbound {
    #[error("already running: {} (pid {})", .0.url, .0.pid)]
    OwnProject(Endpoint),
    #[error("port {port} serves another project: {root}")]
    OtherProject { port: u16, root: String },
    #[error("port {port} is held by {process}")]
    Foreign { port: u16, process: String },
    #[error("{address} cannot be listened on")]
    Failed { address: SocketAddr, source: std::io::Error },
}

pub(super) fn run(arguments: &ServeArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    allocator::settle_this_process(environment);
    if arguments.detach {
        // Fails only where this process leads a group already, and then there is nothing to leave.
        let _ = rustix::process::setsid();
    }
    let config = Config::resolve(&arguments.flags, environment)?;
    prepare_state(&config);
    if config.daemon.auto_restart && !arguments.supervised {
        return supervisor::run(&config);
    }
    let (log_guard, log_problem) = logging::start(&config.project.paths.log_dir, config.daemon.log_level);
    if let Some(problem) = &log_problem {
        output::hint(problem);
    }
    log_panics();
    // Reading files needs nothing of what is opened meanwhile.
    let cancellation = Cancellation::default();
    let scanning = scan_aside(&config.project, &cancellation);
    let store = match store_access::for_instance(&config) {
        Ok(store) => store,
        Err(StoreError::Locked { .. }) => return already_running(&config),
        Err(error) => return Err(anyhow::Error::new(error).context("the store could not be opened")),
    };
    instance::sweep(&config.project.paths);
    semantic::install::sweep(&config.project.paths.data_dir, MODEL_DIR, Process::is_running);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(runtime_threads())
        .enable_all()
        .thread_name("worker")
        .build()?;
    let code = runtime.block_on(serve(config, store, Scanning { thread: scanning, cancellation }));
    runtime.shutdown_timeout(END_DEADLINE);
    drop(log_guard);
    code
}

/// Threads that answer requests: an answer takes microseconds, so that more of them would only wait.
fn runtime_threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get).min(MAX_RUNTIME_THREADS)
}

/// The first scan, which runs while the store is opened.
struct Scanning {
    /// `None` where there was no thread to be had.
    thread: Option<JoinHandle<Scanned>>,
    cancellation: Cancellation,
}

impl Scanning {
    /// Waits for the scan; one that panicked is made again, where its panic is caught.
    fn finish(self, config: &ProjectConfig) -> Scanned {
        let scanned = self.thread.and_then(|thread| thread.join().ok());
        scanned.unwrap_or_else(|| app::scan(config, &self.cancellation))
    }
}

/// Scans on a thread of its own, where one is to be had.
fn scan_aside(config: &ProjectConfig, cancellation: &Cancellation) -> Option<JoinHandle<Scanned>> {
    let (config, cancellation) = (config.clone(), cancellation.clone());
    std::thread::Builder::new().name("scan".into()).spawn(move || app::scan(&config, &cancellation)).ok()
}

/// Binds, starts, serves, drains, closes.
async fn serve(config: Config, store: Store, scanning: Scanning) -> anyhow::Result<ExitCode> {
    let (listeners, port) = match bind(config.daemon.port, config.daemon.access.bind, &config.project).await {
        Ok(bound) => bound,
        Err(own @ Unbound::OwnProject(_)) => {
            store.close(CLOSE_DEADLINE);
            output::line(&own.to_string());
            return Ok(ExitCode::SUCCESS);
        }
        Err(unbound) => {
            store.close(CLOSE_DEADLINE);
            output::error(&format!("{:#}", anyhow::Error::new(unbound)));
            output::hint("name another port with --port");
            return Ok(exit::PORT_TAKEN.into());
        }
    };
    let tasks = Tasks::default();
    // Before anybody can know the process and end it.
    let signals = watch_signals(&tasks)?;
    let endpoint = Endpoint::of_this_process(&config, port);
    if let Err(error) = instance::announce(&config.project.paths, &endpoint) {
        tracing::warn!(%error, "the PID file cannot be written");
        output::hint(&format!("no PID file is written: {error}"));
    }
    let paths = config.project.paths.clone();
    let state = ServerState::guarded(tasks.clone(), access_policy(&config.daemon.access));
    tasks.spawn(signals);
    let (stopping, cancellation) = (tasks.clone(), scanning.cancellation.clone());
    tasks.spawn(async move {
        stopping.stopped().await;
        cancellation.cancel();
    });
    let serving = server::serve(listeners, server::router(state.clone()), &tasks);
    let Config { daemon, project, .. } = config;
    let daemon = Arc::new(Daemon::new(daemon));
    let starting = async {
        let opening = Arc::clone(&daemon);
        let opened = tasks::blocking(move || open(&opening, project, store, scanning)).await;
        if let Some(Some(project)) = &opened {
            project.adopt_sample_patterns().await;
            state.started(Arc::clone(project));
            greet(project, &endpoint);
        } else {
            tasks.stop();
        }
        opened.is_some()
    };
    let ((), started) = tokio::join!(serving, starting);
    tasks::blocking(move || daemon.shut_down()).await;
    instance::withdraw(&paths);
    tracing::info!("stopped");
    anyhow::ensure!(started, "the index could not be built; the log says why");
    Ok(ExitCode::SUCCESS)
}

/// Brings the project into service, unless the process is to end already: the store closes in order where it is dropped.
fn open(daemon: &Daemon, project: ProjectConfig, store: Store, scanning: Scanning) -> Option<Arc<Project>> {
    let cancellation = scanning.cancellation.clone();
    let scanned = scanning.finish(&project);
    (!cancellation.is_cancelled()).then(|| daemon.open(scanned, project, store))
}

/// What every request has to bring.
fn access_policy(access: &Access) -> AccessPolicy {
    AccessPolicy {
        token: access.token.as_ref().map(|token| Token::secret(token).to_owned()),
        bound: access.bind,
        requests_per_second: access.requests_per_second.unwrap_or(rate::REQUESTS_PER_SECOND),
    }
}

/// Both loopback addresses on one port, and the further one where there is one. The second is left out where the system
/// has no IPv6; all addresses include loopback.
async fn bind(
    port: u16,
    further: Option<IpAddr>,
    project: &ProjectConfig,
) -> Result<(Vec<TcpListener>, u16), Unbound> {
    let all = further.filter(IpAddr::is_unspecified);
    let first = all.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let failed =
        |address: IpAddr, port| move |source| Unbound::Failed { address: (address, port).into(), source };
    let first = match TcpListener::bind((first, port)).await {
        Ok(listener) => listener,
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            return Err(occupied(port, project).await);
        }
        Err(source) => return Err(failed(first, port)(source)),
    };
    let port = first.local_addr().map_err(failed(IpAddr::V4(Ipv4Addr::LOCALHOST), port))?.port();
    let mut listeners = vec![first];
    if all.is_none_or(|all| all.is_ipv4()) {
        match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
            Ok(listener) => listeners.push(listener),
            Err(error) => tracing::warn!(%error, port, "the IPv6 loopback address is not served"),
        }
    }
    if let Some(address) = further.filter(|address| !address.is_unspecified()) {
        listeners.push(TcpListener::bind((address, port)).await.map_err(failed(address, port))?);
    }
    Ok((listeners, port))
}

async fn occupied(port: u16, project: &ProjectConfig) -> Unbound {
    match instance::probe(port).await {
        PortOwner::Adjutant(Some(own)) if own.project.id == project.id => Unbound::OwnProject(own),
        PortOwner::Adjutant(Some(other)) => Unbound::OtherProject { port, root: other.project.root },
        PortOwner::Adjutant(None) => {
            Unbound::Foreign { port, process: "an Adjutant that is starting or stopping".into() }
        }
        PortOwner::Foreign(process) | PortOwner::Silent(process) => {
            Unbound::Foreign { port, process: process.to_string() }
        }
        PortOwner::None => Unbound::Foreign { port, process: "a program that does not answer".into() },
    }
}

/// The first SIGTERM, SIGINT or SIGHUP stops gracefully, the next at once.
pub(super) fn watch_signals(tasks: &Tasks) -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    // Having a handler is all there is to it: writing beyond a limit on files then fails instead of ending the process.
    drop(signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let tasks = tasks.clone();
    Ok(async move {
        let mut one_of = async || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = hang_up.recv() => {}
            }
        };
        one_of().await;
        tasks.stop();
        one_of().await;
        at_once();
    })
}

/// What is acknowledged is on disk already, so ending here loses nothing but the wait.
#[expect(clippy::disallowed_methods, reason = "a second signal asks for an end without any further step")]
fn at_once() {
    std::process::exit(0);
}

fn greet(project: &Project, endpoint: &Endpoint) {
    let snapshot = project.snapshot();
    let entries = snapshot.catalog.counts().enumerated(", ");
    if snapshot.embedded_default {
        output::line("no plugins found: the built-in collection in fixtures/plugins is served");
    }
    output::line(&format!(
        "adjutant {} serves {} on {}: {entries}, {} files with problems",
        env!("CARGO_PKG_VERSION"),
        endpoint.project.root,
        endpoint.base,
        snapshot.catalog.files_with_problems()
    ));
    tracing::info!(entries, url = endpoint.url, "serving");
}

/// Another process holds the lock of the data directory.
fn already_running(config: &Config) -> anyhow::Result<ExitCode> {
    let Some(endpoint) = instance::endpoint(&config.project.paths) else {
        anyhow::bail!("another process uses {}", config.project.paths.data_dir);
    };
    if endpoint.project.id != config.project.id {
        anyhow::bail!(
            "{} is used by another project: {}",
            config.project.paths.data_dir,
            endpoint.project.root
        );
    }
    if let PortOwner::Adjutant(_) = small_runtime()?.block_on(instance::probe(endpoint.port)) {
        output::line(&format!("already running: {} (pid {})", endpoint.url, endpoint.pid));
        return Ok(ExitCode::SUCCESS);
    }
    anyhow::bail!("another process uses {}, and does not answer", config.project.paths.data_dir)
}

/// A panic is one line in the log, with its place; the process goes on where a boundary catches it.
fn log_panics() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
        default(panic);
    }));
}
