//! Transfers that stand still while others want their places or names.

use crate::hub::input::{ConnId, DownloadEnd, Input, UploadEnd};
use crate::limits::STALLED_AFTER;
use crate::server::state::Server;

impl Server {
    /// Ends transfers that have moved no byte for [`STALLED_AFTER`], if others want what they hold.
    pub(super) fn end_stalled(&mut self) {
        let now = self.time.monotonic();
        let (names, wants_places) = self.files.wanted.take(now);
        let Some(since) = now.checked_sub(STALLED_AFTER) else { return };
        for (conn, stream) in names {
            let Some(connection) = self.connections.get(conn) else { continue };
            if connection.stalled_uploads(since).any(|stalled| stalled == stream) {
                self.end_stalled_upload(conn, stream);
            }
        }
        if !wants_places {
            return;
        }
        for conn in self.connections.ids() {
            let Some(connection) = self.connections.get(conn) else { continue };
            let uploads: Vec<u32> = connection.stalled_uploads(since).collect();
            let downloads = connection.outbox.drop_stalled(since);
            for stream in downloads {
                log::info!("event=stalled conn={conn} stream={stream} direction=out");
                let end = DownloadEnd::Stalled;
                self.tell_hub(Input::DownloadOver { conn, stream, end });
            }
            for stream in uploads {
                self.end_stalled_upload(conn, stream);
            }
        }
    }

    fn end_stalled_upload(&mut self, conn: ConnId, stream: u32) {
        log::info!("event=stalled conn={conn} stream={stream} direction=in");
        self.end_upload(conn, stream, UploadEnd::Stalled);
    }
}
