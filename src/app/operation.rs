//! The shape every operation has: constants that say what it is, typed parameters, a typed output, one implementation.
//!
//! Adding one takes a file in `operations/` with a type that implements [`Operation`], a line in `operations/table.rs`, and
//! one in `cli/operation_commands.rs`. JSON-RPC, the in-process client, metrics and rate limits have it from then on; MCP has
//! it where [`Operation::TOOL`] says how a model sees it. Who may call it is decided in `authorization.rs`.

use std::future::Future;
use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use validator::Validate;

use super::authorization::Principal;
use super::{AppError, Project};
use catalog::Kind;
use protocol::{AccessRole, OperationClass};

/// One thing a client can ask for.
pub trait Operation {
    /// The method's name on the wire.
    const NAME: &'static str;
    /// Whether it changes anything.
    const CLASS: OperationClass;
    /// The role it takes.
    const PERMISSION: AccessRole;
    /// A name for people.
    const TITLE: &'static str;
    /// What it does, in one sentence that begins with a verb in the imperative, as the help of the command line shows it.
    const SENTENCE: &'static str;
    /// Whether it is a JSON-RPC method; an operation with an HTTP endpoint of its own is none.
    const IS_RPC_METHOD: bool = true;
    /// How a model sees it; `None` where it is no MCP tool.
    const TOOL: Option<&'static Tool> = None;
    /// What the client sends: unknown members are refused, limits are declared with `validator`.
    type Params: DeserializeOwned + Validate + JsonSchema + Send;
    /// The wire type of the answer.
    type Answer: DeserializeOwned + JsonSchema;
    /// What writes the answer; the wire type itself, unless something quicker does.
    type Output: Output + Send;

    /// Runs it. Parameters are valid; what can still be wrong with them is [`AppError::Invalid`].
    fn run(
        project: &Project,
        principal: &Principal,
        params: Self::Params,
    ) -> impl Future<Output = Result<Self::Output, AppError>> + Send;
}

/// What an operation answers.
pub trait Output: Serialize {
    /// Whether the answer came from a cache; `None` where the operation has none.
    fn cache_hit(&self) -> Option<bool> {
        None
    }

    /// Where a transport keeps the text it renders of this answer, which must follow from the answer alone; `None` where
    /// the answer itself is not cached.
    fn shown(&self) -> Option<&OnceLock<Shown>> {
        None
    }

    /// What the token usage counts; `None` where the answer is not counted.
    fn cost(&self) -> Option<Cost> {
        None
    }

    /// Writes it as JSON at the end of `json`.
    ///
    /// # Errors
    /// Never for plain data.
    fn write(&self, json: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(json, self)
    }

    /// Bytes it takes as JSON, roughly: a buffer of that size is allocated before it is written.
    fn size(&self) -> usize {
        1024
    }
}

/// An answer as a model reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The text.
    pub text: Box<str>,
    /// Its estimated tokens.
    pub tokens: usize,
}

/// What an answer costs and spares, in estimated tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// What the answer takes as JSON.
    pub as_json: usize,
    /// What the listing would have taken that the client does not carry; 0 where the answer spares none.
    pub spared: usize,
}

/// How a model sees an operation: an MCP tool.
#[derive(Debug)]
pub struct Tool {
    /// The tool's name.
    pub name: &'static str,
    /// Its place in the list of tools, which is the order a task uses them in.
    pub position: u8,
    /// What is behind it; `{}` is replaced by the number of entries of `counted`. A model pays for every word.
    pub description: &'static str,
    /// The kind whose entries the description counts.
    pub counted: Option<Kind>,
    /// The parameter in which a model describes a task. A text that is too long is cut at a word and the answer says so:
    /// a refusal would cost the model a turn.
    pub free_text: Option<&'static str>,
    /// Estimated tokens of an answer at most, where the caller sets no `max_tokens`.
    pub default_budget: Option<usize>,
    /// Characters of an answer that a client should not cut.
    pub max_result_chars: Option<usize>,
    /// The text form of its answers.
    pub rendering: Rendering,
}

/// The text form of a tool's answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rendering {
    /// A line for each row, which are of this kind.
    Rows(Kind),
    /// A few lines, then the body.
    Definition,
    /// A sequence of agents, with alternatives.
    Recommendation,
    /// What was stored.
    Stored,
}
