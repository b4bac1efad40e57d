//! Tokenizing: cutting text into normalised words.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The longest word in characters; longer ones (hashes, encoded data) are truncated.
pub(crate) const MAX_WORD_CHARS: usize = 64;

/// Compounds of more pieces are not indexed in joined form, too: they are paths or sentences.
const MAX_JOINED_PIECES: usize = 3;

/// How a word came out of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenForm {
    /// As written.
    Whole,
    /// A piece of a compound such as `full-stack`, `getUser` or `oauth2`.
    Piece,
    /// The pieces before it, joined (`fullstack`).
    Joined,
}

/// Calls `each` with every word of `text`, in order: compatibility-composed (NFKC), lower case, without Latin accents. Stop
/// words are included; scripts written without spaces yield overlapping character bigrams.
pub fn tokenize(text: &str, mut each: impl FnMut(&str, TokenForm)) {
    let mut tokenizer =
        Tokenizer { each: &mut each, lower: String::new(), joined: String::new(), cuts: Vec::new() };
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let mut classes = SEPARATOR;
        while let Some(class) =
            bytes.get(at).map(|&byte| CLASSES[byte as usize]).filter(|&class| class != SEPARATOR)
        {
            classes |= class;
            at += 1;
        }
        // Delimited by ASCII bytes, hence on character boundaries.
        let chunk = &text[start..at];
        at += 1;
        if classes & WIDE != 0 {
            // ASCII needs no normalisation.
            tokenizer.wide(chunk);
        } else if classes & (LOWER | UPPER | DIGIT) != 0 {
            tokenizer.chunk(chunk, classes);
        }
    }
}

/// Bytes between chunks.
const SEPARATOR: u8 = 0;
const LOWER: u8 = 1;
const UPPER: u8 = 2;
const DIGIT: u8 = 4;
/// Signs that join pieces, or occur within one.
const SIGN: u8 = 8;
/// Signs that separate the sides of a chunk.
const SLASH: u8 = 16;
/// Bytes of non-ASCII characters.
const WIDE: u8 = 32;

/// The class of every byte.
const CLASSES: [u8; 256] = {
    let mut classes = [SEPARATOR; 256];
    let mut byte = 0u8;
    loop {
        classes[byte as usize] = match byte {
            b'a'..=b'z' => LOWER,
            b'A'..=b'Z' => UPPER,
            b'0'..=b'9' => DIGIT,
            b'-' | b'_' | b'.' | b'+' | b'#' | b'\'' => SIGN,
            b'/' | b'&' => SLASH,
            128.. => WIDE,
            _ => SEPARATOR,
        };
        if byte == u8::MAX {
            break classes;
        }
        byte += 1;
    }
};

/// The union of the classes of all bytes of `text`.
fn classes(text: &str) -> u8 {
    text.bytes().fold(SEPARATOR, |classes, byte| classes | CLASSES[byte as usize])
}

/// Characters that [`normalised`] removes or maps to a joining sign.
fn is_folded(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2010}' | '\u{2011}' | '\u{2019}' | '\u{2060}' | '\u{feff}'
    )
}

/// NFKC without the accents of Latin, Greek and Cyrillic letters and without invisible characters; case is preserved for
/// the humps of `camelCase`.
fn normalised(text: &str) -> String {
    // U+0300–U+036F only: the marks of other scripts distinguish words.
    let bare = text
        .nfkd()
        .filter(|c| !matches!(c, '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'));
    let mut folded = String::with_capacity(text.len());
    for c in bare.nfc() {
        match c {
            'ı' => folded.push('i'),
            'ß' | 'ẞ' => folded.push_str("ss"),
            'ς' => folded.push('σ'),
            '\u{2019}' | '\u{2bc}' => folded.push('\''),
            '\u{2010}' | '\u{2011}' => folded.push('-'),
            _ => folded.push(c),
        }
    }
    folded
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || (!c.is_ascii() && (c.is_alphanumeric() || is_combining_mark(c)))
}

fn is_chunk(c: char) -> bool {
    is_letter(c) || matches!(c, '-' | '_' | '.' | '/' | '+' | '#' | '\'' | '&')
}

/// Letters of scripts written without spaces between words: Han, kana, Hangul, Thai, Lao, Khmer, Burmese.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}'
        | '\u{3005}' | '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

struct Tokenizer<'e, E> {
    each: &'e mut E,
    /// Scratch space for a word in lower case.
    lower: String,
    /// Scratch space for a joined compound.
    joined: String,
    /// Scratch space for the offsets at which a word is cut.
    cuts: Vec<usize>,
}

impl<E: FnMut(&str, TokenForm)> Tokenizer<'_, E> {
    /// A run with non-ASCII characters, some of which may be separators.
    fn wide(&mut self, run: &str) {
        for chunk in run.split(|c: char| !(is_chunk(c) || is_folded(c))) {
            if chunk.is_ascii() {
                self.chunk(chunk, classes(chunk));
            } else {
                for chunk in normalised(chunk).split(|c: char| !is_chunk(c)) {
                    self.chunk(chunk, classes(chunk));
                }
            }
        }
    }

    /// A run of letters and joining signs such as `CI/CD`, `node.js` or `C++`, with the classes of its bytes.
    fn chunk(&mut self, chunk: &str, mut of_bytes: u8) {
        let mut chunk = chunk;
        if of_bytes & (SIGN | SLASH) != 0 {
            let ends = |byte: &u8| matches!(byte, b'.' | b'-' | b'_' | b'\'' | b'/' | b'&');
            let n_ends = chunk.bytes().rev().take_while(ends).count();
            if n_ends > 0 {
                chunk = &chunk[..chunk.len() - n_ends];
                of_bytes = classes(chunk);
            }
        }
        if of_bytes & (SIGN | SLASH | WIDE) == 0 {
            if !chunk.is_empty() {
                self.alphanumeric(chunk, of_bytes);
            }
            return;
        }
        if of_bytes & SLASH == 0 {
            if has_letter(chunk) {
                self.side(chunk, TokenForm::Whole);
            }
            return;
        }
        let sides = || chunk.split(['/', '&']).filter(|side| has_letter(side));
        let count = sides().count();
        for side in sides() {
            self.side(side, if count > 1 { TokenForm::Piece } else { TokenForm::Whole });
        }
        // `ci/cd`, `tcp/ip`, `q&a` are one word, too; `client/server` is two.
        if (2..=MAX_JOINED_PIECES).contains(&count)
            && sides().all(|side| side.len() <= 3 && side.bytes().all(|b| b.is_ascii_alphabetic()))
        {
            self.join(sides());
        }
    }

    /// A chunk of ASCII letters and digits.
    fn alphanumeric(&mut self, chunk: &str, of_bytes: u8) {
        if let Some(symbol) = symbol_term(chunk) {
            return self.emit(symbol, TokenForm::Whole);
        }
        let is_plain = of_bytes & (UPPER | DIGIT) == 0
            // No humps: all capitals, or at most an initial capital.
            || of_bytes == UPPER
            || (of_bytes == UPPER | LOWER && chunk.bytes().skip(1).all(|byte| byte.is_ascii_lowercase()));
        if is_plain {
            self.emit_ascii(chunk, of_bytes, TokenForm::Whole);
        } else {
            self.piece(chunk, TokenForm::Whole);
        }
    }

    /// One side of a chunk, between slashes: a symbol term, or pieces joined by `-`, `_` or `.`.
    fn side(&mut self, side: &str, form: TokenForm) {
        if let Some(symbol) = symbol_term(side) {
            return self.emit(symbol, form);
        }
        let count = pieces(side).count();
        if count == 1 {
            for piece in pieces(side) {
                self.piece(piece, form);
            }
            return;
        }
        for piece in pieces(side) {
            self.piece(piece, TokenForm::Piece);
        }
        if count <= MAX_JOINED_PIECES && pieces(side).all(|piece| piece.bytes().any(|b| !b.is_ascii_digit()))
        {
            self.join(pieces(side));
        }
    }

    fn join<'p>(&mut self, pieces: impl Iterator<Item = &'p str>) {
        let mut joined = std::mem::take(&mut self.joined);
        joined.clear();
        joined.extend(pieces);
        self.emit(&joined, TokenForm::Joined);
        self.joined = joined;
    }

    /// A piece of letters, digits and apostrophes, cut at the humps of `camelCase` and before a version number.
    fn piece(&mut self, piece: &str, form: TokenForm) {
        if !piece.is_ascii() && piece.contains(is_unspaced) {
            return self.unspaced(piece, form);
        }
        if piece.contains('\'') {
            let whole: String = piece.chars().filter(|&c| c != '\'').collect();
            let bare = piece.strip_suffix("'s").or_else(|| piece.strip_suffix("'S"));
            return self.emit(bare.map_or(whole.as_str(), |bare| bare.trim_matches('\'')), form);
        }
        if piece.bytes().skip(1).any(|b| b.is_ascii_uppercase()) {
            let mut cuts = std::mem::take(&mut self.cuts);
            find_humps(piece, &mut cuts);
            let has_humps = cuts.len() > 2;
            if has_humps {
                for hump in cuts.windows(2) {
                    self.emit(&piece[hump[0]..hump[1]], TokenForm::Piece);
                }
                self.emit(piece, TokenForm::Joined);
            }
            self.cuts = cuts;
            if has_humps {
                return;
            }
        }
        let stem = piece.trim_end_matches(|c: char| c.is_ascii_digit());
        self.emit(piece, form);
        if stem.len() < piece.len() && stem.len() >= 4 && stem.bytes().all(|b| b.is_ascii_alphabetic()) {
            self.emit(stem, TokenForm::Piece);
        }
    }

    /// Character bigrams, since these scripts mark no word boundaries; runs of other letters as a whole.
    fn unspaced(&mut self, piece: &str, form: TokenForm) {
        let mut rest = piece;
        while let Some(first) = rest.chars().next() {
            let same = is_unspaced(first);
            let end = rest.find(|c| is_unspaced(c) != same).unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            rest = after;
            let starts: Vec<usize> = run.char_indices().map(|(at, _)| at).chain([run.len()]).collect();
            if !same || starts.len() == 2 {
                self.emit(run, form);
                continue;
            }
            for pair in starts.windows(3) {
                self.emit(&run[pair[0]..pair[2]], TokenForm::Whole);
            }
        }
    }

    /// Emits a word of ASCII letters and digits.
    fn emit_ascii(&mut self, word: &str, of_bytes: u8, form: TokenForm) {
        let word = &word[..word.len().min(MAX_WORD_CHARS)];
        if of_bytes & UPPER == 0 {
            return (self.each)(word, form);
        }
        self.lower.clear();
        // One allocation, rather than growing word by word.
        self.lower.reserve(MAX_WORD_CHARS);
        self.lower.push_str(word);
        self.lower.make_ascii_lowercase();
        (self.each)(&self.lower, form);
    }

    fn emit(&mut self, word: &str, form: TokenForm) {
        let of_bytes = classes(word);
        if of_bytes & (SIGN | SLASH | WIDE) == 0 {
            return self.emit_ascii(word, of_bytes, form);
        }
        self.lower.clear();
        // Lower-casing `İ` yields a combining dot above, which is removed everywhere else.
        let lower = word.chars().flat_map(char::to_lowercase).filter(|&c| c != '\u{307}' && c != '\'');
        self.lower.extend(lower.take(MAX_WORD_CHARS));
        if !self.lower.is_empty() {
            (self.each)(&self.lower, form);
        }
    }
}

/// Languages and frameworks with a sign in their name, under one spelling each.
fn symbol_term(side: &str) -> Option<&'static str> {
    let spelling = |text: &str| side.eq_ignore_ascii_case(text);
    match side.len() {
        2 if spelling("c#") => Some("c#"),
        2 if spelling("f#") => Some("f#"),
        3 if spelling("c++") || spelling("cpp") => Some("c++"),
        4 if spelling(".net") => Some("dotnet"),
        6 if spelling("csharp") => Some("c#"),
        6 if spelling("fsharp") => Some("f#"),
        9 if spelling("cplusplus") => Some("c++"),
        _ => None,
    }
}

/// The pieces between joining signs that contain a letter or digit.
fn pieces(side: &str) -> impl Iterator<Item = &str> {
    let joins = |byte: &u8| matches!(byte, b'-' | b'_' | b'.' | b'+' | b'#');
    let mut rest = Some(side);
    let parts = std::iter::from_fn(move || {
        let text = rest?;
        let end = text.as_bytes().iter().position(joins);
        rest = end.map(|end| &text[end + 1..]);
        Some(&text[..end.unwrap_or(text.len())])
    });
    parts.filter(|piece| has_letter(piece))
}

fn has_letter(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_alphanumeric()) || (!text.is_ascii() && text.contains(is_letter))
}

/// Collects the offsets at which an ASCII `camelCase` or `PascalCase` word is cut, including its start and end; only those
/// two where it is not cut.
///
/// A name of two capitalised parts (`JavaScript`, `GitHub`) is one word: cutting it would make every text about JavaScript
/// a text about Java. `PostgreSQL` is cut, since its tail is an acronym.
fn find_humps(word: &str, cuts: &mut Vec<usize>) {
    let bytes = word.as_bytes();
    cuts.clear();
    cuts.push(0);
    if word.is_ascii() && word.len() <= MAX_WORD_CHARS {
        for at in 1..bytes.len() {
            let (before, here) = (bytes[at - 1], bytes[at]);
            let next = bytes.get(at + 1);
            let rises = before.is_ascii_lowercase() && here.is_ascii_uppercase();
            let word_after_acronym = before.is_ascii_uppercase()
                && here.is_ascii_uppercase()
                && next.is_some_and(|b| b.is_ascii_lowercase() && *b != b's');
            if rises || word_after_acronym {
                cuts.push(at);
            }
        }
    }
    let tail = &bytes[cuts.last().copied().unwrap_or_default()..];
    cuts.push(word.len());
    let acronym_tail = tail.len() >= 3 && tail.iter().all(u8::is_ascii_uppercase);
    let identifier = bytes.first().is_some_and(u8::is_ascii_lowercase) && cuts[1] >= 3;
    if cuts.len() <= 2 || (cuts.len() == 3 && !(acronym_tail || identifier)) {
        cuts.clear();
        cuts.extend([0, word.len()]);
    }
}
