//! The built-in table, compiled ahead of time into text: the number of terms, the terms, one a line, then the entries.
//!
//! An entry is one line of four fields separated by tabs: its head (empty where it is that of the line before), the terms of
//! the head, its phrase and its expansions. Terms are numbers separated by blanks, `-` separates expansions.

use super::table::{AliasEntry, AliasTable, GAP, Span, by_first_term};
use crate::numeric::as_u32;
use crate::string_table::StringTable;

/// What `aliases.yml` compiles to.
pub(super) const BUILT_IN: &str = include_str!("compiled.txt");

/// Parses a compiled table; `None` where it is malformed.
pub(super) fn parse(text: &str) -> Option<AliasTable> {
    let (n_terms, rest) = text.split_once('\n')?;
    let n_terms: usize = n_terms.parse().ok()?;
    let mut lines = rest.lines();
    let terms = StringTable::new(lines.by_ref().take(n_terms));
    let mut heads: Vec<&str> = Vec::new();
    let mut entries: Vec<AliasEntry> = Vec::new();
    let mut ids: Vec<u32> = Vec::with_capacity(rest.len() / 5);
    for line in lines {
        let (head, spans) = line.split_once('\t')?;
        if !head.is_empty() {
            heads.push(head);
        }
        let mut starts = [as_u32(ids.len()); 4];
        let mut number = None;
        let mut span = 0;
        for byte in spans.bytes().chain(*b"\t") {
            match byte {
                b'0'..=b'9' => {
                    let tens = number.unwrap_or(0u32).saturating_mul(10);
                    number = Some(tens.saturating_add(u32::from(byte - b'0')));
                }
                b'-' => number = Some(GAP),
                b' ' | b'\t' => {
                    ids.extend(number.take());
                    if byte == b'\t' {
                        span += 1;
                        *starts.get_mut(span)? = as_u32(ids.len());
                    }
                }
                _ => return None,
            }
        }
        let head = as_u32(heads.len().checked_sub(1)?);
        let [terms, phrase, expansions] = [0, 1, 2].map(|at| Span { start: starts[at], end: starts[at + 1] });
        entries.push(AliasEntry { head, terms, phrase, expansions });
        if span != 3 {
            return None;
        }
    }
    let are_terms = terms.len() == n_terms && ids.iter().all(|&id| id == GAP || (id as usize) < n_terms);
    are_terms.then(|| AliasTable {
        terms,
        heads: StringTable::new(heads.into_iter()),
        by_first_term: by_first_term(&entries, &ids),
        entries,
        ids,
    })
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;
    use crate::aliases::Aliases;

    /// The text that [`parse`] reads.
    fn written(table: &AliasTable) -> String {
        let mut text = format!("{}\n", table.terms.len());
        for term in table.terms.iter() {
            writeln!(text, "{term}").unwrap();
        }
        let mut last = None;
        for entry in &table.entries {
            let head = if last.replace(entry.head) == Some(entry.head) { "" } else { table.head(entry.head) };
            text.push_str(head);
            for span in [entry.terms, entry.phrase, entry.expansions] {
                let shown = |&id: &u32| if id == GAP { "-".to_owned() } else { id.to_string() };
                let ids: Vec<String> = table.ids(span).iter().map(shown).collect();
                write!(text, "\t{}", ids.join(" ")).unwrap();
            }
            text.push('\n');
        }
        text
    }

    fn compiled_now() -> Aliases {
        let (aliases, problems) = Aliases::parse(include_str!("aliases.yml"));
        assert_eq!(problems, []);
        aliases
    }

    #[test]
    fn the_compiled_table_is_up_to_date() {
        let now = compiled_now();
        assert!(
            written(&now.table) == BUILT_IN,
            "compiled.txt is out of date: see the documentation of `aliases`"
        );
        let parsed = parse(BUILT_IN).unwrap();
        assert!(written(&parsed) == BUILT_IN);
        assert_eq!(parsed.by_first_term, now.table.by_first_term);
        assert_eq!(parsed.heads.len(), now.table.heads.len());
    }

    #[test]
    fn malformed_tables_are_rejected() {
        for text in ["", "1\n", "1\nterm\nhead", "1\nterm\nhead\t0\t\t1\n", "x\n", "0\n\t\t\t\n"] {
            assert!(parse(text).is_none(), "{text:?}");
        }
        assert_eq!(parse("1\nterm\nhead\t0\t\t0 - 0\n").unwrap().heads.len(), 1);
    }

    #[test]
    #[ignore = "writes compiled.txt"]
    fn write() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/aliases/compiled.txt");
        std::fs::write(file, written(&compiled_now().table)).unwrap();
    }
}
