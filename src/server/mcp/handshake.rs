//! The opening of a conversation: what may come before the first request that counts is passed over.
//!
//! The library ends a conversation that begins with anything but a request. A stray notification or answer, from a
//! client that starts its servers anew and goes on talking, is no reason to.

use rmcp::model::{ClientJsonRpcMessage, ClientRequest, GetMeta};
use rmcp::service::{RoleServer, RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;

/// A transport that begins with a request.
pub(super) struct Handshake<T> {
    inner: T,
    is_open: bool,
}

impl<T> Handshake<T> {
    pub(super) fn of(inner: T) -> Self {
        Handshake { inner, is_open: false }
    }
}

/// Whether a message settles in which era the conversation goes on.
fn settles(message: &ClientJsonRpcMessage) -> bool {
    let ClientJsonRpcMessage::Request(request) = message else { return false };
    match &request.request {
        ClientRequest::InitializeRequest(_) => true,
        ClientRequest::DiscoverRequest(_) => false,
        other => other.get_meta().protocol_version().is_some(),
    }
}

impl<T: Transport<RoleServer>> Transport<RoleServer> for Handshake<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        self.inner.send(message)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            let message = self.inner.receive().await?;
            self.is_open |= settles(&message);
            if self.is_open || matches!(message, ClientJsonRpcMessage::Request(_)) {
                return Some(message);
            }
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}
