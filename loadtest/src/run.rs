//! A run from its options to its report: reach the server, log in, let the traffic run, count up.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs};

use indicatif::{ProgressBar, ProgressStyle};

use crate::broadcast::Broadcasts;
use crate::clients::Clients;
use crate::clock::Clock;
use crate::downloads::Downloads;
use crate::failure::Failure;
use crate::limits::CONNECT_MAX;
use crate::login::{LoggedIn, log_in};
use crate::machine::{Limits, Machine, raise_open_files};
use crate::names::Names;
use crate::options::Options;
use crate::payload::Format;
use crate::report::{self, Report};
use crate::traffic::{self, Outcome};

/// Does what the options say.
///
/// # Errors
/// A [`Failure`] where there is nothing to report. Lost messages and the like are no failure here,
/// but stand in the report.
pub fn run(options: &Options) -> Result<Report, Failure> {
    options.check()?;
    let limits = raise_open_files(options.all_clients())?;
    let server = reach(&options.server)?;
    let clock = Clock::start();
    let names = Names::random();
    let mut clients = Clients::new(server, clock).map_err(Failure::Internal)?;

    let progress = progress_bar(options.all_clients() as u64, "logging in", "clients");
    let logged_in = log_in(&mut clients, &names, options.all_clients(), &progress);
    progress.finish_and_clear();
    let logged_in = logged_in?;

    let timetable = options.timetable(clock.now_nanos());
    let chatters = options.clients as usize;
    let broadcasts = Broadcasts::new(
        &names,
        Format::new(names.run(), options.payload as usize),
        options.pace(),
        timetable,
        [options.senders.into(), chatters, options.all_clients()],
    );
    let name = options.download_name.clone().unwrap_or_default();
    let downloads = Downloads::new(name, chatters, options.downloads as usize);
    let progress = progress_bar(options.whole().as_millis() as u64, "broadcasting", "ms");
    let outcome = traffic::run(
        &mut clients,
        clock,
        (broadcasts, downloads),
        timetable,
        options.drain,
        &progress,
        || {},
    );
    progress.finish_and_clear();
    Ok(report(options, server, limits, logged_in, outcome?))
}

/// Finds an address of the server that takes connections.
fn reach(server: &str) -> Result<SocketAddr, Failure> {
    let unavailable = |reason: &dyn std::fmt::Display| {
        Failure::Unavailable(format!("no server at {server}: {reason}"))
    };
    let addresses = server.to_socket_addrs().map_err(|error| unavailable(&error))?;
    let mut refusal = unavailable(&"the name has no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECT_MAX) {
            Ok(_) => return Ok(address),
            Err(error) => refusal = unavailable(&error),
        }
    }
    Err(refusal)
}

fn progress_bar(length: u64, what: &'static str, unit: &str) -> ProgressBar {
    let template = format!("{{msg:12}} {{wide_bar}} {{pos}}/{{len}} {unit}");
    let style = ProgressStyle::with_template(&template);
    let bar = ProgressBar::new(length).with_message(what);
    // The template is one of two constants; the default look is no reason to give up.
    if let Ok(style) = style { bar.with_style(style) } else { bar }
}

fn report(
    options: &Options,
    server: SocketAddr,
    limits: Limits,
    logged_in: LoggedIn,
    outcome: Outcome,
) -> Report {
    let Outcome { figures, measured, .. } = outcome;
    let seconds = measured.elapsed.as_secs_f64();
    let reasons = [
        ("connection", outcome.broken.first_reason),
        ("broadcast", outcome.first_refusal),
        ("download", outcome.first_download_failure),
    ];
    Report {
        version: env!("CARGO_PKG_VERSION"),
        command: command(),
        server: report::Server { address: server.to_string(), greeting: logged_in.server },
        machine: Machine::this(),
        limits,
        options: options.into(),
        login: report::Login {
            seconds: logged_in.elapsed.as_secs_f64(),
            retries: logged_in.retries,
        },
        traffic: report::Traffic {
            seconds,
            broadcasts: figures.broadcasts,
            deliveries: figures.deliveries,
            measured_deliveries: measured.deliveries,
            deliveries_per_second: measured.deliveries as f64 / seconds,
            foreign: figures.foreign,
        },
        latency: report::Latency {
            delivery: figures.delivery.percentiles(),
            delivery_to_downloader: figures.delivery_to_downloader.percentiles(),
            last_receiver: figures.last_receiver.percentiles(),
            confirmation: figures.confirmation.percentiles(),
            sent_late: figures.sent_late.percentiles(),
        },
        downloads: (options.downloads > 0).then(|| report::Downloads {
            tally: outcome.downloads,
            bytes_per_second: measured.downloaded_bytes as f64 / seconds,
        }),
        faults: outcome.faults,
        failures: report::Failures {
            connections: outcome.broken.count,
            refused: figures.refused,
            unsent: figures.unsent,
            downloads: outcome.downloads.failed,
            reasons: reasons
                .into_iter()
                .filter_map(|(what, reason)| Some(format!("first {what}: {}", reason?)))
                .collect(),
        },
        interrupted: outcome.interrupted,
    }
}

/// The command line, so that it can be pasted into a shell.
fn command() -> String {
    let words = std::env::args_os().map(|word| {
        let word = word.to_string_lossy();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word.into_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    words.collect::<Vec<_>>().join(" ")
}
