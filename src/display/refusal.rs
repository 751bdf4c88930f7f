//! Formats the refusals of requests for people.

use super::clock;
use super::safe_text::{SafeText, safe};
use crate::chat::term::TimeLeft;
use crate::protocol::native::read::{FinalReply, ReplyWords, Restriction};

/// The text of a refusal: what stands against the request, and for how long.
pub fn refusal(reply: &FinalReply<'_>) -> SafeText {
    match reply.words {
        ReplyWords::NoFile { name } => safe!("no such file: {name}"),
        ReplyWords::RetryAfter { seconds } => {
            let term = clock::term(seconds);
            match reply.text.split_once(' ').map_or("", |(_, text)| text) {
                "" | "try again later" => safe!("try again in {term}"),
                text => safe!("{text}; try again in {term}"),
            }
        }
        ReplyWords::Restricted { by } => restriction(by),
        _ => SafeText::new(reply.text),
    }
}

fn restriction(by: Restriction) -> SafeText {
    match by {
        Restriction::Muted(TimeLeft::Ever) => safe!("you are muted for ever"),
        Restriction::Muted(TimeLeft::Seconds(left)) => {
            safe!("you are muted until {}", clock::time_in(left))
        }
        Restriction::Young(left) => {
            safe!("your account is too young for that, for {} more", clock::term(left))
        }
        Restriction::Lockdown => {
            safe!("not now: accounts younger than a day may not do that for a while")
        }
        Restriction::Reset => safe!("first choose a password of your own: /passwd"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::native::read::{Reading, ServerLine};

    fn text(line: &str) -> String {
        match ServerLine::parse(line).unwrap().read() {
            Reading::Final(reply) => refusal(&reply).to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_stands_against_a_request_is_told_in_words() {
        let until = text("530 MSG muted 60 you may read, and say nothing");
        assert!(until.starts_with("you are muted until ") && !until.contains("60"), "{until}");
        let refusals = [
            ("530 MSG muted ever you may read", "you are muted for ever"),
            ("530 PUT young 5400 x", "your account is too young for that, for 1h 30m more"),
            (
                "530 PUT lockdown x",
                "not now: accounts younger than a day may not do that for a while",
            ),
            ("530 WHO reset x", "first choose a password of your own: /passwd"),
            ("530 KICK administrators only", "administrators only"),
            ("450 CALL 90 try again later", "try again in 1m 30s"),
            ("450 EXPORT 7200 once a day", "once a day; try again in 2h"),
            ("450 CALL busy", "busy"),
            ("550 GET a b", "no such file: a b"),
        ];
        for (line, expected) in refusals {
            assert_eq!(text(line), expected);
        }
    }
}
