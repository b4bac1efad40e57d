//! Collecting skills: folders with a `SKILL.md`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::collector::Collector;
use super::entry_context::{EntryContext, Naming, Site};
use super::path::{SKILL_FILE, client_skill_id, has_md_extension, is_skipped, lossy, stem};
use crate::kind::Kind;

/// Reasons why the client does not load an entry; the first means that it does.
pub(crate) const NOT_LOADED: [&str; 6] = ["", WHOLE_FOLDER, NO_FOLDER, NOT_CAPITAL, TOO_DEEP, FILE_LISTED];

const WHOLE_FOLDER: &str = "a SKILL.md beside it makes the whole folder one skill";
const NO_FOLDER: &str = "a skill is a folder with a SKILL.md";
const NOT_CAPITAL: &str = "the file must be called SKILL.md, in capitals";
const TOO_DEEP: &str = "it looks for skills one level deep";
const FILE_LISTED: &str = "the manifest names the file where it has to name the folder";

impl Collector<'_> {
    /// Collects the skills of a plugin without those that a manifest lists: its skills folder, or the plugin itself as one
    /// skill.
    pub(super) fn skills(&mut self, site: &Site<'_>) {
        if let Some(folder) = self.enter(&site.base.join("skills")) {
            self.skills_folder(site, &folder);
        } else if let Some((file, not_loaded)) = self.skill_file(site.base) {
            self.own_skill(site, &file, not_loaded);
        }
    }

    /// Collects what one path under `skills` in a manifest names: a skill's folder, or a folder of them.
    pub(super) fn listed_skill(&mut self, site: &Site<'_>, written: &str) {
        let Some(path) = self.component(site.base, written) else { return };
        if self.is_dir(&path) {
            if let Some((file, not_loaded)) = self.skill_file(&path) {
                self.own_skill(site, &file, not_loaded);
                return;
            }
            let before = self.n_met;
            self.skills_folder(site, &path);
            if self.n_met == before {
                self.refuse(site.base, format!("the skills path {written:?} holds no skill"));
            }
            return;
        }
        self.refuse(
            site.base,
            format!("the skills path {written:?} names a file; Claude Code takes folders only"),
        );
        if path.file_name().is_some_and(is_skill_file) {
            self.own_skill(site, &path, FILE_LISTED);
        } else if has_md_extension(&path) {
            self.flat_skill(site, path, FILE_LISTED);
        }
    }

    /// Collects a folder that is itself a skill, by its file.
    fn own_skill(&mut self, site: &Site<'_>, file: &Path, not_loaded: &'static str) {
        let folder = self.root.path().join(file.parent().unwrap_or(Path::new("")));
        let naming = Naming::OwnSkill { folder: lossy(folder.file_name()).into() };
        let context = EntryContext { not_loaded, ..site.context(Kind::Skill, naming) };
        self.push(file.to_owned(), context);
    }

    /// Collects a markdown file that stands for a skill without a folder.
    fn flat_skill(&mut self, site: &Site<'_>, file: PathBuf, not_loaded: &'static str) {
        let naming = Naming::Fixed { name: client_skill_id(&stem(&file)).into() };
        let context = EntryContext { not_loaded, ..site.context(Kind::Skill, naming) };
        self.push(file, context);
    }

    /// Collects a folder of skill folders. Real folders come before links, so that a link to one of them adds nothing.
    fn skills_folder(&mut self, site: &Site<'_>, folder: &Path) {
        let mut unseen_below = "";
        if let Some((file, not_loaded)) = self.skill_file(folder) {
            self.own_skill(site, &file, not_loaded);
            unseen_below = if not_loaded.is_empty() { WHOLE_FOLDER } else { "" };
        }
        let mut links = Vec::new();
        for name in self.list(folder) {
            let path = folder.join(&name);
            let Ok(metadata) = self.root.path().join(&path).symlink_metadata() else { continue };
            if metadata.is_symlink() {
                links.push(path);
            } else if metadata.is_dir() {
                self.skill_folder(site, &path, None, unseen_below);
            } else if !is_skill_file(&name) && has_md_extension(&path) {
                self.flat_skill(site, path, NO_FOLDER);
            }
        }
        for link in links {
            if self.is_dir(&link) && self.stays_inside(&link) {
                let target = self.root.path().join(&link).canonicalize().ok();
                let target = target.map(|target| self.relative(&target));
                self.skill_folder(site, &link, target.as_deref(), unseen_below);
            } else if has_md_extension(&link) {
                self.report_link(&link);
            }
        }
    }

    /// Collects one folder of a skills folder: a skill, or a folder of skills that the client does not look into.
    /// For a link, `target` is the folder that it leads to, which may have been added under its own name.
    fn skill_folder(&mut self, site: &Site<'_>, folder: &Path, target: Option<&Path>, unseen: &'static str) {
        if is_skipped(folder) {
            return;
        }
        if let Some((file, not_loaded)) = self.skill_file(folder) {
            let not_loaded = if not_loaded.is_empty() { unseen } else { not_loaded };
            let context = skill_context(site, folder, not_loaded);
            let name = file.file_name().unwrap_or_default();
            let real = target.map_or_else(|| file.clone(), |target| target.join(name));
            self.push_linked(file, real, context);
            return;
        }
        let walk = self.walker(folder);
        let mut entries = walk.into_iter();
        while let Some(entry) = entries.next().filter(|_| self.has_room()) {
            let Some(entry) = self.entry(folder, entry) else { continue };
            let path = self.relative(entry.path());
            if !entry.file_type().is_dir() {
                continue;
            }
            if is_skipped(&path) {
                entries.skip_current_dir();
            } else if let Some((file, _)) = self.skill_file(&path) {
                self.push(file, skill_context(site, &path, TOO_DEEP));
                entries.skip_current_dir();
            }
        }
    }

    /// The file that makes `folder` a skill, and why the client does not take it for one: it has to be called `SKILL.md` in
    /// exactly this case.
    pub(crate) fn skill_file(&self, folder: &Path) -> Option<(PathBuf, &'static str)> {
        let exact = folder.join(SKILL_FILE);
        if self.is_file(&exact) {
            return Some((exact, ""));
        }
        let mut others = self.root.names(folder).ok()?;
        others.retain(|name| is_skill_file(name));
        others.sort_unstable();
        let other = others.into_iter().map(|name| folder.join(name)).find(|path| self.is_file(path))?;
        Some((other, NOT_CAPITAL))
    }
}

/// Whether the file has the name of a skill's, in whatever case.
fn is_skill_file(name: &OsStr) -> bool {
    name.eq_ignore_ascii_case(SKILL_FILE)
}

/// The context of a skill in a skills folder, which is called like its folder.
fn skill_context(site: &Site<'_>, folder: &Path, not_loaded: &'static str) -> EntryContext {
    let naming = Naming::Fixed { name: client_skill_id(&lossy(folder.file_name())).into() };
    EntryContext { not_loaded, ..site.context(Kind::Skill, naming) }
}
