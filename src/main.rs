//! chatsrv(8): the server.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use chatsrv::exit::Exit;
use chatsrv::hub::{self, Hub, Kept};
use chatsrv::limits::{ID_MARK_LEAD, RESERVED_FILES, RESERVED_FOR_DOWNLOADS};
use chatsrv::options::{Offline, Options, PasswordCost, Registration, TLS_PORT};
use chatsrv::server::{self, Certificates, Endpoint, Passed, Poll, Server, StartError};
use chatsrv::store::{self, Checkup, MaintenanceError, Store};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

fn main() -> ExitCode {
    let options = match Options::from_command_line() {
        Ok(options) => options,
        Err(code) => return code,
    };
    if let Err(error) = chatsrv::log::start(options.log) {
        eprintln!("chatsrv: {error}");
        return Exit::Software.into();
    }
    if options.check {
        return check(&options.data);
    }
    if let Some(copy) = &options.backup {
        return backup(&options.data, copy);
    }
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err((exit, message)) => {
            log::error!("{message}");
            exit.into()
        }
    }
}

/// Tells on standard output what is wrong with the store.
fn check(data: &Path) -> ExitCode {
    let checkup = match store::check(data) {
        Ok(checkup) => checkup,
        Err(error) => return fail(&error),
    };
    for finding in &checkup.findings {
        println!("{finding}");
    }
    let Checkup { schema, known, accounts, messages, findings } = checkup;
    println!("schema {schema} of {known}, {accounts} accounts, {messages} messages");
    if findings.is_empty() {
        println!("the store is sound");
        ExitCode::SUCCESS
    } else {
        Exit::Data.into()
    }
}

fn backup(data: &Path, copy: &Path) -> ExitCode {
    match store::backup(data, copy) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &MaintenanceError) -> ExitCode {
    eprintln!("chatsrv: {error}");
    error.exit().into()
}

fn run(options: Options) -> Result<(), (Exit, String)> {
    let system = |error: std::io::Error| (Exit::System, error.to_string());
    let passed =
        Passed::take(options.tls().is_some()).map_err(|error| (Exit::Usage, error.to_string()))?;
    let files_max = raise_file_limit();
    let certificates = options.tls().map(|tls| Certificates::load(&tls.certificate, &tls.key));
    let certificates =
        certificates.transpose().map_err(|error| (Exit::Config, format!("TLS: {error}")))?;
    let poll = Poll::new().map_err(system)?;
    let waker = poll.waker();
    let (store, kept) = Store::open(store_config(&options), move || waker.wake())
        .map_err(|error| (error.exit(), error.to_string()))?;
    for room in store.rooms() {
        log::info!("event=room {}", room.map_err(system)?);
    }
    if let Some(behind) = clock_behind(&kept) {
        log::warn!(
            "event=clock-behind seconds={}: the newest message is later than the clock, and ids \
             go on from it",
            behind.as_secs()
        );
    }
    let seed = random_seed().map_err(system)?;
    let hub = Hub::new(hub_config(&options), seed, kept);
    let config = server_config(&options, files_max);
    let server =
        Server::bind(config, certificates, passed, poll, hub, store).map_err(start_failed)?;
    for endpoint in server.endpoints() {
        match endpoint {
            Endpoint::Tcp(_) | Endpoint::Tls(_) => {
                chatsrv::log::announce(format_args!("listening on {endpoint}"));
            }
            Endpoint::Unix(path) => log::info!("event=admin-socket path={}", path.display()),
        }
    }
    server.run().map_err(system)
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

/// A clock that is behind the newest message by no more may have been right: the mark above the ids
/// is raised ahead of them.
const CLOCK_BEHIND_MAX: Duration = Duration::from_secs(2 * ID_MARK_LEAD.as_secs());

/// How far the clock is behind the newest message, where that is more than ids run ahead of it.
fn clock_behind(kept: &Kept) -> Option<Duration> {
    let behind = kept.id_mark.0.saturating_sub(server::unix_micros());
    Some(Duration::from_micros(behind)).filter(|behind| *behind > CLOCK_BEHIND_MAX)
}

/// Raises the limit of open files as far as it goes, and tells how far that was. A service manager
/// may have set it already and forbid to change it.
fn raise_file_limit() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current.unwrap_or(u64::MAX);
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum.unwrap_or(u64::MAX),
        Err(error) => {
            log::warn!("cannot raise the limit of open files: {error}");
            current.unwrap_or(u64::MAX)
        }
    }
}

fn random_seed() -> std::io::Result<u64> {
    getrandom::u64().map_err(|error| std::io::Error::other(error.to_string()))
}

/// A quarter of the memory that this process may use, in bytes: the machine's, or less where a
/// control group says so (cgroups(7)).
fn quarter_of_memory() -> usize {
    let info = rustix::system::sysinfo();
    let machine = (info.totalram as u64).saturating_mul(u64::from(info.mem_unit));
    let memory = control_group_memory().map_or(machine, |limit| limit.min(machine));
    usize::try_from(memory / 4).unwrap_or(usize::MAX)
}

/// The limit of the control group, where there is one.
fn control_group_memory() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let limit = std::fs::read_to_string(format!("/sys/fs/cgroup{path}/memory.max")).ok()?;
    limit.trim().parse().ok()
}

fn store_config(options: &Options) -> store::Config {
    store::Config {
        data: options.data.clone(),
        files: options.files(),
        reserve: options
            .reserve
            .map_or(store::Reserve::Usual, |size| store::Reserve::Bytes(size.0)),
        password_cost: match options.password_cost {
            PasswordCost::Normal => store::PasswordCost::Normal,
            PasswordCost::Low => store::PasswordCost::Low,
        },
    }
}

fn hub_config(options: &Options) -> hub::Config {
    hub::Config {
        registration: options.registration == Registration::Open,
        public_files: options.public_files,
        presence_limit: options.presence_limit as usize,
        keep_messages: options.offline == Offline::Store,
        history: options.history,
        alive_period: options.alive_period,
        group_max: options.group_max.get() as usize,
        file_size_max: options.max_file.0,
        quota: options.quota.0,
    }
}

/// How many clients and how many downloads the open files allow for. An eighth of what is not
/// reserved is for downloads beyond those that the reserve allows for, unless more clients are
/// wanted than fit beside it.
fn shares(files_max: u64, wanted: Option<u64>) -> (u64, u64) {
    let shared = files_max.saturating_sub(RESERVED_FILES).max(1);
    let clients = wanted.unwrap_or(shared - shared / 8).min(shared);
    (clients, RESERVED_FOR_DOWNLOADS + (shared / 8).min(shared - clients))
}

fn server_config(options: &Options, files_max: u64) -> server::Config {
    let wanted = options.max_clients.map(|limit| limit.get().into());
    let (max_clients, downloads_max) = shares(files_max, wanted);
    let count = |files: u64| usize::try_from(files).unwrap_or(usize::MAX);
    server::Config {
        listen: options.listen.clone(),
        metrics: options.metrics,
        admin_socket: options.admin_socket(),
        port: options.port,
        tls_port: options.tls().map_or(TLS_PORT, |tls| tls.port),
        max_clients: count(max_clients),
        downloads_max: count(downloads_max),
        max_per_address: options.max_per_address.map(Into::into),
        login_timeout: options.login_timeout,
        idle_timeout: options.idle_timeout,
        send_queue: usize::try_from(options.send_queue.0).unwrap_or(usize::MAX),
        send_queue_total: options
            .send_queue_total
            .map_or_else(quarter_of_memory, |size| usize::try_from(size.0).unwrap_or(usize::MAX)),
        rate: options.rate,
        drain: options.drain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_leave_files_to_downloads_unless_they_are_wanted() {
        let (eighth, reserve) = (1000, RESERVED_FOR_DOWNLOADS);
        let files = RESERVED_FILES + 8 * eighth;
        for (wanted, clients, downloads) in [
            (None, 7 * eighth, eighth),
            (Some(10), 10, eighth),
            (Some(7 * eighth + 1), 7 * eighth + 1, eighth - 1),
            (Some(8 * eighth), 8 * eighth, 0),
            (Some(9 * eighth), 8 * eighth, 0),
        ] {
            assert_eq!(shares(files, wanted), (clients, reserve + downloads), "{wanted:?}");
        }
        assert_eq!(shares(0, None), (1, reserve));
    }
}
