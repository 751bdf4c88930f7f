//! A file while it comes in: under the name `NAME.part` until it is whole.
//!
//! Nothing that stands is overwritten and no symbolic link is followed. What an earlier download
//! left is kept and continued.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use chatsrv::protocol::name::FileName;
use chatsrv::protocol::text::is_invisible;
use rustix::fs::{
    AtFlags, CWD, FileType, FlockOperation, Mode, OFlags, RenameFlags, flock, fstat, fsync, linkat,
    openat, renameat_with, statat, unlinkat,
};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

/// The name that a file of the server gets here: the last part of its path, which never starts
/// with a dot, with `_` for what would not be seen.
pub fn local_name(name: &FileName) -> String {
    let last = name.as_str().rsplit('/').next().unwrap_or_default();
    last.chars().map(|c| if is_invisible(c) { '_' } else { c }).collect()
}

/// Why a file can't be written.
#[derive(Debug)]
pub enum PartError {
    /// The file stands already.
    Exists,
    /// Its part file is no plain file of this user.
    NotOurs,
    /// Another download writes it.
    Busy,
    /// The system refused.
    Io(io::Error),
}

impl fmt::Display for PartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PartError::Exists => f.write_str("a file of that name is here already"),
            PartError::NotOurs => f.write_str("its .part is no plain file of yours"),
            PartError::Busy => f.write_str("another download is writing it"),
            PartError::Io(error) => error.fmt(f),
        }
    }
}

impl From<Errno> for PartError {
    fn from(error: Errno) -> Self {
        PartError::Io(error.into())
    }
}

impl From<io::Error> for PartError {
    fn from(error: io::Error) -> Self {
        PartError::Io(error)
    }
}

/// A file that is not whole yet. It is locked, so that two downloads never mix in it.
#[derive(Debug)]
pub struct PartFile {
    folder: OwnedFd,
    name: String,
    part: String,
    file: File,
    /// How many bytes an earlier download left.
    kept: u64,
}

impl PartFile {
    /// Opens the part file of `name` in `folder`, at its end, and hashes what it holds already.
    /// That may take a while.
    ///
    /// # Errors
    /// [`PartError`]; nothing was changed then.
    pub fn open(folder: &Path, name: &str) -> Result<(Self, Sha256), PartError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = openat(CWD, folder, flags, Mode::empty())?;
        match statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => return Err(PartError::Exists),
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        let part = format!("{name}.part");
        let mut file = File::from(open_part(&folder, &part)?);
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(PartError::Busy),
            Err(error) => return Err(error.into()),
        }
        let (hash, kept) = hash_all(&mut file)?;
        Ok((PartFile { folder, name: name.to_string(), part, file, kept }, hash))
    }

    /// How many bytes an earlier download left, from which to go on.
    pub fn kept(&self) -> u64 {
        self.kept
    }

    /// Appends to it.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Gives it its name once it is on disk. That may take a while.
    ///
    /// # Errors
    /// [`PartError::Exists`] where the name was taken meanwhile, and those of the file system. The
    /// part file stands then.
    pub fn finish(self) -> Result<(), PartError> {
        self.file.sync_all()?;
        match renameat_with(
            &self.folder,
            &self.part,
            &self.folder,
            &self.name,
            RenameFlags::NOREPLACE,
        ) {
            Ok(()) => {}
            // Not every file system can do that; a hard link does not replace anything either.
            Err(Errno::INVAL | Errno::NOSYS) => {
                linkat(&self.folder, &self.part, &self.folder, &self.name, AtFlags::empty())?;
                unlinkat(&self.folder, &self.part, AtFlags::empty())?;
            }
            Err(Errno::EXIST) => return Err(PartError::Exists),
            Err(error) => return Err(error.into()),
        }
        Ok(fsync(&self.folder)?)
    }

    /// Takes back what was written: what an earlier download left stands, a new file is removed.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn discard(self) -> io::Result<()> {
        if self.kept > 0 {
            return self.file.set_len(self.kept);
        }
        Ok(unlinkat(&self.folder, &self.part, AtFlags::empty())?)
    }

    /// Leaves what came for a later download to go on from; an empty file is removed.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn keep(self) -> io::Result<()> {
        if self.file.metadata()?.len() > 0 { Ok(()) } else { self.discard() }
    }
}

fn open_part(folder: &OwnedFd, part: &str) -> Result<OwnedFd, PartError> {
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match openat(folder, part, flags | OFlags::CREATE | OFlags::EXCL, Mode::from_raw_mode(0o666)) {
        Ok(file) => return Ok(file),
        Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    // Without O_NONBLOCK, opening a named pipe would wait for its other end.
    let file = match openat(folder, part, flags | OFlags::NONBLOCK, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::LOOP) => return Err(PartError::NotOurs),
        Err(error) => return Err(error.into()),
    };
    let stat = fstat(&file)?;
    let ours = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
        && stat.st_nlink == 1
        && stat.st_uid == rustix::process::geteuid().as_raw();
    if ours { Ok(file) } else { Err(PartError::NotOurs) }
}

/// Hashes the file, and leaves it at its end, whose position is returned too.
fn hash_all(file: &mut File) -> io::Result<(Sha256, u64)> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut length = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((hash, length)),
            Ok(read) => {
                hash.update(&buffer[..read]);
                length += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn names_stay_in_the_folder_and_can_be_seen() {
        let name = |text: &str| local_name(&text.parse().unwrap());
        assert_eq!(name("docs/a b.txt"), "a b.txt");
        assert_eq!(name("fdp\u{202e}exe.txt"), "fdp_exe.txt");
    }

    #[test]
    fn a_whole_file_gets_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (mut file, _) = PartFile::open(folder.path(), "a").unwrap();
        file.write(b"content").unwrap();
        assert!(!folder.path().join("a").exists());
        file.finish().unwrap();
        assert_eq!(fs::read(folder.path().join("a")).unwrap(), b"content");
        assert!(!folder.path().join("a.part").exists());
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let (mut file, _) = PartFile::open(folder.path(), "a").unwrap();
        file.write(b"new").unwrap();
        fs::write(&path, "old").unwrap();
        assert!(matches!(file.finish(), Err(PartError::Exists)));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read(folder.path().join("a.part")).unwrap(), b"new");
        assert!(matches!(PartFile::open(folder.path(), "a"), Err(PartError::Exists)));
    }

    #[test]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, folder.path().join("a.part")).unwrap();
        assert!(matches!(PartFile::open(folder.path(), "a"), Err(PartError::NotOurs)));
        fs::hard_link(&victim, folder.path().join("b.part")).unwrap();
        assert!(matches!(PartFile::open(folder.path(), "b"), Err(PartError::NotOurs)));
        std::os::unix::fs::symlink("nowhere", folder.path().join("c")).unwrap();
        assert!(matches!(PartFile::open(folder.path(), "c"), Err(PartError::Exists)));
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
    }

    #[test]
    fn what_an_earlier_download_left_is_continued_and_never_lost() {
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("a.part");
        let (mut file, _) = PartFile::open(folder.path(), "a").unwrap();
        file.write(b"first ").unwrap();
        assert!(matches!(PartFile::open(folder.path(), "a"), Err(PartError::Busy)));
        file.keep().unwrap();

        let (mut file, mut hash) = PartFile::open(folder.path(), "a").unwrap();
        assert_eq!(file.kept(), 6);
        file.write(b"second").unwrap();
        hash.update(b"second");
        assert_eq!(hash.finalize(), Sha256::digest(b"first second"));
        assert_eq!(fs::read(&part).unwrap(), b"first second");
        file.discard().unwrap();
        assert_eq!(fs::read(&part).unwrap(), b"first ");
    }

    #[test]
    fn a_new_file_that_is_not_wanted_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (mut file, _) = PartFile::open(folder.path(), "a").unwrap();
        file.write(b"x").unwrap();
        file.discard().unwrap();
        let (file, _) = PartFile::open(folder.path(), "a").unwrap();
        file.keep().unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
