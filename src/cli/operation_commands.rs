//! Which command reaches each operation of the service's table, and what the help says of it.

use crate::app::operations::Method;

/// The command that reaches an operation: its names, outermost first. One that several operations share, such as `status`,
/// says itself what it is for; what the help says of the others is the operation's sentence.
#[cfg(test)]
const fn command_of(operation: Method) -> &'static [&'static str] {
    match operation {
        Method::QueryAgents => &["find", "agents"],
        Method::QuerySkills => &["find", "skills"],
        Method::QueryWorkflows => &["find", "workflows"],
        Method::QueryPattern => &["pattern"],
        Method::GetOrchestrationPattern => &["patterns", "find"],
        // A line of the file is a pattern.
        Method::StorePattern | Method::ImportPatterns => &["patterns", "import"],
        Method::CacheDecision => &["record"],
        Method::GetDefinition => &["show"],
        // With metrics and token usage.
        Method::GetHealth => &["status"],
        Method::Explain => &["explain"],
        Method::Reindex => &["reindex"],
    }
}

/// What the help says of the command for an operation: the operation's sentence.
pub(super) fn about(operation: Method) -> &'static str {
    operation.sentence().trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    use super::{Method, about, command_of};
    use crate::cli::command_line::Arguments;

    /// What the help says at the end of `path`: of a command, or of a value of its first argument.
    fn help_of(command: &Command, path: &[&str]) -> Option<String> {
        let Some((name, rest)) = path.split_first() else {
            return command.get_about().map(ToString::to_string);
        };
        if let Some(sub) = command.find_subcommand(name) {
            return help_of(sub, rest);
        }
        let values = command.get_positionals().next()?.get_possible_values();
        let value = values.iter().find(|value| rest.is_empty() && value.matches(name, false))?;
        value.get_help().map(ToString::to_string)
    }

    #[test]
    fn every_operation_is_reached_from_the_command_line() {
        let command = Arguments::command();
        for operation in Method::ALL {
            let path = command_of(operation);
            assert!(help_of(&command, path).is_some(), "{operation:?}: there is no command {path:?}");
        }
    }

    #[test]
    fn the_help_of_a_command_is_the_sentence_of_its_operation() {
        let command = Arguments::command();
        let described = [
            Method::QueryPattern,
            Method::GetOrchestrationPattern,
            Method::ImportPatterns,
            Method::CacheDecision,
            Method::GetDefinition,
            Method::Explain,
            Method::Reindex,
        ];
        for operation in described {
            assert_eq!(help_of(&command, command_of(operation)).as_deref(), Some(about(operation)));
        }
    }
}
