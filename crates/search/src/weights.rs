//! Every number that tunes the ranking, each with its reason.

use crate::fields::FIELDS;

/// The parameters of the ranking. [`Weights::default`] is what is served.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// BM25F weight of each field, in the order of [`Field::ALL`](crate::Field::ALL): a name is chosen with most care, a
    /// body mentions much in passing.
    pub field: [f32; FIELDS],
    /// BM25F length normalisation `b` of each field, 0..=1: the length of short fields varies little, that of bodies a lot.
    pub length: [f32; FIELDS],
    /// BM25F saturation `k1`: how soon further occurrences of one term stop counting.
    pub saturation: f32,
    /// A compound's joined form where the request writes its parts (`web hook` for `webhook`).
    pub joined: f32,
    /// A part of a compound whose joined form is in the vocabulary, too: `git hub` is not about git.
    pub piece: f32,
    /// A word corrected to one of the vocabulary.
    pub repaired: f32,
    /// All expansions of a word that the vocabulary has: they may only add a nuance.
    pub alias_known: f32,
    /// All expansions of a word that the vocabulary lacks: they stand in for it.
    pub alias_unknown: f32,
    /// All expansions of a head of several words: it rarely matches by chance, and rarely means just its words (a white
    /// screen is neither white nor a screen).
    pub alias_phrase: f32,
    /// How the weight of a head is divided among its `n` expansions: each gets `weight / n^alias_spread`.
    pub alias_spread: f32,
    /// Weight of the latent score in the linear combination with the lexical one.
    pub latent: f32,
    /// Weight of an embedding model's similarity where the words say nothing about a request, and where they say
    /// everything: the model is the better judge of requests in other words than the collection's, and the worse one of
    /// product names. Around these values the quality on labelled requests is flat; of two equal choices, the one that
    /// suffers less from misleading words.
    pub semantic: [f32; 2],
    /// Weight of the best of several intents in a request that states several.
    pub intent: f32,
    /// Added for the requested capability, times how well it matches.
    pub capability: f32,
    /// Added where the request is the entry's name.
    pub name: f32,
    /// Added for a language model that suits the task: a tie-breaker.
    pub model: f32,
    /// Added for past outcomes, times the prior that the caller supplies: a single outcome moves that by 0.2 at most, many
    /// by nearly 1.
    pub prior: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Weights {
            field: [3.0, 2.0, 1.5, 1.0, 1.0, 0.8],
            length: [0.3, 0.5, 0.5, 0.5, 0.5, 0.75],
            saturation: 1.2,
            joined: 1.0,
            piece: 0.7,
            repaired: 0.9,
            alias_known: 0.7,
            alias_unknown: 0.9,
            alias_phrase: 1.1,
            alias_spread: 0.5,
            latent: 0.6,
            semantic: [0.65, 0.1],
            intent: 0.3,
            capability: 0.1,
            name: 0.3,
            model: 0.005,
            prior: 0.5,
        }
    }
}
