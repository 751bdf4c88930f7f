//! A run from its options to its report: connect, log in, run the traffic, and gather the results.

use chatsrv::tls_client::TlsConnector;
use indicatif::{ProgressBar, ProgressStyle};

use crate::arrivals::Arrivals;
use crate::broadcast::Broadcasts;
use crate::clients::{Clients, Protocol};
use crate::clock::Clock;
use crate::direct::Direct;
use crate::downloads::Downloads;
use crate::failure::Failure;
use crate::figures::Figures;
use crate::groups::{self, Groups};
use crate::login::{Credentials, collect_tokens, log_in};
use crate::machine::raise_open_files;
use crate::meter::{Meter, Span};
use crate::names::Names;
use crate::options::Options;
use crate::payload::Format;
use crate::report::{Logins, Report, Run};
use crate::server::{self, Server};
use crate::spawn::{self, Spawned};
use crate::talk::Talk;
use crate::traffic::{self, Load, Outcome};

/// Does a run. Returns the report and the complete latencies.
///
/// # Errors
/// A [`Failure`] if there is nothing to report. Lost messages and other faults are no failure here,
/// but a part of the report.
pub fn run(options: &Options) -> Result<(Report, Figures), Failure> {
    options.check()?;
    let limits = raise_open_files(options.all_clients())?;
    let mut spawned = match options.spawn {
        true => Some(Spawned::start(&options.server_option, options.downloads > 0, options.tls)?),
        false => None,
    };
    let tls = connector(options, spawned.as_ref())?;
    let mut server = reach(options, spawned.as_ref(), tls.as_ref())?;
    let clock = Clock::start();
    let names = Names::random();
    let mut clients =
        Clients::new(server.address, options.protocol, clock).map_err(Failure::Internal)?;
    if let Some(tls) = &tls {
        clients.encrypt(tls.clone());
    }

    let login = log_all_in(options, &mut clients, &names, Credentials::Password, server)?;
    let mut resumed = None;
    if let (true, Some(spawned)) = (options.resume, &mut spawned) {
        let tokens = collect_tokens(&mut clients)?;
        clients.start_over(server.address);
        spawned.restart()?;
        server = reach(options, Some(spawned), tls.as_ref())?;
        clients.start_over(server.address);
        let credentials = Credentials::Tokens(&tokens);
        resumed = Some(log_all_in(options, &mut clients, &names, credentials, server)?);
    }

    if let Some(plan) = options.group_plan() {
        groups::make(&mut clients, &names, plan)?;
    }
    let meter = Meter::new(server.process);
    let outcome = let_talk(options, &mut clients, clock, &names, &meter)?;
    drop(clients);
    let server_log = spawned.as_mut().map(Spawned::stop).unwrap_or_default();
    Ok(Run { options, limits, server, login, resumed, meter, server_log }.finish(outcome))
}

/// The TLS configuration of the clients; `None` without TLS.
fn connector(
    options: &Options,
    spawned: Option<&Spawned>,
) -> Result<Option<TlsConnector>, Failure> {
    if !options.is_encrypted() {
        return Ok(None);
    }
    let connector = match spawned.and_then(Spawned::certificate) {
        Some(certificate) => TlsConnector::new(spawn::HOST, Some(certificate)),
        None => TlsConnector::new(options.host(), options.ca.as_deref()),
    };
    connector.map(Some).map_err(|error| Failure::Usage(error.to_string()))
}

fn reach(
    options: &Options,
    spawned: Option<&Spawned>,
    tls: Option<&TlsConnector>,
) -> Result<Server, Failure> {
    match spawned {
        Some(spawned) => {
            let address = spawned.address().to_string();
            server::reach(&address, Protocol::Native, tls, Some(spawned.pid()))
        }
        None => server::reach(&options.server, options.protocol, tls, options.server_pid),
    }
}

fn log_all_in(
    options: &Options,
    clients: &mut Clients,
    names: &Names,
    credentials: Credentials<'_>,
    server: Server,
) -> Result<Logins, Failure> {
    let meter = Meter::new(server.process);
    let before = meter.read();
    let count = options.all_clients();
    let progress = progress_bar(count as u64, "logging in", "clients");
    let done = log_in(clients, names, credentials, options.roles(), &progress);
    progress.finish_and_clear();
    Ok(Logins { done: done?, used: Span { before, after: meter.read() } })
}

fn let_talk(
    options: &Options,
    clients: &mut Clients,
    clock: Clock,
    names: &Names,
    meter: &Meter,
) -> Result<Outcome, Failure> {
    let timetable = options.timetable(clock.now_nanos());
    let crowd = options.crowd();
    let chatters = crowd.chatters();
    let format = Format::new(names.run(), options.payload as usize);
    let window = options.window as usize;
    let talk: Box<dyn Talk> = if options.direct {
        Box::new(Direct::new(names, format, timetable, window, crowd))
    } else if let Some(plan) = options.group_plan() {
        Box::new(Groups::new(names, format, timetable, window, plan))
    } else {
        let is_confirmed = options.protocol.has_confirmations();
        let counts = [options.senders.into(), chatters, options.all_clients()];
        Box::new(Broadcasts::new(format, options.pace(), is_confirmed, timetable, counts))
    };
    let name = options.download_name().unwrap_or_default().to_owned();
    let downloads = Downloads::new(name, chatters, options.downloads as usize);
    let progress = progress_bar(options.whole().as_millis() as u64, "talking", "ms");
    let arrivals = Arrivals::new(names, format);
    let load = Load { talk, arrivals, downloads, timetable, drain: options.drain };
    let outcome = traffic::run(clients, clock, load, &progress, meter);
    progress.finish_and_clear();
    outcome
}

fn progress_bar(length: u64, what: &'static str, unit: &str) -> ProgressBar {
    let template = format!("{{msg:12}} {{wide_bar}} {{pos}}/{{len}} {unit}");
    let style = ProgressStyle::with_template(&template);
    let bar = ProgressBar::new(length).with_message(what);
    // The template is one of two constants; if it were malformed, the default would do.
    if let Ok(style) = style { bar.with_style(style) } else { bar }
}
