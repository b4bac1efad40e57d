//! The embedding model of one project, or that there is none.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;

use super::loaded_model::LoadedModel;
use super::phase::Phase;
use super::query_embedder::QueryEmbedder;
use super::scores::{SemanticScores, request_text};
use crate::app::snapshot::Snapshot;
use crate::config::Paths;
use catalog::Kind;
use protocol::EmbeddingHealth;
use semantic::model_dir::ModelInfo;
use semantic::{PassageIndex, model_dir};

/// What requests are scored with, and how far the model is.
#[derive(Debug, Default)]
pub(in crate::app) struct Embedding {
    state: Mutex<State>,
    loaded: ArcSwapOption<LoadedModel>,
    queries: QueryEmbedder,
    /// Counts the changes of what requests are scored with.
    version: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    /// Why there are no scores although there is a model.
    absent: Option<&'static str>,
    model: Option<String>,
    dimensions: Option<usize>,
    phase: Phase,
    embedded: usize,
    total: usize,
    /// Why the model cannot be used, or its vectors cannot be persisted.
    problem: Option<String>,
}

impl Embedding {
    /// Scores the entries of a kind for a request, within the time budget.
    pub(in crate::app) async fn scores(
        &self,
        snapshot: &Snapshot,
        kind: Kind,
        capability: Option<&str>,
        context: Option<&str>,
    ) -> SemanticScores {
        let Some(text) = request_text(capability, context) else { return SemanticScores::default() };
        let Some(loaded) = self.loaded.load_full() else {
            return SemanticScores::absent(self.lock().absent);
        };
        let passages = loaded.passages.load_full();
        let of_this_catalog =
            |passages: &Arc<PassageIndex>| Arc::ptr_eq(passages.catalog(), &snapshot.catalog);
        let Some(passages) = passages.filter(of_this_catalog) else {
            return SemanticScores::absent(Some("it is still reading the entries"));
        };
        match self.queries.vector(&loaded, text).await {
            Ok(vector) => SemanticScores::of(passages.similarities(&vector, snapshot.index.range(kind))),
            Err(why) => SemanticScores::absent(Some(why)),
        }
    }

    /// The state of what requests are scored with; 0 where there is no model.
    pub(in crate::app) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Whether a model is loaded.
    pub(in crate::app) fn serves(&self) -> bool {
        self.loaded.load().is_some()
    }

    /// The state of the model, and what is wrong with it.
    pub(in crate::app) fn health(&self) -> (EmbeddingHealth, Option<String>) {
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

    /// Takes no more requests; the threads end after the one they may be embedding.
    pub(in crate::app) fn stop(&self) {
        self.queries.stop();
    }

    /// Goes without the model: this process answers one question and ends, which leaves no time to load one. Answers say so.
    pub(in crate::app) fn stay_out(&self, paths: &Paths) {
        if is_installed(paths) {
            self.lock().absent = Some("only a running instance uses it (adjutant up)");
        }
    }

    /// Goes without the model because it crashed.
    pub(in crate::app) fn give_up(&self) {
        self.loaded.store(None);
        self.scores_changed();
        let mut state = self.lock();
        state.phase = Phase::Failed;
        state.absent = Some("it cannot be used");
        state.problem = Some("the embedding model failed and is not used; the log says where".to_owned());
    }

    /// The model that is loaded.
    pub(super) fn loaded(&self) -> Option<Arc<LoadedModel>> {
        self.loaded.load_full()
    }

    /// Drops the model. `is_loading` where another one is about to be loaded.
    pub(super) fn unload(&self, is_loading: bool) {
        let was_loaded = self.loaded.swap(None).is_some();
        {
            let mut state = self.lock();
            *state = State::default();
            state.phase = if is_loading { Phase::Loading } else { Phase::None };
            state.absent = is_loading.then_some("it is being loaded");
        }
        if was_loaded {
            self.scores_changed();
        }
    }

    /// Puts a model in service that has yet to embed the entries.
    pub(super) fn install(&self, model: LoadedModel, info: &ModelInfo) {
        {
            let mut state = self.lock();
            (state.model, state.dimensions) = (Some(info.name.clone()), Some(info.dimensions));
            state.phase = Phase::Embedding;
        }
        self.loaded.store(Some(Arc::new(model)));
    }

    /// Goes without a model that cannot be used.
    pub(super) fn refuse(&self, folder: &Path, error: &dyn std::fmt::Display) {
        let mut state = self.lock();
        state.phase = Phase::Failed;
        state.absent = Some("it cannot be used");
        state.problem = Some(format!("the embedding model in {} is not used: {error}", folder.display()));
    }

    /// Counts one more embedded text.
    pub(super) fn count_embedded(&self) {
        self.lock().embedded += 1;
    }

    /// Scores requests with these entries from now on, of which `embedded` texts of `total` have a vector.
    pub(super) fn publish(&self, model: &LoadedModel, passages: PassageIndex, embedded: usize, total: usize) {
        model.passages.store(Some(Arc::new(passages)));
        self.scores_changed();
        let mut state = self.lock();
        (state.embedded, state.total) = (embedded, total);
        state.phase = if embedded < total { Phase::Embedding } else { Phase::Ready };
    }

    /// Whether the vectors could be persisted, and why not.
    pub(super) fn set_problem(&self, problem: Option<String>) {
        self.lock().problem = problem;
    }

    fn scores_changed(&self) {
        self.version.fetch_add(1, Ordering::AcqRel);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether there is a model to use, or one that was asked for by name.
pub(super) fn is_installed(paths: &Paths) -> bool {
    paths.model_given || model_dir::has_model_files(&paths.model_dir)
}
