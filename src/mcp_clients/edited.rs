//! What an edit of a client's file gives, whatever its format.

/// A file's text with the server in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edited {
    pub text: String,
    /// The entry's text before; `None` where there was none.
    pub old: Option<String>,
    /// The entry's text now.
    pub new: String,
    /// Whether the object or table that holds the servers had to be made.
    pub created_container: bool,
}

/// What an edit did, as it is recorded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Done<'a> {
    pub old: Option<&'a str>,
    pub new: &'a str,
    pub created_container: bool,
}

/// A file's text once an edit is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TakenBack {
    Text(String),
    /// Somebody changed the entry since.
    Changed,
    /// Somebody took the entry out.
    Gone,
}
