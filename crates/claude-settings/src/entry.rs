//! A named entry in an object of a JSON file, such as a server in `mcpServers`: set and taken back, with everything else
//! left as it is written.

use serde_json::Value;

use crate::document::{Document, Emptiness};
use crate::edit::is_same;
use crate::error::SettingsError;
use crate::json_span::Shape;

/// Where an entry stands: in an object that is a member of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryPlace<'a> {
    /// The member that holds the entries.
    pub container: &'a str,
    /// The entry's own name.
    pub name: &'a str,
}

/// A file with an entry set in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryEdit {
    /// The text of the file.
    pub text: String,
    /// The JSON text of the entry before; `None` where there was none.
    pub old: Option<String>,
    /// Whether the object that holds the entries had to be made.
    pub created_container: bool,
}

impl EntryPlace<'_> {
    /// The JSON text of the entry in a file's text; `None` where there is none.
    ///
    /// # Errors
    /// Where the text is not one JSON object, or the container is not an object.
    pub fn read(&self, text: &str) -> Result<Option<String>, SettingsError> {
        Ok(Document::parse(text)?.member(&[self.container], self.name)?.map(str::to_owned))
    }

    /// The file's text with the JSON text `value` as the entry; `None` where it has that value already. No `text` is no
    /// file.
    ///
    /// # Errors
    /// As [`EntryPlace::read`].
    pub fn set(&self, text: Option<&str>, value: &str) -> Result<Option<EntryEdit>, SettingsError> {
        let mut document = match text {
            Some(text) => Document::parse(text)?,
            None => Document::new(),
        };
        let path = [self.container];
        let old = document.member(&path, self.name)?.map(str::to_owned);
        if old.as_ref().is_some_and(|old| is_same(old, value)) {
            return Ok(None);
        }
        let created_container = document.emptiness(&path, Shape::Object)? == Emptiness::Missing;
        if created_container {
            document.set_member(&[], self.container, "{}")?;
        }
        document.set_member(&path, self.name, value)?;
        Ok(Some(EntryEdit { text: document.into_text(), old, created_container }))
    }

    /// The file's text with the members of the object `values` set in the entry, which is an object, and those named
    /// `stale` removed; the entry's other members stay. `None` where it is so already.
    ///
    /// # Errors
    /// As [`EntryPlace::read`], and where the entry has a member twice.
    pub fn merge(
        &self,
        text: &str,
        values: &Value,
        stale: &[&str],
    ) -> Result<Option<EntryEdit>, SettingsError> {
        let mut document = Document::parse(text)?;
        let old = document.member(&[self.container], self.name)?.map(str::to_owned);
        let entry = [self.container, self.name];
        for (name, value) in values.as_object().into_iter().flatten() {
            let value = value.to_string();
            let now = document.member(&entry, name)?;
            if !now.is_some_and(|now| is_same(now, &value)) {
                document.set_member(&entry, name, &value)?;
            }
        }
        for name in stale {
            document.remove_member(&entry, name)?;
        }
        let text_after = document.into_text();
        let is_changed = text_after != text;
        Ok(is_changed.then_some(EntryEdit { text: text_after, old, created_container: false }))
    }

    /// The file's text with what [`EntryPlace::set`] did to it taken back; `None` where the entry is no longer `new`, so
    /// that somebody changed it since.
    ///
    /// # Errors
    /// As [`EntryPlace::read`].
    pub fn take_back(
        &self,
        text: &str,
        new: &str,
        old: Option<&str>,
        created_container: bool,
    ) -> Result<Option<String>, SettingsError> {
        let mut document = Document::parse(text)?;
        let path = [self.container];
        if !document.member(&path, self.name)?.is_some_and(|now| is_same(now, new)) {
            return Ok(None);
        }
        match old {
            Some(old) => document.set_member(&path, self.name, old)?,
            None => document.remove_member(&path, self.name)?,
        }
        if created_container && document.emptiness(&path, Shape::Object)? != Emptiness::Filled {
            document.remove_member(&[], self.container)?;
        }
        Ok(Some(document.into_text()))
    }
}

#[cfg(test)]
mod tests {
    use super::EntryPlace;

    const PLACE: EntryPlace<'_> = EntryPlace { container: "mcpServers", name: "adjutant" };
    const VALUE: &str = r#"{"command": "/opt/adjutant", "args": ["mcp"]}"#;

    #[test]
    fn setting_and_taking_back_leave_the_file_as_it_was() {
        for before in [
            "{}\n",
            "{\"mcpServers\": {}}",
            "{\n\t\"mcpServers\": {\n\t\t\"other\": {\"command\": \"x\", \"n\": 1.50}\n\t},\n\t\"z\": 1\n}\n",
            "{\"mcpServers\":{\"adjutant\":{\"command\":\"old\"}},\"a\":[1,  2]}",
            "{\r\n  \"theme\": \"dark\"\r\n}\r\n",
        ] {
            let edit = PLACE.set(Some(before), VALUE).unwrap().unwrap();
            assert_eq!(PLACE.read(&edit.text).unwrap().as_deref(), Some(VALUE), "{}", edit.text);
            assert_eq!(PLACE.set(Some(&edit.text), VALUE).unwrap(), None, "a second time changes nothing");
            let old = edit.old.as_deref();
            let back = PLACE.take_back(&edit.text, VALUE, old, edit.created_container).unwrap().unwrap();
            let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
            assert_eq!(value(&back), value(before), "{back}");
        }
    }

    #[test]
    fn merging_leaves_the_other_members_as_they_are_written() {
        let before = "{\n  \"mcpServers\": {\n    \"adjutant\": {\n      \"url\": \"http://x\",\n      \"env\": {\"N\":  1.50},\n      \"command\": \"old\"\n    }\n  }\n}\n";
        let values = serde_json::from_str(VALUE).unwrap();
        let edit = PLACE.merge(before, &values, &["url", "headers"]).unwrap().unwrap();
        let after = "{\n  \"mcpServers\": {\n    \"adjutant\": {\n      \"env\": {\"N\":  1.50},\n      \"command\": \"/opt/adjutant\",\n      \"args\": [\"mcp\"]\n    }\n  }\n}\n";
        assert_eq!(edit.text, after);
        assert_eq!(PLACE.merge(&edit.text, &values, &["url"]).unwrap(), None);
        let new = PLACE.read(&edit.text).unwrap().unwrap();
        let back = PLACE.take_back(&edit.text, &new, edit.old.as_deref(), edit.created_container).unwrap();
        assert_eq!(back.as_deref(), Some(before));
    }

    #[test]
    fn what_somebody_changed_is_not_taken_back() {
        let edit = PLACE.set(None, VALUE).unwrap().unwrap();
        let changed = edit.text.replace("/opt", "/usr");
        assert_eq!(PLACE.take_back(&changed, VALUE, None, true).unwrap(), None);
    }

    #[test]
    fn what_is_no_json_object_is_refused() {
        for text in
            ["", "[]", "// comment\n{}", "{\"mcpServers\": []}", "{\"mcpServers\": {},}", "\u{feff}{}"]
        {
            assert!(PLACE.set(Some(text), VALUE).is_err(), "{text}");
        }
    }
}
