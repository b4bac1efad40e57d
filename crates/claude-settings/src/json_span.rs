//! Where the parts of a JSON text stand: members of objects and elements of arrays, as ranges of bytes.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// What a container holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Object,
    Array,
}

/// A member of an object, or an element of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// The member's key; empty for an element.
    pub key: String,
    /// From the key, or the element, to the end of the value.
    pub whole: Range<usize>,
    pub value: Range<usize>,
}

/// An object or an array in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Container {
    /// Between the brackets.
    pub inside: Range<usize>,
    pub items: Vec<Item>,
}

impl Container {
    /// The container whose text stands at `at`; `None` where another value stands there.
    pub(crate) fn of(text: &str, at: &Range<usize>, shape: Shape) -> Option<Container> {
        let own = &text[at.clone()];
        let values: Vec<(String, &str)> = match shape {
            Shape::Object => serde_json::from_str::<Members<'_>>(own).ok()?.0,
            Shape::Array => serde_json::from_str::<Elements<'_>>(own).ok()?.0,
        };
        // A value that was read lies in the text that it was read from.
        let start_of = |value: &str| at.start + (value.as_ptr().addr() - own.as_ptr().addr());
        let opening = at.start + own.find(['{', '['])?;
        let mut items: Vec<Item> = Vec::with_capacity(values.len());
        let mut before = opening + 1;
        for (key, value) in values {
            let start = start_of(value);
            let value = start..start + value.len();
            let from = before + blanks(&text[before..]);
            items.push(Item { key, whole: from..value.end, value: value.clone() });
            // Past the comma, if there is one.
            before = value.end + blanks(&text[value.end..]) + 1;
        }
        let closing = at.start + own.rfind(['}', ']'])?;
        Some(Container { inside: opening + 1..closing, items })
    }
}

/// Bytes of blanks at the start.
pub(crate) fn blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t', '\n', '\r']).len()
}

/// The members of an object in their order, repeated keys included.
struct Members<'a>(Vec<(String, &'a str)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfMembers;
        impl<'de> Visitor<'de> for OfMembers {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                    members.push((key, value.get()));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(OfMembers)
    }
}

/// The elements of an array.
struct Elements<'a>(Vec<(String, &'a str)>);

impl<'de> Deserialize<'de> for Elements<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfElements;
        impl<'de> Visitor<'de> for OfElements {
            type Value = Elements<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut elements = Vec::new();
                while let Some(value) = seq.next_element::<&RawValue>()? {
                    elements.push((String::new(), value.get()));
                }
                Ok(Elements(elements))
            }
        }
        deserializer.deserialize_seq(OfElements)
    }
}
