//! What the command lines of all programs have in common.

use std::io;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, Error, Parser, value_parser};
use clap_complete::Shell;

use crate::exit::Exit;

const COMPLETIONS: &str = "completions";

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
    let mut complete = command.clone().arg(completions());
    let mut matches = match complete.try_get_matches_from_mut(std::env::args_os()) {
        Ok(matches) => matches,
        Err(error) => return Err(tell(error)),
    };
    if let Some(shell) = matches.get_one::<Shell>(COMPLETIONS) {
        let name = command.get_name().to_owned();
        clap_complete::generate(*shell, &mut command, name, &mut io::stdout());
        return Err(ExitCode::SUCCESS);
    }
    make(&mut matches).map_err(|error| tell(error.format(&mut complete)))
}

/// One help for `-h` and `--help`, a line or two an option; the long one is the manual page.
fn help() -> Arg {
    let help = Arg::new("help").short('h').long("help").action(ArgAction::HelpShort);
    help.help("Print this help")
}

/// The option by which the installation gets the completions for a shell.
fn completions() -> Arg {
    Arg::new(COMPLETIONS)
        .long(COMPLETIONS)
        .value_name("SHELL")
        .value_parser(value_parser!(Shell))
        .exclusive(true)
        .hide(true)
}

fn tell(error: Error) -> ExitCode {
    // Where the terminal or the pipe is gone, nobody is left to be told.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage.into() } else { ExitCode::SUCCESS }
}
