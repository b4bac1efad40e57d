//! Collecting skills: folders with a `SKILL.md`.

use std::path::{Path, PathBuf};

use super::collector::Collector;
use super::entry_context::{Naming, Site};
use super::path::{SKILL_FILE, client_skill_id, has_md_extension, is_skipped, lossy, stem};
use crate::kind::Kind;

/// Reasons why the client does not load a skill; the first means that it does.
pub(crate) const NOT_LOADED: [&str; 5] = ["", WHOLE_FOLDER, NO_FOLDER, NOT_CAPITAL, TOO_DEEP];

const WHOLE_FOLDER: &str = "a SKILL.md beside it makes the whole folder one skill";
const NO_FOLDER: &str = "a skill is a folder with a SKILL.md";
const NOT_CAPITAL: &str = "the file must be called SKILL.md, in capitals";
const TOO_DEEP: &str = "it looks for skills one level deep";

impl Collector<'_> {
    /// Collects the skills of a plugin: its skills folder, or the plugin itself as one skill, and what the manifest adds.
    pub(super) fn skills(&mut self, site: &Site<'_>, listed: &[String], only_listed: bool) {
        let folder = if only_listed { None } else { self.enter(&site.base.join("skills")) };
        if let Some(folder) = &folder {
            self.skills_folder(site, folder);
        } else if !only_listed && self.is_file(&site.base.join(SKILL_FILE)) {
            self.own_skill(site, site.base);
        }
        for written in listed {
            let Some(path) = self.component(site.base, written) else { continue };
            if self.is_file(&path.join(SKILL_FILE)) {
                self.own_skill(site, &path);
            } else if self.is_dir(&path) {
                self.skills_folder(site, &path);
            }
        }
    }

    /// Collects a folder that is itself a skill.
    fn own_skill(&mut self, site: &Site<'_>, folder: &Path) {
        let named = self.root.path().join(folder);
        let naming = Naming::OwnSkill { folder: lossy(named.file_name()).into() };
        self.push(folder.join(SKILL_FILE), Kind::Skill, site.context(Kind::Skill, naming));
    }

    /// Collects a folder of skill folders. Real folders come before links, so that a link to one of them adds nothing.
    fn skills_folder(&mut self, site: &Site<'_>, folder: &Path) {
        let unseen_below = if self.is_file(&folder.join(SKILL_FILE)) {
            self.own_skill(site, folder);
            WHOLE_FOLDER
        } else {
            ""
        };
        let mut links = Vec::new();
        for name in self.list(folder) {
            let path = folder.join(&name);
            let Ok(metadata) = self.root.path().join(&path).symlink_metadata() else { continue };
            if metadata.is_symlink() {
                links.push(path);
            } else if metadata.is_dir() {
                self.skill_folder(site, &path, None, unseen_below);
            } else if name != SKILL_FILE && has_md_extension(&path) {
                let mut context =
                    site.context(Kind::Skill, Naming::Fixed { name: client_skill_id(&stem(&path)).into() });
                context.not_loaded = NO_FOLDER;
                self.push(path, Kind::Skill, context);
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
    fn skill_folder(
        &mut self,
        site: &Site<'_>,
        folder: &Path,
        target: Option<&Path>,
        not_loaded: &'static str,
    ) {
        if is_skipped(folder) {
            return;
        }
        if let Some((file, exact)) = self.skill_file(folder) {
            let naming = Naming::Fixed { name: client_skill_id(&lossy(folder.file_name())).into() };
            let mut context = site.context(Kind::Skill, naming);
            context.not_loaded = if exact { not_loaded } else { NOT_CAPITAL };
            let real = target.map_or_else(|| file.clone(), |target| target.join(SKILL_FILE));
            self.push_once(file, real, Kind::Skill, context);
            return;
        }
        let walk = self.walker(folder);
        let mut entries = walk.into_iter();
        while let Some(entry) = entries.next().filter(|_| self.candidates.len() <= self.limits.files) {
            let Some(entry) = self.entry(folder, entry) else { continue };
            let path = self.relative(entry.path());
            if !entry.file_type().is_dir() {
                continue;
            }
            if is_skipped(&path) {
                entries.skip_current_dir();
            } else if let Some((file, _)) = self.skill_file(&path) {
                let naming = Naming::Fixed { name: client_skill_id(&lossy(path.file_name())).into() };
                let mut context = site.context(Kind::Skill, naming);
                context.not_loaded = TOO_DEEP;
                self.push(file, Kind::Skill, context);
                entries.skip_current_dir();
            }
        }
    }

    /// The `SKILL.md` of `folder`, and whether its name is in exactly this case.
    fn skill_file(&self, folder: &Path) -> Option<(PathBuf, bool)> {
        let exact = folder.join(SKILL_FILE);
        if self.is_file(&exact) {
            return Some((exact, true));
        }
        let lower = folder.join("skill.md");
        self.is_file(&lower).then_some((lower, false))
    }
}
