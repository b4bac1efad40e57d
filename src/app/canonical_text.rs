//! One form for texts that mean the same, so that they share a cache entry.

/// `text` trimmed and with single spaces; `None` where it is blank.
pub(super) fn canonical(text: Option<&str>) -> Option<String> {
    let text = text?;
    if is_canonical(text) {
        return Some(text.to_owned());
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Whether `text` is ASCII and in canonical form already, as nearly all texts are.
fn is_canonical(text: &str) -> bool {
    let mut after_space = true;
    for byte in text.bytes() {
        let is_space = byte == b' ';
        // The other white space of ASCII is below the space; a text beyond ASCII is split character by character.
        if !(b' '..=b'~').contains(&byte) || (is_space && after_space) {
            return false;
        }
        after_space = is_space;
    }
    !after_space
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn texts_are_brought_into_one_form() {
        for (text, form) in [
            ("plain words", Some("plain words")),
            ("  plain\t\u{a0}words \n", Some("plain words")),
            ("plain  words", Some("plain words")),
            (" plain", Some("plain")),
            ("plain ", Some("plain")),
            ("a\u{b}b", Some("a b")),
            ("größer\u{3000}als", Some("größer als")),
            ("", None),
            (" \n ", None),
        ] {
            assert_eq!(canonical(Some(text)).as_deref(), form, "{text:?}");
        }
        assert_eq!(canonical(None), None);
    }
}
