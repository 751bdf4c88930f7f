//! The environment variables that stand for options.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, Error, Id};

/// The variables that begin with `prefix`, and so seem to be for `command`, but stand for none of
/// its options.
pub fn unknown_variables(command: &Command, prefix: &str) -> Vec<OsString> {
    let stands_for_option = |name: &OsString| {
        command.get_arguments().any(|arg| arg.get_env().is_some_and(|variable| variable == *name))
    };
    let mut unknown: Vec<_> = std::env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| name.as_encoded_bytes().starts_with(prefix.as_bytes()))
        .filter(|name| !stands_for_option(name))
        .collect();
    unknown.sort();
    unknown
}

/// Takes from `command` the variables that don't count: those that are empty, and those of options
/// that stand among `words` or contradict one that does.
pub(super) fn settle(command: Command, words: &[OsString]) -> Command {
    // What is wrong with the words is told when they are read in earnest.
    let alone = without_variables(command.clone()).ignore_errors(true);
    let given = alone.try_get_matches_from(words).ok();
    drop_variables(command, given.as_ref())
}

/// Says of what a variable brought into an error that it came from there.
pub(super) fn name_variables(mut error: Error, command: &Command) -> Error {
    let mut variables = Vec::new();
    collect_variables(command, &mut variables);
    for kind in [ContextKind::InvalidArg, ContextKind::PriorArg] {
        let named = |argument: &String| {
            let variable = variables.iter().find(|(name, _)| name == argument);
            variable.map_or_else(|| argument.clone(), |(_, variable)| variable.clone())
        };
        let value = match error.get(kind) {
            Some(ContextValue::String(argument)) => ContextValue::String(named(argument)),
            Some(ContextValue::Strings(all)) => {
                ContextValue::Strings(all.iter().map(named).collect())
            }
            _ => continue,
        };
        error.insert(kind, value);
    }
    if error.kind() == ErrorKind::MissingRequiredArgument && !variables.is_empty() {
        let names: Vec<_> = variables.into_iter().map(|(_, variable)| variable).collect();
        let tip = format!("the environment sets {}", names.join(", "));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

fn without_variables(command: Command) -> Command {
    command.mut_args(|arg| arg.env(None::<&str>)).mut_subcommands(without_variables)
}

fn drop_variables(command: Command, given: Option<&ArgMatches>) -> Command {
    let spoken_for = given.map_or_else(Vec::new, |given| spoken_for(&command, given));
    // One that is not set stays, so that the help names it.
    let counts = |arg: &Arg| {
        let value = arg.get_env().and_then(std::env::var_os);
        value.is_none_or(|value| !value.is_empty() && !spoken_for.contains(arg.get_id()))
    };
    command.mut_args(|arg| if counts(&arg) { arg } else { arg.env(None::<&str>) }).mut_subcommands(
        |one| {
            let given = given.and_then(|given| given.subcommand_matches(one.get_name()));
            drop_variables(one, given)
        },
    )
}

/// What stands on the command line, and what can't stand beside it.
fn spoken_for(command: &Command, given: &ArgMatches) -> Vec<Id> {
    let is_given =
        |arg: &Arg| given.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    let contradicts = |arg: &Arg, other: &Arg| {
        command.get_arg_conflicts_with(arg).iter().any(|one| one.get_id() == other.get_id())
    };
    let all = || command.get_arguments();
    all()
        .filter(|arg| {
            all().filter(|other| is_given(other)).any(|other| {
                arg.get_id() == other.get_id() || contradicts(arg, other) || contradicts(other, arg)
            })
        })
        .map(|arg| arg.get_id().clone())
        .collect()
}

/// Adds the arguments for which a variable is set and counts, as errors name them, with it.
fn collect_variables(command: &Command, variables: &mut Vec<(String, String)>) {
    for arg in command.get_arguments() {
        if let Some(variable) = arg.get_env().filter(|name| std::env::var_os(name).is_some()) {
            variables.push((arg.to_string(), variable.to_string_lossy().into_owned()));
        }
    }
    for one in command.get_subcommands() {
        collect_variables(one, variables);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A command whose options `one`, `two` and `three` take words, the first two not together,
    /// and the third from a variable that every process has.
    fn command() -> Command {
        let option = |name: &'static str| Arg::new(name).long(name).env("PATH");
        Command::new("program")
            .arg(option("one").conflicts_with("two"))
            .arg(option("two"))
            .arg(option("three"))
            .arg(Arg::new("unset").long("unset").env("NO_SUCH_VARIABLE"))
    }

    fn left(words: &[&str]) -> Vec<String> {
        let words: Vec<_> = ["program"].iter().chain(words).map(OsString::from).collect();
        let settled = settle(command(), &words);
        let with = settled.get_arguments().filter(|arg| arg.get_env().is_some());
        let with = with.filter(|arg| arg.get_id() != "unset");
        with.map(|arg| arg.get_id().to_string()).collect()
    }

    #[test]
    fn the_command_line_goes_before_variables_of_the_same_and_of_what_contradicts_it() {
        assert_eq!(left(&[]), ["one", "two", "three"]);
        assert_eq!(left(&["--one", "x"]), ["three"]);
        assert_eq!(left(&["--two", "x"]), ["three"]);
        assert_eq!(left(&["--three=x"]), ["one", "two"]);
        assert_eq!(left(&["--no-such-option"]), ["one", "two", "three"]);
    }
}
