//! The text of a settings file, edited in place.

use std::ops::Range;

use crate::error::SettingsError;
use crate::json_span::{Container, Item, Shape, blanks};
use crate::key::quoted;

/// One level of indentation where the file shows none of its own.
const INDENT: &str = "  ";

/// A JSON object as text. Editing it leaves everything else as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    text: String,
}

/// How the items of a container are laid out.
struct Layout {
    /// What stands before each of them.
    before: String,
    /// What stands before the closing bracket, where the container was empty.
    closing: String,
    /// What stands between a key and its value.
    colon: String,
}

/// Whether a container holds something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Emptiness {
    /// There is no such container.
    Missing,
    /// It holds nothing but these blanks.
    Empty(String),
    Filled,
}

/// A container on a path, and how deep it lies.
struct Located {
    container: Container,
    /// The indentation of its items where they are on lines of their own; `None` where the file has but one line.
    indent: Option<String>,
}

impl Document {
    /// The document of a file's text.
    ///
    /// # Errors
    /// [`SettingsError::NotJson`] where it is not one JSON object.
    pub fn parse(text: &str) -> Result<Document, SettingsError> {
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|error| SettingsError::NotJson(error.to_string()))?;
        if !value.is_object() {
            return Err(SettingsError::NotJson("it holds another value".to_owned()));
        }
        Ok(Document { text: text.to_owned() })
    }

    /// The document of a new file.
    pub(crate) fn new() -> Document {
        Document { text: "{}\n".to_owned() }
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }

    fn root(&self) -> Result<Located, SettingsError> {
        let whole = 0..self.text.len();
        let container = Container::of(&self.text, &whole, Shape::Object)
            .ok_or_else(|| SettingsError::NotJson("it holds another value".to_owned()))?;
        let indent = match container.items.first() {
            None => Some(INDENT.to_owned()),
            Some(_) => self.indent_of(&container),
        };
        Ok(Located { container, indent })
    }

    /// The indentation of a container's last item, if that has a line of its own.
    fn indent_of(&self, container: &Container) -> Option<String> {
        let last = container.items.last()?;
        let before = &self.text[..last.whole.start];
        let line = &before[before.rfind('\n')? + 1..];
        line.trim_start_matches([' ', '\t']).is_empty().then(|| line.to_owned())
    }

    /// The container at `path`; `None` where a member on the way is missing.
    fn locate(&self, path: &[&str], shape: Shape) -> Result<Option<Located>, SettingsError> {
        let mut at = self.root()?;
        let unit = at.indent.clone().unwrap_or_default();
        for (depth, name) in path.iter().enumerate() {
            let shown = || path[..=depth].join(".");
            let Some(item) = only_member(&at.container, name, shown)? else { return Ok(None) };
            let wanted = if depth + 1 == path.len() { shape } else { Shape::Object };
            let what = if wanted == Shape::Object { "an object" } else { "a list" };
            let container = Container::of(&self.text, &item.value, wanted)
                .ok_or_else(|| SettingsError::Shape(shown(), what))?;
            let indent = match at.indent {
                None => None,
                Some(outer) if container.items.is_empty() => Some(outer + &unit),
                Some(outer) => Some(self.indent_of(&container).unwrap_or(outer + &unit)),
            };
            at = Located { container, indent };
        }
        Ok(Some(at))
    }

    /// The text of the member `name` in the object at `path`.
    pub(crate) fn member(&self, path: &[&str], name: &str) -> Result<Option<&str>, SettingsError> {
        let Some(at) = self.locate(path, Shape::Object)? else { return Ok(None) };
        let shown = || format!("{}.{name}", path.join("."));
        Ok(only_member(&at.container, name, shown)?.map(|item| &self.text[item.value.clone()]))
    }

    /// The texts of the elements in the list at `path`; none where it is missing.
    pub(crate) fn elements(&self, path: &[&str]) -> Result<Vec<&str>, SettingsError> {
        let at = self.locate(path, Shape::Array)?;
        let items = at.map(|at| at.container.items).unwrap_or_default();
        Ok(items.into_iter().map(|item| &self.text[item.value]).collect())
    }

    /// Whether the container at `path` holds something.
    pub(crate) fn emptiness(&self, path: &[&str], shape: Shape) -> Result<Emptiness, SettingsError> {
        Ok(match self.locate(path, shape)? {
            None => Emptiness::Missing,
            Some(at) if at.container.items.is_empty() => {
                Emptiness::Empty(self.text[at.container.inside].to_owned())
            }
            Some(_) => Emptiness::Filled,
        })
    }

    /// Sets the member `name` of the object at `path`, which exists, to the JSON text `value`.
    pub(crate) fn set_member(&mut self, path: &[&str], name: &str, value: &str) -> Result<(), SettingsError> {
        let Some(at) = self.locate(path, Shape::Object)? else { return Ok(()) };
        let shown = || format!("{}.{name}", path.join("."));
        if let Some(item) = only_member(&at.container, name, shown)? {
            let range = item.value.clone();
            self.text.replace_range(range, value);
        } else {
            let colon = self.layout(&at, path)?.colon;
            self.insert(&at, path, &format!("{}{colon}{value}", quoted(name)))?;
        }
        Ok(())
    }

    /// Adds the JSON text `value` to the list at `path`, which exists.
    pub(crate) fn push_element(&mut self, path: &[&str], value: &str) -> Result<(), SettingsError> {
        match self.locate(path, Shape::Array)? {
            Some(at) => self.insert(&at, path, value),
            None => Ok(()),
        }
    }

    /// Adds `item` behind the last one of the container at `path`.
    fn insert(&mut self, at: &Located, path: &[&str], item: &str) -> Result<(), SettingsError> {
        let layout = self.layout(at, path)?;
        if let Some(last) = at.container.items.last() {
            self.text.insert_str(last.whole.end, &format!(",{}{item}", layout.before));
        } else {
            let inside = format!("{}{item}{}", layout.before, layout.closing);
            self.text.replace_range(at.container.inside.clone(), &inside);
        }
        Ok(())
    }

    /// How the next item of a container is laid out: as its last one, else as the file is.
    fn layout(&self, at: &Located, path: &[&str]) -> Result<Layout, SettingsError> {
        let root = self.root()?;
        let colon = root.container.items.first().map_or(": ", |first| {
            let before = &self.text[first.whole.start..first.value.start];
            before.rfind(':').map_or(": ", |colon| &before[colon..])
        });
        let colon = if colon.contains('\n') { ": " } else { colon }.to_owned();
        if let Some(last) = at.container.items.last() {
            let start = at.container.items.iter().rev().nth(1).map_or(at.container.inside.start, |before| {
                before.whole.end + blanks(&self.text[before.whole.end..]) + 1
            });
            let mut before = &self.text[start..last.whole.start];
            if at.container.items.len() == 1 && before.is_empty() {
                // What stands alone on its line has no blank to copy.
                before = if at.indent.is_some() { " " } else { self.separator(&root.container) };
            }
            let before = before.to_owned();
            return Ok(Layout { before, closing: String::new(), colon });
        }
        let newline = if self.text.contains("\r\n") { "\r\n" } else { "\n" };
        Ok(match &at.indent {
            None => Layout { before: String::new(), closing: String::new(), colon },
            Some(indent) => {
                let outer = match path.split_last() {
                    Some((_, above)) => self.locate(above, Shape::Object)?.and_then(|above| above.indent),
                    None => None,
                };
                let before = format!("{newline}{indent}");
                Layout { before, closing: format!("{newline}{}", outer.unwrap_or_default()), colon }
            }
        })
    }

    /// The blanks before the second item of a container.
    fn separator(&self, container: &Container) -> &str {
        match &*container.items {
            [first, second, ..] => {
                let from = first.whole.end + blanks(&self.text[first.whole.end..]) + 1;
                &self.text[from..second.whole.start]
            }
            _ => "",
        }
    }

    /// Removes the member `name` of the object at `path`.
    pub(crate) fn remove_member(&mut self, path: &[&str], name: &str) -> Result<(), SettingsError> {
        let Some(at) = self.locate(path, Shape::Object)? else { return Ok(()) };
        let position = at.container.items.iter().position(|item| item.key == name);
        self.remove_item(&at.container, position);
        Ok(())
    }

    /// Removes the last of the elements in the list at `path` whose text is `value`.
    pub(crate) fn remove_element(&mut self, path: &[&str], value: &str) -> Result<(), SettingsError> {
        let Some(at) = self.locate(path, Shape::Array)? else { return Ok(()) };
        let position = at.container.items.iter().rposition(|item| &self.text[item.value.clone()] == value);
        self.remove_item(&at.container, position);
        Ok(())
    }

    fn remove_item(&mut self, container: &Container, position: Option<usize>) {
        let items = &container.items;
        let Some((position, item)) = position.and_then(|position| Some((position, items.get(position)?)))
        else {
            return;
        };
        let range: Range<usize> = match (position.checked_sub(1), items.get(position + 1)) {
            (Some(before), _) => items[before].whole.end..item.whole.end,
            (None, Some(next)) => item.whole.start..next.whole.start,
            (None, None) => container.inside.clone(),
        };
        self.text.replace_range(range, "");
    }

    /// Puts `blanks` between the brackets of the container at `path`, which holds nothing.
    pub(crate) fn set_blanks(
        &mut self,
        path: &[&str],
        shape: Shape,
        blanks: &str,
    ) -> Result<(), SettingsError> {
        if let Some(at) = self.locate(path, shape)?.filter(|at| at.container.items.is_empty()) {
            self.text.replace_range(at.container.inside, blanks);
        }
        Ok(())
    }
}

/// The member of that name.
fn only_member<'a>(
    container: &'a Container,
    name: &str,
    shown: impl Fn() -> String,
) -> Result<Option<&'a Item>, SettingsError> {
    let mut alike = container.items.iter().filter(|item| item.key == name);
    match (alike.next(), alike.next()) {
        (_, Some(_)) => Err(SettingsError::Duplicate(shown())),
        (found, None) => Ok(found),
    }
}
