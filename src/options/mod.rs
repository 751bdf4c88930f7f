//! The server's options: [`Options`], parsed from the command line and the environment and
//! validated.

pub mod accounts;
pub mod rules;
mod values;
pub mod web;

use std::ffi::{OsStr, OsString};
use std::net::{AddrParseError, IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::LazyLock;
use std::time::Duration;

use accounts::AccountOptions;
use clap::builder::{BoolishValueParser, PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command, CommandFactory, FromArgMatches, Parser, ValueEnum};
use log::LevelFilter;

use self::rules::RuleOptions;
use self::values::{duration, files_size, history, send_queue, timeout};
use self::web::{HttpListen, WebOptions};
use crate::bounds::allowance::Allowance;
use crate::bounds::limit::{Exempt, Limit};
use crate::chat::cidr::Cidr;
use crate::chat::registration::{InvalidRegistration, Registration};
use crate::command_line::Size;

/// The default TCP port.
pub const PORT: u16 = 9000;
/// The default TCP port for TLS.
pub const TLS_PORT: u16 = 9443;
/// The default of `--password-min`.
const PASSWORD_MIN: u32 = 8;
/// The default of what one user may say a second.
const SPEECH_RATE: Size = Size::kib(16);

/// The default of `--max-per-address`.
const CONNECTIONS_OF_NETWORK: u32 = 128;
/// The default of `--strangers-per-address`.
const STRANGERS_OF_NETWORK: u32 = 16;
/// The default of `--connects-per-address`.
const CONNECTS_OF_NETWORK: Allowance = Allowance::new(60, Duration::from_secs(60));
/// The default of `--registrations`.
const REGISTRATIONS_OF_NETWORK: Allowance = Allowance::new(5, Duration::from_secs(60 * 60));
/// The default of `--registrations-total`.
const REGISTRATIONS_TOTAL: Allowance = Allowance::new(60, Duration::from_secs(10 * 60));

/// The options of the server, as the operator set them.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// TCP port to listen on; 0 takes a free one, which the log tells
    #[arg(short, long, env = "CHATSRV_PORT", default_value_t = PORT)]
    pub port: u16,

    /// Address to listen on, may be repeated [default: all, IPv6 and IPv4]
    #[arg(short, long, env = "CHATSRV_LISTEN", value_name = "ADDR", value_delimiter = ',')]
    #[arg(value_parser = address)]
    pub listen: Vec<IpAddr>,

    /// Where clients may connect without TLS [default: any; with a certificate loopback]
    #[arg(long, env = "CHATSRV_PLAIN", value_name = "WHERE")]
    pub plain: Option<Plain>,

    /// Folder for the accounts and all else that is kept; made where it is missing
    #[arg(short, long, env = "CHATSRV_DATA", value_name = "DIR", required = false)]
    #[arg(default_values_os = default_data())]
    pub data: PathBuf,

    /// The shared folder, for downloads and uploads [default: files, in the data folder]
    #[arg(long, env = "CHATSRV_FILES", value_name = "DIR")]
    files: Option<PathBuf>,

    /// The largest file that may be sent
    #[arg(long, env = "CHATSRV_MAX_FILE", value_name = "SIZE", value_parser = files_size)]
    #[arg(default_value_t = Size::gib(4))]
    pub max_file: Size,

    /// What all files and uploads of one user may take
    #[arg(long, env = "CHATSRV_QUOTA", value_name = "SIZE", value_parser = files_size)]
    #[arg(default_value_t = Size::gib(16))]
    pub quota: Size,

    /// What uploads leave free on a disk, for the chat
    /// [default: 1GiB, a twentieth of the disk at most]
    #[arg(long, env = "CHATSRV_RESERVE", value_name = "SIZE", value_parser = files_size)]
    pub reserve: Option<Size>,

    /// Let files be downloaded without a login
    #[arg(long, env = "CHATSRV_PUBLIC_FILES", value_parser = BoolishValueParser::new())]
    pub public_files: bool,

    /// Who may register a new name: everybody, those who were invited, or nobody
    #[arg(long, env = "CHATSRV_REGISTRATION", value_name = "WHO", default_value = "open")]
    #[arg(value_parser = registration())]
    pub registration: Registration,

    /// What users may do who are no administrators
    #[command(flatten)]
    pub rules: RuleOptions,

    /// Whether messages are kept, for users who are offline and to be read again
    #[arg(long, env = "CHATSRV_OFFLINE", value_name = "WHAT", default_value = "store")]
    pub offline: Offline,

    /// Remove messages that are older than this [default: never]
    #[arg(long, env = "CHATSRV_HISTORY", value_name = "TIME", value_parser = history)]
    pub history: Option<Duration>,

    /// How long people may remove what they sent; 0 is never
    #[arg(long, env = "CHATSRV_DELETE_WINDOW", value_name = "TIME", value_parser = duration)]
    #[arg(default_value = "24h")]
    pub delete_window: Duration,

    /// Ask users before others add them to a group, unless they have said otherwise
    #[arg(long, env = "CHATSRV_ASK_FIRST", value_parser = BoolishValueParser::new())]
    pub ask_first: bool,

    /// Most connections at a time [default: what the limit of open files, and the memory, allow]
    #[arg(long, env = "CHATSRV_MAX_CLIENTS", value_name = "N")]
    pub max_clients: Option<NonZeroU32>,

    /// Most connections at a time from one IPv4 address or IPv6 /64 [default: 128]
    #[arg(long, env = "CHATSRV_MAX_PER_ADDRESS", value_name = "N")]
    max_per_address: Option<NonZeroU32>,

    /// Most connections at a time from one of these that have not logged in [default: 16]
    #[arg(long, env = "CHATSRV_STRANGERS_PER_ADDRESS", value_name = "N")]
    strangers_per_address: Option<NonZeroU32>,

    /// How often one of these may connect [default: 60/1m]
    #[arg(long, env = "CHATSRV_CONNECTS_PER_ADDRESS", value_name = "N/TIME")]
    connects_per_address: Option<Allowance>,

    /// How often one of these may register a new name [default: 5/1h]
    #[arg(long, env = "CHATSRV_REGISTRATIONS", value_name = "N/TIME")]
    registrations: Option<Allowance>,

    /// How often new names may be registered in all [default: 60/10m]
    #[arg(long, env = "CHATSRV_REGISTRATIONS_TOTAL", value_name = "N/TIME")]
    registrations_total: Option<Allowance>,

    /// Network that these limits leave alone, as 192.0.2.0/24, may be repeated
    #[arg(long, env = "CHATSRV_EXEMPT", value_name = "CIDR", value_delimiter = ',')]
    exempt: Vec<Cidr>,

    /// Most members of a group
    #[arg(long, env = "CHATSRV_GROUP_MAX", value_name = "N", default_value = "100")]
    pub group_max: NonZeroU32,

    /// Most groups that one user who joins may be in
    #[arg(long, env = "CHATSRV_GROUPS_PER_USER", value_name = "N", default_value = "256")]
    pub groups_per_user: NonZeroU32,

    /// Most groups
    #[arg(long, env = "CHATSRV_GROUPS_MAX", value_name = "N", default_value = "10000")]
    pub groups_max: NonZeroU32,

    /// With more users online than this, nobody is told who comes and goes
    #[arg(long, env = "CHATSRV_PRESENCE_LIMIT", value_name = "N", default_value_t = 500)]
    pub presence_limit: u32,

    /// How long a connection may take to log in
    #[arg(long, env = "CHATSRV_LOGIN_TIMEOUT", value_name = "TIME", value_parser = timeout)]
    #[arg(default_value = "30s")]
    pub login_timeout: Duration,

    /// Close a connection that sends nothing for so long [default: never]
    #[arg(long, env = "CHATSRV_IDLE_TIMEOUT", value_name = "TIME", value_parser = timeout)]
    pub idle_timeout: Option<Duration>,

    /// How often a client that takes direct chats is to say so; two missed times end that
    #[arg(long, env = "CHATSRV_ALIVE_PERIOD", value_name = "TIME", value_parser = timeout)]
    #[arg(default_value = "30s")]
    pub alive_period: Duration,

    /// What may wait for a client that it did not ask for; whoever leaves more unread is closed
    #[arg(long, env = "CHATSRV_SEND_QUEUE", value_name = "SIZE", value_parser = send_queue)]
    #[arg(default_value_t = Size::mib(1))]
    pub send_queue: Size,

    /// What may wait for all clients together; above it, who leaves most unread is closed
    /// [default: a quarter of the memory]
    #[arg(long, env = "CHATSRV_SEND_QUEUE_TOTAL", value_name = "SIZE", value_parser = send_queue)]
    pub send_queue_total: Option<Size>,

    /// Lines a second taken from one connection, with a burst of twice that; 0 is no limit
    #[arg(long, env = "CHATSRV_RATE", value_name = "N", default_value_t = 100)]
    pub rate: u32,

    /// What one user may say a second, in bytes of text, with bursts of 256KiB; 0 is no limit
    /// [default: 16KiB; no limit with --rate 0]
    #[arg(long, env = "CHATSRV_SPEECH_RATE", value_name = "SIZE", value_parser = files_size)]
    speech_rate: Option<Size>,

    /// What holds for names and passwords.
    #[command(flatten)]
    pub accounts: AccountOptions,

    /// What a guess at a stolen password costs; low is for tests alone
    #[arg(long, env = "CHATSRV_PASSWORD_COST", value_name = "COST", default_value = "normal")]
    pub password_cost: PasswordCost,

    /// The server's certificate in PEM, its chain behind it: take TLS connections, too
    #[arg(long, env = "CHATSRV_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The private key of that certificate, in PEM
    #[arg(long, env = "CHATSRV_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// TCP port for TLS, on the addresses of --listen; 0 takes a free one [default: 9443]
    #[arg(long, env = "CHATSRV_TLS_PORT", value_name = "PORT", requires = "tls_cert")]
    tls_port: Option<u16>,

    /// What browsers are served.
    #[command(flatten)]
    pub web: WebOptions,

    /// Unix-domain socket for the operator [default: admin.sock, in the data folder]
    #[arg(long, env = "CHATSRV_ADMIN_SOCKET", value_name = "PATH")]
    admin_socket: Option<PathBuf>,

    /// Serve figures for Prometheus on /metrics, and /healthz, at this address [default: off]
    #[arg(long, env = "CHATSRV_METRICS", value_name = "ADDR:PORT")]
    pub metrics: Option<SocketAddr>,

    /// How long clients may take to read what waits for them when the server stops
    #[arg(long, env = "CHATSRV_DRAIN", value_name = "TIME", value_parser = duration)]
    #[arg(default_value = "10s")]
    pub drain: Duration,

    /// Where the audit log goes: a file, the log, or nowhere
    #[arg(long, env = "CHATSRV_AUDIT", value_name = "FILE|log|off", default_value = "log")]
    pub audit: Audit,

    /// A text that users are told of once, read again at SIGHUP: 20 lines of 200 characters at most
    #[arg(long, env = "CHATSRV_MOTD", value_name = "FILE")]
    pub motd: Option<PathBuf>,

    /// Check the store, tell what is wrong with it, and serve nobody
    #[arg(long, env = "CHATSRV_CHECK", value_parser = BoolishValueParser::new())]
    pub check: bool,

    /// Copy the store to a new file, also beside its server, and serve nobody
    #[arg(long, env = "CHATSRV_BACKUP", value_name = "FILE", conflicts_with = "check")]
    pub backup: Option<PathBuf>,

    /// Move ids that are ahead of the clock behind the last right one, and serve nobody
    #[arg(long, env = "CHATSRV_MEND_CLOCK", value_parser = BoolishValueParser::new())]
    #[arg(conflicts_with_all = ["check", "backup"])]
    pub mend_clock: bool,

    /// What the log on standard error tells
    #[arg(long, env = "CHATSRV_LOG", value_name = "LEVEL", value_parser = log_level())]
    #[arg(default_value = "info")]
    pub log: LevelFilter,
}

/// Where clients may connect without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Plain {
    /// On all addresses of --listen
    Any,
    /// From this machine
    Loopback,
    /// Nowhere
    Off,
}

/// Where the audit log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audit {
    /// To the log.
    Log,
    /// Nowhere.
    Off,
    /// To a file.
    File(PathBuf),
}

impl From<OsString> for Audit {
    fn from(text: OsString) -> Self {
        match text.to_str() {
            Some("log") => Audit::Log,
            Some("off") => Audit::Off,
            _ => Audit::File(text.into()),
        }
    }
}

/// What happens to a message for a user who is offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Offline {
    /// They are kept, and confirmed once they are on disk
    Store,
    /// None is: a message for a user who is offline is dropped, and the sender is told
    Discard,
}

/// The options for TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The file with the certificate and its chain.
    pub certificate: PathBuf,
    /// The file with the private key.
    pub key: PathBuf,
    /// The port; 0 takes a free one.
    pub port: u16,
}

/// The cost of hashing a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PasswordCost {
    /// Argon2id with the parameters that OWASP recommends
    Normal,
    /// As little as there is: for tests and load tests
    Low,
}

/// The command line: the options, and the port as a positional argument.
#[derive(Parser)]
#[command(name = "chatsrv", version, about, max_term_width = 100)]
#[command(after_help = "Every option can come from the environment too, --send-queue from \
    CHATSRV_SEND_QUEUE; the command line goes before it. The manual is chatsrv(8).")]
struct CommandLine {
    #[command(flatten)]
    options: Options,

    /// The same as --port
    #[arg(value_name = "PORT", conflicts_with = "port")]
    bare_port: Option<u16>,
}

impl Options {
    /// Reads the command line and the environment of this process.
    ///
    /// # Errors
    /// The code to exit with at once; the message was printed already.
    pub fn from_command_line() -> Result<Self, ExitCode> {
        crate::command_line::read(Self::command(), Self::from_matches)
    }

    /// The description of the command line, from which help and completions are generated.
    pub fn command() -> Command {
        // Otherwise the help would name every variable, though all follow one rule.
        CommandLine::command().mut_args(|arg| arg.hide_env(true))
    }

    /// The path of the operator's socket.
    pub fn admin_socket(&self) -> PathBuf {
        self.admin_socket.clone().unwrap_or_else(|| self.data.join("admin.sock"))
    }

    /// The port for browsers, if there is one, and whether it was asked for. Where the other ports
    /// are free ones, it is only opened if it was.
    pub fn http_port(&self) -> Option<(u16, bool)> {
        match self.web.http_port {
            Some(HttpListen::Off) => None,
            Some(HttpListen::Port(port)) => Some((port, true)),
            None => Some((web::HTTP_PORT, false)).filter(|_| self.port != 0),
        }
    }

    /// The options for TLS, if it is on.
    pub fn tls(&self) -> Option<Tls> {
        let (certificate, key) = (self.tls_cert.clone()?, self.tls_key.clone()?);
        Some(Tls { certificate, key, port: self.tls_port.unwrap_or(TLS_PORT) })
    }

    /// The largest number of bytes a second that one user says; 0 is no limit.
    pub fn speech_rate(&self) -> Size {
        let default = if self.rate > 0 { SPEECH_RATE } else { Size(0) };
        self.speech_rate.unwrap_or(default)
    }

    /// The fewest characters of a new password.
    pub fn password_min(&self) -> u32 {
        let default = match self.password_cost {
            PasswordCost::Normal => PASSWORD_MIN,
            PasswordCost::Low => 1,
        };
        self.accounts.password_min().unwrap_or(default)
    }

    /// The path of the shared folder.
    pub fn files(&self) -> PathBuf {
        self.files.clone().unwrap_or_else(|| self.data.join("files"))
    }

    /// The largest number of connections of one network at a time.
    pub fn connections_of_network(&self) -> Limit<u32> {
        Limit::or_default(self.max_per_address.map(Into::into), CONNECTIONS_OF_NETWORK)
    }

    /// The largest number of connections of one network that have not logged in.
    pub fn strangers_of_network(&self) -> Limit<u32> {
        Limit::or_default(self.strangers_per_address.map(Into::into), STRANGERS_OF_NETWORK)
    }

    /// How often one network may connect.
    pub fn connects_of_network(&self) -> Limit<Allowance> {
        Limit::or_default(self.connects_per_address, CONNECTS_OF_NETWORK)
    }

    /// How often one network may register.
    pub fn registrations_of_network(&self) -> Limit<Allowance> {
        Limit::or_default(self.registrations, REGISTRATIONS_OF_NETWORK)
    }

    /// How often all networks together may register.
    pub fn registrations_total(&self) -> Limit<Allowance> {
        Limit::or_default(self.registrations_total, REGISTRATIONS_TOTAL)
    }

    /// The networks that the limits of networks leave alone.
    pub fn exempt(&self) -> Exempt {
        Exempt(self.exempt.clone())
    }

    fn from_matches(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
        let CommandLine { mut options, bare_port } = CommandLine::from_arg_matches_mut(matches)?;
        options.port = bare_port.unwrap_or(options.port);
        if options.plain == Some(Plain::Off) && options.tls_cert.is_none() {
            let text = "without --tls-cert, --plain off leaves no way to connect";
            return Err(Self::command().error(ErrorKind::MissingRequiredArgument, text));
        }
        Ok(options)
    }
}

/// The default of `--data`, in the form that clap wants: `'static`, and as a list that is empty if
/// there is no home folder.
fn default_data() -> Option<&'static OsStr> {
    static DEFAULT: LazyLock<Option<PathBuf>> =
        LazyLock::new(|| data_folder(|name| std::env::var_os(name)));
    DEFAULT.as_deref().map(Path::as_os_str)
}

/// The default data folder: `$STATE_DIRECTORY`, which systemd sets, or else the one of the XDG Base
/// Directory Specification; `None` if there is no home folder either.
fn data_folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // By both specifications, relative paths are to be ignored.
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if let Some(state) = absolute("STATE_DIRECTORY") {
        return Some(first_of_list(&state));
    }
    let base = absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))?;
    Some(base.join("chatsrv"))
}

/// The first folder of a list; systemd separates several state folders by colons.
fn first_of_list(list: &Path) -> PathBuf {
    let first = list.to_str().and_then(|list| list.split(':').next());
    first.map_or_else(|| list.to_owned(), PathBuf::from)
}

/// Parses an address. IPv6 may be in brackets, as the log writes it.
fn address(text: &str) -> Result<IpAddr, AddrParseError> {
    match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(inner) => inner.parse().map(IpAddr::V6),
        None => text.parse(),
    }
}

fn log_level() -> impl TypedValueParser<Value = LevelFilter> {
    PossibleValuesParser::new(["error", "warn", "info", "debug", "trace"])
        .try_map(|level| level.parse::<LevelFilter>())
}

fn registration() -> impl TypedValueParser<Value = Registration> {
    PossibleValuesParser::new(Registration::ALL.iter().map(|registration| registration.word()))
        .try_map(|word| word.parse().map_err(|InvalidRegistration| "no such word"))
}

#[cfg(test)]
mod tests;
