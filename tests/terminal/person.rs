//! A person at a terminal of a certain width.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::screen::Screen;
use crate::support::{PATIENCE, Server, password_of};

/// A client, and the terminal it runs at.
pub struct Person {
    child: Child,
    terminal: File,
    written: Receiver<Vec<u8>>,
    pub screen: Screen,
    pub everything: Vec<u8>,
}

impl Person {
    /// Starts a client that asks for everything but the server, on a terminal of some width.
    pub fn sit_down(server: &Server, folder: &Path, columns: u16) -> Self {
        let (host, port) = (server.address().ip().to_string(), server.address().port().to_string());
        Person::sit_down_with(&[&host, &port], folder, columns)
    }

    /// Starts a client as the server's operator.
    pub fn operator(server: &Server, folder: &Path, columns: u16) -> Self {
        let socket = server.data().join("admin.sock");
        let socket = socket.to_str().expect("the folder's path is UTF-8");
        let mut person = Person::sit_down_with(&[socket], folder, columns);
        person.wait_for_prompt("operator>");
        person
    }

    /// Starts a client with these arguments.
    pub fn sit_down_with(args: &[&str], folder: &Path, columns: u16) -> Self {
        Person::sit_down_at("xterm", args, folder, columns)
    }

    /// Starts a client with these arguments, at a terminal of that kind.
    pub fn sit_down_at(kind: &str, args: &[&str], folder: &Path, columns: u16) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        set_width(&terminal, columns);
        let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
        let open = || OpenOptions::new().read(true).write(true).open(&name).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatclient"));
        command.args(args);
        command.current_dir(folder).env_clear().env("TERM", kind).env("TZ", "UTC");
        // In a group of its own it can be stopped: this process is there to continue it.
        command.process_group(0);
        let child = command.stdin(open()).stdout(open()).stderr(open()).spawn().unwrap();
        let mut reader = File::from(terminal.try_clone().unwrap());
        let (sender, written) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // The terminal's other side is closed when the client ends.
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        let screen = Screen::new(columns.into());
        let terminal = File::from(terminal);
        Person { child, terminal, written, screen, everything: Vec::new() }
    }

    /// Registers a new account.
    pub fn register(server: &Server, folder: &Path, columns: u16, name: &str) -> Self {
        let mut person = Person::sit_down(server, folder, columns);
        person.sign_up(name);
        person
    }

    /// Answers what is asked of somebody who is new.
    pub fn sign_up(&mut self, name: &str) {
        self.wait_for_prompt("name:");
        self.type_keys(&format!("{name}\r"));
        for prompt in ["new here; choose a password:", "the same password again:"] {
            self.wait_for_prompt(prompt);
            self.type_keys(&format!("{}\r", password_of(name)));
        }
        self.wait_for_prompt(&format!("{name}>"));
    }

    /// Logs in to an account that stands.
    pub fn log_in(server: &Server, folder: &Path, columns: u16, name: &str) -> Self {
        let mut person = Person::sit_down(server, folder, columns);
        person.wait_for_prompt("name:");
        person.type_keys(&format!("{name}\r"));
        person.wait_for_prompt("password:");
        person.type_keys(&format!("{}\r", password_of(name)));
        person.wait_for_prompt(&format!("{name}>"));
        person
    }

    pub fn type_keys(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).unwrap();
    }

    /// Pastes lines, and has each of them taken.
    pub fn paste_lines(&mut self, lines: &str) {
        self.type_keys(&format!("\x1b[200~{lines}\x1b[201~y"));
    }

    /// Reads what the client writes until the screen is as it should be.
    #[track_caller]
    pub fn wait_until(&mut self, what: &str, mut holds: impl FnMut(&Screen) -> bool) {
        // A client that lost its server several times may wait half a minute before it tries again.
        let deadline = Instant::now() + 4 * PATIENCE;
        while !holds(&self.screen) {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(bytes) = self.written.recv_timeout(left) else {
                panic!("waited for {what}, and saw:\n{}", self.screen.rows().join("\n"));
            };
            self.everything.extend_from_slice(&bytes);
            self.screen.write(&bytes);
        }
    }

    #[track_caller]
    pub fn wait_for_row(&mut self, part: &str) {
        self.wait_until(part, |screen| screen.rows().iter().any(|row| row.contains(part)));
    }

    /// Waits until the row of the cursor reads like that.
    #[track_caller]
    pub fn wait_for_prompt(&mut self, row: &str) {
        self.wait_until(row, |screen| screen.cursor().0 == row);
    }

    /// Reads what the client writes until it has told the terminal that, so often in all.
    #[track_caller]
    pub fn wait_until_written(&mut self, what: &str, count: usize) {
        while String::from_utf8_lossy(&self.everything).matches(what).count() < count {
            let Ok(bytes) = self.written.recv_timeout(PATIENCE) else {
                panic!("waited for {what:?}, and saw:\n{}", self.screen.rows().join("\n"));
            };
            self.everything.extend_from_slice(&bytes);
            self.screen.write(&bytes);
        }
    }

    /// The same for a client that is being stopped: it is continued until it has.
    #[track_caller]
    pub fn go_on_until_written(&mut self, what: &str, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while String::from_utf8_lossy(&self.everything).matches(what).count() < count {
            assert!(Instant::now() < deadline, "{what:?} was not written");
            // It may not have stopped yet, and would then stop all the same.
            self.signal(Signal::CONT);
            if let Ok(bytes) = self.written.recv_timeout(Duration::from_millis(50)) {
                self.everything.extend_from_slice(&bytes);
                self.screen.write(&bytes);
            }
        }
    }

    /// Reads what a client has written that has ended.
    pub fn read_the_rest(&mut self) {
        while let Ok(bytes) = self.written.recv_timeout(PATIENCE) {
            self.everything.extend_from_slice(&bytes);
        }
    }

    pub fn resize(&mut self, columns: u16) {
        set_width(&self.terminal, columns);
        self.signal(Signal::WINCH);
    }

    /// Whether the terminal shows what is typed.
    pub fn echoes(&self) -> bool {
        tcgetattr(&self.terminal).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end of the client; returns its exit code.
    pub fn wait_for_end(&mut self) -> Option<i32> {
        let pid = Pid::from_child(&self.child);
        let (done, ended) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| done.send(self.child.wait().unwrap().code()));
            ended.recv_timeout(PATIENCE).unwrap_or_else(|_| {
                kill_process(pid, Signal::KILL).unwrap();
                panic!("the client does not end");
            })
        })
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        // One that has ended already can't be killed, and need not be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn set_width(terminal: impl std::os::fd::AsFd, columns: u16) {
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(terminal, size).unwrap();
}
