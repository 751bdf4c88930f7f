//! Where the bytes of a download go.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};

use super::part_file::{PartError, PartFile};

/// A file that gets its name in the end, or an output that takes the bytes as they come.
#[derive(Debug)]
pub(super) enum Sink {
    Part(PartFile),
    Output(Output),
}

impl Sink {
    /// How many bytes an earlier download left.
    pub fn kept(&self) -> u64 {
        match self {
            Sink::Part(part) => part.kept(),
            Sink::Output(_) => 0,
        }
    }

    /// Appends to it.
    ///
    /// # Errors
    /// Those of the system.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Sink::Part(part) => part.write(bytes),
            Sink::Output(output) => output.write_all(bytes),
        }
    }
}

/// What is no file of its own: standard output, a device or a pipe.
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

    /// A device or a named pipe, whose other end is waited for. That may take a while.
    ///
    /// # Errors
    /// Those of the system, and where it is a terminal, or became a file meanwhile.
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
