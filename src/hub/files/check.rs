//! The invariants of the files between two inputs, for tests.

use std::collections::HashMap;

use crate::hub::files::downloads::{Downloads, Purpose, ReadJob};
use crate::hub::files::publishing::{PublishJob, Publishing};
use crate::hub::files::uploads::{
    ActiveUploads, AnnouncedUpload, UploadClaim, UploadJob, UploadKey,
};
use crate::hub::input::ConnId;
use crate::hub::sessions::Sessions;
use crate::hub::unannounced::Unannounced;

/// Checks that every download that waits for its turn is being opened, or is ready.
///
/// # Panics
/// If that does not hold.
pub fn downloads(downloads: &Downloads, sessions: &Sessions) {
    for (conn, session) in sessions.iter() {
        let is_opening = |job: &&ReadJob| match job {
            ReadJob::FindSent(wanted) | ReadJob::Read(wanted) => {
                wanted.conn == conn && matches!(wanted.purpose, Purpose::Download { .. })
            }
            ReadJob::ListFolder(_) => false,
        };
        let opening = downloads.pending.values().filter(is_opening).count();
        let asked = opening + session.replies.opened_downloads().count();
        assert_eq!(session.replies.downloads_asked(), asked, "{conn}");
    }
}

/// Checks that every upload is counted once, and has its claim.
///
/// # Panics
/// If that does not hold.
pub fn uploads(uploads: &ActiveUploads, publishing: &Publishing, sessions: &Sessions) {
    let claims = claims(uploads, publishing, sessions);
    let held = uploads.claims.iter().map(|(key, claim)| (key.clone(), claim));
    assert_eq!(held.collect::<HashMap<_, _>>(), claims);
    let mut open = 0;
    for (conn, session) in sessions.iter() {
        let replies = &session.replies;
        for job in replies.opened_uploads().chain(replies.open_uploads()) {
            assert!(uploads.open.contains_key(&job), "{job:?}");
            open += 1;
        }
        let is_opening =
            |job: &&UploadJob| matches!(job, UploadJob::Begin(asked, _) if *asked == conn);
        let opening = uploads.pending.values().filter(is_opening).count();
        assert_eq!(replies.uploads_asked(), opening + replies.opened_uploads().count(), "{conn}");
        let own = || claims.values().filter(|claim| claim.conn == conn);
        assert_eq!(replies.uploads(), own().count(), "{conn}");
        let finishing = own().filter(|claim| claim.is_complete).count();
        assert_eq!(replies.uploads_finishing(), finishing, "{conn}");
    }
    assert_eq!(uploads.open.len(), open);
}

/// Checks that the files that hold up their chats are being kept, and that the others of those
/// chats wait for them.
///
/// # Panics
/// If that does not hold.
pub fn unannounced(publishing: &Publishing, exports: usize, unannounced: &Unannounced) {
    let is_kept = |job: &&PublishJob| matches!(job, PublishJob::Finish(_, Some(_)));
    let kept = publishing.pending.values().filter(is_kept).count();
    assert_eq!(unannounced.len(), kept + exports);
    for (chat, _) in &publishing.behind {
        assert!(unannounced.first(*chat).is_some(), "a file could be kept in {chat:?}");
    }
}

/// The claims that there should be.
fn claims(
    uploads: &ActiveUploads,
    publishing: &Publishing,
    sessions: &Sessions,
) -> HashMap<UploadKey, UploadClaim> {
    let mut claims = HashMap::new();
    let mut claim = |upload: &AnnouncedUpload, conn: ConnId, is_complete| {
        let before = claims.insert(upload.key(), UploadClaim { conn, is_complete });
        assert!(before.is_none(), "{upload:?} is under way twice");
    };
    for job in uploads.pending.values() {
        match job {
            UploadJob::Begin(conn, upload) if sessions.get(*conn).is_some() => {
                claim(upload, *conn, false);
            }
            UploadJob::Begin(..) | UploadJob::Drop(_) | UploadJob::RemoveOld => {}
        }
    }
    for open in uploads.open.values() {
        claim(&open.upload, open.conn, false);
    }
    let publishing = publishing
        .pending
        .values()
        .map(|job| match job {
            PublishJob::Sync(complete) | PublishJob::Finish(complete, _) => complete,
        })
        .chain(&publishing.without_id)
        .chain(publishing.behind.iter().map(|(_, complete)| complete));
    for complete in publishing {
        claim(&complete.upload, complete.conn, true);
    }
    claims
}
