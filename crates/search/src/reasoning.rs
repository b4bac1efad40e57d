//! The sentence that says what decided.

use super::Field;
use super::evidence::Evidence;
use crate::fields::FIELDS;

/// Terms named in the sentence.
const NAMED_TERMS: usize = 4;
/// Bytes that most sentences stay below.
const USUAL_LENGTH: usize = 256;

/// Why `first` leads the answer, or why there is none.
pub(crate) fn sentence(evidence: &Evidence<'_>, first: Option<usize>) -> String {
    let Some(document) = first else {
        return nothing(evidence);
    };
    let name = &evidence.index.core.definitions[document].name;
    let mut parts = Parts { sentence: String::with_capacity(USUAL_LENGTH), any: false };
    parts.sentence.extend(["`", name, "` "]);
    if let Some(role) = evidence.role.filter(|role| role.documents.contains(&document)) {
        parts.add(&["fills the role `", &role.name, "`"]);
    }
    if let Some(fit) =
        evidence.fits.iter().find(|fit| fit.documents.iter().any(|&other| other as usize == document))
    {
        let exact = if fit.strength < 1.0 { "near the" } else { "has the" };
        parts.add(&[exact, " capability `", fit.written, "`"]);
    }
    words(evidence, document, &mut parts);
    let at = document - evidence.range.start;
    let shares = evidence.shares(document);
    if 2.0 * shares.semantic > shares.sum() {
        parts.add(&["close in meaning as the embedding model judges"]);
    } else if evidence.latent.get(at).is_some_and(|&cosine| cosine > 0.3) || evidence.is_close(document) {
        parts.add(&["close in meaning"]);
    }
    if !parts.any {
        parts.add(&["comes nearest"]);
    }
    let mut sentence = parts.sentence;
    if !evidence.query.unknown.is_empty() {
        sentence.push_str("; nothing here knows ");
        sentence.push_str(&quoted(first_unknown(evidence)));
    }
    sentence
}

/// A sentence whose parts have commas between them.
struct Parts {
    sentence: String,
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

/// The terms that brought most, with the fields they stand in.
fn words(evidence: &Evidence<'_>, document: usize, parts: &mut Parts) {
    let lexical = &evidence.index.core.lexical;
    let mut shares: Vec<(f32, usize)> = Vec::with_capacity(evidence.query.terms.len());
    let mut fields = [0.0f32; FIELDS];
    for (at, term) in evidence.query.terms.iter().enumerate() {
        if let Some((score, by_field)) =
            lexical.contribution(evidence.kind, term.wanted, document - evidence.range.start)
        {
            shares.push((score, at));
            fields.iter_mut().zip(by_field).for_each(|(sum, part)| *sum += part);
        }
    }
    shares.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    for (nth, &(_, at)) in shares.iter().take(NAMED_TERMS).enumerate() {
        let term = &evidence.query.terms[at];
        let shown = term.shown(&evidence.index.core.vocabulary);
        parts.add(&[if nth == 0 { "matches `" } else { "`" }, &shown, "`"]);
        if let Some(via) = &term.via {
            parts.sentence.extend([" (for `", via, "`)"]);
        }
    }
    if shares.is_empty() {
        return;
    }
    let total: f32 = fields.iter().sum();
    let telling = Field::ALL.into_iter().zip(fields).filter(|(_, part)| *part > 0.2 * total);
    for (nth, (field, _)) in telling.enumerate() {
        parts.sentence.extend([if nth == 0 { " in its " } else { " and " }, field.as_str()]);
    }
}

fn nothing(evidence: &Evidence<'_>) -> String {
    let unknown = first_unknown(evidence);
    if evidence.query.asked.is_empty() {
        return "The request holds no word to go by".to_owned();
    }
    if unknown.is_empty() {
        return "Nothing in the catalog fits the request well enough".to_owned();
    }
    format!("Nothing in the catalog fits: nothing here knows {}", quoted(unknown))
}

fn first_unknown<'e>(evidence: &'e Evidence<'_>) -> &'e [&'e str] {
    let unknown = &evidence.query.unknown;
    &unknown[..unknown.len().min(NAMED_TERMS)]
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
