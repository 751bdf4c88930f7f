//! Notifications to the service manager, if there is one (sd_notify(3)).
//!
//! The socket is non-blocking: a service manager that is busy or hangs must not block the event
//! loop. A notification that it does not take is sent again a little later.

use std::io;
use std::time::Duration;

use rustix::io::Errno;
use socket2::{Domain, SockAddr, Socket, Type};

/// The environment variable with the address of the service manager's socket.
const NOTIFY_SOCKET: &str = "NOTIFY_SOCKET";

/// The connection to the service manager, with the notifications that it has not taken yet.
#[derive(Debug)]
pub struct Service {
    /// The period of watchdog notifications, if the service manager asks for them.
    watchdog: Option<Duration>,
    /// Our socket, and the address of the service manager's, if there is one.
    manager: Option<(Socket, SockAddr)>,
    /// The notifications that it did not take.
    unsaid: String,
    /// Whether a timer is set to send them again.
    is_timed: bool,
}

impl Service {
    /// Reads from the environment whether there is a service manager and what it asks for.
    pub fn new() -> Self {
        let manager = manager().unwrap_or_else(|error| {
            log::warn!("event=notify-failed error={error}");
            None
        });
        // Half of the timeout, as sd_watchdog_enabled(3) advises.
        let watchdog = sd_notify::watchdog_enabled().map(|longest| longest / 2);
        Service { watchdog, manager, unsaid: String::new(), is_timed: false }
    }

    /// Notifies that the server accepts connections.
    pub fn ready(&mut self) {
        self.say("READY=1\n");
    }

    /// Notifies that the event loop runs, with the number of connections as the status. Returns
    /// after what time to do so again; `None` if no watchdog is enabled.
    pub fn watchdog(&mut self, connections: usize) -> Option<Duration> {
        let period = self.watchdog?;
        // It is queued once, however often it was not taken.
        if self.unsaid.contains(WATCHDOG) {
            self.say_again();
        } else {
            self.say(&format!("{WATCHDOG}STATUS={connections} connections\n"));
        }
        Some(period)
    }

    /// Notifies that the server stops, which may take `time`.
    pub fn stopping(&mut self, time: Duration) {
        self.say(&format!("STOPPING=1\nEXTEND_TIMEOUT_USEC={}\n", time.as_micros()));
    }

    /// Returns true if the caller is to set a timer to send again what was not taken. It is true
    /// once until [`Service::timer_due`].
    pub fn needs_timer(&mut self) -> bool {
        let needs_timer = self.is_behind() && !self.is_timed;
        self.is_timed |= needs_timer;
        needs_timer
    }

    /// Sends again what was not taken; called when the timer of [`Service::needs_timer`] fires.
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

/// The watchdog notification (sd_notify(3)).
const WATCHDOG: &str = "WATCHDOG=1\n";

/// Opens a socket, and reads the address of the service manager's.
fn manager() -> io::Result<Option<(Socket, SockAddr)>> {
    let Some(path) = std::env::var_os(NOTIFY_SOCKET).filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let path = path.into_encoded_bytes();
    // An abstract address (unix(7)) is written with `@` instead of its leading zero byte.
    let address = match path.strip_prefix(b"@") {
        Some(name) => SockAddr::unix(text([&[0], name].concat())?)?,
        None => SockAddr::unix(text(path)?)?,
    };
    Ok(Some((Socket::new(Domain::UNIX, Type::DGRAM.nonblocking(), None)?, address)))
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidFilename.into())
}
