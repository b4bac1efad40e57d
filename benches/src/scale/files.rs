//! Synthetic entries as the files of plugins, a thousand a plugin and a hundred a folder.

use std::fs;
use std::path::{Path, PathBuf};

use adjutant_bench::subject::{PER_FOLDER, PER_PLUGIN, SEED, folder, plugin};
use adjutant_bench::synthetic::{Entries, Entry};

use crate::interrupt;

/// Where the file of the entry at a place lies, below the project's root.
pub(super) fn path_of(root: &Path, at: usize, entry: &Entry) -> PathBuf {
    folder_of(root, at).join(format!("{}.md", entry.name))
}

fn folder_of(root: &Path, at: usize) -> PathBuf {
    root.join("plugins").join(plugin(at)).join("agents").join(folder(at))
}

/// What the file of an entry holds.
pub(super) fn text_of(entry: &Entry) -> String {
    format!(
        "---\nname: {}\ndescription: \"{}\"\nkeywords: [{}]\n---\n",
        entry.name,
        entry.description,
        entry.keywords.join(", ")
    )
}

/// Writes the first `count` entries below `root`.
pub(super) fn write(root: &Path, count: usize) -> anyhow::Result<()> {
    for (at, entry) in Entries::of(SEED).take(count).enumerate() {
        if at % PER_FOLDER == 0 {
            interrupt::check()?;
            fs::create_dir_all(folder_of(root, at))?;
        }
        if at % PER_PLUGIN == 0 {
            let manifest = root.join("plugins").join(plugin(at)).join(".claude-plugin");
            fs::create_dir_all(&manifest)?;
            fs::write(manifest.join("plugin.json"), format!("{{\"name\": \"{}\"}}\n", plugin(at)))?;
        }
        fs::write(path_of(root, at, &entry), text_of(&entry))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use adjutant_bench::subject;
    use catalog::{ScanOptions, scan};

    use super::write;

    #[test]
    fn the_files_hold_what_is_searched_in_process() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), 2_100).unwrap();
        let scanned = scan(&ScanOptions::new(folder.path()), None);
        let made = subject::catalog(2_100, folder.path()).unwrap();
        assert_eq!(scanned.definitions().len(), made.definitions().len());
        for (scanned, made) in scanned.definitions().iter().zip(made.definitions()) {
            assert_eq!([&scanned.id, &scanned.description], [&made.id, &made.description]);
            assert_eq!(scanned.keywords, made.keywords);
        }
    }
}
