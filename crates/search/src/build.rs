//! Building an index from scratch, on several threads.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::Arc;

use crate::aliases::Aliases;
use crate::bm25f::Inverter;
use crate::capability_index::CapabilityIndex;
use crate::catalog_parts::{alias_terms, kind_ranges, role_index};
use crate::fingerprint::Fingerprint;
use crate::index::{Index, IndexCore};
use crate::name_index::NameIndex;
use crate::near_duplicates::NearDuplicates;
use crate::vocabulary::VocabularyBuilder;
use crate::weights::Weights;
use catalog::{Catalog, Definition};

/// Threads that analyse entries: with more of them, merging the parts takes longer than analysing.
const MAX_THREADS: usize = 4;
/// The least text in bytes worth a thread.
const MIN_PART: usize = 256 * 1024;

impl Index {
    /// Indexes a catalog. The index shares the catalog's definitions.
    pub fn build(catalog: &Catalog, aliases: &Aliases) -> Index {
        Index::build_weighted(catalog, aliases, Weights::default())
    }

    /// [`Index::build`] with other weights than those that are served, for measurements.
    pub fn build_weighted(catalog: &Catalog, aliases: &Aliases, weights: Weights) -> Index {
        let definitions = catalog.shared_definitions();
        let (Analysis { vocabulary, inverter, terms }, (capabilities, names)) =
            analyze(&definitions, || (CapabilityIndex::build(&definitions), NameIndex::build(&definitions)));
        let kinds = kind_ranges(&definitions);
        let sizes = kinds.map(|_, range| terms[range.clone()].iter().map(Vec::len).collect());
        let (vocabulary, lexical, fingerprint, duplicates) = std::thread::scope(|scope| {
            let others = scope.spawn(|| {
                let entries = definitions.iter().map(Arc::as_ref);
                (Fingerprint::of_catalog(catalog), NearDuplicates::detect(entries, &terms))
            });
            let (vocabulary, ids) = vocabulary.finish();
            let lexical = inverter.finish(&ids, vocabulary.n_ids(), &kinds, &weights);
            let (fingerprint, duplicates) = others.join().unwrap_or_else(|panic| resume_unwind(panic));
            (Arc::new(vocabulary), lexical, fingerprint, duplicates)
        });
        let core = IndexCore {
            fingerprint,
            kinds,
            alias_terms: alias_terms(aliases, &vocabulary),
            vocabulary,
            lexical,
            aliases: aliases.clone(),
            capabilities,
            names,
            roles: role_index(catalog),
            duplicates,
            definitions,
            sizes,
            weights,
        };
        Index { core: Arc::new(core), latent: None }
    }
}

/// What analysing entries yields.
#[derive(Default)]
struct Analysis {
    vocabulary: VocabularyBuilder,
    inverter: Inverter,
    /// The distinct terms of each entry, sorted.
    terms: Vec<Vec<u32>>,
}

/// Analyses all entries, in parts on as many threads as there are processors, while this thread computes `meanwhile`. The
/// result does not depend on the number of threads.
fn analyze<T>(definitions: &[Arc<Definition>], meanwhile: impl FnOnce() -> T) -> (Analysis, T) {
    let n_threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(MAX_THREADS);
    let (parts, other) = std::thread::scope(|scope| {
        let threads: Vec<_> = equal_parts(definitions, n_threads)
            .into_iter()
            .map(|entries| scope.spawn(|| analyze_part(entries)))
            .collect();
        let other = meanwhile();
        // Without the part of a thread that panicked the others are wrong: propagate the panic.
        let joined =
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        (joined.collect::<Vec<Analysis>>(), other)
    });
    let mut parts = parts.into_iter();
    let mut all = parts.next().unwrap_or_default();
    for part in parts {
        let renumbered = all.vocabulary.absorb(part.vocabulary);
        all.inverter.absorb(part.inverter, &renumbered);
        all.terms.extend(part.terms.into_iter().map(|terms| {
            let mut terms: Vec<u32> = terms.into_iter().map(|term| renumbered[term as usize]).collect();
            terms.sort_unstable();
            terms
        }));
    }
    (all, other)
}

/// Divides entries into at most `n` parts of about the same amount of text, preserving their order.
fn equal_parts(definitions: &[Arc<Definition>], n: usize) -> Vec<&[Arc<Definition>]> {
    let size = |definition: &Arc<Definition>| definition.body.len() + definition.description.len() + 1;
    let target = definitions.iter().map(size).sum::<usize>().div_ceil(n.max(1)).max(MIN_PART);
    let mut filled = 0;
    definitions
        .chunk_by(|entry, _| {
            filled += size(entry);
            let continues = filled < target;
            if !continues {
                filled = 0;
            }
            continues
        })
        .collect()
}

fn analyze_part(entries: &[Arc<Definition>]) -> Analysis {
    let mut part = Analysis::default();
    for entry in entries {
        part.terms.push(part.inverter.add(entry, &mut part.vocabulary));
    }
    part
}
