//! Health: whether a part of the store works. The log hears once that it began to fail, and once
//! that it works again.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What fails and works in turns is reported no more often than this.
const REPORT_INTERVAL: Duration = Duration::from_secs(60);

/// What the log was told about a part of the store. The threads of that part share it.
#[derive(Debug)]
pub(super) struct Health {
    part: &'static str,
    /// Whether it failed last, told or not.
    is_failing: AtomicBool,
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    failing: bool,
    last: Option<Instant>,
}

impl Health {
    /// A part that works; `part` is what the log calls it.
    pub(super) fn new(part: &'static str) -> Self {
        Health { part, is_failing: AtomicBool::new(false), told: Mutex::default() }
    }

    /// The part failed.
    pub(super) fn failed(&self, error: impl Display) {
        self.is_failing.store(true, Ordering::Relaxed);
        if self.is_news(Instant::now()) {
            log::error!("{} fails: {error}", self.part);
        }
    }

    /// The part worked.
    pub(super) fn worked(&self) {
        self.is_failing.store(false, Ordering::Relaxed);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut told.failing) {
            log::info!("{} works again", self.part);
        }
    }

    /// Whether it failed last.
    pub(super) fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed)
    }

    /// Whether a failure at that time is to be told, and notes that it was.
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
