//! Write commands, and the transaction that several of them share.
//!
//! The writer applies all queued commands in one transaction (group commit). After the commit the drafts of the
//! [aggregates](super::aggregate) are published and each caller gets its receipt. If the commit fails the drafts are
//! discarded and each caller gets the error.

use std::fmt;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::error::StoreError;

/// An open transaction.
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
    /// The command is rejected: its caller gets the reason, and the transaction goes on without it.
    Refused(StoreError),
    /// The database failed: the whole transaction is rolled back.
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for ApplyError {
    fn from(error: rusqlite::Error) -> Self {
        ApplyError::Database(error)
    }
}

/// A write: changes rows and the drafts of the aggregates that it holds.
pub(super) trait WriteCommand: fmt::Debug + Send + 'static {
    /// What the caller gets after the commit.
    type Receipt: fmt::Debug + Send;

    /// Applies it.
    ///
    /// # Errors
    /// [`ApplyError::Refused`] only before it has changed anything, since the transaction goes on: a command checks first,
    /// then changes.
    fn apply(&mut self, transaction: &Transaction<'_>) -> Result<Self::Receipt, ApplyError>;
}

/// A command of any type, with the channel to its caller.
pub(super) trait PendingCommand: fmt::Debug + Send {
    /// Applies it; its receipt or refusal is held back until the commit.
    ///
    /// # Errors
    /// Those of the database.
    fn apply(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()>;

    /// Sends the receipt or the refusal, after the commit and the publication.
    fn acknowledge(self: Box<Self>);

    /// Sends the error of a transaction that was rolled back.
    fn fail(self: Box<Self>, error: &StoreError);
}

/// The outcome of a command for its caller.
type Outcome<C> = Result<<C as WriteCommand>::Receipt, StoreError>;

#[derive(Debug)]
struct Pending<C: WriteCommand> {
    command: C,
    outcome: Option<Outcome<C>>,
    reply: oneshot::Sender<Outcome<C>>,
}

/// A command for the queue, and the channel on which its outcome arrives.
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
        // The caller may have stopped waiting.
        let _ = self.reply.send(self.outcome.unwrap_or(Err(StoreError::Closed)));
    }

    fn fail(self: Box<Self>, error: &StoreError) {
        let _ = self.reply.send(Err(error.clone()));
    }
}
