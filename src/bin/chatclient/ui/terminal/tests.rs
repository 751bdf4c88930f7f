//! Tests of the terminal's user interface, without a terminal.

use std::time::Duration;

use super::*;

fn prompt(chat: &str) -> Prompt {
    let destination = Destination::Chat(chat.parse().unwrap());
    Prompt { text: safe!("to {chat}> "), destination, ..Prompt::default() }
}

/// A terminal with the prompt of a chat.
fn terminal(chat: &str) -> Terminal {
    let mut terminal = Terminal::with(None, Screen::new(80, false));
    terminal.set_prompt(prompt(chat));
    terminal
}

/// Handles bytes that are typed; returns the next input.
fn take(terminal: &mut Terminal, bytes: &str) -> Option<Input> {
    terminal.decoder.feed(bytes.as_bytes(), Instant::now(), &mut terminal.keys);
    terminal.next(&Vocabulary::default())
}

#[test]
fn a_paste_is_for_the_chat_where_it_began() {
    let mut terminal = terminal("carol");
    assert_eq!(take(&mut terminal, "\x1b[200~for carol"), None);
    terminal.set_prompt(prompt("alice"));
    assert_eq!(terminal.line.prompt(), &prompt("carol"));
    let sent = Input::Line("for carol only".to_string().into(), prompt("carol").destination);
    assert_eq!(take(&mut terminal, " only\x1b[201~\r"), Some(sent));
    // A paste of several lines too, and its question names the chat.
    assert_eq!(take(&mut terminal, "\x1b[200~one\n"), None);
    terminal.set_prompt(Prompt { destination: Destination::Nowhere, ..prompt("x") });
    assert_eq!(take(&mut terminal, "pm\x1b[201~"), None);
    assert!(terminal.bottom().row.starts_with("send 2 lines to alice?"));
    let said = Pasted::Messages(["one", "pm"].map(String::from).into());
    let sent = Input::Pasted(said, prompt("alice").destination);
    assert_eq!(take(&mut terminal, "y"), Some(sent));
    assert_eq!(terminal.line.prompt().destination, Destination::Nowhere);
}

#[test]
fn a_paste_that_comes_to_nothing_is_for_nobody() {
    for paste in ["\x1b[201~".to_string(), "x".repeat(keys::PASTE_BYTES_MAX + 1) + "\x1b[201~"] {
        let mut terminal = terminal("carol");
        assert_eq!(take(&mut terminal, "\x1b[200~"), None);
        terminal.set_prompt(prompt("alice"));
        assert_eq!(terminal.line.prompt(), &prompt("carol"));
        assert_eq!(take(&mut terminal, &paste), None);
        assert_eq!(terminal.line.prompt(), &prompt("alice"));
    }
}

#[test]
fn a_paste_without_an_end_is_over_in_time_while_nothing_can_be_typed() {
    let mut terminal = Terminal::with(None, Screen::new(80, false));
    let before = Instant::now().checked_sub(Duration::from_secs(5)).unwrap();
    terminal.decoder.feed(b"\x1b[200~abc", before, &mut terminal.keys);
    assert!(terminal.deadline().is_some_and(|due| due < Instant::now()));
    // Without a prompt the client calls nothing but this.
    assert!(!terminal.take_interrupt());
    assert_eq!(terminal.deadline(), None);
    terminal.set_prompt(prompt("carol"));
    assert_eq!(terminal.next(&Vocabulary::default()), None);
    assert_eq!(terminal.line.editor.text(), "abc");
}

#[test]
fn a_paste_that_comes_while_another_is_asked_about_is_told() {
    let mut terminal = terminal("carol");
    let pastes = "\x1b[200~one\ntwo\x1b[201~\x1b[200~three\nfour\x1b[201~";
    assert_eq!(take(&mut terminal, pastes), None);
    let question = terminal.bottom();
    assert!(question.row.starts_with("send 2 lines to carol?"));
    terminal.screen.draw(question);
    let shown = String::from_utf8(terminal.screen.take_output()).unwrap();
    assert!(shown.contains("not pasted: what was pasted before is asked about first"), "{shown}");
    let said = Pasted::Messages(["one", "two"].map(String::from).into());
    assert_eq!(take(&mut terminal, "y"), Some(Input::Pasted(said, prompt("carol").destination)));
    assert!(matches!(terminal.mode, Mode::Edit) && terminal.keys.is_empty());
}

#[test]
fn the_common_start_ends_between_characters() {
    let words = |list: &[&str]| list.iter().map(|word| word.to_string()).collect::<Vec<_>>();
    assert_eq!(common_start(&words(&["Bob", "bobby", "bOx"])), "Bo");
    assert_eq!(common_start(&words(&["äa", "äb"])), "ä");
    assert_eq!(common_start(&words(&["a", "b"])), "");
}
