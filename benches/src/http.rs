//! A client that costs little and the same on both sides: requests made beforehand, one socket, no runtime.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// Time an answer may take before the run fails: far beyond anything that is measured.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes of the first buffer: nearly every answer fits.
const BUFFER_BYTES: usize = 64 * 1024;

/// Bytes of an answer at most: the largest, a whole definition, has some 100 KB.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// A request as it goes over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    bytes: Vec<u8>,
    body_at: usize,
}

impl Request {
    /// `POST /` with a JSON body.
    pub(crate) fn post(body: &str) -> Request {
        Request::post_to("/", &[], body)
    }

    /// `POST` of a JSON body to a path, with further headers. The host is the same for all servers, so that all get
    /// the same bytes.
    pub(crate) fn post_to(path: &str, headers: &[(&str, &str)], body: &str) -> Request {
        let length = body.len();
        let further =
            headers.iter().fold(String::new(), |all, (name, value)| all + name + ": " + value + "\r\n");
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{further}Content-Length: {length}\r\n\r\n"
        );
        Request { body_at: head.len(), bytes: (head + body).into_bytes() }
    }

    /// `GET` of a path.
    pub(crate) fn get(path: &str) -> Request {
        let bytes = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes();
        Request { body_at: bytes.len(), bytes }
    }

    /// The body.
    pub(crate) fn body(&self) -> &[u8] {
        &self.bytes[self.body_at..]
    }
}

/// An answer in its connection's buffer.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

/// One keep-alive connection to a loopback port.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub(crate) fn open(port: u16) -> io::Result<Connection> {
        Connection::open_patient(port, PATIENCE)
    }

    /// Connects, for answers that may take so long.
    pub(crate) fn open_patient(port: u16, patience: Duration) -> io::Result<Connection> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        Ok(Connection { stream, buffer: vec![0; BUFFER_BYTES] })
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn exchange(&mut self, request: &Request) -> io::Result<Answer<'_>> {
        self.send(request)?;
        self.receive()
    }

    /// Sends a request; [`Connection::receive`] must follow before the next.
    pub(crate) fn send(&mut self, request: &Request) -> io::Result<()> {
        self.stream.write_all(&request.bytes)
    }

    /// Waits for the answer to what was sent.
    pub(crate) fn receive(&mut self) -> io::Result<Answer<'_>> {
        let mut filled = 0;
        let head = loop {
            filled += self.read_at(filled)?;
            if let Some(head) = Head::read(&self.buffer[..filled])? {
                break head;
            }
        };
        let end = head.bytes + head.content_length;
        while filled < end {
            filled += self.read_at(filled)?;
        }
        if filled > end {
            return Err(invalid("more came than one answer"));
        }
        Ok(Answer { status: head.status, body: &self.buffer[head.bytes..end] })
    }

    fn read_at(&mut self, filled: usize) -> io::Result<usize> {
        if filled == self.buffer.len() {
            if filled >= MAX_ANSWER_BYTES {
                return Err(invalid("the answer is too large"));
            }
            self.buffer.resize(filled * 2, 0);
        }
        match self.stream.read(&mut self.buffer[filled..])? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            count => Ok(count),
        }
    }
}

/// What the head of an answer says.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    bytes: usize,
    status: u16,
    content_length: usize,
}

impl Head {
    /// Reads the head that `bytes` begin with; `None` where it is not complete yet.
    fn read(bytes: &[u8]) -> io::Result<Option<Head>> {
        const END: &[u8] = b"\r\n\r\n";
        let Some(end) = bytes.windows(END.len()).position(|window| window == END) else { return Ok(None) };
        let text = std::str::from_utf8(&bytes[..end]).map_err(|_| invalid("the head is not text"))?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
        let content_length = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        match (status, content_length) {
            (Some(status), Some(content_length)) => {
                Ok(Some(Head { bytes: end + END.len(), status, content_length }))
            }
            _ => Err(invalid("the head has no status or no length")),
        }
    }
}

/// The value of a header in the answer to a request that asks for its connection to be closed.
pub(crate) fn header_of_answer(port: u16, request: &Request, name: &str) -> io::Result<Option<String>> {
    let mut connection = Connection::open(port)?;
    connection.send(request)?;
    let mut answer = Vec::new();
    connection.stream.read_to_end(&mut answer)?;
    let text = String::from_utf8_lossy(&answer);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let mut pairs = head.lines().filter_map(|line| line.split_once(':'));
    let value = pairs.find(|(key, _)| key.eq_ignore_ascii_case(name));
    Ok(value.map(|(_, value)| value.trim().to_owned()))
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::{Head, Request};

    #[test]
    fn heads_are_read_once_they_are_complete() {
        let whole = b"HTTP/1.1 404 Not Found\r\nDate: now\r\ncontent-LENGTH: 12\r\n\r\n{\"id\":1";
        let expected = Head { bytes: 57, status: 404, content_length: 12 };
        assert_eq!(Head::read(whole).unwrap(), Some(expected));
        assert_eq!(Head::read(&whole[..55]).unwrap(), None);
        assert!(Head::read(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(Head::read(b"SMTP\r\ncontent-length: 1\r\n\r\n").is_err());
    }

    #[test]
    fn a_request_knows_its_body() {
        assert_eq!(Request::post("{}").body(), b"{}");
        assert_eq!(Request::get("/health").body(), b"");
    }
}
