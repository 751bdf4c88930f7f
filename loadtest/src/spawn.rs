//! A private chatsrv for one run: on a free port, with a temporary folder, removed at the end. It
//! can be restarted in between.

use std::collections::VecDeque;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::failure::Failure;
use crate::limits::{SERVER_LOG_LINES_MAX, SPAWN_FILE_BYTES, SPAWN_MAX};

const PROGRAM: &str = "chatsrv";
/// The address on which a private server listens.
pub const HOST: &str = "127.0.0.1";
/// The shared file of a private server, for downloads.
pub const FILE_NAME: &str = "download.bin";

/// The default options of a private server.
const DEFAULTS: [(&str, &str); 4] =
    [("--password-cost", "low"), ("--presence-limit", "0"), ("--rate", "0"), ("--log", "warn")];

/// A private server and its folder. It is terminated when this is dropped.
#[derive(Debug)]
pub struct Spawned {
    running: Running,
    options: Vec<String>,
    /// Its certificate, if it speaks TLS.
    certificate: Option<PathBuf>,
    folder: TempDir,
}

#[derive(Debug)]
struct Running {
    child: Child,
    address: SocketAddr,
    /// Addresses on which it listens. It is disconnected at the end of the log, when the server has
    /// ended.
    ended: Receiver<SocketAddr>,
    log: Option<JoinHandle<VecDeque<String>>>,
}

impl Spawned {
    /// Starts a server with additional options and waits until it listens. With `has_file` it
    /// shares [`FILE_NAME`], with `has_tls` it speaks TLS, with a self-signed certificate.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] if it can't be started, with its log.
    pub fn start(options: &[String], has_file: bool, has_tls: bool) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("loadtest-").tempdir();
        let folder = folder.map_err(Failure::Internal)?;
        if has_file {
            make_file(folder.path()).map_err(Failure::Internal)?;
        }
        let mut options = options.to_vec();
        let mut certificate = None;
        if has_tls {
            let (path, more) = certify(folder.path()).map_err(Failure::Internal)?;
            certificate = Some(path);
            options.extend(more);
        }
        let running = Running::start(folder.path(), &options, has_tls)?;
        Ok(Spawned { running, options, certificate, folder })
    }

    /// Restarts the server on the same folder.
    ///
    /// # Errors
    /// As [`Spawned::start`].
    pub fn restart(&mut self) -> Result<(), Failure> {
        self.stop();
        let has_tls = self.certificate.is_some();
        self.running = Running::start(self.folder.path(), &self.options, has_tls)?;
        Ok(())
    }

    /// The file with its certificate, if it speaks TLS.
    pub fn certificate(&self) -> Option<&Path> {
        self.certificate.as_deref()
    }

    /// The address on which it listens, the one for TLS if it speaks TLS.
    pub fn address(&self) -> SocketAddr {
        self.running.address
    }

    /// The id of its process.
    pub fn pid(&self) -> u32 {
        self.running.child.id()
    }

    /// Terminates the server. Returns the last lines of its log, without those about addresses.
    pub fn stop(&mut self) -> Vec<String> {
        self.running.stop()
    }
}

impl Running {
    fn start(folder: &Path, options: &[String], has_tls: bool) -> Result<Self, Failure> {
        let program = program();
        let mut child = command(&program, folder, options).spawn().map_err(|error| {
            Failure::Unavailable(format!("cannot start {}: {error}", program.display()))
        })?;
        let stderr = child.stderr.take();
        let (sender, listening) = mpsc::channel();
        let log = thread::spawn(move || read_log(stderr, has_tls, &sender));
        let mut running = Running {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            ended: listening,
            log: Some(log),
        };
        match running.ended.recv_timeout(SPAWN_MAX) {
            Ok(address) => running.address = address,
            Err(_) => {
                let log = running.stop().join("\n");
                let program = program.display();
                return Err(Failure::Unavailable(format!("{program} does not listen\n{log}")));
            }
        }
        Ok(running)
    }

    fn stop(&mut self) -> Vec<String> {
        let Some(log) = self.log.take() else { return Vec::new() };
        // The process was not waited for yet, so its id can't be in use by another one.
        let terminated = kill_process(Pid::from_child(&self.child), Signal::TERM);
        if terminated.is_err() || !self.has_ended_in_time() {
            // This fails if it has ended by itself a moment ago.
            let _ = self.child.kill();
        }
        // This fails only if it was waited for already, and nobody else does.
        let _ = self.child.wait();
        log.join().unwrap_or_default().into()
    }

    fn has_ended_in_time(&self) -> bool {
        let deadline = Instant::now() + SPAWN_MAX;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.ended.recv_timeout(left) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The path of the server: beside this program, else in `$PATH`.
fn program() -> PathBuf {
    let this = env::current_exe().ok();
    let beside = this.and_then(|this| Some(this.parent()?.join(PROGRAM)));
    beside.filter(|path| path.is_file()).unwrap_or_else(|| PROGRAM.into())
}

fn command(program: &Path, data: &Path, options: &[String]) -> Command {
    let mut command = Command::new(program);
    // The environment's options are meant for another server.
    for (name, _) in env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"CHATSRV_") {
            command.env_remove(name);
        }
    }
    command
        .args(["--port", "0", "--listen", HOST, "--data"])
        .arg(data)
        .args(defaults(options))
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // With a process group of its own, Ctrl-C reaches only this program, which terminates the
        // server.
        .process_group(0);
    command
}

/// The defaults that `options` does not override.
fn defaults(options: &[String]) -> Vec<&'static str> {
    let is_given = |name: &str| {
        let words = options.iter().map(|word| word.split('=').next());
        words.flatten().any(|word| word == name)
    };
    let rest = DEFAULTS.iter().filter(|(name, _)| !is_given(name));
    rest.flat_map(|(name, value)| [*name, *value]).collect()
}

fn make_file(data: &Path) -> std::io::Result<()> {
    let folder = data.join("files");
    fs::create_dir(&folder)?;
    let mut bytes = std::io::repeat(b'.').take(SPAWN_FILE_BYTES);
    std::io::copy(&mut bytes, &mut fs::File::create(folder.join(FILE_NAME))?)?;
    Ok(())
}

/// Creates a certificate and its key. Returns the path of the certificate, and the server's options
/// for both.
fn certify(folder: &Path) -> std::io::Result<(PathBuf, Vec<String>)> {
    let made = rcgen::generate_simple_self_signed([HOST.to_owned()]);
    let made = made.map_err(std::io::Error::other)?;
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    fs::write(&certificate, made.cert.pem())?;
    fs::write(&key, made.signing_key.serialize_pem())?;
    let option = |name: &str, path: &Path| format!("{name}={}", path.display());
    let options = vec![
        option("--tls-cert", &certificate),
        option("--tls-key", &key),
        "--tls-port=0".to_owned(),
    ];
    Ok((certificate, options))
}

/// Reads the server's log to its end. Sends the addresses on which it listens, `for_tls` or not, to
/// `listening`, and returns the last of the other lines.
fn read_log(
    stderr: Option<ChildStderr>,
    for_tls: bool,
    listening: &Sender<SocketAddr>,
) -> VecDeque<String> {
    let mut last = VecDeque::new();
    let Some(stderr) = stderr else { return last };
    for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        if let Some((_, address)) = line.split_once("listening on ") {
            let address = address.trim();
            let (address, is_tls) = match address.strip_suffix(" (TLS)") {
                Some(address) => (address, true),
                None => (address, false),
            };
            if let (Ok(address), true) = (address.parse(), is_tls == for_tls) {
                // It fails only after the end of the run.
                let _ = listening.send(address);
            }
            continue;
        }
        if last.len() == SERVER_LOG_LINES_MAX {
            last.pop_front();
        }
        last.push_back(line.escape_debug().to_string());
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_for_the_server_takes_the_place_of_a_default() {
        let all = defaults(&[]);
        assert!(all.contains(&"--rate") && all.contains(&"--log"));
        let rest = defaults(&["--rate=5".into(), "--log".into(), "info".into()]);
        assert_eq!(rest, ["--password-cost", "low", "--presence-limit", "0"]);
    }
}
