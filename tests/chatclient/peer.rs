//! A server that says exactly what a test wants, and clients that run against it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sha2::{Digest, Sha256};

/// No test takes nearly as long.
const DEADLINE: Duration = Duration::from_secs(30);

/// What a connection is made of: a socket, or TLS on one.
pub trait Wire: Read + Write + Send {
    /// Sends `bytes`, and with them, where there is a way to say it, that no more will come. The
    /// connection stays as it is.
    fn send_last(&mut self, bytes: &[u8]) {
        self.write_all(bytes).unwrap();
    }
}

impl Wire for TcpStream {}

/// Makes the server's side of a connection out of its socket.
pub type Dress = Box<dyn FnOnce(TcpStream) -> Box<dyn Wire> + Send>;

/// No TLS.
pub fn plain() -> Dress {
    Box::new(|stream| Box::new(stream))
}

/// The server's side of the one connection.
pub struct Peer {
    pub lines: BufReader<Box<dyn Wire>>,
}

impl Peer {
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.lines.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    #[track_caller]
    pub fn expect(&mut self, expected: &str) {
        assert_eq!(self.line(), expected);
    }

    /// The next line.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end_matches('\n').to_string()
    }

    /// Greets, and logs alice in, as one job does beside other sessions.
    pub fn log_in(&mut self) {
        self.send("C 220 chatsrv/0.1.0 1 ready\n");
        let line = self.line();
        assert_eq!(line.strip_suffix(" BESIDE").unwrap_or(&line), "C USER alice");
        self.send("C 331 USER alice send the password\n");
        self.expect("D secret");
        self.send("C 150 UNREAD 0\nC 230 USER alice 48213 welcome\n");
    }

    /// Greets, logs alice in as a client that goes on, and gives her a token.
    pub fn welcome(&mut self) {
        self.log_in();
        self.go_on();
    }

    /// Says what came to the protocol later.
    #[track_caller]
    pub fn more(&mut self) {
        self.expect("C MORE on");
        self.send("C 250 MORE\n");
    }

    /// Is an older server, which knows no more than the first ones did.
    #[track_caller]
    pub fn no_more(&mut self) {
        self.expect("C MORE on");
        self.send("C 500 - no such command\n");
    }

    /// Takes what a client asks for at once after its first login.
    #[track_caller]
    pub fn go_on(&mut self) {
        self.expect("C TOKEN");
        self.send("C 250 TOKEN t0ken\n");
        self.chats(&["* 1 0 1000000000000007 bob - before"]);
        self.ignored(&[]);
    }

    /// Lists whom alice ignores.
    #[track_caller]
    pub fn ignored(&mut self, users: &[&str]) {
        self.expect("C IGNORED");
        self.send(format!("C 150 IGNORED {}\n", users.len()));
        users.iter().for_each(|user| self.send(format!("C 151 IGNORED {user}\n")));
        self.send("C 250 IGNORED\n");
    }

    /// Lists all chats.
    #[track_caller]
    pub fn chats(&mut self, chats: &[&str]) {
        self.expect("C CHATS");
        self.send_chats(chats, 0);
    }

    /// Answers with a list of chats, and how many there are behind it.
    pub fn send_chats(&mut self, chats: &[&str], left: u64) {
        self.send(format!("C 150 CHATS {}\n", chats.len()));
        chats.iter().for_each(|chat| self.send(format!("C 151 CHATS {chat}\n")));
        self.send(format!("C 250 CHATS {left}\n"));
    }

    /// Is an older server, which does not list all chats.
    #[track_caller]
    pub fn no_chats(&mut self) {
        self.expect("C CHATS");
        self.send("C 500 - no such command\n");
    }

    /// Takes what a client asks an older server for after its first login.
    #[track_caller]
    pub fn go_on_as_before(&mut self) {
        self.expect("C TOKEN");
        self.send("C 250 TOKEN t0ken\n");
        self.no_chats();
        self.expect("C IGNORED");
        self.send("C 500 - no such command\n");
        self.expect("C OPEN * 1");
        self.list("OPEN", &["1000000000000007 bob * before"], "* 0");
    }

    /// Greets one that comes back with the token, and tells it what is unread.
    pub fn resume(&mut self, unread: &[&str]) {
        self.send("C 220 chatsrv/0.1.0 1 ready\n");
        self.expect("C RESUME alice t0ken");
        self.send(format!("C 150 UNREAD {}\n", unread.len()));
        unread.iter().for_each(|item| self.send(format!("C 151 UNREAD {item}\n")));
        self.send("C 230 RESUME alice 48213\n");
        self.expect("C TOKEN");
        self.send("C 250 TOKEN t0ken\n");
    }

    /// Answers with a list of messages, and what stands behind its end.
    pub fn list(&mut self, verb: &str, messages: &[&str], end: &str) {
        self.send(format!("C 150 {verb} {}\n", messages.len()));
        messages.iter().for_each(|message| self.send(format!("D {message}\n")));
        self.send(format!("C 250 {verb} {end}\n"));
    }

    /// Tells one that comes back that nothing was said meanwhile.
    #[track_caller]
    pub fn nothing_missed(&mut self) {
        self.chats(&["* 1 0 1000000000000007 bob - before"]);
    }

    /// Takes a message and the key before it, which is returned.
    #[track_caller]
    pub fn message(&mut self, expected: &str) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        let key = line.strip_prefix("C KEY ").unwrap_or_else(|| panic!("no key: {line}"));
        self.expect(expected);
        self.send("C 250 KEY it marks your next message\n");
        key.trim_end().to_string()
    }

    /// Takes the goodbye of a client, which has no use for its token any more if it has one.
    #[track_caller]
    pub fn goodbye(&mut self) {
        let mut line = self.line();
        if line == "C TOKEN END" {
            line = self.line();
            self.send("C 250 TOKEN your tokens are over\n");
        }
        assert_eq!(line, "C EX");
        self.send("C 221 EX goodbye\n");
    }

    /// Takes the end of the connection, which with TLS has to be a proper one.
    #[track_caller]
    pub fn end(&mut self) {
        let mut rest = Vec::new();
        self.lines.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"");
    }

    /// Answers the request for the SHA-256 of `content`, named `name`.
    pub fn sum(&mut self, name: &str, content: &[u8]) {
        self.expect(&format!("C SUM {name}"));
        self.send_sum(name, content);
    }

    /// Answers the request for the SHA-256 of a file that was sent.
    pub fn send_sum_when_asked(&mut self, asked: &str, name: &str, content: &[u8]) {
        self.expect(&format!("C SUM {asked}"));
        self.send_sum(name, content);
    }

    pub fn send_sum(&mut self, name: &str, content: &[u8]) {
        self.send(format!("C 250 SUM {} {} {name}\n", sum_of(content), content.len()));
    }
}

/// The SHA-256 of `content`, as it stands on the wire.
pub fn sum_of(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub type Script = Box<dyn FnOnce(&mut Peer) + Send>;

/// Runs `script` as the server of one connection; returns the port.
pub fn serve(script: impl FnOnce(&mut Peer) + Send + 'static) -> (u16, JoinHandle<()>) {
    serve_all(vec![Box::new(script)])
}

/// Runs each script as the server of one connection, one after the other.
pub fn serve_all(scripts: Vec<Script>) -> (u16, JoinHandle<()>) {
    let scripts = scripts.into_iter();
    serve_wires(scripts.map(|script| (plain(), script)).collect())
}

/// Runs each script on a connection that was made in its own way, one after the other.
pub fn serve_wires(scripts: Vec<(Dress, Script)>) -> (u16, JoinHandle<()>) {
    serve_wires_on(IpAddr::from([127, 0, 0, 1]), scripts)
}

/// The same at an address of this machine.
pub fn serve_wires_on(host: IpAddr, scripts: Vec<(Dress, Script)>) -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind((host, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        for (dress, script) in scripts {
            let stream = accept(&listener);
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
            script(&mut Peer { lines: BufReader::new(dress(stream)) });
        }
    });
    (port, server)
}

/// Waits for a connection, and fails where none comes.
fn accept(listener: &TcpListener) -> TcpStream {
    let deadline = Timespec { tv_sec: DEADLINE.as_secs() as i64, tv_nsec: 0 };
    let ready = poll(&mut [PollFd::new(listener, PollFlags::IN)], Some(&deadline));
    assert_eq!(ready, Ok(1), "the client does not connect");
    listener.accept().unwrap().0
}

pub fn client(folder: &Path, port: u16) -> Command {
    client_of(folder, "127.0.0.1", port)
}

/// A client of the server on `host`.
pub fn client_of(folder: &Path, host: &str, port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatclient"));
    command.args([host, &port.to_string(), "alice"]);
    command.current_dir(folder).env_clear().env("CHAT_PASSWORD", "secret").env("TZ", "UTC");
    command.env("CHAT_RETRY", "20s");
    command
}

/// Runs it with `input` on its standard input, and kills it where it does not end.
pub fn run(mut command: Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // One that has already failed reads nothing.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let pid = rustix::process::Pid::from_child(&child);
    let (done, outcome) = mpsc::channel();
    thread::spawn(move || done.send(child.wait_with_output()));
    outcome.recv_timeout(DEADLINE).map(Result::unwrap).unwrap_or_else(|_| {
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        panic!("the client did not end");
    })
}

pub fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

pub fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// Runs a client with `input` against `script`.
#[track_caller]
pub fn talk(input: &str, script: impl FnOnce(&mut Peer) + Send + 'static) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(script);
    let output = run(client(folder.path(), port), input);
    server.join().unwrap();
    output
}

/// Runs a client with `input` against one script a connection.
#[track_caller]
pub fn talk_through(input: &str, scripts: Vec<Script>) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve_all(scripts);
    let output = run(client(folder.path(), port), input);
    server.join().unwrap();
    output
}
