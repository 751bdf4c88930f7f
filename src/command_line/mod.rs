//! What the command lines of all programs have in common.

use std::io;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, Error, Parser, ValueEnum};
use clap_complete::Shell;

use crate::exit::Exit;

/// Reads the command line and the environment of this process.
///
/// # Errors
/// The code to exit with at once: see [`read`].
pub fn parse<P: Parser>() -> Result<P, ExitCode> {
    read(P::command(), P::from_arg_matches_mut)
}

/// Reads the command line and the environment of this process as `command` describes it, and makes
/// a value of it.
///
/// # Errors
/// The code to exit with at once. `--help`, `--version` and the hidden `--completions SHELL`, which
/// the installation uses, were answered on standard output. A usage error was told on standard
/// error, and is [`Exit::Usage`].
pub fn read<T>(
    command: Command,
    make: impl FnOnce(&mut ArgMatches) -> Result<T, Error>,
) -> Result<T, ExitCode> {
    let mut command = command.disable_help_flag(true).arg(help());
    if std::env::args_os().nth(1).is_some_and(|word| word == "--completions") {
        return Err(write_completions(&mut command));
    }
    let mut matches = command.try_get_matches_from_mut(std::env::args_os()).map_err(tell)?;
    make(&mut matches).map_err(|error| tell(error.format(&mut command)))
}

/// One help for `-h` and `--help`, a line or two an option; the long one is the manual page.
fn help() -> Arg {
    let help = Arg::new("help").short('h').long("help").action(ArgAction::HelpShort);
    help.help("Print this help")
}

/// Writes the completions of `command` for the shell that the command line names. What the command
/// requires, and what the environment says, has no part in that.
fn write_completions(command: &mut Command) -> ExitCode {
    let named =
        std::env::args_os().nth(2).and_then(|word| Shell::from_str(word.to_str()?, true).ok());
    let Some(shell) = named else {
        let shells: Vec<_> = Shell::value_variants().iter().map(Shell::to_string).collect();
        let text = format!("--completions takes one of {}", shells.join(", "));
        return tell(command.error(ErrorKind::InvalidValue, text));
    };
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, command, name, &mut io::stdout());
    ExitCode::SUCCESS
}

fn tell(error: Error) -> ExitCode {
    // Where the terminal or the pipe is gone, nobody is left to be told.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage.into() } else { ExitCode::SUCCESS }
}
