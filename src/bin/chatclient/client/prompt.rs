//! What the person is to type next, and where it goes.

use chatsrv::chat::name::UserName;
use chatsrv::display::safe_text::{SafeText, safe};

use super::{Client, Stage};
use crate::input::destination::{Destination, Dialogue};
use crate::link::login::Question;
use crate::ui::interface::Prompt;

impl Client {
    /// Where a line goes that begins now.
    fn destination(&self) -> Destination {
        match (self.stage, self.dialogue) {
            (Stage::Login(Some(question)), _) => Destination::Login(question),
            (_, Dialogue::None) => self.destination_beneath(),
            (_, step) => Destination::Dialogue(step),
        }
    }

    /// Where a line goes that begins when no dialogue goes on any more.
    pub(super) fn destination_beneath(&self) -> Destination {
        let direct = self.direct.destination();
        let behind = direct.or_else(|| self.waiting.behind());
        behind.unwrap_or_else(|| self.reading.places.destination())
    }

    pub(super) fn prompt(&self) -> Prompt {
        let is_asked = matches!(self.stage, Stage::Login(Some(_)));
        if !is_asked && !self.is_open() {
            return Prompt::default();
        }
        let destination = self.destination();
        let secret = match destination {
            Destination::Login(question) => question.is_secret(),
            Destination::Dialogue(step) => matches!(step, Dialogue::Password(_)),
            _ => false,
        };
        let leaves = destination == Destination::Dialogue(Dialogue::Leave);
        Prompt {
            text: self.prompt_text(&destination),
            destination,
            secret,
            remembered: !secret && !leaves && !is_asked,
            awaits_user: destination == Destination::Dialogue(Dialogue::User),
        }
    }

    fn prompt_text(&self, destination: &Destination) -> SafeText {
        let name = self.name.as_ref().map_or("", UserName::as_str);
        match *destination {
            Destination::Login(question) => question_text(question),
            Destination::Dialogue(Dialogue::Password(entry)) => SafeText::new(entry.prompt()),
            Destination::Dialogue(Dialogue::User) => safe!("to whom? "),
            Destination::Dialogue(Dialogue::Text(_)) => safe!("to {destination}> "),
            Destination::Dialogue(Dialogue::Leave) => safe!("leave? (y/n) "),
            Destination::Direct(peer, _) => self.direct.prompt(name, peer),
            Destination::Chat(chat) if self.reading.places.is_to_come(chat) => {
                safe!("{name} to {destination} (opening)> ")
            }
            Destination::Chat(_) => safe!("{name} to {destination}> "),
            Destination::Dialogue(Dialogue::None)
            | Destination::Nowhere
            | Destination::Gone
            | Destination::Unsure => safe!("{name}> "),
        }
    }
}

fn question_text(question: Question) -> SafeText {
    SafeText::new(match question {
        Question::Name => "name: ",
        Question::Password | Question::PasswordAgain => "password: ",
        Question::NewPassword => "new here; choose a password: ",
        Question::NewPasswordAgain => "the same password again: ",
        Question::TryAgain => "Enter tries again: ",
        Question::TakeOver => "end it and log in here? (y/n) ",
    })
}
