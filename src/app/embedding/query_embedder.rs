//! Embedding requests, a bounded number at a time.

use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::loaded_model::LoadedModel;
use semantic::chunking::MAX_REQUEST_TOKENS;
use semantic::{InputRole, encoder};

/// Time a request waits for its vector. A dozen words take some ten milliseconds.
const BUDGET: Duration = Duration::from_millis(30);
/// Requests that may wait: more would be beyond their budget before their turn comes.
const MAX_WAITING: usize = 8;
/// Threads at most: half the processors, since the other half serves requests.
const MAX_THREADS: usize = 4;

const BUSY: &str = "too many requests at once";
const LATE: &str = "it took too long";
const FAILED: &str = "it failed";

/// The threads that embed requests; they start with the first one.
#[derive(Debug, Default)]
pub(super) struct QueryEmbedder {
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    stopping: bool,
    jobs: Option<SyncSender<Job>>,
}

#[derive(Debug)]
struct Job {
    loaded: Arc<LoadedModel>,
    text: String,
    answer: oneshot::Sender<Option<Arc<[f32]>>>,
}

impl QueryEmbedder {
    /// The vector of a request, of unit length.
    ///
    /// # Errors
    /// Why there is none, as the answer's reasoning puts it.
    pub(super) async fn vector(
        &self,
        loaded: &Arc<LoadedModel>,
        text: String,
    ) -> Result<Arc<[f32]>, &'static str> {
        if let Some(vector) = loaded.requests.get(&text) {
            return Ok(vector);
        }
        let (answer, waiting) = oneshot::channel();
        self.submit(Job { loaded: Arc::clone(loaded), text, answer })?;
        match tokio::time::timeout(BUDGET, waiting).await {
            Ok(Ok(Some(vector))) => Ok(vector),
            Ok(_) => Err(FAILED),
            Err(_) => Err(LATE),
        }
    }

    fn submit(&self, job: Job) -> Result<(), &'static str> {
        let jobs = {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            if queue.stopping {
                return Err(BUSY);
            }
            queue.jobs.get_or_insert_with(begin).clone()
        };
        jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => BUSY,
            TrySendError::Disconnected(_) => FAILED,
        })
    }

    /// Ends the threads after the request they may be embedding.
    pub(super) fn stop(&self) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.stopping = true;
        queue.jobs = None;
    }
}

fn begin() -> SyncSender<Job> {
    let (sender, receiver) = sync_channel(MAX_WAITING);
    let receiver = Arc::new(Mutex::new(receiver));
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    for _ in 0..(processors / 2).clamp(1, MAX_THREADS) {
        let receiver = Arc::clone(&receiver);
        // They end by themselves when the sender is dropped, so none is joined.
        let begun = std::thread::Builder::new().name("embed-query".into()).spawn(move || work(&receiver));
        if let Err(error) = begun {
            tracing::error!(%error, "a thread for the embedding model could not be started");
        }
    }
    sender
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    encoder::use_current_thread_only();
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { loaded, text, answer }) = job else { return };
        // Whoever asked has been answered without: the time is for those who still wait.
        if answer.is_closed() {
            continue;
        }
        // A fault in the model's library costs one judgement, not the thread.
        let embedded = || loaded.requests.get(&text).or_else(|| embed(&loaded, text));
        let vector = catch_unwind(AssertUnwindSafe(embedded)).unwrap_or_default();
        // Too late for this answer, in time for the next.
        let _ = answer.send(vector);
    }
}

fn embed(loaded: &LoadedModel, text: String) -> Option<Arc<[f32]>> {
    match loaded.encoder.embed(&text, InputRole::Query, MAX_REQUEST_TOKENS) {
        Ok(vector) => {
            let vector: Arc<[f32]> = vector.into();
            loaded.requests.insert(text, Arc::clone(&vector));
            Some(vector)
        }
        Err(error) => {
            tracing::warn!(%error, "a request could not be embedded");
            None
        }
    }
}
