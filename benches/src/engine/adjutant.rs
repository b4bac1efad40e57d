//! The product's index, through its public face.

use std::sync::Arc;

use catalog::{Catalog, Definition, Kind};
use search::{Aliases, Index, LatentSpace, Request};

use super::{Engine, TOP};

/// The product's index ranking by words alone, which is what the others do.
#[derive(Debug)]
pub struct Plain {
    catalog: Vec<Arc<Definition>>,
    index: Index,
}

impl Plain {
    /// Indexes a catalog, without aliases.
    pub fn of(catalog: &Catalog) -> Plain {
        let index = Index::build(catalog, &Aliases::default());
        Plain { catalog: catalog.definitions().to_vec(), index }
    }

    /// The best entries for some words, with their scores.
    pub fn rows(&self, words: &str) -> Vec<(Arc<Definition>, f32)> {
        let places = self.index.top_by_bm25f(Kind::Agent, words, TOP);
        places.into_iter().map(|(place, score)| (Arc::clone(&self.catalog[place]), score)).collect()
    }
}

impl Engine for Plain {
    fn search(&mut self, words: &str) -> anyhow::Result<usize> {
        Ok(self.rows(words).len())
    }
}

/// Everything that is served: aliases, likeness of meaning, confidence, a reason.
#[derive(Debug)]
pub(super) struct Served(Index);

impl Served {
    pub(super) fn of(catalog: &Catalog) -> Served {
        let index = Index::build(catalog, Aliases::built_in());
        Served(index.with_latent(Arc::new(LatentSpace::train(catalog))))
    }
}

impl Engine for Served {
    fn search(&mut self, words: &str) -> anyhow::Result<usize> {
        let request = Request { context: Some(words), limit: TOP, ..Request::default() };
        Ok(self.0.find(&request).hits.len())
    }
}
