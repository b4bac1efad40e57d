//! What becomes of ids that several layers have.
//!
//! Of one kind and id, the definitions of the layer with the highest precedence serve; the others are left out and reported:
//! as a copy where the content is the same, else as shadowed. Within a layer several definitions of one id and precedence
//! may stand side by side, as its source decided.

use std::sync::Arc;

use super::definition::Definition;
use super::layer::{Layer, LayerId};
use super::problem::{Problem, code};

/// What several layers come to.
#[derive(Debug, Default)]
pub(super) struct Merged {
    /// The definitions that serve, ordered by kind, id and path.
    pub serving: Vec<Arc<Definition>>,
    /// Those that were left out, ordered by kind and id, then by precedence.
    pub shadowed: Vec<Arc<Definition>>,
    /// A problem for each of them.
    pub problems: Vec<Problem>,
}

/// Merges the definitions of several layers.
pub(super) fn merge(layers: &[&Arc<Layer>]) -> Merged {
    let of_layer = |layer: usize| {
        let scope = layers[layer].id.scope;
        layers[layer].definitions.iter().map(move |one| (scope.precedence(one), layer, one))
    };
    let mut all: Vec<(u8, usize, &Arc<Definition>)> = (0..layers.len()).flat_map(of_layer).collect();
    // Each layer is in order already, so that this merges runs.
    all.sort_by(|(precedence_a, layer_a, a), (precedence_b, layer_b, b)| {
        let key_a = (a.kind, &a.id, precedence_a, layer_a, &a.path);
        key_a.cmp(&(b.kind, &b.id, precedence_b, layer_b, &b.path))
    });
    let mut merged = Merged { serving: Vec::with_capacity(all.len()), ..Merged::default() };
    for same_id in all.chunk_by(|(_, _, a), (_, _, b)| a.kind == b.kind && a.id == b.id) {
        let Some((precedence, winner, _)) = same_id.first() else { continue };
        let wins = same_id.partition_point(|(of, layer, _)| (of, layer) == (precedence, winner));
        let (winners, losers) = same_id.split_at(wins);
        merged.serving.extend(winners.iter().map(|(.., one)| Arc::clone(one)));
        let is_copy = |one: &Definition| winners.iter().any(|(.., won)| won.content_hash == one.content_hash);
        for (_, loser, one) in losers {
            merged.problems.push(left_out(one, is_copy(one), &layers[*loser].id, &layers[*winner].id));
            merged.shadowed.push(Arc::clone(one));
        }
    }
    merged
}

fn left_out(definition: &Definition, is_copy: bool, loser: &LayerId, winner: &LayerId) -> Problem {
    let (code, what) = if is_copy {
        (code::IDENTICAL_COPY, "the same content")
    } else {
        (code::SHADOWED_ID, "other content under this id")
    };
    let message = format!("{}: layer {winner} has {what} and precedes layer {loser}", definition.id);
    Problem::new(definition.shown_path(), code, "skipped", message)
}
