//! A thread that gives way to all others, for embedding entries.
//!
//! It is no worker: it has nothing to do by itself, and the `embedding` worker waits for each of its answers. A crash costs
//! the text at hand; the worker then goes without the model, which `/health` says.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};

use super::loaded_model::LoadedModel;
use semantic::chunking::{MAX_PASSAGE_TOKENS, MAX_REQUEST_TOKENS};
use semantic::{InputRole, ModelError, encoder};

/// What became of one text.
type Embedded = Result<Vec<f32>, ModelError>;

/// Work for the thread, which answers by itself.
type Task = Box<dyn FnOnce() + Send>;

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

    /// The vector of a text, or why it has none; `None` where embedding it crashed.
    pub(super) fn embed(&self, model: &Arc<LoadedModel>, text: String, role: InputRole) -> Option<Embedded> {
        let max_tokens = match role {
            InputRole::Passage => MAX_PASSAGE_TOKENS,
            InputRole::Query => MAX_REQUEST_TOKENS,
        };
        let model = Arc::clone(model);
        self.run(move || model.encoder.embed(&text, role, max_tokens))
    }

    /// What `task` yields on the thread; `None` where it crashed.
    fn run<T: Send + 'static>(&self, task: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (reply, answer) = sync_channel(1);
        // Nobody waits any more only where the project was closed meanwhile.
        self.0.send(Box::new(move || drop(reply.send(task())))).ok()?;
        answer.recv().ok()
    }
}

fn work(tasks: &Receiver<Task>) {
    lower_priority();
    encoder::use_current_thread_only();
    while let Ok(task) = tasks.recv() {
        // Whoever waits finds that there is no answer; the panic hook logged why.
        let _ = catch_unwind(AssertUnwindSafe(task));
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

#[cfg(test)]
mod tests {
    use super::LowPriorityThread;

    #[test]
    fn a_crash_costs_the_text_at_hand_and_not_the_thread() {
        let thread = LowPriorityThread::start().unwrap();
        for number in 0..3 {
            assert_eq!(thread.run(|| -> u32 { panic!("on purpose, for a test") }), None);
            assert_eq!(thread.run(move || number), Some(number));
        }
    }
}
