//! The sessions of the older era, limited in number: at the limit, a new one evicts the least recently used.
//!
//! An evicted session answers 404, upon which a client starts a new one, as the protocol requires.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt};
use rmcp::model::{ClientJsonRpcMessage, ClientRequest, RequestId, ServerJsonRpcMessage};
use rmcp::transport::common::server_side_http::{ServerSseMessage, SessionId};
use rmcp::transport::streamable_http_server::session::SessionManager;
use rmcp::transport::streamable_http_server::session::local::{
    LocalSessionManager, LocalSessionManagerError, SessionError,
};
use tokio::sync::Notify;

use crate::telemetry::token_usage::ClientName;

/// Sessions at once. Each takes some 30 KB and two tasks; few users run ten.
pub const MAX_SESSIONS: usize = 256;

/// Idle time after which a session ends: a working day.
const IDLE: Duration = Duration::from_hours(8);

/// Time a request waits for another one with the same id in the same session: responses take a thousandth of it.
const DUPLICATE_ID_TIMEOUT: Duration = Duration::from_secs(5);

/// Bounded sessions.
#[derive(Debug)]
pub(super) struct Sessions {
    inner: LocalSessionManager,
    used: Mutex<HashMap<SessionId, Use>>,
    asked: InFlight,
}

/// Of one session.
#[derive(Debug)]
struct Use {
    last: Instant,
    /// The client's name.
    client: ClientName,
}

/// The requests in flight. Within a session the library distinguishes them by id alone, so of two clients that share a
/// session one would get the other's response if both ran at once.
#[derive(Debug, Clone, Default)]
struct InFlight {
    requests: Arc<Mutex<HashSet<(SessionId, RequestId)>>>,
    changed: Arc<Notify>,
}

/// One request in flight, removed when this is dropped.
struct InFlightRequest {
    asked: InFlight,
    request: (SessionId, RequestId),
}

impl InFlight {
    fn requests(&self) -> MutexGuard<'_, HashSet<(SessionId, RequestId)>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers the request, once no other one with its id is in flight.
    async fn place(&self, request: (SessionId, RequestId)) -> InFlightRequest {
        loop {
            let changed = self.changed.notified();
            if self.requests().insert(request.clone()) {
                return InFlightRequest { asked: self.clone(), request };
            }
            changed.await;
        }
    }
}

impl Drop for InFlightRequest {
    fn drop(&mut self) {
        self.asked.requests().remove(&self.request);
        self.asked.changed.notify_waiters();
    }
}

impl Default for Sessions {
    fn default() -> Self {
        let mut inner = LocalSessionManager::default();
        inner.session_config.keep_alive = Some(IDLE);
        // Requests are answered at once: there is nothing to resume.
        inner.session_config.sse_retry = None;
        inner.session_config.completed_cache_ttl = Duration::ZERO;
        Sessions { inner, used: Mutex::default(), asked: InFlight::default() }
    }
}

impl Sessions {
    fn used(&self) -> MutexGuard<'_, HashMap<SessionId, Use>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name of the session's client.
    pub(super) fn client_of(&self, id: &SessionId) -> Option<ClientName> {
        self.used().get(id).map(|used| used.client.clone())
    }

    /// The session to close before another may open.
    fn evict_oldest(&self) -> Option<SessionId> {
        let mut used = self.used();
        if used.len() < MAX_SESSIONS {
            return None;
        }
        let oldest = used.iter().min_by_key(|(_, used)| used.last).map(|(id, _)| id.clone())?;
        used.remove(&oldest);
        drop(used);
        Some(oldest)
    }
}

impl SessionManager for Sessions {
    type Error = LocalSessionManagerError;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        if let Some(oldest) = self.evict_oldest() {
            tracing::info!("a session that was idle ends, since there are too many");
            self.inner.close_session(&oldest).await?;
        }
        let created = self.inner.create_session().await?;
        self.used().insert(created.0.clone(), Use { last: Instant::now(), client: ClientName::default() });
        Ok(created)
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Self::Error> {
        if let ClientJsonRpcMessage::Request(request) = &message
            && let ClientRequest::InitializeRequest(opening) = &request.request
            && let Some(used) = self.used().get_mut(id)
        {
            used.client = ClientName::new(&opening.params.client_info.name);
        }
        self.inner.initialize_session(id, message).await
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        if let Some(used) = self.used().get_mut(id) {
            used.last = Instant::now();
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
        let mut place = None;
        if let ClientJsonRpcMessage::Request(request) = &message {
            let free = self.asked.place((id.clone(), request.id.clone()));
            let granted = tokio::time::timeout(DUPLICATE_ID_TIMEOUT, free).await;
            let late = |_| SessionError::Io(io::Error::other("another request has this id"));
            place = Some(granted.map_err(late)?);
        }
        let events = self.inner.create_stream(id, message).await?;
        Ok(events.inspect(move |event| {
            // A client that has its response may reuse the id before the stream has ended.
            if let Some(ServerJsonRpcMessage::Response(_) | ServerJsonRpcMessage::Error(_)) =
                event.message.as_deref()
            {
                place.take();
            }
        }))
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
