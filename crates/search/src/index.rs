//! The index over one catalog.

use std::num::NonZero;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::Arc;

use super::aliases::Aliases;
use super::bm25f::{Bm25fIndex, Inverter};
use super::capability_index::CapabilityIndex;
use super::fingerprint::Fingerprint;
use super::latent::{BoundLatentSpace, LatentSpace};
use super::name_index::NameIndex;
use super::near_duplicates::NearDuplicates;
use super::query::Reader;
use super::role_index::{FilledRole, RoleIndex};
use super::vocabulary::{Vocabulary, VocabularyBuilder};
use super::{Explanation, Findings, Request, rank, update};
use crate::numeric::as_f32;
use crate::weights::Weights;
use catalog::{Catalog, Definition, Kind, RoleAgent};

/// Threads that read entries: beyond these, putting the parts together takes longer than reading.
const MAX_THREADS: usize = 4;
/// Less text than this, in bytes, is not worth a thread.
const MIN_PART: usize = 256 * 1024;
/// Distinct terms of a description without a body.
const ONE_LINER: f32 = 20.0;
/// Distinct terms beyond which an entry is just large.
const MAX_SIZE: usize = 4_095;

/// Everything that is searched, immutable; cheap to clone.
#[derive(Debug, Clone)]
pub struct Index {
    pub(crate) core: Arc<Core>,
    pub(crate) latent: Option<Arc<BoundLatentSpace>>,
}

/// What does not change when a latent space arrives.
#[derive(Debug)]
pub(crate) struct Core {
    /// What it was made from, which a latent space must have been trained on.
    pub(super) fingerprint: Fingerprint,
    pub(crate) definitions: Arc<[Arc<Definition>]>,
    pub(crate) kinds: [Range<usize>; 3],
    pub(crate) vocabulary: Arc<Vocabulary>,
    pub(crate) lexical: Bm25fIndex,
    pub(crate) aliases: Aliases,
    /// The collection's term for each of the aliases', where it has one.
    pub(crate) alias_terms: Vec<Option<u32>>,
    pub(crate) capabilities: CapabilityIndex,
    pub(crate) names: NameIndex,
    pub(crate) roles: RoleIndex,
    pub(crate) copies: NearDuplicates,
    pub(super) sizes: [Sizes; 3],
    pub(crate) weights: Weights,
}

impl Index {
    /// Indexes a catalog. The bodies are read, not kept: the index shares the catalog's definitions.
    pub fn build(catalog: &Catalog, aliases: &Aliases) -> Index {
        Index::build_weighted(catalog, aliases, Weights::default())
    }

    /// [`Index::build`] with other weights than those that are served, for measuring.
    pub fn build_weighted(catalog: &Catalog, aliases: &Aliases, weights: Weights) -> Index {
        let definitions = catalog.shared_definitions();
        let (Gathered { vocabulary, gatherer, terms }, (capabilities, names)) =
            gather(&definitions, || (CapabilityIndex::build(&definitions), NameIndex::build(&definitions)));
        let kinds = kinds(&definitions);
        let sizes = kinds.clone().map(|kind| terms[kind].iter().map(Vec::len).collect());
        let (vocabulary, lexical, fingerprint, copies) = std::thread::scope(|scope| {
            let others = scope.spawn(|| {
                (
                    Fingerprint::of_catalog(catalog),
                    NearDuplicates::detect(definitions.iter().map(Arc::as_ref), &terms),
                )
            });
            let (vocabulary, ids) = vocabulary.finish();
            let lexical = gatherer.finish(&ids, vocabulary.n_ids(), &kinds, &weights);
            let (fingerprint, copies) = others.join().unwrap_or_else(|panic| resume_unwind(panic));
            (Arc::new(vocabulary), lexical, fingerprint, copies)
        });
        let core = Core {
            fingerprint,
            kinds,
            alias_terms: alias_terms(aliases, &vocabulary),
            vocabulary,
            lexical,
            aliases: aliases.clone(),
            capabilities,
            names,
            roles: roles(catalog),
            copies,
            definitions,
            sizes,
            weights,
        };
        Index { core: Arc::new(core), latent: None }
    }

    /// The index over another state of the same catalog, ranking without a latent space: the same as
    /// [`Index::build`] makes, at a cost that follows what changed. Definitions that stayed must be the same objects.
    #[must_use]
    pub fn updated(&self, catalog: &Catalog, aliases: &Aliases) -> Index {
        match update::core(&self.core, catalog, aliases) {
            Some(core) => Index { core: Arc::new(core), latent: None },
            None => Index::build_weighted(catalog, aliases, self.core.weights.clone()),
        }
    }

    /// This index, ranking with a latent space, too; without it where it was trained on another catalog.
    #[must_use]
    pub fn with_latent(&self, latent: Arc<LatentSpace>) -> Index {
        let placed =
            self.accepts(&latent).then(|| Arc::new(BoundLatentSpace::new(latent, &self.core.vocabulary)));
        Index { core: Arc::clone(&self.core), latent: placed }
    }

    /// Whether a latent space was trained on this index's catalog and has a vector for each entry.
    pub fn accepts(&self, latent: &LatentSpace) -> bool {
        latent.covers(self.core.definitions.len())
            && latent.trained_on() == LatentSpace::key_of(self.core.fingerprint)
    }

    /// Whether a latent space takes part in the ranking.
    pub fn has_latent(&self) -> bool {
        self.latent.is_some()
    }

    /// The places of a kind's entries in the catalog.
    pub fn range(&self, kind: Kind) -> Range<usize> {
        self.core.range(kind)
    }

    /// The best entries of a kind by BM25F alone, without aliases' and other evidence's help, best first: their places in
    /// the catalog and their scores. What a plain search engine answers; for measuring.
    pub fn top_by_bm25f(&self, kind: Kind, words: &str, limit: usize) -> Vec<(usize, f32)> {
        rank::top(self, kind, words, limit)
    }

    /// Ranks the entries of the kind asked for. A request without a word to go by gets no hits and confidence 0.
    pub fn find(&self, request: &Request<'_>) -> Findings {
        rank::find(self, request)
    }

    /// [`Index::find`] with the numbers behind each hit.
    pub fn explain(&self, request: &Request<'_>) -> Explanation {
        rank::explain(self, request)
    }
}

/// What reading entries yields.
#[derive(Default)]
struct Gathered {
    vocabulary: VocabularyBuilder,
    gatherer: Inverter,
    /// The distinct terms of each entry, sorted.
    terms: Vec<Vec<u32>>,
}

/// Reads all entries, in parts on as many threads as there are processors, while `meanwhile` is worked out on this
/// one; the result does not depend on how many.
fn gather<T>(definitions: &[Arc<Definition>], meanwhile: impl FnOnce() -> T) -> (Gathered, T) {
    let n_threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(MAX_THREADS);
    let (parts, other) = std::thread::scope(|scope| {
        let reading: Vec<_> = parts_alike(definitions, n_threads)
            .into_iter()
            .map(|entries| scope.spawn(|| gather_part(entries)))
            .collect();
        let other = meanwhile();
        // A part that panicked would leave the others wrong: pass the panic on.
        let joined =
            reading.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        (joined.collect::<Vec<Gathered>>(), other)
    });
    let mut parts = parts.into_iter();
    let mut all = parts.next().unwrap_or_default();
    for part in parts {
        let here = all.vocabulary.absorb(part.vocabulary);
        all.gatherer.absorb(part.gatherer, &here);
        all.terms.extend(part.terms.into_iter().map(|terms| {
            let mut terms: Vec<u32> = terms.into_iter().map(|term| here[term as usize]).collect();
            terms.sort_unstable();
            terms
        }));
    }
    (all, other)
}

/// Neighbouring entries in at most `n` parts of about the same amount of text.
fn parts_alike(definitions: &[Arc<Definition>], n: usize) -> Vec<&[Arc<Definition>]> {
    let size = |definition: &Arc<Definition>| definition.body.len() + definition.description.len() + 1;
    let each = definitions.iter().map(size).sum::<usize>().div_ceil(n.max(1)).max(MIN_PART);
    let mut full = 0;
    definitions
        .chunk_by(|entry, _| {
            full += size(entry);
            let stays = full < each;
            if !stays {
                full = 0;
            }
            stays
        })
        .collect()
}

fn gather_part(entries: &[Arc<Definition>]) -> Gathered {
    let mut part = Gathered::default();
    for entry in entries {
        part.terms.push(part.gatherer.add(entry, &mut part.vocabulary));
    }
    part
}

impl Core {
    pub(crate) fn reader(&self) -> Reader<'_> {
        let Core { vocabulary, lexical, aliases, alias_terms, weights, .. } = self;
        Reader { vocabulary, lexical, aliases, alias_terms, weights }
    }

    /// The weight of the latent score among entries of one kind: one-liners give it little to learn from.
    pub(crate) fn latent_share(&self, kind: Kind) -> f32 {
        let terms = self.sizes[kind as usize].median();
        self.weights.latent * terms / (terms + ONE_LINER)
    }

    pub(crate) fn range(&self, kind: Kind) -> Range<usize> {
        self.kinds[kind as usize].clone()
    }
}

/// How many entries have how many distinct terms.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Sizes {
    /// By number of terms, at most [`MAX_SIZE`].
    pub(super) entries: Vec<u32>,
}

impl Sizes {
    pub(super) fn add(&mut self, terms: usize) {
        let terms = terms.min(MAX_SIZE);
        if self.entries.len() <= terms {
            self.entries.resize(terms + 1, 0);
        }
        self.entries[terms] += 1;
    }

    pub(super) fn remove(&mut self, terms: usize) {
        if let Some(entries) = self.entries.get_mut(terms.min(MAX_SIZE)) {
            *entries = entries.saturating_sub(1);
        }
    }

    fn median(&self) -> f32 {
        let mut left = self.entries.iter().map(|&entries| entries as usize).sum::<usize>() / 2;
        let holds = |&entries: &u32| {
            let holds = left < entries as usize;
            left = left.saturating_sub(entries as usize);
            holds
        };
        self.entries.iter().position(holds).map_or(0.0, as_f32)
    }
}

impl FromIterator<usize> for Sizes {
    fn from_iter<T: IntoIterator<Item = usize>>(all: T) -> Sizes {
        let mut sizes = Sizes::default();
        all.into_iter().for_each(|terms| sizes.add(terms));
        sizes
    }
}

/// The places of a kind's entries.
pub(super) fn kinds(definitions: &[Arc<Definition>]) -> [Range<usize>; 3] {
    Kind::ALL.map(|kind| {
        let from = definitions.partition_point(|entry| entry.kind < kind);
        from..definitions.partition_point(|entry| entry.kind <= kind)
    })
}

/// The collection's term for each of the aliases', where it has one.
pub(super) fn alias_terms(aliases: &Aliases, vocabulary: &Vocabulary) -> Vec<Option<u32>> {
    aliases.terms().iter().map(|term| vocabulary.id_of_term(term)).collect()
}

/// The registry's roles with their entries looked up.
pub(super) fn roles(catalog: &Catalog) -> RoleIndex {
    let agents = &catalog.definitions()[kinds(catalog.definitions())[Kind::Agent as usize].clone()];
    // Agents come first, by id; of several with one id the last, as a map would have it.
    let agent = |id: &str| agents.partition_point(|entry| entry.id.as_str() <= id).checked_sub(1);
    let filled = |agent_of_role: &RoleAgent| {
        let id = agent_of_role.id.as_deref()?;
        agent(id).filter(|&at| agents[at].id == id)
    };
    let role = |role: &catalog::Role| {
        let primary = filled(&role.primary);
        let mut documents: Vec<usize> = primary.into_iter().collect();
        for document in role.fallbacks.iter().filter_map(filled) {
            if !documents.contains(&document) {
                documents.push(document);
            }
        }
        let fallbacks =
            role.fallbacks.iter().map(|agent| agent.id.as_ref().unwrap_or(&agent.reference).clone());
        FilledRole {
            name: role.name.clone(),
            documents,
            has_primary: primary.is_some(),
            fallbacks: fallbacks.collect(),
        }
    };
    RoleIndex::build(catalog.roles().iter().map(role).collect())
}
