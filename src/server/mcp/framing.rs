//! Framing of messages over standard input: a malformed line is answered with an error and does not end the session.
//!
//! The library skips what it cannot parse, so that its sender would wait for a response in vain.

use std::pin::Pin;

use rmcp::ErrorData;
use rmcp::model::ErrorCode;
use rmcp::service::{RoleServer, RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::{Receiver, Sender};

use crate::server::limits::MAX_BODY_BYTES;
use protocol::envelope::unreadable;

/// Errors that wait to be sent; at the limit, reading waits for a client that does not read them.
pub(super) const MAX_PENDING_ERRORS: usize = 16;

/// Forwards the lines of `input` that may be messages, each whole, until the input or the receiver ends; answers the others
/// with errors. No line is buffered beyond [`MAX_BODY_BYTES`].
pub(super) async fn split(
    mut input: impl AsyncBufRead + Unpin,
    mut messages: impl AsyncWrite + Unpin,
    refusals: Sender<ErrorData>,
) {
    let mut line = Vec::new();
    while let Ok(read) = next(&mut input, &mut line).await {
        let refusal = match read {
            Read::End => return,
            Read::TooLong => {
                let why = format!("Invalid Request: a line has more than {} MiB", MAX_BODY_BYTES >> 20);
                Some(ErrorData::invalid_request(why, None))
            }
            Read::Line if line.trim_ascii().is_empty() => continue,
            Read::Line => unreadable(without_mark(&line)).map(|why| {
                let data = serde_json::json!({ "reason": why });
                ErrorData::new(ErrorCode::PARSE_ERROR, "Parse error", Some(data))
            }),
        };
        let taken = match refusal {
            Some(refusal) => refusals.send(refusal).await.is_ok(),
            None => messages.write_all(&line).await.is_ok(),
        };
        if !taken {
            return;
        }
    }
}

/// What was read.
enum Read {
    /// A line, with its end.
    Line,
    /// One that was passed over.
    TooLong,
    End,
}

/// Reads one line into `line`. What follows the last line break is an incomplete message and is dropped.
async fn next(input: &mut (impl AsyncBufRead + Unpin), line: &mut Vec<u8>) -> std::io::Result<Read> {
    line.clear();
    let mut is_too_long = false;
    loop {
        let available = input.fill_buf().await?;
        if available.is_empty() {
            return Ok(Read::End);
        }
        let end = available.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
        let taken = end.unwrap_or(available.len());
        is_too_long |= line.len() + taken > MAX_BODY_BYTES + 1;
        if is_too_long {
            line.clear();
        } else {
            line.extend_from_slice(&available[..taken]);
        }
        input.consume(taken);
        if end.is_some() {
            return Ok(if is_too_long { Read::TooLong } else { Read::Line });
        }
    }
}

/// A line without its byte order mark, which the library accepts.
fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line)
}

type Sending<E> = Pin<Box<dyn Future<Output = Result<(), E>> + Send>>;

/// A transport that sends errors for malformed lines between the responses. `receive` is cancel-safe.
pub(super) struct ErrorReplies<T: Transport<RoleServer>> {
    inner: T,
    refusals: Receiver<ErrorData>,
    sending: Option<Sending<T::Error>>,
}

impl<T: Transport<RoleServer>> ErrorReplies<T> {
    pub(super) fn over(inner: T, refusals: Receiver<ErrorData>) -> Self {
        ErrorReplies { inner, refusals, sending: None }
    }
}

impl<T: Transport<RoleServer>> Transport<RoleServer> for ErrorReplies<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        self.inner.send(message)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            if let Some(sending) = &mut self.sending {
                // A client that has closed its input is noticed when its output is read.
                let _ = sending.await;
                self.sending = None;
            }
            tokio::select! {
                biased;
                Some(refusal) = self.refusals.recv() => {
                    let refusal = TxJsonRpcMessage::<RoleServer>::error(refusal, None);
                    self.sending = Some(Box::pin(self.inner.send(refusal)));
                }
                message = self.inner.receive() => return message,
            }
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::sync::mpsc::channel;

    use super::*;

    /// What is handed on, and the codes of what is refused.
    async fn sorted(input: &[u8]) -> (String, Vec<i32>) {
        let (messages, mut taken) = tokio::io::duplex(64);
        let (sender, mut refusals) = channel::<ErrorData>(1);
        let mut handed_on = String::new();
        let codes = async {
            let mut codes = Vec::new();
            while let Some(refusal) = refusals.recv().await {
                codes.push(refusal.code.0);
            }
            codes
        };
        let ((), read, codes) =
            tokio::join!(split(input, messages, sender), taken.read_to_string(&mut handed_on), codes);
        read.unwrap();
        (handed_on, codes)
    }

    #[tokio::test]
    async fn messages_pass_and_everything_else_is_refused() {
        let long = format!("\"{}\"\n", "x".repeat(MAX_BODY_BYTES));
        let longest = format!("\"{}\"\n", "x".repeat(MAX_BODY_BYTES - 2));
        let deep = format!("{}{}\n", "[".repeat(10_000), "]".repeat(10_000));
        let cases: [(&[u8], &str, &[i32]); 11] = [
            (b"{\"a\":1}\n", "{\"a\":1}\n", &[]),
            (b"{\"a\":1}\r\n\n \r\n7\n", "{\"a\":1}\r\n7\n", &[]),
            (b"\xEF\xBB\xBF{}\n", "\u{feff}{}\n", &[]),
            (b"{nonsense\n{}\n", "{}\n", &[-32700]),
            (b"\xff\n\x00\n{}\n", "{}\n", &[-32700, -32700]),
            (b"\"\\ud800\"\n", "", &[-32700]),
            (b"{} {}\n", "", &[-32700]),
            (b"{\"half\":", "", &[]),
            (long.as_bytes(), "", &[-32600]),
            (longest.as_bytes(), &longest, &[]),
            (deep.as_bytes(), "", &[-32700]),
        ];
        for (input, handed_on, codes) in cases {
            let shown = String::from_utf8_lossy(&input[..input.len().min(30)]).into_owned();
            let sorted = sorted(input).await;
            assert_eq!((sorted.0.as_str(), sorted.1.as_slice()), (handed_on, codes), "{shown}");
        }
    }
}
