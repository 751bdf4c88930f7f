//! Where the lines of the audit log go: to the log, to a file, or nowhere.
//!
//! A thread of its own writes the file, so that a slow disk holds up nobody. The file drops no
//! line: what can't be written waits, is tried again, and meanwhile nothing is done that the log
//! would tell.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::poll::Waker;

/// How many bytes of lines may wait to be written before the file counts as one that can't be
/// written.
const WAITING_BYTES_MAX: usize = 1 << 20;

/// How long to wait before a write that failed is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Where the lines of the audit log go.
#[derive(Debug)]
pub enum AuditSink {
    /// Nowhere: there is none.
    Off,
    /// To the server's log.
    Log,
    /// To a file.
    File(AuditFile),
}

/// A file to which lines are appended, by a thread of its own.
#[derive(Debug)]
pub struct AuditFile {
    shared: Arc<Shared>,
    /// What the hub was told last.
    was_failing: bool,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    state: Mutex<Writing>,
    /// Signalled when there is something to do, and when all is written.
    changed: Condvar,
    waker: Waker,
}

#[derive(Debug)]
struct Writing {
    lines: VecDeque<Box<str>>,
    /// The bytes of the lines that are not written yet.
    waiting_bytes: usize,
    /// True while the thread writes lines that are not among the waiting ones any more.
    is_writing: bool,
    /// True while writing fails.
    fails: bool,
    /// True if the file is to be opened anew.
    reopens: bool,
}

impl AuditSink {
    /// Takes a line, which is written soon.
    pub fn write(&self, line: Box<str>) {
        match self {
            AuditSink::Off => {}
            AuditSink::Log => log::info!("{line}"),
            AuditSink::File(file) => file.write(line),
        }
    }

    /// Opens the file anew, if there is one: it may have been renamed.
    pub fn reopen(&self) {
        if let AuditSink::File(file) = self {
            file.shared.state().reopens = true;
            file.shared.changed.notify_all();
        }
    }

    /// Returns whether the file can be written, if that has changed since it was last asked.
    pub fn fails_newly(&mut self) -> Option<bool> {
        let AuditSink::File(file) = self else { return None };
        let state = file.shared.state();
        let fails = state.fails || state.waiting_bytes > WAITING_BYTES_MAX;
        drop(state);
        let is_news = fails != file.was_failing;
        file.was_failing = fails;
        is_news.then_some(fails)
    }

    /// Waits until all lines are written, or the time is over, or writing fails.
    pub fn finish(&self, patience: Duration) {
        let AuditSink::File(file) = self else { return };
        let is_busy =
            |state: &mut Writing| !state.fails && (state.is_writing || !state.lines.is_empty());
        let state = file.shared.state();
        drop(file.shared.changed.wait_timeout_while(state, patience, is_busy));
    }
}

impl AuditFile {
    /// Opens the file, and starts the thread that writes it. `waker` is told when it fails, and
    /// when it can be written again.
    ///
    /// # Errors
    /// If the file can't be opened, or no thread started.
    pub fn open(path: &Path, waker: Waker) -> io::Result<Self> {
        let file = open(path)?;
        let state = Writing {
            lines: VecDeque::new(),
            waiting_bytes: 0,
            is_writing: false,
            fails: false,
            reopens: false,
        };
        let (state, changed) = (Mutex::new(state), Condvar::new());
        let shared = Arc::new(Shared { path: path.to_owned(), state, changed, waker });
        let writer = shared.clone();
        thread::Builder::new().name("audit".to_owned()).spawn(move || writer.run(file))?;
        Ok(AuditFile { shared, was_failing: false })
    }

    fn write(&self, line: Box<str>) {
        let mut state = self.shared.state();
        state.waiting_bytes += line.len();
        state.lines.push_back(line);
        let is_too_much = state.waiting_bytes > WAITING_BYTES_MAX;
        drop(state);
        self.shared.changed.notify_all();
        if is_too_much && !self.was_failing {
            self.shared.waker.wake();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, Writing> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what comes until the process ends.
    fn run(&self, mut file: File) {
        loop {
            let lines = self.next();
            let mut written = 0;
            while let Err(error) = self.write_on(&mut file, lines.as_bytes(), &mut written) {
                self.tell_failed(&error);
                self.wait_to_try_again();
            }
            self.tell_written();
        }
    }

    /// Opens the file anew if that was asked for, and writes what is left of some lines.
    fn write_on(&self, file: &mut File, lines: &[u8], written: &mut usize) -> io::Result<()> {
        if self.state().reopens {
            *file = open(&self.path)?;
            self.state().reopens = false;
        }
        while *written < lines.len() {
            match file.write(&lines[*written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => *written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Waits for something to do, and takes the lines that are to be written; there may be none if
    /// the file is to be opened anew.
    fn next(&self) -> String {
        let is_idle = |state: &mut Writing| state.lines.is_empty() && !state.reopens;
        let waited = self.changed.wait_while(self.state(), is_idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        let mut lines = String::with_capacity(state.waiting_bytes + state.lines.len());
        for line in state.lines.drain(..) {
            lines.push_str(&line);
            lines.push('\n');
        }
        state.is_writing = true;
        lines
    }

    /// Waits until what failed is to be tried again: a while, or until the file is to be opened
    /// anew.
    fn wait_to_try_again(&self) {
        let waits = |writing: &mut Writing| !writing.reopens;
        drop(self.changed.wait_timeout_while(self.state(), RETRY_AFTER, waits));
    }

    /// Notes that writing fails, and tells the loop if that is news.
    fn tell_failed(&self, error: &io::Error) {
        if !std::mem::replace(&mut self.state().fails, true) {
            log::error!("event=audit-failed path={} error={error}", self.path.display());
            self.waker.wake();
        }
    }

    /// Notes that all that was taken is written, and tells the loop if that is news.
    fn tell_written(&self) {
        let mut state = self.state();
        state.is_writing = false;
        let was_too_much = state.waiting_bytes > WAITING_BYTES_MAX;
        state.waiting_bytes = state.lines.iter().map(|line| line.len()).sum();
        let failed = std::mem::take(&mut state.fails);
        drop(state);
        self.changed.notify_all();
        if failed {
            log::info!("event=audit-written path={}", self.path.display());
        }
        if failed || was_too_much {
            self.waker.wake();
        }
    }
}

/// Opens the file to append to it, and makes it where it is missing, for nobody else to read.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}
