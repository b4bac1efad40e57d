//! Rejecting blocks that are too complex for a YAML engine before the engine sees them.

use std::collections::HashSet;

/// Bytes of front matter; the largest real block is 6 KB, and YAML engines are quadratic on nested flow.
pub(super) const MAX_BYTES: usize = 16 * 1024;
/// Levels of `[` and `{`, or of indentation; the engine's own limit is 128, real files use 4.
const MAX_DEPTH: usize = 64;
/// Uses of `*alias`; no real file is known to have one, and ten cannot explode.
const MAX_ALIASES: usize = 10;

/// Why a block is too complex for the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Excess {
    Depth,
    Aliases,
}

/// Checks whether the engine can handle `block`. Brackets in quoted text count, too.
pub(super) fn check(block: &str) -> Result<(), Excess> {
    let mut depth = 0_usize;
    for byte in block.bytes() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(Excess::Depth);
        }
    }
    let anchors: HashSet<&str> = names_after(block, '&').collect();
    if !anchors.is_empty()
        && names_after(block, '*').filter(|name| anchors.contains(name)).nth(MAX_ALIASES).is_some()
    {
        return Err(Excess::Aliases);
    }
    if block.lines().any(|line| compact_depth(line) > MAX_DEPTH) { Err(Excess::Depth) } else { Ok(()) }
}

/// The names that stand after `mark` where a value may begin, for anchors (`&name`) and aliases (`*name`). In prose and in
/// patterns (`this & that`, `Bash(git:*)`) no name follows, or no anchor has it.
fn names_after(block: &str, mark: char) -> impl Iterator<Item = &str> {
    block.match_indices(mark).filter_map(move |(at, _)| {
        let begins = block[..at]
            .bytes()
            .next_back()
            .is_none_or(|before| matches!(before, b' ' | b'\t' | b'\n' | b',' | b'[' | b'{' | b':' | b'-'));
        let rest = &block[at + mark.len_utf8()..];
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let name = &rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())];
        (begins && !name.is_empty()).then_some(name)
    })
}

/// Levels that one line can open without brackets: `- - - x`, `? ? x`, and indentation.
fn compact_depth(line: &str) -> usize {
    let lead = line.len() - line.trim_start_matches([' ', '-', '?', ':', '\t']).len();
    lead / 2
}

#[cfg(test)]
mod tests {
    use super::{Excess, check};

    #[test]
    fn hostile_blocks_are_refused_and_real_ones_pass() {
        assert_eq!(check("name: a\ntools: [Read, Write]\nallowed-tools: *\n"), Ok(()));
        assert_eq!(check(&"[".repeat(20_000)), Err(Excess::Depth));
        assert_eq!(check(&"- ".repeat(200)), Err(Excess::Depth));
        let bomb = "a: &a [x]\nb: &b [*a, *a, *a, *a, *a, *a]\nc: [*b, *b, *b, *b, *b, *b]\n";
        assert_eq!(check(bomb), Err(Excess::Aliases));
        let split = bomb.replace("[*a, *a", "[\n  *a,\n  *a").replace("*b, *b", "*b,*b");
        assert_eq!(check(&split), Err(Excess::Aliases));
        assert_eq!(check("description: a * b * c * d * e * f * g * h * i * j * k * l * m"), Ok(()));
    }

    #[test]
    fn prose_and_patterns_are_no_aliases() {
        let patterns = ["add", "commit", "push"].map(|verb| format!("Bash(git {verb}:*), Bash({verb}:*:*)"));
        let tools = format!(
            "allowed-tools: {}, Edit(*.md), *\n",
            [patterns.join(", "), patterns.join(",")].join(", ")
        );
        let flow = format!("allowed-tools: [{}]\n", ["\"*\", Bash(npm run:*)"; 12].join(", "));
        let items = (0..12)
            .fold("steps: |\n".to_owned(), |text, n| text + &format!("  *step {n}*\n  * item & more\n"));
        for prose in ["Commit & push changes", "a &b and &c", "x && y # run && stop"] {
            let block = format!("description: {prose}\n{tools}{flow}{items}");
            assert_eq!(check(&block), Ok(()), "{block}");
        }
    }
}
