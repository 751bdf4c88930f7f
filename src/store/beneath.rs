//! Path resolution that never leaves a folder, whatever symbolic links are in it.
//!
//! The kernel can do this in one step (openat2(2), `RESOLVE_BENEATH`), but systemd forbids that
//! call to a service with a dynamic user (systemd.exec(5), `RestrictSUIDSGID=`). So a path is
//! walked part by part: each part is opened in the folder before it, and the kernel follows no
//! link. If another process exchanges a part meanwhile, the walk meets the old or the new one, both
//! beneath the folder.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{FileType, Mode, OFlags, fstat, openat, readlinkat};
use rustix::io::Errno;

/// The largest number of symbolic links in one resolution, as in the kernel (path_resolution(7)).
const LINKS_MAX: usize = 40;

/// How symbolic links are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Links {
    /// They are followed, and must stay beneath the folder.
    Follow,
    /// They are an error.
    Refuse,
}

/// Opens the file or folder at a path relative to `root`.
///
/// # Errors
/// `EXDEV` if the path leads out of the folder, `ELOOP` if it has too many links, `EAGAIN` if the
/// file was replaced by a link meanwhile, and the errors of openat(2).
pub(super) fn open(
    root: &OwnedFd,
    name: &str,
    flags: OFlags,
    links: Links,
) -> Result<OwnedFd, Errno> {
    let look = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut entered: Vec<OwnedFd> = Vec::new();
    let mut left = Vec::new();
    push_parts(name.as_bytes(), &mut left);
    let mut links_left = if links == Links::Follow { LINKS_MAX } else { 0 };
    while let Some(part) = left.pop() {
        if part.is_empty() || part == b"." {
            continue;
        }
        if part == b".." {
            entered.pop().ok_or(Errno::XDEV)?;
            continue;
        }
        let folder = entered.last().unwrap_or(root).as_fd();
        let found = openat(folder, part.as_slice(), look, Mode::empty())?;
        match FileType::from_raw_mode(fstat(&found)?.st_mode) {
            FileType::Directory => entered.push(found),
            FileType::Symlink => {
                links_left = links_left.checked_sub(1).ok_or(Errno::LOOP)?;
                let target = readlinkat(&found, "", Vec::new())?;
                if target.as_bytes().starts_with(b"/") {
                    return Err(Errno::XDEV);
                }
                push_parts(target.as_bytes(), &mut left);
            }
            _ if !left.is_empty() || flags.contains(OFlags::DIRECTORY) => {
                return Err(Errno::NOTDIR);
            }
            _ if flags.contains(OFlags::PATH) => return Ok(found),
            _ => {
                let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let file = openat(folder, part.as_slice(), flags, Mode::empty());
                // It was not a link a moment ago.
                return file
                    .map_err(|error| if error == Errno::LOOP { Errno::AGAIN } else { error });
            }
        }
    }
    openat(entered.last().unwrap_or(root), ".", flags | OFlags::CLOEXEC, Mode::empty())
}

/// Pushes the parts of a path on a stack, the first part on top.
fn push_parts(path: &[u8], left: &mut Vec<Vec<u8>>) {
    left.extend(path.rsplit(|byte| *byte == b'/').map(<[u8]>::to_vec));
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use proptest::prelude::*;
    use rustix::fs::{CWD, ResolveFlags, openat2};

    use super::*;

    fn folder(path: &Path) -> OwnedFd {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat(CWD, path, flags, Mode::empty()).unwrap()
    }

    /// The inode that was found, or the error.
    fn which(found: Result<OwnedFd, Errno>) -> Result<u64, Errno> {
        found.map(|file| fstat(&file).unwrap().st_ino)
    }

    /// The result of openat2(2); `None` if that is not allowed here.
    fn kernel(
        root: &OwnedFd,
        name: &str,
        flags: OFlags,
        links: Links,
    ) -> Option<Result<u64, Errno>> {
        let resolve = ResolveFlags::BENEATH
            | match links {
                Links::Follow => ResolveFlags::NO_MAGICLINKS,
                Links::Refuse => ResolveFlags::NO_SYMLINKS,
            };
        loop {
            match openat2(root, name, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
                Err(Errno::NOSYS | Errno::PERM) => return None,
                // A file, anywhere on the machine, was renamed meanwhile.
                Err(Errno::AGAIN) => {}
                found => return Some(which(found)),
            }
        }
    }

    #[test]
    fn as_many_links_are_followed_as_the_kernel_follows() {
        let outside = tempfile::tempdir().unwrap();
        let root = folder(outside.path());
        fs::write(outside.path().join("link0"), "").unwrap();
        for number in 1..=LINKS_MAX + 1 {
            let target = format!("link{}", number - 1);
            symlink(target, outside.path().join(format!("link{number}"))).unwrap();
        }
        let open = |number| open(&root, &format!("link{number}"), OFlags::RDONLY, Links::Follow);
        open(LINKS_MAX).unwrap();
        assert_eq!(open(LINKS_MAX + 1).unwrap_err(), Errno::LOOP);
    }

    fn part() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec!["a", "b", "c", "d"])
    }

    fn path() -> impl Strategy<Value = String> {
        prop::collection::vec(part(), 1..4).prop_map(|parts| parts.join("/"))
    }

    fn target() -> impl Strategy<Value = String> {
        let step = prop_oneof![2 => Just(".."), 1 => Just("."), 1 => Just(""), 5 => part()];
        let target = prop::collection::vec(step, 1..6).prop_map(|steps| steps.join("/"));
        target.prop_filter("a link leads somewhere", |target| !target.is_empty())
    }

    proptest! {
        #[test]
        fn a_name_leads_where_the_kernel_says(
            folders in prop::collection::vec(path(), 0..4),
            files in prop::collection::vec(path(), 0..6),
            links in prop::collection::vec((path(), target()), 0..10),
            asked in prop::collection::vec(prop_oneof![path(), target()], 1..24),
        ) {
            let outside = tempfile::tempdir().unwrap();
            let root = outside.path().join("a");
            fs::create_dir(&root).unwrap();
            // What does not fit into the tree is left out.
            for name in &folders {
                let _ = fs::create_dir_all(root.join(name));
            }
            for name in &files {
                let _ = fs::write(root.join(name), "");
            }
            for (name, target) in &links {
                let _ = symlink(target, root.join(name));
            }
            let root = folder(&root);
            for name in asked.iter().filter(|name| !name.starts_with('/')) {
                for flags in [OFlags::RDONLY, OFlags::PATH, OFlags::RDONLY | OFlags::DIRECTORY] {
                    for links in [Links::Follow, Links::Refuse] {
                        let Some(expected) = kernel(&root, name, flags, links) else { continue };
                        let found = which(open(&root, name, flags, links));
                        prop_assert_eq!(found, expected, "{} {:?} {:?}", name, flags, links);
                    }
                }
            }
        }
    }
}
