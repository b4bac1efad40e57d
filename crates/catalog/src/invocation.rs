//! Who may run a skill or a command in Claude Code.

/// Who may run an entry, as its front matter says: `disable-model-invocation` and `user-invocable`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Invocation {
    /// The user and the model.
    #[default]
    Anyone,
    /// Only the user, by its slash command: the client neither lists it to the model nor lets the model load it.
    UserOnly,
    /// Only the model: it is no slash command.
    ModelOnly,
    /// Neither.
    Nobody,
}

impl Invocation {
    /// All of them.
    pub(super) const ALL: [Invocation; 4] =
        [Invocation::Anyone, Invocation::UserOnly, Invocation::ModelOnly, Invocation::Nobody];

    pub(super) fn of(by_user: bool, by_model: bool) -> Invocation {
        match (by_user, by_model) {
            (true, true) => Invocation::Anyone,
            (true, false) => Invocation::UserOnly,
            (false, true) => Invocation::ModelOnly,
            (false, false) => Invocation::Nobody,
        }
    }

    /// Whether the user may run it, by its slash command.
    pub fn is_by_user(self) -> bool {
        matches!(self, Invocation::Anyone | Invocation::UserOnly)
    }

    /// Whether the model may run it.
    pub fn is_by_model(self) -> bool {
        matches!(self, Invocation::Anyone | Invocation::ModelOnly)
    }

    /// Its name on the wire; `None` where everybody may run it, which nothing needs to say.
    pub fn restriction(self) -> Option<&'static str> {
        match self {
            Invocation::Anyone => None,
            Invocation::UserOnly => Some("user_only"),
            Invocation::ModelOnly => Some("model_only"),
            Invocation::Nobody => Some("nobody"),
        }
    }
}
