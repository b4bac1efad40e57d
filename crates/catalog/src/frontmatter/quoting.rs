//! The client's own repair: quoting plain values that are not valid YAML.

/// Characters that make the client quote a plain value.
const SPECIAL: [char; 12] = ['{', '}', '[', ']', '*', '&', '#', '!', '|', '>', '%', '@'];

/// `block` with quotes around each plain value that contains a special character or `: `.
pub(super) fn quoted(block: &str) -> String {
    let mut out = String::with_capacity(block.len() + 64);
    for line in block.lines() {
        match split_key(line).filter(|(_, value)| needs_quotes(value)) {
            Some((key, value)) => {
                out.push_str(key);
                out.push_str(": \"");
                for c in value.chars() {
                    if matches!(c, '"' | '\\') {
                        out.push('\\');
                    }
                    out.push(c);
                }
                out.push('"');
            }
            None => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

fn needs_quotes(value: &str) -> bool {
    let is_quoted = |quote: char| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
    !is_quoted('"')
        && !is_quoted('\'')
        && (value.contains(SPECIAL) || value.contains('`') || value.contains(": "))
}

/// `^([a-zA-Z_-]+):\s+(.+)$`
fn split_key(line: &str) -> Option<(&str, &str)> {
    let (key, rest) = line.split_once(':')?;
    let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-'));
    let value = rest.trim_start();
    (plain && value.len() < rest.len() && !value.is_empty()).then_some((key, value))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[track_caller]
    fn check(input: &str, expected: &str) {
        assert_eq!(quoted(input), format!("{expected}\n"));
    }

    #[test]
    fn quotes_what_the_client_quotes() {
        check("description: Use when: foo: bar", "description: \"Use when: foo: bar\"");
        check("argument-hint: [name] [--flag]", "argument-hint: \"[name] [--flag]\"");
        check("tools: *", "tools: \"*\"");
        check("model: opus", "model: opus");
        check("a1: x: y", "a1: x: y");
        check("description: \"a: b\"", "description: \"a: b\"");
        check("description: say \"a: b\" \\n", "description: \"say \\\"a: b\\\" \\\\n\"");
    }
}
