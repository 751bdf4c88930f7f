//! Invitations: calls that the server has announced (notice 125) and that have not arrived yet.

use std::time::{Duration, Instant};

use super::chat::DirectChat;
use super::ticket::Ticket;
use crate::chat::name::UserName;

/// How long a ticket is valid.
pub const TICKET_AGE_MAX: Duration = Duration::from_secs(60);
/// The largest number of invitations; a newer one replaces the oldest.
const INVITATIONS_MAX: usize = 16;

#[derive(Debug)]
struct Invitation {
    from: UserName,
    ticket: Ticket,
    until: Instant,
}

/// The announced calls that have not arrived yet, the oldest first.
#[derive(Debug, Default)]
pub struct Invitations {
    invitations: Vec<Invitation>,
    added: u64,
}

impl Invitations {
    /// Adds a call of `from` that the server has announced. It replaces an earlier one of the same
    /// user.
    pub fn add(&mut self, from: UserName, ticket: Ticket, now: Instant) {
        self.invitations.retain(|invitation| invitation.from != from && invitation.until > now);
        if self.invitations.len() == INVITATIONS_MAX {
            self.invitations.remove(0);
        }
        self.invitations.push(Invitation { from, ticket, until: now + TICKET_AGE_MAX });
        self.added += 1;
    }

    /// The number of calls announced so far. A handshake for which there was no invitation is to be
    /// tried again when this has changed.
    pub fn added(&self) -> u64 {
        self.added
    }

    /// Answers the first message of a handshake with the ticket that it was made with, and removes
    /// that invitation. `None` if no valid ticket fits.
    pub fn place(&mut self, own: UserName, first: &[u8], now: Instant) -> Option<DirectChat> {
        self.invitations.retain(|invitation| invitation.until > now);
        let (at, chat) = self.invitations.iter().enumerate().find_map(|(at, invitation)| {
            let chat = DirectChat::answer(own, invitation.from, &invitation.ticket, first)?;
            Some((at, chat))
        })?;
        self.invitations.remove(at);
        Some(chat)
    }

    /// Removes all invitations.
    pub fn clear(&mut self) {
        self.invitations.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::super::ticket::ticket;
    use super::*;

    fn name(text: &str) -> UserName {
        text.parse().unwrap()
    }

    fn first_message(byte: u8) -> Vec<u8> {
        let caller = DirectChat::call(name("alice"), name("bob"), &ticket(byte)).unwrap();
        caller.output()[2..].to_vec()
    }

    fn peer_of(invitations: &mut Invitations, first: &[u8], now: Instant) -> Option<UserName> {
        invitations.place(name("bob"), first, now).map(|chat| chat.peer())
    }

    #[test]
    fn a_ticket_is_good_once_and_for_a_minute() {
        let (mut invitations, now) = (Invitations::default(), Instant::now());
        invitations.add(name("alice"), ticket(1), now);
        invitations.add(name("carol"), ticket(2), now);
        assert_eq!(peer_of(&mut invitations, &first_message(2), now), Some(name("carol")));
        assert_eq!(peer_of(&mut invitations, &first_message(2), now), None);
        let later = now + TICKET_AGE_MAX;
        let just_before = later - Duration::from_millis(1);
        assert_eq!(peer_of(&mut invitations, &first_message(9), just_before), None);
        assert_eq!(peer_of(&mut invitations, &first_message(1), later), None);
        assert!(invitations.invitations.is_empty());
    }

    #[test]
    fn only_the_newest_ticket_of_a_user_is_good() {
        let (mut invitations, now) = (Invitations::default(), Instant::now());
        invitations.add(name("alice"), ticket(1), now);
        invitations.add(name("Alice"), ticket(2), now);
        assert_eq!(peer_of(&mut invitations, &first_message(1), now), None);
        assert_eq!(peer_of(&mut invitations, &first_message(2), now), Some(name("alice")));
    }

    #[test]
    fn what_is_awaited_is_bounded() {
        let (mut invitations, now) = (Invitations::default(), Instant::now());
        for n in 0..=INVITATIONS_MAX {
            invitations.add(name(&format!("u{n}")), ticket(n as u8), now);
        }
        assert_eq!(invitations.invitations.len(), INVITATIONS_MAX);
        assert_eq!(peer_of(&mut invitations, &first_message(0), now), None);
        assert_eq!(peer_of(&mut invitations, &first_message(1), now), Some(name("u1")));
    }
}
