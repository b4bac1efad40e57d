//! The short way of a tool call.
//!
//! The library serves every HTTP request as a conversation of its own, with several tasks and a tree of values for
//! each answer, which takes four times what the call does. A call that is well-formed in every respect is therefore
//! answered here, in either era, with the same bytes in fewer steps. Whatever is unusual about a request, however
//! slightly, makes it nobody's business here: the library has the last word on what is wrong and how to say so.

use std::borrow::Cow;

use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, HeaderValue};
use rmcp::model::{ClientCapabilities, JsonObject, RequestId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::tools::Called;
use crate::server::rpc::write_result;
use crate::telemetry::ledger::ClientName;

const NEWER_ERA: &str = "2026-07-28";
const OLDER_ERA: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];
const METHOD: &str = "tools/call";

/// A well-formed call of a tool.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) id: &'a RawValue,
    pub(super) name: Cow<'a, str>,
    pub(super) arguments: JsonObject,
    /// The session of the older era, which must exist; none in the newer.
    pub(super) session: Option<&'a str>,
    /// What the client says it is; in the older era that was said when the session began.
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

/// The call in a request, if it is one and all about it is as it should be.
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

/// Something of a header is unusual: it is given several times, or is no text.
struct Unusual;

/// A header's value, if it has one.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Unusual> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(HeaderValue::to_str).transpose().map_err(|_| Unusual)?;
    if values.next().is_some() { Err(Unusual) } else { Ok(first) }
}

/// Whether the client says plainly that it takes JSON and event streams, as both eras ask of it.
fn takes_both(headers: &HeaderMap) -> bool {
    let Ok(Some(accept)) = one(headers, ACCEPT.as_str()) else { return false };
    let mut ranges = accept.split(',').map(str::trim);
    let (json, stream) = ("application/json", "text/event-stream");
    ranges.clone().any(|range| range == json) && ranges.any(|range| range == stream)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    result_type: Option<&'static str>,
    content: [Content<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    structured_content: Option<&'a RawValue>,
    is_error: bool,
}

#[derive(Serialize)]
struct Content<'a> {
    r#type: &'static str,
    text: &'a str,
}

/// The bytes that answer a call.
///
/// # Errors
/// Never for what was written by us.
pub(super) fn write(call: &Call<'_>, called: &Called) -> serde_json::Result<Vec<u8>> {
    let structured_content = called.structured.as_deref();
    let result = Outcome {
        result_type: call.session.is_none().then_some("complete"),
        content: [Content { r#type: "text", text: &called.text }],
        structured_content,
        is_error: called.is_error(),
    };
    // Some of a text's characters are escaped.
    let size = called.text.len() * 9 / 8 + structured_content.map_or(0, |json| json.get().len());
    write_result(&result, size, Some(call.id))
}
