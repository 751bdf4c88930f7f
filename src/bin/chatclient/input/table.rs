//! The table of commands.

use chatsrv::chat::group::{GroupSetting, GroupStart};
use chatsrv::chat::id::MessageId;
use chatsrv::chat::name::{FileName, Target, UserRef};
use chatsrv::chat::request::LIST_MESSAGES_MAX;
use chatsrv::protocol::native::verb::Verb;

use crate::calls::action::CallAction;
use crate::input::action::{Action, Command, Completes};
use crate::input::administration::Administration;
use crate::input::devices::{self, DeviceRequest};
use crate::input::group_words::{self, on_or_off};
use crate::input::groups::{GroupRequest, UserRequest};
use crate::input::personal::{self, PersonalRequest};

/// All commands, in the order in which /help lists them.
pub const COMMANDS: &[Command] = &[
    row("PM", "", "send a message to everyone, step by step", Completes::Nothing, |words| {
        alone(words, Action::Public)
    }),
    row("DM", "", "send a message to one user, step by step", Completes::Nothing, |words| {
        alone(words, Action::Direct)
    }),
    row("EX", "", "log out", Completes::Nothing, |words| alone(words, Action::Leave)),
    row("/pm", "", "the same as PM, in a chat too", Completes::Nothing, |words| {
        alone(words, Action::Public)
    }),
    row("/dm", "", "the same as DM, in a chat too", Completes::Nothing, |words| {
        alone(words, Action::Direct)
    }),
    row("/ex", "", "log out", Completes::Nothing, |words| alone(words, Action::Leave)),
    row("/list", "", "list who is online", Completes::Nothing, |words| alone(words, Action::Who)),
    row("/active", "", "the same", Completes::Nothing, |words| alone(words, Action::Who)),
    row("/msg", "USER TEXT", "send a message to one user", Completes::Users, |words| {
        let (user, text) = target_and_text(words)?;
        Some(Action::Say { to: Target::User(user.parse::<UserRef>().ok()?), text })
    }),
    row("/send", "TARGET TEXT", "send a message: * is everyone", Completes::Users, |words| {
        let (target, text) = target_and_text(words)?;
        Some(Action::Say { to: target.parse().ok()?, text })
    }),
    row("/broadcast", "TEXT", "send a message to everyone", Completes::Nothing, |words| {
        some_text(words).map(|text| Action::Say { to: Target::Everyone, text })
    }),
    row("/me", "TEXT", "say what you do, in the open chat", Completes::Nothing, |_| None),
    row("/chats", "", "list the chats, and what is unread", Completes::Nothing, |words| {
        alone(words, Action::Chats)
    }),
    row("/open", "CHAT", "show what is unread there, and write there", Completes::Chats, |words| {
        words.trim().parse().ok().map(Action::Open)
    }),
    row("/close", "", "write to no chat any more", Completes::Nothing, |words| {
        alone(words, Action::Close)
    }),
    row("/history", "[CHAT [N]]", "show older messages, on repeat", Completes::Chats, history),
    row("/search", "CHAT|- WORDS", "show the messages that hold them", Completes::Chats, |words| {
        let (chat, words) = target_and_text(words)?;
        let chat = if chat == "-" { None } else { Some(chat.parse().ok()?) };
        Some(Action::Search { chat, words: words.trim().to_string() })
    }),
    row("/delete", "ID", "remove a message or a sent file", Completes::Nothing, |words| {
        let id = words.trim();
        let id = id.strip_prefix('@').unwrap_or(id).parse().ok()?;
        Some(Action::Delete(MessageId(id)))
    }),
    row("/makegroup", "[#NAME] USER...", "make a group of them", Completes::Groups, |words| {
        group_words::make(words, GroupStart::Adds).map(Action::Group)
    }),
    row(
        "/makegroupreq",
        "[#NAME] USER...",
        "ask them to join a new group",
        Completes::Groups,
        |words| group_words::make(words, GroupStart::Asks).map(Action::Group),
    ),
    row("/makepublic", "#NAME", "make a group that all may join", Completes::Groups, |words| {
        group_words::make_public(words).map(Action::Group)
    }),
    row("/joingroup", "#GROUP", "join a group, or ask to", Completes::Groups, |words| {
        group_words::group(words).map(GroupRequest::Join).map(Action::Group)
    }),
    row("/ask", "#GROUP USER", "ask a user to join a group", Completes::Groups, |words| {
        group_words::about(words, UserRequest::Ask).map(Action::Group)
    }),
    row("/admit", "#GROUP USER", "let in one who wants to join", Completes::Groups, |words| {
        group_words::about(words, UserRequest::Admit).map(Action::Group)
    }),
    row("/refuse", "#GROUP USER [EVER]", "don't let that one in", Completes::Groups, |words| {
        group_words::refuse(words).map(Action::Group)
    }),
    row("/expel", "#GROUP USER [EVER] [TEXT]", "remove a member", Completes::Groups, |words| {
        group_words::expel(words).map(Action::Group)
    }),
    row("/leavegroup", "#GROUP [TEXT]", "leave a group, and say why", Completes::Groups, |words| {
        group_words::leave(words).map(Action::Group)
    }),
    row(
        "/keep",
        "#GROUP on|off",
        "keep a group when its members leave",
        Completes::Groups,
        |words| group_words::set(words, GroupSetting::Kept).map(Action::Group),
    ),
    row("/public", "#GROUP on|off", "let everybody join a group", Completes::Groups, |words| {
        group_words::set(words, GroupSetting::Public).map(Action::Group)
    }),
    row("/opentopic", "#GROUP on|off", "let members set its topic", Completes::Groups, |words| {
        group_words::set(words, GroupSetting::OpenTopic).map(Action::Group)
    }),
    row("/topic", "#GROUP [TEXT]", "set the topic, or none", Completes::Groups, |words| {
        group_words::topic(words).map(Action::Group)
    }),
    row("/op", "#GROUP USER on|off", "let a member look after it", Completes::Groups, |words| {
        group_words::op(words).map(Action::Group)
    }),
    row("/handover", "#GROUP USER", "make a member the admin", Completes::Groups, |words| {
        group_words::about(words, UserRequest::Handover).map(Action::Group)
    }),
    row("/dissolve", "#GROUP", "end a group (administrators)", Completes::Groups, |words| {
        group_words::group(words).map(GroupRequest::Dissolve).map(Action::Group)
    }),
    row("/sendgroup", "#GROUP TEXT", "send a message to a group", Completes::Groups, |words| {
        let (name, text) = target_and_text(words)?;
        Some(Action::Say { to: Target::Group(name.parse().ok()?), text })
    }),
    row("/activegroups", "", "list your groups", Completes::Nothing, |words| {
        alone(words, Action::Group(GroupRequest::Mine { quiet: false }))
    }),
    row("/activeallgroups", "", "list all groups", Completes::Nothing, |words| {
        alone(words, Action::Group(GroupRequest::All))
    }),
    row("/publicgroups", "", "list the groups that all may join", Completes::Nothing, |words| {
        alone(words, Action::Group(GroupRequest::Public))
    }),
    row("/members", "#GROUP [ALL]", "list the members of a group", Completes::Groups, |words| {
        group_words::members(words).map(Action::Group)
    }),
    row("/info", "#GROUP", "list what is known of a group", Completes::Groups, |words| {
        group_words::group(words).map(GroupRequest::Info).map(Action::Group)
    }),
    row("/shutout", "#GROUP", "list who may not come in", Completes::Groups, |words| {
        group_words::group(words).map(GroupRequest::ShutOut).map(Action::Group)
    }),
    row("/passwd", "", "change your password, step by step", Completes::Nothing, |words| {
        alone(words, Action::Passwd)
    }),
    row(
        "/unregister",
        "[ERASE]",
        "remove your account, or all of it",
        Completes::Nothing,
        |words| {
            let erase = words.trim().eq_ignore_ascii_case("erase");
            (erase || words.trim().is_empty()).then_some(Action::Unregister { erase })
        },
    ),
    row("/sessions", "", "list where you are logged in, or can be", Completes::Nothing, |words| {
        alone(words, Action::Devices(DeviceRequest::List))
    }),
    row("/endsession", "N|all", "log out there, or everywhere else", Completes::Nothing, |words| {
        devices::end(words).map(Action::Devices)
    }),
    row("/token", "NAME", "make a token for another program", Completes::Nothing, |words| {
        devices::token_for(words).map(Action::Devices)
    }),
    row("/nick", "TEXT", "choose the name shown beside yours", Completes::Nothing, |words| {
        words.trim().parse().ok().map(Action::Nick)
    }),
    row("/quiet", "on|off", "don't tell who comes and goes, or do", Completes::Nothing, |words| {
        on_or_off(words).map(Action::Quiet)
    }),
    row("/whois", "USER", "list what is known of a user", Completes::Users, |words| {
        words.trim().parse().ok().map(Action::Whois)
    }),
    row("/away", "[TEXT]", "be away, or without a text back", Completes::Nothing, |words| {
        match words.trim() {
            "" => Some(Action::Away(None)),
            text => text.parse().ok().map(Some).map(Action::Away),
        }
    }),
    row("/monitor", "USER on|off", "be told of a user in any case", Completes::Users, |words| {
        let (user, rest) = words.split_once(' ')?;
        Some(Action::Monitor { user: user.parse().ok()?, on: on_or_off(rest)? })
    }),
    row("/ignore", "USER on|off", "let nothing of a user reach you", Completes::Users, |words| {
        personal::ignore(words).map(Action::Personal)
    }),
    row("/ignored", "", "list whom you ignore", Completes::Nothing, |words| {
        alone(words, Action::Personal(PersonalRequest::Ignored { quiet: false }))
    }),
    row("/askfirst", "on|off", "be asked before you are in a group", Completes::Nothing, |words| {
        on_or_off(words).map(PersonalRequest::AskFirst).map(Action::Personal)
    }),
    row("/report", "USER [ID] TEXT", "tell the administrators of it", Completes::Users, |words| {
        personal::report(words).map(Action::Personal)
    }),
    row("/motd", "", "show the message of the day", Completes::Nothing, |words| {
        alone(words, Action::Personal(PersonalRequest::Motd { quiet: false }))
    }),
    row("/export", "", "get all that is yours as a file", Completes::Nothing, |words| {
        alone(words, Action::Personal(PersonalRequest::Export))
    }),
    row("/files", "[FOLDER]", "list the files of a folder", Completes::Files, |words| {
        file_or_all(words.trim_end_matches('/')).map(Action::Files)
    }),
    row("/get", "NAME|@ID", "download a file, @ID one that was sent", Completes::Files, |words| {
        words.parse().ok().map(Action::Get)
    }),
    row("/put", "FILE", "upload a file into the shared folder", Completes::Nothing, |words| {
        some_text(words).map(|path| Action::Send { path, to: None })
    }),
    row("/sendfile", "TARGET FILE", "send a file to a chat", Completes::Chats, |words| {
        let (target, path) = target_and_text(words)?;
        let to = Some(target.parse().ok()?);
        Some(Action::Send { path, to })
    }),
    row("/sum", "NAME", "tell the SHA-256 of a file", Completes::Files, |words| {
        words.parse().ok().map(Action::Sum)
    }),
    row("/rm", "PATH", "remove a shared file or an empty folder", Completes::Files, |words| {
        words
            .trim_end_matches('/')
            .parse()
            .ok()
            .map(PersonalRequest::RemoveFile)
            .map(Action::Personal)
    }),
    row("/abort", "[NAME]", "cancel the transfer of a file, or all", Completes::Files, |words| {
        Some(Action::Abort((!words.is_empty()).then(|| words.to_string())))
    }),
    row("/up", "[PORT]", "take direct chats", Completes::Nothing, |words| {
        CallAction::up(words).map(Action::Call)
    }),
    row("/down", "", "take no direct chats any more", Completes::Nothing, |words| {
        alone(words, Action::Call(CallAction::Down))
    }),
    row("/call", "USER", "call a user for a direct chat", Completes::Users, |words| {
        CallAction::call(words).map(Action::Call)
    }),
    row("/accept", "", "take the call that rings", Completes::Nothing, |words| {
        alone(words, Action::Call(CallAction::Accept))
    }),
    row("/decline", "[#GROUP]", "don't take the call, or don't join", Completes::Groups, |words| {
        match words.trim() {
            "" => Some(Action::Call(CallAction::Decline)),
            group => group.parse().ok().map(GroupRequest::Decline).map(Action::Group),
        }
    }),
    row("/hangup", "", "end the direct chat, or the call", Completes::Nothing, |words| {
        alone(words, Action::Call(CallAction::HangUp))
    }),
    row(
        "/kick",
        "USER [TEXT]",
        "end a user's sessions (administrators)",
        Completes::Users,
        |words| administer(Verb::Kick, words),
    ),
    row("/logout", "USER", "end sessions and tokens (administrators)", Completes::Users, |words| {
        administer(Verb::Logout, words)
    }),
    row(
        "/ban",
        "USER [TIME] [TEXT]",
        "let a user in no more (administrators)",
        Completes::Users,
        |words| administer(Verb::Ban, words),
    ),
    row("/unban", "USER", "let a user in again (administrators)", Completes::Users, |words| {
        administer(Verb::Unban, words)
    }),
    row(
        "/banaddr",
        "NETWORK [TIME] [TEXT]",
        "let in nobody from there (administrators)",
        Completes::Nothing,
        |words| administer(Verb::Banaddr, words),
    ),
    row(
        "/unbanaddr",
        "NETWORK",
        "let them in again (administrators)",
        Completes::Nothing,
        |words| administer(Verb::Unbanaddr, words),
    ),
    row("/bans", "", "list the bans (administrators)", Completes::Nothing, |words| {
        administer(Verb::Bans, words)
    }),
    row(
        "/mute",
        "USER TIME|off [TEXT]",
        "let a user say nothing (administrators)",
        Completes::Users,
        |words| administer(Verb::Mute, words),
    ),
    row("/setpasswd", "USER", "give a new password (administrators)", Completes::Users, |words| {
        administer(Verb::Setpasswd, words)
    }),
    row("/adduser", "NAME", "make an account (administrators)", Completes::Nothing, |words| {
        administer(Verb::Adduser, words)
    }),
    row("/accounts", "[NAME]", "list the accounts (administrators)", Completes::Users, |words| {
        administer(Verb::Accounts, words)
    }),
    row(
        "/remove",
        "USER [ERASE]",
        "remove an account, or all of it (operator)",
        Completes::Users,
        |words| administer(Verb::Remove, words),
    ),
    row("/reports", "", "list what was reported (administrators)", Completes::Nothing, |words| {
        administer(Verb::Reports, words)
    }),
    row("/resolve", "N", "be done with a report (administrators)", Completes::Nothing, |words| {
        administer(Verb::Resolve, words)
    }),
    row(
        "/registration",
        "[open|invite|closed]",
        "say who may make an account (administrators)",
        Completes::Nothing,
        |words| administer(Verb::Registration, words),
    ),
    row(
        "/invite",
        "[USES] [TIME]",
        "make an invitation (administrators)",
        Completes::Nothing,
        |words| administer(Verb::Invite, words),
    ),
    row("/invites", "", "list the invitations (administrators)", Completes::Nothing, |words| {
        administer(Verb::Invites, words)
    }),
    row("/uninvite", "CODE", "take one back (administrators)", Completes::Nothing, |words| {
        administer(Verb::Uninvite, words)
    }),
    row(
        "/lockdown",
        "on|off",
        "shut out newcomers (administrators)",
        Completes::Nothing,
        |words| administer(Verb::Lockdown, words),
    ),
    row("/audit", "[N]", "list what was done (administrators)", Completes::Nothing, |words| {
        administer(Verb::Audit, words)
    }),
    row("/wall", "TEXT", "send a message to everyone", Completes::Nothing, |words| {
        some_text(words).map(|text| Action::Say { to: Target::Everyone, text })
    }),
    row("/dump", "", "list the server's figures (administrators)", Completes::Nothing, |words| {
        administer(Verb::Dump, words)
    }),
    row(
        "/shutdown",
        "[SECONDS]",
        "stop the server (administrators)",
        Completes::Nothing,
        |words| administer(Verb::Shutdown, words),
    ),
    row(
        "/admin",
        "USER on|off",
        "make an administrator (the operator)",
        Completes::Users,
        |words| administer(Verb::Admin, words),
    ),
    row("/help", "[COMMAND]", "list the commands, or explain one", Completes::Commands, |words| {
        match words.trim() {
            "" => Some(Action::Help(None)),
            name => find_for_help(name).map(|command| Action::Help(Some(command))),
        }
    }),
    row("/quit", "", "log out", Completes::Nothing, |words| alone(words, Action::Leave)),
];

const fn row(
    name: &'static str,
    words: &'static str,
    help: &'static str,
    completes: Completes,
    read: fn(&str) -> Option<Action>,
) -> Command {
    Command { name, words, help, completes, read }
}

/// Finds a command whose name may stand without the slash.
fn find_for_help(name: &str) -> Option<&'static Command> {
    find(name).or_else(|| find(&format!("/{name}")))
}

/// Finds a command by its name, in any case.
pub fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name.eq_ignore_ascii_case(name))
}

fn administer(verb: Verb, words: &str) -> Option<Action> {
    Administration::read(verb, words).map(Action::Administer)
}

fn alone(words: &str, action: Action) -> Option<Action> {
    words.trim().is_empty().then_some(action)
}

fn some_text(words: &str) -> Option<String> {
    (!words.trim().is_empty()).then(|| words.to_string())
}

/// Splits `target text`; `None` if the text is only white space.
fn target_and_text(words: &str) -> Option<(&str, String)> {
    let (target, text) = words.trim_start().split_once(' ')?;
    some_text(text).map(|text| (target, text))
}

/// The number of messages that /history shows by default.
pub const HISTORY_COUNT: u16 = 20;

fn history(words: &str) -> Option<Action> {
    let mut words = words.split_whitespace();
    let chat = words.next().map(str::parse).transpose().ok()?;
    let count = words.next().map_or(Some(HISTORY_COUNT), |count| count.parse().ok())?;
    let fits = (1..=LIST_MESSAGES_MAX).contains(&count) && words.next().is_none();
    fits.then_some(Action::History(chat, count))
}

fn file_or_all(words: &str) -> Option<Option<FileName>> {
    if words.is_empty() { Some(None) } else { words.parse().ok().map(Some) }
}
