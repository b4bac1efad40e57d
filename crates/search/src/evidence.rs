//! All that speaks for the entries of one kind, and how much each piece of it counts.

use std::borrow::Cow;
use std::ops::Range;

use super::capability_index::CapabilityMatch;
use super::index::{Core, Index};
use super::query::{Query, Words};
use super::role_index::FilledRole;
use super::score_buffer::ScoreBuffer;
use super::semantic::Semantic;
use super::{Prior, Request, model_fit, needs};
use crate::bm25f::WeightedTerm;
use crate::numeric::{as_f32, as_u32};
use catalog::Kind;

/// Evidence at which confidence is one half.
const EVEN: f32 = 0.4;
/// How the share of its words that a request finds in one entry falls with their number: a long request tells more
/// than any entry says.
const LENGTHS: f32 = 0.25;
/// Least confidence where the request is an entry's name, and where entries have the very capability asked for.
const NAMED: f32 = 0.9;
const CAPABLE: f32 = 0.7;
/// By how much two ways of adding up the same score may differ.
const ROUNDING: f32 = 1e-5;

/// All evidence about the entries of one kind, as arrays over them.
pub(crate) struct Evidence<'a> {
    pub(crate) index: &'a Index,
    pub(crate) kind: Kind,
    pub(crate) range: Range<usize>,
    pub(crate) query: Query<'a>,
    pub(crate) role: Option<&'a FilledRole>,
    pub(crate) fits: Vec<CapabilityMatch<'a>>,
    /// BM25F, and its largest value.
    pub(crate) lexical: ScoreBuffer,
    pub(crate) lexical_top: f32,
    /// Cosine in the latent space, never negative, and its largest value; empty without a space.
    pub(crate) latent: ScoreBuffer,
    pub(crate) latent_top: f32,
    latent_share: f32,
    /// What an embedding model says of the request, where one was asked.
    semantic: Option<Semantic>,
    /// The best fused score for one of several needs; empty for a single need.
    pub(crate) need: ScoreBuffer,
    plugin: Option<&'a str>,
    /// Entries the request names outright.
    named: Vec<u32>,
    complexity: f32,
    prior: Option<&'a dyn Prior>,
    scale: f32,
}

/// What a request says, read once: evidence borrows its words.
pub(crate) struct Asked<'a> {
    role: Option<&'a FilledRole>,
    words: Words,
    /// Whether it is one text, which may be a name.
    is_one: bool,
    complexity: f32,
}

impl<'a> Asked<'a> {
    pub(crate) fn read(core: &'a Core, request: &Request<'a>) -> Asked<'a> {
        let agents = request.kind == Kind::Agent;
        let role = request.role.filter(|_| agents).and_then(|name| core.roles.find(name));
        let role = role.filter(|role| !role.documents.is_empty());
        // A role that nobody registered or fills still says what is wanted.
        let role_words = request.role.filter(|_| role.is_none());
        let parts = [request.capability, role_words, request.context];
        let mut said = parts.into_iter().flatten().filter(|part| !part.trim().is_empty());
        let first = said.next().unwrap_or_default();
        let rest: Vec<&str> = said.collect();
        let is_one = !first.is_empty() && rest.is_empty();
        let whole = if rest.is_empty() {
            Cow::Borrowed(first)
        } else {
            Cow::Owned(rest.into_iter().fold(first.to_owned(), |whole, part| whole + "\n" + part))
        };
        Asked { role, words: core.reader().words(&whole), is_one, complexity: model_fit::complexity(&whole) }
    }
}

impl<'a> Evidence<'a> {
    pub(crate) fn gather(index: &'a Index, request: &Request<'a>, asked: &'a Asked<'a>) -> Evidence<'a> {
        let core = &*index.core;
        let range = core.range(request.kind);
        let Asked { role, words, is_one, complexity } = asked;
        let (role, complexity) = (*role, *complexity);
        let query = core.reader().read(words);
        let (lexical, latent) = scores(index, &query.wanted(), request.kind, request.plugin);
        let (lexical_top, latent_top) = (lexical.max(), latent.max());
        let fits = request.capability.map_or_else(Vec::new, |asked| core.capabilities.find(asked));
        let latent_share = core.latent_share(request.kind);
        let need = needs::best(index, request, words, latent_share);
        let named = if *is_one { core.names.find_key(&words.key(), &core.definitions) } else { Vec::new() };
        let mut evidence = Evidence {
            index,
            kind: request.kind,
            range,
            query,
            plugin: request.plugin,
            role,
            fits,
            lexical,
            lexical_top,
            latent,
            latent_top,
            latent_share,
            semantic: None,
            need,
            named,
            complexity,
            prior: request.prior,
            scale: 1.0,
        };
        let weights = &core.weights;
        let most = 1.0
            + weights.name
            + weights.model
            + if evidence.fits.is_empty() { 0.0 } else { weights.capability };
        evidence.scale = 1.0 / (most + evidence.role_lead(0));
        evidence.semantic = evidence.judged(request.similarity);
        evidence
    }

    /// A model's judgement, weighed against what the words tell.
    fn judged(&self, similarity: Option<&[f32]>) -> Option<Semantic> {
        let similarity = similarity.filter(|similarity| similarity.len() == self.range.len())?;
        let text_top = self.range.clone().map(|document| self.text(document).total()).fold(0.0, f32::max);
        let open = |at: usize| self.open(self.range.start + at);
        Semantic::of(similarity, open, &self.core().weights, self.by_words(), text_top)
    }

    pub(crate) fn core(&self) -> &'a Core {
        &self.index.core
    }

    /// What the place in a role adds: each place leads whatever else an entry may gather.
    fn role_lead(&self, place: usize) -> f32 {
        let places = self.role.map_or(0, |role| role.documents.len());
        2.0 * as_f32(places.saturating_sub(place))
    }

    /// What the words of the request say of an entry: the lexical, latent and need shares before they are weighed
    /// against a model's.
    fn text(&self, document: usize) -> Text {
        let at = document - self.range.start;
        let several = if self.need.is_empty() { 0.0 } else { self.core().weights.intent };
        let latent = if self.latent_top > 0.0 { self.latent_share } else { 0.0 };
        let cosine = self.latent.get(at).copied().unwrap_or(0.0);
        Text {
            lexical: (1.0 - latent) * (1.0 - several) * ratio(self.lexical[at], self.lexical_top),
            latent: latent * (1.0 - several) * ratio(cosine, self.latent_top),
            need: several * self.need.get(at).copied().unwrap_or(0.0),
        }
    }

    /// What speaks for each entry, save outcomes and a fitting model, added up; 0 where nothing does.
    pub(crate) fn sums(&self) -> ScoreBuffer {
        let mut sums = ScoreBuffer::zeros(self.range.len());
        if self.semantic.is_some() {
            for (document, sum) in self.range.clone().zip(sums.iter_mut()) {
                *sum = self.shares_but_prior(document).sum();
            }
            return sums;
        }
        let several = if self.need.is_empty() { 0.0 } else { self.core().weights.intent };
        let latent = if self.latent_top > 0.0 { self.latent_share } else { 0.0 };
        let rest = self.scale * (1.0 - several);
        add(&mut sums, ratio(rest * (1.0 - latent), self.lexical_top), &self.lexical);
        add(&mut sums, ratio(rest * latent, self.latent_top), &self.latent);
        add(&mut sums, self.scale * several, &self.need);
        for document in self.singled_out() {
            sums[document - self.range.start] = self.shares_but_prior(document).sum();
        }
        sums
    }

    /// By how much an entry's score may exceed its sum.
    pub(crate) fn beyond_sums(&self) -> f32 {
        self.scale * self.core().weights.model * self.complexity.abs() + ROUNDING
    }

    /// Entries that more speaks for than words: the role, the capability or the name asked for.
    fn singled_out(&self) -> Vec<usize> {
        let by_role = self.role.into_iter().flat_map(|role| &role.documents).copied();
        let by_number = self.fits.iter().flat_map(|fit| fit.documents).chain(&self.named);
        let all = by_role.chain(by_number.map(|&document| document as usize));
        all.filter(|document| self.range.contains(document) && self.is_candidate(*document)).collect()
    }

    /// The parts of an entry's score, save the terms one by one; the prior must have been told the leaders.
    pub(crate) fn shares(&self, document: usize) -> Shares {
        let shares = self.shares_but_prior(document);
        let prior = self.prior.map_or(0.0, |prior| self.prior_share(prior, document, shares.sum()));
        Shares { prior, ..shares }
    }

    /// What outcomes add to an entry whose other parts come to `sum`. A bad record costs no more than it has.
    pub(crate) fn prior_share(&self, prior: &dyn Prior, document: usize, sum: f32) -> f32 {
        let prior = prior.prior(&self.core().definitions[document]);
        let prior = if prior.is_nan() { 0.0 } else { prior.clamp(-1.0, 1.0) };
        (self.scale * self.core().weights.prior * prior).max(-sum)
    }

    /// The same without what outcomes add.
    pub(crate) fn shares_but_prior(&self, document: usize) -> Shares {
        let weights = &self.core().weights;
        let at = document - self.range.start;
        let definition = &*self.core().definitions[document];
        let fit = self.fits.iter().filter(|fit| fit.documents.binary_search(&as_u32(document)).is_ok());
        let fit = fit.map(|fit| fit.strength).fold(0.0, f32::max);
        let named = self.named.binary_search(&as_u32(document)).is_ok();
        let place = self.role.and_then(|role| role.documents.iter().position(|&other| other == document));
        let scale = self.scale;
        let text = self.text(document);
        let (of_text, semantic) = self.semantic.as_ref().map_or((1.0, 0.0), |judged| judged.shares(at));
        Shares {
            lexical: scale * of_text * text.lexical,
            latent: scale * of_text * text.latent,
            need: scale * of_text * text.need,
            semantic: scale * semantic,
            capability: scale * weights.capability * fit,
            name: if named { scale * weights.name } else { 0.0 },
            role: place.map_or(0.0, |place| scale * self.role_lead(place)),
            model: scale * weights.model * model_fit::model_fit(definition, self.complexity),
            prior: 0.0,
        }
    }

    /// Whether a model finds an entry close to the request.
    pub(crate) fn is_close(&self, document: usize) -> bool {
        self.semantic.as_ref().is_some_and(|judged| judged.is_close(document - self.range.start))
    }

    /// Whether the plugin filter lets an entry through.
    pub(crate) fn open(&self, document: usize) -> bool {
        self.plugin.is_none_or(|plugin| self.core().definitions[document].plugin == plugin)
    }

    /// Whether an entry is of the kind and plugin asked for.
    fn lists(&self, document: u32) -> bool {
        let document = document as usize;
        self.range.contains(&document) && self.open(document)
    }

    /// Whether anything speaks for an entry.
    pub(crate) fn is_candidate(&self, document: usize) -> bool {
        let at = document - self.range.start;
        !self.is_hidden(document)
            && (self.lexical[at] > 0.0
                || self.latent.get(at).is_some_and(|&cosine| cosine > 0.0)
                || self.semantic.as_ref().is_some_and(|judged| judged.shares(at).1 > 0.0)
                || self.role.is_some_and(|role| role.documents.contains(&document))
                || self.fits.iter().any(|fit| fit.documents.binary_search(&as_u32(document)).is_ok()))
    }

    /// Whether an entry is never offered.
    pub(crate) fn is_hidden(&self, document: usize) -> bool {
        self.core().definitions[document].hidden
    }

    /// How well the best entry serves the request, 0..1, comparable between requests: as the words tell, and as an
    /// embedding model does where one was asked. The latent space takes no part: the cosine of a senseless request's best
    /// neighbour is hardly lower than that of a sensible one's, and so a request has the same confidence before and after
    /// the space is ready.
    pub(crate) fn confidence(&self) -> f32 {
        if self.role.is_some() {
            return 1.0;
        }
        let by_words = self.by_words();
        let judged = self.semantic.as_ref().filter(|_| !self.query.asked.is_empty());
        let both = judged.map_or(by_words, |judged| judged.confidence(by_words));
        both.max(self.certain())
    }

    /// Confidence as the words tell: the best entry's BM25F score ÷ the request's information (unknown words counting as
    /// the rarest), less the share of words that nobody knows, made independent of length, and bent so that 0.5 divides
    /// doubtful from good.
    fn by_words(&self) -> f32 {
        let asked = as_f32(self.query.asked.len());
        let information = self.query.information(&self.core().lexical, self.kind);
        let known = 1.0 - ratio(as_f32(self.query.unknown.len()), asked);
        let evidence = ratio(self.lexical_top, information) * known * asked.powf(LENGTHS);
        let confidence = evidence * evidence / (evidence * evidence + EVEN * EVEN);
        confidence.max(self.certain())
    }

    /// The least confidence where an entry has the name or the capability asked for.
    fn certain(&self) -> f32 {
        let fits = self.fits.iter().filter(|fit| fit.documents.iter().any(|&at| self.lists(at)));
        let capable = fits.map(|fit| CAPABLE * fit.strength).fold(0.0, f32::max);
        let named = if self.named.iter().any(|&at| self.lists(at)) { NAMED } else { 0.0 };
        capable.max(named)
    }
}

/// What words say of an entry.
struct Text {
    lexical: f32,
    latent: f32,
    need: f32,
}

impl Text {
    fn total(&self) -> f32 {
        self.lexical + self.latent + self.need
    }
}

/// The parts of one score.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shares {
    pub(crate) lexical: f32,
    pub(crate) latent: f32,
    pub(crate) semantic: f32,
    pub(crate) need: f32,
    pub(crate) capability: f32,
    pub(crate) name: f32,
    pub(crate) role: f32,
    pub(crate) model: f32,
    pub(crate) prior: f32,
}

impl Shares {
    /// All parts together, which may exceed 1 where outcomes add theirs.
    pub(crate) fn sum(&self) -> f32 {
        let Shares { lexical, latent, semantic, need, capability, name, role, model, prior } = self;
        lexical + latent + semantic + need + capability + name + role + model + prior
    }
}

/// Bm25fIndex and latent scores of the entries of a kind, 0 for those of other plugins; no latent ones without a space.
pub(crate) fn scores(
    index: &Index,
    wanted: &[WeightedTerm],
    kind: Kind,
    plugin: Option<&str>,
) -> (ScoreBuffer, ScoreBuffer) {
    let range = index.core.range(kind);
    let mut lexical = ScoreBuffer::zeros(range.len());
    index.core.lexical.add_scores(kind, wanted, &mut lexical);
    let mut latent = ScoreBuffer::default();
    if let Some(bound) = index.latent.as_ref().filter(|bound| !bound.is_empty()) {
        latent = ScoreBuffer::zeros(range.len());
        bound.cosines(wanted, &range, &mut latent);
    }
    if let Some(plugin) = plugin {
        for (at, definition) in index.core.definitions[range].iter().enumerate() {
            let cosine = latent.get(at).copied().unwrap_or_default();
            if (lexical[at] > 0.0 || cosine > 0.0) && definition.plugin != plugin {
                lexical[at] = 0.0;
                latent.iter_mut().skip(at).take(1).for_each(|cosine| *cosine = 0.0);
            }
        }
    }
    (lexical, latent)
}

/// Adds `factor` times what is in `scores`, where there is anything.
fn add(sums: &mut [f32], factor: f32, scores: &[f32]) {
    if factor > 0.0 {
        sums.iter_mut().zip(scores).for_each(|(sum, score)| *sum += factor * score);
    }
}

/// `a / b`, and 0 where there is nothing to divide by.
pub(crate) fn ratio(a: f32, b: f32) -> f32 {
    if b > 0.0 { a / b } else { 0.0 }
}
