//! Every number the ranking is tuned by, each with its reason.

/// A part of an entry that is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The name, and the other names it goes by.
    Name,
    /// What it is for.
    Description,
    /// When to use it.
    WhenToUse,
    /// Keywords, tags and category.
    Keywords,
    /// The headings of the body.
    Headings,
    /// The text of the body.
    Body,
}

/// How many fields there are.
pub const FIELDS: usize = 6;

impl Field {
    /// All fields, in the order of their weights.
    pub const ALL: [Field; FIELDS] =
        [Field::Name, Field::Description, Field::WhenToUse, Field::Keywords, Field::Headings, Field::Body];

    /// As an answer's `reasoning` names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Field::Name => "name",
            Field::Description => "description",
            Field::WhenToUse => "when to use",
            Field::Keywords => "keywords",
            Field::Headings => "headings",
            Field::Body => "body",
        }
    }
}

/// The tuning of the ranking. [`Weights::default`] is what is served.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// BM25F weight of each field, in the order of [`Field::ALL`]: a name is chosen with most care, a body mentions
    /// much in passing.
    pub field: [f32; FIELDS],
    /// BM25F length normalisation of each field (`b`, 0..1): short fields vary little, long bodies much.
    pub length: [f32; FIELDS],
    /// BM25F saturation (`k1`): how soon further evidence for one term stops counting.
    pub saturation: f32,
    /// A compound's joined form where the request has its pieces (`web hook` for `webhook`).
    pub joined: f32,
    /// A piece of a compound whose joined form the collection knows, too: `git hub` is not about git.
    pub piece: f32,
    /// A word repaired to one the collection knows.
    pub repaired: f32,
    /// All expansions of a word that the collection knows itself: they may only colour it.
    pub alias_known: f32,
    /// All expansions of a word the collection does not know: they stand in for it.
    pub alias_unknown: f32,
    /// All expansions of a head of several words: it is seldom met by chance, and seldom means just its words (a white
    /// screen is neither white nor a screen).
    pub alias_phrase: f32,
    /// How the weight of a head is shared among its expansions: each gets `weight / n^alias_spread`.
    pub alias_spread: f32,
    /// Share of the latent score in the sum with the lexical one.
    pub latent: f32,
    /// Share of an embedding model's judgement where words tell nothing of a request, and where they tell all of it: the
    /// model is the better judge of requests in other words than the collection's, and the worse one of names of tools.
    /// Around these values the quality of labelled requests is flat; of two equal choices the one that is hurt less by
    /// words that mislead.
    pub semantic: [f32; 2],
    /// Share of the best of several needs in a request that states several.
    pub need: f32,
    /// Added for the capability asked for, times how well it fits.
    pub capability: f32,
    /// Added where the request is the entry's name.
    pub name: f32,
    /// Added for a fitting model: a last word between equals.
    pub model: f32,
    /// Added for learned outcomes, times the prior the caller gives: a single outcome moves that by 0.2 at most, many by
    /// nearly 1.
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
            need: 0.3,
            capability: 0.1,
            name: 0.3,
            model: 0.005,
            prior: 0.5,
        }
    }
}

/// A count as a number to calculate with.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of documents and words stay far below 2^24, or need no such precision"
)]
pub(crate) fn number(count: usize) -> f32 {
    count as f32
}

/// A position as a compact id; catalogs are bounded far below four thousand million of anything.
pub(crate) fn compact(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
