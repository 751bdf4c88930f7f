//! The calls of this client: those that are announced, the current one, and those that have just
//! ended.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use chatsrv::chat::name::UserName;
use chatsrv::direct::chat::{self, DirectChat, Ending, NotSaid, Stage};
use chatsrv::direct::invitations::Invitations;
use chatsrv::direct::listener::DirectListener;
use chatsrv::direct::ticket::Ticket;
use rustix::event::PollFlags;

use super::peer::Peer;

/// How long a connection may take to be established, and an incoming one to authenticate its
/// caller.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a call waits for its answer.
const RING_TIMEOUT: Duration = Duration::from_secs(60);
/// The largest number of connections besides the current one; a new one replaces the oldest.
const OTHERS_MAX: usize = 16;

/// An event of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The user on the other side.
    pub peer: UserName,
    /// The kind of event.
    pub what: What,
}

/// The kind of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// An incoming call waits for its answer.
    Rings,
    /// An incoming call is over without an answer, for this reason.
    Missed(&'static str),
    /// The outgoing call waits for its answer at the other side.
    Reached,
    /// The chat is open.
    Opened,
    /// The outgoing call was not accepted, for this reason.
    NotTaken(String),
    /// No connection could be made, for this reason.
    Unreachable(String),
    /// A message of the peer.
    Said(String),
    /// The peer sent a frame that is malformed or unknown.
    Unreadable,
    /// The chat is over.
    Ended(Ending),
}

/// The id of a call, unique in this run of the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallId(u64);

/// The listener and the connections of calls.
#[derive(Debug, Default)]
pub struct Calls {
    listener: Option<DirectListener>,
    invitations: Invitations,
    /// The current call or chat, the only one that the user knows of.
    current: Option<Peer>,
    /// The id of the current call, or of the last one.
    id: CallId,
    /// Incoming connections with a ticket whose caller has not given a name yet, and chats that are
    /// over.
    others: Vec<Peer>,
}

impl Calls {
    /// Begins to listen on `port`; 0 is any free port. Returns the port.
    ///
    /// # Errors
    /// If the port is in use, or not permitted; nothing has changed then.
    pub fn listen(&mut self, port: u16, now: Instant) -> io::Result<u16> {
        if let Some(listener) = self.listener.as_ref().filter(|one| one.port() == port) {
            return Ok(listener.port());
        }
        let listener = DirectListener::bind(port, now)?;
        let port = listener.port();
        self.listener = Some(listener);
        Ok(port)
    }

    /// Stops listening. The current chat continues.
    pub fn stop_listening(&mut self) {
        self.listener = None;
        self.invitations.clear();
    }

    /// The port on which it listens.
    pub fn port(&self) -> Option<u16> {
        self.listener.as_ref().map(DirectListener::port)
    }

    /// Adds a call of `from` that the server has announced.
    pub fn invite(&mut self, from: UserName, ticket: Ticket, now: Instant) {
        if self.listener.is_some() {
            self.invitations.add(from, ticket, now);
        }
    }

    /// The user and the stage of the current call or chat.
    pub fn current(&self) -> Option<(UserName, Stage)> {
        let chat = &self.current.as_ref()?.chat;
        Some((chat.peer(), chat.stage()))
    }

    /// The id of the current call, or of the last one.
    pub fn id(&self) -> CallId {
        self.id
    }

    /// Begins a call to `peer`. There must be no current one.
    ///
    /// # Errors
    /// A message for people, if no attempt can be made.
    pub fn call(
        &mut self,
        own: UserName,
        peer: UserName,
        address: SocketAddr,
        ticket: &Ticket,
        now: Instant,
    ) -> Result<(), String> {
        let chat = DirectChat::call(own, peer, ticket).map_err(|error| error.to_string())?;
        let until = now + CONNECT_TIMEOUT;
        let dialed = Peer::dial(address, chat, until).map_err(|error| error.to_string())?;
        self.begin(dialed);
        Ok(())
    }

    /// Accepts the incoming call. Returns its caller; `None` if there is no such call.
    pub fn accept(&mut self) -> Option<UserName> {
        let current = self.current.as_mut().filter(|peer| peer.chat.stage() == Stage::Ringing)?;
        current.chat.accept();
        current.until = None;
        (current.chat.stage() == Stage::Open).then(|| current.chat.peer())
    }

    /// Ends the current call or chat. Returns its user and its stage.
    pub fn hang_up(&mut self, now: Instant) -> Option<(UserName, Stage)> {
        let was = self.current()?;
        let mut peer = self.current.take()?;
        peer.chat.hang_up();
        self.retire(peer, now);
        Some(was)
    }

    /// Sends a message in the open chat.
    ///
    /// # Errors
    /// [`NotSaid`].
    pub fn say(&mut self, text: &str) -> Result<(), NotSaid> {
        self.current.as_mut().ok_or(NotSaid::NotOpen)?.chat.say(text)
    }

    /// The descriptors to poll, with their events.
    pub fn sources(&self, now: Instant) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        let listener = self.listener.iter().flat_map(|listener| listener.sources(now));
        let peers = self.current.iter().chain(&self.others);
        listener
            .map(|fd| (fd, PollFlags::IN))
            .chain(peers.map(|peer| (peer.as_fd(), peer.interest())))
            .collect()
    }

    /// The time by which to call [`turn`](Self::turn) although no socket is ready.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let listener = self.listener.as_ref().and_then(|listener| listener.deadline(now));
        let peers = self.current.iter().chain(&self.others);
        peers.filter_map(|peer| peer.until).chain(listener).min()
    }

    /// Accepts connections, reads and writes, as the user `own`. Returns the events.
    pub fn turn(&mut self, own: UserName, now: Instant) -> Vec<Event> {
        let mut events = Vec::new();
        if let Some(listener) = &mut self.listener {
            for (socket, chat) in listener.turn(own, &mut self.invitations, now) {
                // A connection that can't be set up is closed.
                if let Ok(peer) = Peer::accepted(socket, chat, now + CONNECT_TIMEOUT) {
                    self.keep(peer);
                }
            }
        }
        self.turn_current(now, &mut events);
        self.turn_others(now, &mut events);
        events
    }

    fn turn_current(&mut self, now: Instant, events: &mut Vec<Event>) {
        let Some(mut peer) = self.current.take() else {
            return;
        };
        let mut stage = peer.chat.stage();
        let mut happened = Vec::new();
        peer.turn(&mut happened);
        let name = peer.chat.peer();
        for event in happened {
            if event == chat::ChatEvent::Reached {
                stage = Stage::Calling;
                peer.until = Some(now + RING_TIMEOUT);
            } else if event == chat::ChatEvent::Accepted {
                stage = Stage::Open;
                peer.until = None;
            }
            events.push(Event { peer: name, what: what(event, stage) });
        }
        if peer.chat.stage() != Stage::Ended && peer.until.is_some_and(|until| now >= until) {
            events.push(Event { peer: name, what: overdue(peer.chat.stage()) });
            peer.chat.hang_up();
        }
        match peer.chat.stage() {
            Stage::Ended => self.retire(peer, now),
            _ => self.current = Some(peer),
        }
    }

    fn turn_others(&mut self, now: Instant, events: &mut Vec<Event>) {
        for mut peer in std::mem::take(&mut self.others) {
            let mut happened = Vec::new();
            peer.turn(&mut happened);
            if happened.first() == Some(&chat::ChatEvent::Called) {
                self.called(peer, happened.len() == 1, now, events);
                continue;
            }
            if peer.until.is_some_and(|until| now >= until) {
                peer.chat.hang_up();
            }
            if !peer.is_done(now) {
                self.others.push(peer);
            }
        }
    }

    /// Handles a caller that has given its name. It is not `waiting` any more if it has ended the
    /// call in the same turn.
    fn called(&mut self, mut peer: Peer, waiting: bool, now: Instant, events: &mut Vec<Event>) {
        let name = peer.chat.peer();
        let what = match () {
            () if !waiting => What::Missed("it was given up"),
            () if self.current.is_some() => What::Missed("you are in another direct chat"),
            () => What::Rings,
        };
        if what == What::Rings {
            peer.until = Some(now + RING_TIMEOUT);
            self.begin(peer);
        } else {
            peer.chat.decline();
            self.retire(peer, now);
        }
        events.push(Event { peer: name, what });
    }

    fn begin(&mut self, peer: Peer) {
        self.id = CallId(self.id.0 + 1);
        self.current = Some(peer);
    }

    /// Ends a connection whose chat is over, with time for the other side to read the last message.
    fn retire(&mut self, mut peer: Peer, now: Instant) {
        peer.linger(now);
        // Its events do not matter any more.
        peer.turn(&mut Vec::new());
        if !peer.is_done(now) {
            self.keep(peer);
        }
    }

    fn keep(&mut self, peer: Peer) {
        if self.others.len() == OTHERS_MAX {
            self.others.remove(0);
        }
        self.others.push(peer);
    }
}

/// Converts an event of a chat that was at `stage`.
fn what(event: chat::ChatEvent, stage: Stage) -> What {
    match (event, stage) {
        (chat::ChatEvent::Reached, _) => What::Reached,
        (chat::ChatEvent::Called, _) => What::Rings,
        (chat::ChatEvent::Accepted, _) => What::Opened,
        (chat::ChatEvent::Declined, _) => {
            What::NotTaken("declined, or in another chat".to_string())
        }
        (chat::ChatEvent::Said(text), _) => What::Said(text),
        (chat::ChatEvent::Unreadable, _) => What::Unreadable,
        (chat::ChatEvent::Ended(ending), Stage::Handshake) => What::Unreachable(ending.to_string()),
        (chat::ChatEvent::Ended(ending), Stage::Calling) => What::NotTaken(ending.to_string()),
        (chat::ChatEvent::Ended(_), Stage::Ringing) => What::Missed("it was given up"),
        (chat::ChatEvent::Ended(ending), _) => What::Ended(ending),
    }
}

/// The event for a deadline that has passed in a stage.
fn overdue(stage: Stage) -> What {
    match stage {
        Stage::Handshake => What::Unreachable("no connection within five seconds".to_string()),
        Stage::Ringing => What::Missed("it was not answered"),
        _ => What::NotTaken("no answer".to_string()),
    }
}

#[cfg(test)]
mod tests;
