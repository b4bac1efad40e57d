//! `list_changed` notifications: sent when a list that clients see has changed, not after every re-index.

use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

use rmcp::service::{Peer, RoleServer, SubscriptionContext};
use serde::Serialize;
use tokio::sync::watch;

use super::{prompts, resources, tools};
use crate::app::Project;

/// A hash of each list: equal hashes mean equal lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ListVersions {
    pub(super) tools: u64,
    pub(super) prompts: u64,
    pub(super) resources: u64,
}

impl ListVersions {
    /// The lists of `project` now.
    pub(super) fn of(project: &Project) -> Self {
        let snapshot = project.snapshot();
        ListVersions {
            tools: hash_of(&tools::list(&snapshot)),
            prompts: hash_of(&prompts::list(&snapshot, project.config().command_prompts)),
            resources: hash_of(&resources::list(&snapshot)),
        }
    }
}

fn hash_of(list: &impl Serialize) -> u64 {
    let mut hasher = DefaultHasher::new();
    // Lists are plain data: writing them cannot fail.
    hasher.write(&serde_json::to_vec(list).unwrap_or_default());
    hasher.finish()
}

/// The source of changes.
#[derive(Debug)]
pub(super) enum ChangeFeed {
    /// The index of this process.
    Own { project: Arc<Project>, generations: watch::Receiver<u64> },
    /// The running instance, through the proxy.
    Relayed(watch::Receiver<ListVersions>),
}

impl ChangeFeed {
    /// The changes of an index in this process.
    pub(super) fn of(project: &Arc<Project>) -> Self {
        ChangeFeed::Own { project: Arc::clone(project), generations: project.generations() }
    }

    fn current(&self) -> ListVersions {
        match self {
            ChangeFeed::Own { project, .. } => ListVersions::of(project),
            ChangeFeed::Relayed(marks) => *marks.borrow(),
        }
    }

    /// Waits until the lists may have changed; `false` once the source has ended.
    async fn changed_at_source(&mut self) -> bool {
        match self {
            ChangeFeed::Own { generations, .. } => generations.changed().await.is_ok(),
            ChangeFeed::Relayed(marks) => marks.changed().await.is_ok(),
        }
    }

    /// Notifies a client of the older era, through its session, until it disconnects.
    pub(super) async fn notify_session(mut self, peer: Peer<RoleServer>) {
        let mut last = self.current();
        while self.changed_at_source().await {
            let now = self.current();
            let sent = async {
                if now.tools != last.tools {
                    peer.notify_tool_list_changed().await?;
                }
                if now.prompts != last.prompts {
                    peer.notify_prompt_list_changed().await?;
                }
                if now.resources != last.resources {
                    peer.notify_resource_list_changed().await?;
                }
                Ok::<(), rmcp::ServiceError>(())
            };
            if sent.await.is_err() {
                return;
            }
            last = now;
        }
    }

    /// Notifies a subscriber of the newer era about the lists it asked for, until it disconnects.
    pub(super) async fn notify_subscriber(mut self, subscription: &SubscriptionContext) {
        let mut last = self.current();
        let asked = subscription.accepted();
        let asked_for = |flag: Option<bool>| flag == Some(true);
        while self.changed_at_source().await {
            let now = self.current();
            let sink = subscription.sink();
            let sent = async {
                if now.tools != last.tools && asked_for(asked.tools_list_changed) {
                    sink.notify_tool_list_changed().await?;
                }
                if now.prompts != last.prompts && asked_for(asked.prompts_list_changed) {
                    sink.notify_prompt_list_changed().await?;
                }
                if now.resources != last.resources && asked_for(asked.resources_list_changed) {
                    sink.notify_resource_list_changed().await?;
                }
                Ok::<(), rmcp::service::SubscriptionSendError>(())
            };
            if sent.await.is_err() {
                return;
            }
            last = now;
        }
    }
}
