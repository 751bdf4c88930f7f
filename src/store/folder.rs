//! The shared folder: opening and listing the files in it, and nothing outside it.
//!
//! It is opened once. Every name is resolved beneath it (`beneath.rs`), so that neither `..` nor a
//! symbolic link leads out, even one that is created meanwhile.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::beneath::{self, Links};
use super::error::StoreError;
use super::identity::Identity;
use crate::chat::file::FolderEntry;
use crate::chat::name::FileName;
use crate::chat::refusal::Failure;
use crate::hub::job::Outcome;

/// The largest number of entries of one folder that are listed: the first ones by name. It limits
/// the memory and the time of a list.
pub(super) const ENTRIES_MAX: usize = 65_536;
/// How often the resolution of a name is tried that another process keeps moving.
const RESOLVE_ATTEMPTS_MAX: usize = 32;

/// The reason why a file can't be opened, listed or created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileRefusal {
    /// There is no such file, or it must not be read.
    NotFound,
    /// There is a file of that name already.
    Exists,
    /// The folder is not empty.
    NotEmpty,
    /// The file is not one that may be removed.
    NotAllowed,
    /// There is no disk space for it.
    NoRoom(Errno),
    /// The system has no descriptor or memory left, or another process keeps moving the file.
    Busy(Errno),
    /// Anything else.
    Failed(Errno),
}

impl FileRefusal {
    /// The outcome of a job that failed for this reason.
    pub(super) fn outcome(self) -> Outcome {
        match self {
            FileRefusal::NotFound => Err(Failure::NotFound),
            FileRefusal::Exists => Err(Failure::Exists),
            FileRefusal::NotEmpty => Err(Failure::NotEmpty),
            FileRefusal::NotAllowed => Err(Failure::NotAllowed),
            FileRefusal::NoRoom(_) => Err(Failure::NoRoom),
            FileRefusal::Busy(_) => Err(Failure::Busy),
            FileRefusal::Failed(_) => Err(Failure::Failed),
        }
    }

    /// The error for the log; `None` for those that only concern the user.
    pub(super) fn error(self) -> Option<Errno> {
        match self {
            FileRefusal::NotFound | FileRefusal::Exists => None,
            FileRefusal::NotEmpty | FileRefusal::NotAllowed => None,
            FileRefusal::NoRoom(error) | FileRefusal::Busy(error) | FileRefusal::Failed(error) => {
                Some(error)
            }
        }
    }
}

impl From<Errno> for FileRefusal {
    fn from(error: Errno) -> Self {
        match error {
            // A forbidden name looks like a missing one. EXDEV and ELOOP are from links that lead
            // out, ENXIO and ENODEV from devices, EINVAL and EILSEQ from names that the file system
            // can't have.
            Errno::NOENT
            | Errno::NOTDIR
            | Errno::ISDIR
            | Errno::XDEV
            | Errno::LOOP
            | Errno::ACCESS
            | Errno::PERM
            | Errno::NAMETOOLONG
            | Errno::INVAL
            | Errno::ILSEQ
            | Errno::NXIO
            | Errno::NODEV => FileRefusal::NotFound,
            Errno::EXIST => FileRefusal::Exists,
            Errno::NOSPC | Errno::DQUOT => FileRefusal::NoRoom(error),
            Errno::AGAIN | Errno::MFILE | Errno::NFILE | Errno::NOMEM => FileRefusal::Busy(error),
            _ => FileRefusal::Failed(error),
        }
    }
}

impl From<io::Error> for FileRefusal {
    fn from(error: io::Error) -> Self {
        Errno::from_io_error(&error).map_or(FileRefusal::Failed(Errno::IO), FileRefusal::from)
    }
}

/// The shared folder.
#[derive(Debug)]
pub(super) struct Folder {
    root: OwnedFd,
    identity: Identity,
}

impl Folder {
    /// Opens the folder, and creates it if it is missing.
    ///
    /// # Errors
    /// [`StoreError::Unusable`].
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(path).map_err(StoreError::at(path))?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(path, flags, Mode::empty()).map_err(StoreError::at(path))?;
        let identity = Identity::of_open(path, &root).map_err(StoreError::at(path))?;
        let folder = Folder { root, identity };
        let can_be_read = folder.resolve(".", OFlags::RDONLY | OFlags::DIRECTORY);
        can_be_read.map(|_| folder).map_err(StoreError::at(path))
    }

    /// Returns true if it is still the folder at its path.
    pub(super) fn is_in_place(&self) -> bool {
        self.identity.is_in_place()
    }

    /// Opens a regular file for reading, and returns its size in bytes too.
    pub(super) fn open_file(&self, name: &FileName) -> Result<(File, u64), FileRefusal> {
        // Checked before it is opened: opening a FIFO or a device has side effects, even with
        // O_NONBLOCK.
        regular_size(&self.resolve(name.as_str(), OFlags::PATH)?)?;
        // It may have been replaced by a FIFO since. O_NONBLOCK has no effect on a regular file.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = self.resolve(name.as_str(), flags)?;
        let size = regular_size(&file)?;
        Ok((File::from(file), size))
    }

    /// The size of a regular file in bytes.
    pub(super) fn size_of(&self, name: &FileName) -> Result<u64, FileRefusal> {
        regular_size(&self.resolve(name.as_str(), OFlags::PATH)?)
    }

    /// The size of a regular file in bytes, and the time of its last change in seconds since the
    /// Unix epoch.
    pub(super) fn size_and_time_of(&self, name: &FileName) -> Result<(u64, i64), FileRefusal> {
        let stat = rustix::fs::fstat(self.resolve(name.as_str(), OFlags::PATH)?)?;
        Ok((size_where_regular(&stat).ok_or(FileRefusal::NotFound)?, stat.st_mtime))
    }

    /// Opens a folder to write in it. Unlike for reading, no symbolic links are followed.
    pub(super) fn open_folder(&self, path: &str) -> Result<OwnedFd, FileRefusal> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        Ok(self.resolve_by(path, flags, Links::Refuse)?)
    }

    /// Lists the files and folders in one folder, sorted by name; `None` is the shared folder
    /// itself.
    pub(super) fn list(&self, path: Option<&FileName>) -> Result<Vec<FolderEntry>, FileRefusal> {
        self.list_first(path, ENTRIES_MAX)
    }

    fn list_first(
        &self,
        path: Option<&FileName>,
        max: usize,
    ) -> Result<Vec<FolderEntry>, FileRefusal> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let mut dir = Dir::new(self.resolve(path.map_or(".", FileName::as_str), flags)?)?;
        let mut names = Vec::new();
        while let Some(entry) = dir.read() {
            let entry = entry?;
            let name = entry.file_name().to_str().ok().and_then(|part| below(path, part));
            if let (Some(name), true) = (name, may_be_listed(entry.file_type())) {
                names.push(name);
            }
            if names.len() >= max.saturating_mul(2) {
                keep_first(&mut names, max);
            }
        }
        keep_first(&mut names, max);

        let mut entries = Vec::with_capacity(names.len());
        for name in names {
            match self.entry(&dir, name) {
                Ok(entry) => entries.push(entry),
                Err(FileRefusal::NotFound) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(entries)
    }

    fn entry(&self, dir: &Dir, name: FileName) -> Result<FolderEntry, FileRefusal> {
        let part = name.as_str().rsplit('/').next().unwrap_or_default();
        let mut stat = rustix::fs::statat(dir.fd()?, part, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink {
            stat = rustix::fs::fstat(self.resolve(name.as_str(), OFlags::PATH)?)?;
        }
        let size = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Some(size(&stat)),
            FileType::Directory => None,
            _ => return Err(FileRefusal::NotFound),
        };
        Ok(FolderEntry { size, mtime: stat.st_mtime, name })
    }

    /// Opens the file or folder of a name, and follows links beneath the shared folder.
    fn resolve(&self, name: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        self.resolve_by(name, flags, Links::Follow)
    }

    fn resolve_by(&self, name: &str, flags: OFlags, links: Links) -> Result<OwnedFd, Errno> {
        let mut result = beneath::open(&self.root, name, flags, links);
        for _ in 1..RESOLVE_ATTEMPTS_MAX {
            if !matches!(result, Err(Errno::AGAIN | Errno::INTR)) {
                break;
            }
            result = beneath::open(&self.root, name, flags, links);
        }
        result
    }
}

/// The name of an entry relative to the shared folder, if it is a valid file name.
fn below(path: Option<&FileName>, part: &str) -> Option<FileName> {
    if !FileName::is_part(part) {
        return None;
    }
    match path {
        Some(path) => format!("{path}/{part}").parse().ok(),
        None => part.parse().ok(),
    }
}

/// Returns true if a directory entry of that type may be a file or a folder, or a link to one.
fn may_be_listed(file_type: FileType) -> bool {
    use FileType::{Directory, RegularFile, Symlink, Unknown};
    matches!(file_type, RegularFile | Directory | Symlink | Unknown)
}

fn keep_first(names: &mut Vec<FileName>, max: usize) {
    names.sort_unstable();
    names.truncate(max);
}

/// The size of an open file in bytes.
pub(super) fn regular_size(file: &OwnedFd) -> Result<u64, FileRefusal> {
    size_where_regular(&rustix::fs::fstat(file)?).ok_or(FileRefusal::NotFound)
}

/// The size of a file in bytes, if it is a regular one.
pub(super) fn size_where_regular(stat: &Stat) -> Option<u64> {
    let is_regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    is_regular.then(|| size(stat))
}

fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or_default()
}

#[cfg(test)]
mod tests;
