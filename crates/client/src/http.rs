//! One request to a running instance, over HTTP on the loopback interface.

use std::error::Error;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1::{Connection, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::http::request::Builder;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// Bytes of an answer that are read: the largest definition has 0.3 MB, a whole batch of them stays below.
const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// Bytes of one line of an event stream: a notification has some 200.
const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// A connection-less client of one port on the loopback interface.
#[derive(Debug, Clone)]
pub struct Client {
    port: u16,
    timeout: Duration,
    /// Marked as secret, so that nothing prints it.
    token: Option<Arc<HeaderValue>>,
}

/// Why there is no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nothing listens.
    #[error("nothing listens on port {0}")]
    Refused(u16),
    /// This process could not open a connection, for lack of descriptors, memory or ports; whether something listens is
    /// unknown.
    #[error("no connection to port {port} could be opened: {cause}")]
    NotConnected {
        /// The port.
        port: u16,
        /// Why.
        cause: String,
    },
    /// It took too long.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The connection broke before the whole answer was there.
    #[error("the connection broke before the whole answer came: {0}")]
    Broken(String),
    /// Something listens that does not speak as an Adjutant does: its answer is complete and no Adjutant's, or not HTTP.
    #[error("what listens there is not an Adjutant: {0}")]
    Foreign(String),
    /// It refused to open a stream of events.
    #[error("it answered with status {0}")]
    Status(u16),
}

/// What a failed exchange says about the peer, and about what became of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Nothing listens: nothing was asked of anybody.
    Away,
    /// Nothing was sent, for a reason of this process; the peer may well be there.
    NotSent,
    /// The peer was reached and no answer came back: the request may have been carried out.
    OutcomeUnknown,
    /// Another program listens.
    Foreign,
    /// The peer refused.
    Refused,
}

impl ClientError {
    /// The one table of what each failure means.
    pub fn kind(&self) -> FailureKind {
        match self {
            ClientError::Refused(_) => FailureKind::Away,
            ClientError::NotConnected { .. } => FailureKind::NotSent,
            ClientError::Timeout(_) | ClientError::Broken(_) => FailureKind::OutcomeUnknown,
            ClientError::Foreign(_) => FailureKind::Foreign,
            ClientError::Status(_) => FailureKind::Refused,
        }
    }
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
        Client { port, timeout, token: None }
    }

    /// The same, with another time in all.
    #[must_use]
    pub fn within(self, timeout: Duration) -> Self {
        Client { timeout, ..self }
    }

    /// The same with a bearer token. It is sent to whatever listens on the port: be sure that is the project's instance.
    #[must_use]
    pub fn with_token(self, token: Option<&str>) -> Self {
        let bearer = token.and_then(|token| HeaderValue::from_str(&format!("Bearer {token}")).ok());
        let secret = bearer.map(|mut bearer| {
            bearer.set_sensitive(true);
            Arc::new(bearer)
        });
        Client { token: secret, ..self }
    }

    /// `GET path`.
    pub async fn get(&self, path: &str) -> Result<Reply, ClientError> {
        self.timely(self.exchange(self.head(Method::GET, path, &[]), Bytes::new())).await
    }

    /// `POST path` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Reply, ClientError> {
        self.post_with(path, &[], body).await
    }

    /// `POST path` with a JSON body and further headers.
    pub async fn post_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Result<Reply, ClientError> {
        self.timely(self.exchange(self.head(Method::POST, path, headers), body.to_string().into())).await
    }

    /// `POST path` with a JSON body and further headers, where the answer is a stream of events that ends when
    /// the peer ends it. Each event's data is handed to `each` if it is JSON.
    pub async fn follow(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
        mut each: impl FnMut(&Value) + Send,
    ) -> Result<(), ClientError> {
        let request = self.head(Method::POST, path, headers);
        let request = self.with_body(request, body.to_string().into())?;
        let (mut sender, connection) = self.connect().await?;
        let reading = async {
            let response = sender.send_request(request).await.map_err(|error| failed(&error))?;
            if !response.status().is_success() {
                return Err(ClientError::Status(response.status().as_u16()));
            }
            let mut body = response.into_body();
            let mut waiting: Vec<u8> = Vec::new();
            while let Some(frame) = body.frame().await {
                let Ok(data) = frame.map_err(|error| failed(&error))?.into_data() else { continue };
                waiting.extend_from_slice(&data);
                while let Some(end) = waiting.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = waiting.drain(..=end).collect();
                    if let Some(event) = event_of(&line) {
                        each(&event);
                    }
                }
                if waiting.len() > MAX_EVENT_BYTES {
                    return Err(ClientError::Foreign("an event without end".to_owned()));
                }
            }
            Ok(())
        };
        tokio::pin!(reading);
        tokio::select! {
            read = &mut reading => read,
            ended = connection => ended.map_err(|error| failed(&error)),
        }
    }

    /// A JSON-RPC call; the reply's body is the response object.
    pub async fn call(&self, method: &str, params: &Value) -> Result<Reply, ClientError> {
        let call = serde_json::json!({ "jsonrpc": "2.0", "method": method, "params": params, "id": 1 });
        self.post("/", &call).await
    }

    async fn timely(
        &self,
        exchange: impl Future<Output = Result<Reply, ClientError>>,
    ) -> Result<Reply, ClientError> {
        tokio::time::timeout(self.timeout, exchange).await.unwrap_or(Err(ClientError::Timeout(self.timeout)))
    }

    /// The head of a request.
    fn head(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Builder {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, format!("127.0.0.1:{}", self.port))
            .header(USER_AGENT, concat!("adjutant/", env!("CARGO_PKG_VERSION")))
            .header(CONTENT_TYPE, "application/json");
        let request = match &self.token {
            Some(token) => request.header(AUTHORIZATION, &**token),
            None => request,
        };
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
    }

    async fn connect(&self) -> Result<(Sender, Connected), ClientError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let stream = TcpStream::connect(address).await.map_err(|error| connect_error(self.port, &error))?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        handshake.map_err(|error| failed(&error))
    }

    /// The whole request; a header that cannot be written is a fault of this process.
    fn with_body(&self, head: Builder, body: Bytes) -> Result<Request<Full<Bytes>>, ClientError> {
        let refused = |error: hyper::http::Error| ClientError::NotConnected {
            port: self.port,
            cause: error.to_string(),
        };
        head.body(Full::new(body)).map_err(refused)
    }

    async fn exchange(&self, request: Builder, body: Bytes) -> Result<Reply, ClientError> {
        let request = self.with_body(request, body)?;
        let path = request.uri().path().to_owned();
        let (mut sender, connection) = self.connect().await?;
        let answered = async {
            let response = sender.send_request(request).await.map_err(|error| failed(&error))?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
            let body = body.map_err(|error| failed(&*error))?.to_bytes();
            let body = serde_json::from_slice(&body)
                .map_err(|_| ClientError::Foreign(format!("its answer to {path} is not JSON")))?;
            Ok(Reply { status, body })
        };
        tokio::pin!(answered);
        tokio::select! {
            reply = &mut answered => reply,
            ended = connection => match ended {
                // The peer closed after its answer, which is then complete.
                Ok(()) => answered.await,
                Err(error) => Err(failed(&error)),
            },
        }
    }
}

type Sender = SendRequest<Full<Bytes>>;
type Connected = Connection<TokioIo<TcpStream>, Full<Bytes>>;

/// The meaning of an exchange that failed once there was a connection. Only bytes that are not HTTP, or more of them than
/// any answer has, prove another program; a connection that breaks proves nothing.
fn failed(error: &(dyn Error + 'static)) -> ClientError {
    let mut causes = std::iter::successors(Some(error), |cause| (**cause).source());
    if causes.any(|cause| cause.is::<LengthLimitError>() || cause.downcast_ref().is_some_and(is_no_http)) {
        return ClientError::Foreign(error.to_string());
    }
    ClientError::Broken(error.to_string())
}

/// Whether bytes came that are no answer: malformed ones, or any before the question.
fn is_no_http(error: &hyper::Error) -> bool {
    let is_of_the_connection = error.source().is_some()
        || error.is_canceled()
        || error.is_closed()
        || error.is_incomplete_message()
        || error.is_body_write_aborted()
        || error.is_user()
        || error.is_shutdown()
        || error.is_timeout();
    error.is_parse() || !is_of_the_connection
}

/// The meaning of a failed connection attempt: only a refused one means that nothing listens.
fn connect_error(port: u16, error: &std::io::Error) -> ClientError {
    match error.kind() {
        ErrorKind::ConnectionRefused => ClientError::Refused(port),
        _ => ClientError::NotConnected { port, cause: error.to_string() },
    }
}

/// The JSON of a `data:` line of an event stream.
fn event_of(line: &[u8]) -> Option<Value> {
    serde_json::from_slice(line.strip_prefix(b"data:")?).ok()
}

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    use super::{Client, ClientError, FailureKind, MAX_ANSWER_BYTES, connect_error};

    #[test]
    fn only_a_refused_connection_means_that_nothing_listens() {
        let refused = io::Error::from(ErrorKind::ConnectionRefused);
        assert!(matches!(connect_error(3700, &refused), ClientError::Refused(3700)));
        // EMFILE, ENFILE, ENOMEM, EADDRNOTAVAIL as Linux numbers them.
        for number in [24, 23, 12, 99] {
            let error = connect_error(3700, &io::Error::from_raw_os_error(number));
            assert_eq!(error.kind(), FailureKind::NotSent, "{number}: {error}");
        }
    }

    /// The failure of a request to a server that treats its one connection so, and then closes it.
    async fn failure(treat: impl FnOnce(&mut TcpStream) + Send + 'static) -> ClientError {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || treat(&mut listener.accept().unwrap().0));
        let failed = Client::new(port, Duration::from_secs(20)).get("/health").await.unwrap_err();
        server.join().unwrap();
        failed
    }

    fn read_request(stream: &mut TcpStream) {
        // Nothing where the client has hung up already.
        let _ = stream.read(&mut [0; 4096]);
    }

    async fn failure_after(answer: impl Into<Vec<u8>>) -> ClientError {
        let answer = answer.into();
        failure(move |stream| {
            read_request(stream);
            // The client may have read enough and hung up.
            let _ = stream.write_all(&answer);
        })
        .await
    }

    #[tokio::test]
    async fn a_connection_that_breaks_proves_no_other_program() {
        let cut = [
            "",
            "HTTP/1.1 200",
            "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"status\"",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10\r\n{",
        ];
        for answer in cut {
            let error = failure_after(answer).await;
            assert_eq!(error.kind(), FailureKind::OutcomeUnknown, "{answer:?}: {error}");
        }
        // Closed before the request was read, which resets the connection.
        let error = failure(|_| {}).await;
        assert_eq!(error.kind(), FailureKind::OutcomeUnknown, "{error}");
    }

    #[tokio::test]
    async fn an_answer_that_is_not_http_or_not_json_is_another_programs() {
        let answers = [
            "SSH-2.0-OpenSSH_9.6\r\n",
            "\u{1}\u{2}garbage\r\n\r\n",
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<html>",
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
        ];
        for answer in answers {
            let error = failure_after(answer).await;
            assert_eq!(error.kind(), FailureKind::Foreign, "{answer:?}: {error}");
        }
        let mut endless = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
        endless.resize(MAX_ANSWER_BYTES + 4096, b' ');
        let error = failure_after(endless).await;
        assert_eq!(error.kind(), FailureKind::Foreign, "{error}");
        // Some servers speak first.
        let error = failure(|stream| {
            stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n").unwrap();
            read_request(stream);
        })
        .await;
        assert_eq!(error.kind(), FailureKind::Foreign, "{error}");
    }
}
