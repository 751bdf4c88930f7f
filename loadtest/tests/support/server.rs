//! A faulty server: it speaks as much of the protocol as loadtest needs, and commits one fault on
//! demand, which loadtest has to find.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

/// The fault that the server commits, once, against the client with number 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mischief {
    /// No fault.
    None,
    /// It does not deliver a message.
    Lose,
    /// It does not deliver a message to the other session of its sender.
    LoseOwn,
    /// It delivers a message twice.
    Double,
    /// It delivers a message after the next one of the same sender.
    Swap,
    /// It changes a byte of a message.
    Damage,
    /// It delivers a message to its sender.
    Echo,
    /// It closes the connection.
    HangUp,
    /// It refuses a message.
    Refuse,
    /// It says that it is busy at the first login.
    Busy,
    /// It refuses the login of that client.
    TurnAway,
    /// It sends one byte less of a file than it announced.
    ShortFile,
    /// It accepts connections and sends nothing.
    Silence,
}

impl Mischief {
    /// Returns true if a message is not delivered because of it, so that loadtest waits for it
    /// until the end.
    pub fn loses(self) -> bool {
        matches!(self, Mischief::Lose | Mischief::LoseOwn | Mischief::Damage | Mischief::HangUp)
    }
}

/// The size of its only file.
pub const FILE_BYTES: usize = 100_000;
/// Its name.
pub const FILE_NAME: &str = "a file.bin";

/// The index of the message for that client that the fault affects, from 0: one in the middle of
/// every run.
const CHOSEN: usize = 3;
/// The end of the name of the client that the fault affects, in its first session. It is none of
/// the senders.
const VICTIM: &str = "-00002";

struct State {
    mischief: Mischief,
    told: Sender<()>,
    /// The sessions that are logged in, in order.
    members: Vec<Member>,
    messages: usize,
    /// The number of messages for the client that the fault affects.
    for_victim: usize,
    logins: usize,
    /// A delayed message, and its sender.
    held_back: Option<(String, String)>,
}

struct Member {
    name: String,
    is_beside: bool,
    socket: TcpStream,
}

/// A running server. Its threads end with their connections, or with the test.
pub struct Server {
    pub address: SocketAddr,
    /// Receives a signal for every broadcast.
    pub broadcasts: Receiver<()>,
}

impl Server {
    /// Starts a server on a free port.
    pub fn start(mischief: Mischief) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (told, broadcasts) = mpsc::channel();
        let state = Arc::new(Mutex::new(State {
            mischief,
            told,
            members: Vec::new(),
            messages: 0,
            for_victim: 0,
            logins: 0,
            held_back: None,
        }));
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                // Otherwise a line may wait for the acknowledgement of the one before (Nagle's
                // algorithm).
                socket.set_nodelay(true).unwrap();
                let state = Arc::clone(&state);
                // An error ends the connection; loadtest then reports what is missing.
                thread::spawn(move || serve(&state, socket));
            }
        });
        Server { address, broadcasts }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn serve(state: &Mutex<State>, mut socket: TcpStream) -> std::io::Result<()> {
    let (mut name, mut is_beside, mut is_logged_in) = (String::new(), false, false);
    if lock(state).mischief != Mischief::Silence {
        socket.write_all(b"C 220 test/1 1 ready\n")?;
    }
    for line in BufReader::new(socket.try_clone()?).lines() {
        let line = line?;
        let mut state = lock(state);
        if state.mischief == Mischief::Silence {
            continue;
        }
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["C", "USER", user, ref beside @ ..] => {
                (name, is_beside) = (user.to_owned(), *beside == ["BESIDE"]);
                writeln!(socket, "C 332 USER {user} new here")?;
            }
            ["D", _password] if !is_logged_in && !name.is_empty() => {
                is_logged_in = state.log_in(&name, is_beside, &mut socket)?;
            }
            ["C", "QUIET", _] if is_logged_in => socket.write_all(b"C 250 QUIET on\n")?,
            ["C", "GET", "0", ..] if line.ends_with(FILE_NAME) => state.send_file(&mut socket)?,
            ["C", "GET", ..] => socket.write_all(b"C 550 GET no such file\n")?,
            ["D", target, text] if is_logged_in => {
                state.deliver(&name, target, text, &mut socket)?;
            }
            _ => socket.write_all(b"C 530 - log in first\n")?,
        }
    }
    Ok(())
}

impl State {
    /// Answers a password. Returns true if the login is done.
    fn log_in(
        &mut self,
        name: &str,
        is_beside: bool,
        socket: &mut TcpStream,
    ) -> std::io::Result<bool> {
        self.logins += 1;
        if self.mischief == Mischief::Busy && self.logins == 1 {
            return socket.write_all(b"C 450 USER 1 busy\n").map(|()| false);
        }
        if self.mischief == Mischief::TurnAway && name.ends_with(VICTIM) {
            return socket.write_all(b"C 535 USER wrong password\n").map(|()| false);
        }
        self.members.push(Member { name: name.to_owned(), is_beside, socket: socket.try_clone()? });
        let unread = "C 150 UNREAD 1\nC 151 UNREAD bob 1 17";
        writeln!(socket, "{unread}\nC 230 USER {name} 10000 welcome").map(|()| true)
    }

    fn send_file(&mut self, socket: &mut TcpStream) -> std::io::Result<()> {
        writeln!(socket, "C 250 GET 7 {FILE_BYTES} {FILE_NAME}")?;
        let sent = FILE_BYTES - usize::from(self.mischief == Mischief::ShortFile);
        for chunk in vec![b'\n'; sent].chunks(60_000) {
            writeln!(socket, "F 7 {}", chunk.len())?;
            socket.write_all(chunk)?;
        }
        socket.write_all(b"F 7 0\n")
    }

    fn deliver(
        &mut self,
        sender: &str,
        target: &str,
        text: &str,
        reply: &mut TcpStream,
    ) -> std::io::Result<()> {
        let is_for_victim = target == "*" || target.ends_with(VICTIM);
        let is_chosen = is_for_victim && self.for_victim == CHOSEN;
        self.for_victim += usize::from(is_for_victim);
        self.messages += 1;
        // This fails if the test does not listen.
        let _ = self.told.send(());
        let id = 1_000_000 + self.messages;
        if is_chosen && self.mischief == Mischief::Refuse {
            return reply.write_all(b"C 450 MSG not now\n");
        }
        writeln!(reply, "C 250 MSG {id} {target} 1 0")?;
        let line = format!("D {id} {sender} {target} {text}\n");
        let late = self.held_back.take_if(|(from, _)| from == sender);
        for member in &mut self.members {
            let is_victim = member.name.ends_with(VICTIM) && !member.is_beside;
            if member.name == sender {
                let due = match self.mischief {
                    Mischief::Echo if is_chosen => true,
                    Mischief::LoseOwn if is_chosen => false,
                    _ => member.is_beside,
                };
                if due {
                    member.socket.write_all(line.as_bytes())?;
                }
                continue;
            }
            if target != "*" && target != member.name {
                continue;
            }
            let damaged = line.replace('m', "n");
            let bytes = match self.mischief {
                Mischief::Lose if is_victim && is_chosen => "",
                Mischief::Double if is_victim && is_chosen => &line.repeat(2),
                Mischief::Damage if is_victim && is_chosen => &damaged,
                Mischief::HangUp if is_victim && is_chosen => {
                    member.socket.shutdown(std::net::Shutdown::Both)?;
                    ""
                }
                Mischief::Swap if is_victim && is_chosen => {
                    self.held_back = Some((sender.to_owned(), line.clone()));
                    ""
                }
                _ => &line,
            };
            // This fails for a member that has disconnected.
            let _ = member.socket.write_all(bytes.as_bytes());
            if let (true, Some((_, late))) = (is_victim, &late) {
                let _ = member.socket.write_all(late.as_bytes());
            }
        }
        Ok(())
    }
}
