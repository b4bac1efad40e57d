//! Taking back what an offload wrote, three-way: what somebody changed since stays as it is.

use crate::document::{Document, Emptiness};
use crate::edit::is_same;
use crate::error::SettingsError;
use crate::json_span::Shape;
use crate::key::{Place, SettingKey};
use crate::record::{Record, Written};

/// What came of taking a record back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// The text of the file now; `None` where there is to be none, as before.
    pub text: Option<String>,
    /// Keys that have their value of before again.
    pub undone: Vec<SettingKey>,
    /// Keys that were left alone, since somebody changed them.
    pub changed: Vec<Changed>,
}

/// A key that has another value than the one that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Which one.
    pub key: SettingKey,
    /// The JSON text of its value now; `None` where it was removed.
    pub now: Option<String>,
}

/// Takes back what `record` says was written, where `text` is what the file holds now; `None` where there is no file.
///
/// A key that has its value of before already is neither undone nor changed.
///
/// # Errors
/// Where the file cannot be edited.
pub fn restore(text: Option<&str>, record: &Record) -> Result<Restored, SettingsError> {
    let Some(text) = text else { return Ok(Restored::default()) };
    let mut document = Document::parse(text)?;
    let is_value = |text: &String| serde_json::from_str::<serde_json::Value>(text).is_ok();
    if let Some(damaged) =
        record.keys.iter().filter_map(|written| written.old.as_ref()).find(|old| !is_value(old))
    {
        return Err(SettingsError::DamagedRecord(damaged.chars().take(40).collect()));
    }
    let (mut undone, mut changed) = (Vec::new(), Vec::new());
    for written in record.keys.iter().rev() {
        let now = value_now(&document, &written.key)?;
        let is = |other: &Option<String>| match (&now, other) {
            (Some(now), Some(other)) => is_same(now, other),
            (now, other) => now.is_none() && other.is_none(),
        };
        if now.as_ref().is_some_and(|now| is_same(now, &written.new)) {
            put_back(&mut document, written, record)?;
            undone.push(written.key.clone());
        } else if !is(&written.old) {
            changed.push(Changed { key: written.key.clone(), now });
        }
    }
    undone.reverse();
    changed.reverse();
    let is_empty = matches!(document.emptiness(&[], Shape::Object)?, Emptiness::Empty(_));
    let is_gone = record.created_file && is_empty && !undone.is_empty();
    Ok(Restored { text: (!is_gone).then(|| document.into_text()), undone, changed })
}

/// The value of a key as the file has it; an element of a list is its own value.
fn value_now(document: &Document, key: &SettingKey) -> Result<Option<String>, SettingsError> {
    let Place { path, member, .. } = key.place();
    if let Some(name) = member {
        return Ok(document.member(path, name)?.map(str::to_owned));
    }
    let new = key.value();
    let elements = document.elements(path)?;
    Ok(elements.into_iter().rfind(|element| is_same(element, &new)).map(str::to_owned))
}

fn put_back(document: &mut Document, written: &Written, record: &Record) -> Result<(), SettingsError> {
    let Place { path, shape, member } = written.key.place();
    match (member, &written.old) {
        (Some(name), Some(old)) => return document.set_member(path, name, old),
        (Some(name), None) => document.remove_member(path, name)?,
        (None, _) => {
            if let Some(element) = value_now(document, &written.key)? {
                document.remove_element(path, &element)?;
            }
        }
    }
    // From the inside out: a container that was missing goes once it is empty.
    for depth in (0..=path.len()).rev() {
        let own = &path[..depth];
        let own_shape = if depth == path.len() { shape } else { Shape::Object };
        let is_empty = matches!(document.emptiness(own, own_shape)?, Emptiness::Empty(_));
        let Some(before) = record.container(own).filter(|_| is_empty) else { break };
        match (&before.inside, own.split_last()) {
            (None, Some((name, above))) => document.remove_member(above, name)?,
            (Some(blanks), _) => document.set_blanks(own, own_shape, blanks)?,
            (None, None) => {}
        }
    }
    Ok(())
}
