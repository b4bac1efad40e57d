//! `adjutant mcp`: the Model Context Protocol over standard input and output.
//!
//! Nothing but the protocol goes to standard output. What a person should know goes to standard error, which
//! clients keep in their logs.

use std::process::ExitCode;
use std::time::Duration;

use super::serve::watch_signals;
use super::{exit, memory, output};
use crate::app::App;
use crate::config::{Config, Environment, Flags};
use crate::instance;
use crate::server::mcp::{Sources, serve_stdio};
use crate::tasks::Tasks;
use crate::telemetry::logging;

/// Time that what still runs has once the client is gone.
const END_DEADLINE: Duration = Duration::from_millis(500);

pub(super) fn run(flags: &Flags, environment: &Environment) -> anyhow::Result<ExitCode> {
    let config = Config::resolve(flags, environment)?;
    let (log_guard, log_problem) = logging::start(&config.paths.log_dir, config.log_level);
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
        serve_stdio(sources(config), &tasks).await
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

fn sources(config: Config) -> Sources {
    let own = config.clone();
    let running = move || {
        instance::running(&own)?;
        instance::endpoint(&own.paths).map(|endpoint| endpoint.port)
    };
    let paths = config.paths.clone();
    Sources {
        running: Box::new(running),
        start: Box::new(move || Ok(App::start(config.clone(), memory::for_session(&config)?))),
        is_wished_for: Box::new(move || instance::Wish::is_stated(&paths)),
    }
}
