//! The yardstick: plain axum in a process of its own, giving each request the bytes the product gave it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use crate::http::{Connection, Request};
use crate::load::Exchange;
use crate::process::{Process, Resident};

/// The answer to each request body.
type Answers = HashMap<Bytes, Bytes>;

/// A running echo server.
#[derive(Debug)]
pub(crate) struct Echo {
    process: Process,
    pub(crate) port: u16,
    /// From before the process was spawned to its first answer.
    pub(crate) started_in: Duration,
}

impl Echo {
    /// Starts this binary again as an echo server that knows these exchanges.
    pub(crate) fn start(exchanges: &[&[Exchange]]) -> anyhow::Result<Echo> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("echo").env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
        let began = Instant::now();
        let mut process = Process::start(&mut command)?;
        let mut input = process.child().stdin.take().context("no pipe to the echo server")?;
        let output = process.child().stdout.take().context("no pipe from the echo server")?;
        for exchange in exchanges.iter().copied().flatten() {
            write_part(&mut input, exchange.request.body())?;
            write_part(&mut input, &exchange.answer)?;
        }
        drop(input);
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let port = line.trim().parse().context("the echo server does not say its port")?;
        let answer = Connection::open(port)?.exchange(&Request::get("/health"))?.status;
        anyhow::ensure!(answer == 200, "the echo server answers {answer}");
        Ok(Echo { process, port, started_in: began.elapsed() })
    }

    /// Its resident memory, where the system says.
    pub(crate) fn resident(&self) -> Option<Resident> {
        self.process.resident()
    }
}

/// The echo server's whole life: exchanges from standard input, then the port to standard output.
pub(crate) fn serve() -> anyhow::Result<()> {
    let mut input = Vec::new();
    std::io::stdin().lock().read_to_end(&mut input)?;
    let answers = Arc::new(read_answers(input.into()).context("the exchanges cannot be read")?);
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        writeln!(std::io::stdout(), "{}", listener.local_addr()?.port())?;
        let router = Router::new()
            .route("/", post(answer))
            .route("/mcp", post(answer))
            .route("/health", get(|| async { "{}" }))
            .with_state(answers);
        let listener = listener.tap_io(|stream| {
            // Without it small answers wait for the client's delayed acknowledgement.
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, router).await?;
        anyhow::Ok(())
    })
}

async fn answer(State(answers): State<Arc<Answers>>, body: Bytes) -> Response {
    match answers.get(&body) {
        Some(answer) => ([(CONTENT_TYPE, "application/json")], answer.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Writes the length of `bytes` in four bytes, then `bytes`.
fn write_part(output: &mut impl Write, bytes: &[u8]) -> anyhow::Result<()> {
    output.write_all(&u32::try_from(bytes.len())?.to_be_bytes())?;
    Ok(output.write_all(bytes)?)
}

/// Reads pairs of parts; `None` where the input ends within one.
fn read_answers(mut input: Bytes) -> Option<Answers> {
    let mut answers = Answers::new();
    while !input.is_empty() {
        answers.insert(take_part(&mut input)?, take_part(&mut input)?);
    }
    Some(answers)
}

/// Takes the first part off `input`.
fn take_part(input: &mut Bytes) -> Option<Bytes> {
    let length = usize::try_from(u32::from_be_bytes(*input.first_chunk::<4>()?)).ok()?;
    (input.len() - 4 >= length).then(|| input.split_to(4 + length).slice(4..))
}

#[cfg(test)]
mod tests {
    use super::{read_answers, write_part};

    #[test]
    fn exchanges_survive_the_pipe() {
        let mut bytes = Vec::new();
        for part in ["a question", "its answer", "another", ""] {
            write_part(&mut bytes, part.as_bytes()).unwrap();
        }
        let answers = read_answers(bytes.clone().into()).unwrap();
        assert_eq!(answers.len(), 2);
        assert_eq!(answers["a question".as_bytes()], "its answer");
        assert_eq!(answers["another".as_bytes()], "");
        bytes.truncate(bytes.len() - 3);
        assert!(read_answers(bytes.into()).is_none());
        assert!(read_answers(Vec::new().into()).is_some_and(|answers| answers.is_empty()));
    }
}
