//! Loading the model and embedding the entries, in the background.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::engine::{Embedding, is_installed};
use super::loaded_model::LoadedModel;
use super::low_priority::LowPriorityThread;
use super::scores::request_text;
use crate::app::frequent_queries::frequent_queries;
use crate::app::timings::millis;
use crate::app::workers::Run;
use crate::config::ProjectConfig;
use catalog::Catalog;
use confined_fs::NamedDir;
use domain::patterns::Outcome;
use semantic::model_dir::{self, FileStamps};
use semantic::{
    CompletedTask, Encoder, InputRole, ModelDir, ModelError, PassageIndex, PassageSet, Vectors, persist,
};
use store::{Store, StoreOptions};

/// The first vectors take part after this long, further ones whenever twice the time has passed: each time ends all cached
/// answers.
const FIRST_PUBLICATION: Duration = Duration::from_secs(4);
/// The vectors are written to disk at least this often.
const PERSIST_EVERY: Duration = Duration::from_mins(2);
/// Tasks that take part at most: the newest.
const MAX_TASKS: usize = 1_000;
/// Logged queries that say which entries are used most.
const MAX_LOGGED: usize = 200;
/// The vectors, in the data directory.
const FILE: &str = "vectors.bin";

/// What is embedded at one moment, and for how long there is time.
pub(in crate::app) struct Inputs<'a> {
    pub(in crate::app) config: &'a ProjectConfig,
    pub(in crate::app) catalog: &'a Arc<Catalog>,
    pub(in crate::app) store: &'a Store,
    pub(in crate::app) run: &'a Run,
}

/// The state of the embedding between two runs.
#[derive(Debug, Default)]
pub(in crate::app) struct PassageEmbedder {
    /// The model's folder as it was when it was last loaded, or tried.
    stamp: Option<FileStamps>,
    /// There is one as long as a model is loaded.
    thread: Option<LowPriorityThread>,
    vectors: Arc<Vectors>,
    texts: Option<PassageSet>,
    tasks: Vec<CompletedTask>,
    learned: u64,
    /// Whether everything planned is embedded.
    is_done: bool,
}

impl PassageEmbedder {
    /// Loads the model where it is new and embeds what has no vector yet, until all is done or the run is interrupted.
    /// Whether the model's folder is as it was the last time.
    pub(in crate::app) fn update(&mut self, embedding: &Embedding, inputs: &Inputs<'_>) -> bool {
        let stamp = model_dir::file_stamps(&inputs.config.paths.model_dir);
        let is_settled = self.stamp.as_ref() == Some(&stamp);
        if !is_settled {
            self.stamp = Some(stamp);
            self.load(embedding, inputs);
        }
        if let Some(model) = embedding.loaded() {
            self.plan(&model, embedding, inputs);
            self.embed(&model, embedding, inputs);
        } else {
            self.thread = None;
        }
        is_settled
    }

    fn load(&mut self, embedding: &Embedding, inputs: &Inputs<'_>) {
        let paths = &inputs.config.paths;
        *self = PassageEmbedder { stamp: self.stamp.take(), ..PassageEmbedder::default() };
        let is_installed = is_installed(paths);
        embedding.unload(is_installed);
        if !is_installed {
            return;
        }
        let began = Instant::now();
        let thread = match LowPriorityThread::start() {
            Ok(thread) => thread,
            Err(error) => return embedding.refuse(&paths.model_dir.path(), &error),
        };
        match load_encoder(&paths.model_dir) {
            Ok(encoder) => {
                let info = encoder.info().clone();
                tracing::info!(
                    model = info.name,
                    dimensions = info.dimensions,
                    duration_ms = millis(began.elapsed()),
                    "embedding model loaded"
                );
                let stored = persist::load(&paths.data_dir.file(FILE), encoder.identity(), info.dimensions);
                self.vectors = Arc::new(stored.unwrap_or_else(|| Vectors::new(info.dimensions)));
                self.thread = Some(thread);
                embedding.install(LoadedModel::new(encoder), &info);
            }
            Err(error) => {
                tracing::warn!(%error, "the embedding model cannot be used");
                embedding.refuse(&paths.model_dir.path(), &error);
            }
        }
    }

    /// Finds out which texts there are, where entries or tasks changed since the last time.
    fn plan(&mut self, model: &LoadedModel, embedding: &Embedding, inputs: &Inputs<'_>) {
        let is_same = self.texts.as_ref().is_some_and(|texts| Arc::ptr_eq(texts.catalog(), inputs.catalog));
        let learned = inputs.store.version();
        if is_same && learned == self.learned {
            return;
        }
        self.learned = learned;
        let tasks = successful_tasks(inputs);
        if is_same && tasks == self.tasks {
            return;
        }
        self.tasks = tasks;
        let texts = PassageSet::new(inputs.catalog, &self.tasks);
        self.publish(&texts, model, embedding);
        self.texts = Some(texts);
        self.is_done = false;
    }

    /// Embeds what is missing.
    fn embed(&mut self, model: &Arc<LoadedModel>, embedding: &Embedding, inputs: &Inputs<'_>) {
        if self.is_done {
            return;
        }
        let (Some(texts), Some(thread)) = (self.texts.take(), self.thread.take()) else { return };
        let first = most_used(&self.tasks, inputs);
        let missing = texts.pending(&self.vectors, &first, &self.tasks);
        if missing.is_empty() {
            embed_frequent(&thread, model, inputs.store);
            self.is_done = true;
            (self.texts, self.thread) = (Some(texts), Some(thread));
            return;
        }
        let began = Instant::now();
        let (mut publish_at, mut persist_at) = (FIRST_PUBLICATION, PERSIST_EVERY);
        for text in &missing {
            if inputs.run.is_interrupted() {
                break;
            }
            match thread.embed(model, texts.text(text), InputRole::Passage) {
                Some(Ok(vector)) => Arc::make_mut(&mut self.vectors).add(text.key, &vector),
                Some(Err(error)) => {
                    // Such a text gets the vector of one that says nothing.
                    tracing::warn!(%error, "a text could not be embedded");
                    let nothing = vec![0.0; self.vectors.dimensions()];
                    Arc::make_mut(&mut self.vectors).add(text.key, &nothing);
                }
                // The panic hook logged it. The same model would crash again.
                None => return embedding.give_up(),
            }
            embedding.count_embedded();
            if began.elapsed() > publish_at {
                publish_at = 2 * began.elapsed();
                self.publish(&texts, model, embedding);
            }
            if began.elapsed() > persist_at {
                persist_at = began.elapsed() + PERSIST_EVERY;
                self.persist(model, embedding, inputs.config);
            }
        }
        let is_complete = texts.embedded(&self.vectors) == texts.total();
        if is_complete {
            // Vectors of texts that are gone go with them.
            self.vectors = Arc::new(self.vectors.subset(texts.keys()));
            embed_frequent(&thread, model, inputs.store);
            let (texts, duration_ms) = (texts.total(), millis(began.elapsed()));
            tracing::info!(texts, read = missing.len(), duration_ms, "entries embedded");
        }
        self.persist(model, embedding, inputs.config);
        self.publish(&texts, model, embedding);
        (self.texts, self.thread) = (Some(texts), Some(thread));
        self.is_done = is_complete;
    }

    /// Lets what is embedded so far take part in answers.
    fn publish(&self, texts: &PassageSet, model: &LoadedModel, embedding: &Embedding) {
        let passages = PassageIndex::new(texts, Arc::clone(&self.vectors));
        embedding.publish(model, passages, texts.embedded(&self.vectors), texts.total());
    }

    fn persist(&self, model: &LoadedModel, embedding: &Embedding, config: &ProjectConfig) {
        let file = config.paths.data_dir.file(FILE);
        let written = persist::save(&file, model.encoder.identity(), &self.vectors);
        embedding.set_problem(written.err().map(|error| {
            tracing::warn!(%error, "the embedded entries are not persisted");
            format!("what the embedding model read is not kept for the next start: {error}")
        }));
    }
}

fn load_encoder(path: &NamedDir) -> Result<Encoder, ModelError> {
    Encoder::load(&ModelDir::open(path)?)
}

/// The tasks that succeeded, oldest first.
fn successful_tasks(inputs: &Inputs<'_>) -> Vec<CompletedTask> {
    if !inputs.config.memory.learning {
        return Vec::new();
    }
    let outcomes = inputs.store.outcomes();
    let well = outcomes.tasks().filter(|task| task.result == Outcome::Success);
    let mut tasks: Vec<CompletedTask> = well
        .map(|task| CompletedTask { description: task.description.clone(), agents: task.agents.clone() })
        .collect();
    let older = tasks.len().saturating_sub(MAX_TASKS);
    tasks.drain(..older);
    tasks
}

/// The places of the entries that are used most: those that recent queries returned, then those that worked on tasks.
fn most_used(tasks: &[CompletedTask], inputs: &Inputs<'_>) -> Vec<usize> {
    let options = StoreOptions::new(inputs.config.paths.data_dir.clone());
    let logged = Store::logged_queries(&options, MAX_LOGGED).unwrap_or_default();
    let answered = logged.iter().flat_map(|query| &query.returned).map(String::as_str);
    let done = tasks.iter().rev().flat_map(|task| &task.agents).map(String::as_str);
    let places: HashMap<&str, usize> = (inputs.catalog.definitions().iter().enumerate())
        .flat_map(|(place, definition)| [(definition.name.as_str(), place), (definition.id.as_str(), place)])
        .collect();
    answered.chain(done).filter_map(|name| places.get(name).copied()).collect()
}

/// Caches the vectors of the requests that are asked most.
fn embed_frequent(thread: &LowPriorityThread, model: &Arc<LoadedModel>, store: &Store) {
    for query in frequent_queries(store) {
        let Some(text) = request_text(query.capability.as_deref(), query.context.as_deref()) else {
            continue;
        };
        if model.requests.get(&text).is_some() {
            continue;
        }
        if let Some(Ok(vector)) = thread.embed(model, text.clone(), InputRole::Query) {
            model.requests.insert(text, vector.into());
        }
    }
}
