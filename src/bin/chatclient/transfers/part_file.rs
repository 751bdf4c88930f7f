//! Part files: a file that is being downloaded has the name `NAME.part` until it is complete, or,
//! if that is too long for a name, `START~HASH.part`.
//!
//! No existing file is overwritten, and no symbolic link is followed. The part file of an earlier
//! download is continued; if it turns out to be of another file, it is put aside once, as
//! `NAME.part.old`.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use chatsrv::chat::id::MessageId;
use chatsrv::chat::joined::with_all_seen;
use chatsrv::chat::name::FileName;
use rustix::fs::{
    AtFlags, CWD, FileType, FlockOperation, Mode, OFlags, RenameFlags, flock, fstat, fsync, linkat,
    openat, renameat_with, statat, unlinkat,
};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

/// The local name of a file on the server: the last part of its path, which never starts with a
/// dot, with `_` for invisible characters.
pub fn local_name(name: &FileName) -> String {
    let last = name.as_str().rsplit('/').next().unwrap_or_default();
    with_all_seen(last)
}

/// The longest local name of a file that somebody sent, in bytes; with the endings appended to it,
/// it still fits into 255.
const RECEIVED_NAME_BYTES_MAX: usize = 200;

/// The longest name of a file, in bytes.
const NAME_BYTES_MAX: usize = 255;

/// The longest extension of a name, in bytes.
const ENDING_BYTES_MAX: usize = 16;

/// The largest number in a name that avoids an existing file.
const COPIES_MAX: u32 = 9999;

/// The local name of a file that somebody sent, whatever name the server gives: it is no path, not
/// hidden, can't be taken for an option, and has no invisible characters.
pub fn received_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut safe = with_all_seen(last).replace(char::is_control, "_");
    if safe.starts_with(['.', '-']) {
        safe.replace_range(..1, "_");
    }
    if safe.trim().is_empty() {
        return "file".to_string();
    }
    if safe.len() <= RECEIVED_NAME_BYTES_MAX {
        return safe;
    }
    let (stem, ending) = split_ending(&safe);
    let fits = |at: &usize| stem.is_char_boundary(*at);
    let end = (0..=RECEIVED_NAME_BYTES_MAX - ending.len()).rev().find(fits).unwrap_or(0);
    with_all_seen(&format!("{}{ending}", &stem[..end]))
}

/// Splits `photo.jpg` before its last dot, unless what follows is too long for an extension.
fn split_ending(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= ENDING_BYTES_MAX => name.split_at(dot),
        _ => (name, ""),
    }
}

/// Why a download can't be written.
#[derive(Debug)]
pub enum PartError {
    /// The file exists already.
    Exists,
    /// The part file is no regular file of this user, or has several hard links.
    NotOurs,
    /// Another download writes it.
    Busy,
    /// The file has its name, which is given, but the folder could not be synced to disk.
    MayVanish(String, io::Error),
    /// An error of the file system.
    Io(io::Error),
}

impl fmt::Display for PartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PartError::Exists => f.write_str("a file of that name is here already"),
            PartError::NotOurs => f.write_str("its .part is no plain file of yours"),
            PartError::Busy => f.write_str("another download is writing it"),
            PartError::MayVanish(name, error) => {
                write!(f, "it is here as {name}, but may be lost with the power: {error}")
            }
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

/// The part file of a download. It is locked, so that no other download writes to it.
#[derive(Debug)]
pub struct PartFile {
    folder: OwnedFd,
    name: String,
    part: String,
    /// Its name when it is put aside.
    old: String,
    /// True if the file gets a number in its name if that is taken.
    numbered: bool,
    file: File,
    /// The number of bytes that an earlier download left.
    kept: u64,
}

impl PartFile {
    /// Opens the part file of `name` in `folder`, at its end, and hashes its content. It may block.
    ///
    /// # Errors
    /// [`PartError`]; nothing was changed then.
    pub fn open(folder: &Path, name: &str) -> Result<(Self, Sha256), PartError> {
        let folder = open_folder(folder)?;
        match statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => return Err(PartError::Exists),
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        PartFile::open_in(folder, name, ".part", false)
    }

    /// Opens the part file of a file that was sent as message `id`. If `name` is taken in the end,
    /// the file gets another one, `photo (1).jpg`.
    ///
    /// # Errors
    /// [`PartError`]; nothing was changed then.
    pub fn open_sent(
        folder: &Path,
        name: &str,
        id: MessageId,
    ) -> Result<(Self, Sha256), PartError> {
        PartFile::open_in(open_folder(folder)?, name, &format!(".{id}.part"), true)
    }

    fn open_in(
        folder: OwnedFd,
        name: &str,
        ending: &str,
        numbered: bool,
    ) -> Result<(Self, Sha256), PartError> {
        let part = part_name(name, ending);
        let old = part_name(name, &format!("{ending}.old"));
        let mut file = File::from(open_part(&folder, &part)?);
        lock(&file)?;
        let (hash, kept) = hash_all(&mut file)?;
        Ok((PartFile { folder, name: name.to_string(), part, old, numbered, file, kept }, hash))
    }

    /// The number of bytes that an earlier download left.
    pub fn kept(&self) -> u64 {
        self.kept
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// Errors of the file system.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Syncs the file to disk and renames it. Returns its name. It may block.
    ///
    /// # Errors
    /// [`PartError::Exists`] if the name was taken meanwhile, and errors of the file system: the
    /// part file remains then. [`PartError::MayVanish`] if the file has its name already.
    pub fn finish(self) -> Result<String, PartError> {
        self.file.sync_all()?;
        let (stem, ending) = split_ending(&self.name);
        let copies = if self.numbered { COPIES_MAX } else { 0 };
        for copy in 0..=copies {
            let name = match copy {
                0 => self.name.clone(),
                _ => format!("{stem} ({copy}){ending}"),
            };
            match self.rename(&name) {
                Ok(()) => {
                    return match fsync(&self.folder) {
                        Ok(()) => Ok(name),
                        Err(error) => Err(PartError::MayVanish(name, error.into())),
                    };
                }
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(PartError::Exists)
    }

    fn rename(&self, name: &str) -> Result<(), Errno> {
        rename_new(&self.folder, &self.part, name)
    }

    /// Undoes what was written: the bytes of an earlier download are kept, a new file is removed.
    ///
    /// # Errors
    /// Errors of the file system.
    pub fn discard(self) -> io::Result<()> {
        if self.kept > 0 {
            return self.file.set_len(self.kept);
        }
        Ok(unlinkat(&self.folder, &self.part, AtFlags::empty())?)
    }

    /// Begins with an empty file, since the content is of another one. The bytes of an earlier
    /// download are put aside, unless there is such a file already. Returns its name, if so.
    ///
    /// # Errors
    /// [`PartError`]; the content may be under either name then.
    pub fn begin_anew(&mut self) -> Result<Option<String>, PartError> {
        let PartFile { folder, part, old, kept, .. } = &*self;
        if *kept > 0 {
            self.file.set_len(*kept)?;
            match rename_new(folder, part, old) {
                Ok(()) => {
                    let old = old.clone();
                    self.file = File::from(open_part(&self.folder, &self.part)?);
                    lock(&self.file)?;
                    self.empty()?;
                    return Ok(Some(old));
                }
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.empty()?;
        Ok(None)
    }

    fn empty(&mut self) -> io::Result<()> {
        self.kept = 0;
        self.file.set_len(0)?;
        self.file.rewind()
    }

    /// Keeps the part file for a later download to continue; an empty one is removed.
    ///
    /// # Errors
    /// Errors of the file system.
    pub fn keep(self) -> io::Result<()> {
        if self.file.metadata()?.len() > 0 { Ok(()) } else { self.discard() }
    }
}

/// Joins `name` and `ending`. If that is too long for a name, `name` is cut, and a part of its hash
/// replaces the rest, so that two long names with the same beginning get different part files.
fn part_name(name: &str, ending: &str) -> String {
    if name.len() + ending.len() <= NAME_BYTES_MAX {
        return format!("{name}{ending}");
    }
    let hash = Sha256::digest(name);
    let hash: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let room = NAME_BYTES_MAX.saturating_sub(1 + hash.len() + ending.len());
    let end = (0..=room).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
    format!("{}~{hash}{ending}", &name[..end])
}

/// Renames a file, without replacing another one.
fn rename_new(folder: &OwnedFd, from: &str, to: &str) -> Result<(), Errno> {
    match renameat_with(folder, from, folder, to, RenameFlags::NOREPLACE) {
        // Not every file system supports that flag; a hard link does not replace anything either.
        Err(Errno::INVAL | Errno::NOSYS) => {
            linkat(folder, from, folder, to, AtFlags::empty())?;
            unlinkat(folder, from, AtFlags::empty())
        }
        renamed => renamed,
    }
}

fn lock(file: &File) -> Result<(), PartError> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(()),
        Err(Errno::WOULDBLOCK) => Err(PartError::Busy),
        Err(error) => Err(error.into()),
    }
}

fn open_folder(folder: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(CWD, folder, flags, Mode::empty())
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

/// Hashes the file and leaves its position at the end. Returns the length too.
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
mod tests;
