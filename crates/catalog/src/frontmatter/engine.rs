//! A YAML engine for `gray_matter`.
//!
//! The library's own YAML feature stays off: its parser aborts the process on a small alias bomb.

use std::collections::HashMap;
use std::fmt;

use gray_matter::{Error, Pod};
use serde::de::{Deserialize, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

/// The engine; the text must have passed [`super::bounds`].
pub(super) struct BoundedYaml;

impl gray_matter::engine::Engine for BoundedYaml {
    fn parse(content: &str) -> gray_matter::Result<Pod> {
        serde_yaml::from_str::<Plain>(content).map(|plain| plain.0).map_err(|error| {
            let line = error.location().map_or(0, |location| location.line());
            Error::DeserializeError(format!("{line}{LINE_END}{error}"))
        })
    }
}

/// Separates the line from the message of an error, since the library's error type carries only text.
const LINE_END: char = '\u{1f}';

/// The line (from 1, within the block) and the text of an error of this engine.
pub(super) fn line_of(error: &Error) -> (Option<usize>, String) {
    let text = error.to_string();
    let Some((head, message)) = text.split_once(LINE_END) else { return (None, text) };
    let digits = head.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    (head[digits..].parse().ok().filter(|&line| line > 0), without_place(message))
}

/// The message without ` at line 2 column 3`, which counts within the block and would mislead.
fn without_place(message: &str) -> String {
    let Some((before, after)) = message.split_once(" at line ") else { return message.to_owned() };
    let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = rest
        .strip_prefix(" column ")
        .map_or(rest, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    format!("{before}{}", without_place(rest))
}

/// A YAML value parsed as the client does: the last of equal keys wins, keys become text, tags are ignored.
struct Plain(Pod);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Plain, D::Error> {
        deserializer.deserialize_any(PlainVisitor)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Plain;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any YAML value")
    }

    fn visit_unit<E>(self) -> Result<Plain, E> {
        Ok(Plain(Pod::Null))
    }

    fn visit_none<E>(self) -> Result<Plain, E> {
        Ok(Plain(Pod::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Plain, E> {
        Ok(Plain(Pod::Boolean(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Plain, E> {
        Ok(Plain(Pod::Integer(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Plain, E> {
        Ok(Plain(i64::try_from(value).map_or_else(|_| Pod::String(value.to_string()), Pod::Integer)))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Plain, E> {
        Ok(Plain(Pod::String(value.to_string())))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Plain, E> {
        Ok(Plain(Pod::String(value.to_string())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Plain, E> {
        Ok(Plain(Pod::Float(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Plain, E> {
        Ok(Plain(Pod::String(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Plain, A::Error> {
        let mut list = Vec::new();
        while let Some(Plain(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Plain(Pod::Array(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Plain, A::Error> {
        let mut map = HashMap::new();
        while let Some((Plain(key), Plain(value))) = entries.next_entry()? {
            map.insert(super::value::text_of(&key), value);
        }
        Ok(Plain(Pod::Hash(map)))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Plain, A::Error> {
        let (_tag, value) = tagged.variant::<serde::de::IgnoredAny>()?;
        value.newtype_variant::<Plain>()
    }
}
