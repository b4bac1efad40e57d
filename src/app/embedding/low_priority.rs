//! A thread that gives way to all others, for embedding entries.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use super::loaded_model::LoadedModel;
use semantic::chunking::{MAX_PASSAGE_TOKENS, MAX_REQUEST_TOKENS};
use semantic::{InputRole, ModelError, encoder};

/// What became of one text.
type Embedded = Result<Vec<f32>, ModelError>;

/// A text to embed, what it is, and where its vector goes.
type Task = (Arc<LoadedModel>, String, InputRole, SyncSender<Embedded>);

/// The thread, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct LowPriorityThread(Sender<Task>);

impl LowPriorityThread {
    /// Starts it.
    ///
    /// # Errors
    /// Where the system has no room for a thread.
    pub(super) fn start() -> std::io::Result<LowPriorityThread> {
        let (sender, receiver) = channel();
        std::thread::Builder::new().name("embedding".into()).spawn(move || work(&receiver))?;
        Ok(LowPriorityThread(sender))
    }

    /// The vector of a text, or why it has none; `None` where embedding crashed, now or before.
    pub(super) fn embed(&self, model: &Arc<LoadedModel>, text: String, role: InputRole) -> Option<Embedded> {
        let (reply, answer) = sync_channel(1);
        self.0.send((Arc::clone(model), text, role, reply)).ok()?;
        answer.recv().ok()
    }
}

fn work(tasks: &Receiver<Task>) {
    lower_priority();
    encoder::use_current_thread_only();
    while let Ok((model, text, role, reply)) = tasks.recv() {
        let max_tokens = match role {
            InputRole::Passage => MAX_PASSAGE_TOKENS,
            InputRole::Query => MAX_REQUEST_TOKENS,
        };
        // Nobody waits any more only where the project was closed meanwhile.
        let _ = reply.send(model.encoder.embed(&text, role, max_tokens));
    }
}

/// Makes the operating system prefer every other thread.
fn lower_priority() {
    // On Linux this is of the thread; elsewhere it would be of the whole process.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 19) {
        tracing::debug!(%error, "entries are embedded at the usual priority");
    }
}
