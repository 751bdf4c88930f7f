//! A connection of an attacker: it sends, drops what comes, and may be closed at any time.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::support::{Client, Options, Server, password_of};

/// How long an attacker waits for a byte, or for room for one.
const MOMENT: Duration = Duration::from_millis(10);

/// A connection of an attacker.
pub struct Foe {
    socket: TcpStream,
    /// What was not taken yet, so that lines stay whole.
    unsent: Vec<u8>,
}

impl Foe {
    /// Connects, whatever becomes of it.
    pub fn connect(address: SocketAddr, from: Ipv4Addr) -> Self {
        let options = Options { from, ..Options::default() };
        Foe::over(Client::socket(address, &options))
    }

    /// An account of the attacker, which is registered and logged in.
    pub fn with_account(server: &Server, from: Ipv4Addr, name: &str) -> Self {
        let mut client = Client::open(server, &Options { from, ..Options::default() });
        client.expect("C 220 …");
        client.register(name);
        Foe::over(client.writer())
    }

    /// One more session of such an account.
    pub fn beside(server: &Server, from: Ipv4Addr, name: &str) -> Self {
        let mut foe = Foe::connect(server.address(), from);
        foe.send(format!("C USER {name} BESIDE\nD {}\n", password_of(name)).as_bytes());
        foe
    }

    fn over(socket: TcpStream) -> Self {
        socket.set_read_timeout(Some(MOMENT)).unwrap();
        socket.set_write_timeout(Some(MOMENT)).unwrap();
        Foe { socket, unsent: Vec::new() }
    }

    /// Sends as much of `bytes` as is taken at once, where nothing is left from before. Returns
    /// false if the connection is lost.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        if self.unsent.is_empty() {
            self.unsent.extend_from_slice(bytes);
        }
        match self.socket.write(&self.unsent) {
            Ok(taken) => drop(self.unsent.drain(..taken)),
            Err(error) if is_blocked(error.kind()) => {}
            Err(_) => return false,
        }
        true
    }

    /// Reads and drops what has come. Returns false if the connection is over.
    pub fn read(&mut self) -> bool {
        match self.socket.read(&mut [0; 65_536]) {
            Ok(count) => count > 0,
            Err(error) => is_blocked(error.kind()),
        }
    }

    /// Sends without end and drops what comes, until the connection is over or `goes_on` is false.
    pub fn flood(&mut self, bytes: &[u8], goes_on: impl Fn() -> bool) {
        while goes_on() && self.send(bytes) && self.read() {}
    }
}

fn is_blocked(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
