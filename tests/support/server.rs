//! A server process of the test's own.

use std::fs;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, Signal, getrlimit, kill_process, pidfd_open, prlimit,
};
use tempfile::TempDir;

use super::{Client, Log, Options, PATIENCE};

/// What a test runs its servers with, where it does not say otherwise.
const DEFAULTS: [(&str, &str); 4] =
    [("--port", "0"), ("--listen", "127.0.0.1"), ("--password-cost", "low"), ("--rate", "0")];

/// The server's command without any option, and with nothing of the surroundings that it reads.
pub fn bare_command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatsrv"));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        let read = ["CHATSRV_", "NOTIFY_", "WATCHDOG_", "LISTEN_", "RUST_LOG", "STATE_DIRECTORY"];
        if read.iter().any(|prefix| name_text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command
}

/// The server's command with its data in `data`, `args`, and defaults fit for a test.
pub fn command(data: &Path, args: &[&str]) -> Command {
    let mut command = bare_command();
    command.arg("--data").arg(data);
    for (option, value) in DEFAULTS {
        if !args.contains(&option) {
            command.args([option, value]);
        }
    }
    command.args(args);
    command
}

/// How a process ended.
pub struct Finished {
    /// Its exit code.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

/// Runs a command that ends by itself.
pub fn finish(mut command: Command) -> Finished {
    command.stdout(Stdio::piped());
    finish_with_its_output(command)
}

/// The same, with the command's own standard output.
pub fn finish_with_its_output(mut command: Command) -> Finished {
    let mut child = command.stderr(Stdio::piped()).spawn().expect("the server's binary starts");
    let log = Log::follow(child.stderr.take().expect("it is piped"));
    let Some(status) = wait(&mut child) else {
        signal(&child, Signal::KILL);
        let _ = child.wait();
        panic!("{command:?} does not end\n{log}");
    };
    let mut text = String::new();
    if let Some(mut stdout) = child.stdout {
        stdout.read_to_string(&mut text).expect("standard output is UTF-8");
    }
    Finished { code: status.code(), stdout: text, stderr: log.wait_for_end().join("\n") }
}

/// A running server. Dropped, it is stopped, and held to have stopped well.
pub struct Server {
    child: Child,
    address: SocketAddr,
    log: Log,
    folder: TempDir,
    args: Vec<String>,
    running: bool,
}

impl Server {
    /// Starts a server in a new folder and waits until it listens.
    pub fn start(args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let command = command(&folder.path().join("data"), args);
        Server::spawn(command, folder, args)
    }

    /// Starts `command`, whose files are in `folder`, and waits until it listens.
    pub fn spawn(command: Command, folder: TempDir, args: &[&str]) -> Self {
        let (child, log, address) = launch(command);
        let args = args.iter().map(ToString::to_string).collect();
        Server { child, address, log, folder, args, running: true }
    }

    /// Starts `command`, whose files are in `folder` and whose standard error it has already, which
    /// `log` reads, and waits until it listens.
    pub fn spawn_with_log(command: Command, folder: TempDir, log: Log) -> Self {
        let (child, address) = launch_with_log(command, &log);
        Server { child, address, log, folder, args: Vec::new(), running: true }
    }

    /// Where it listens; for TLS where it takes nothing else.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens for TLS.
    pub fn tls_address(&self) -> SocketAddr {
        let port = self.log.wait_for("listening on 127.0.0.1:… (TLS)").remove(0);
        SocketAddr::from(([127, 0, 0, 1], port.parse().expect("a port")))
    }

    /// What it writes to standard error.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The shared folder.
    pub fn files(&self) -> PathBuf {
        self.data().join("files")
    }

    /// Puts a file into the shared folder, and its folders before it.
    pub fn write_file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.files().join(name);
        fs::create_dir_all(path.parent().expect("a file stands in a folder")).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// A connection of which nothing was read yet.
    pub fn open(&self) -> Client {
        Client::open(self, &Options::default())
    }

    /// A connection that was greeted.
    pub fn connect(&self) -> Client {
        Client::connect(self)
    }

    /// A new account, logged in.
    pub fn register(&self, name: &str) -> Client {
        let mut client = self.connect();
        client.register(name);
        client
    }

    /// A known account, logged in.
    pub fn login(&self, name: &str) -> Client {
        let mut client = self.connect();
        client.login(name);
        client
    }

    /// Sets below which number the next files that it opens have to be; none is as high as there
    /// are.
    pub fn limit_files(&self, below: Option<u64>) {
        let maximum = getrlimit(Resource::Nofile).maximum;
        let limit = Rlimit { current: below.or(maximum), maximum };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Nofile, limit)
            .expect("a soft limit may be set");
    }

    /// Sends a signal.
    pub fn signal(&self, what: Signal) {
        signal(&self.child, what);
    }

    /// Waits until the process has ended.
    pub fn wait(&mut self) -> ExitStatus {
        self.running = false;
        wait(&mut self.child).unwrap_or_else(|| {
            signal(&self.child, Signal::KILL);
            panic!("the server does not end\n{}", self.log)
        })
    }

    /// Whether the process ends by itself within so much time.
    pub fn ends_within(&self, time: Duration) -> bool {
        ends_within(&self.child, time).expect("the process can be waited for")
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Stops it and starts it again on the same folder.
    pub fn restart(&mut self) {
        let args = self.args.clone();
        self.restart_with(&args.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// Stops it and starts it again on the same folder with other options.
    pub fn restart_with(&mut self, args: &[&str]) {
        assert_eq!(self.stop().code(), Some(0), "{}", self.log);
        self.start_again(args);
    }

    /// Stops it and starts `command` in its place, whose data are in the same folder.
    pub fn replace(&mut self, command: Command) {
        assert_eq!(self.stop().code(), Some(0), "{}", self.log);
        (self.child, self.log, self.address) = launch(command);
        self.running = true;
    }

    /// Ends it as a crash would, and starts it again on the same folder.
    pub fn crash_and_restart(&mut self) {
        self.signal(Signal::KILL);
        assert_eq!(self.wait().signal(), Some(Signal::KILL.as_raw()));
        let args = self.args.clone();
        self.start_again(&args.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// Ends it as a crash would.
    pub fn crash(&mut self) {
        self.signal(Signal::KILL);
        assert_eq!(self.wait().signal(), Some(Signal::KILL.as_raw()));
    }

    /// Starts it again after a crash, on the same folder and the same port.
    pub fn come_back(&mut self) {
        let port = self.address.port().to_string();
        let mut args = self.args.clone();
        if !args.contains(&"--port".to_string()) {
            args.extend(["--port".to_string(), port]);
            // Beside a free port there is none for browsers.
            if !args.contains(&"--http-port".to_string()) {
                args.extend(["--http-port".to_string(), "off".to_string()]);
            }
        }
        self.start_again(&args.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// How much of the memory it holds now, in bytes.
    pub fn resident_bytes(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most of the memory that it ever held, in bytes.
    pub fn resident_bytes_max(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// How much CPU time its main thread has used, which is the one with the loop.
    pub fn loop_time(&self) -> Duration {
        let id = self.child.id();
        let stat = fs::read_to_string(format!("/proc/{id}/task/{id}/stat")).unwrap();
        // proc(5): behind the name in brackets, user and system time are the 12th and 13th word.
        let words: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: u64 = words[11].parse::<u64>().unwrap() + words[12].parse::<u64>().unwrap();
        // USER_HZ is 100.
        Duration::from_millis(ticks * 10)
    }

    /// How many file descriptors it has open.
    pub fn open_files(&self) -> usize {
        let of_store = |path: &Path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("chatsrv.db") || name.starts_with("search.sqlite")
        };
        let files = fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap();
        // One that was closed meanwhile leads nowhere.
        let leads_to = |file: fs::DirEntry| fs::read_link(file.path()).ok();
        files.filter_map(|file| leads_to(file.unwrap())).filter(|path| !of_store(path)).count()
    }

    /// Starts it again on the same folder, once it has ended.
    pub fn start_again(&mut self, args: &[&str]) {
        (self.child, self.log, self.address) = launch(command(&self.data(), args));
        self.args = args.iter().map(ToString::to_string).collect();
        self.running = true;
    }

    fn status(&self, key: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("a known key");
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kib * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !self.running {
            return;
        }
        if std::thread::panicking() {
            signal(&self.child, Signal::KILL);
            let _ = self.child.wait();
            return;
        }
        assert_eq!(self.stop().code(), Some(0), "a server stops well\n{}", self.log);
        for line in self.log.wait_for_end() {
            let control = line.contains(|c: char| c.is_control() && c != '\t');
            assert!(!control, "a control character in the log: {line:?}");
            assert!(!line.contains("panicked at"), "a thread panicked\n{}", self.log);
        }
    }
}

fn launch(mut command: Command) -> (Child, Log, SocketAddr) {
    let (reader, writer) = io::pipe().expect("there is a pipe");
    command.stderr(writer);
    let log = Log::follow(reader);
    let (child, address) = launch_with_log(command, &log);
    (child, log, address)
}

fn launch_with_log(mut command: Command, log: &Log) -> (Child, SocketAddr) {
    let mut child = command.spawn().expect("the server's binary starts");
    // Its end of the log has to be the last one.
    let shown = format!("{command:?}");
    drop(command);
    // Where it takes nothing but TLS, that stands behind the port.
    let port = log.find("listening on 127.0.0.1:…");
    let port = port.and_then(|found| found[0].trim_end_matches(" (TLS)").parse().ok());
    let Some(port) = port else {
        signal(&child, Signal::KILL);
        let _ = child.wait();
        panic!("{shown} does not listen\n{log}");
    };
    (child, SocketAddr::from(([127, 0, 0, 1], port)))
}

fn signal(child: &Child, what: Signal) {
    // The process is not waited for yet, so the number is still its own; it may be a zombie.
    kill_process(Pid::from_child(child), what).expect("the server's process is there");
}

/// Waits for the end of a process; `None` where it takes too long.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    match ends_within(child, PATIENCE) {
        Ok(true) => child.wait().ok(),
        Ok(false) | Err(_) => None,
    }
}

/// Whether a process ends within so much time. It is still to be waited for then.
fn ends_within(child: &Child, time: Duration) -> io::Result<bool> {
    let pidfd = pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
    let deadline = Instant::now() + time;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&timeout)) {
            Ok(ready) => return Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
