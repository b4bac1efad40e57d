//! The sentence that says what decided.

use super::Field;
use super::evidence::Evidence;
use super::weights::FIELDS;

/// Terms named in the sentence.
const NAMED_TERMS: usize = 4;

/// Why `first` leads the answer, or why there is none.
pub(crate) fn sentence(evidence: &Evidence<'_>, first: Option<usize>) -> String {
    let Some(document) = first else {
        return nothing(evidence);
    };
    let mut parts = Vec::new();
    if let Some(role) = evidence.role.filter(|role| role.documents.contains(&document)) {
        parts.push(format!("fills the role `{}`", role.name));
    }
    if let Some(fit) =
        evidence.fits.iter().find(|fit| fit.documents.iter().any(|&other| other as usize == document))
    {
        let exact = if fit.strength < 1.0 { "near the" } else { "has the" };
        parts.push(format!("{exact} capability `{}`", fit.written));
    }
    parts.extend(words(evidence, document));
    let at = document - evidence.range.start;
    let shares = evidence.shares(document);
    if 2.0 * shares.semantic > shares.sum() {
        parts.push("close in meaning as the embedding model judges".to_owned());
    } else if evidence.latent.get(at).is_some_and(|&cosine| cosine > 0.3) || evidence.is_close(document) {
        parts.push("close in meaning".to_owned());
    }
    let name = &evidence.index.core.definitions[document].name;
    let mut sentence =
        format!("`{name}` {}", if parts.is_empty() { "comes nearest".to_owned() } else { parts.join(", ") });
    if !evidence.query.unknown.is_empty() {
        sentence.push_str("; nothing here knows ");
        sentence.push_str(&quoted(first_unknown(evidence)));
    }
    sentence
}

/// The terms that brought most, with the fields they stand in.
fn words(evidence: &Evidence<'_>, document: usize) -> Option<String> {
    let lexical = &evidence.index.core.lexical;
    let mut shares: Vec<(f32, usize)> = Vec::with_capacity(evidence.query.terms.len());
    let mut fields = [0.0f32; FIELDS];
    for (at, term) in evidence.query.terms.iter().enumerate() {
        if let Some((score, by_field)) =
            lexical.share(evidence.kind, term.wanted, document - evidence.range.start)
        {
            shares.push((score, at));
            fields.iter_mut().zip(by_field).for_each(|(sum, part)| *sum += part);
        }
    }
    shares.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let total: f32 = fields.iter().sum();
    let named: Vec<String> = (shares.iter().take(NAMED_TERMS))
        .map(|&(_, at)| {
            let term = &evidence.query.terms[at];
            let shown = term.shown(&evidence.index.core.vocabulary);
            term.via.as_ref().map_or_else(|| format!("`{shown}`"), |via| format!("`{shown}` (for `{via}`)"))
        })
        .collect();
    let telling = Field::ALL.into_iter().zip(fields).filter(|(_, part)| *part > 0.2 * total);
    let telling: Vec<&str> = telling.map(|(field, _)| field.as_str()).collect();
    (!named.is_empty()).then(|| format!("matches {} in its {}", named.join(", "), telling.join(" and ")))
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
