//! The sources of the workspace, parsed: which module each file is, and which paths its code names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// The crates below `crates/` as code names them.
pub(crate) const CRATES: &[&str] = &[
    "confined_fs",
    "protocol",
    "claude_settings",
    "catalog",
    "search",
    "semantic",
    "domain",
    "store",
    "client",
];

/// The crate of the service itself.
pub(crate) const SERVICE: &str = "adjutant";

/// A path as the code names it, with `crate`, `self` and `super` resolved: its first segment is a crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) line: usize,
    pub(crate) segments: Vec<String>,
}

/// One file that is not a test.
pub(crate) struct Source {
    /// Relative to the top of the project.
    pub(crate) path: PathBuf,
    /// The crate as code names it.
    pub(crate) krate: String,
    /// The module inside the crate; empty for `lib.rs`.
    pub(crate) module: Vec<String>,
    pub(crate) text: String,
    /// Every path outside of tests.
    pub(crate) names: Vec<Named>,
    /// The modules that it declares.
    pub(crate) children: Vec<String>,
    /// The lines of items outside of tests that define something: all but imports and declarations of modules.
    pub(crate) definitions: Vec<usize>,
}

impl Source {
    /// The crate, or the first module of the service: what the tables of layers speak of.
    pub(crate) fn zone(&self) -> &str {
        if self.krate == SERVICE { self.module.first().map_or("lib", String::as_str) } else { &self.krate }
    }

    /// Whether it is a folder's front: `mod.rs` or `lib.rs`.
    pub(crate) fn is_front(&self) -> bool {
        self.path.file_name().is_some_and(|name| name == "mod.rs" || name == "lib.rs")
    }

    /// Whether it declares a module of that name, which then is meant where the name begins a path.
    pub(crate) fn declares(&self, name: &str) -> bool {
        self.is_front() && self.children.iter().any(|child| child == name)
    }

    /// `path:line`, for a message.
    pub(crate) fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }

    /// The lines before the file's tests, without comments, numbered from one.
    pub(crate) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let before_tests = self.text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
        let numbered = before_tests.enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        numbered.map(|(index, line)| (index + 1, line))
    }
}

/// The top of the project.
pub(crate) fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// All sources of the workspace but tests, in the order of their paths.
pub(crate) fn sources() -> &'static [Source] {
    static SOURCES: OnceLock<Vec<Source>> = OnceLock::new();
    SOURCES.get_or_init(read_all)
}

fn read_all() -> Vec<Source> {
    let mut roots = vec![(SERVICE.to_owned(), top().join("src"))];
    for entry in std::fs::read_dir(top().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().replace('-', "_");
        assert!(CRATES.contains(&name.as_str()), "the crate {name} is not in the table of crates");
        roots.push((name, folder.join("src")));
    }
    let mut sources = Vec::new();
    for (krate, root) in &roots {
        collect(krate, root, &mut sources);
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(sources.len() > 50, "the sources were not found");
    sources
}

/// Follows the declarations of modules from the front of a crate, leaving out those of tests.
fn collect(krate: &str, root: &Path, sources: &mut Vec<Source>) {
    let mut open = vec![(Vec::new(), root.join("lib.rs"))];
    if root.join("main.rs").exists() {
        open.push((vec!["main".to_owned()], root.join("main.rs")));
    }
    while let Some((module, path)) = open.pop() {
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let items: Vec<syn::Item> =
            file.items.into_iter().filter(|item| !is_test(attributes(item))).collect();
        let is_front = path.file_name().is_some_and(|name| name == "mod.rs" || name == "lib.rs");
        for item in &items {
            let syn::Item::Mod(declared) = item else { continue };
            if declared.content.is_some() || !is_front {
                continue;
            }
            let name = declared.ident.to_string();
            let folder = path.parent().unwrap();
            let files = [folder.join(format!("{name}.rs")), folder.join(&name).join("mod.rs")];
            let file = files.into_iter().find(|file| file.exists());
            let file = file.unwrap_or_else(|| panic!("{}: no file for mod {name}", path.display()));
            open.push(([&module[..], &[name]].concat(), file));
        }
        let mut paths = Paths { krate, module: &module, names: Vec::new() };
        for item in &items {
            paths.visit_item(item);
        }
        let names = paths.names;
        let definitions =
            items.iter().filter(|item| defines(item)).map(|item| item.span().start().line).collect();
        let children = items.iter().filter_map(declared).collect();
        let path = path.strip_prefix(top()).unwrap().to_owned();
        sources.push(Source { path, krate: krate.to_owned(), module, text, names, children, definitions });
    }
}

/// The name of the module that an item declares.
fn declared(item: &syn::Item) -> Option<String> {
    if let syn::Item::Mod(module) = item { Some(module.ident.to_string()) } else { None }
}

/// Whether an item is more than an import or the declaration of a module.
fn defines(item: &syn::Item) -> bool {
    match item {
        syn::Item::Use(_) | syn::Item::ExternCrate(_) => false,
        syn::Item::Mod(declared) => declared.content.is_some(),
        _ => true,
    }
}

/// Whether an item is there for tests only.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
    })
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Gathers every path of a file that starts at a crate.
struct Paths<'a> {
    krate: &'a str,
    module: &'a [String],
    names: Vec<Named>,
}

impl Paths<'_> {
    fn add(&mut self, line: usize, segments: &[String]) {
        let mut at = self.module.to_vec();
        let mut rest = segments;
        match rest.first().map(String::as_str) {
            Some("crate") => {
                at.clear();
                rest = &rest[1..];
            }
            Some("self") => rest = &rest[1..],
            Some("super") => {
                while rest.first().is_some_and(|segment| segment == "super") {
                    at.pop();
                    rest = &rest[1..];
                }
            }
            Some(_) => {
                // A name in scope, or a crate: the tables know crates by their names.
                self.names.push(Named { line, segments: rest.to_vec() });
                return;
            }
            None => return,
        }
        let segments = [&[self.krate.to_owned()], &at[..], rest].concat();
        self.names.push(Named { line, segments });
    }

    fn add_tree(&mut self, line: usize, before: &[String], tree: &syn::UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_tree(line, &with(&path.ident), &path.tree),
            syn::UseTree::Name(name) if name.ident == "self" => self.add(line, before),
            syn::UseTree::Name(name) => self.add(line, &with(&name.ident)),
            syn::UseTree::Rename(name) if name.ident == "self" => self.add(line, before),
            syn::UseTree::Rename(name) => self.add(line, &with(&name.ident)),
            syn::UseTree::Glob(_) => self.add(line, &[before, &["*".to_owned()]].concat()),
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.add_tree(line, before, tree));
            }
        }
    }
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_tree(item.span().start().line, &[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(path.span().start().line, &segments);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        // What a macro is given is not parsed: paths in it are found word by word.
        let line = called.span().start().line;
        let tokens = called.tokens.to_string().replace(" :: ", "::");
        for word in tokens.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
            let segments: Vec<String> = word.split("::").map(str::to_owned).collect();
            if segments.len() > 1 && segments.iter().all(|segment| !segment.is_empty()) {
                self.add(line, &segments);
            }
        }
        visit::visit_macro(self, called);
    }
}

/// The files of one crate by module.
pub(crate) fn modules<'a>(sources: &'a [Source], krate: &str) -> BTreeMap<Vec<String>, &'a Source> {
    let of_crate = sources.iter().filter(|source| source.krate == krate);
    of_crate.map(|source| (source.module.clone(), source)).collect()
}

/// The names of all crates that have sources.
pub(crate) fn crates(sources: &[Source]) -> BTreeSet<&str> {
    sources.iter().map(|source| source.krate.as_str()).collect()
}
