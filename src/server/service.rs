//! The service manager, where there is one (sd_notify(3)).
//!
//! Its socket is one that does not block: a service manager that is busy, or stands still, must not
//! hold up the loop. What it does not take is said again a little later.

use std::io;
use std::time::Duration;

use rustix::io::Errno;
use socket2::{Domain, SockAddr, Socket, Type};

/// The variable with the address of the service manager's socket.
const NOTIFY_SOCKET: &str = "NOTIFY_SOCKET";

/// Tells systemd how the server is.
#[derive(Debug)]
pub struct Service {
    /// How often it wants to hear that the loop turns.
    watchdog: Option<Duration>,
    /// The socket, and the address of the service manager's, where there is one.
    manager: Option<(Socket, SockAddr)>,
    /// What it did not take.
    unsaid: String,
    /// Whether a timer stands for saying it again.
    is_timed: bool,
}

impl Service {
    /// Reads from the environment what the service manager wants.
    pub fn new() -> Self {
        let manager = manager().unwrap_or_else(|error| {
            log::warn!("event=notify-failed error={error}");
            None
        });
        // Half of what is allowed, as sd_watchdog_enabled(3) advises.
        let watchdog = sd_notify::watchdog_enabled().map(|longest| longest / 2);
        Service { watchdog, manager, unsaid: String::new(), is_timed: false }
    }

    /// Connections are taken from now on.
    pub fn ready(&mut self) {
        self.say("READY=1\n");
    }

    /// The loop turns, with so many connections; when to say so again.
    pub fn watchdog(&mut self, connections: usize) -> Option<Duration> {
        let period = self.watchdog?;
        // Said once, however often it was not taken.
        if self.unsaid.contains(WATCHDOG) {
            self.say_again();
        } else {
            self.say(&format!("{WATCHDOG}STATUS={connections} connections\n"));
        }
        Some(period)
    }

    /// The server is about to end, which may take so long.
    pub fn stopping(&mut self, time: Duration) {
        self.say(&format!("STOPPING=1\nEXTEND_TIMEOUT_USEC={}\n", time.as_micros()));
    }

    /// Whether a timer is to be set for what was not taken: none stands for that yet.
    pub fn needs_timer(&mut self) -> bool {
        let needs_timer = self.is_behind() && !self.is_timed;
        self.is_timed |= needs_timer;
        needs_timer
    }

    /// That timer is due: says again what was not taken.
    pub fn timer_due(&mut self) {
        self.is_timed = false;
        self.say_again();
    }

    fn is_behind(&self) -> bool {
        !self.unsaid.is_empty()
    }

    fn say_again(&mut self) {
        let Some((socket, address)) = self.manager.as_ref().filter(|_| self.is_behind()) else {
            return;
        };
        match socket.send_to(self.unsaid.as_bytes(), address) {
            Ok(_) => self.unsaid.clear(),
            Err(error) if Errno::from_io_error(&error) == Some(Errno::AGAIN) => {}
            Err(error) => {
                self.unsaid.clear();
                log::warn!("event=notify-failed error={error}");
            }
        }
    }

    fn say(&mut self, lines: &str) {
        if self.manager.is_some() {
            self.unsaid += lines;
            self.say_again();
        }
    }
}

const WATCHDOG: &str = "WATCHDOG=1\n";

/// A socket of one's own, and the address of the service manager's.
fn manager() -> io::Result<Option<(Socket, SockAddr)>> {
    let Some(path) = std::env::var_os(NOTIFY_SOCKET).filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let path = path.into_encoded_bytes();
    // An abstract name (unix(7)) is written with @ for the zero before it.
    let address = match path.strip_prefix(b"@") {
        Some(name) => SockAddr::unix(text([&[0], name].concat())?)?,
        None => SockAddr::unix(text(path)?)?,
    };
    Ok(Some((Socket::new(Domain::UNIX, Type::DGRAM.nonblocking(), None)?, address)))
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidFilename.into())
}
