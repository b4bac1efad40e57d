//! The help of the whole: commands in groups, examples, exit codes.

use std::fmt::Write;

use anstyle::Style;
use clap::Command;
use clap::builder::StyledStr;

use super::exit;

/// The commands in the order in which somebody meets them.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Serve", &["up", "status", "down", "serve", "mcp", "reindex", "config"]),
    ("Ask (with or without a running instance)", &["find", "show", "pattern", "explain", "check", "doctor"]),
    ("Remember", &["record", "history", "patterns", "backup", "restore"]),
    ("Claude Code", &["offload", "restore-listings", "hook"]),
    ("Count", &["tokens", "limits"]),
    ("Install", &["init", "model", "service", "uninstall", "completions", "help"]),
];

/// What somebody does first.
const EXAMPLES: [(&str, &str); 7] = [
    ("adjutant up", "start in the background, and show a sample answer"),
    ("adjutant find agents our login page fails for screen reader users", "who can do this?"),
    ("adjutant find skills terraform --limit 3 --json | jq .skills[0].id", "for a script"),
    ("adjutant show agent accessibility-reviewer", "the whole of one entry"),
    ("adjutant pattern rotate the signing keys", "who did it before, in which order"),
    ("adjutant record --task-id 17 --description \"rotate the keys\" --agents a:b,c:d --result success", ""),
    ("adjutant tokens", "what carrying everything costs against asking"),
];

const TEMPLATE: &str = "{about-with-newline}\n{usage-heading} {usage}{after-help}\n\nOptions:\n{options}";

/// The command line with its help put in order.
pub(super) fn dressed(command: Command) -> Command {
    let mut command = command;
    // The `help` command exists once the command is built.
    command.build();
    let after = overview(&command);
    command.help_template(TEMPLATE).after_help(after)
}

fn overview(command: &Command) -> StyledStr {
    let (heading, name) = (Style::new().bold().underline(), Style::new().bold());
    let width = GROUPS.iter().flat_map(|(_, names)| names.iter()).map(|name| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    // Writing to a String cannot fail.
    for (group, names) in GROUPS {
        if !text.is_empty() {
            text.push('\n');
        }
        let _ = writeln!(text, "{heading}{group}:{heading:#}");
        for sub in names.iter().filter_map(|name| command.find_subcommand(name)) {
            let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {name}{:<width$}{name:#}  {about}", sub.get_name());
        }
    }
    let _ = writeln!(text, "\n{heading}Examples:{heading:#}");
    for (line, what) in EXAMPLES {
        let _ = writeln!(text, "  {name}{line}{name:#}");
        if !what.is_empty() {
            let _ = writeln!(text, "      {what}");
        }
    }
    let _ = writeln!(text, "\n{heading}Exit codes:{heading:#}");
    for (code, meaning) in exit::MEANINGS {
        let _ = writeln!(text, "  {code:>2}  {meaning}");
    }
    let _ = write!(
        text,
        "\nFlags go before environment variables (MCP_ROOT, MCP_PORT, …), those before the project's file\n\
         .claude/adjutant.yml, that before ~/.config/adjutant/config.yml; `adjutant config show` lists them,\n\
         `adjutant COMMAND --help` names them. Colours follow NO_COLOR and CLICOLOR."
    );
    StyledStr::from(text)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::command_line::Arguments;

    #[test]
    fn every_command_stands_in_one_group() {
        let command = dressed(Arguments::command());
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let mut known: Vec<&str> =
            command.get_subcommands().filter(|sub| !sub.is_hide_set()).map(Command::get_name).collect();
        grouped.sort_unstable();
        known.sort_unstable();
        assert_eq!(grouped, known);
    }

    #[test]
    fn the_help_is_no_wider_than_a_terminal() {
        let help = dressed(Arguments::command()).render_help().to_string();
        for part in ["who can do this?", "find ", "exit", "--version", "98  the port is held"] {
            assert!(help.to_lowercase().contains(&part.to_lowercase()), "{part} is missing: {help}");
        }
        let widest = help.lines().max_by_key(|line| line.chars().count()).unwrap();
        assert!(widest.chars().count() <= 110, "{widest}");
    }

    #[test]
    fn the_examples_can_be_read() {
        for (line, _) in EXAMPLES {
            let line = line.split(" | ").next().unwrap().replace("\"rotate the keys\"", "rotate");
            let parsed = dressed(Arguments::command()).try_get_matches_from(line.split(' '));
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
    }
}
