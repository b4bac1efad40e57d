//! Prompts that go on with a conversation and name no task: a hint would only distract.

/// Words with which people answer, urge and ask back.
const WORDS: &[&str] = &[
    "a", "again", "ahead", "all", "also", "and", "another", "are", "back", "better", "but", "can", "change",
    "changed", "cheers", "commit", "continue", "could", "did", "do", "does", "done", "edit", "else",
    "explain", "fine", "first", "fix", "for", "go", "good", "great", "hello", "hey", "hi", "how", "i", "in",
    "is", "it", "its", "just", "keep", "last", "let's", "like", "looks", "make", "me", "more", "next",
    "nice", "no", "not", "now", "of", "ok", "okay", "on", "one", "or", "perfect", "please", "previous",
    "proceed", "push", "redo", "retry", "revert", "right", "run", "same", "second", "should", "show", "so",
    "step", "stop", "sure", "tell", "thank", "thanks", "that", "that's", "the", "them", "then", "there",
    "these", "they", "this", "those", "to", "today", "too", "try", "undo", "up", "wait", "was", "way", "we",
    "were", "what", "what's", "when", "where", "which", "why", "with", "would", "wrong", "yeah", "yep",
    "yes", "you", "your",
];

/// Whether all words of the prompt are such words.
pub fn is_small_talk(prompt: &str) -> bool {
    let is_inside = |c: char| c.is_alphanumeric() || c == '\'' || c == '’';
    let mut words = prompt.split(|c: char| !is_inside(c)).filter(|word| !word.is_empty());
    words.all(|word| {
        let word = word.to_lowercase().replace('’', "'");
        WORDS.binary_search(&word.as_str()).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::{WORDS, is_small_talk};

    #[test]
    fn what_only_goes_on_is_told_from_what_names_a_task() {
        assert!(WORDS.is_sorted());
        let goes_on = [
            "continue",
            "Yes, go ahead",
            "commit this",
            "try again!",
            "run it",
            "what did you just change?",
            "undo that last edit",
            "thanks, that looks good",
            "that’s fine",
            "why?",
            "...",
        ];
        for prompt in goes_on {
            assert!(is_small_talk(prompt), "{prompt}");
        }
        for prompt in ["k8s", "tdd", "fix the login page", "what is a11y", "日本語で"] {
            assert!(!is_small_talk(prompt), "{prompt}");
        }
    }
}
