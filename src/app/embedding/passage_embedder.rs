//! Loading the model and having it read the entries, in the background.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::{App, Embedding, Loaded, Phase, State, text_of};
use crate::app::refresh::millis;
use catalog::Catalog;
use confined_fs::NamedDir;
use domain::patterns::Outcome;
use semantic::chunking::{MAX_PASSAGE_TOKENS, MAX_REQUEST_TOKENS};
use semantic::model_dir::{self, FileStamps};
use semantic::{
    CompletedTask, Encoder, InputRole, ModelDir, ModelError, PassageIndex, PassageSet, Vectors, encoder,
    persist,
};
use store::{Store, StoreOptions};

/// Time between two looks at the model's folder and at what was learned.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// What was read takes part after this long, and then whenever twice the time has passed: each time ends all cached
/// answers.
const FIRST_SHARE: Duration = Duration::from_secs(4);
/// What was read is written to disk at least this often.
const KEEP_EVERY: Duration = Duration::from_mins(2);
/// Tasks that take part at most: the newest.
const MAX_TASKS: usize = 1_000;
/// Logged queries that say which entries are used most.
const MAX_LOGGED: usize = 200;
/// The vectors, in the data directory.
const FILE: &str = "vectors.bin";

/// What the thread has in hand.
#[derive(Debug, Default)]
pub(super) struct PassageEmbedder {
    /// The folder as it was when it was last loaded, or tried.
    stamp: Option<FileStamps>,
    vectors: Arc<Vectors>,
    texts: Option<PassageSet>,
    tasks: Vec<CompletedTask>,
    learned: u64,
    /// Whether everything planned is read.
    done: bool,
}

impl Embedding {
    /// The thread's whole life.
    pub(in crate::app) fn run(&self, app: &App) {
        lower_priority();
        encoder::use_current_thread_only();
        let mut reader = PassageEmbedder::default();
        loop {
            if catch_unwind(AssertUnwindSafe(|| reader.look(self, app))).is_err() {
                // The panic hook logged it. Not tried again until the model's folder changes.
                self.give_up();
            }
            if !self.wait() {
                return;
            }
        }
    }

    /// Goes on without the model.
    fn give_up(&self) {
        self.loaded.store(None);
        self.scores_changed();
        let mut state = self.lock();
        state.phase = Phase::Failed;
        state.absent = Some("it cannot be used");
        state.problem = Some("the embedding model failed and is not used; the log says where".to_owned());
    }

    /// Waits for word or for the next look; `false` once the service stops.
    fn wait(&self) -> bool {
        let idle = |state: &mut State| !state.requested && !state.stopping;
        let waited = self.changed.wait_timeout_while(self.lock(), LOOK_EVERY, idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.requested = false;
        !state.stopping
    }

    /// Whether something else is to be done first.
    fn is_called(&self) -> bool {
        let state = self.lock();
        state.requested || state.stopping
    }
}

/// Makes the operating system prefer every other thread.
fn lower_priority() {
    // On Linux this is of the thread; elsewhere it would be of the whole process.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 19) {
        tracing::debug!(%error, "the embedding model reads at the usual priority");
    }
}

impl PassageEmbedder {
    /// Loads the model where it is new, and reads what it has not read yet.
    fn look(&mut self, embedding: &Embedding, app: &App) {
        let paths = &app.config().paths;
        let stamp = model_dir::file_stamps(&paths.model_dir);
        if self.stamp.as_ref() != Some(&stamp) {
            self.stamp = Some(stamp);
            self.load(embedding, app);
        }
        let Some(loaded) = embedding.loaded.load_full() else { return };
        self.plan(&loaded, embedding, app);
        self.read(&loaded, embedding, app);
    }

    fn load(&mut self, embedding: &Embedding, app: &App) {
        let paths = &app.config().paths;
        let had = embedding.loaded.swap(None).is_some();
        *self = PassageEmbedder { stamp: self.stamp.take(), ..PassageEmbedder::default() };
        let is_there = paths.model_given || model_dir::has_model_files(&paths.model_dir);
        {
            let mut state = embedding.lock();
            state.phase = if is_there { Phase::Loading } else { Phase::None };
            (state.model, state.dimensions, state.problem) = (None, None, None);
            (state.embedded, state.total) = (0, 0);
            state.absent = is_there.then_some("it is being loaded");
        }
        if had {
            embedding.scores_changed();
        }
        if !is_there {
            return;
        }
        let began = Instant::now();
        match load_encoder(&paths.model_dir) {
            Ok(encoder) => {
                let info = encoder.info();
                tracing::info!(
                    model = info.name,
                    dimensions = info.dimensions,
                    duration_ms = millis(began.elapsed()),
                    "embedding model loaded"
                );
                let stored = persist::load(&paths.data_dir.file(FILE), encoder.identity(), info.dimensions);
                self.vectors = Arc::new(stored.unwrap_or_else(|| Vectors::new(info.dimensions)));
                let mut state = embedding.lock();
                (state.model, state.dimensions) = (Some(info.name.clone()), Some(info.dimensions));
                state.phase = Phase::Embedding;
                drop(state);
                embedding.loaded.store(Some(Arc::new(Loaded::new(encoder))));
            }
            Err(error) => {
                tracing::warn!(%error, "the embedding model cannot be used");
                let mut state = embedding.lock();
                state.phase = Phase::Failed;
                state.absent = Some("it cannot be used");
                state.problem = Some(format!(
                    "the embedding model in {} is not used: {error}",
                    paths.model_dir.path().display()
                ));
            }
        }
    }

    /// Finds out which texts there are, where entries or tasks are others than last time.
    fn plan(&mut self, loaded: &Loaded, embedding: &Embedding, app: &App) {
        let catalog = Arc::clone(&app.snapshot().catalog);
        let same = self.texts.as_ref().is_some_and(|texts| Arc::ptr_eq(texts.catalog(), &catalog));
        let learned = app.store().version();
        if same && learned == self.learned {
            return;
        }
        self.learned = learned;
        let tasks = done_well(app);
        if same && tasks == self.tasks {
            return;
        }
        self.tasks = tasks;
        let texts = PassageSet::new(&catalog, &self.tasks);
        self.share(&texts, loaded, embedding);
        self.texts = Some(texts);
        self.done = false;
    }

    /// Reads what is missing, until all is read or something else is to be done.
    fn read(&mut self, loaded: &Loaded, embedding: &Embedding, app: &App) {
        if self.done {
            return;
        }
        let Some(texts) = self.texts.take() else { return };
        let missing =
            texts.pending(&self.vectors, &wanted_first(texts.catalog(), &self.tasks, app), &self.tasks);
        if missing.is_empty() {
            embed_frequent(loaded, app);
            self.texts = Some(texts);
            self.done = true;
            return;
        }
        let began = Instant::now();
        let (mut share_at, mut keep_at) = (FIRST_SHARE, KEEP_EVERY);
        for text in &missing {
            if embedding.is_called() {
                break;
            }
            match loaded.encoder.embed(&texts.text(text), InputRole::Passage, MAX_PASSAGE_TOKENS) {
                Ok(vector) => Arc::make_mut(&mut self.vectors).add(text.key, &vector),
                Err(error) => {
                    // A text of its own that cannot be read is as good as one that says nothing.
                    tracing::warn!(%error, "a text could not be embedded");
                    let nothing = vec![0.0; self.vectors.dimensions()];
                    Arc::make_mut(&mut self.vectors).add(text.key, &nothing);
                }
            }
            embedding.lock().embedded += 1;
            if began.elapsed() > share_at {
                share_at = 2 * began.elapsed();
                self.share(&texts, loaded, embedding);
            }
            if began.elapsed() > keep_at {
                keep_at = began.elapsed() + KEEP_EVERY;
                self.keep(loaded, embedding, app);
            }
        }
        let is_complete = texts.embedded(&self.vectors) == texts.total();
        if is_complete {
            // Vectors of texts that are gone are gone with them.
            self.vectors = Arc::new(self.vectors.subset(texts.keys()));
            embed_frequent(loaded, app);
            let (texts, duration_ms) = (texts.total(), millis(began.elapsed()));
            tracing::info!(texts, read = missing.len(), duration_ms, "entries embedded");
        }
        self.keep(loaded, embedding, app);
        self.share(&texts, loaded, embedding);
        self.texts = Some(texts);
        self.done = is_complete;
    }

    /// Lets what was read so far take part in answers.
    fn share(&self, texts: &PassageSet, loaded: &Loaded, embedding: &Embedding) {
        loaded.table.store(Some(Arc::new(PassageIndex::new(texts, Arc::clone(&self.vectors)))));
        embedding.scores_changed();
        let mut state = embedding.lock();
        (state.embedded, state.total) = (texts.embedded(&self.vectors), texts.total());
        state.phase = if state.embedded < state.total { Phase::Embedding } else { Phase::Ready };
    }

    fn keep(&self, loaded: &Loaded, embedding: &Embedding, app: &App) {
        let file = app.config().paths.data_dir.file(FILE);
        let written = persist::save(&file, loaded.encoder.identity(), &self.vectors);
        let problem = written.err().map(|error| {
            tracing::warn!(%error, "the embedded entries are not kept for the next start");
            format!("what the embedding model read is not kept for the next start: {error}")
        });
        embedding.lock().problem = problem;
    }
}

fn load_encoder(path: &NamedDir) -> Result<Encoder, ModelError> {
    Encoder::load(&ModelDir::open(path)?)
}

/// The tasks that were done well, oldest first.
fn done_well(app: &App) -> Vec<CompletedTask> {
    if !app.config().memory.learning {
        return Vec::new();
    }
    let outcomes = app.store().outcomes();
    let well = outcomes.tasks().filter(|task| task.result == Outcome::Success);
    let mut tasks: Vec<CompletedTask> = well
        .map(|task| CompletedTask { description: task.description.clone(), agents: task.agents.clone() })
        .collect();
    let older = tasks.len().saturating_sub(MAX_TASKS);
    tasks.drain(..older);
    tasks
}

/// The entries that are used most: those that were answered of late, then those that tasks were done with.
fn wanted_first(catalog: &Catalog, tasks: &[CompletedTask], app: &App) -> Vec<usize> {
    let options = StoreOptions::new(app.config().paths.data_dir.clone());
    let logged = Store::logged_queries(&options, MAX_LOGGED).unwrap_or_default();
    let answered = logged.iter().flat_map(|query| &query.returned).map(String::as_str);
    let done = tasks.iter().rev().flat_map(|task| &task.agents).map(String::as_str);
    let places: HashMap<&str, usize> = (catalog.definitions().iter().enumerate())
        .flat_map(|(place, definition)| [(definition.name.as_str(), place), (definition.id.as_str(), place)])
        .collect();
    answered.chain(done).filter_map(|name| places.get(name).copied()).collect()
}

/// Keeps the vectors of the requests that are asked most.
fn embed_frequent(loaded: &Loaded, app: &App) {
    for query in app.frequent_queries() {
        let Some(text) = text_of(query.capability.as_deref(), query.context.as_deref()) else { continue };
        if loaded.requests.get(&text).is_some() {
            continue;
        }
        if let Ok(vector) = loaded.encoder.embed(&text, InputRole::Query, MAX_REQUEST_TOKENS) {
            loaded.requests.insert(text, vector.into());
        }
    }
}
