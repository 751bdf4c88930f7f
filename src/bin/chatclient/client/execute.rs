//! The execution of commands that were typed.

use std::path::{Path, PathBuf};

use chatsrv::chat::name::Target;
use chatsrv::chat::text::Reason;
use chatsrv::display::line::{Column, Line, Narrow};
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::verb::Verb;

use super::leaving::leave_or_ask;
use super::moderation::{administer, ask_personal};
use super::parts::Parts;
use crate::core::Core;
use crate::input::action::{Action, Command};
use crate::input::destination::{Dialogue, PasswordEntry};
use crate::input::devices::DeviceRequest;
use crate::input::groups::GroupRequest;
use crate::input::table::COMMANDS;
use crate::requests::Asked;
use crate::transfers::{Goal, Place};
use crate::ui::one_job::Job;

/// Executes a command. One that can't be undone is confirmed first by somebody at a terminal; in a
/// script it is taken as it was said.
pub fn execute(parts: &mut Parts, action: Action) {
    let Parts { core, input, .. } = parts;
    match action.question().filter(|_| core.ui.is_interactive()) {
        Some(question) => input.dialogue.confirm(action, question, core),
        None => carry_out(parts, action),
    }
}

/// Carries out a command.
pub fn carry_out(parts: &mut Parts, action: Action) {
    let Parts { core, conversations, .. } = parts;
    match action {
        Action::Public => parts.input.dialogue.step = Dialogue::Text(Target::Everyone),
        Action::Direct => {
            parts.input.dialogue.step = Dialogue::User;
            core.ask(Asked::Who { quiet: false }, Verb::Who, "");
        }
        Action::Say { to, text } => core.show_all(parts.outbox.say(to, &text, core.is_online())),
        Action::Who => core.ask(Asked::Who { quiet: false }, Verb::Who, ""),
        Action::Chats if conversations.list_console(core) => {}
        Action::Chats => {
            conversations.mark(true, core);
            core.ask(Asked::Chats, Verb::Chats, "");
        }
        Action::Open(chat) => {
            parts.calls.unbind();
            conversations.open_chat(chat, core);
        }
        Action::Close => {
            parts.calls.unbind();
            conversations.places.close();
        }
        Action::History(chat, count) => conversations.older(chat, count, core),
        Action::Search { chat, words } => match chat {
            Some(chat) => core.ask(Asked::Search, Verb::Search, format_args!("{chat} {words}")),
            None => core.ask(Asked::Search, Verb::Search, format_args!("- {words}")),
        },
        Action::Delete(id) => {
            core.ask(Asked::Simple { done: "it is removed for all" }, Verb::Delete, id);
        }
        Action::Group(request) => ask_group(core, request),
        Action::Passwd => parts.input.dialogue.step = Dialogue::Password(PasswordEntry::Old),
        Action::Unregister { erase } => parts.input.dialogue.begin_to_unregister(erase),
        Action::Devices(request) => ask_devices(core, request),
        about_people @ (Action::Nick(_)
        | Action::Quiet(_)
        | Action::Whois(_)
        | Action::Away(_)
        | Action::Monitor { .. }) => ask_about_people(core, about_people),
        Action::Files(folder) => {
            let folder = folder.as_ref().map_or("", |name| name.as_str());
            core.ask(Asked::Files { quiet: false }, Verb::Ls, folder);
        }
        Action::Get(source) => {
            let place = Place::Folder(parts.transfers.folder.clone());
            parts.transfers.download(source, place, core);
        }
        Action::Send { path, to } => parts.transfers.upload(typed_path(&path), goal(to), core),
        Action::Sum(name) => core.ask(Asked::Sum, Verb::Sum, name),
        Action::Abort(name) => parts.transfers.abort(name.as_deref(), core),
        Action::Call(action) => {
            if !parts.calls.execute(action, core) {
                parts.not_led_to_chat();
            }
        }
        Action::Personal(request) => ask_personal(core, request),
        Action::Administer(command) => administer(core, command),
        Action::Help(None) => help(core),
        Action::Help(Some(command)) => core.show(Line::answer(explained(command))),
        Action::Leave => leave_or_ask(parts),
    }
}

/// Sends a request about the user's name, and about who is there.
fn ask_about_people(core: &mut Core, action: Action) {
    match action {
        Action::Nick(name) => {
            core.ask(Asked::Simple { done: "done" }, Verb::Nick, name.as_str());
        }
        Action::Quiet(true) => {
            let done = "who comes and goes is not told any more";
            core.ask(Asked::Simple { done }, Verb::Quiet, "on");
        }
        Action::Quiet(false) => {
            let done = "who comes and goes is told";
            core.ask(Asked::Simple { done }, Verb::Quiet, "off");
        }
        Action::Whois(user) => core.ask(Asked::Whois, Verb::Whois, user),
        Action::Away(words) => {
            let done = if words.is_some() { "you are away" } else { "you are back" };
            let words = words.as_ref().map_or("", Reason::as_str);
            core.ask(Asked::Simple { done }, Verb::Away, words);
        }
        Action::Monitor { user, on } => {
            let (done, word) = match on {
                true => ("you are told of that user in any case", "on"),
                false => ("you are told of that user as of all", "off"),
            };
            core.ask(Asked::Simple { done }, Verb::Monitor, format_args!("{user} {word}"));
        }
        _ => {}
    }
}

/// Sends a request about groups.
pub fn ask_group(core: &mut Core, request: GroupRequest) {
    let (verb, words) = (request.verb(), request.words());
    core.ask(Asked::Group(request), verb, words);
}

/// Sends a request about the devices of this user.
fn ask_devices(core: &mut Core, request: DeviceRequest) {
    let (verb, words) = request.request();
    let asked = match request {
        DeviceRequest::List => Asked::Sessions,
        DeviceRequest::TokenFor(_) => Asked::TokenFor,
        DeviceRequest::End(_) | DeviceRequest::EndOthers => Asked::Simple { done: request.done() },
    };
    core.ask(asked, verb, words);
}

fn help(core: &mut Core) {
    let width = COMMANDS.iter().map(|command| command.usage().len()).max().unwrap_or(0);
    let help = COMMANDS.iter().map(|command| command.help.len()).max().unwrap_or(0);
    // At a terminal where not all of it stands in columns, nothing does.
    let below = width + 2 + help;
    let line = |command: &Command| {
        let usage = Column::left(width, SafeText::new(command.usage()));
        let row = Line::row(&[usage, Column::rest(safe!("{}", command.help)).apart()]);
        Line { narrow: Some(Narrow { text: explained(command), below }), ..row }
    };
    core.show_all(COMMANDS.iter().map(line));
}

fn explained(command: &Command) -> SafeText {
    safe!("{}: {}", command.usage(), command.help)
}

/// Begins the job of the command line.
pub fn run_job(parts: &mut Parts, job: Job) {
    let Parts { core, outbox, transfers, .. } = parts;
    match job {
        Job::Say { to, text } => core.show_all(outbox.say(to, &text, core.is_online())),
        Job::Get { source, place } => transfers.download(source, place, core),
        Job::Put { path, goal } => transfers.upload(path, goal, core),
    }
}

/// The path that was typed, with the home folder for `~/`.
pub fn typed_path(typed: &str) -> PathBuf {
    match (typed.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(typed).to_path_buf(),
    }
}

/// The goal of an upload: the chat `to`, or the shared folder.
pub fn goal(to: Option<Target>) -> Goal {
    to.map_or(Goal::Shared, Goal::Chat)
}
