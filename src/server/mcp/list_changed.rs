//! What the server lists, condensed so that a change of it can be told from a re-index that changed nothing
//! a client has seen.

use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

use rmcp::service::{Peer, RoleServer, SubscriptionContext};
use serde::Serialize;
use tokio::sync::watch;

use super::{prompts, resources, tools};
use crate::app::App;

/// A mark of each list: equal marks mean equal lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) tools: u64,
    pub(super) prompts: u64,
    pub(super) resources: u64,
}

impl Listed {
    /// What `app` lists now.
    pub(super) fn of(app: &App) -> Self {
        let snapshot = app.snapshot();
        Listed {
            tools: mark(&tools::list(&snapshot)),
            prompts: mark(&prompts::list(&snapshot, app.config().command_prompts)),
            resources: mark(&resources::list(&snapshot)),
        }
    }
}

fn mark(list: &impl Serialize) -> u64 {
    let mut hasher = DefaultHasher::new();
    // Lists are plain data: writing them cannot fail.
    hasher.write(&serde_json::to_vec(list).unwrap_or_default());
    hasher.finish()
}

/// Where news of changed lists comes from.
#[derive(Debug)]
pub(super) enum Feed {
    /// This process's own index.
    Own { app: Arc<App>, generations: watch::Receiver<u64> },
    /// Another source, which sends marks.
    Relayed(watch::Receiver<Listed>),
}

impl Feed {
    /// The feed of an index in this process.
    pub(super) fn of(app: &Arc<App>) -> Self {
        Feed::Own { app: Arc::clone(app), generations: app.generations() }
    }

    fn current(&self) -> Listed {
        match self {
            Feed::Own { app, .. } => Listed::of(app),
            Feed::Relayed(marks) => *marks.borrow(),
        }
    }

    /// Waits for a change of what stands behind the lists; `false` once there will be none.
    async fn stirred(&mut self) -> bool {
        match self {
            Feed::Own { generations, .. } => generations.changed().await.is_ok(),
            Feed::Relayed(marks) => marks.changed().await.is_ok(),
        }
    }

    /// Tells a client of the older era, whose session it is, of each list that changes, until it is gone.
    pub(super) async fn tell_session(mut self, peer: Peer<RoleServer>) {
        let mut last = self.current();
        while self.stirred().await {
            let now = self.current();
            let told = async {
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
            if told.await.is_err() {
                return;
            }
            last = now;
        }
    }

    /// Tells a subscriber of the newer era of each list it asked about, until it is gone.
    pub(super) async fn tell_subscriber(mut self, subscription: &SubscriptionContext) {
        let mut last = self.current();
        let asked = subscription.accepted();
        let asked_for = |flag: Option<bool>| flag == Some(true);
        while self.stirred().await {
            let now = self.current();
            let sink = subscription.sink();
            let told = async {
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
            if told.await.is_err() {
                return;
            }
            last = now;
        }
    }
}
