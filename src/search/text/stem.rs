//! One word to one index term.

use super::english::Word;
use super::{MAX_WORD, is_stop};

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

/// The index term of one lower-case word as [`super::words`] gives it: nothing for a stop word, else its English stem
/// with British spellings made American. Words of other scripts, with digits or signs, or of up to three letters stay
/// as they are.
pub fn term(word: &str) -> Option<String> {
    if word.is_empty() || is_stop(word) {
        return None;
    }
    if word.len() > MAX_WORD || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return Some(word.chars().take(MAX_WORD).collect());
    }
    let mut word = Word::new(word);
    make_american(&mut word);
    if let Ok(at) = IRREGULAR.binary_search_by(|(form, _)| {
        // Most differ in the first letter, which is compared without a call.
        let form = form.as_bytes();
        form.first().cmp(&word.letters().first()).then_with(|| form.cmp(word.letters()))
    }) {
        word.replace(MAX_WORD, IRREGULAR[at].1.as_bytes());
    }
    if word.letters().len() > 3 {
        word.stem();
        // `debugger` stems to `debugg` and `debugging` to `debug`.
        if let [_, _, _, .., a, b] = word.letters()
            && a == b
            && b"bdgmnprt".contains(a)
        {
            word.replace(1, b"");
        }
    }
    Some(word.as_str().to_owned())
}

/// `optimisation` to `optimization`, `behaviour` to `behavior`. Applied to every word alike, so that a word it
/// misspells (`enterprize`) still meets itself.
fn make_american(word: &mut Word) {
    const ENDINGS: [(&[u8], &[u8]); 14] = [
        (b"isation", b"ization"),
        (b"isations", b"izations"),
        (b"ising", b"izing"),
        (b"ised", b"ized"),
        (b"iser", b"izer"),
        (b"isers", b"izers"),
        (b"ises", b"izes"),
        (b"ise", b"ize"),
        (b"yse", b"yze"),
        (b"ysed", b"yzed"),
        (b"ysing", b"yzing"),
        (b"our", b"or"),
        (b"ours", b"ors"),
        (b"elling", b"eling"),
    ];
    let length = word.letters().len();
    let fits = |ending: &&(&[u8], &[u8])| length >= ending.0.len() + 3 && word.ends(ending.0);
    if let Some((british, us)) = ENDINGS.iter().find(fits) {
        word.replace(british.len(), us);
    }
}
