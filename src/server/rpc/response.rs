//! Results and errors as JSON-RPC responses, in bytes.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::app::operation::Output;

#[derive(Serialize)]
struct Failure<'a, T: Serialize> {
    jsonrpc: &'static str,
    error: &'a T,
    id: Option<&'a RawValue>,
}

/// Bytes of an envelope around a result, with room for an id.
const ENVELOPE: usize = 96;

/// The bytes of the answer to a call that gave `output`; `id` absent is written as `null`.
pub(crate) fn write_output<O: Output>(output: &O, id: Option<&RawValue>) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(output.size() + ENVELOPE);
    bytes.extend_from_slice(br#"{"jsonrpc":"2.0","result":"#);
    output.write(&mut bytes)?;
    bytes.extend_from_slice(br#","id":"#);
    bytes.extend_from_slice(id.map_or("null", RawValue::get).as_bytes());
    bytes.push(b'}');
    Ok(bytes)
}

/// The bytes of a failed answer; `id` absent is written as `null`.
pub(crate) fn write_error<T: Serialize>(error: &T, id: Option<&RawValue>) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(256 + ENVELOPE);
    serde_json::to_writer(&mut bytes, &Failure { jsonrpc: "2.0", error, id })?;
    Ok(bytes)
}
