//! loadtest: a load generator for chatsrv.
//!
//! The modules in reading order:
//!
//! 1. [`options`]: the command line; [`run`]: a run from start to report.
//! 2. [`login`] and [`traffic`]: its two phases; [`crowd`]: the users and their sessions.
//! 3. [`talk`]: the interface of the kinds of traffic; [`broadcast`], [`direct`] and [`groups`]:
//!    these kinds; [`flights`] and [`ledger`]: what has arrived and what has not; [`payload`] and
//!    [`arrivals`]: the content of messages; [`downloads`]: the clients that download.
//! 4. [`clients`]: sockets, poller, and the protocols; [`spawn`]: a private server.
//! 5. [`floor`]: a baseline for servers; [`slow`]: slow clients; [`fill`] and [`request`]: the cost
//!    of a request to a server with a large store.
//! 6. [`figures`], [`latency`], [`meter`] and [`process`]: the measurements; [`report`], [`plot`]
//!    and [`chart`]: their presentation.

mod arrivals;
mod broadcast;
mod chart;
mod clients;
mod clock;
mod crowd;
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

/// Does a run and writes the report. Returns true if there were no faults and no failures.
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
