//! Clients that misbehave: garbage, vanishing in the middle, bodies without end, heads that take for ever.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use super::{Phase, Stage};
use crate::numbers::Numbers;

/// Time between two hostile requests.
const PAUSE: Duration = Duration::from_millis(5);

/// Time a hostile client waits for its answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Time between two bytes of a slow connection.
const DRIP: Duration = Duration::from_millis(500);

/// Statuses the table of faults knows.
const KNOWN: [u16; 14] = [200, 202, 204, 400, 401, 403, 404, 405, 406, 408, 413, 415, 431, 429];

/// Refusals of a service that is asked for too much.
const BUSY: u16 = 503;

/// What hostile clients sent and got.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) sent: u64,
    /// What came back that the table does not know.
    pub(crate) odd: BTreeMap<String, u64>,
}

const HEAD: &str = "Host: localhost\r\nContent-Type: application/json\r\n";

/// Whole requests, each wrong in its own way.
fn garbage(numbers: &mut Numbers) -> Vec<u8> {
    let post = |head: &str, body: &str| {
        format!("POST / HTTP/1.1\r\n{head}Connection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    };
    let deep = "[".repeat(10_000);
    let batch = format!("[{}]", vec!["1"; 5_000].join(","));
    let bodies: [&str; 12] = [
        "",
        "nonsense",
        "{",
        "[]",
        "[1,2,3]",
        "null",
        "\"\\ud800\"",
        "{\"id\":1,\"id\":2}",
        r#"{"jsonrpc":"2.0","method":"nope","id":1}"#,
        r#"{"jsonrpc":"2.0","method":"queryAgents","params":{"limit":-1},"id":1e400}"#,
        &deep,
        &batch,
    ];
    let text = match numbers.below(8) {
        0 => post("Host: attacker.com\r\nContent-Type: application/json\r\n", "{}"),
        1 => post("Host: localhost\r\nContent-Type: text/plain\r\n", "{}"),
        2 => format!("POST / HTTP/1.1\r\n{HEAD}Content-Length: 104857600\r\nConnection: close\r\n\r\n"),
        3 => format!("POST / HTTP/1.1\r\n{HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}"),
        4 => "\u{1}\u{2}\u{3} not http at all\r\n\r\n".to_owned(),
        5 => format!(
            "DELETE /{} HTTP/1.1\r\n{HEAD}Connection: close\r\n\r\n",
            "a".repeat(numbers.below(3_000))
        ),
        _ => post(HEAD, numbers.one_of::<&str>(&bodies)),
    };
    text.into_bytes()
}

/// Sends what is wrong, waits for the answer to most of it, and vanishes from the rest.
pub(super) fn until_the_end(port: u16, stage: &Stage) -> Tally {
    let mut tally = Tally::default();
    let mut numbers = Numbers::of(0x0bad_beef);
    while !stage.is(Phase::End) {
        std::thread::sleep(PAUSE);
        if !(stage.is(Phase::Storm) || stage.is(Phase::WarmUp)) {
            continue;
        }
        let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else {
            *tally.odd.entry("not connected".into()).or_default() += 1;
            continue;
        };
        let request = garbage(&mut numbers);
        tally.sent += 1;
        // A service that refuses early closes early: what it said before is still there to read.
        let _ = stream.write_all(&request);
        if numbers.percent(30) {
            continue;
        }
        if let Err(odd) = answered(&mut stream) {
            *tally.odd.entry(odd).or_default() += 1;
        }
    }
    tally
}

/// Reads an answer to its end; what the table does not know is an error.
fn answered(stream: &mut TcpStream) -> Result<(), String> {
    let mut bytes = Vec::new();
    stream.set_read_timeout(Some(PATIENCE)).map_err(|error| error.kind().to_string())?;
    // A reset after the answer loses nothing of it that matters here.
    let _ = stream.take(1 << 20).read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let Some(status) = text.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse::<u16>().ok())
    else {
        // Closed without a word: the table allows that for what is no HTTP.
        return if bytes.is_empty() { Ok(()) } else { Err("no HTTP".into()) };
    };
    if KNOWN.contains(&status) || status == BUSY { Ok(()) } else { Err(format!("status {status}")) }
}

/// Keeps many connections that send a byte now and then; those the service closes are opened anew.
pub(super) fn slow_until_the_end(port: u16, count: usize, stage: &Stage) {
    let head = format!("POST / HTTP/1.1\r\n{HEAD}Content-Length: 1000\r\nX-Slow: {}", "z".repeat(200));
    let mut open: Vec<(TcpStream, usize)> = Vec::new();
    while !stage.is(Phase::End) {
        if stage.is(Phase::Quiet) {
            open.clear();
        } else {
            while open.len() < count {
                let Ok(stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { break };
                open.push((stream, 0));
            }
            open.retain_mut(|(stream, at)| {
                *at += 1;
                let byte = head.as_bytes().get(*at - 1..*at).unwrap_or(b"z");
                stream.write_all(byte).is_ok()
            });
        }
        std::thread::sleep(DRIP);
    }
}
