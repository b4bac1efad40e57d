//! Which files of a plugin are entries, and what their ids are made of.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use super::beneath::Root;
use super::clean::one_line;
use super::definition::Kind;
use super::limits::Limits;
use super::manifest::{Command, Components};
use super::problem::{Problem, code, shown};

/// Folders in which nobody keeps entries on purpose.
pub(super) const SKIPPED_FOLDERS: [&str; 3] = ["node_modules", "backups", ".git"];
const SKILL_FILE: &str = "SKILL.md";

/// What a plugin gives all its entries.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Facts {
    /// The plugin's name; empty for a project's own entries.
    pub plugin: String,
    pub category: String,
    pub keywords: Vec<String>,
}

/// How an entry gets the last part of its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Naming {
    /// The front matter's name, else the file's stem: agents.
    Stated { stem: String },
    /// Always this: commands, and skills within a skills folder.
    Fixed { name: String },
    /// The front matter's name with unusual characters replaced, else the folder's: a path that is itself a skill.
    OwnSkill { folder: String },
}

/// Everything besides the file's content that a definition depends on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Context {
    pub kind: Kind,
    /// What stands before the name in the id: empty, or `plugin:` with folders, each followed by `:`.
    pub prefix: String,
    pub naming: Naming,
    pub facts: Arc<Facts>,
    /// Why the client does not look here, a phrase; empty where it does.
    pub unseen: &'static str,
}

/// A file that is to be read as an entry.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Relative to the root.
    pub path: PathBuf,
    pub context: Context,
    /// The text of a command that the manifest itself holds.
    pub inline: Option<String>,
}

/// A folder with components, and where they are.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The folder, relative to the root.
    pub base: PathBuf,
    pub facts: Arc<Facts>,
    pub components: Components,
    /// Whether the listed skills are all there are (a marketplace's selection from a shared folder).
    pub only_listed: bool,
}

/// Collects the candidates of all places beneath one root.
pub(super) struct Layout<'a> {
    root: &'a Root,
    limits: Limits,
    seen: HashSet<(Kind, String, PathBuf)>,
    /// The entries found, in order.
    pub candidates: Vec<Candidate>,
    /// What stood in the way.
    pub problems: Vec<Problem>,
}

impl<'a> Layout<'a> {
    pub(super) fn new(root: &'a Root, limits: Limits) -> Layout<'a> {
        Layout { root, limits, seen: HashSet::new(), candidates: Vec::new(), problems: Vec::new() }
    }

    /// Collects the entries of `place`.
    pub(super) fn collect(&mut self, place: &Place) {
        let prefix =
            if place.facts.plugin.is_empty() { String::new() } else { format!("{}:", place.facts.plugin) };
        let site = Site { facts: &place.facts, base: &place.base, prefix: &prefix };
        self.agents(&site, place.components.agents.as_deref(), place.only_listed);
        self.commands(&site, place.components.commands.as_deref(), place.only_listed);
        self.skills(&site, &place.components.skills, place.only_listed);
    }

    fn agents(&mut self, site: &Site<'_>, listed: Option<&[String]>, only_listed: bool) {
        let Some(paths) = listed else {
            if !only_listed && let Some(folder) = self.enter(&site.base.join("agents")) {
                self.walk(site, &folder, Kind::Agent);
            }
            return;
        };
        for written in paths {
            let Some(path) = self.component(site.base, written) else { continue };
            if self.is_dir(&path) {
                self.walk(site, &path, Kind::Agent);
            } else if has_md_extension(&path) {
                let naming = Naming::Stated { stem: stem(&path) };
                self.push(path, Kind::Agent, site.context(Kind::Agent, naming));
            }
        }
    }

    fn commands(&mut self, site: &Site<'_>, listed: Option<&[Command]>, only_listed: bool) {
        let Some(commands) = listed else {
            if !only_listed && let Some(folder) = self.enter(&site.base.join("commands")) {
                self.walk(site, &folder, Kind::Workflow);
            }
            return;
        };
        for command in commands {
            match command {
                Command::Path(written) => {
                    let Some(path) = self.component(site.base, written) else { continue };
                    if self.is_dir(&path) {
                        self.walk(site, &path, Kind::Workflow);
                    } else {
                        let naming = Naming::Fixed { name: command_name(&path) };
                        self.push(path, Kind::Workflow, site.context(Kind::Workflow, naming));
                    }
                }
                Command::Named(name, written) => {
                    let Some(path) = self.component(site.base, written) else { continue };
                    let naming = Naming::Fixed { name: name.clone() };
                    self.push(path, Kind::Workflow, site.context(Kind::Workflow, naming));
                }
                Command::Inline(name, content) => {
                    let naming = Naming::Fixed { name: name.clone() };
                    self.candidates.push(Candidate {
                        path: site.base.join(".claude-plugin/plugin.json"),
                        context: site.context(Kind::Workflow, naming),
                        inline: Some(content.clone()),
                    });
                }
            }
        }
    }

    fn skills(&mut self, site: &Site<'_>, listed: &[String], only_listed: bool) {
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

    /// A folder that is itself one skill.
    fn own_skill(&mut self, site: &Site<'_>, folder: &Path) {
        let named = self.root.path().join(folder);
        let naming = Naming::OwnSkill { folder: lossy(named.file_name()) };
        self.push(folder.join(SKILL_FILE), Kind::Skill, site.context(Kind::Skill, naming));
    }

    /// A folder of skill folders. Real folders come before links, so that a link to one of them adds nothing.
    fn skills_folder(&mut self, site: &Site<'_>, folder: &Path) {
        let unseen_below = if self.is_file(&folder.join(SKILL_FILE)) {
            self.own_skill(site, folder);
            "a SKILL.md beside it makes the whole folder one skill"
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
                self.skill_folder(site, &path, unseen_below);
            } else if name != SKILL_FILE && has_md_extension(&path) {
                let mut context = site.context(Kind::Skill, Naming::Fixed { name: sanitised(&stem(&path)) });
                context.unseen = "a skill is a folder with a SKILL.md";
                self.push(path, Kind::Skill, context);
            }
        }
        for link in links {
            let target = self.root.path().join(&link);
            if target.is_dir() && self.stays_inside(&link) {
                self.skill_folder(site, &link, unseen_below);
            } else if has_md_extension(&link) {
                self.report_link(&link);
            }
        }
    }

    /// One folder within a skills folder: a skill, or a folder of skills that the client does not look into.
    fn skill_folder(&mut self, site: &Site<'_>, folder: &Path, unseen: &'static str) {
        if is_skipped(folder) {
            return;
        }
        if let Some((file, exact)) = self.skill_file(folder) {
            let naming = Naming::Fixed { name: sanitised(&lossy(folder.file_name())) };
            let mut context = site.context(Kind::Skill, naming);
            context.unseen = if exact { unseen } else { "the file must be called SKILL.md, in capitals" };
            self.push(file, Kind::Skill, context);
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
                let naming = Naming::Fixed { name: sanitised(&lossy(path.file_name())) };
                let mut context = site.context(Kind::Skill, naming);
                context.unseen = "it looks for skills one level deep";
                self.push(file, Kind::Skill, context);
                entries.skip_current_dir();
            }
        }
    }

    /// The SKILL.md of `folder` and whether its name is written exactly so.
    fn skill_file(&self, folder: &Path) -> Option<(PathBuf, bool)> {
        let exact = folder.join(SKILL_FILE);
        if self.is_file(&exact) {
            return Some((exact, true));
        }
        let lower = folder.join("skill.md");
        self.is_file(&lower).then_some((lower, false))
    }

    /// Every markdown file below `folder`, sub-folders joined into the id.
    fn walk(&mut self, site: &Site<'_>, folder: &Path, kind: Kind) {
        let mut entries = self.walker(folder).into_iter();
        while let Some(entry) = entries.next().filter(|_| self.candidates.len() <= self.limits.files) {
            let Some(entry) = self.entry(folder, entry) else { continue };
            let path = self.relative(entry.path());
            let kind_of_file = entry.file_type();
            if kind_of_file.is_dir() {
                if is_skipped(&path) {
                    entries.skip_current_dir();
                } else if kind == Kind::Workflow && self.is_file(&path.join(SKILL_FILE)) {
                    let naming = Naming::Fixed { name: lossy(path.file_name()) };
                    let context = site.below(folder, &path, Kind::Skill, naming);
                    self.push(path.join(SKILL_FILE), Kind::Skill, context);
                    entries.skip_current_dir();
                }
            } else if kind_of_file.is_symlink() {
                if has_md_extension(&path) || self.root.path().join(&path).is_dir() {
                    self.report_link(&path);
                }
            } else if has_md_extension(&path) {
                if !kind_of_file.is_file() {
                    self.report_special(&path);
                    continue;
                }
                let naming = match kind {
                    Kind::Agent => Naming::Stated { stem: stem(&path) },
                    _ => Naming::Fixed { name: command_name(&path) },
                };
                let context = site.below(folder, &path, kind, naming);
                self.push(path, kind, context);
            }
        }
    }

    fn push(&mut self, path: PathBuf, kind: Kind, context: Context) {
        // Two ways to one file, a link among them, are one entry of a plugin.
        let real = self.root.path().join(&path).canonicalize().unwrap_or_else(|_| path.clone());
        // One more than is read, so that the limit is noticed.
        if self.candidates.len() <= self.limits.files
            && self.seen.insert((kind, context.facts.plugin.clone(), real))
        {
            self.candidates.push(Candidate { path, context, inline: None });
        }
    }

    fn walker(&self, folder: &Path) -> WalkDir {
        WalkDir::new(self.root.path().join(folder))
            .follow_links(false)
            .min_depth(1)
            .max_depth(self.limits.depth)
    }

    /// The entry, unless it failed or is a folder that the depth limit closes; both are reported.
    fn entry(
        &mut self,
        folder: &Path,
        entry: walkdir::Result<walkdir::DirEntry>,
    ) -> Option<walkdir::DirEntry> {
        match entry {
            Ok(entry) => {
                if entry.depth() == self.limits.depth && entry.file_type().is_dir() {
                    let path = self.relative(entry.path());
                    let message = format!("folders deeper than {} levels are not read", self.limits.depth);
                    self.problems.push(Problem::new(path, code::LIMIT_DEPTH, "skipped", message));
                    return None;
                }
                Some(entry)
            }
            Err(error) => {
                let path = error.path().map_or_else(|| folder.to_owned(), |path| self.relative(path));
                let reason = error.io_error().map_or_else(|| "a loop".to_owned(), describe);
                let message = format!("the folder cannot be read: {reason}");
                self.problems.push(Problem::new(path, code::FILE_UNREADABLE, "skipped", message));
                None
            }
        }
    }

    /// The names in `folder`, sorted; a folder that cannot be listed is reported.
    pub(super) fn list(&mut self, folder: &Path) -> Vec<std::ffi::OsString> {
        match std::fs::read_dir(self.root.path().join(folder)) {
            Ok(entries) => {
                let mut names: Vec<_> =
                    entries.filter_map(Result::ok).map(|entry| entry.file_name()).collect();
                names.sort_unstable();
                names
            }
            Err(error) => {
                let message = format!("the folder cannot be read: {}", describe(&error));
                self.problems.push(Problem::new(folder, code::FILE_UNREADABLE, "skipped", message));
                Vec::new()
            }
        }
    }

    fn relative(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.root.path()).unwrap_or(path).to_owned()
    }

    /// `folder` when it is one, beneath the root.
    pub(super) fn enter(&mut self, folder: &Path) -> Option<PathBuf> {
        (self.is_dir(folder) && self.stays_inside(folder)).then(|| folder.to_owned())
    }

    /// A path that a manifest wrote, when it exists and stays inside the plugin; else the reason is reported.
    fn component(&mut self, base: &Path, written: &str) -> Option<PathBuf> {
        let Some(inside) = normalised(written) else {
            let message = format!("the component path {written:?} leads out of the plugin");
            self.problems.push(Problem::new(base, code::COMPONENT_REFUSED, "skipped", message));
            return None;
        };
        let path = base.join(inside);
        if self.root.path().join(&path).symlink_metadata().is_err() {
            let message = format!("the component path {written:?} does not exist");
            self.problems.push(Problem::new(base, code::COMPONENT_MISSING, "skipped", message));
            return None;
        }
        self.stays_inside(&path).then_some(path)
    }

    /// Whether `path`, links resolved, lies beneath the root; an escape is reported.
    pub(super) fn stays_inside(&mut self, path: &Path) -> bool {
        let inside =
            self.root.path().join(path).canonicalize().is_ok_and(|real| real.starts_with(self.root.path()));
        if !inside {
            self.report_link(path);
        }
        inside
    }

    fn report_link(&mut self, path: &Path) {
        let real = self.root.path().join(path).canonicalize();
        let problem = match real {
            Ok(real) if real.starts_with(self.root.path()) => Problem::new(
                path,
                code::SKIPPED_SYMLINK,
                "skipped",
                "Claude Code does not follow symbolic links to agents and commands",
            ),
            Ok(_) => Problem::new(path, code::SKIPPED_ESCAPE, "skipped", "the link leads out of the root"),
            Err(error) => {
                let message = format!("the link leads nowhere: {}", describe(&error));
                Problem::new(path, code::SKIPPED_SYMLINK, "skipped", message)
            }
        };
        self.problems.push(problem);
    }

    fn report_special(&mut self, path: &Path) {
        let message = format!("{} is a pipe, socket or device", shown(path));
        self.problems.push(Problem::new(path, code::FILE_NOT_REGULAR, "skipped", message));
    }

    pub(super) fn is_dir(&self, path: &Path) -> bool {
        self.root.path().join(path).is_dir()
    }

    pub(super) fn is_file(&self, path: &Path) -> bool {
        self.root.path().join(path).symlink_metadata().is_ok_and(|metadata| metadata.is_file())
    }
}

/// What all contexts of a place share.
struct Site<'a> {
    facts: &'a Arc<Facts>,
    base: &'a Path,
    prefix: &'a str,
}

impl Site<'_> {
    fn context(&self, kind: Kind, naming: Naming) -> Context {
        let facts = Arc::clone(self.facts);
        Context { kind, prefix: self.prefix.to_owned(), naming, facts, unseen: "" }
    }

    /// The context of `path` with the folders between `folder` and it in the id.
    fn below(&self, folder: &Path, path: &Path, kind: Kind, naming: Naming) -> Context {
        let mut context = self.context(kind, naming);
        let between = path.parent().and_then(|parent| parent.strip_prefix(folder).ok());
        for part in between.into_iter().flat_map(Path::components) {
            context.prefix.push_str(&lossy(Some(part.as_os_str())));
            context.prefix.push(':');
        }
        context
    }
}

/// A relative path without `.` and `..`, or `None` where it leads out of its base.
pub(super) fn normalised(written: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for component in Path::new(written).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(part) => path.push(part),
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

pub(super) fn is_skipped(path: &Path) -> bool {
    path.file_name().and_then(OsStr::to_str).is_some_and(|name| SKIPPED_FOLDERS.contains(&name))
}

fn has_md_extension(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.len() >= 3 && name[name.len() - 3..].eq_ignore_ascii_case(b".md")
}

fn lossy(name: Option<&OsStr>) -> String {
    one_line(&name.unwrap_or_default().to_string_lossy())
}

/// The file's name without its `.md`, in whatever case.
fn stem(path: &Path) -> String {
    let name = lossy(path.file_name());
    match name.len().checked_sub(3).and_then(|at| name.get(at..).map(|end| (at, end))) {
        Some((at, end)) if end.eq_ignore_ascii_case(".md") => name[..at].to_owned(),
        _ => name,
    }
}

/// The file's name without `.md`; a suffix in capitals stays, as in the client.
fn command_name(path: &Path) -> String {
    let name = lossy(path.file_name());
    name.strip_suffix(".md").map(str::to_owned).unwrap_or(name)
}

/// `name` with every character but ASCII letters, digits, `_` and `-` replaced, as the client writes skill ids; it
/// counts in UTF-16 units.
pub(super) fn sanitised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') {
            out.push(c);
        } else {
            out.extend(std::iter::repeat_n('-', c.len_utf16()));
        }
    }
    out
}

/// An input or output error without the path, which the problem names already.
pub(super) fn describe(error: &std::io::Error) -> String {
    error.kind().to_string()
}

#[cfg(test)]
mod tests {
    use super::{command_name, normalised, sanitised, stem};
    use std::path::Path;

    #[test]
    fn names_are_written_as_the_client_writes_them() {
        assert_eq!(sanitised("s15 space"), "s15-space");
        assert_eq!(sanitised(".s17"), "-s17");
        assert_eq!(sanitised("日本"), "--");
        assert_eq!(stem(Path::new("a/x.agent.md")), "x.agent");
        assert_eq!(stem(Path::new("A.MD")), "A");
        assert_eq!(command_name(Path::new("c08.MD")), "c08.MD");
    }

    #[test]
    fn component_paths_stay_inside() {
        assert_eq!(normalised("./skills/").as_deref(), Some(Path::new("skills")));
        assert_eq!(normalised("./a/../b").as_deref(), Some(Path::new("b")));
        assert_eq!(normalised("../up"), None);
        assert_eq!(normalised("./a/../../b"), None);
        assert_eq!(normalised("/etc"), None);
    }
}
