//! How far an embedding model is.

/// The state of the model in `/health`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// There is none.
    #[default]
    None,
    /// It is being loaded.
    Loading,
    /// It is embedding the entries.
    Embedding,
    /// All entries are embedded.
    Ready,
    /// It cannot be used; the health says why.
    Failed,
}

impl Phase {
    /// Its name on the wire.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Phase::None => "none",
            Phase::Loading => "loading",
            Phase::Embedding => "embedding",
            Phase::Ready => "ready",
            Phase::Failed => "failed",
        }
    }
}
