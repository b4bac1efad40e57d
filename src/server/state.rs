//! The state that all routes share.

use std::sync::{Arc, OnceLock};

use tokio::sync::Semaphore;

use super::http::AccessPolicy;
use super::limits::MAX_REQUESTS;
use super::rate::Rates;
use crate::app::Project;
use crate::tasks::Tasks;

/// The state that all routes share: the application, once it has started, the access policy, rate limits and permits.
#[derive(Debug, Clone)]
pub struct ServerState(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    project: OnceLock<Arc<Project>>,
    tasks: Tasks,
    requests: Semaphore,
    access_policy: AccessPolicy,
    rates: Rates,
}

impl ServerState {
    /// A state whose application is still starting, with the default access policy: every route answers 503.
    pub fn starting(tasks: Tasks) -> Self {
        ServerState::guarded(tasks, AccessPolicy::default())
    }

    /// The same with another access policy.
    pub fn guarded(tasks: Tasks, access_policy: AccessPolicy) -> Self {
        let requests = Semaphore::new(MAX_REQUESTS);
        let rates = Rates::per_second(access_policy.requests_per_second);
        ServerState(Arc::new(Inner { project: OnceLock::new(), tasks, requests, access_policy, rates }))
    }

    /// The application has started.
    pub fn started(&self, project: Arc<Project>) {
        // A second application for one state is a mistake of the caller; the first stays.
        let _ = self.0.project.set(project);
    }

    /// The application, once it has started.
    pub(super) fn project(&self) -> Option<&Arc<Project>> {
        self.0.project.get()
    }

    /// The background work of this process.
    pub(super) fn tasks(&self) -> &Tasks {
        &self.0.tasks
    }

    /// What every request must satisfy.
    pub(super) fn access_policy(&self) -> &AccessPolicy {
        &self.0.access_policy
    }

    /// The rate limits.
    pub(super) fn rates(&self) -> &Rates {
        &self.0.rates
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.0.tasks.is_stopping()
    }

    /// Permits for requests processed at once.
    pub(super) fn requests(&self) -> &Semaphore {
        &self.0.requests
    }
}
