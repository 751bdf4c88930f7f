//! The service manager, where there is one (sd_notify(3)).

use std::time::Duration;

use sd_notify::NotifyState;

/// Tells systemd how the server is.
#[derive(Debug)]
pub struct Service {
    /// How often it wants to hear that the loop turns.
    watchdog: Option<Duration>,
}

impl Service {
    /// Reads from the environment what the service manager wants.
    pub fn new() -> Self {
        // Half of what is allowed, as sd_watchdog_enabled(3) advises.
        Service { watchdog: sd_notify::watchdog_enabled().map(|longest| longest / 2) }
    }

    /// Connections are taken from now on.
    pub fn ready(&self) {
        notify(&[NotifyState::Ready]);
    }

    /// The loop turns, with so many connections; when to say so again.
    pub fn watchdog(&self, connections: usize) -> Option<Duration> {
        let period = self.watchdog?;
        let status = format!("{connections} connections");
        notify(&[NotifyState::Watchdog, NotifyState::Status(&status)]);
        Some(period)
    }

    /// The server is about to end, which may take so long.
    pub fn stopping(&self, time: Duration) {
        let time = format!("EXTEND_TIMEOUT_USEC={}", time.as_micros());
        notify(&[NotifyState::Stopping, NotifyState::Custom(&time)]);
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        log::warn!("event=notify-failed error={error}");
    }
}
