//! loadtest: a load generator for chatsrv.
//!
//! The modules in reading order:
//!
//! 1. [`options`]: the command line; [`run`]: a run from start to report.
//! 2. [`login`] and [`traffic`]: its two phases.
//! 3. [`talk`]: who says what when; [`broadcast`], [`direct`] and [`groups`]: its kinds;
//!    [`flights`] and [`ledger`]: what has arrived and what not; [`payload`] and [`arrivals`]: what
//!    the messages say; [`downloads`]: the clients that download.
//! 4. [`clients`]: sockets, poller, and the protocols; [`spawn`]: a server of its own.
//! 5. [`floor`]: a server that others are measured against; [`slow`]: clients that are a burden;
//!    [`fill`] and [`request`]: what a server takes for a request when it keeps a lot.
//! 6. [`figures`], [`latency`], [`meter`] and [`process`]: what is measured; [`report`],
//!    [`plot`] and [`chart`]: how it is told.

mod arrivals;
mod broadcast;
mod chart;
mod clients;
mod clock;
mod direct;
mod downloads;
mod failure;
mod figures;
mod fill;
mod flights;
mod floor;
mod groups;
mod latency;
mod ledger;
mod limits;
mod login;
mod machine;
mod meter;
mod names;
mod options;
mod payload;
mod plot;
mod process;
mod report;
mod request;
mod run;
mod server;
mod slow;
mod spawn;
mod talk;
mod traffic;
mod unconfirmed;

use std::process::ExitCode;

use chatsrv::command_line;

use failure::{EXIT_FAULTS, Failure};
use options::{Command, Options};

fn main() -> ExitCode {
    let options = match command_line::parse::<Options>() {
        Ok(options) => options,
        Err(code) => return code,
    };
    let outcome = match &options.command {
        None => measure(&options),
        Some(Command::Fill(options)) => fill::fill(options).map(|()| true),
        Some(Command::Request(options)) => request::ask(options).map(|()| true),
        Some(Command::Chart(options)) => chart::draw(options).map(|()| true),
        Some(Command::Slow(options)) => slow::burden(options).map(|()| true),
        Some(Command::Floor(options)) => floor::serve(options).map(|never| match never {}),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => EXIT_FAULTS.into(),
        Err(failure) => {
            eprintln!("loadtest: {failure}");
            failure.exit_code()
        }
    }
}

/// Runs and writes the report; tells whether all went as it should.
fn measure(options: &Options) -> Result<bool, Failure> {
    let (report, figures) = run::run(options)?;
    failure::report(&report)?;
    if let Some(path) = &options.json {
        report.write_json(path)?;
    }
    if let Some(path) = &options.plot {
        let curves = [
            ("confirmation", &figures.confirmation),
            ("last receiver", &figures.last_receiver),
            ("receivers that download", &figures.delivery_to_downloader),
            ("each receiver", &figures.delivery),
        ];
        let [title, subtitle] = report.titles();
        plot::draw(path, &title, &subtitle, &curves)?;
    }
    Ok(report.is_clean())
}
