//! The files that are read again at SIGHUP, in the event loop.

use crate::hub::input::Input;
use crate::server::motd_file::MotdFileError;
use crate::server::state::Server;
use crate::server::tls::TlsSessions;

impl Server {
    /// Begins to read all files again that the server was given.
    pub(super) fn reload(&mut self) {
        if self.tls.is_none() && self.supervisor.motd.is_none() {
            log::info!("event=reload what=nothing: there are no certificates");
        }
        self.reload_certificates();
        self.reload_motd();
        self.supervisor.audit.reopen();
    }

    /// Takes what was read by other threads, if that is done.
    pub(super) fn take_reloaded(&mut self) {
        if self.tls.as_mut().is_some_and(TlsSessions::finish_reload) {
            self.reload_certificates();
        }
        self.take_motd();
    }

    /// Begins to reload the certificates on another thread.
    fn reload_certificates(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.reload(self.poll.waker());
        }
    }

    /// Begins to read the message of the day again on another thread.
    fn reload_motd(&mut self) {
        let waker = self.poll.waker();
        let begun = self.supervisor.motd.as_mut().map_or(Ok(()), |file| file.begin_reload(waker));
        if let Err(error) = begun {
            self.motd_failed(&error);
        }
    }

    /// Takes the message of the day, if one was read: at the start, or since SIGHUP.
    pub(super) fn take_motd(&mut self) {
        let Some(file) = &mut self.supervisor.motd else { return };
        let Some(read) = file.take() else { return };
        let is_asked_again = file.take_asked_again();
        match read {
            Ok(text) => {
                let (path, lines) = (file.path().display(), text.lines().len());
                log::info!("event=motd file={path} lines={lines}");
                self.tell_hub(Input::MotdRead(text));
            }
            Err(error) => self.motd_failed(&error),
        }
        if is_asked_again {
            self.reload_motd();
        }
    }

    fn motd_failed(&self, error: &MotdFileError) {
        let Some(file) = &self.supervisor.motd else { return };
        let path = file.path().display();
        log::warn!("event=reload-failed file={path}: it {error}; the message of the day stays");
    }
}
