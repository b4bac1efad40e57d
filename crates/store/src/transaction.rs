//! Commands that write, and the transaction that several of them share.
//!
//! The writer applies the commands that wait in one transaction (group commit). When it is committed, the drafts of the
//! [aggregates](super::aggregate) are published and each command's receipt is sent; when it is not, the drafts are dropped
//! and each caller gets the error.

use std::fmt;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::error::StoreError;

/// A transaction in the making.
#[derive(Debug)]
pub(super) struct Transaction<'a> {
    /// The connection, within the transaction.
    pub connection: &'a Connection,
    /// The time of the transaction, in milliseconds since 1970, UTC.
    pub now_ms: i64,
}

/// Why a command was not applied.
#[derive(Debug)]
pub(super) enum ApplyError {
    /// The command is at fault: its caller gets the reason, and the others are committed without it.
    Refused(StoreError),
    /// The database is: nothing of the transaction is committed.
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for ApplyError {
    fn from(error: rusqlite::Error) -> Self {
        ApplyError::Database(error)
    }
}

/// Something to write: changes rows, and the drafts of the aggregates it holds.
pub(super) trait WriteCommand: fmt::Debug + Send + 'static {
    /// What the caller gets once it is committed.
    type Receipt: fmt::Debug + Send;

    /// Applies it.
    ///
    /// # Errors
    /// [`ApplyError::Refused`] only before it changed anything, since the transaction goes on: a command checks first and
    /// changes then.
    fn apply(&mut self, transaction: &Transaction<'_>) -> Result<Self::Receipt, ApplyError>;
}

/// A command of any kind with the way to its caller.
pub(super) trait PendingCommand: fmt::Debug + Send {
    /// Applies it; a refusal is kept for its caller.
    ///
    /// # Errors
    /// Those of the database.
    fn apply(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()>;

    /// Sends the receipt, or the refusal: the transaction is committed and published.
    fn acknowledge(self: Box<Self>);

    /// Sends the error: nothing was committed.
    fn fail(self: Box<Self>, error: &StoreError);
}

/// What the caller of a command gets.
type Outcome<C> = Result<<C as WriteCommand>::Receipt, StoreError>;

#[derive(Debug)]
struct Pending<C: WriteCommand> {
    command: C,
    outcome: Option<Outcome<C>>,
    reply: oneshot::Sender<Outcome<C>>,
}

/// A command to be sent to the writer, and where its receipt comes in.
pub(super) fn pending<C: WriteCommand>(
    command: C,
) -> (Box<dyn PendingCommand>, oneshot::Receiver<Outcome<C>>) {
    let (reply, receipt) = oneshot::channel();
    (Box::new(Pending { command, outcome: None, reply }), receipt)
}

impl<C: WriteCommand> PendingCommand for Pending<C> {
    fn apply(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        self.outcome = Some(match self.command.apply(transaction) {
            Ok(receipt) => Ok(receipt),
            Err(ApplyError::Refused(error)) => Err(error),
            Err(ApplyError::Database(error)) => return Err(error),
        });
        Ok(())
    }

    fn acknowledge(self: Box<Self>) {
        // A caller that went away does not want to know.
        let _ = self.reply.send(self.outcome.unwrap_or(Err(StoreError::Closed)));
    }

    fn fail(self: Box<Self>, error: &StoreError) {
        let _ = self.reply.send(Err(error.clone()));
    }
}
