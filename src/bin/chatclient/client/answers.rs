//! The handling of all that the server sends: each frame goes to the part of the client that it
//! concerns.

use std::fmt;
use std::io::ErrorKind;

use chatsrv::chat::name::InvalidName;
use chatsrv::display::line::Line;
use chatsrv::display::listing;
use chatsrv::display::refusal::refusal;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::display::said::on_one_line;
use chatsrv::protocol::native::VERSION;
use chatsrv::protocol::native::frame::{Frame, FrameError};
use chatsrv::protocol::native::read::{
    Delivered, FinalReply, ListItem, Notice, ReplyWords, SentFile, ServerLine,
};

use super::connect::go_on;
use super::given_password;
use super::groups;
use super::moderation;
use super::notices::{Shown, take_file, take_notice};
use super::parts::Parts;
use crate::conversations::note::Note;
use crate::conversations::outbox::Draft;
use crate::core::{Core, Stage};
use crate::ending::Ending;
use crate::input::groups::GroupRequest;
use crate::input::personal::PersonalRequest;
use crate::link::Came;
use crate::requests::{Asked, Classified};
use crate::transfers::accept::Verdict;

const CLOSED: &str = "the server closed it without a word";

/// Reads from the connection once, and handles all complete frames.
///
/// # Errors
/// The ending, if the connection is at its end or a frame ends it.
pub fn receive(parts: &mut Parts) -> Result<(), Ending> {
    match parts.link.read() {
        Ok(Came::End) => return Err(lost(parts, CLOSED)),
        Ok(Came::Bytes) => {}
        Ok(Came::Nothing) => return Ok(()),
        Err(error) => return Err(lost(parts, error)),
    }
    let mut frames = parts.link.take_frames();
    while let Some(frame) = frames.next_frame() {
        take_frame(parts, frame)?;
    }
    parts.link.give_back_frames(frames);
    match parts.link.has_ended() {
        true => Err(lost(parts, CLOSED)),
        false => Ok(()),
    }
}

/// The ending for a connection that is lost or closed without a reason.
pub fn lost(parts: &Parts, why: impl fmt::Display) -> Ending {
    match parts.core.stage {
        Stage::Leaving => Ending::Left,
        Stage::Greeting if parts.core.name.is_none() => {
            Ending::NotChatsrv(safe!("what answers at {} is no chatsrv", parts.link.server))
        }
        _ => Ending::Lost(SafeText::new(why)),
    }
}

fn take_frame(parts: &mut Parts, frame: Frame<'_>) -> Result<(), Ending> {
    let Parts { core, transfers, conversations, .. } = parts;
    match frame {
        Frame::Command(text) => match ServerLine::parse(text.as_str()) {
            Some(line) => take_line(parts, &line),
            None => unreadable(parts),
        },
        Frame::Data(text) => match Delivered::parse(text.as_str()) {
            Some(message) => conversations.take_message(&message, core),
            None => unreadable(parts),
        },
        Frame::File { stream, bytes } => {
            let failure = transfers.downloads.chunk(stream, bytes, &mut core.requests);
            take_output(parts, failure)
        }
        Frame::FileEnd { stream } => {
            let failure = transfers.downloads.complete(stream, &mut core.requests);
            take_output(parts, failure)
        }
        Frame::Empty => Ok(()),
        // The start of the next frame is unknown after it.
        Frame::Bad(FrameError::FileHeader) => {
            Err(lost(parts, "what the server sends can't be read"))
        }
        Frame::Bad(_) => unreadable(parts),
    }
}

/// Handles the result of adding bytes to a download. If the reader of its output is gone, the
/// client ends, and no error is shown.
fn take_output(parts: &mut Parts, failure: Option<Line>) -> Result<(), Ending> {
    if parts.transfers.downloads.is_reader_gone() {
        return Err(Ending::Ui(ErrorKind::BrokenPipe.into()));
    }
    parts.core.show_all(failure);
    Ok(())
}

fn unreadable(parts: &mut Parts) -> Result<(), Ending> {
    if parts.core.stage == Stage::Greeting {
        return Err(lost(parts, "no greeting"));
    }
    parts.core.show(Line::error(safe!("the server sent a line that can't be read")));
    Ok(())
}

fn take_line(parts: &mut Parts, line: &ServerLine<'_>) -> Result<(), Ending> {
    let core = &mut parts.core;
    let classified = core.requests.classify(line.read());
    if core.stage == Stage::Greeting {
        return match classified {
            Classified::Greeting(version) => greeted(parts, version),
            Classified::Closing(closed) => Err(Ending::Closed(SafeText::new(line.rest), closed)),
            _ => Err(lost(parts, "no greeting")),
        };
    }
    match classified {
        Classified::Closing(closed) => {
            return Err(Ending::Closed(SafeText::new(line.rest), closed));
        }
        Classified::Notice(Notice::File { file }) => return take_file(parts, &file),
        Classified::Notice(notice) => take_notice(parts, &notice, line),
        Classified::LaterNotice => {}
        Classified::ListedFile(file) => {
            core.requests.message_listed();
            return take_listed_file(parts, &file);
        }
        Classified::Head(asked, count) => {
            core.requests.list_begun(&asked, count);
            take_head(parts, &asked, count);
        }
        Classified::Item(asked, item) => take_item(parts, &asked, &item, line),
        Classified::Answer(reply) => {
            if let Some(asked) = core.requests.answered() {
                return take_answer(parts, asked, &reply);
            }
        }
        Classified::Greeting(_) | Classified::Misplaced => show_unexpected(core, line),
    }
    Ok(())
}

fn show_unexpected(core: &mut Core, line: &ServerLine<'_>) {
    core.show(Line::error(safe!("unexpected from the server: {}", Shown(line))));
}

fn greeted(parts: &mut Parts, version: &str) -> Result<(), Ending> {
    if version != VERSION.to_string() {
        return Err(Ending::NotChatsrv(safe!(
            "{} speaks version {version} of the protocol, this client speaks {VERSION}",
            parts.link.server
        )));
    }
    let step = parts.login.greeted();
    go_on(parts, step)
}

fn take_head(parts: &mut Parts, asked: &Asked, count: usize) {
    let core = &mut parts.core;
    match asked {
        Asked::Who { quiet: false } => core.show(Line::answer(safe!("online: {count}"))),
        Asked::Group(request) => groups::take_group_head(parts, request, count),
        Asked::Files { quiet: false } if count == 0 => {
            core.show(Line::answer(safe!("no files")));
        }
        asked => moderation::take_head(core, asked, count),
    }
}

fn take_item(parts: &mut Parts, asked: &Asked, item: &ListItem<'_>, line: &ServerLine<'_>) {
    let Parts { core, conversations, .. } = parts;
    let is_shown = match (asked, *item) {
        (Asked::Login | Asked::Unread, ListItem::Unread { chat, count, last }) => {
            conversations.lists.take_unread(chat, count, last, core);
            *asked == Asked::Unread
        }
        (Asked::Chats | Asked::FirstChats | Asked::MissedChats, ListItem::Chat { chat }) => {
            conversations.lists.take_chat(&chat, core);
            *asked == Asked::Chats
        }
        (Asked::Who { quiet }, ListItem::Online { user }) => {
            core.completion.list_user(user.name);
            !quiet
        }
        (Asked::WhoIsUp, ListItem::Online { user }) => {
            parts.calls.session_listed(&user, core.name);
            false
        }
        (Asked::Files { quiet }, ListItem::Entry { name, .. }) => {
            core.completion.add_file(name);
            !quiet
        }
        (Asked::Administer(command), item) => match moderation::take_listed(core, command, &item) {
            true => false,
            false => return show_unexpected(core, line),
        },
        (Asked::Personal(request), item) => {
            match moderation::take_personal(core, conversations, request, &item) {
                true => false,
                false => return show_unexpected(core, line),
            }
        }
        (Asked::Sessions, ListItem::Device { .. })
        | (Asked::Whois, ListItem::Fact { .. })
        | (Asked::Group(GroupRequest::Members(..)), ListItem::Member { .. })
        | (Asked::Group(GroupRequest::Info(_)), ListItem::Fact { .. })
        | (Asked::Group(GroupRequest::ShutOut(_)), ListItem::ShutOut { .. }) => true,
        (Asked::Group(request), ListItem::Group { name, .. }) => match name.parse() {
            Ok(name) => groups::take_group(parts, request, name),
            Err(InvalidName) => return show_unexpected(core, line),
        },
        (
            Asked::Login
            | Asked::Unread
            | Asked::Chats
            | Asked::FirstChats
            | Asked::MissedChats
            | Asked::Who { .. }
            | Asked::WhoIsUp
            | Asked::Files { .. }
            | Asked::Sessions
            | Asked::Whois
            | Asked::Group(_),
            _,
        ) => return show_unexpected(core, line),
        _ => false,
    };
    if is_shown {
        parts.core.show(listing::item(item));
    }
}

fn take_answer(parts: &mut Parts, asked: Asked, reply: &FinalReply<'_>) -> Result<(), Ending> {
    if given_password::puts_off(parts, &asked, reply) {
        return Ok(());
    }
    let Parts { core, conversations, calls, transfers, login, .. } = parts;
    match asked {
        Asked::Login => {
            let step = login.replied(reply);
            return go_on(parts, step);
        }
        Asked::Exit => return Err(Ending::Left),
        Asked::Message => return message_answered(parts, reply),
        Asked::Passwd(step) => {
            let new = parts.input.dialogue.password_answered(step, reply, core);
            if let Some(password) = new {
                login.password_changed(password);
                given_password::go_on(core);
            }
        }
        Asked::Unregister(step) => {
            if parts.input.dialogue.unregister_answered(step, reply, core) {
                return Err(Ending::Left);
            }
        }
        Asked::Token => {
            if let ReplyWords::Token { token } = reply.words {
                login.set_token(token.expose());
            }
        }
        Asked::More => core.requests.more_answered(reply.is_done()),
        Asked::Beginning
        | Asked::Missed
        | Asked::Open
        | Asked::OpenLast
        | Asked::History
        | Asked::Search => take_messages(parts, &asked, reply),
        Asked::Chats | Asked::FirstChats | Asked::MissedChats => {
            conversations.chats_answered(&asked, reply, core);
        }
        Asked::Seen(chat) => conversations.seen_answered(chat, reply, core),
        Asked::WhoIsUp => calls.sessions_listed(core),
        Asked::Up { quiet } => calls.up_answered(quiet, reply, core),
        Asked::Alive => calls.alive_answered(reply, core),
        Asked::Call(user) => {
            // The next lines of a script are for that call, not for the chat that was open.
            if calls.call_answered(user, reply, core) && !core.ui.is_interactive() {
                conversations.places.close();
            }
        }
        Asked::Get(_)
        | Asked::Compare(_)
        | Asked::NameOf(_)
        | Asked::Put(_)
        | Asked::Expect(_)
        | Asked::AbortUpload(_)
        | Asked::CompareUpload(_) => transfers.answered(&asked, reply, core),
        _ if reply.is_done() => take_success(parts, asked, reply),
        // An older server keeps nothing back.
        Asked::Personal(PersonalRequest::Ignored { quiet: true }) => {
            conversations.ignored.end_list();
        }
        Asked::Who { quiet: true }
        | Asked::Group(GroupRequest::Mine { quiet: true })
        | Asked::Personal(PersonalRequest::Motd { quiet: true })
        | Asked::Files { quiet: true }
        | Asked::Key
        | Asked::EndToken
        | Asked::Abort => {}
        _ => core.show(Line::error(refusal(reply))),
    }
    Ok(())
}

/// Handles the success of a request that belongs to no part of the client.
fn take_success(parts: &mut Parts, asked: Asked, reply: &FinalReply<'_>) {
    let Parts { core, conversations, .. } = parts;
    match asked {
        Asked::Who { .. } => core.completion.end_list(),
        Asked::Unread => conversations.tell_read(core),
        Asked::Administer(command) => moderation::administered(parts, &command, reply),
        Asked::Personal(request) => moderation::personal_done(parts, &request, reply),
        Asked::Simple { done: text } => core.show(Line::answer(SafeText::new(text))),
        Asked::Group(request) => groups::group_done(parts, &request, reply),
        Asked::TokenFor => core.show(match reply.words {
            ReplyWords::Token { token } => Line::answer(SafeText::new(token.expose())),
            _ => Line::error(SafeText::new(reply.text)),
        }),
        Asked::Sum => core.show(match reply.words {
            ReplyWords::Sum { sha256, name, .. } => Line::answer(safe!("{sha256}  {name}")),
            _ => Line::error(SafeText::new(reply.text)),
        }),
        _ => {}
    }
}

/// Handles the end of a list of messages, or its refusal.
fn take_messages(parts: &mut Parts, asked: &Asked, reply: &FinalReply<'_>) {
    let is_refused = asked.leads_into_chat() && !reply.is_done();
    if is_refused && parts.conversations.opening_failed() {
        parts.input.typed_ahead.drop_for_chat(&mut parts.core);
        parts.not_led_to_chat();
    }
    parts.conversations.take_messages(asked, reply, &mut parts.core);
}

/// Handles the reply to the oldest message that was sent.
fn message_answered(parts: &mut Parts, reply: &FinalReply<'_>) -> Result<(), Ending> {
    let Parts { core, conversations, outbox, .. } = parts;
    let Some(draft) = outbox.answered() else {
        return Ok(());
    };
    if reply.is_done() {
        let note = Note::confirmed(&draft, reply, core.own_name());
        return conversations.take_note(note, core);
    }
    let Draft { to, text, .. } = draft;
    let text = on_one_line(&text);
    core.show(Line::error(safe!("not sent to {to}: {} (it was: {text})", refusal(reply))));
    Ok(())
}

/// Handles a file that was sent, as an item of a list of messages.
fn take_listed_file(parts: &mut Parts, file: &SentFile<'_>) -> Result<(), Ending> {
    let is_offered = parts.transfers.accept.listed() == Verdict::Offer;
    let is_hidden = parts.conversations.ignored.hides(file.from, file.to);
    let note = Note::sent(file, parts.core.name, is_offered).hidden_if(is_hidden);
    parts.transfers.downloads.received.remember(file.id, file.name);
    parts.conversations.list(note)
}
