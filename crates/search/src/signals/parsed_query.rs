//! A request read once, before the signals that borrow its words.

use std::borrow::Cow;

use crate::index::IndexCore;
use crate::model_fit;
use crate::query::QueryTokens;
use crate::request::Request;
use crate::role_index::FilledRole;
use catalog::Kind;

/// What a request asks for.
pub(crate) struct ParsedQuery<'a> {
    /// The requested role, where the registry has it and an entry fills it.
    pub(super) role: Option<&'a FilledRole>,
    /// The words of all parts together.
    pub(super) tokens: QueryTokens,
    /// Whether the request is a single text, which may be a name.
    pub(super) is_single_text: bool,
    /// How complex the task sounds, -1..=1.
    pub(super) complexity: f32,
}

impl<'a> ParsedQuery<'a> {
    /// Reads a request.
    pub(crate) fn parse(core: &'a IndexCore, request: &Request<'a>) -> ParsedQuery<'a> {
        let is_for_agents = request.kind == Kind::Agent;
        let role = request.role.filter(|_| is_for_agents).and_then(|name| core.roles.find(name));
        let role = role.filter(|role| !role.documents.is_empty());
        // The name of a role that is not registered, or that no entry fills, still says what is requested.
        let role_words = request.role.filter(|_| role.is_none());
        let parts = [request.capability, role_words, request.context];
        let mut texts = parts.into_iter().flatten().filter(|part| !part.trim().is_empty());
        let first = texts.next().unwrap_or_default();
        let rest: Vec<&str> = texts.collect();
        let is_single_text = !first.is_empty() && rest.is_empty();
        let whole = if rest.is_empty() {
            Cow::Borrowed(first)
        } else {
            Cow::Owned(rest.into_iter().fold(first.to_owned(), |whole, part| whole + "\n" + part))
        };
        ParsedQuery {
            role,
            tokens: core.query_parser().tokenize(&whole),
            is_single_text,
            complexity: model_fit::complexity(&whole),
        }
    }
}
