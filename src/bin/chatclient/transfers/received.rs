//! Files that people sent: how each was called, and those that are to be fetched unasked.

use std::collections::{BTreeMap, VecDeque};

use chatsrv::chat::id::MessageId;
use chatsrv::display::line::Line;
use chatsrv::display::safe_text::{SafeText, safe};

use super::download::{Place, Source};

/// How many names of files that were sent are remembered.
const NAMES_MAX: usize = 1024;

/// How many downloads that nobody typed may wait for their turn.
const WANTED_MAX: usize = 1024;

/// What is known of the files that people sent.
#[derive(Debug, Default)]
pub struct Received {
    /// The names of the files, by their messages: the server may not tell them again.
    names: BTreeMap<MessageId, String>,
    /// What is fetched unasked as soon as there is room.
    wanted: VecDeque<(Source, Place)>,
}

impl Received {
    /// A file was sent under this name.
    pub fn remember(&mut self, id: MessageId, name: &str) {
        self.names.insert(id, name.to_string());
        if self.names.len() > NAMES_MAX {
            self.names.pop_first();
        }
    }

    /// Under which name a file was sent, where that is remembered.
    pub fn name(&self, id: MessageId) -> Option<&str> {
        self.names.get(&id).map(String::as_str)
    }

    /// Has a file wait until there is room to fetch it.
    ///
    /// # Errors
    /// Text for people where too many wait.
    pub fn want(&mut self, source: Source, place: Place) -> Result<(), SafeText> {
        if self.wanted.len() == WANTED_MAX {
            return Err(safe!("not fetched, {WANTED_MAX} files wait already; /get {source}"));
        }
        self.wanted.push_back((source, place));
        Ok(())
    }

    /// Takes the file that has waited for longest.
    pub fn next_wanted(&mut self) -> Option<(Source, Place)> {
        self.wanted.pop_front()
    }

    /// How many files wait.
    pub fn wanted_count(&self) -> usize {
        self.wanted.len()
    }

    /// Fetches none of those that wait; what is said of each.
    pub fn drop_wanted(&mut self, reason: &str) -> Vec<Line> {
        let wanted = std::mem::take(&mut self.wanted);
        let line = |(source, _): &(Source, _)| Line::error(safe!("{source}: {reason}"));
        wanted.iter().map(line).collect()
    }
}
