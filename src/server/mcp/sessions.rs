//! The sessions of the older era, bounded: beyond the most there may be, the one that was idle longest goes.
//!
//! A session that is gone answers 404, upon which a client starts a new one, as the protocol asks of it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::Stream;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::common::server_side_http::{ServerSseMessage, SessionId};
use rmcp::transport::streamable_http_server::session::SessionManager;
use rmcp::transport::streamable_http_server::session::local::{
    LocalSessionManager, LocalSessionManagerError,
};

/// Sessions at once. Each costs some 30 KB and two tasks; few users run ten.
pub(super) const MAX_SESSIONS: usize = 256;

/// Time after which a session that was not used ends: a working day, since a client left open overnight should
/// not find its session gone after lunch.
const IDLE: Duration = Duration::from_hours(8);

/// Bounded sessions.
#[derive(Debug)]
pub(super) struct Sessions {
    inner: LocalSessionManager,
    /// When each was used last.
    used: Mutex<HashMap<SessionId, Instant>>,
}

impl Default for Sessions {
    fn default() -> Self {
        let mut inner = LocalSessionManager::default();
        inner.session_config.keep_alive = Some(IDLE);
        // A request is answered at once or not at all: there is nothing to resume.
        inner.session_config.sse_retry = None;
        inner.session_config.completed_cache_ttl = Duration::ZERO;
        Sessions { inner, used: Mutex::default() }
    }
}

impl Sessions {
    fn used(&self) -> MutexGuard<'_, HashMap<SessionId, Instant>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session that has to go before another may come.
    fn surplus(&self) -> Option<SessionId> {
        let mut used = self.used();
        if used.len() < MAX_SESSIONS {
            return None;
        }
        let oldest = used.iter().min_by_key(|(_, at)| **at).map(|(id, _)| id.clone())?;
        used.remove(&oldest);
        Some(oldest)
    }
}

impl SessionManager for Sessions {
    type Error = LocalSessionManagerError;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        if let Some(oldest) = self.surplus() {
            tracing::info!("a session that was idle ends, since there are too many");
            self.inner.close_session(&oldest).await?;
        }
        let created = self.inner.create_session().await?;
        self.used().insert(created.0.clone(), Instant::now());
        Ok(created)
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Self::Error> {
        self.inner.initialize_session(id, message).await
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        if let Some(at) = self.used().get_mut(id) {
            *at = Instant::now();
        }
        self.inner.has_session(id).await
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), Self::Error> {
        self.used().remove(id);
        self.inner.close_session(id).await
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        self.inner.create_stream(id, message).await
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Result<(), Self::Error> {
        self.inner.accept_message(id, message).await
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        self.inner.create_standalone_stream(id).await
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        self.inner.resume(id, last_event_id).await
    }
}
