//! Which model suits a task: a last word between equals.

use catalog::Definition;

/// Words that tell a hard task.
const HARD: [&str; 8] =
    ["complex", "architecture", "architect", "redesign", "migration", "legacy", "distributed", "concurrency"];
/// Words that tell a simple one.
const SIMPLE: [&str; 8] = ["simple", "quick", "trivial", "small", "typo", "rename", "easy", "tiny"];

/// Words from which on a request is long.
const LONG: usize = 30;

/// How hard a task sounds, -1 (simple) to 1 (hard): by its length and a few telling words.
pub(crate) fn complexity(request: &str) -> f32 {
    let (mut count, mut hard, mut simple) = (0, false, false);
    for word in request.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let says = |telling: &[&str]| telling.iter().any(|one| word.eq_ignore_ascii_case(one));
        count += 1;
        hard = hard || says(&HARD);
        simple = simple || says(&SIMPLE);
    }
    match (hard || count > LONG, simple) {
        (true, false) => 1.0,
        (false, true) => -1.0,
        _ => 0.0,
    }
}

/// 0..1: opus, then sonnet, for a hard task; haiku for a simple one.
pub(crate) fn fit(definition: &Definition, complexity: f32) -> f32 {
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
