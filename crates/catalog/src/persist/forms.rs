//! The persisted form of files and manifests. Forms borrow their content, both for writing and for reading.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::definition::Definition;
use crate::invocation::Invocation;
use crate::kind::Kind;
use crate::layout::{EntryContext, NOT_LOADED, Naming, PluginFacts};
use crate::manifest::{Command, Components, Listing, Manifest};
use crate::origin::{Origin, Scope};
use crate::problem::{CODES, Problem};
use crate::scan::{File, Read};
use confined_fs::scan_root::Stamp;

/// The actions of problems.
const ACTIONS: [&str; 3] = ["kept", "repaired", "skipped"];

/// The numbers of a stamp.
pub(super) type Numbers = (u64, u64, u64, i64, i64);

/// One block of files.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct BlockForm<'a> {
    /// The facts about each plugin, once.
    #[serde(borrow)]
    facts: Vec<FactsForm<'a>>,
    #[serde(borrow)]
    files: Vec<FileForm<'a>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct FactsForm<'a> {
    plugin: &'a str,
    category: &'a str,
    #[serde(borrow)]
    keywords: Vec<&'a str>,
    /// By position in [`Scope::ALL`].
    scope: u8,
    marketplace: &'a str,
    installed_as: &'a str,
    root: &'a [u8],
    is_meant_by_ids: bool,
    not_loaded: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct FileForm<'a> {
    path: &'a [u8],
    stamp: Numbers,
    /// By position in [`Kind::ALL`].
    kind: u8,
    prefix: &'a str,
    naming: NamingForm<'a>,
    /// By position in the block's facts.
    facts: u32,
    /// By position in [`NOT_LOADED`].
    not_loaded: u8,
    #[serde(borrow)]
    definition: Option<DefinitionForm<'a>>,
    agent_names: Option<u32>,
    #[serde(borrow)]
    problems: Vec<ProblemForm<'a>>,
}

#[derive(Debug, Serialize, Deserialize)]
enum NamingForm<'a> {
    Stated(&'a str),
    Fixed(&'a str),
    OwnSkill(&'a str),
}

/// Everything of a definition that its context does not determine.
#[derive(Debug, Serialize, Deserialize)]
struct DefinitionForm<'a> {
    id: &'a str,
    name: &'a str,
    description: &'a str,
    when_to_use: &'a str,
    model: Option<&'a str>,
    category: &'a str,
    arguments: &'a str,
    body: &'a str,
    content_hash: &'a str,
    hidden: bool,
    /// By position in [`Invocation::ALL`].
    invocation: u8,
    not_loaded: bool,
    #[serde(borrow)]
    lists: [Vec<&'a str>; 8],
}

/// A problem of the file that contains it.
#[derive(Debug, Serialize, Deserialize)]
struct ProblemForm<'a> {
    line: Option<u64>,
    /// By position in [`CODES`].
    code: u16,
    /// By position in [`ACTIONS`].
    action: u8,
    message: &'a str,
}

impl<'a> BlockForm<'a> {
    /// `None` if a problem has an unknown code or action.
    pub(super) fn of(files: &'a [File]) -> Option<Self> {
        let mut known: Vec<&Arc<PluginFacts>> = Vec::new();
        let mut forms = Vec::with_capacity(files.len());
        for file in files {
            let facts = &file.context.facts;
            // Files of one plugin are adjacent.
            let number = known.iter().rposition(|known| Arc::ptr_eq(known, facts)).unwrap_or(known.len());
            if number == known.len() {
                known.push(facts);
            }
            forms.push(FileForm::of(file, u32::try_from(number).ok()?)?);
        }
        let facts = known.iter().map(|facts| FactsForm::of(facts)).collect::<Option<_>>()?;
        Some(BlockForm { facts, files: forms })
    }

    /// `None` if a number is out of range.
    pub(super) fn to_files(&self) -> Option<Arc<[File]>> {
        let facts: Vec<Arc<PluginFacts>> =
            self.facts.iter().map(|facts| facts.to_facts().map(Arc::new)).collect::<Option<_>>()?;
        self.files.iter().map(|file| file.to_file(&facts)).collect()
    }
}

impl<'a> FactsForm<'a> {
    fn of(facts: &'a PluginFacts) -> Option<Self> {
        let PluginFacts { plugin, category, keywords, origin, not_loaded } = facts;
        Some(FactsForm {
            plugin,
            category,
            keywords: borrowed(keywords),
            scope: number(&Scope::ALL, &origin.scope)?,
            marketplace: &origin.marketplace,
            installed_as: &origin.installed_as,
            root: bytes_of(&origin.root),
            is_meant_by_ids: origin.is_meant_by_ids,
            not_loaded: *not_loaded,
        })
    }

    fn to_facts(&self) -> Option<PluginFacts> {
        let origin = Origin {
            scope: *Scope::ALL.get(usize::from(self.scope))?,
            marketplace: self.marketplace.to_owned(),
            installed_as: self.installed_as.to_owned(),
            root: path_of(self.root).to_owned(),
            is_meant_by_ids: self.is_meant_by_ids,
        };
        Some(PluginFacts {
            plugin: self.plugin.to_owned(),
            category: self.category.to_owned(),
            keywords: owned(&self.keywords),
            origin: Arc::new(origin),
            not_loaded: self.not_loaded,
        })
    }
}

impl<'a> FileForm<'a> {
    fn of(file: &'a File, facts: u32) -> Option<Self> {
        let File { stamp, context, read: _, agent_names, problems, .. } = file;
        let EntryContext { kind, prefix, naming, facts: _, not_loaded } = context;
        Some(FileForm {
            path: bytes_of(file.path()),
            stamp: stamp.numbers(),
            kind: number(&Kind::ALL, kind)?,
            prefix,
            naming: match naming {
                Naming::Stated { stem } => NamingForm::Stated(stem),
                Naming::Fixed { name } => NamingForm::Fixed(name),
                Naming::OwnSkill { folder } => NamingForm::OwnSkill(folder),
            },
            facts,
            not_loaded: number(&NOT_LOADED, not_loaded)?,
            definition: match file.definition() {
                Some(definition) => Some(DefinitionForm::of(definition)?),
                None => None,
            },
            agent_names: *agent_names,
            problems: problems.iter().map(ProblemForm::of).collect::<Option<_>>()?,
        })
    }

    fn to_file(&self, facts: &[Arc<PluginFacts>]) -> Option<File> {
        let path = path_of(self.path);
        let facts = facts.get(self.facts as usize)?;
        let kind = *Kind::ALL.get(usize::from(self.kind))?;
        let naming = match self.naming {
            NamingForm::Stated(stem) => Naming::Stated { stem: stem.into() },
            NamingForm::Fixed(name) => Naming::Fixed { name: name.into() },
            NamingForm::OwnSkill(folder) => Naming::OwnSkill { folder: folder.into() },
        };
        let not_loaded = NOT_LOADED.get(usize::from(self.not_loaded))?;
        let context =
            EntryContext { kind, prefix: self.prefix.into(), naming, facts: Arc::clone(facts), not_loaded };
        let read = match &self.definition {
            Some(form) => Read::Entry(Arc::new(form.to_definition(kind, facts, path)?)),
            None => Read::Nothing(path.into()),
        };
        let shared: Option<Arc<Path>> = (!self.problems.is_empty()).then(|| path.into());
        let problems = self.problems.iter().map(|problem| problem.to_problem(shared.as_ref()?));
        let problems: Option<Arc<[Problem]>> = problems.collect();
        Some(File {
            stamp: Stamp::of_numbers(self.stamp),
            context,
            component_root: 0,
            read,
            agent_names: self.agent_names,
            problems: problems?,
        })
    }
}

impl<'a> DefinitionForm<'a> {
    /// `None` if it may be run by nobody that is known here.
    fn of(definition: &'a Definition) -> Option<Self> {
        // Without `..`, so that a new field cannot be forgotten.
        let Definition {
            kind: _,
            id,
            plugin: _,
            name,
            aliases,
            description,
            when_to_use,
            model,
            tools,
            run_settings,
            category,
            keywords,
            capabilities,
            arguments,
            steps,
            agents,
            headings,
            body,
            origin: _,
            path: _,
            content_hash,
            hidden,
            invocation,
            not_loaded,
        } = definition;
        Some(DefinitionForm {
            id,
            name,
            description,
            when_to_use,
            model: model.as_deref(),
            category,
            arguments,
            body,
            content_hash,
            hidden: *hidden,
            invocation: number(&Invocation::ALL, invocation)?,
            not_loaded: *not_loaded,
            lists: [aliases, tools, run_settings, keywords, capabilities, steps, agents, headings]
                .map(|list| borrowed(list)),
        })
    }

    fn to_definition(&self, kind: Kind, facts: &PluginFacts, path: &Path) -> Option<Definition> {
        let [aliases, tools, run_settings, keywords, capabilities, steps, agents, headings] =
            [0, 1, 2, 3, 4, 5, 6, 7].map(|list: usize| owned(&self.lists[list]));
        Some(Definition {
            kind,
            id: self.id.to_owned(),
            plugin: facts.plugin.clone(),
            origin: Arc::clone(&facts.origin),
            name: self.name.to_owned(),
            aliases,
            description: self.description.to_owned(),
            when_to_use: self.when_to_use.to_owned(),
            model: self.model.map(str::to_owned),
            tools,
            run_settings,
            category: self.category.to_owned(),
            keywords,
            capabilities,
            arguments: self.arguments.to_owned(),
            steps,
            agents,
            headings,
            body: self.body.to_owned(),
            path: path.to_owned(),
            content_hash: self.content_hash.to_owned(),
            hidden: self.hidden,
            invocation: *Invocation::ALL.get(usize::from(self.invocation))?,
            not_loaded: self.not_loaded,
        })
    }
}

impl<'a> ProblemForm<'a> {
    fn of(problem: &'a Problem) -> Option<Self> {
        let code = CODES.iter().position(|(code, ..)| *code == problem.code)?;
        Some(ProblemForm {
            line: problem.line.map(|line| line as u64),
            code: u16::try_from(code).ok()?,
            action: number(&ACTIONS, &problem.action)?,
            message: &problem.message,
        })
    }

    fn to_problem(&self, path: &Arc<Path>) -> Option<Problem> {
        Some(Problem {
            path: Arc::clone(path),
            line: self.line.map(usize::try_from).transpose().ok()?,
            code: CODES.get(usize::from(self.code))?.0,
            message: self.message.into(),
            action: ACTIONS.get(usize::from(self.action))?,
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ManifestForm<'a> {
    name: Option<&'a str>,
    category: &'a str,
    #[serde(borrow)]
    keywords: Vec<&'a str>,
    #[serde(borrow)]
    components: ComponentsForm<'a>,
    disabled: bool,
    default_enabled: bool,
    rejected: Option<&'a str>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ComponentsForm<'a> {
    #[serde(borrow)]
    agents: Option<Vec<&'a str>>,
    #[serde(borrow)]
    commands: Option<Vec<CommandForm<'a>>>,
    #[serde(borrow)]
    skills: Vec<&'a str>,
}

#[derive(Debug, Serialize, Deserialize)]
enum CommandForm<'a> {
    Path(&'a str),
    Named(&'a str, &'a str),
    Inline(&'a str, &'a str),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ListingForm<'a> {
    name: &'a str,
    source: &'a str,
    category: &'a str,
    #[serde(borrow)]
    keywords: Vec<&'a str>,
    #[serde(borrow)]
    components: ComponentsForm<'a>,
    strict: bool,
    shares_folder: bool,
    fault: Option<&'a str>,
}

impl<'a> ManifestForm<'a> {
    pub(super) fn of(manifest: &'a Manifest) -> Self {
        let Manifest { name, category, keywords, components, disabled, default_enabled, rejected } = manifest;
        ManifestForm {
            name: name.as_deref(),
            category,
            keywords: borrowed(keywords),
            components: ComponentsForm::of(components),
            disabled: *disabled,
            default_enabled: *default_enabled,
            rejected: rejected.as_deref(),
        }
    }

    pub(super) fn to_manifest(&self) -> Manifest {
        Manifest {
            name: self.name.map(str::to_owned),
            category: self.category.to_owned(),
            keywords: owned(&self.keywords),
            components: self.components.to_components(),
            disabled: self.disabled,
            default_enabled: self.default_enabled,
            rejected: self.rejected.map(str::to_owned),
        }
    }
}

impl<'a> ListingForm<'a> {
    pub(super) fn of(listing: &'a Listing) -> Self {
        let Listing { name, source, category, keywords, components, strict, shares_folder, fault } = listing;
        let (keywords, components) = (borrowed(keywords), ComponentsForm::of(components));
        ListingForm {
            name,
            source,
            category,
            keywords,
            components,
            strict: *strict,
            shares_folder: *shares_folder,
            fault: fault.as_deref(),
        }
    }

    pub(super) fn to_listing(&self) -> Listing {
        Listing {
            name: self.name.to_owned(),
            source: self.source.to_owned(),
            category: self.category.to_owned(),
            keywords: owned(&self.keywords),
            components: self.components.to_components(),
            strict: self.strict,
            shares_folder: self.shares_folder,
            fault: self.fault.map(str::to_owned),
        }
    }
}

impl<'a> ComponentsForm<'a> {
    fn of(components: &'a Components) -> Self {
        let Components { agents, commands, skills } = components;
        let command = |command: &'a Command| match command {
            Command::Path(path) => CommandForm::Path(path),
            Command::Named(name, path) => CommandForm::Named(name, path),
            Command::Inline(name, text) => CommandForm::Inline(name, text),
        };
        ComponentsForm {
            agents: agents.as_deref().map(borrowed),
            commands: commands.as_deref().map(|commands| commands.iter().map(command).collect()),
            skills: borrowed(skills),
        }
    }

    fn to_components(&self) -> Components {
        let command = |command: &CommandForm<'_>| match *command {
            CommandForm::Path(path) => Command::Path(path.to_owned()),
            CommandForm::Named(name, path) => Command::Named(name.to_owned(), path.to_owned()),
            CommandForm::Inline(name, text) => Command::Inline(name.to_owned(), text.to_owned()),
        };
        Components {
            agents: self.agents.as_deref().map(owned),
            commands: self.commands.as_deref().map(|commands| commands.iter().map(command).collect()),
            skills: owned(&self.skills),
        }
    }
}

fn borrowed(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

fn owned(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

/// The position of `one` among `all`.
fn number<T: PartialEq>(all: &[T], one: &T) -> Option<u8> {
    all.iter().position(|known| known == one).and_then(|at| u8::try_from(at).ok())
}

pub(super) fn bytes_of(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

pub(super) fn path_of(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}
