//! The downloads of a run: some clients download a file repeatedly while the others send messages.

use serde::Serialize;

use crate::clients::{Client, Heard};

/// All downloads of a run.
#[derive(Debug)]
pub struct Downloads {
    name: String,
    /// The number of the first client that downloads.
    first: usize,
    under_way: Vec<Option<Download>>,
    is_stopped: bool,
    tally: Tally,
    first_failure: Option<String>,
}

#[derive(Clone, Copy, Debug)]
struct Download {
    bytes: u64,
    received: u64,
}

/// The counts of downloads.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Tally {
    /// Bytes of files.
    pub bytes: u64,
    /// Files received completely.
    pub completed: u64,
    /// Files that were refused or aborted, or had another size than announced.
    pub failed: u64,
}

impl Downloads {
    /// Creates the downloads of the file `name` by `count` clients from number `first` on.
    pub fn new(name: String, first: usize, count: usize) -> Self {
        Downloads {
            name,
            first,
            under_way: vec![None; count],
            is_stopped: false,
            tally: Tally::default(),
            first_failure: None,
        }
    }

    /// The numbers of the clients that download.
    pub fn numbers(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.under_way.len()
    }

    /// Requests the file, unless the downloads are stopped.
    pub fn ask(&self, client: &mut Client) {
        if !self.is_stopped {
            client.say(|session, out| session.download(&self.name, out));
        }
    }

    /// Starts no more downloads.
    pub fn stop(&mut self) {
        self.is_stopped = true;
    }

    /// The counts so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// The reason of the first failure.
    pub fn first_failure(&self) -> Option<&str> {
        self.first_failure.as_deref()
    }

    /// Handles a frame that a client has received for its download.
    pub fn hear(&mut self, client: &mut Client, heard: Heard<'_>) {
        let Some(place) = client.number().checked_sub(self.first) else { return };
        let Some(download) = self.under_way.get_mut(place) else { return };
        match heard {
            Heard::Download { bytes } => *download = Some(Download { bytes, received: 0 }),
            Heard::Chunk { bytes } => {
                self.tally.bytes += bytes as u64;
                if let Some(download) = download {
                    download.received += bytes as u64;
                }
            }
            Heard::DownloadEnd => match download.take() {
                Some(Download { bytes, received }) if bytes == received => {
                    self.tally.completed += 1;
                    self.ask(client);
                }
                Some(Download { bytes, received }) => {
                    self.fail(&format!("{received} bytes came instead of {bytes}"));
                }
                None => self.fail("a file ended that was not asked for"),
            },
            Heard::DownloadAborted(line) | Heard::NotTaken(line) => {
                *download = None;
                self.fail(&format!("the server said: {}", line.escape_debug()));
            }
            _ => {}
        }
    }

    fn fail(&mut self, reason: &str) {
        self.tally.failed += 1;
        self.first_failure.get_or_insert_with(|| reason.to_owned());
    }
}
