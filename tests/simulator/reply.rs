//! Answers and events as the native protocol writes them.

use std::fmt;

use chatsrv::chat::answer::{Answer, Done};
use chatsrv::chat::event::Event;
use chatsrv::chat::kind::Kind;
use chatsrv::chat::refusal::Refusal;
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::verb::Verb;
use chatsrv::protocol::native::{codes, kinds, write};

/// An answer, with its code and its line.
pub struct Reply<'a> {
    pub code: Code,
    pub of: Kind,
    /// What was done; none where it was refused.
    pub done: Option<&'a Done>,
    /// Why it was refused; none where it was done.
    pub refusal: Option<&'a Refusal>,
    answer: &'a Answer,
}

impl<'a> Reply<'a> {
    pub fn new(answer: &'a Answer) -> Self {
        let code = match &answer.result {
            Err(refusal) => codes::refused(answer.of, refusal, false).0,
            Ok(Done::LoggedIn { .. }) => Code::LoggedIn,
            Ok(Done::PasswordWanted { is_new: true, .. }) => Code::ChoosePassword,
            Ok(Done::PasswordWanted { is_new: false, .. }) => Code::SendPassword,
            Ok(Done::Said { is_offline: true, .. }) => Code::DoneStored,
            Ok(Done::GroupWaits(_)) => Code::DoneWaiting,
            Ok(Done::Done) => codes::done(answer.of).0,
            Ok(_) => Code::Done,
        };
        let (done, refusal) = (answer.result.as_ref().ok(), answer.result.as_ref().err());
        Reply { code, of: answer.of, done, refusal, answer }
    }

    /// The verb to which it belongs.
    pub fn verb(&self) -> Option<Verb> {
        kinds::verb(self.of)
    }
}

impl fmt::Display for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = Vec::new();
        write::answer(self.answer, false, &mut line);
        f.write_str(String::from_utf8_lossy(&line).trim_end())
    }
}

/// The line of an event.
pub fn line(event: &Event) -> String {
    let mut line = Vec::new();
    write::event(event, true, &mut line);
    String::from_utf8(line).unwrap().trim_end_matches('\n').to_owned()
}
