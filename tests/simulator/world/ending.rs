//! How a world comes to its end.

use std::time::Duration;

use chatsrv::limits::GROUP_OFFLINE_TIME_MAX;

use super::{Outages, World};
use crate::audit;
use crate::counts::Counts;

impl World {
    /// Lets everything that is under way come to its end, starts the server once more, and has so
    /// many people read everything.
    pub(super) fn finish(mut self, readers_max: usize) -> Counts {
        self.settle();
        self.end();
        // Whoever reads now is shown all that there is before taking any of it.
        self.server.send_queue = usize::MAX;
        audit::check(&mut self.server, &mut self.store, &self.confirmed, readers_max);
        self.counts.events = self.server.events;
        for _ in 0..self.server.too_slow {
            self.counts.fault("closed: too slow");
        }
        for _ in 0..self.server.model.told_late {
            self.counts.fault("told when the minute was over");
        }
        for _ in 0..self.server.model.endings.count {
            self.counts.fault("sanction over");
        }
        self.counts
    }

    /// Everything that is on its way arrives.
    fn settle(&mut self) {
        self.outages = Outages::default();
        for pipe in std::mem::take(&mut self.vanished) {
            self.server.reset(pipe);
        }
        loop {
            for at in 0..self.clients.len() {
                if !self.clients[at].broke {
                    self.deliver_from(at, self.clients[at].to_send.len());
                    let output = self.server.pipes[self.clients[at].pipe].output.len();
                    self.read_by(at, output);
                }
            }
            let downloads =
                self.server.pipes.iter().filter(|pipe| !pipe.downloads.is_empty()).count();
            let output = self
                .clients
                .iter()
                .any(|client| !client.broke && !self.server.pipes[client.pipe].output.is_empty());
            if self.server.jobs.is_empty()
                && self.server.writes.is_empty()
                && downloads == 0
                && !output
                && !self.server.has_deadline_within(Duration::from_secs(60))
            {
                return;
            }
            for _ in 0..1 + self.server.jobs.len() / 8 {
                self.do_a_job();
            }
            self.download();
            self.server.write_done(&mut self.store);
            self.server.advance(Duration::from_millis(500));
        }
    }

    /// Everybody has what was theirs; then everybody goes, and nothing is left.
    fn end(&mut self) {
        for client in self.clients.iter().filter(|client| !client.broke) {
            let pipe = &self.server.pipes[client.pipe];
            let by_server = pipe.closed.is_some_and(|reason| reason.name() != "peer-closed");
            client.check_answered(by_server);
            self.server.model.received_all(pipe.conn);
            assert!(self.server.hub.has_answered(pipe.conn));
            assert!(!client.ends || pipe.closed.is_some(), "an ended input ends the session");
        }
        for at in 0..self.clients.len() {
            self.server.reset(self.clients[at].pipe);
        }
        // Who does not come back leaves the groups that are not kept.
        for _ in 0..10_000 {
            if self.server.hub.is_idle() && self.server.jobs.is_empty() {
                break;
            }
            self.server.advance(GROUP_OFFLINE_TIME_MAX);
            self.do_a_job();
        }
        assert!(
            self.server.model.chat.groups.are_all_kept(),
            "{:?}",
            self.server.model.chat.groups
        );
        assert!(self.server.hub.is_idle(), "{:?}", self.server.hub);
        let messages = &self.store.messages;
        self.store.files.check(|id| Some(messages.get(id)?.text.to_string()));
        assert!(self.server.opened.is_empty(), "files stay open: {:?}", self.server.opened);
    }
}
