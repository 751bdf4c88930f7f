//! What a client is told of groups.

use chatsrv::chat::group::GroupRange;
use chatsrv::chat::name::UserRef;
use chatsrv::chat::request::Request;
use chatsrv::protocol::native::command::Command;
use chatsrv::protocol::native::read::ServerLine;

use super::{Client, Sent};
use crate::counts::Tally;

/// Counts a line by its code and verb; and once more by what changed in a group, where the seconds
/// are told after which something may be tried again, or why its reader may not say something.
pub fn count(line: &ServerLine<'_>, tally: &mut Tally) {
    let ServerLine { code, verb, rest } = line;
    let mut add = |what| *tally.entry(what).or_default() += 1;
    add(format!("{code} {verb}"));
    let mut words = rest.split(' ');
    match code {
        136 => add(format!("136 CHANGE {}", words.nth(1).expect("what changed"))),
        450 if words.next().is_some_and(|word| word.parse::<u32>().is_ok()) => {
            add(format!("450 {verb} seconds"));
        }
        530 => {
            let why = words.next().filter(|why| ["muted", "young", "lockdown"].contains(why));
            why.into_iter().for_each(|why| add(format!("530 {why}")));
        }
        _ => {}
    }
}

/// What a client knows of groups, the newest last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// The groups that ask it to join.
    pub invitations: Vec<String>,
    /// Who asks to join a group: the group and the user.
    pub requests: Vec<String>,
    /// The groups that it made.
    pub own: Vec<String>,
    /// The groups that it asked to let it in.
    pub sought: Vec<String>,
    /// Who became a member of a group, is none any more, or was asked: the group and the user.
    pub people: Vec<String>,
}

/// How many of a kind a client remembers.
const REMEMBERED: usize = 4;

impl Known {
    /// Notes what a notice tells.
    pub fn hear(&mut self, line: &ServerLine<'_>) {
        match (line.code, &line.rest.split(' ').collect::<Vec<_>>()[..]) {
            (122, [group, _]) => remember(&mut self.invitations, (*group).to_owned()),
            (123, _) => remember(&mut self.requests, line.rest.to_owned()),
            (128, [group, "join" | "leave", user]) => {
                remember(&mut self.people, format!("{group} {user}"));
            }
            _ => {}
        }
    }

    /// Notes a group that it made, whom it asked, and whom it asked to let it in.
    pub fn answered(&mut self, sent: &Sent, line: &ServerLine<'_>) {
        let Sent::Command(Command::Ask(request)) = sent else { return };
        match (request, line.code) {
            (Request::Mkgroup { .. }, 250) => {
                let name = line.rest.split(' ').next().unwrap_or_default();
                remember(&mut self.own, name.to_owned());
            }
            (Request::Ask { group, user: UserRef::Name(user) }, 250) => {
                remember(&mut self.people, format!("{group} {user}"));
            }
            (Request::Join(group), 252) => remember(&mut self.sought, group.to_string()),
            _ => {}
        }
    }
}

fn remember(known: &mut Vec<String>, what: String) {
    known.retain(|other| *other != what);
    known.push(what);
    if known.len() > REMEMBERED {
        known.remove(0);
    }
}

impl Client {
    /// An item of a list of groups has as many words as its reader asked for.
    pub(super) fn check_item(&self, line: &ServerLine<'_>) {
        let Some(Sent::Command(Command::Ask(Request::Groups(range)))) = self.sent.front() else {
            return;
        };
        let words = line.rest.split(' ').count();
        match range {
            GroupRange::Public => assert!(words >= 5, "{line:?}"),
            _ => assert_eq!(words, if self.gets_more { 5 } else { 4 }, "{line:?}"),
        }
    }
}
