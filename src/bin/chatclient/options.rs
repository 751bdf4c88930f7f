//! The command line of chatclient.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use chatsrv::chat::name::{Target, UserName};
use chatsrv::chat::registration::{INVITE_CODE_CHARS, InviteCode};
use chatsrv::command_line::Size;
use chatsrv::tls_client::TlsConnector;
use clap::Parser;
use clap::builder::BoolishValueParser;

use crate::link::connection::Server;
use crate::link::login::IfNew;
use crate::transfers::accept::{Accept, AcceptFiles};
use crate::transfers::{Goal, Place, Source};
use crate::ui::one_job::Job;

/// Talk with people and exchange files on a chatsrv server.
///
/// Without an option it is a chat: type PM, DM or EX, or /help at its prompt. Where standard input
/// is no terminal it reads the same lines from it. The password is asked for, or taken from the
/// environment variable CHAT_PASSWORD or a file.
#[derive(Debug, Parser)]
#[command(name = "chatclient", version, max_term_width = 100)]
pub struct Options {
    /// The server's name or address, perhaps in brackets, or the path of its own socket
    #[arg(env = "CHAT_HOST")]
    pub host: String,

    /// The server's port; none with the path of a socket
    #[arg(env = "CHAT_PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,

    /// The name to log in with [default: ask]
    #[arg(env = "CHAT_USER")]
    pub user: Option<UserName>,

    /// Encrypt the connection with TLS, and make sure that it is the server's
    #[arg(long, env = "CHAT_TLS", value_parser = BoolishValueParser::new())]
    pub tls: bool,

    /// Trust who stands in this file (PEM), and nobody else; it implies --tls [default: whom this
    /// machine trusts]
    #[arg(long, value_name = "FILE", env = "CHAT_CA")]
    pub ca: Option<PathBuf>,

    /// Make the account where the name is new
    #[arg(long, env = "CHAT_REGISTER", value_parser = BoolishValueParser::new())]
    pub register: bool,

    /// Make the account where the name is new, with the code of an invitation
    #[arg(long, value_name = "CODE", env = "CHAT_INVITE", hide_env_values = true,
          value_parser = invite_code)]
    pub invite: Option<InviteCode>,

    /// Log in beside other sessions of that user; one job always does
    /// [default: a terminal asks where the name is in use, a pipe fails]
    #[arg(long, env = "CHAT_BESIDE", value_parser = BoolishValueParser::new())]
    pub beside: bool,

    /// Take the password from this file's first line [default: ask]
    #[arg(long, value_name = "FILE", env = "CHAT_PASSWORD_FILE")]
    pub password_file: Option<PathBuf>,

    /// How long to try again after a lost connection [default: for ever at a terminal, else 30s]
    #[arg(long, value_name = "DURATION", env = "CHAT_RETRY")]
    pub retry: Option<humantime::Duration>,

    /// Send this message and exit; the target * is everyone
    #[arg(long, num_args = 2, value_names = ["TARGET", "TEXT"], conflicts_with = "get",
          allow_hyphen_values = true)]
    pub say: Option<Vec<String>>,

    /// Download this file, or @id for one that was sent in a chat, and exit
    #[arg(long, value_name = "NAME", conflicts_with_all = ["put", "send"])]
    pub get: Option<Source>,

    /// Upload this file into the shared folder and exit
    #[arg(long, value_name = "FILE", conflicts_with_all = ["say", "send"])]
    pub put: Option<PathBuf>,

    /// Send this file to a user, a group or * and exit
    #[arg(long, num_args = 2, value_names = ["TARGET", "FILE"], conflicts_with = "say")]
    pub send: Option<Vec<String>>,

    /// Where the file goes: a new file, a folder, a device or pipe, or - for standard output
    /// [default: the current folder]
    #[arg(short, long, value_name = "FILE", requires = "get")]
    pub output: Option<PathBuf>,

    /// Where /get puts files [default: $XDG_DOWNLOAD_DIR or ~/Downloads, else the current folder]
    #[arg(long, value_name = "FOLDER", env = "CHAT_DOWNLOADS")]
    pub downloads: Option<PathBuf>,

    /// Which files that people send are fetched unasked
    #[arg(long, value_name = "WHICH", env = "CHAT_ACCEPT_FILES", default_value = "ask")]
    pub accept_files: AcceptFiles,

    /// The largest file that is fetched unasked
    #[arg(long, value_name = "SIZE", env = "CHAT_ACCEPT_MAX", default_value_t = Size::mib(100))]
    pub accept_max: Size,
}

impl Options {
    /// The address of the server. A host with a slash or without a port is the path of a socket; a
    /// port and a user that the environment gives are ignored then.
    ///
    /// # Errors
    /// A message for people, if the words name no server.
    pub fn server(&self) -> Result<Server, String> {
        match self.port {
            Some(port) if !self.host.contains('/') => {
                Ok(Server::Host { host: without_brackets(&self.host).to_string(), port })
            }
            None if !self.host.contains('/') && !Path::new(&self.host).exists() => {
                Err(format!("give the port of {}, or the path of a socket", self.host))
            }
            _ => Ok(Server::Socket(PathBuf::from(&self.host))),
        }
    }

    /// The TLS configuration for `server`; `None` for a connection without TLS.
    ///
    /// # Errors
    /// A message for people, if TLS can't be configured.
    pub fn tls(&self, server: &Server) -> Result<Option<TlsConnector>, String> {
        if !self.tls && self.ca.is_none() {
            return Ok(None);
        }
        match server {
            Server::Socket(_) => Err("the server's own socket takes no TLS".to_string()),
            Server::Host { host, .. } => TlsConnector::new(host, self.ca.as_deref())
                .map(Some)
                .map_err(|error| error.to_string()),
        }
    }

    /// What is done if there is no account of the user's name.
    pub fn if_new(&self) -> IfNew {
        match (&self.invite, self.register) {
            (Some(code), _) => IfNew::Invited(code.clone()),
            (None, true) => IfNew::Register,
            (None, false) => IfNew::Ask,
        }
    }

    /// The policy for files that others send.
    pub fn accept(&self) -> Accept {
        Accept::new(self.accept_files, self.accept_max.0)
    }

    /// The job that the command line asks for; `None` for a chat.
    ///
    /// # Errors
    /// A message for people, if an argument of the job is malformed.
    pub fn job(&self) -> Result<Option<Job>, String> {
        if let Some([target, text]) = self.say.as_deref() {
            let to: Target = target.parse().map_err(|_| format!("no target: {target}"))?;
            return match text.trim().is_empty() {
                true => Err("there is no text to say".to_string()),
                false => Ok(Some(Job::Say { to, text: text.clone() })),
            };
        }
        if let Some(path) = self.put.clone() {
            return Ok(Some(Job::Put { path, goal: Goal::Shared }));
        }
        if let Some([target, path]) = self.send.as_deref() {
            let to: Target = target.parse().map_err(|_| format!("no target: {target}"))?;
            return Ok(Some(Job::Put { path: path.into(), goal: Goal::Chat(to) }));
        }
        let Some(source) = self.get.clone() else {
            return Ok(None);
        };
        let place = match &self.output {
            None => Place::Folder(PathBuf::from(".")),
            Some(path) => file_place(path)?,
        };
        Ok(Some(Job::Get { source, place }))
    }
}

/// Parses the code of an invitation.
fn invite_code(code: &str) -> Result<InviteCode, String> {
    let whole = code.parse().ok().filter(InviteCode::is_whole);
    whole.ok_or_else(|| format!("a code has {INVITE_CODE_CHARS} characters"))
}

/// The paths that name standard output.
const STANDARD_OUTPUTS: [&str; 4] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/// The host without the brackets in which an IPv6 address is written before a port: `[::1]`.
fn without_brackets(host: &str) -> &str {
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    inner.filter(|address| address.contains(':')).unwrap_or(host)
}

/// The place that `-o` names: a new file, or a folder, device or pipe that exists.
fn file_place(path: &Path) -> Result<Place, String> {
    if STANDARD_OUTPUTS.iter().any(|name| path.as_os_str() == *name) {
        return Ok(Place::Output);
    }
    // An error other than "not found" is reported when the download creates the file.
    match fs::metadata(path).map(|metadata| metadata.file_type()) {
        Ok(kind) if kind.is_dir() => return Ok(Place::Folder(path.to_path_buf())),
        Ok(kind) if kind.is_fifo() || kind.is_char_device() || kind.is_block_device() => {
            return Ok(Place::Device(path.to_path_buf()));
        }
        Err(_) if path.as_os_str().as_bytes().ends_with(b"/") => {
            return Err(format!("no such folder: {}", path.display()));
        }
        _ => {}
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    };
    match path.file_name().and_then(|name| name.to_str()) {
        Some(name) => Ok(Place::File(folder, name.to_string())),
        None => Err(format!("no file's name: {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(words: &str) -> Result<Options, clap::Error> {
        Options::try_parse_from(std::iter::once("chatclient").chain(words.split(' ')))
    }

    #[test]
    fn the_table_of_options_is_sound() {
        Options::command().debug_assert();
    }

    #[test]
    fn jobs_are_checked() {
        let job = |words: &str| parse(words).unwrap().job();
        assert!(matches!(job("h 9000 alice"), Ok(None)));
        assert!(matches!(job("h 9000 alice --say * hi"), Ok(Some(Job::Say { .. }))));
        assert!(job("h 9000 alice --say 4x hi").is_err());
        assert!(matches!(
            job("h 9000 alice --get docs/a -o -"),
            Ok(Some(Job::Get { place: Place::Output, .. }))
        ));
        match job("h 9000 alice --get docs/a -o out/b") {
            Ok(Some(Job::Get { place: Place::File(folder, name), .. })) => {
                assert_eq!((folder.to_str(), name.as_str()), (Some("out"), "b"));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_path_is_the_operators_socket() {
        let server = |words: &str| parse(words).unwrap().server();
        let host = Server::Host { host: "h".to_string(), port: 9000 };
        assert_eq!(server("h 9000"), Ok(host));
        let local = |host: &str| Ok(Server::Host { host: host.to_string(), port: 9000 });
        assert_eq!(server("[::1] 9000"), local("::1"));
        assert_eq!(server("[fe80::1%eth0] 9000"), local("fe80::1%eth0"));
        assert_eq!(server("[h] 9000"), local("[h]"));
        let socket = Ok(Server::Socket(PathBuf::from("./admin.sock")));
        assert_eq!(server("./admin.sock"), socket);
        assert_eq!(server("./admin.sock 9000"), socket);
        assert!(server("no-such-file").is_err());
    }

    #[test]
    fn sizes_are_those_of_the_server() {
        let bytes_max = |words: &str| parse(words).unwrap().accept().bytes_max;
        assert_eq!(bytes_max("h 9000"), 100 << 20);
        assert_eq!(bytes_max("h 9000 --accept-max 64KiB"), 64 << 10);
        assert_eq!(bytes_max("h 9000 --accept-max 5"), 5);
        assert!(parse("h 9000 --accept-max 5x").is_err());
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(parse("h 9 --invite tooshort").is_err());
        for words in ["h 0", "h 65536", "h x", "h 9 4x", "h 9 -o x", "h 9 --get ../x"] {
            assert!(parse(words).is_err(), "{words}");
        }
        assert!(parse("h 9000 alice --get a --say * hi").is_err());
    }
}
