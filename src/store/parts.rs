//! Part files: the files of incomplete uploads; and the files that were sent in chats.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use rustix::fs::{AtFlags, FileType, FlockOperation, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use crate::chat::file::FileTarget;
use crate::chat::id::UploadId;
use crate::chat::name::FileName;
use crate::store::error::StoreError;
use crate::store::folder::{FileRefusal, Folder, regular_size, size_where_regular};
use crate::store::identity::Identity;
use crate::store::layout::file_name;
#[cfg(test)]
use crate::store::room::Reserve;
use crate::store::room::{Room, RoomClaim};
use crate::store::rows::files::{Garbage, OwnFile};
use crate::store::rows::uploads::{Fate, UploadRecord};

/// The number of bytes after which an upload is synced to disk. Little unsynced data keeps the
/// sender at the speed of the disk, makes the final sync short, and never delays the confirmation
/// of a message by gigabytes. A larger number is not faster.
const SYNC_BYTES: u64 = 8 * 1024 * 1024;

/// The folders of part files and of files sent in chats.
#[derive(Debug)]
pub(super) struct Parts {
    folder: Arc<Folder>,
    sent: OwnedFd,
    sent_identity: Identity,
    room: Arc<Room>,
}

/// A part file that is open for writing, with its claim of disk space.
#[derive(Debug)]
pub struct OpenPart {
    upload: UploadId,
    file: File,
    claim: RoomClaim,
}

impl OpenPart {
    /// A part file without an upload.
    #[cfg(test)]
    pub(crate) fn of(file: File) -> Self {
        let room = Room::new(Reserve::Bytes(0));
        let claim = room.claim(&file, 0).expect("it can be looked at");
        OpenPart { upload: UploadId(0), file, claim }
    }

    /// A part file to which nothing can be written, because the reserve is the whole disk.
    #[cfg(test)]
    pub(super) fn without_room(upload: UploadId, file: File) -> Self {
        let claim = Room::new(Reserve::Bytes(u64::MAX)).claim(&file, 0).expect("it claims nothing");
        OpenPart { upload, file, claim }
    }

    /// The upload.
    pub fn upload(&self) -> UploadId {
        self.upload
    }

    /// Releases the claim of disk space, because nothing more will be written. Never blocks.
    pub(crate) fn release_room(&self) {
        self.claim.release();
    }

    /// The file.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Writes bytes, if that leaves the reserve free.
    pub(super) fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.claim.write(&self.file, bytes.len() as u64, || write(&self.file, offset, bytes))
    }
}

/// The name of a file, which may not exist, in an open folder.
#[derive(Debug)]
struct NamedFile {
    folder: OwnedFd,
    name: String,
}

impl Parts {
    /// Opens the folder of the sent files, and creates it with mode 0700 if it is missing.
    pub(super) fn open(
        folder: Arc<Folder>,
        sent_path: &Path,
        room: Arc<Room>,
    ) -> Result<Self, StoreError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(sent_path)
            .map_err(StoreError::at(sent_path))?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let sent =
            rustix::fs::open(sent_path, flags, Mode::empty()).map_err(StoreError::at(sent_path))?;
        let sent_identity =
            Identity::of_open(sent_path, &sent).map_err(StoreError::at(sent_path))?;
        Ok(Parts { folder, sent, sent_identity, room })
    }

    /// The shared folder.
    pub(super) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Opens the part file of an upload for writing. It is locked while it is open, so that
    /// [`Parts::fate`] can tell.
    pub(super) fn open_part(
        &self,
        upload: &UploadRecord,
        is_new: bool,
    ) -> Result<OpenPart, FileRefusal> {
        self.check_in_place(upload)?;
        let part = self.part(upload)?;
        if let FileTarget::Shared(name) = &upload.place
            && part.sibling(last_part(name)).is_taken()?
        {
            return Err(FileRefusal::Exists);
        }
        let there = part.size()?.unwrap_or(0);
        // The file system of this folder, which may be mounted inside the shared folder.
        let claim = self.room.claim(&part.folder, upload.size.saturating_sub(there))?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NONBLOCK;
        let flags = if is_new { flags | OFlags::EXCL } else { flags };
        let file = part.open(flags).map_err(refuse_write)?;
        if regular_size(&file)? > upload.size {
            // Another process has written into it, so its content can't be trusted.
            rustix::fs::ftruncate(&file, 0)?;
        }
        if let Err(error) = rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) {
            // It was written to just now, so it is kept for a day anyway.
            log::debug!("the upload {} can't be locked: {error}", upload.id.0);
        }
        Ok(OpenPart { upload: upload.id, file: File::from(file), claim })
    }

    /// Opens the part file of an upload for reading.
    pub(super) fn open_to_read(&self, upload: &UploadRecord) -> Result<File, FileRefusal> {
        Ok(File::from(self.part(upload)?.open(OFlags::RDONLY | OFlags::NONBLOCK)?))
    }

    /// Syncs a complete upload to disk.
    pub(super) fn sync(&self, upload: &UploadRecord) -> Result<(), FileRefusal> {
        self.check_in_place(upload)?;
        let part = self.part(upload)?;
        let file = part.open(OFlags::RDWR | OFlags::NONBLOCK)?;
        if regular_size(&file)? != upload.size {
            log::error!("the upload {} is not whole", upload.id.0);
            return Err(FileRefusal::Failed(Errno::IO));
        }
        rustix::fs::fsync(&file)?;
        // A file for the shared folder gets its name later, and its folder is synced then.
        if let FileTarget::Chat(..) = upload.place {
            rustix::fs::fsync(&part.folder)?;
        }
        Ok(())
    }

    /// Renames the part file of an upload to its name in the shared folder, unless that is taken.
    /// It must be synced before, see [`Parts::sync`].
    pub(super) fn place(&self, upload: &UploadRecord, name: &FileName) -> Result<(), FileRefusal> {
        self.check_in_place(upload)?;
        let part = self.part(upload)?;
        let file = part.sibling(last_part(name));
        match part.rename_to(file) {
            // Some file systems, such as NFS, do not support RENAME_NOREPLACE.
            Err(Errno::INVAL) => part.link_to(file),
            renamed => renamed,
        }
        .map_err(refuse_write)?;
        rustix::fs::fsync(&part.folder)?;
        Ok(())
    }

    /// Returns true if an upload has got its name in the shared folder.
    pub(super) fn is_placed(&self, upload: &UploadRecord) -> bool {
        let FileTarget::Shared(name) = &upload.place else { return false };
        let Ok(part) = self.part(upload) else { return false };
        part.size() == Ok(None) && part.sibling(last_part(name)).size() == Ok(Some(upload.size))
    }

    /// Decides what happens to an upload that was begun long ago. It ends if it is not open, and
    /// nothing was written since `before`, in microseconds since the Unix epoch.
    pub(super) fn fate(&self, upload: &UploadRecord, before: u64) -> Fate {
        if self.is_placed(upload) {
            return Fate::Placed;
        }
        let file =
            self.part(upload).and_then(|part| Ok(part.open(OFlags::RDWR | OFlags::NONBLOCK)?));
        match file {
            Ok(file) => {
                let is_free =
                    rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
                let written = File::from(file).metadata().and_then(|data| data.modified());
                let age = written.map(|time| time.duration_since(UNIX_EPOCH).unwrap_or_default());
                let is_old = age.is_ok_and(|age| age < Duration::from_micros(before));
                if is_free && is_old { Fate::Ends } else { Fate::Stays }
            }
            Err(FileRefusal::NotFound) => Fate::Ends,
            Err(_) => Fate::Stays,
        }
    }

    /// The device of the file system of a file that is to be removed; `None` if its folder can't be
    /// opened.
    pub(super) fn device(&self, garbage: &Garbage) -> Option<u64> {
        Some(rustix::fs::fstat(&self.garbage(garbage).ok()?.folder).ok()?.st_dev)
    }

    /// Removes a file. It is no error if the file does not exist.
    pub(super) fn remove(&self, garbage: &Garbage) -> Result<(), FileRefusal> {
        match self.garbage(garbage).and_then(|spot| Ok(spot.remove()?)) {
            Err(FileRefusal::NotFound) => Ok(()),
            result => result,
        }
    }

    /// Removes a file, or an empty folder, of the shared folder. With `since`, only a file that a
    /// user uploaded since that time, in seconds since the Unix epoch. It was written last when it
    /// was uploaded.
    pub(super) fn remove_named(
        &self,
        name: &FileName,
        uploaded: Option<&OwnFile>,
        since: Option<u64>,
    ) -> Result<(), FileRefusal> {
        if !self.folder.is_in_place() {
            return Err(FileRefusal::Failed(Errno::STALE));
        }
        let folder = self.folder.open_folder(parent(name).unwrap_or("."))?;
        let stat = rustix::fs::statat(&folder, last_part(name), AtFlags::SYMLINK_NOFOLLOW)?;
        let how = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile | FileType::Symlink => AtFlags::empty(),
            FileType::Directory => AtFlags::REMOVEDIR,
            _ => return Err(FileRefusal::NotFound),
        };
        if let Some(since) = since {
            let is_own = uploaded.is_some_and(|file| size_where_regular(&stat) == Some(file.size));
            if !is_own || u64::try_from(stat.st_mtime).unwrap_or_default() < since {
                return Err(FileRefusal::NotAllowed);
            }
        }
        match rustix::fs::unlinkat(&folder, last_part(name), how) {
            Err(Errno::NOTEMPTY | Errno::EXIST) => return Err(FileRefusal::NotEmpty),
            removed => removed.map_err(refuse_write)?,
        }
        Ok(rustix::fs::fsync(&folder)?)
    }

    /// Returns true if a user's file is still in the shared folder.
    pub(super) fn stands(&self, file: &OwnFile) -> bool {
        is_it(file, self.folder.size_of(&file.name))
    }

    /// Opens a file that was sent in a chat, and returns its size in bytes too.
    pub(super) fn open_sent(&self, id: UploadId) -> Result<(File, u64), FileRefusal> {
        let file = self.among_sent(id)?.open(OFlags::RDONLY | OFlags::NONBLOCK)?;
        let size = regular_size(&file)?;
        Ok((File::from(file), size))
    }

    /// Writes bytes of an export, whose file is created for the first ones, if that leaves the
    /// reserve free. What is behind them goes. The last ones are synced to disk.
    pub(super) fn write_export(
        &self,
        file: UploadId,
        (at, bytes): (u64, &[u8]),
        is_last: bool,
    ) -> Result<(), FileRefusal> {
        if !self.sent_identity.is_in_place() {
            return Err(FileRefusal::Failed(Errno::STALE));
        }
        let spot = self.among_sent(file)?;
        let claim = self.room.claim(&spot.folder, bytes.len() as u64)?;
        let flags = OFlags::RDWR | OFlags::NONBLOCK;
        let flags = if at == 0 { flags | OFlags::CREATE } else { flags };
        let opened = spot.open(flags).map_err(refuse_write)?;
        if regular_size(&opened)? < at {
            // What was written before is not there any more.
            return Err(FileRefusal::Failed(Errno::IO));
        }
        rustix::fs::ftruncate(&opened, at)?;
        let opened = File::from(opened);
        claim.write(&opened, bytes.len() as u64, || write(&opened, at, bytes))?;
        if is_last {
            rustix::fs::fsync(&opened)?;
            rustix::fs::fsync(&spot.folder)?;
        }
        Ok(())
    }

    /// Creates the file of an export, if there is room for so many bytes.
    pub(super) fn begin_export(&self, file: UploadId, bytes: u64) -> Result<(), FileRefusal> {
        self.room.claim(&self.sent, bytes)?;
        self.write_export(file, (0, &[]), false)
    }

    fn garbage(&self, garbage: &Garbage) -> Result<NamedFile, FileRefusal> {
        let Garbage { id, ref name, size } = *garbage;
        match (name, size) {
            (Some(name), Some(size)) => {
                // Of that name there may be another file by now.
                if !self.stands(&OwnFile { id, name: name.clone(), size }) {
                    return Err(FileRefusal::NotFound);
                }
                let folder = self.folder.open_folder(parent(name).unwrap_or("."))?;
                Ok(NamedFile { folder, name: last_part(name).to_owned() })
            }
            (Some(name), None) => self.beside(name, garbage.id),
            (None, _) => self.among_sent(garbage.id),
        }
    }

    /// Checks that the folder of an upload is still the one at its path, because a file in another
    /// one would be lost.
    fn check_in_place(&self, upload: &UploadRecord) -> Result<(), FileRefusal> {
        let is_in_place = match upload.place {
            FileTarget::Shared(_) => self.folder.is_in_place(),
            FileTarget::Chat(..) => self.sent_identity.is_in_place(),
        };
        // "Stale file handle", as NFS reports if a folder was removed on the server.
        if is_in_place { Ok(()) } else { Err(FileRefusal::Failed(Errno::STALE)) }
    }

    fn part(&self, upload: &UploadRecord) -> Result<NamedFile, FileRefusal> {
        match &upload.place {
            FileTarget::Shared(name) => self.beside(name, upload.id),
            FileTarget::Chat(..) => self.among_sent(upload.id),
        }
    }

    fn beside(&self, name: &FileName, id: UploadId) -> Result<NamedFile, FileRefusal> {
        let folder = self.folder.open_folder(parent(name).unwrap_or("."))?;
        Ok(NamedFile { folder, name: format!(".{}.part", file_name(id)) })
    }

    fn among_sent(&self, id: UploadId) -> Result<NamedFile, FileRefusal> {
        Ok(NamedFile { folder: self.sent.try_clone()?, name: file_name(id) })
    }
}

impl NamedFile {
    /// Another name in the same folder.
    fn sibling<'a>(&'a self, name: &'a str) -> Sibling<'a> {
        Sibling { folder: &self.folder, name }
    }

    fn open(&self, flags: OFlags) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
        rustix::fs::openat(&self.folder, &self.name, flags, Mode::RUSR | Mode::WUSR)
    }

    fn size(&self) -> Result<Option<u64>, FileRefusal> {
        self.sibling(&self.name).size()
    }

    fn remove(&self) -> Result<(), Errno> {
        rustix::fs::unlinkat(&self.folder, &self.name, AtFlags::empty())
    }

    /// Renames the file, unless the new name is taken.
    fn rename_to(&self, to: Sibling<'_>) -> Result<(), Errno> {
        let flags = RenameFlags::NOREPLACE;
        rustix::fs::renameat_with(&self.folder, &self.name, to.folder, to.name, flags)
    }

    /// Renames the file in two steps, unless the new name is taken: link(2) never replaces a file.
    fn link_to(&self, to: Sibling<'_>) -> Result<(), Errno> {
        let flags = AtFlags::empty();
        rustix::fs::linkat(&self.folder, &self.name, to.folder, to.name, flags)?;
        self.remove()
    }
}

/// A name in an open folder.
#[derive(Clone, Copy, Debug)]
struct Sibling<'a> {
    folder: &'a OwnedFd,
    name: &'a str,
}

impl Sibling<'_> {
    /// Returns true if the name exists.
    fn is_taken(self) -> Result<bool, FileRefusal> {
        match rustix::fs::statat(self.folder, self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The size of the file in bytes; `None` if there is no regular file of that name.
    fn size(self) -> Result<Option<u64>, FileRefusal> {
        match rustix::fs::statat(self.folder, self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(size_where_regular(&stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Writes bytes of an upload, and syncs it every [`SYNC_BYTES`].
fn write(file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    file.write_all_at(bytes, offset)?;
    let end = offset + bytes.len() as u64;
    if offset / SYNC_BYTES != end / SYNC_BYTES {
        rustix::fs::fdatasync(file)?;
    }
    Ok(())
}

/// Returns true if the file found under the name of a user's file, by its size, is that file.
fn is_it(file: &OwnFile, found: Result<u64, FileRefusal>) -> bool {
    match found {
        Ok(size) => size == file.size,
        Err(FileRefusal::NotFound) => false,
        // If that is not known the file counts, because otherwise a server that is short of
        // descriptors would forget users' files.
        Err(_) => true,
    }
}

/// The folder of a file, relative to the shared folder.
fn parent(name: &FileName) -> Option<&str> {
    Some(name.as_str().rsplit_once('/')?.0)
}

fn last_part(name: &FileName) -> &str {
    name.as_str().rsplit('/').next().unwrap_or_default()
}

/// The refusal for an error of a write. A missing permission to write, unlike one to read, is a
/// failure that the operator has to know of.
fn refuse_write(error: Errno) -> FileRefusal {
    match error {
        Errno::ACCESS | Errno::PERM | Errno::ROFS => FileRefusal::Failed(error),
        error => FileRefusal::from(error),
    }
}

#[cfg(test)]
mod tests;
