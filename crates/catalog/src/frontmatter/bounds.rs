//! Rejecting blocks that are too complex for a YAML engine before the engine sees them.

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

/// Checks whether the engine can handle `block`. Brackets in quoted text count, too: a false alarm costs only the strict
/// parse.
pub(super) fn check(block: &str) -> Result<(), Excess> {
    let (mut depth, mut anchors, mut aliases) = (0_usize, 0_usize, 0_usize);
    let mut before = b'\n';
    for &byte in block.as_bytes() {
        let starts_token = matches!(before, b' ' | b'\t' | b'\n' | b',' | b'[' | b'{' | b':' | b'-');
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'&' if starts_token => anchors += 1,
            b'*' if starts_token => aliases += 1,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(Excess::Depth);
        }
        before = byte;
    }
    if anchors > 0 && aliases > MAX_ALIASES {
        return Err(Excess::Aliases);
    }
    if block.lines().any(|line| compact_depth(line) > MAX_DEPTH) { Err(Excess::Depth) } else { Ok(()) }
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
        let bomb = "a: &a [x]\nb: [*a, *a, *a, *a, *a, *a]\nc: [*b, *b, *b, *b, *b, *b]\n";
        assert_eq!(check(bomb), Err(Excess::Aliases));
        assert_eq!(check("description: a * b * c * d * e * f * g * h * i * j * k * l * m"), Ok(()));
    }
}
