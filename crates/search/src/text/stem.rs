//! One word to one index term.

use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};

use super::{MAX_TOKEN_CHARS, is_stop_word};

static ENGLISH: LazyLock<Stemmer> = LazyLock::new(|| Stemmer::create(Algorithm::English));

/// Forms the stemmer cannot relate to their word, mostly irregular verbs that reports of faults are made of.
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

/// The index term of one lower-case word as [`super::tokenize`] gives it: nothing for a stop word, else its English stem
/// with British spellings made American. Words of other scripts, with digits or signs, or of up to three letters stay
/// as they are.
pub fn term(word: &str) -> Option<String> {
    if word.is_empty() || is_stop_word(word) {
        return None;
    }
    if word.len() > MAX_TOKEN_CHARS || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return Some(word.chars().take(MAX_TOKEN_CHARS).collect());
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

/// `optimisation` to `optimization`, `behaviour` to `behavior`. Applied to every word alike, so that a word it
/// misspells (`enterprize`) still meets itself.
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
