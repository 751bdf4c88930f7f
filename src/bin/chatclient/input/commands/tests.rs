use chatsrv::chat::group::{GroupSetting, GroupStart};
use chatsrv::chat::id::MessageId;
use chatsrv::chat::name::{FileName, Target, UserRef};

use super::*;
use crate::calls::action::CallAction;
use crate::input::groups::{GroupRequest, UserRequest};
use crate::input::table::{COMMANDS, HISTORY_COUNT};
use crate::transfers::download::Source;

#[test]
fn dialogues_begin_with_a_word_that_stands_alone() {
    assert_eq!(read("PM"), Typed::Action(Action::Public));
    assert_eq!(read(" dm "), Typed::Action(Action::Direct));
    assert_eq!(read("EX"), Typed::Action(Action::Leave));
    assert_eq!(read("pm me"), Typed::Text("pm me".into()));
    assert_eq!(read("hello"), Typed::Text("hello".into()));
}

#[test]
fn words_are_checked() {
    let bob = Target::User("bob".parse().unwrap());
    assert_eq!(read("/MSG bob  hi "), Typed::Action(Action::Say { to: bob, text: " hi ".into() }));
    for misused in ["/msg bob", "/msg * hi", "/msg bob  ", "/nick", "/list x", "/get ../x"] {
        assert!(matches!(read(misused), Typed::Misused(_)), "{misused}");
    }
    assert!(matches!(read("/send * hi"), Typed::Action(Action::Say { .. })));
    assert_eq!(read("/files docs/"), Typed::Action(Action::Files("docs".parse().ok())));
    assert_eq!(
        read("/get a b.txt"),
        Typed::Action(Action::Get(Source::Shared("a b.txt".parse().unwrap())))
    );
    let spaced: FileName = " a ".parse().unwrap();
    assert_eq!(read("/get  a "), Typed::Action(Action::Get(Source::Shared(spaced.clone()))));
    assert_eq!(read("/sum  a "), Typed::Action(Action::Sum(spaced.clone())));
    assert_eq!(read("/files  a /"), Typed::Action(Action::Files(Some(spaced))));
    let path = " a ".to_string();
    assert_eq!(read("/abort  a "), Typed::Action(Action::Abort(Some(path.clone()))));
    let put = Action::Send { path: path.clone(), to: None };
    assert_eq!(read("/put  a "), Typed::Action(put));
    assert_eq!(read("/sendfile bob  a "), Typed::Action(Action::Send { path, to: Some(bob) }));
    assert_eq!(read("/abort"), Typed::Action(Action::Abort(None)));
    assert_eq!(read("/quiet ON"), Typed::Action(Action::Quiet(true)));
    assert_eq!(read("/nope"), Typed::Unknown);
    assert_eq!(read("//etc is a folder"), Typed::Text("/etc is a folder".into()));
}

#[test]
fn people_are_monitored_and_looked_up_by_name_or_number() {
    let user: UserRef = "10417".parse().unwrap();
    let words = "at lunch".parse().unwrap();
    assert_eq!(read("/away at lunch "), Typed::Action(Action::Away(Some(words))));
    assert_eq!(read("/away"), Typed::Action(Action::Away(None)));
    assert_eq!(read("/whois 10417"), Typed::Action(Action::Whois(user)));
    let monitor = Action::Monitor { user, on: true };
    assert_eq!(read("/monitor 10417 on"), Typed::Action(monitor));
    for misused in ["/monitor bob", "/monitor bob maybe", "/whois", "/whois a b", "/away \u{202e}"]
    {
        assert!(matches!(read(misused), Typed::Misused(_)), "{misused}");
    }
}

#[test]
fn chats_are_named_by_their_targets() {
    let bob: Target = "bob".parse().unwrap();
    assert_eq!(read("/open bob"), Typed::Action(Action::Open(bob)));
    assert_eq!(read("/history"), Typed::Action(Action::History(None, HISTORY_COUNT)));
    assert_eq!(read("/history bob 5"), Typed::Action(Action::History(Some(bob), 5)));
    let words = "two words".to_string();
    let search = Action::Search { chat: None, words };
    assert_eq!(read("/search - two words "), Typed::Action(search));
    for misused in ["/open", "/open a b", "/history bob 0", "/history bob 1001", "/search -"] {
        assert!(matches!(read(misused), Typed::Misused(_)), "{misused}");
    }
}

#[test]
fn a_message_is_removed_by_its_id() {
    for line in ["/delete 17", "/delete @17 "] {
        assert_eq!(read(line), Typed::Action(Action::Delete(MessageId(17))), "{line}");
    }
    for misused in ["/delete", "/delete x", "/delete 1 2"] {
        assert!(matches!(read(misused), Typed::Misused(_)), "{misused}");
    }
}

#[test]
fn groups_are_made_of_users() {
    let make = |name: Option<&str>, users: &[&str], start| {
        let name = name.map(|name| name.parse().unwrap());
        let users = users.iter().map(|user| user.parse().unwrap()).collect();
        Typed::Action(Action::Group(GroupRequest::Make { name, users, start }))
    };
    assert_eq!(
        read("/makegroup #ops bob  12345"),
        make(Some("#ops"), &["bob", "12345"], GroupStart::Adds)
    );
    assert_eq!(read("/makegroupreq bob"), make(None, &["bob"], GroupStart::Asks));
    assert_eq!(read("/makepublic #tea"), make(Some("#tea"), &[], GroupStart::Public));
    let (ops, bob) = ("#ops".parse().unwrap(), "bob".parse().unwrap());
    assert_eq!(
        read("/admit #ops bob"),
        Typed::Action(Action::Group(GroupRequest::About(ops, bob, UserRequest::Admit)))
    );
    assert_eq!(
        read("/keep #ops OFF"),
        Typed::Action(Action::Group(GroupRequest::Set(ops, GroupSetting::Kept, false)))
    );
    assert_eq!(read("/decline"), Typed::Action(Action::Call(CallAction::Decline)));
    assert_eq!(read("/decline #ops"), Typed::Action(Action::Group(GroupRequest::Decline(ops))));
    let misused = [
        "/makegroup",
        "/makegroup #ops",
        "/makegroup bob #ops",
        "/joingroup ops",
        "/admit #ops",
        "/keep #ops",
        "/sendgroup #ops",
        "/sendgroup bob hi",
        "/members",
        "/makepublic",
        "/expel #ops",
        "/topic",
        "/decline ops",
    ];
    for misused in misused {
        assert!(matches!(read(misused), Typed::Misused(_)), "{misused}");
    }
}

#[test]
fn in_a_chat_only_a_slash_begins_a_command() {
    let read_text = |line| read_for(&Destination::Chat(Target::Everyone), line);
    for word in ["PM", "dm", " Ex "] {
        assert_eq!(read_text(word), Typed::Text(word.into()));
    }
    assert_eq!(read_text("/list"), Typed::Action(Action::Who));
    assert_eq!(read_text("/PM"), Typed::Action(Action::Public));
    assert_eq!(read_text("/ex"), Typed::Action(Action::Leave));
    assert_eq!(read_text("//usr"), Typed::Text("/usr".into()));
    let bob = Destination::Chat("bob".parse().unwrap());
    assert_eq!(read_for(&bob, "pm"), Typed::Text("pm".into()));
    assert_eq!(read_for(&Destination::Nowhere, "pm"), Typed::Action(Action::Public));
    for to in [Destination::Gone, Destination::Unsure] {
        assert_eq!(read_for(&to, "pm"), Typed::Text("pm".into()));
        assert_eq!(read_for(&to, "/pm"), Typed::Action(Action::Public));
    }
}

#[test]
fn every_command_explains_itself() {
    for command in COMMANDS {
        let asked = read(&format!("/help {}", command.name));
        assert_eq!(asked, Typed::Action(Action::Help(Some(command))), "{}", command.name);
    }
}

#[test]
fn the_list_of_commands_fits_a_terminal() {
    let usage = COMMANDS.iter().map(|command| command.usage().len()).max().unwrap();
    let help = COMMANDS.iter().map(|command| command.help.len()).max().unwrap();
    assert!(usage + 2 + help <= 80, "{usage} and {help}");
}
