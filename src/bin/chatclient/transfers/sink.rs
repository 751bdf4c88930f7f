//! The sink of a download: a part file, or an output.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};

use super::part_file::{PartError, PartFile};

/// A part file, or an output that takes the bytes as they arrive.
#[derive(Debug)]
pub(super) enum Sink {
    Part(PartFile),
    Output(Output),
}

impl Sink {
    /// The number of bytes that an earlier download left.
    pub fn kept(&self) -> u64 {
        match self {
            Sink::Part(part) => part.kept(),
            Sink::Output(_) => 0,
        }
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// Errors of the file system.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Sink::Part(part) => part.write(bytes),
            Sink::Output(output) => output.write_all(bytes),
        }
    }
}

/// An output without a part file: standard output, a device or a named pipe.
#[derive(Debug)]
pub(super) enum Output {
    Standard(io::Stdout),
    Device(File),
}

impl Output {
    /// Standard output.
    pub fn standard() -> Self {
        Output::Standard(io::stdout())
    }

    /// Opens a device or a named pipe. It blocks until a reader has opened a pipe.
    ///
    /// # Errors
    /// Errors of the file system, and if it is a terminal, or a regular file by now.
    pub fn open(path: &Path) -> Result<Self, PartError> {
        let flags = OFlags::WRONLY | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = File::from(openat(CWD, path, flags, Mode::empty())?);
        if file.metadata()?.is_file() {
            return Err(PartError::Exists);
        }
        if file.is_terminal() {
            return Err(
                io::Error::other("that is a terminal, and a file could hold anything").into()
            );
        }
        Ok(Output::Device(file))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Output::Standard(stdout) => stdout.write(bytes),
            Output::Device(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Output::Standard(stdout) => stdout.flush(),
            Output::Device(file) => file.flush(),
        }
    }
}
