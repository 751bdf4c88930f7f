//! A file while it comes in: under the name `NAME.part` until it is whole, or where that is too
//! long for a name, `START~HASH.part`.
//!
//! Nothing that stands is overwritten and no symbolic link is followed. What an earlier download
//! left is kept and continued.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use chatsrv::protocol::joined::with_all_seen;
use chatsrv::protocol::name::FileName;
use chatsrv::protocol::reply::MessageId;
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
    with_all_seen(last)
}

/// The longest name that a file which somebody sent gets here, in bytes; what is put behind it
/// still fits into 255.
const RECEIVED_NAME_BYTES_MAX: usize = 200;

/// The longest name that a file can have, in bytes.
const NAME_BYTES_MAX: usize = 255;

/// The longest ending of a name, in bytes.
const ENDING_BYTES_MAX: usize = 16;

/// How often a file of the same name can be received.
const COPIES_MAX: u32 = 9999;

/// The name that a file which somebody sent gets here, whatever the server calls it: no path, not
/// hidden, no option of a command, and nothing in it that would not be seen.
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

/// Splits `photo.jpg` before its last dot; an ending is short, or it is none.
fn split_ending(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= ENDING_BYTES_MAX => name.split_at(dot),
        _ => (name, ""),
    }
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
    /// It has this name now, but the system could not write that to the disk.
    MayVanish(String, io::Error),
    /// The system refused.
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

/// A file that is not whole yet. It is locked, so that two downloads never mix in it.
#[derive(Debug)]
pub struct PartFile {
    folder: OwnedFd,
    name: String,
    part: String,
    /// Whether it gets a name with a number where its own is taken.
    numbered: bool,
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
        let folder = open_folder(folder)?;
        match statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => return Err(PartError::Exists),
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        PartFile::open_in(folder, name, part_name(name, ".part"), false)
    }

    /// The same for a file that was sent as message `id`: where `name` is taken it gets another
    /// one in the end, `photo (1).jpg`.
    ///
    /// # Errors
    /// [`PartError`]; nothing was changed then.
    pub fn open_sent(
        folder: &Path,
        name: &str,
        id: MessageId,
    ) -> Result<(Self, Sha256), PartError> {
        let part = part_name(name, &format!(".{id}.part"));
        PartFile::open_in(open_folder(folder)?, name, part, true)
    }

    fn open_in(
        folder: OwnedFd,
        name: &str,
        part: String,
        numbered: bool,
    ) -> Result<(Self, Sha256), PartError> {
        let mut file = File::from(open_part(&folder, &part)?);
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(PartError::Busy),
            Err(error) => return Err(error.into()),
        }
        let (hash, kept) = hash_all(&mut file)?;
        Ok((PartFile { folder, name: name.to_string(), part, numbered, file, kept }, hash))
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

    /// Gives it its name once it is on disk, and says which one. That may take a while.
    ///
    /// # Errors
    /// [`PartError::Exists`] where the name was taken meanwhile, and those of the file system: the
    /// part file stands then. [`PartError::MayVanish`] where the file has its name already.
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
        let PartFile { folder, part, .. } = self;
        match renameat_with(folder, part, folder, name, RenameFlags::NOREPLACE) {
            // Not every file system can do that; a hard link does not replace anything either.
            Err(Errno::INVAL | Errno::NOSYS) => {
                linkat(folder, part, folder, name, AtFlags::empty())?;
                unlinkat(folder, part, AtFlags::empty())
            }
            renamed => renamed,
        }
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

/// `name` and `ending`. Where that is longer than a name may be, the name is cut, and a part of its
/// hash takes the place of the rest: two long names that begin alike get two part files.
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
        assert_eq!(
            name("می\u{200c}خواهم 1\u{fe0f}\u{20e3}.txt"),
            "می\u{200c}خواهم 1\u{fe0f}\u{20e3}.txt"
        );
        assert_eq!(name("a\u{200c}b.txt"), "a_b.txt");
        assert_eq!(name("fdp\u{202e}exe.txt"), "fdp_exe.txt");
    }

    #[test]
    fn what_is_sent_gets_a_harmless_name() {
        let names = [
            ("photo.jpg", "photo.jpg"),
            ("../../etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("..", "_."),
            (".bashrc", "_bashrc"),
            ("-rf", "_rf"),
            ("a/", "file"),
            ("", "file"),
            (" ", "file"),
            ("a\x1b[2Jb\n", "a_[2Jb_"),
            ("gpj.\u{202e}exe", "gpj._exe"),
        ];
        for (sent, here) in names {
            assert_eq!(received_name(sent), here, "{sent:?}");
        }
        let long = received_name(&format!("{}.jpg", "ä".repeat(200)));
        assert!(long.len() <= RECEIVED_NAME_BYTES_MAX && long.ends_with("ä.jpg"), "{long}");
    }

    #[test]
    fn what_is_sent_again_gets_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let mut names = Vec::new();
        for id in 1..=3 {
            let open = PartFile::open_sent(folder.path(), "photo.jpg", MessageId(id));
            let (mut file, _) = open.unwrap();
            file.write(&[id as u8]).unwrap();
            names.push(file.finish().unwrap());
        }
        assert_eq!(names, ["photo.jpg", "photo (1).jpg", "photo (2).jpg"]);
        assert_eq!(fs::read(folder.path().join("photo (1).jpg")).unwrap(), [2]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn a_whole_file_gets_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (mut file, _) = PartFile::open(folder.path(), "a").unwrap();
        file.write(b"content").unwrap();
        assert!(!folder.path().join("a").exists());
        assert_eq!(file.finish().unwrap(), "a");
        assert_eq!(fs::read(folder.path().join("a")).unwrap(), b"content");
        assert!(!folder.path().join("a.part").exists());
    }

    #[test]
    fn the_longest_names_have_a_part_file_each() {
        let folder = tempfile::tempdir().unwrap();
        let names = |length: usize| [format!("{}a", "x".repeat(length - 1)), "y".repeat(length)];
        let long = ["ä".repeat(127), format!("{}b", "ä".repeat(127))];
        let alike = ["a", "b"].map(|end| format!("{}{end}", "x".repeat(254)));
        for name in names(250).iter().chain(&names(251)).chain(&long).chain(&alike) {
            let (mut file, _) = PartFile::open(folder.path(), name).unwrap();
            file.write(name.as_bytes()).unwrap();
            file.keep().unwrap();
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 8);
        for name in &alike {
            let (file, _) = PartFile::open(folder.path(), name).unwrap();
            assert_eq!(file.kept(), 255);
            assert_eq!(file.finish().unwrap(), *name);
            assert_eq!(fs::read(folder.path().join(name)).unwrap(), name.as_bytes());
        }
    }

    #[test]
    fn a_name_that_is_not_on_the_disk_is_told_with_the_name() {
        let folder = tempfile::tempdir().unwrap();
        let (mut file, _) = PartFile::open(folder.path(), "a").unwrap();
        // A descriptor that only names the folder: files can be renamed there, but it can't be
        // written to the disk.
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        file.folder = openat(CWD, folder.path(), flags, Mode::empty()).unwrap();
        let error = file.finish().unwrap_err();
        assert!(matches!(&error, PartError::MayVanish(name, _) if name == "a"), "{error}");
        assert!(folder.path().join("a").exists());
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
