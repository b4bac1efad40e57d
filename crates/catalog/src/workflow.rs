//! The steps of a command, from its body.

use super::markdown::{self, Line};

/// Steps of one workflow; the longest real one has 26.
const MAX_STEPS: usize = 40;
/// Characters of a step's title.
const MAX_TITLE: usize = 120;

/// Titles of the steps: headings such as `Phase 1: …`, else numbered headings, else the first numbered list.
pub(super) fn steps(lines: &[Line<'_>]) -> Vec<String> {
    for title in [labelled as fn(&str) -> Option<&str>, numbered] {
        let titles = heading_titles(lines, title);
        if titles.len() > 1 {
            return titles;
        }
    }
    first_list(lines)
}

/// Titles of the headings that `title` accepts, on the outermost level that has several.
fn heading_titles(lines: &[Line<'_>], title: fn(&str) -> Option<&str>) -> Vec<String> {
    let found: Vec<(usize, String)> = lines
        .iter()
        .filter_map(|line| match line {
            Line::Heading(level, text) => Some((*level, markdown::plain(text))),
            _ => None,
        })
        .filter_map(|(level, text)| title(&text).map(|title| (level, tidy(title))))
        .filter(|(_, title)| !title.is_empty())
        .collect();
    let several = |level: &usize| found.iter().filter(|(other, _)| other == level).count() > 1;
    let Some(outermost) = (1..=6).find(several) else {
        return found.into_iter().map(|(_, title)| title).collect();
    };
    found
        .into_iter()
        .filter(|(level, _)| *level == outermost)
        .map(|(_, title)| title)
        .take(MAX_STEPS)
        .collect()
}

/// The text after `Phase 1:`, `Step 2 -` or `Stage A.`; the whole heading where there is none.
fn labelled(heading: &str) -> Option<&str> {
    let text = heading.trim_start_matches(|c: char| !c.is_alphanumeric());
    let (label, rest) = text.split_once(' ')?;
    if !["phase", "step", "stage"].iter().any(|known| label.eq_ignore_ascii_case(known)) {
        return None;
    }
    let number = rest.split([' ', ':', '.', '-', '–', '—', ')']).next()?;
    let is_number = number.starts_with(|c: char| c.is_ascii_digit())
        || (number.len() == 1 && number.starts_with(|c: char| c.is_ascii_uppercase()))
        || (!number.is_empty() && number.chars().all(|c| matches!(c, 'I' | 'V' | 'X')));
    let title = rest[number.len()..].trim_start_matches([' ', ':', '.', '-', '–', '—', ')', '*']);
    is_number.then_some(if title.is_empty() { heading } else { title })
}

/// The text after `1.` or `2)` in a heading.
fn numbered(heading: &str) -> Option<&str> {
    let digits = heading.bytes().take_while(u8::is_ascii_digit).count();
    let rest = heading[digits..].strip_prefix(['.', ')'])?;
    (digits > 0 && !rest.starts_with(|c: char| c.is_ascii_digit())).then(|| rest.trim_start())
}

/// The outer items of the first numbered list that has at least two.
fn first_list(lines: &[Line<'_>]) -> Vec<String> {
    let mut titles: Vec<String> = Vec::new();
    for line in lines {
        match line {
            Line::Numbered(0..=3, text) => titles.push(item_title(text)),
            Line::Heading(..) => {
                if titles.len() > 1 {
                    break;
                }
                titles.clear();
            }
            _ => {}
        }
    }
    titles.retain(|title| !title.is_empty());
    titles.truncate(MAX_STEPS);
    if titles.len() > 1 { titles } else { Vec::new() }
}

/// The bold start of an item, else its first clause.
fn item_title(item: &str) -> String {
    if let Some((bold, _)) = item.strip_prefix("**").and_then(|rest| rest.split_once("**")) {
        return tidy(&markdown::plain(bold));
    }
    let plain = markdown::plain(item);
    let end = [": ", ". ", " - ", " – ", " — "].iter().filter_map(|mark| plain.find(mark)).min();
    tidy(&plain[..end.unwrap_or(plain.len())])
}

/// `title` without `(0-10%)`, `(Steps 1-3)` and the punctuation around it.
fn tidy(title: &str) -> String {
    let mut title = title.trim();
    if let Some((head, aside)) = title.rsplit_once(" (")
        && aside.contains(|c: char| c.is_ascii_digit())
    {
        title = head;
    }
    let title = title.trim_end_matches([':', '.', ' ', '-', '–', '—']);
    title.char_indices().nth(MAX_TITLE).map_or(title, |(at, _)| &title[..at]).to_owned()
}

#[cfg(test)]
mod tests {
    use super::steps;

    #[track_caller]
    fn check_steps(body: &str, expected: &[&str]) {
        let lines: Vec<_> = crate::markdown::lines(body).collect();
        assert_eq!(steps(&lines), expected);
    }

    #[test]
    fn steps_are_phases_or_numbered() {
        let phases = "# T\n## Phase 1: Plan (0-10%)\n### Step 1: a\n### Step 2: b\n## PHASE CHECKPOINT 1\n## Phase 2 — Do\n";
        check_steps(phases, &["Plan", "Do"]);
        check_steps("## 1. One\ntext\n## 2) Two:\n", &["One", "Two"]);
        check_steps(
            "Intro\n1. **Look**: at it\n   - x\n2. Run the tests. Then stop.\n",
            &["Look", "Run the tests"],
        );
        check_steps("# Only a title\n1. alone\n", &[]);
    }
}
