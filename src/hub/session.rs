//! The state of each connection: where it is in its login, what it composes, which answers wait.

use std::time::Duration;

use super::answers::Answers;
use super::directory::{OPERATOR, UserIndex};
use crate::chat::address::Address;
use crate::chat::name::{Key, UserName};
use crate::hub::input::ConnId;
use crate::protocol::native::verb::Verb;

/// All sessions, by the slot of their connection.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    slots: Vec<Option<Session>>,
    count: usize,
}

impl Sessions {
    pub fn get(&self, conn: ConnId) -> Option<&Session> {
        let session = self.slots.get(conn.slot as usize)?.as_ref()?;
        (session.generation == conn.generation).then_some(session)
    }

    pub fn get_mut(&mut self, conn: ConnId) -> Option<&mut Session> {
        let session = self.slots.get_mut(conn.slot as usize)?.as_mut()?;
        (session.generation == conn.generation).then_some(session)
    }

    pub fn insert(&mut self, conn: ConnId, from: Address) {
        let at = conn.slot as usize;
        if self.slots.len() <= at {
            self.slots.resize_with(at + 1, || None);
        }
        debug_assert!(self.slots[at].is_none(), "{conn} connects in a slot that is in use");
        self.slots[at] = Some(Session::new(conn.generation, from));
        self.count += 1;
    }

    pub fn remove(&mut self, conn: ConnId) -> Option<Session> {
        self.get(conn)?;
        self.count -= 1;
        self.slots[conn.slot as usize].take()
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

/// What a connection is in the middle of. There are as many as connections, so it is kept small.
#[derive(Debug)]
pub(super) struct Session {
    generation: u32,
    /// Where it comes from.
    pub from: Address,
    /// Wrong passwords so far.
    pub wrong_passwords: u8,
    pub wants: Wants,
    /// The word that marks the next message.
    pub key: Option<Key>,
    /// Whether it is logged in and takes nothing until something that it asked for is done.
    pub is_on_hold: bool,
    state: State,
    /// Answers that wait, and transfers.
    pub answers: Answers,
}

/// What a connection wants to be told, in one byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wants(u8);

impl Wants {
    const QUIET: u8 = 1;
    const MORE: u8 = 2;

    /// Whether it wants not to be told who comes and goes.
    pub fn quiet(self) -> bool {
        self.0 & Self::QUIET != 0
    }

    /// Whether it wants what came to the protocol later.
    pub fn more(self) -> bool {
        self.0 & Self::MORE != 0
    }

    pub fn set_quiet(&mut self, quiet: bool) {
        self.set(Self::QUIET, quiet);
    }

    pub fn set_more(&mut self, more: bool) {
        self.set(Self::MORE, more);
    }

    fn set(&mut self, bit: u8, is_on: bool) {
        self.0 = if is_on { self.0 | bit } else { self.0 & !bit };
    }
}

/// A login that failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// What it tried to log in with.
    pub verb: Verb,
    /// When that is told, on the steady clock.
    pub until: Duration,
}

/// Where a session stands. Before the login, at most one answer is owed at a time.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nobody yet: USER is awaited.
    Greeted,
    /// USER named somebody, and the password is awaited.
    AwaitsPassword(Box<Claim>),
    /// The password or the token is being checked, or the account registered.
    ChecksPassword,
    /// The password or the token was wrong, which is told a little later.
    Refused(Box<Refusal>),
    /// Let in; what is unread is being counted.
    Enters(UserIndex),
    /// Logged in.
    Online(UserIndex, Composing),
    /// Logged in until the answers that wait are given; nothing more is taken.
    Leaving(UserIndex),
}

/// Who wants to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub name: UserName,
    /// Whether the password is to be a new account's.
    pub new: bool,
    /// Whether to end a session of that user which already stands.
    pub takeover: bool,
}

/// What the next D line of a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Composing {
    /// A target and a text.
    Nothing,
    /// A text for everyone.
    ForEveryone,
    /// A user and a text.
    ForUser,
    /// The password that is to be changed.
    OldPassword,
    /// The password that takes its place.
    NewPassword,
}

impl State {
    fn may_become(&self, next: &State) -> bool {
        use State::{AwaitsPassword, ChecksPassword, Enters, Greeted, Leaving, Online, Refused};
        match (self, next) {
            // The operator enters without a password.
            (Greeted, Enters(user)) => *user == OPERATOR,
            (Greeted, AwaitsPassword(_) | ChecksPassword | Refused(_))
            | (AwaitsPassword(_), Greeted | ChecksPassword)
            | (ChecksPassword, Greeted | Refused(_) | Enters(_))
            | (Refused(_) | Enters(_), Greeted) => true,
            (Enters(before), Online(after, Composing::Nothing))
            | (Online(before, _), Online(after, _) | Leaving(after)) => before == after,
            _ => false,
        }
    }
}

impl Session {
    fn new(generation: u32, from: Address) -> Self {
        Session {
            generation,
            from,
            wrong_passwords: 0,
            wants: Wants::default(),
            key: None,
            is_on_hold: false,
            state: State::Greeted,
            answers: Answers::default(),
        }
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    /// Goes on to another state, and gives back the one before. Nothing else changes it.
    pub fn enter(&mut self, next: State) -> State {
        debug_assert!(self.state.may_become(&next), "{:?} to {next:?}", self.state);
        log::trace!("session {:?} to {next:?}", self.state);
        std::mem::replace(&mut self.state, next)
    }

    /// Who is logged in.
    pub fn user(&self) -> Option<UserIndex> {
        match self.state {
            State::Online(user, _) | State::Leaving(user) => Some(user),
            _ => None,
        }
    }

    /// Gives up a step that a D line was to complete, as every C line does, but for what a client
    /// sends by itself.
    pub fn stop_composing_for(&mut self, verb: Option<Verb>) {
        let is_by_itself = match verb {
            Some(Verb::Alive) => true,
            Some(Verb::Seen) => self.user().is_some(),
            _ => false,
        };
        if !is_by_itself {
            self.stop_composing();
        }
    }

    /// Gives up a step that a D line was to complete.
    pub fn stop_composing(&mut self) {
        match self.state {
            State::AwaitsPassword(_) => {
                self.enter(State::Greeted);
            }
            State::Online(_, Composing::Nothing) => {}
            State::Online(user, _) => {
                self.enter(State::Online(user, Composing::Nothing));
            }
            _ => {}
        }
    }

    /// Whether its next frame may be handled.
    pub fn takes_input(&self) -> bool {
        match self.state {
            State::Greeted | State::AwaitsPassword(_) => self.answers.waiting() == 0,
            State::Online(..) => {
                !self.is_on_hold
                    && self.answers.may_wait_more()
                    && self.answers.lists_waiting() == 0
                    && self.answers.uploads_asked() == 0
            }
            State::ChecksPassword | State::Refused(_) | State::Enters(_) => false,
            State::Leaving(_) => false,
        }
    }

    /// Whether all that was asked for has been answered, and what became of each upload that is
    /// whole was told.
    pub fn has_answered(&self) -> bool {
        let logs_in =
            matches!(self.state, State::ChecksPassword | State::Refused(_) | State::Enters(_));
        !logs_in
            && !self.is_on_hold
            && self.answers.waiting() == 0
            && self.answers.uploads_finishing() == 0
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
