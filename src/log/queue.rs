//! The bounded queue of log lines, and the thread that writes them.
//!
//! Standard error may be read slowly or not at all: a pipe that nobody drains, a terminal stopped
//! with Ctrl-S, a journal that is behind. Other processes share its file description, so it can't
//! be made non-blocking. So only one thread writes to it, and lines for which the queue has no
//! space are dropped and counted.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

/// The capacity of the queue in bytes.
const WAITING_BYTES_MAX: usize = 1024 * 1024;
/// The largest write in bytes, unless a single line is longer. Writes up to this size to a pipe are
/// atomic (pipe(7), `PIPE_BUF`), so lines of other processes are not mixed into these.
const WRITE_BYTES_MAX: usize = 4096;

/// The queue of log lines.
#[derive(Debug, Default)]
pub(super) struct LogQueue {
    state: Mutex<LogQueueState>,
    /// Signals the writing thread, when it sleeps, that a line was added.
    arrived: Condvar,
    /// Signals that lines were written.
    written: Condvar,
    /// The number of lines that were dropped.
    lost: AtomicU64,
}

/// The state of the queue, under its lock.
#[derive(Debug, Default)]
struct LogQueueState {
    lines: VecDeque<QueuedLine>,
    /// Bytes of the queued lines, and of those being written.
    bytes: usize,
    /// Bytes of the lines being written.
    writing: usize,
    /// Whether the writing thread sleeps. Only then it is notified, which costs a system call.
    is_asleep: bool,
    /// The number of lines dropped since that was last logged. While it is not zero no line is
    /// added, so that the gap is in one place, where a line tells its size.
    dropped: u64,
}

/// A line in the queue.
#[derive(Debug)]
struct QueuedLine {
    text: Box<[u8]>,
    /// The number of missing lines that this line reports, if it is such a line; otherwise 0.
    told: u64,
}

/// A batch of lines for one write.
#[derive(Debug, Default)]
struct Taken {
    lines: u64,
    /// The number of missing lines that lines of the batch report.
    told: u64,
}

impl LogQueue {
    /// Adds a line, or drops it if the queue is full. Never blocks.
    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.lock();
        if state.dropped > 0 || state.bytes + line.len() > WAITING_BYTES_MAX {
            state.dropped += 1;
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.add(state, line, 0);
    }

    /// Adds a line even if the queue is full. For the last lines of a process.
    pub(super) fn push_last(&self, line: &[u8]) {
        self.add(self.lock(), line, 0);
    }

    fn add(&self, mut state: MutexGuard<'_, LogQueueState>, text: &[u8], told: u64) {
        state.bytes += text.len();
        state.lines.push_back(QueuedLine { text: text.into(), told });
        let calls = std::mem::take(&mut state.is_asleep);
        drop(state);
        if calls {
            self.arrived.notify_one();
        }
    }

    /// The number of lines that were dropped.
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Waits until all lines are written, or the deadline has passed.
    pub(super) fn wait_until_written(&self, deadline: Instant) {
        let mut state = self.lock();
        while state.bytes > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.written.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Writes the lines, until the process ends. `told` formats the line that reports how many are
    /// missing.
    pub(super) fn write_all(&self, out: impl AsFd, told: impl Fn(u64) -> Vec<u8>) {
        let mut batch = Vec::with_capacity(WRITE_BYTES_MAX);
        // The number of lines lost in failed writes. They precede all lines in the queue.
        let mut missing = 0;
        loop {
            let taken = self.take(&mut batch);
            let mut written = Ok(());
            if missing > 0 {
                written = write(&out, &told(missing));
                missing = if written.is_ok() { 0 } else { missing };
            }
            if written.and_then(|()| write(&out, &batch)).is_err() {
                // The reader is gone, or the disk is full. The next batch is tried anew, after a
                // line that reports what is missing.
                missing += taken.lines + taken.told;
                self.lost.fetch_add(taken.lines, Ordering::Relaxed);
            }
            let mut state = self.lock();
            state.bytes -= state.writing;
            state.writing = 0;
            // Also after a failed write: only this thread lets lines in again.
            if state.dropped > 0 && state.bytes <= WAITING_BYTES_MAX / 2 {
                let dropped = std::mem::take(&mut state.dropped);
                self.add(state, &told(dropped), dropped);
            } else {
                drop(state);
            }
            self.written.notify_all();
        }
    }

    /// Takes the lines for one write. Waits until there is one.
    fn take(&self, batch: &mut Vec<u8>) -> Taken {
        batch.clear();
        let mut state = self.lock();
        while state.lines.is_empty() {
            state.is_asleep = true;
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let mut taken = Taken::default();
        while let Some(line) = state.lines.front()
            && (batch.is_empty() || batch.len() + line.text.len() <= WRITE_BYTES_MAX)
        {
            batch.extend_from_slice(&line.text);
            taken.lines += u64::from(line.told == 0);
            taken.told += line.told;
            state.lines.pop_front();
        }
        state.writing = batch.len();
        taken
    }

    fn lock(&self) -> MutexGuard<'_, LogQueueState> {
        // No code that holds the lock panics halfway through a change, so a poisoned state is
        // valid.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes all bytes, however long that takes.
fn write(out: &impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(out, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            // Another process that shares the file description made it non-blocking.
            Err(Errno::AGAIN) => wait_for_room(out)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn wait_for_room(out: &impl AsFd) -> io::Result<()> {
    match poll(&mut [PollFd::new(out, PollFlags::OUT)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// How long the end of the process waits until the log is written.
pub(super) const LAST_WORDS_TIME_MAX: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{PipeReader, Read, pipe};
    use std::sync::{Arc, mpsc};
    use std::thread;

    use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};

    use super::*;

    fn told(lines: u64) -> Vec<u8> {
        format!("{lines} are missing\n").into_bytes()
    }

    /// A queue whose lines are written to a pipe.
    fn queue_into_pipe() -> (Arc<LogQueue>, PipeReader) {
        let (reader, writer) = pipe().unwrap();
        let queue = Arc::new(LogQueue::default());
        let shared = Arc::clone(&queue);
        thread::spawn(move || shared.write_all(writer, told));
        (queue, reader)
    }

    #[test]
    fn what_nobody_reads_is_dropped_at_its_bound_and_told_in_its_place() {
        let (queue, mut reader) = queue_into_pipe();
        let line = |number: usize| format!("{number:0>1000}\n").into_bytes();
        let pushed = 3 * WAITING_BYTES_MAX / 1001;
        for number in 0..pushed {
            queue.push(&line(number));
        }
        assert!(queue.lost() > 0);
        assert!(queue.lock().bytes <= WAITING_BYTES_MAX);
        queue.wait_until_written(Instant::now() + Duration::from_millis(10));
        assert!(queue.lock().bytes > 0, "nobody reads");

        let mut text = Vec::new();
        while !text.ends_with(b"are missing\n") {
            let mut buffer = [0; 4096];
            let count = reader.read(&mut buffer).unwrap();
            text.extend_from_slice(&buffer[..count]);
        }
        queue.push(b"afterwards\n");
        queue.wait_until_written(Instant::now() + Duration::from_secs(60));
        let kept = pushed - queue.lost() as usize;
        let mut expected: Vec<u8> = (0..kept).flat_map(line).collect();
        expected.extend(told(queue.lost()));
        assert!(text == expected, "in their order, and none but those");
        let mut last = [0; 11];
        reader.read_exact(&mut last).unwrap();
        assert_eq!(&last, b"afterwards\n");
    }

    #[test]
    fn without_a_reader_lines_are_counted_and_the_thread_does_not_spin() {
        let (queue, reader) = queue_into_pipe();
        drop(reader);
        for _ in 0..10 {
            queue.push(b"nobody\n");
        }
        queue.wait_until_written(Instant::now() + Duration::from_secs(60));
        let deadline = Instant::now() + Duration::from_secs(60);
        while queue.lost() < 10 && Instant::now() < deadline {
            thread::yield_now();
        }
        assert_eq!(queue.lost(), 10);
        assert!(queue.lock().lines.is_empty());
    }

    #[test]
    fn after_a_reader_that_read_nothing_the_next_one_is_told_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mode = Mode::RUSR | Mode::WUSR;
        mknodat(CWD, &path, FileType::Fifo, mode, 0).unwrap();
        // Non-blocking: the open does not wait for a writer.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let reader = rustix::fs::open(&path, flags, Mode::empty()).unwrap();
        let writer = File::options().write(true).open(&path).unwrap();
        let queue = Arc::new(LogQueue::default());
        let shared = Arc::clone(&queue);
        thread::spawn(move || shared.write_all(writer, told));
        let line = [b'x'; 1000];
        while queue.lost() < 3 {
            queue.push(&line);
        }
        drop(reader);
        queue.wait_until_written(Instant::now() + Duration::from_secs(60));
        assert_eq!(queue.lock().bytes, 0);

        // The pipe may hold what was written before its reader was gone.
        let mut reader = File::open(&path).unwrap();
        let (sender, received) = mpsc::channel();
        thread::spawn(move || {
            let mut text = Vec::new();
            while !text.ends_with(b"second\n") {
                let mut buffer = [0; 4096];
                let count = reader.read(&mut buffer).unwrap();
                text.extend_from_slice(&buffer[..count]);
            }
            sender.send(String::from_utf8(text).unwrap()).unwrap();
        });
        let lost = queue.lost();
        for line in ["first\n", "second\n"] {
            queue.push(line.as_bytes());
        }
        let text = received.recv_timeout(Duration::from_secs(60)).unwrap();
        assert_eq!(queue.lost(), lost, "these are read");
        let expected = format!("{lost} are missing\nfirst\nsecond\n");
        assert_eq!(text.trim_start_matches('x'), expected);
    }

    #[test]
    fn last_words_find_room() {
        let (queue, mut reader) = queue_into_pipe();
        let line = [b'x'; 1000];
        while queue.lost() == 0 {
            queue.push(&line);
        }
        queue.push_last(b"the end\n");
        let mut text = Vec::new();
        while memchr::memmem::find(&text, b"the end\n").is_none() {
            let mut buffer = [0; 65_536];
            let count = reader.read(&mut buffer).unwrap();
            text.extend_from_slice(&buffer[..count]);
        }
    }

    #[test]
    fn a_pipe_that_does_not_block_is_waited_for() {
        let (mut reader, writer) = pipe().unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        let bytes = vec![b'x'; 1 << 20];
        let sent = bytes.clone();
        let thread = thread::spawn(move || write(&writer, &sent).unwrap());
        let mut received = Vec::new();
        reader.read_to_end(&mut received).unwrap();
        thread.join().unwrap();
        assert!(received == bytes);
    }
}
