//! The sentence that says which signals decided.

use crate::fields::{FIELDS, Field};
use crate::signals::RankingSignals;

/// Terms, and unknown words, that the sentence names.
const NAMED_TERMS: usize = 4;
/// Bytes that most sentences stay below.
const USUAL_LENGTH: usize = 256;
/// Cosine above which an entry counts as close in meaning.
const CLOSE: f32 = 0.3;

/// Why the entry `first` leads the answer, or why the answer is empty.
pub(crate) fn sentence(signals: &RankingSignals<'_>, first: Option<usize>) -> String {
    let Some(document) = first else {
        return why_empty(signals);
    };
    let name = &signals.index.core.definitions[document].name;
    let mut parts = Parts { sentence: String::with_capacity(USUAL_LENGTH), any: false };
    parts.sentence.extend(["`", name, "` "]);
    if let Some(role) = signals.role.filter(|role| role.documents.contains(&document)) {
        parts.add(&["fills the role `", &role.name, "`"]);
    }
    if let Some(found) = (signals.capability_matches.iter())
        .find(|found| found.documents.iter().any(|&other| other as usize == document))
    {
        let exact = if found.strength < 1.0 { "near the" } else { "has the" };
        parts.add(&[exact, " capability `", found.written, "`"]);
    }
    add_terms(signals, document, &mut parts);
    let at = document - signals.range.start;
    let score = signals.parts(document);
    if 2.0 * score.semantic > score.sum() {
        parts.add(&["close in meaning as the embedding model judges"]);
    } else if signals.text.latent.get(at).is_some_and(|&cosine| cosine > CLOSE) || signals.is_close(document)
    {
        parts.add(&["close in meaning"]);
    }
    if !parts.any {
        parts.add(&["comes nearest"]);
    }
    let mut sentence = parts.sentence;
    if !signals.query.unknown.is_empty() {
        sentence.push_str("; nothing here knows ");
        sentence.push_str(&quoted(first_unknown(signals)));
    }
    sentence
}

/// A sentence whose parts are separated by commas.
struct Parts {
    sentence: String,
    /// Whether it has a part yet.
    any: bool,
}

impl Parts {
    fn add(&mut self, pieces: &[&str]) {
        if std::mem::replace(&mut self.any, true) {
            self.sentence.push_str(", ");
        }
        self.sentence.extend(pieces.iter().copied());
    }
}

/// Adds the terms that contributed most, and the fields that contain them.
fn add_terms(signals: &RankingSignals<'_>, document: usize, parts: &mut Parts) {
    let core = signals.core();
    let mut contributions: Vec<(f32, usize)> = Vec::with_capacity(signals.query.terms.len());
    let mut fields = [0.0f32; FIELDS];
    for (at, term) in signals.query.terms.iter().enumerate() {
        let position = document - signals.range.start;
        if let Some((score, by_field)) = core.lexical.contribution(signals.kind, term.weighted, position) {
            contributions.push((score, at));
            fields.iter_mut().zip(by_field).for_each(|(sum, part)| *sum += part);
        }
    }
    contributions.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    for (nth, &(_, at)) in contributions.iter().take(NAMED_TERMS).enumerate() {
        let term = &signals.query.terms[at];
        let shown = term.display(&core.vocabulary);
        parts.add(&[if nth == 0 { "matches `" } else { "`" }, &shown, "`"]);
        if let Some(via) = &term.via {
            parts.sentence.extend([" (for `", via, "`)"]);
        }
    }
    if contributions.is_empty() {
        return;
    }
    let total: f32 = fields.iter().sum();
    let main_fields = Field::ALL.into_iter().zip(fields).filter(|(_, part)| *part > 0.2 * total);
    for (nth, (field, _)) in main_fields.enumerate() {
        parts.sentence.extend([if nth == 0 { " in its " } else { " and " }, field.as_str()]);
    }
}

fn why_empty(signals: &RankingSignals<'_>) -> String {
    let unknown = first_unknown(signals);
    if signals.query.requested.is_empty() {
        return "The request holds no word to go by".to_owned();
    }
    if unknown.is_empty() {
        return "Nothing in the catalog fits the request well enough".to_owned();
    }
    format!("Nothing in the catalog fits: nothing here knows {}", quoted(unknown))
}

fn first_unknown<'s>(signals: &'s RankingSignals<'_>) -> &'s [&'s str] {
    let unknown = &signals.query.unknown;
    &unknown[..unknown.len().min(NAMED_TERMS)]
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
