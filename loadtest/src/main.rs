//! loadtest: a load generator for chatsrv.
//!
//! The modules in reading order:
//!
//! 1. [`options`]: the command line; [`run`]: a run from start to report.
//! 2. [`login`] and [`traffic`]: its two phases.
//! 3. [`broadcast`]: who sends when; [`flights`] and [`ledger`]: what has arrived, and what has not;
//!    [`payload`]: what the messages say; [`downloads`]: the clients that download.
//! 4. [`clients`]: sockets, poller, and the protocol.
//! 5. [`latency`] and [`report`]: the figures.

mod broadcast;
mod clients;
mod clock;
mod downloads;
mod failure;
mod flights;
mod latency;
mod ledger;
mod limits;
mod login;
mod machine;
mod names;
mod options;
mod payload;
mod report;
mod run;
mod traffic;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use failure::{Failure, exit};
use options::Options;

fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => {
            // Help and version are no errors. Where the message can't be written there is nobody
            // to tell.
            let _ = error.print();
            return if error.use_stderr() { exit::USAGE } else { exit::OK }.into();
        }
    };
    if let Some(shell) = options.completions {
        clap_complete::generate(shell, &mut Options::command(), "loadtest", &mut io::stdout());
        return exit::OK.into();
    }
    match measure(&options) {
        Ok(true) => exit::OK.into(),
        Ok(false) => exit::FAULTS.into(),
        Err(failure) => {
            eprintln!("loadtest: {failure}");
            failure.exit_code().into()
        }
    }
}

/// Runs and writes the report; tells whether all went as it should.
fn measure(options: &Options) -> Result<bool, Failure> {
    let report = run::run(options)?;
    match write!(io::stdout(), "{report}") {
        // Whoever closed the pipe has read what they wanted.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            return Err(Failure::Internal(error));
        }
        _ => {}
    }
    if let Some(path) = &options.json {
        report.write_json(path)?;
    }
    Ok(report.is_clean())
}
