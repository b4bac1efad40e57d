//! Which language model suits a task: a tie-breaker.

use catalog::Definition;

/// Words that announce a hard task.
const HARD: [&str; 8] =
    ["complex", "architecture", "architect", "redesign", "migration", "legacy", "distributed", "concurrency"];
/// Words that announce a simple one.
const SIMPLE: [&str; 8] = ["simple", "quick", "trivial", "small", "typo", "rename", "easy", "tiny"];
/// A request of more words is long.
const LONG: usize = 30;

/// How complex a task sounds, from -1 (simple) to 1 (hard), judged by the request's length and a few words.
pub(crate) fn complexity(request: &str) -> f32 {
    let (mut count, mut hard, mut simple) = (0, false, false);
    for word in request.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let is_among = |words: &[&str]| words.iter().any(|one| word.eq_ignore_ascii_case(one));
        count += 1;
        hard = hard || is_among(&HARD);
        simple = simple || is_among(&SIMPLE);
    }
    match (hard || count > LONG, simple) {
        (true, false) => 1.0,
        (false, true) => -1.0,
        _ => 0.0,
    }
}

/// How well an entry's model suits a task of that complexity, 0..=1: opus best, then sonnet, for a hard task; haiku for a
/// simple one.
pub(crate) fn model_fit(definition: &Definition, complexity: f32) -> f32 {
    if complexity == 0.0 {
        return 0.0;
    }
    let model = definition.model.as_deref().unwrap_or_default();
    let strength = match () {
        () if model.contains("opus") => 1.0,
        () if model.contains("sonnet") => 0.5,
        () if model.contains("haiku") => -1.0,
        () => 0.0,
    };
    (strength * complexity).max(0.0)
}
