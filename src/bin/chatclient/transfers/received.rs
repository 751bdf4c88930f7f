//! Files that others sent: their names, and the queue of those to be downloaded without a command.

use std::collections::{BTreeMap, VecDeque};

use chatsrv::chat::id::MessageId;
use chatsrv::display::line::Line;
use chatsrv::display::safe_text::{SafeText, safe};

use super::download::{Place, Source};

/// The largest number of names that are remembered.
const NAMES_MAX: usize = 1024;

/// The largest number of downloads in the queue.
const WANTED_MAX: usize = 1024;

/// The names of the files that others sent, and the queue of downloads.
#[derive(Debug, Default)]
pub struct Received {
    /// The names of the files, by their messages: the server may not give them again.
    names: BTreeMap<MessageId, String>,
    /// The queue of files to be downloaded without a command.
    wanted: VecDeque<(Source, Place)>,
}

impl Received {
    /// Remembers the name of a file.
    pub fn remember(&mut self, id: MessageId, name: &str) {
        self.names.insert(id, name.to_string());
        if self.names.len() > NAMES_MAX {
            self.names.pop_first();
        }
    }

    /// The name of a file, if it is remembered.
    pub fn name(&self, id: MessageId) -> Option<&str> {
        self.names.get(&id).map(String::as_str)
    }

    /// Adds a file to the queue.
    ///
    /// # Errors
    /// A message for people, if too many wait.
    pub fn want(&mut self, source: Source, place: Place) -> Result<(), SafeText> {
        if self.wanted.len() == WANTED_MAX {
            return Err(safe!("not fetched, {WANTED_MAX} files wait already; /get {source}"));
        }
        self.wanted.push_back((source, place));
        Ok(())
    }

    /// Removes the first file of the queue.
    pub fn next_wanted(&mut self) -> Option<(Source, Place)> {
        self.wanted.pop_front()
    }

    /// The number of files in the queue.
    pub fn wanted_count(&self) -> usize {
        self.wanted.len()
    }

    /// Empties the queue. Returns a line to show for each file.
    pub fn drop_wanted(&mut self, reason: &str) -> Vec<Line> {
        let wanted = std::mem::take(&mut self.wanted);
        let line = |(source, _): &(Source, _)| Line::error(safe!("{source}: {reason}"));
        wanted.iter().map(line).collect()
    }
}
