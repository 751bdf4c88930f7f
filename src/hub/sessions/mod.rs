//! Sessions: the state of each connection in the hub.
//!
//! A session has a state ([`state`]), between the greeting and the goodbye, and a queue of the
//! replies that wait ([`replies`]).

pub mod replies;
pub mod state;

use std::collections::VecDeque;

use replies::ReplyQueue;
use state::State;

use crate::chat::address::{Address, Encryption};
use crate::hub::accounts::directory::UserIndex;
use crate::hub::input::ConnId;

/// All sessions, by the slot of their connections.
#[derive(Debug, Default)]
pub struct Sessions {
    slots: Vec<Option<Session>>,
    count: usize,
    /// Those that are told more than before, and not yet what they missed.
    told_more: VecDeque<ConnId>,
}

impl Sessions {
    /// The session of a connection, if it is still there.
    pub fn get(&self, conn: ConnId) -> Option<&Session> {
        let session = self.slots.get(conn.slot as usize)?.as_ref()?;
        (session.generation == conn.generation).then_some(session)
    }

    /// The session of a connection, if it is still there.
    pub fn get_mut(&mut self, conn: ConnId) -> Option<&mut Session> {
        let session = self.slots.get_mut(conn.slot as usize)?.as_mut()?;
        (session.generation == conn.generation).then_some(session)
    }

    /// Adds a session for a connection whose peer has that address, with that encryption.
    pub fn insert(&mut self, conn: ConnId, from: Address, encryption: Encryption) {
        let at = conn.slot as usize;
        if self.slots.len() <= at {
            self.slots.resize_with(at + 1, || None);
        }
        debug_assert!(self.slots[at].is_none(), "{conn} connects in a slot that is in use");
        self.slots[at] = Some(Session::new(conn.generation, from, encryption));
        self.count += 1;
    }

    /// Removes the session of a connection.
    pub fn remove(&mut self, conn: ConnId) -> Option<Session> {
        self.get(conn)?;
        self.count -= 1;
        self.slots[conn.slot as usize].take()
    }

    /// Notes whether a session is told more than every client knows.
    pub fn set_tells_more(&mut self, conn: ConnId, tells_more: bool) {
        let Some(session) = self.get_mut(conn) else { return };
        let told_before = std::mem::replace(&mut session.tells_more, tells_more);
        match (told_before, tells_more) {
            (false, true) => self.told_more.push_back(conn),
            // It may have begun and ended in one breath.
            (true, false) => self.told_more.retain(|other| *other != conn),
            _ => {}
        }
    }

    /// Takes the next session that is told more than before.
    pub fn next_told_more(&mut self) -> Option<ConnId> {
        self.told_more.pop_front()
    }

    /// Returns true if no session has yet to be told what it missed.
    pub fn are_told_all(&self) -> bool {
        self.told_more.is_empty()
    }

    pub fn len(&self) -> usize {
        self.count
    }

    pub fn iter(&self) -> impl Iterator<Item = (ConnId, &Session)> {
        self.slots.iter().enumerate().filter_map(|(slot, session)| {
            let session = session.as_ref()?;
            Some((ConnId { slot: slot as u32, generation: session.generation }, session))
        })
    }
}

/// A session: one connection, and the user who is logged in over it. There are as many as
/// connections, so it is kept small.
#[derive(Debug)]
pub struct Session {
    generation: u32,
    /// The address of the peer.
    pub from: Address,
    pub encryption: Encryption,
    /// The number of wrong passwords so far.
    pub wrong_passwords: u8,
    /// True if it asked for a name, and no password came behind that.
    pub has_only_asked: bool,
    /// The number of the device; 0 before the login, and for the operator.
    pub device: u32,
    /// True if the session stands beside the user's others; false if it stands alone.
    pub is_beside: bool,
    /// True if the session is told more than every client knows.
    pub tells_more: bool,
    /// True if the session is not to be told who comes and goes.
    pub is_quiet: bool,
    /// True if the account's password was confirmed, so that the next request may change it.
    pub has_confirmed_password: bool,
    /// True if it is logged in, and its input waits until something that it asked for is done.
    pub is_blocked: bool,
    state: State,
    /// The replies that wait, and the streams of transfers.
    pub replies: ReplyQueue,
}

impl Session {
    fn new(generation: u32, from: Address, encryption: Encryption) -> Self {
        Session {
            generation,
            from,
            encryption,
            wrong_passwords: 0,
            has_only_asked: false,
            device: 0,
            is_beside: false,
            tells_more: false,
            is_quiet: false,
            has_confirmed_password: false,
            is_blocked: false,
            state: State::Greeted,
            replies: ReplyQueue::default(),
        }
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    /// Puts the session into another state, and returns the previous one. Nothing else changes the
    /// state.
    pub fn enter(&mut self, next: State) -> State {
        debug_assert!(self.state.may_become(&next), "{:?} to {next:?}", self.state);
        log::trace!("session {:?} to {next:?}", self.state);
        std::mem::replace(&mut self.state, next)
    }

    /// The user who is logged in.
    pub fn user(&self) -> Option<UserIndex> {
        match self.state {
            State::Online(user) | State::Leaving(user) => Some(user),
            _ => None,
        }
    }

    /// Returns true if the connection's next frame may be handled.
    pub fn takes_input(&self) -> bool {
        match self.state {
            State::Greeted => self.replies.waiting() == 0,
            State::Online(_) => {
                !self.is_blocked
                    && self.replies.may_wait_more()
                    && self.replies.lists_waiting() == 0
                    && !self.replies.dialogue_waits()
                    && self.replies.uploads_asked() == 0
            }
            State::ChecksPassword | State::Refused(_) | State::Enters(_) => false,
            State::Leaving(_) => false,
        }
    }

    /// Returns true if every request has been answered, and the outcome of each complete upload was
    /// told.
    pub fn has_answered(&self) -> bool {
        let logs_in =
            matches!(self.state, State::ChecksPassword | State::Refused(_) | State::Enters(_));
        !logs_in
            && !self.is_blocked
            && self.replies.waiting() == 0
            && self.replies.uploads_finishing() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_takes_one_cache_line() {
        assert!(size_of::<Option<Session>>() <= 64, "{}", size_of::<Option<Session>>());
    }
}
