//! The JSON-RPC 2.0 envelope: bytes in, calls out.
//!
//! Reading is strict and bounded. Values that are only passed through (`params`, `id`) stay raw, so an id
//! comes back bit for bit: `1e400`, `9007199254740993` and `"\u00e9"` are echoed as they were written.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Calls a batch may hold: enough for any orchestrator's step, few enough to answer in one go.
pub const MAX_BATCH: usize = 64;

/// Nesting a message may have; the deepest legitimate one (a plan's `parallel_groups` in a batch) needs 6.
pub const MAX_DEPTH: usize = 64;

/// A message as it came, sorted into what can be answered.
#[derive(Debug)]
pub enum Message<'a> {
    /// One request object, or the reason why it is none.
    Single(Entry<'a>),
    /// Between 1 and [`MAX_BATCH`] entries, in the order they came.
    Batch(Vec<Entry<'a>>),
}

/// One element of a message.
pub type Entry<'a> = Result<Call<'a>, BadRequest<'a>>;

/// A well-formed request object.
#[derive(Debug)]
pub struct Call<'a> {
    /// The method's name.
    pub method: Cow<'a, str>,
    /// Absent and `null` are told apart: the first means no parameters, the second is wrong.
    pub params: Option<&'a RawValue>,
    /// Absent for a notification, which gets no answer.
    pub id: Option<&'a RawValue>,
}

/// Why an element is no request object, with the id it can be answered under.
#[derive(Debug)]
pub struct BadRequest<'a> {
    /// The id it is answered under, where it has a usable one.
    pub id: Option<&'a RawValue>,
    /// In a sentence.
    pub reason: &'static str,
}

/// Why bytes hold no message at all.
#[derive(Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Not JSON, not UTF-8, or nested too deeply: -32700.
    NotJson(&'static str),
    /// JSON, but an empty or an oversized batch: -32600.
    NotAMessage(&'static str),
}

/// Reads one message from a request body.
///
/// # Errors
/// [`Unreadable`] where the bytes hold no message at all; an element of a message that is no call is an entry of its own.
pub fn read(body: &[u8]) -> Result<Message<'_>, Unreadable> {
    let text = std::str::from_utf8(body).map_err(|_| Unreadable::NotJson("the body is not UTF-8"))?;
    check_shape(text)?;
    // A single call is read in one go; whatever is wrong with it is found out below.
    if text.starts_with('{')
        && let Ok(members) = serde_json::from_str(text)
    {
        return Ok(Message::Single(call(members)));
    }
    let raw: &RawValue =
        serde_json::from_str(text).map_err(|_| Unreadable::NotJson("the body is not valid JSON"))?;
    if !raw.get().starts_with('[') {
        return Ok(Message::Single(entry(raw)));
    }
    let elements: Vec<&RawValue> =
        serde_json::from_str(raw.get()).map_err(|_| Unreadable::NotJson("the body is not valid JSON"))?;
    match elements.len() {
        0 => Err(Unreadable::NotAMessage("a batch must hold at least one call")),
        1..=MAX_BATCH => Ok(Message::Batch(elements.into_iter().map(entry).collect())),
        _ => Err(Unreadable::NotAMessage("batch too large: 64 calls are the limit")),
    }
}

/// Why bytes are no JSON that may be a message; `None` where they are.
pub fn unreadable(body: &[u8]) -> Option<&'static str> {
    let Ok(text) = std::str::from_utf8(body) else { return Some("it is not UTF-8") };
    if let Err(Unreadable::NotJson(why) | Unreadable::NotAMessage(why)) = check_shape(text) {
        return Some(why);
    }
    serde_json::from_str::<IgnoredAny>(text).err().map(|_| "it is not valid JSON")
}

/// Refuses what a raw reading would let through: nesting beyond [`MAX_DEPTH`] and lone surrogates.
/// Everything else is left to the parser.
fn check_shape(text: &str) -> Result<(), Unreadable> {
    let bytes = text.as_bytes();
    // Nearly no message escapes anything or has as many brackets as it may be deep, which is quickly seen.
    let brackets: usize = bytes.iter().map(|byte| usize::from(matches!(byte, b'[' | b'{'))).sum();
    if brackets <= MAX_DEPTH && memchr::memchr(b'\\', bytes).is_none() {
        return Ok(());
    }
    let (mut depth, mut at) = (0_usize, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = end_of_string(bytes, at + 1)?,
            b'[' | b'{' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(Unreadable::NotJson("the body is nested too deeply"));
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// The index of the quote that ends the string starting at `at`, or the end of the text.
fn end_of_string(bytes: &[u8], mut at: usize) -> Result<usize, Unreadable> {
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return Ok(at),
            b'\\' => match surrogate(bytes, at) {
                None => at += 2,
                Some(Surrogate::Low) => return Err(Unreadable::NotJson("a string holds a lone surrogate")),
                Some(Surrogate::High) => match surrogate(bytes, at + 6) {
                    Some(Surrogate::Low) => at += 12,
                    _ => return Err(Unreadable::NotJson("a string holds a lone surrogate")),
                },
            },
            _ => at += 1,
        }
    }
    Ok(at)
}

enum Surrogate {
    High,
    Low,
}

/// Which half of a surrogate pair the escape at `at` writes, if it writes one.
fn surrogate(bytes: &[u8], at: usize) -> Option<Surrogate> {
    let escape = bytes.get(at..at + 6)?;
    let digits = escape.strip_prefix(b"\\u")?;
    let unit = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    match unit {
        0xD800..=0xDBFF => Some(Surrogate::High),
        0xDC00..=0xDFFF => Some(Surrogate::Low),
        _ => None,
    }
}

fn entry(raw: &RawValue) -> Entry<'_> {
    let refuse = |id, reason| Err(BadRequest { id, reason });
    if !raw.get().starts_with('{') {
        return refuse(None, "a request must be an object");
    }
    match serde_json::from_str(raw.get()) {
        Ok(members) => call(members),
        Err(_) => refuse(None, "the request object cannot be read"),
    }
}

/// The call that the members of a request object make.
fn call(Members { version, method, params, id, repeated }: Members<'_>) -> Entry<'_> {
    let refuse = |id, reason| Err(BadRequest { id, reason });
    let id_is_valid = id.is_none_or(|id| !id.get().starts_with(['{', '[', 't', 'f']));
    if !id_is_valid {
        return refuse(None, "id must be a string, a number or null");
    }
    if repeated {
        return refuse(None, "a member of the request object is repeated");
    }
    if version.is_none_or(|version| version.get() != r#""2.0""#) {
        return refuse(id, r#"jsonrpc must be "2.0""#);
    }
    let Some(Text(method)) = method.and_then(|raw| serde_json::from_str::<Text<'_>>(raw.get()).ok()) else {
        return refuse(id, "method must be a string");
    };
    if method.starts_with("rpc.") {
        return refuse(id, "method names that begin with rpc. are reserved");
    }
    if params.is_some_and(|params| !params.get().starts_with(['{', '['])) {
        return refuse(id, "params must be an object");
    }
    Ok(Call { method, params, id })
}

/// A string, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The members of a request object that matter, raw; `null` is kept apart from absent.
#[derive(Default)]
struct Members<'a> {
    version: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    params: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    repeated: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a request object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Members::default();
                while let Some(Text(key)) = map.next_key::<Text<'de>>()? {
                    let slot = match key.as_ref() {
                        "jsonrpc" => &mut members.version,
                        "method" => &mut members.method,
                        "params" => &mut members.params,
                        "id" => &mut members.id,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    members.repeated |= slot.replace(map.next_value::<&'de RawValue>()?).is_some();
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Read)
    }
}
