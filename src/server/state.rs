//! What every route shares.

use std::sync::{Arc, OnceLock};

use tokio::sync::Semaphore;

use super::guard::Doors;
use super::limits::MAX_REQUESTS;
use super::rate::Rates;
use crate::app::App;
use crate::tasks::Tasks;

/// What every route shares: the application, once it has started, and the wish to stop.
#[derive(Debug, Clone)]
pub struct ServerState(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    app: OnceLock<Arc<App>>,
    tasks: Tasks,
    requests: Semaphore,
    doors: Doors,
    rates: Rates,
}

impl ServerState {
    /// A state whose application is still starting, with open doors: every route answers 503.
    pub fn starting(tasks: Tasks) -> Self {
        ServerState::guarded(tasks, Doors::default())
    }

    /// The same with doors that ask for something.
    pub fn guarded(tasks: Tasks, doors: Doors) -> Self {
        let requests = Semaphore::new(MAX_REQUESTS);
        let rates = Rates::per_second(doors.requests_per_second);
        ServerState(Arc::new(Inner { app: OnceLock::new(), tasks, requests, doors, rates }))
    }

    /// The application has started.
    pub fn started(&self, app: Arc<App>) {
        // A second application for one state is a mistake of the caller; the first stays.
        let _ = self.0.app.set(app);
    }

    /// The application, once it has started.
    pub(super) fn app(&self) -> Option<&Arc<App>> {
        self.0.app.get()
    }

    /// The background work of this process.
    pub(super) fn tasks(&self) -> &Tasks {
        &self.0.tasks
    }

    /// What the doors ask of whoever comes.
    pub(super) fn doors(&self) -> &Doors {
        &self.0.doors
    }

    /// How often anybody may ask.
    pub(super) fn rates(&self) -> &Rates {
        &self.0.rates
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.0.tasks.is_stopping()
    }

    /// Bounds the requests worked on at once.
    pub(super) fn requests(&self) -> &Semaphore {
        &self.0.requests
    }
}
