//! Applying the difference between two catalogs to an index.

use std::sync::Arc;

use super::diff::{AnalyzedDiff, Analyzer, CatalogDiff};
use super::duplicates::updated_duplicates;
use super::postings::{KindFrame, updated_kind};
use crate::aliases::Aliases;
use crate::bm25f::{Bm25fIndex, TermCounter};
use crate::catalog_parts::{alias_terms, kind_ranges, role_index};
use crate::fingerprint::Fingerprint;
use crate::index::{Index, IndexCore};
use crate::vocabulary::{TermInterner, VocabularyExtension};
use catalog::{Catalog, KindMap};

impl Index {
    /// The index over another state of the same catalog, without a latent space: equal to what [`Index::build`] returns, at
    /// a cost proportional to the change. Definitions that stayed must be the same objects.
    #[must_use]
    pub fn updated(&self, catalog: &Catalog, aliases: &Aliases) -> Index {
        match updated_core(&self.core, catalog, aliases) {
            Some(core) => Index { core: Arc::new(core), latent: None },
            None => Index::build_weighted(catalog, aliases, self.core.weights.clone()),
        }
    }
}

/// The index over `catalog`; `None` where a new one should be built instead.
fn updated_core(old: &IndexCore, catalog: &Catalog, aliases: &Aliases) -> Option<IndexCore> {
    let definitions = catalog.shared_definitions();
    let diff = CatalogDiff::between(&old.definitions, &definitions)?;
    let mut analyzer =
        Analyzer { counter: TermCounter::default(), vocabulary: VocabularyExtension::new(&old.vocabulary) };
    let removed = diff.removed.iter().map(|&at| (at, analyzer.analyze(&old.definitions[at]))).collect();
    let added = diff.added.iter().map(|&at| (at, analyzer.analyze(&definitions[at]))).collect();
    let changes = AnalyzedDiff { removed, added };
    let kinds = kind_ranges(&definitions);
    let n_terms = analyzer.vocabulary.n_terms();
    let indexes = KindMap::try_from_fn(|kind| {
        let frame = KindFrame { from: old.kinds[kind].clone(), to: kinds[kind].clone(), n_terms };
        updated_kind(&old.lexical.kinds[kind], &frame, &diff, &changes, &old.weights)
    })?;
    let lexical = Bm25fIndex { kinds: indexes, field: old.lexical.field };
    let duplicates = updated_duplicates(old, &definitions, &diff, &mut analyzer)?;
    let mut unused: Vec<u32> =
        changes.removed_terms().filter(|&term| lexical.total_frequency(term) == 0).collect();
    unused.sort_unstable();
    unused.dedup();
    let vocabulary =
        analyzer.vocabulary.finish(&unused).map_or_else(|| Arc::clone(&old.vocabulary), Arc::new);
    let mut sizes = old.sizes.clone();
    let mut fingerprint = old.fingerprint;
    for (at, entry) in &changes.removed {
        sizes[old.definitions[*at].kind].remove(entry.terms.len());
        fingerprint = fingerprint - Fingerprint::of_entry(&old.definitions[*at]);
    }
    for (at, entry) in &changes.added {
        sizes[definitions[*at].kind].add(entry.terms.len());
        fingerprint = fingerprint + Fingerprint::of_entry(&definitions[*at]);
    }
    vocabulary.is_compact().then(|| IndexCore {
        fingerprint,
        kinds,
        alias_terms: alias_terms(aliases, &vocabulary),
        vocabulary,
        lexical,
        aliases: aliases.clone(),
        capabilities: old.capabilities.updated(|at| diff.moved(at), &diff.added, &definitions),
        names: old.names.updated(|at| diff.moved(at), diff.added.iter().copied(), &definitions),
        roles: role_index(catalog),
        duplicates,
        sizes,
        weights: old.weights.clone(),
        definitions,
    })
}
