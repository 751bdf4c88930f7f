//! A run from its options to its report: reach the server, log in, let the traffic run, count up.

use indicatif::{ProgressBar, ProgressStyle};

use crate::broadcast::{Broadcasts, Figures};
use crate::clients::Clients;
use crate::clock::Clock;
use crate::downloads::Downloads;
use crate::failure::Failure;
use crate::login::log_in;
use crate::machine::raise_open_files;
use crate::meter::Meter;
use crate::names::Names;
use crate::options::Options;
use crate::payload::Format;
use crate::report::{Report, Run};
use crate::server;
use crate::spawn::Spawned;
use crate::traffic::{self, Outcome};

/// Does what the options say, and tells the report and the latencies in full.
///
/// # Errors
/// A [`Failure`] where there is nothing to report. Lost messages and the like are no failure here,
/// but stand in the report.
pub fn run(options: &Options) -> Result<(Report, Figures), Failure> {
    options.check()?;
    let limits = raise_open_files(options.all_clients())?;
    let mut spawned = match options.spawn {
        true => Some(Spawned::start(options.downloads > 0)?),
        false => None,
    };
    let server = match &spawned {
        Some(spawned) => server::reach(&spawned.address().to_string(), Some(spawned.pid()))?,
        None => server::reach(&options.server, options.server_pid)?,
    };
    let mut meter = Meter::new(server.process);
    let clock = Clock::start();
    let names = Names::random();
    let mut clients = Clients::new(server.address, clock).map_err(Failure::Internal)?;

    meter.read();
    let progress = progress_bar(options.all_clients() as u64, "logging in", "clients");
    let logged_in = log_in(&mut clients, &names, options.all_clients(), &progress);
    progress.finish_and_clear();
    let logged_in = logged_in?;
    meter.read();

    let outcome = let_talk(options, &mut clients, clock, &names, &mut meter)?;
    drop(clients);
    let server_log = spawned.as_mut().map(Spawned::stop).unwrap_or_default();
    Ok(Run { options, limits, server, logged_in, meter, server_log }.finish(outcome))
}

fn let_talk(
    options: &Options,
    clients: &mut Clients,
    clock: Clock,
    names: &Names,
    meter: &mut Meter,
) -> Result<Outcome, Failure> {
    let timetable = options.timetable(clock.now_nanos());
    let chatters = options.clients as usize;
    let broadcasts = Broadcasts::new(
        names,
        Format::new(names.run(), options.payload as usize),
        options.pace(),
        timetable,
        [options.senders.into(), chatters, options.all_clients()],
    );
    let name = options.download_name().unwrap_or_default().to_owned();
    let downloads = Downloads::new(name, chatters, options.downloads as usize);
    let progress = progress_bar(options.whole().as_millis() as u64, "broadcasting", "ms");
    let load = (broadcasts, downloads);
    let outcome = traffic::run(clients, clock, load, timetable, options.drain, &progress, meter);
    progress.finish_and_clear();
    outcome
}

fn progress_bar(length: u64, what: &'static str, unit: &str) -> ProgressBar {
    let template = format!("{{msg:12}} {{wide_bar}} {{pos}}/{{len}} {unit}");
    let style = ProgressStyle::with_template(&template);
    let bar = ProgressBar::new(length).with_message(what);
    // The template is one of two constants; the default look is no reason to give up.
    if let Ok(style) = style { bar.with_style(style) } else { bar }
}
