//! The files of a collection: which they are, how long reading them takes, what their descriptions say.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use walkdir::WalkDir;

/// Words of a description that are kept.
const MAX_WORDS: usize = 80;

/// A collection's definition files.
#[derive(Debug)]
pub(crate) struct Collection {
    pub(crate) files: Vec<PathBuf>,
}

impl Collection {
    /// The definitions of a project: what lies under `agents` or `commands`, and every `SKILL.md`, below its
    /// `plugins` where it has them.
    pub(crate) fn at(root: &Path) -> anyhow::Result<Collection> {
        let plugins = root.join("plugins");
        let root = if plugins.is_dir() { plugins.as_path() } else { root };
        let mut files = Vec::new();
        for entry in WalkDir::new(root).sort_by_file_name() {
            let entry = entry.context("the collection cannot be walked")?;
            let below = entry.path().strip_prefix(root).unwrap_or(entry.path());
            if entry.file_type().is_file() && is_definition(below) {
                files.push(entry.into_path());
            }
        }
        anyhow::ensure!(!files.is_empty(), "{} holds no definitions", root.display());
        Ok(Collection { files })
    }

    /// The time that merely reading all files takes, one after the other.
    pub(crate) fn read(&self) -> anyhow::Result<Duration> {
        let began = Instant::now();
        let mut bytes = 0;
        for file in &self.files {
            bytes += std::hint::black_box(std::fs::read(file)?).len();
        }
        let took = began.elapsed();
        anyhow::ensure!(bytes > 0, "all files are empty");
        Ok(took)
    }

    /// The words of every description, in the order of the files.
    pub(crate) fn descriptions(&self) -> anyhow::Result<Vec<Vec<String>>> {
        let mut descriptions = Vec::new();
        for file in &self.files {
            let text = std::fs::read(file)?;
            let words = words_of_description(&String::from_utf8_lossy(&text));
            if words.len() >= 8 {
                descriptions.push(words);
            }
        }
        anyhow::ensure!(descriptions.len() >= 2, "the collection has too few descriptions to ask from");
        Ok(descriptions)
    }
}

fn is_definition(path: &Path) -> bool {
    if path.file_name().is_some_and(|name| name == "SKILL.md") {
        return true;
    }
    path.extension().is_some_and(|extension| extension == "md")
        && path.parent().is_some_and(|folder| {
            folder.components().any(|part| matches!(part.as_os_str().to_str(), Some("agents" | "commands")))
        })
}

/// The words of the `description` of a file's front matter, folded or on one line.
fn words_of_description(text: &str) -> Vec<String> {
    let mut lines = text.lines().skip(1).take_while(|line| *line != "---");
    let Some(first) = lines.find_map(|line| line.strip_prefix("description:")) else { return Vec::new() };
    let continued = lines.take_while(|line| line.starts_with(' '));
    let words = std::iter::once(first).chain(continued).flat_map(str::split_whitespace);
    let bare = words.map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()));
    bare.filter(|word| word.len() > 1 && word.is_ascii()).take(MAX_WORDS).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{is_definition, words_of_description};

    #[test]
    fn definitions_are_told_by_their_place() {
        let cases = [
            ("plugins/a/agents/b.md", true),
            ("plugins/a/commands/deep/b.md", true),
            ("plugins/a/skills/b/SKILL.md", true),
            ("plugins/a/skills/b/reference.md", false),
            ("plugins/a/agents.md", false),
            ("plugins/a/agents/b.json", false),
        ];
        for (path, expected) in cases {
            assert_eq!(is_definition(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn descriptions_are_read_in_both_forms() {
        let cases = [
            ("---\nname: a\ndescription: \"Reviews code, fast.\"\nmodel: x\n---\nbody", "Reviews code fast"),
            ("---\ndescription: >\n  Reviews code\n  and plans\nname: a\n---\n", "Reviews code and plans"),
            ("---\nname: a\n---\ndescription: in the body", ""),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(words_of_description(text).join(" "), expected, "{text:?}");
        }
    }
}
