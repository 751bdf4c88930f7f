//! A file of this machine while it is sent: opened once, and the same to the end.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};
use sha2::{Digest, Sha256};

/// Bytes that are read at a time to hash them.
const HASH_BYTES: usize = 256 * 1024;

/// A regular file, and what it was like when it was opened.
#[derive(Debug)]
pub struct LocalFile {
    file: File,
    size: u64,
    /// When it was last changed: seconds and nanoseconds.
    changed: (i64, i64),
}

impl LocalFile {
    /// Opens it. That may take a while.
    ///
    /// # Errors
    /// Those of the file system, and where it is no regular file.
    pub fn open(path: &Path) -> io::Result<Self> {
        // Without O_NONBLOCK, opening a named pipe would wait for its other end.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = File::from(openat(CWD, path, flags, Mode::empty())?);
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "that is no regular file"));
        }
        let changed = (metadata.mtime(), metadata.mtime_nsec());
        Ok(LocalFile { file, size: metadata.size(), changed })
    }

    /// How many bytes it had when it was opened.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Reads exactly the bytes from `offset` on.
    ///
    /// # Errors
    /// Those of the file system, and where it is shorter now.
    pub fn read(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => changed(),
            _ => error,
        })
    }

    /// Hashes all of it. That may take a while.
    ///
    /// # Errors
    /// Those of the file system, and where it was changed since it was opened.
    pub fn hash(&self) -> io::Result<Sha256> {
        let mut hash = Sha256::new();
        let mut buffer = vec![0; HASH_BYTES];
        let mut offset = 0;
        while offset < self.size {
            let length = (self.size - offset).min(HASH_BYTES as u64) as usize;
            self.read(&mut buffer[..length], offset)?;
            hash.update(&buffer[..length]);
            offset += length as u64;
        }
        let metadata = self.file.metadata()?;
        let is_same = metadata.size() == self.size
            && (metadata.mtime(), metadata.mtime_nsec()) == self.changed;
        if is_same { Ok(hash) } else { Err(changed()) }
    }
}

fn changed() -> io::Error {
    io::Error::other("the file was changed here while it was sent")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_regular_files_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(LocalFile::open(folder.path()).unwrap_err().kind(), ErrorKind::InvalidInput);
        let missing = folder.path().join("missing");
        assert_eq!(LocalFile::open(&missing).unwrap_err().kind(), ErrorKind::NotFound);
        assert!(LocalFile::open(Path::new("/dev/null")).is_err());
    }

    #[test]
    fn a_change_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "content").unwrap();
        let file = LocalFile::open(&path).unwrap();
        assert_eq!(file.size(), 7);
        assert_eq!(file.hash().unwrap().finalize(), Sha256::digest(b"content"));
        fs::write(&path, "conten").unwrap();
        assert!(file.read(&mut [0; 7], 0).is_err());
        assert!(file.hash().is_err());
        fs::write(&path, "content and more").unwrap();
        assert!(file.hash().is_err());
    }
}
