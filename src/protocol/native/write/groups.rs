//! The lines about groups.

use std::fmt::Display;
use std::io::Write;

use crate::chat::answer::{GroupLine, MemberLine, Rank, There};
use crate::chat::event::GroupNewsOf;
use crate::chat::fact::GroupFact;
use crate::chat::group::{GroupNews, GroupSetting};
use crate::chat::name::DisplayName;
use crate::chat::text::{Reason, Topic};
use crate::protocol::native::kinds::setting_verb;

/// Appends the line of a change of a group.
pub fn news(news: &GroupNewsOf, out: &mut Vec<u8>) {
    let GroupNewsOf { group, news, user, by } = news;
    let mut say = |what: &str, text: &dyn Display| {
        // Writing to a vector does not fail.
        let _ = match user {
            Some(user) => write!(out, "C 136 CHANGE {group} {what} {user} {by}{text}"),
            None => write!(out, "C 136 CHANGE {group} {what} - {by}{text}"),
        };
    };
    match news {
        GroupNews::Leaves(reason) => say("leave", &format_args!(" {}", reason.as_str())),
        GroupNews::Expelled(reason) => {
            let reason = reason.as_ref().map_or("", Reason::as_str);
            let space = if reason.is_empty() { "" } else { " " };
            say("expel", &format_args!("{space}{reason}"));
        }
        GroupNews::Op => say("op", &""),
        GroupNews::NoOp => say("deop", &""),
        GroupNews::Set(setting, on) => {
            say("set", &format_args!(" {} {}", setting_verb(*setting), on_or_off(*on)));
        }
        GroupNews::Dissolved => say("dissolve", &""),
    }
    out.push(b'\n');
}

/// Says the words of a group in a list.
pub fn line(line: &GroupLine, tells_more: bool, mut say: impl FnMut(&dyn Display)) {
    let GroupLine { name, admin, members, kept, public } = line;
    let kept = if *kept { "kept" } else { "-" };
    let public = if *public { "public" } else { "-" };
    match tells_more {
        true => say(&format_args!("{name} {admin} {members} {kept} {public}")),
        false => say(&format_args!("{name} {admin} {members} {kept}")),
    }
}

/// Says the words of a public group in a list.
pub fn public_line(line: &GroupLine, topic: Option<&Topic>, mut say: impl FnMut(&dyn Display)) {
    self::line(line, true, |words| match topic {
        Some(topic) => say(&format_args!("{words} {}", topic.as_str())),
        None => say(words),
    });
}

/// Says the key and the value of something that is known of a group.
pub fn fact(fact: &GroupFact, mut say: impl FnMut(&dyn Display)) {
    match fact {
        GroupFact::Name(name) => say(&format_args!("name {name}")),
        GroupFact::Admin(admin) => say(&format_args!("admin {admin}")),
        GroupFact::Members(members) => say(&format_args!("members {members}")),
        GroupFact::Setting(setting, on) => {
            let key = match setting {
                GroupSetting::Kept => "kept",
                GroupSetting::Public => "public",
                GroupSetting::OpenTopic => "opentopic",
            };
            say(&format_args!("{key} {}", on_or_off(*on)));
        }
        GroupFact::Op(op) => say(&format_args!("op {op}")),
        GroupFact::Made(time) => say(&format_args!("made {time}")),
        GroupFact::Topic(topic) => say(&format_args!("topic {}", topic.as_str())),
        GroupFact::TopicBy(by) => say(&format_args!("topic-by {by}")),
        GroupFact::TopicAt(time) => say(&format_args!("topic-at {time}")),
    }
}

/// Says all that is known of a member.
pub fn member(line: &MemberLine, mut say: impl FnMut(&dyn Display)) {
    let MemberLine { name, number, rank, joined, there, display } = line;
    let rank = match rank {
        Rank::Admin => "admin",
        Rank::Op => "op",
        Rank::Member => "-",
    };
    let there = match there {
        There::On => "on",
        There::Off => "off",
        There::Away => "away",
    };
    let display = display.as_ref().map_or(name.as_str(), DisplayName::as_str);
    say(&format_args!("{name} {number} {rank} {joined} {there} {display}"));
}

fn on_or_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}
