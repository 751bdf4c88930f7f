//! The prompt and the status: what the user is to type next and its destination, and the state of
//! the connection.

use std::time::{Duration, Instant};

use chatsrv::display::safe_text::{SafeText, safe};

use super::parts::Parts;
use crate::core::Stage;
use crate::input::destination::{Destination, Dialogue};
use crate::link::connection::Server;
use crate::link::login::Question;
use crate::ui::interface::Prompt;

/// How long a message may lack its confirmation until the status says so.
const CONFIRMATION_PATIENCE: Duration = Duration::from_secs(3);

/// The destination of a line that is begun now.
fn destination(parts: &Parts) -> Destination {
    match (parts.core.stage, parts.input.dialogue.step) {
        (Stage::Login(Some(question)), _) => Destination::Login(question),
        (_, Dialogue::None) => destination_beneath(parts),
        (_, step) => Destination::Dialogue(step),
    }
}

/// The destination of a line that is begun once no dialogue is open.
pub fn destination_beneath(parts: &Parts) -> Destination {
    let direct = parts.calls.destination();
    let behind = direct.or_else(|| parts.input.typed_ahead.behind());
    behind.unwrap_or_else(|| parts.conversations.places.destination())
}

pub fn prompt(parts: &Parts) -> Prompt {
    let is_asked = matches!(parts.core.stage, Stage::Login(Some(_)));
    if !is_asked && !parts.core.is_open() {
        return Prompt::default();
    }
    let destination = destination(parts);
    let secret = match destination {
        Destination::Login(question) => question.is_secret(),
        Destination::Dialogue(step) => matches!(step, Dialogue::Password(_)),
        _ => false,
    };
    let is_decision =
        matches!(destination, Destination::Dialogue(Dialogue::Leave | Dialogue::Confirm));
    Prompt {
        text: prompt_text(parts, &destination),
        destination,
        secret,
        remembered: !secret && !is_decision && !is_asked,
        awaits_user: destination == Destination::Dialogue(Dialogue::User),
    }
}

fn prompt_text(parts: &Parts, destination: &Destination) -> SafeText {
    let name = parts.core.own_name();
    match *destination {
        Destination::Login(question) => question_text(question, &parts.link.server),
        Destination::Dialogue(Dialogue::Password(entry)) => SafeText::new(entry.prompt()),
        Destination::Dialogue(Dialogue::User) => safe!("to whom? "),
        Destination::Dialogue(Dialogue::Text(_)) => safe!("to {destination}> "),
        Destination::Dialogue(Dialogue::Leave) => safe!("leave? (y/n) "),
        Destination::Dialogue(Dialogue::Confirm) => safe!("sure? (y/n) "),
        Destination::Direct(peer, _) => parts.calls.prompt(name, peer),
        Destination::Chat(chat) if parts.conversations.places.is_to_come(chat) => {
            safe!("{name} to {destination} (opening)> ")
        }
        Destination::Chat(_) => safe!("{name} to {destination}> "),
        Destination::Dialogue(Dialogue::None)
        | Destination::Nowhere
        | Destination::Gone
        | Destination::Unsure => safe!("{name}> "),
    }
}

fn question_text(question: Question, server: &Server) -> SafeText {
    SafeText::new(match question {
        Question::Name => "name: ",
        Question::Password => "password: ",
        Question::PasswordAgain => return safe!("password for {server}: "),
        Question::NewPassword => "new here; choose a password: ",
        Question::NewPasswordAgain => "the same password again: ",
        Question::TryAgain => "Enter tries again: ",
        Question::InUse => "b: beside it, t: take over, l: leave? ",
    })
}

/// The status: what is wrong with the connection, or what is waited for.
pub fn status(parts: &Parts, now: Instant) -> Option<SafeText> {
    let Parts { core, outbox, conversations, input, .. } = parts;
    let waiting = match outbox.len() {
        0 => SafeText::default(),
        count => safe!("; messages to send: {count}"),
    };
    match core.stage {
        Stage::Offline(until) => {
            let left = until.saturating_duration_since(now).as_secs_f64().ceil();
            Some(safe!("offline, trying again in {left} s{waiting}"))
        }
        Stage::Connecting | Stage::Greeting | Stage::Login(None) if core.name.is_some() => {
            Some(safe!("offline, trying now{waiting}"))
        }
        Stage::Login(Some(_)) if core.name.is_some() => Some(safe!("offline{waiting}")),
        Stage::Talking | Stage::Leaving => {
            let lines = input.typed_ahead.status(core.requests.is_opening_chat());
            lines.or_else(|| conversations.summary()).or_else(|| {
                let Some(waited) = outbox.waiting(now) else {
                    let is_full = !outbox.is_empty() && !core.requests.has_room();
                    return is_full.then(|| safe!("the server does not answer{waiting}"));
                };
                let seconds = waited.as_secs();
                (waited >= CONFIRMATION_PATIENCE)
                    .then(|| safe!("not confirmed yet: {}, for {seconds} s", outbox.len()))
            })
        }
        _ => None,
    }
}
