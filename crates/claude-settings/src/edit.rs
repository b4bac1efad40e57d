//! Writing keys into a settings file, and recording what was there before.

use crate::document::{Document, Emptiness};
use crate::error::SettingsError;
use crate::json_span::Shape;
use crate::key::{Place, SettingKey};
use crate::record::{Record, Written};

/// The text of a settings file with `keys` written into it, where `text` is what it holds now; `None` where there is no
/// file. What was written is added to `record`.
///
/// A key that has the wanted value already is not written and not recorded: it is the user's.
///
/// # Errors
/// Where the file cannot be edited; `record` is as it was then.
pub fn offload(
    text: Option<&str>,
    keys: &[SettingKey],
    record: &mut Record,
    now_ms: i64,
) -> Result<String, SettingsError> {
    let mut next = record.clone();
    let mut document = match text {
        Some(text) => Document::parse(text)?,
        None => Document::new(),
    };
    for key in keys {
        write(&mut document, key, &mut next, now_ms)?;
    }
    next.created_file |= text.is_none() && !next.is_empty();
    *record = next;
    Ok(document.into_text())
}

fn write(
    document: &mut Document,
    key: &SettingKey,
    record: &mut Record,
    now_ms: i64,
) -> Result<(), SettingsError> {
    let Place { path, shape, member } = key.place();
    let new = key.value();
    let old = match member {
        Some(name) => document.member(path, name)?.map(str::to_owned),
        None => {
            document.elements(path)?.into_iter().find(|element| is_same(element, &new)).map(str::to_owned)
        }
    };
    if old.as_ref().is_some_and(|old| is_same(old, &new)) {
        return Ok(());
    }
    make_containers(document, path, shape, record)?;
    match member {
        Some(name) => document.set_member(path, name, &new)?,
        None => document.push_element(path, &new)?,
    }
    record.keys.retain(|written| written.key != *key);
    record.keys.push(Written { key: key.clone(), old, new, written_ms: now_ms });
    Ok(())
}

/// Creates the containers on the way to a key, and records those that were missing or empty.
fn make_containers(
    document: &mut Document,
    path: &[&str],
    shape: Shape,
    record: &mut Record,
) -> Result<(), SettingsError> {
    for depth in 0..=path.len() {
        let own = &path[..depth];
        let own_shape = if depth == path.len() { shape } else { Shape::Object };
        match document.emptiness(own, own_shape)? {
            Emptiness::Filled => {}
            Emptiness::Empty(blanks) => record.note_container(own, Some(&blanks)),
            Emptiness::Missing => {
                record.note_container(own, None);
                if let Some((name, above)) = own.split_last() {
                    let empty = if own_shape == Shape::Object { "{}" } else { "[]" };
                    document.set_member(above, name, empty)?;
                }
            }
        }
    }
    Ok(())
}

/// Whether two JSON texts mean the same.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || matches!((read(one), read(other)), (Some(one), Some(other)) if one == other)
}
