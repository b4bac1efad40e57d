//! Stemming: reducing a word to its index term.

use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};

use super::stop_words::is_stop_word;
use super::tokenizer::MAX_WORD_CHARS;

static ENGLISH: LazyLock<Stemmer> = LazyLock::new(|| Stemmer::create(Algorithm::English));

/// Inflected forms that the stemmer cannot relate to their base form, mostly irregular verbs that are frequent in bug
/// reports.
const IRREGULAR: [(&str, &str); 48] = [
    ("analyses", "analysis"),
    ("analyze", "analysis"),
    ("analyzed", "analysis"),
    ("analyzer", "analysis"),
    ("analyzing", "analysis"),
    ("bought", "buy"),
    ("broke", "break"),
    ("broken", "break"),
    ("brought", "bring"),
    ("built", "build"),
    ("caught", "catch"),
    ("chose", "choose"),
    ("chosen", "choose"),
    ("died", "die"),
    ("drawn", "draw"),
    ("drew", "draw"),
    ("fell", "fall"),
    ("forgot", "forget"),
    ("forgotten", "forget"),
    ("froze", "freeze"),
    ("frozen", "freeze"),
    ("grew", "grow"),
    ("grown", "grow"),
    ("held", "hold"),
    ("hung", "hang"),
    ("indices", "index"),
    ("kept", "keep"),
    ("knew", "know"),
    ("known", "know"),
    ("lost", "lose"),
    ("matrices", "matrix"),
    ("queries", "query"),
    ("ran", "run"),
    ("rewritten", "rewrite"),
    ("rewrote", "rewrite"),
    ("schemas", "schema"),
    ("schemata", "schema"),
    ("sent", "send"),
    ("shown", "show"),
    ("slept", "sleep"),
    ("spent", "spend"),
    ("stolen", "steal"),
    ("stuck", "stick"),
    ("threw", "throw"),
    ("thrown", "throw"),
    ("vertices", "vertex"),
    ("written", "write"),
    ("wrote", "write"),
];

/// The index term of a lower-case word as [`tokenize`](super::tokenize) yields it: `None` for a stop word, otherwise its
/// English stem (Porter2), with British spellings normalised to American ones. Words of other scripts, with digits or
/// signs, or of up to three letters are not stemmed.
pub fn term(word: &str) -> Option<String> {
    if word.is_empty() || is_stop_word(word) {
        return None;
    }
    if word.len() > MAX_WORD_CHARS || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return Some(word.chars().take(MAX_WORD_CHARS).collect());
    }
    let american = american(word);
    let regular = match IRREGULAR.binary_search_by(|(form, _)| (*form).cmp(american.as_str())) {
        Ok(at) => IRREGULAR[at].1,
        Err(_) => american.as_str(),
    };
    if regular.len() <= 3 {
        return Some(regular.to_owned());
    }
    let mut stem = ENGLISH.stem(regular).into_owned();
    // `debugger` stems to `debugg` and `debugging` to `debug`.
    let bytes = stem.as_bytes();
    if let [.., a, b] = bytes
        && a == b
        && bytes.len() > 4
        && b"bdgmnprt".contains(a)
    {
        stem.pop();
    }
    Some(stem)
}

/// `optimisation` becomes `optimization`, `behaviour` becomes `behavior`. Applied to requests and entries alike, so that a
/// word that it misspells (`enterprize`) still matches itself.
fn american(word: &str) -> String {
    const ENDINGS: [(&str, &str); 14] = [
        ("isation", "ization"),
        ("isations", "izations"),
        ("ising", "izing"),
        ("ised", "ized"),
        ("iser", "izer"),
        ("isers", "izers"),
        ("ises", "izes"),
        ("ise", "ize"),
        ("yse", "yze"),
        ("ysed", "yzed"),
        ("ysing", "yzing"),
        ("our", "or"),
        ("ours", "ors"),
        ("elling", "eling"),
    ];
    let ending = ENDINGS.iter().filter(|(british, _)| word.len() >= british.len() + 3);
    for (british, us) in ending {
        if let Some(stem) = word.strip_suffix(british) {
            return format!("{stem}{us}");
        }
    }
    word.to_owned()
}
