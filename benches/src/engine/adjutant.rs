//! The product's index, through its public face.

use std::sync::Arc;

use adjutant::catalog::{Catalog, Definition};
use adjutant::search::{Aliases, Findings, Index, Latent, Request};

use super::{Engine, TOP};

/// The product's index.
#[derive(Debug)]
pub struct Adjutant {
    /// The index itself.
    pub index: Index,
}

impl Adjutant {
    /// The lexical index alone.
    pub fn plain(catalog: &Catalog) -> Adjutant {
        Adjutant { index: Index::build(catalog, &Aliases::default()) }
    }

    /// All that is served.
    pub fn served(catalog: &Catalog) -> Adjutant {
        let index = Index::build(catalog, Aliases::built_in());
        Adjutant { index: index.with_latent(Arc::new(Latent::train(catalog))) }
    }
}

/// The best entries for some words, with their scores as shares of whatever the best one's is.
pub fn rows(index: &Index, words: &str) -> Vec<(Arc<Definition>, f32)> {
    find(index, words).hits.into_iter().map(|hit| (hit.definition, hit.score)).collect()
}

fn find(index: &Index, words: &str) -> Findings {
    index.find(&Request { context: Some(words), limit: TOP, ..Request::default() })
}

impl Engine for Adjutant {
    fn search(&mut self, words: &str) -> anyhow::Result<usize> {
        Ok(find(&self.index, words).hits.len())
    }
}
