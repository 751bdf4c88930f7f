//! Health: whether a part of the store works. A failure is logged once, and so is the recovery.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The shortest time between two reports of a part that fails and works in turns.
const REPORT_INTERVAL: Duration = Duration::from_secs(60);

/// The health of a part of the store. The threads of that part share it.
#[derive(Debug)]
pub(super) struct Health {
    part: &'static str,
    /// Whether it failed last, logged or not.
    is_failing: AtomicBool,
    told: Mutex<Told>,
}

/// What was logged about a part.
#[derive(Debug, Default)]
struct Told {
    failing: bool,
    last: Option<Instant>,
}

impl Health {
    /// Creates the health of a part that works; `part` is its name in the log.
    pub(super) fn new(part: &'static str) -> Self {
        Health { part, is_failing: AtomicBool::new(false), told: Mutex::default() }
    }

    /// Notes that the part failed, and logs it if it is news.
    pub(super) fn failed(&self, error: impl Display) {
        self.is_failing.store(true, Ordering::Relaxed);
        if self.is_news(Instant::now()) {
            log::error!("{} fails: {error}", self.part);
        }
    }

    /// Notes that the part worked, and logs the recovery if the failure was logged.
    pub(super) fn worked(&self) {
        self.is_failing.store(false, Ordering::Relaxed);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut told.failing) {
            log::info!("{} works again", self.part);
        }
    }

    /// Returns true if it failed last.
    pub(super) fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed)
    }

    /// Returns true if a failure at that time is to be logged, and notes that it was.
    fn is_news(&self, now: Instant) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let recently = told.last.is_some_and(|last| now < last + REPORT_INTERVAL);
        if told.failing || recently {
            return false;
        }
        *told = Told { failing: true, last: Some(now) };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_news_once_and_flapping_once_a_minute() {
        let health = Health::new("a test");
        let start = Instant::now();
        assert!(health.is_news(start));
        assert!(!health.is_news(start + 2 * REPORT_INTERVAL), "it never worked since");
        health.worked();
        assert!(!health.is_news(start + REPORT_INTERVAL / 2));
        assert!(health.is_news(start + REPORT_INTERVAL));
    }
}
