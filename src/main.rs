//! The program chatsrv(8): the server.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use chatsrv::capacity::{self, Shares};
use chatsrv::command_line::{Size, print, unknown_variables};
use chatsrv::exit::Exit;
use chatsrv::hub::snapshot::Snapshot;
use chatsrv::hub::{self, Hub};
use chatsrv::limits::{GROUP_OFFLINE_TIME_MAX, ID_CEILING_LEAD};
use chatsrv::log::{Log, Quoted};
use chatsrv::options::rules::{HistoryReach, Uploaders, Who};
use chatsrv::options::{Audit, Offline, Options, PasswordCost, Plain, TLS_PORT};
use chatsrv::protocol::native::CLIENT_LINE_BYTES_MAX;
use chatsrv::server::{
    self, AuditFile, AuditSink, Certificates, Endpoint, Inherited, Listening, MotdFile, Poll,
    Server, StartError,
};
use chatsrv::store::{self, FolderRoom, MaintenanceError, Store};

fn main() -> ExitCode {
    let options = match Options::from_command_line() {
        Ok(options) => options,
        Err(code) => return code,
    };
    // Dropped when this function returns, which waits until the log is written.
    let log = match chatsrv::log::start(options.log) {
        Ok(log) => log,
        Err(error) => {
            eprintln!("chatsrv: {error}");
            return Exit::System.into();
        }
    };
    for name in unknown_variables(&Options::command(), "CHATSRV_") {
        let name = name.to_string_lossy();
        log::warn!("event=unknown-variable name={}: it stands for no option", Quoted(&name));
    }
    if options.check {
        return check(&options.data, log);
    }
    if options.mend_clock {
        return mend_clock(&options.data, log);
    }
    if let Some(copy) = &options.backup {
        return backup(&options.data, copy, log);
    }
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err((exit, message)) => {
            log::error!("{message}");
            exit.into()
        }
    }
}

/// Checks the store, and prints the findings on standard output.
fn check(data: &Path, log: Log) -> ExitCode {
    let checkup = match store::check(data) {
        Ok(checkup) => checkup,
        Err(error) => return fail(&error, log),
    };
    match print(&checkup) {
        Ok(()) if checkup.findings.is_empty() => ExitCode::SUCCESS,
        Ok(()) => Exit::Data.into(),
        Err(exit) => exit.into(),
    }
}

/// Mends ids that are ahead of the clock, and prints how many on standard output.
fn mend_clock(data: &Path, log: Log) -> ExitCode {
    let told = match store::mend_clock(data, GROUP_OFFLINE_TIME_MAX) {
        Ok(0) => "no id is ahead of the clock\n".to_owned(),
        Ok(moved) => {
            format!("{moved} ids were ahead of the clock, and follow the last right one\n")
        }
        Err(error) => return fail(&error, log),
    };
    print(&told).map_or_else(ExitCode::from, |()| ExitCode::SUCCESS)
}

fn backup(data: &Path, copy: &Path, log: Log) -> ExitCode {
    match store::backup(data, copy) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, log),
    }
}

fn fail(error: &MaintenanceError, log: Log) -> ExitCode {
    // So that what was logged is printed before the error.
    drop(log);
    eprintln!("chatsrv: {error}");
    error.exit().into()
}

fn run(options: Options) -> Result<(), (Exit, String)> {
    let system = |error: std::io::Error| (Exit::System, error.to_string());
    let inherited = Inherited::take(options.tls().is_some())
        .map_err(|error| (Exit::Usage, error.to_string()))?;
    let files = capacity::raise_file_limit();
    let memory = capacity::memory();
    let wanted = options.max_clients.map(|limit| limit.get().into());
    let shares = Shares::of(files, listeners(&options), memory, wanted)
        .map_err(|error| (Exit::System, error.to_string()))?;
    let certificates = options.tls().map(|tls| Certificates::load(&tls.certificate, &tls.key));
    let certificates =
        certificates.transpose().map_err(|error| (Exit::Config, format!("TLS: {error}")))?;
    let motd = options.motd.as_deref().map(motd_file).transpose()?;
    let poll = Poll::new().map_err(system)?;
    let waker = poll.waker();
    let (store, kept) = Store::open(store_config(&options), move || waker.wake())
        .map_err(|error| (error.exit(), error.to_string()))?;
    let rooms = store.rooms().collect::<Result<Vec<_>, _>>().map_err(system)?;
    if let Some(behind) = clock_behind(&kept) {
        log::warn!(
            "event=clock-behind seconds={}: the newest message is later than the clock, and ids \
             go on from it",
            behind.as_secs()
        );
    }
    let audit = audit_sink(&options.audit, &poll)?;
    if let Some(ahead) = clock_ahead(&kept) {
        log::warn!(
            "event=clock-ahead seconds={}: the newest message is so much older than the clock; \
             if the clock is wrong, stop the server, and set it, or all that is said will be of \
             that time",
            ahead.as_secs()
        );
    }
    let seed = random_seed().map_err(system)?;
    let hub = Hub::new(hub_config(&options, shares), seed, kept);
    let config = server_config(&options, shares, memory);
    let start = Start::new(&options, &config, rooms);
    let server =
        Server::bind(config, Listening { inherited, certificates, audit, motd }, poll, hub, store)
            .map_err(start_failed)?;
    for endpoint in server.endpoints() {
        match endpoint {
            Endpoint::Unix(path) => log::info!("event=admin-socket path={}", path.display()),
            _ => chatsrv::log::announce(format_args!("listening on {endpoint}")),
        }
    }
    if let Some(endpoint) = server.metrics_endpoint() {
        log::info!("event=metrics address={endpoint}");
    }
    start.tell();
    if let Some(warning) = shares.warning(files, wanted) {
        log::warn!("{warning}");
    }
    server.run().map_err(system)
}

/// Where the lines of the audit log go, opened if that is a file.
fn audit_sink(audit: &Audit, poll: &Poll) -> Result<AuditSink, (Exit, String)> {
    Ok(match audit {
        Audit::Off => AuditSink::Off,
        Audit::Log => AuditSink::Log,
        Audit::File(path) => {
            let failed = |error| (Exit::CantCreate, format!("{}: {error}", path.display()));
            AuditSink::File(AuditFile::open(path, poll.waker()).map_err(failed)?)
        }
    })
}

/// The file of the message of the day, read.
fn motd_file(path: &Path) -> Result<MotdFile, (Exit, String)> {
    MotdFile::open(path).map_err(|error| (Exit::Config, format!("{}: it {error}", path.display())))
}

/// The facts that the server logs at its start: its version, limits and disk space.
#[derive(Debug)]
struct Start {
    store: PathBuf,
    /// Whether messages are stored.
    keeps: bool,
    connections: usize,
    transfers: usize,
    queues: Size,
    /// The disk space of the data folder, and after it of the shared folder.
    rooms: Vec<FolderRoom>,
}

/// With less memory for the send queues, a few slow readers are enough to get closed.
const QUEUES_FEW: Size = Size::mib(16);
/// With less disk space, the first large file fills it.
const ROOM_LITTLE: Size = Size::mib(256);

impl Start {
    fn new(options: &Options, config: &server::ServerConfig, rooms: Vec<FolderRoom>) -> Self {
        Start {
            store: options.data.join(store::DATABASE),
            keeps: options.offline == Offline::Store,
            connections: config.limits.clients,
            transfers: config.limits.transfers,
            queues: in_mib(config.send_queue_total as u64),
            rooms,
        }
    }

    fn tell(&self) {
        let Start { store, keeps, connections, transfers, queues, rooms } = self;
        let version = env!("CARGO_PKG_VERSION");
        let messages = if *keeps { "kept" } else { "not-kept" };
        let room = rooms.first().and_then(FolderRoom::free).map(in_mib);
        let free = room.map_or("unknown".to_owned(), |room| room.to_string());
        log::info!(
            "event=started version={version} store={} messages={messages} \
             connections={connections} transfers={transfers} queues={queues} disk-free={free}",
            store.display()
        );
        if *queues < QUEUES_FEW {
            log::warn!("event=little-memory queues={queues}: who reads slowly is closed early");
        }
        if let Some(room) = room.filter(|room| *room < ROOM_LITTLE) {
            let store = store.display();
            log::warn!("event=little-room disk-free={room} store={store}: that is soon full");
        }
        for room in rooms {
            match room.takes_uploads() {
                true => log::info!("event=room {room}"),
                false => log::warn!("event=room {room}: beside the reserve, uploads find no room"),
            }
        }
    }
}

/// Rounds a size down to whole MiB, unless it is smaller than one.
fn in_mib(bytes: u64) -> Size {
    let mib = Size::mib(1).0;
    Size(if bytes < mib { bytes } else { bytes - bytes % mib })
}

fn start_failed(error: StartError) -> (Exit, String) {
    match error {
        StartError::Listen(address, error) => {
            (Exit::Unavailable, format!("cannot listen on {address}: {error}"))
        }
        StartError::AdminSocket(path, error) => {
            (Exit::CantCreate, format!("cannot listen on {}: {error}", path.display()))
        }
        StartError::System(error) => (Exit::System, error.to_string()),
    }
}

/// How far the clock may be behind the id mark without a warning: the store keeps a ceiling of the
/// ids that is ahead of the newest one.
const CLOCK_BEHIND_MAX: Duration = Duration::from_secs(2 * ID_CEILING_LEAD.as_secs());

/// How far the clock is behind the id mark, if that is more than [`CLOCK_BEHIND_MAX`].
fn clock_behind(kept: &Snapshot) -> Option<Duration> {
    let behind = kept.id_mark.0.saturating_sub(server::unix_micros());
    Some(Duration::from_micros(behind)).filter(|behind| *behind > CLOCK_BEHIND_MAX)
}

/// With a clock that is further ahead of the newest message, the server warns at the start.
const CLOCK_AHEAD_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// How far the clock is ahead of the id mark, if there is one and that is more than
/// [`CLOCK_AHEAD_MAX`].
fn clock_ahead(kept: &Snapshot) -> Option<Duration> {
    let ahead = server::unix_micros().saturating_sub(kept.id_mark.0);
    let is_new = kept.id_mark.0 == 0;
    Some(Duration::from_micros(ahead)).filter(|ahead| !is_new && *ahead > CLOCK_AHEAD_MAX)
}

fn random_seed() -> std::io::Result<u64> {
    getrandom::u64().map_err(|error| std::io::Error::other(error.to_string()))
}

fn store_config(options: &Options) -> store::StoreConfig {
    store::StoreConfig {
        data: options.data.clone(),
        files: options.files(),
        reserve: options
            .reserve
            .map_or(store::Reserve::Usual, |size| store::Reserve::Bytes(size.0)),
        password_cost: match options.password_cost {
            PasswordCost::Normal => store::HashCost::Normal,
            PasswordCost::Low => store::HashCost::Low,
        },
    }
}

fn hub_config(options: &Options, shares: Shares) -> hub::config::Config {
    hub::config::Config {
        registration: options.registration,
        rules: rules(options),
        arrivals: hub::config::ArrivalBounds {
            registrations: options.registrations_of_network(),
            registrations_total: options.registrations_total(),
            exempt: options.exempt(),
        },
        accounts: hub::config::AccountRules {
            password_min: options.password_min(),
            reserved: options.accounts.reserved_names(),
        },
        audits: options.audit != Audit::Off,
        presence_limit: options.presence_limit as usize,
        bounds_rates: options.rate > 0,
        keep_messages: options.offline == Offline::Store,
        history: options.history,
        delete_window: options.delete_window,
        alive_period: options.alive_period,
        groups: hub::config::GroupBounds {
            members_max: options.group_max.get() as usize,
            per_user_max: options.groups_per_user.get() as usize,
            all_max: options.groups_max.get() as usize,
            ask_first: options.ask_first,
        },
        files: hub::config::FileBounds {
            size_max: options.max_file.0,
            places: usize::try_from(shares.transfers).unwrap_or(usize::MAX),
            quota: options.quota.0,
        },
    }
}

fn rules(options: &Options) -> hub::config::Rules {
    use hub::config::Permitted;
    let public_files = options.public_files;
    let options = &options.rules;
    let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
    let permitted = |who| match who {
        Who::All => Permitted::All,
        Who::Admins => Permitted::Administrators,
    };
    hub::config::Rules {
        broadcast: permitted(options.broadcast),
        group_makers: permitted(options.group_makers),
        uploads: match options.uploads {
            Uploaders::All => Permitted::All,
            Uploaders::Admins => Permitted::Administrators,
            Uploaders::Off => Permitted::Nobody,
        },
        public_files,
        new_see_history: match options.new_see_history {
            HistoryReach::All => None,
            HistoryReach::For(time) => Some(seconds(time)),
        },
        message_quota: options.message_quota.0,
        probation: seconds(options.probation),
    }
}

/// The largest number of listening sockets: for each address and port, for the operator, and for
/// the metrics.
fn listeners(options: &Options) -> u64 {
    let addresses = options.listen.len().max(2) as u64;
    let for_clients = 1 + u64::from(options.tls().is_some());
    let for_browsers = [options.http_port().is_some(), options.web.https_port.is_some()];
    let ports = for_clients + for_browsers.into_iter().map(u64::from).sum::<u64>();
    addresses * ports + 1 + u64::from(options.metrics.is_some())
}

fn server_config(options: &Options, shares: Shares, memory: u64) -> server::ServerConfig {
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    server::ServerConfig {
        listen: server::ListenConfig {
            addresses: options.listen.clone(),
            port: options.port,
            tls_port: options.tls().map_or(TLS_PORT, |tls| tls.port),
            plain: options.plain.map(|plain| match plain {
                Plain::Any => server::PlainAccess::Anywhere,
                Plain::Loopback => server::PlainAccess::Loopback,
                Plain::Off => server::PlainAccess::Nowhere,
            }),
            http: options
                .http_port()
                .map(|(port, is_asked_for)| server::HttpPort { port, is_asked_for }),
            https: options.web.https_port,
        },
        metrics: options.metrics,
        admin_socket: options.admin_socket(),
        limits: server::ServerLimits {
            clients: count(shares.clients),
            transfers: count(shares.transfers),
            refused: count(shares.refused),
            exchanges: count(shares.exchanges),
        },
        networks: server::ConnectionBounds {
            connections: options.connections_of_network(),
            strangers: options.strangers_of_network(),
            connects: options.connects_of_network(),
            exempt: options.exempt(),
        },
        login_timeout: options.login_timeout,
        idle_timeout: options.idle_timeout,
        send_queue: count(options.send_queue.0),
        send_queue_total: count(options.send_queue_total.map_or(memory / 4, |size| size.0)),
        rate: options.rate,
        speech_rate: options.speech_rate().0,
        drain: options.drain,
        web: web_config(options),
    }
}

fn web_config(options: &Options) -> server::WebConfig {
    server::WebConfig {
        hosts: options.web.hosts.clone(),
        origins: options.web.origins.clone(),
        proxies: options.web.proxies.clone(),
        title: options.web.title.clone(),
        about: server::AboutServer {
            registration: options.registration.word(),
            limits: server::AboutLimits {
                line: CLIENT_LINE_BYTES_MAX,
                file: options.max_file.0,
                group: options.group_max.get(),
            },
            public_files: options.public_files,
        },
    }
}
