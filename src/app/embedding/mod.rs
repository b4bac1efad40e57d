//! The embedding model at work, where one is installed: loading it, having it read the entries, asking it.
//!
//! One thread of low priority does the first two (`reading`), a few threads of their own the last (`asking`), so that a
//! request waits for the model no longer than its budget and never in its place on the runtime. Where the model is
//! absent, busy or still reading, the answer goes out without its judgement and says so.

mod passage_embedder;
mod query_embedder;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use moka::sync::Cache;
use protocol::EmbeddingHealth;

use super::cache::QueryKey;
use super::{App, Snapshot};
use crate::config::Config;
use catalog::Kind;
use query_embedder::QueryEmbedder;
use semantic::{Encoder, PassageIndex, model_dir};

/// Requests whose vectors are kept: some two megabytes.
const MAX_KEPT_REQUESTS: u64 = 1_000;

/// The model of one instance, or that there is none.
#[derive(Debug, Default)]
pub(super) struct Embedding {
    state: Mutex<State>,
    changed: Condvar,
    /// What requests are judged by.
    loaded: ArcSwapOption<Loaded>,
    queries: QueryEmbedder,
    /// Counts up with every change of what the judgement would be.
    version: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    requested: bool,
    stopping: bool,
    /// Why there is no judgement although there is a model.
    absent: Option<&'static str>,
    model: Option<String>,
    dimensions: Option<usize>,
    phase: Phase,
    embedded: usize,
    total: usize,
    /// Why the model cannot be used, or its vectors not be kept.
    problem: Option<String>,
}

/// How far a model is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// There is none.
    #[default]
    None,
    /// It is being loaded.
    Loading,
    /// It is reading the entries.
    Embedding,
    /// It has read all of them.
    Ready,
    /// It cannot be used; the health says why.
    Failed,
}

impl Phase {
    /// Its name on the wire.
    fn as_str(self) -> &'static str {
        match self {
            Phase::None => "none",
            Phase::Loading => "loading",
            Phase::Embedding => "embedding",
            Phase::Ready => "ready",
            Phase::Failed => "failed",
        }
    }
}

/// A loaded model with what it has read.
#[derive(Debug)]
struct Loaded {
    encoder: Encoder,
    /// Vectors of requests, by their text.
    requests: Cache<String, Arc<[f32]>>,
    table: ArcSwapOption<PassageIndex>,
}

impl Loaded {
    fn new(encoder: Encoder) -> Loaded {
        Loaded { encoder, requests: Cache::new(MAX_KEPT_REQUESTS), table: ArcSwapOption::empty() }
    }
}

/// How close a model finds each entry to one request.
#[derive(Debug, Default)]
pub(super) struct SemanticScores {
    similarity: Option<Vec<f32>>,
    /// Why there is no judgement although there is a model.
    absent: Option<&'static str>,
}

impl SemanticScores {
    fn absent(why: &'static str) -> SemanticScores {
        SemanticScores { similarity: None, absent: Some(why) }
    }

    /// As search takes it.
    pub(super) fn similarity(&self) -> Option<&[f32]> {
        self.similarity.as_deref()
    }

    /// Whether the answer is as good as it will be for now.
    pub(super) fn is_whole(&self) -> bool {
        self.absent.is_none()
    }

    /// Says in a sentence's last words why the model took no part.
    pub(super) fn note(&self, reasoning: &mut String) {
        if let Some(why) = self.absent {
            reasoning.push_str("; without the embedding model: ");
            reasoning.push_str(why);
        }
    }
}

impl Embedding {
    /// Something changed: files, entries or the model's folder.
    pub(super) fn look(&self) {
        self.lock().requested = true;
        self.changed.notify_all();
    }

    /// Ends the threads after the text they may be at.
    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.changed.notify_all();
        self.queries.stop();
    }

    /// This process answers one question and ends, which is no time to load a model: answers say so.
    pub(super) fn stay_out(&self, config: &Config) {
        if config.paths.model_given || model_dir::has_model_files(&config.paths.model_dir) {
            self.lock().absent = Some("only a running instance uses it (adjutant up)");
        }
    }

    /// The state of what the model knows; 0 where there is none.
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Whether a model is loaded.
    pub(super) fn serves(&self) -> bool {
        self.loaded.load().is_some()
    }

    /// How it is doing, and what is wrong with it at that moment.
    pub(super) fn health(&self) -> (EmbeddingHealth, Option<String>) {
        let state = self.lock();
        let health = EmbeddingHealth {
            model: state.model.clone(),
            dimensions: state.dimensions,
            state: state.phase.as_str().into(),
            embedded: state.embedded,
            total: state.total,
        };
        (health, state.problem.clone())
    }

    /// What is said of a request while no model is loaded.
    fn without_model(&self, key: &QueryKey) -> SemanticScores {
        let asks = key.capability.is_some() || key.context.is_some();
        SemanticScores { similarity: None, absent: if asks { self.lock().absent } else { None } }
    }

    fn scores_changed(&self) {
        self.version.fetch_add(1, Ordering::AcqRel);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// What the model says of a request, within its budget of time.
    pub(super) async fn semantic_scores(
        &self,
        snapshot: &Snapshot,
        kind: Kind,
        key: &QueryKey,
    ) -> SemanticScores {
        let Some(loaded) = self.embedding.loaded.load_full() else {
            return self.embedding.without_model(key);
        };
        let Some(text) = text_of(key.capability.as_deref(), key.context.as_deref()) else {
            return SemanticScores::default();
        };
        let table = loaded.table.load_full().filter(|table| Arc::ptr_eq(table.catalog(), &snapshot.catalog));
        let Some(table) = table else { return SemanticScores::absent("it is still reading the entries") };
        match self.embedding.queries.vector(&loaded, text).await {
            Ok(vector) => {
                let similarity = table.similarities(&vector, snapshot.index.range(kind));
                SemanticScores { similarity: Some(similarity), absent: None }
            }
            Err(why) => SemanticScores::absent(why),
        }
    }
}

/// What is asked, in one text; `None` where a role alone is wanted, which needs no judgement.
fn text_of(capability: Option<&str>, context: Option<&str>) -> Option<String> {
    let words: Vec<&str> = [capability, context].into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join(". "))
}
