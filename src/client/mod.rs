//! Asking a running instance, from another process on the same machine.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// Bytes of an answer that are read: the largest definition has 0.3 MB, a whole batch of them stays below.
const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// A connection-less client of one port on the loopback interface.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    port: u16,
    timeout: Duration,
}

/// Why there is no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error("nothing listens on port {0}")]
    Refused(u16),
    /// It took too long.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// Something listens that does not speak as an Adjutant does.
    #[error("what listens there is not an Adjutant: {0}")]
    Stranger(String),
}

/// An answer: its HTTP status and its JSON.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
}

impl Client {
    /// A client of that port; every request has `timeout` in all.
    pub fn new(port: u16, timeout: Duration) -> Self {
        Client { port, timeout }
    }

    /// `GET path`.
    pub async fn get(&self, path: &str) -> Result<Reply, ClientError> {
        self.request(Method::GET, path, Bytes::new()).await
    }

    /// `POST path` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Reply, ClientError> {
        self.request(Method::POST, path, body.to_string().into()).await
    }

    /// A JSON-RPC call; the reply's body is the response object.
    pub async fn call(&self, method: &str, params: &Value) -> Result<Reply, ClientError> {
        let call = serde_json::json!({ "jsonrpc": "2.0", "method": method, "params": params, "id": 1 });
        self.post("/", &call).await
    }

    async fn request(&self, method: Method, path: &str, body: Bytes) -> Result<Reply, ClientError> {
        let exchange = self.exchange(method, path, body);
        tokio::time::timeout(self.timeout, exchange).await.unwrap_or(Err(ClientError::Timeout(self.timeout)))
    }

    async fn exchange(&self, method: Method, path: &str, body: Bytes) -> Result<Reply, ClientError> {
        let stranger = |error: &dyn std::fmt::Display| ClientError::Stranger(error.to_string());
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let stream = TcpStream::connect(address).await.map_err(|_| ClientError::Refused(self.port))?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| stranger(&error))?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, format!("127.0.0.1:{}", self.port))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|error| stranger(&error))?;
        let answered = async {
            let response = sender.send_request(request).await.map_err(|error| stranger(&error))?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
            let body = body.map_err(|error| stranger(&error))?.to_bytes();
            let body = serde_json::from_slice(&body)
                .map_err(|_| ClientError::Stranger(format!("its answer to {path} is not JSON")))?;
            Ok(Reply { status, body })
        };
        tokio::pin!(answered);
        tokio::select! {
            reply = &mut answered => reply,
            ended = connection => match ended {
                // The peer closed after its answer, which is then complete.
                Ok(()) => answered.await,
                Err(error) => Err(stranger(&error)),
            },
        }
    }
}
