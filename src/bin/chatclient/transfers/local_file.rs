//! A local file that is being uploaded: opened once, and checked for changes until the end.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use chatsrv::chat::sha256::Sha256Sum;
use rustix::fs::{CWD, Mode, OFlags, openat, stat};
use sha2::{Digest, Sha256};

/// The number of bytes that are read at a time to hash them.
const HASH_BYTES: usize = 256 * 1024;

/// An open regular file, with its size and modification time when it was opened.
#[derive(Debug)]
pub struct LocalFile {
    path: PathBuf,
    file: File,
    /// The identity of the file: device and inode.
    identity: (u64, u64),
    size: u64,
    /// The modification time: seconds and nanoseconds.
    changed: (i64, i64),
}

impl LocalFile {
    /// Opens a file. It may block.
    ///
    /// # Errors
    /// Errors of the file system, and if it is no regular file.
    pub fn open(path: &Path) -> io::Result<Self> {
        // Without O_NONBLOCK, opening a named pipe would wait for its other end.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = File::from(openat(CWD, path, flags, Mode::empty())?);
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "that is no regular file"));
        }
        let changed = (metadata.mtime(), metadata.mtime_nsec());
        let identity = (metadata.dev(), metadata.ino());
        Ok(LocalFile { path: path.to_path_buf(), file, identity, size: metadata.size(), changed })
    }

    /// The size when it was opened, in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    /// Errors of the file system, and if the file is shorter now.
    pub fn read(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => changed(),
            _ => error,
        })
    }

    /// Checks that the file is unchanged, and that its path does not name another file. The path
    /// may have been removed.
    ///
    /// # Errors
    /// Errors of the file system, and if the file was changed.
    pub fn is_same(&self) -> io::Result<()> {
        let metadata = self.file.metadata()?;
        let is_unchanged = metadata.size() == self.size
            && (metadata.mtime(), metadata.mtime_nsec()) == self.changed;
        // A path without metadata names no other file.
        let is_replaced =
            stat(&self.path).is_ok_and(|now| (now.st_dev, now.st_ino) != self.identity);
        if is_unchanged && !is_replaced { Ok(()) } else { Err(changed()) }
    }

    /// Hashes the first `length` bytes. It may take long; it ends early once `go_on` returns false,
    /// since nobody waits for the result any more.
    ///
    /// # Errors
    /// Errors of the file system, and if the file was changed; `Interrupted` if it ended early.
    pub fn hash(&self, length: u64, go_on: impl Fn() -> bool) -> io::Result<Sha256Sum> {
        let mut hash = Sha256::new();
        let mut buffer = vec![0; HASH_BYTES];
        let mut offset = 0;
        while offset < length {
            if !go_on() {
                return Err(ErrorKind::Interrupted.into());
            }
            self.is_same()?;
            let length = (length - offset).min(HASH_BYTES as u64) as usize;
            self.read(&mut buffer[..length], offset)?;
            hash.update(&buffer[..length]);
            offset += length as u64;
        }
        self.is_same()?;
        Ok(Sha256Sum(hash.finalize().into()))
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
        let hash = |length: u64| file.hash(length, || true);
        assert_eq!(hash(7).unwrap().0, *Sha256::digest(b"content"));
        assert_eq!(hash(3).unwrap().0, *Sha256::digest(b"con"));
        assert!(file.hash(7, || false).is_err());
        fs::write(&path, "conten").unwrap();
        assert!(file.read(&mut [0; 7], 0).is_err());
        assert!(hash(7).is_err() && file.is_same().is_err());
        fs::write(&path, "content and more").unwrap();
        assert!(hash(7).is_err());
    }

    #[test]
    fn another_file_of_its_name_is_noticed_and_no_name_is_no_change() {
        let folder = tempfile::tempdir().unwrap();
        let (path, new) = (folder.path().join("a"), folder.path().join("new"));
        fs::write(&path, "content").unwrap();
        let file = LocalFile::open(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(file.is_same().is_ok());
        fs::write(&new, "CONTENT").unwrap();
        fs::rename(&new, &path).unwrap();
        assert!(file.is_same().is_err());
    }
}
