//! The direct chats of this client: those that are awaited, the one that goes on, and those that
//! were just ended.

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

/// How long a connection may take to come about, and one that stands to say who calls.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long it rings.
const RING_TIMEOUT: Duration = Duration::from_secs(60);
/// How many connections there may be beside the one that goes on; the oldest makes room.
const OTHERS_MAX: usize = 16;

/// What has happened, and with whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// With whom.
    pub peer: UserName,
    /// What.
    pub what: What,
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A call came in and waits for a yes or no.
    Rings,
    /// A call came in and is not waited for any more, for this reason.
    Missed(&'static str),
    /// The call rings at the other side.
    Reached,
    /// The chat is open.
    Opened,
    /// The call was not taken, for this reason.
    NotTaken(String),
    /// No connection comes about, for this reason.
    Unreachable(String),
    /// The peer said this.
    Said(String),
    /// The peer sent what can't be read.
    Unreadable,
    /// The chat is over.
    Ended(Ending),
}

/// Which of the calls of this run one is: none comes twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallId(u64);

/// Everything about direct chats that has a socket.
#[derive(Debug, Default)]
pub struct Calls {
    listener: Option<DirectListener>,
    invitations: Invitations,
    /// The call or chat that the person knows of; there is one at most.
    current: Option<Peer>,
    /// Which one that is, or was last.
    id: CallId,
    /// Those who have a ticket and did not say who they are yet, and those that are over.
    others: Vec<Peer>,
}

impl Calls {
    /// Takes calls on `port`; 0 is any free one. Returns which one it is.
    ///
    /// # Errors
    /// Where the port is taken, or not allowed; it stands as before then.
    pub fn listen(&mut self, port: u16, now: Instant) -> io::Result<u16> {
        if let Some(listener) = self.listener.as_ref().filter(|one| one.port() == port) {
            return Ok(listener.port());
        }
        let listener = DirectListener::bind(port, now)?;
        let port = listener.port();
        self.listener = Some(listener);
        Ok(port)
    }

    /// Takes no calls any more. A chat that goes on is not touched.
    pub fn stop_listening(&mut self) {
        self.listener = None;
        self.invitations.clear();
    }

    /// On which port calls are taken.
    pub fn port(&self) -> Option<u16> {
        self.listener.as_ref().map(DirectListener::port)
    }

    /// The server says that `from` is about to call.
    pub fn invite(&mut self, from: UserName, ticket: Ticket, now: Instant) {
        if self.listener.is_some() {
            self.invitations.add(from, ticket, now);
        }
    }

    /// Whose call or chat goes on, and how far it is.
    pub fn current(&self) -> Option<(UserName, Stage)> {
        let chat = &self.current.as_ref()?.chat;
        Some((chat.peer(), chat.stage()))
    }

    /// Which of the calls of this run goes on, or was the last one.
    pub fn id(&self) -> CallId {
        self.id
    }

    /// Calls `peer`, where nothing goes on.
    ///
    /// # Errors
    /// Text for people, where it can't even be tried.
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

    /// Takes the call that rings; whose it is.
    pub fn accept(&mut self) -> Option<UserName> {
        let current = self.current.as_mut().filter(|peer| peer.chat.stage() == Stage::Ringing)?;
        current.chat.accept();
        current.until = None;
        (current.chat.stage() == Stage::Open).then(|| current.chat.peer())
    }

    /// Ends what goes on, whatever it is, and whose it was.
    pub fn hang_up(&mut self, now: Instant) -> Option<(UserName, Stage)> {
        let was = self.current()?;
        let mut peer = self.current.take()?;
        peer.chat.hang_up();
        self.retire(peer, now);
        Some(was)
    }

    /// Says something in the chat that is open.
    ///
    /// # Errors
    /// [`NotSaid`].
    pub fn say(&mut self, text: &str) -> Result<(), NotSaid> {
        self.current.as_mut().ok_or(NotSaid::NotOpen)?.chat.say(text)
    }

    /// What to wait for.
    pub fn sources(&self, now: Instant) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        let listener = self.listener.iter().flat_map(|listener| listener.sources(now));
        let peers = self.current.iter().chain(&self.others);
        listener
            .map(|fd| (fd, PollFlags::IN))
            .chain(peers.map(|peer| (peer.as_fd(), peer.interest())))
            .collect()
    }

    /// When to take a turn although nothing can be read or written.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let listener = self.listener.as_ref().and_then(|listener| listener.deadline(now));
        let peers = self.current.iter().chain(&self.others);
        peers.filter_map(|peer| peer.until).chain(listener).min()
    }

    /// Lets in, reads and writes whatever can be, as `own`; what has happened.
    pub fn turn(&mut self, own: UserName, now: Instant) -> Vec<Event> {
        let mut events = Vec::new();
        if let Some(listener) = &mut self.listener {
            for (socket, chat) in listener.turn(own, &mut self.invitations, now) {
                // A connection that can't be set up is as good as gone.
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

    /// One whom the server has announced has said who it is, and perhaps that it is `waiting` no
    /// more.
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

    /// The chat is over: its last word is written, and read by the other side.
    fn retire(&mut self, mut peer: Peer, now: Instant) {
        peer.linger(now);
        // Nothing that comes now is of interest.
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

/// What an event of a chat means to the person, where the chat was at that stage.
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

/// What it means that the patience is over in a stage.
fn overdue(stage: Stage) -> What {
    match stage {
        Stage::Handshake => What::Unreachable("no connection within five seconds".to_string()),
        Stage::Ringing => What::Missed("it was not answered"),
        _ => What::NotTaken("no answer".to_string()),
    }
}

#[cfg(test)]
mod tests;
