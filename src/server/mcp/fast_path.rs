//! The fast path of a tool call that only reads.
//!
//! The library serves every HTTP request as a conversation of its own, with several tasks and a tree of values for each
//! answer, which takes four times as long as the call. A call of a local, read-only tool that is well-formed in every
//! respect is therefore served here, in either era, with the same message in fewer steps; a test compares the two paths. A
//! request that is unusual in any respect takes the full path: the library decides what is wrong and how to report it.

use std::borrow::Cow;

use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, HeaderValue};
use rmcp::model::{ClientCapabilities, JsonObject, RequestId};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::tools::Called;
use crate::telemetry::token_usage::ClientName;

const NEWER_ERA: &str = "2026-07-28";
const OLDER_ERA: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];
const METHOD: &str = "tools/call";

/// Bytes of a response around its text, with room for an id.
const AROUND: usize = 192;

/// A well-formed call of a tool.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) id: &'a RawValue,
    pub(super) name: Cow<'a, str>,
    pub(super) arguments: JsonObject,
    /// The session in the older era, which must exist; none in the newer.
    pub(super) session: Option<&'a str>,
    /// The client's name; in the older era the session has it.
    pub(super) client: Option<ClientName>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message<'a> {
    #[serde(borrow)]
    jsonrpc: Cow<'a, str>,
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    params: Params<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(default)]
    arguments: JsonObject,
    #[serde(borrow, rename = "_meta", default)]
    meta: Meta<'a>,
}

#[derive(Default, Deserialize)]
struct Meta<'a> {
    #[serde(borrow, rename = "io.modelcontextprotocol/protocolVersion")]
    version: Option<Cow<'a, str>>,
    #[serde(rename = "io.modelcontextprotocol/clientCapabilities")]
    capabilities: Option<ClientCapabilities>,
    #[serde(borrow, rename = "io.modelcontextprotocol/clientInfo")]
    client: Option<ClientInfo<'a>>,
}

#[derive(Deserialize)]
struct ClientInfo<'a> {
    #[serde(borrow, default)]
    name: Cow<'a, str>,
}

/// The call in a request, if it is one and nothing about it is unusual.
pub(super) fn read<'a>(headers: &'a HeaderMap, body: &'a [u8]) -> Option<Call<'a>> {
    if !takes_both(headers) {
        return None;
    }
    let Message { jsonrpc, id, method, params } = serde_json::from_slice(body).ok()?;
    let Params { name, arguments, meta } = params;
    if jsonrpc != "2.0" || method != METHOD || serde_json::from_str::<RequestId>(id.get()).is_err() {
        return None;
    }
    let session = match one(headers, "mcp-protocol-version").ok()? {
        Some(NEWER_ERA) => {
            let is_whole = meta.version.as_deref() == Some(NEWER_ERA)
                && meta.capabilities.is_some()
                && one(headers, "mcp-method").ok()? == Some(METHOD)
                && one(headers, "mcp-name").ok()? == Some(&*name);
            if !is_whole {
                return None;
            }
            None
        }
        version => {
            if version.is_some_and(|version| !OLDER_ERA.contains(&version)) || meta.version.is_some() {
                return None;
            }
            Some(one(headers, "mcp-session-id").ok()??)
        }
    };
    let client = meta.client.map(|client| ClientName::new(&client.name));
    Some(Call { id, name, arguments, session, client })
}

/// A header is unusual: it is repeated, or is not text.
struct Unusual;

/// A header's value, if it has one.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Unusual> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(HeaderValue::to_str).transpose().map_err(|_| Unusual)?;
    if values.next().is_some() { Err(Unusual) } else { Ok(first) }
}

/// Whether `Accept` lists JSON and event streams without parameters, as both eras require.
fn takes_both(headers: &HeaderMap) -> bool {
    let Ok(Some(accept)) = one(headers, ACCEPT.as_str()) else { return false };
    let mut ranges = accept.split(',').map(str::trim);
    let (json, stream) = ("application/json", "text/event-stream");
    ranges.clone().any(|range| range == json) && ranges.any(|range| range == stream)
}

/// The response to a call, in bytes.
///
/// # Errors
/// Never for what was written by us.
pub(super) fn write(call: &Call<'_>, called: &Called) -> serde_json::Result<Vec<u8>> {
    // Some of a text's characters are escaped.
    let mut bytes = Vec::with_capacity(called.text.len() * 9 / 8 + AROUND);
    bytes.extend_from_slice(br#"{"jsonrpc":"2.0","result":{"#);
    if call.session.is_none() {
        bytes.extend_from_slice(br#""resultType":"complete","#);
    }
    bytes.extend_from_slice(br#""content":[{"type":"text","text":"#);
    serde_json::to_writer(&mut bytes, &called.text)?;
    let is_error: &[u8] = if called.is_error { b"true" } else { b"false" };
    bytes.extend_from_slice(br#"}],"isError":"#);
    bytes.extend_from_slice(is_error);
    bytes.extend_from_slice(br#"},"id":"#);
    bytes.extend_from_slice(call.id.get().as_bytes());
    bytes.push(b'}');
    Ok(bytes)
}
