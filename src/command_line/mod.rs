//! What the command lines of all programs have in common.

mod environment;
mod size;

use std::fmt;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, Error, Parser, ValueEnum};
use clap_complete::Shell;

pub use environment::unknown_variables;
pub use size::{InvalidSize, Size};

use crate::exit::Exit;

/// Reads the command line and the environment of this process.
///
/// # Errors
/// The code to exit with at once: see [`read`].
pub fn parse<P: Parser>() -> Result<P, ExitCode> {
    read(P::command(), P::from_arg_matches_mut)
}

/// Reads the command line and the environment of this process as `command` describes it, and makes
/// a value of it. The command line goes before the environment, and a variable that is empty counts
/// as one that is not set.
///
/// # Errors
/// The code to exit with at once. `--help`, `--version` and the hidden `--completions SHELL`, which
/// the installation uses, were answered on standard output, or could not be: [`Exit::InputOutput`].
/// A usage error was told on standard error, with the variable that it came from, and is
/// [`Exit::Usage`].
pub fn read<T>(
    command: Command,
    make: impl FnOnce(&mut ArgMatches) -> Result<T, Error>,
) -> Result<T, ExitCode> {
    let mut command = command.disable_help_flag(true).arg(help());
    let words: Vec<_> = std::env::args_os().collect();
    if words.get(1).is_some_and(|word| word == "--completions") {
        return Err(write_completions(&mut command));
    }
    let mut command = environment::settle(command, &words);
    let matches = command.try_get_matches_from_mut(&words);
    let made = matches
        .and_then(|mut matches| make(&mut matches).map_err(|error| error.format(&mut command)));
    made.map_err(|error| tell(&environment::name_variables(error, &command)))
}

/// Writes `text` to standard output, all of it, and ends the program where that can't be done.
///
/// # Errors
/// [`Exit::InputOutput`], told on standard error.
pub fn print(text: impl fmt::Display) -> Result<(), Exit> {
    let mut output = io::stdout().lock();
    told(write!(output, "{text}").and_then(|()| output.flush()))
}

/// One help for `-h` and `--help`, a line or two an option; the long one is the manual page.
fn help() -> Arg {
    let help = Arg::new("help").short('h').long("help").action(ArgAction::HelpShort);
    // Subcommands have it too.
    help.help("Print this help").global(true)
}

/// Writes the completions of `command` for the shell that the command line names. What the command
/// requires, and what the environment says, has no part in that.
fn write_completions(command: &mut Command) -> ExitCode {
    let named =
        std::env::args_os().nth(2).and_then(|word| Shell::from_str(word.to_str()?, true).ok());
    let Some(shell) = named else {
        let shells: Vec<_> = Shell::value_variants().iter().map(Shell::to_string).collect();
        let text = format!("--completions takes one of {}", shells.join(", "));
        return tell(&command.error(ErrorKind::InvalidValue, text));
    };
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    // The generator panics where what it writes to fails, so it writes to memory.
    clap_complete::generate(shell, command, name, &mut script);
    match print(String::from_utf8_lossy(&script)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(exit) => exit.into(),
    }
}

/// Tells of a usage error on standard error, or what was asked for on standard output.
fn tell(error: &Error) -> ExitCode {
    let printed = error.print();
    if error.use_stderr() {
        // Where standard error is gone, nobody is left to be told, and the exit code tells as much.
        return Exit::Usage.into();
    }
    match told(printed.and_then(|()| io::stdout().flush())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(exit) => exit.into(),
    }
}

fn told(written: io::Result<()>) -> Result<(), Exit> {
    written.map_err(|error| {
        let text = format!("cannot write to standard output: {error}\n");
        // Where standard error is gone too, the exit code tells as much.
        let _ = Error::raw(ErrorKind::Io, text).print();
        Exit::InputOutput
    })
}
