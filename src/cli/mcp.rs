//! `adjutant mcp`: the Model Context Protocol over standard input and output.
//!
//! Nothing but the protocol goes to standard output. What a person should know goes to standard error, which
//! clients keep in their logs.

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::serve::watch_signals;
use super::{exit, output, prepare_state, store_access};
use crate::app::{self, Project, Scanned};
use crate::config::{Config, Environment, Flags};
use crate::instance;
use crate::offload::{Offloaded, Places};
use crate::server::mcp::{ProxyBackend, RetryBudget, serve_stdio};
use crate::tasks::Tasks;
use crate::telemetry::logging;
use catalog::Cancellation;

/// Time that what still runs has once the client is gone.
const END_DEADLINE: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
pub(super) struct McpArguments {
    /// Offer no resources: a client may put tools for them before its model at every start
    #[arg(long)]
    no_resources: bool,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(arguments: &McpArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    let config = Config::resolve(&arguments.flags, environment)?;
    let offers_resources = !arguments.no_resources;
    prepare_state(&config);
    let (log_guard, log_problem) = logging::start(&config.project.paths.log_dir, config.daemon.log_level);
    if let Some(problem) = &log_problem {
        output::hint(problem);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .thread_name("worker")
        .build()?;
    let served = runtime.block_on(async {
        let tasks = Tasks::default();
        let signals = watch_signals(&tasks)?;
        let stopping = tasks.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = signals => {}
                () = stopping.stopped() => {}
            }
        });
        serve_stdio(sources(config, offers_resources), &tasks).await
    });
    runtime.shutdown_timeout(END_DEADLINE);
    drop(log_guard);
    Ok(match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&format!("{error:#}"));
            exit::FAILED.into()
        }
    })
}

fn sources(config: Config, offers_resources: bool) -> ProxyBackend {
    let config = Arc::new(config);
    let [for_running, for_count, for_start, for_handover, for_queue, for_watch] =
        std::array::from_fn(|_| Arc::clone(&config));
    // What was counted is what is started from.
    let scanned = Arc::new(Mutex::new(None::<Scanned>));
    let counted = Arc::clone(&scanned);
    ProxyBackend {
        running: Box::new(move || {
            instance::running(&for_running.project)?;
            instance::endpoint(&for_running.project.paths).map(|endpoint| endpoint.port)
        }),
        count: Box::new(move || {
            let found = app::scan(&for_count.project, &Cancellation::default());
            let counts = found.counts();
            *counted.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
            counts
        }),
        token: config.daemon.access.token.as_ref().map(|token| token.secret().to_owned()),
        command_prompts: config
            .project
            .command_prompts
            .unwrap_or_else(|| !Offloaded::load(&Places::of(&config.project)).is_empty()),
        offers_resources,
        retry_budget: RetryBudget::default(),
        queue: Box::new(move |decision, made_at_ms| {
            Project::queue_decision(&for_queue.project, decision, made_at_ms)
        }),
        start: Box::new(move || {
            let found = scanned.lock().unwrap_or_else(PoisonError::into_inner).take();
            let found = found.unwrap_or_else(|| app::scan(&for_start.project, &Cancellation::default()));
            Ok(Project::start_from(found, for_start.project.clone(), store_access::for_session(&for_start)?))
        }),
        watch: Box::new(move |changed| {
            let watch = instance::RunFilesWatch::start(&for_watch.project.paths, changed);
            let watch = watch.inspect_err(
                |error| tracing::warn!(%error, "who serves the project is looked for twice a second"),
            );
            Some(Box::new(watch.ok()?))
        }),
        is_handover_requested: Box::new(move || {
            instance::HandoverRequest::is_pending(&for_handover.project.paths)
        }),
    }
}
