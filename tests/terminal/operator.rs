//! The operator at the server's own socket: many chats at a time, and what only the operator may.

use crate::folder;
use crate::person::Person;
use crate::support::Server;

#[test]
fn counts_rise_and_one_chat_is_entered_and_answered() {
    let (server, folder) = (Server::start(&[]), folder());
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    bob.ask("D operator while you were away", "C 251 MSG … operator 0 1");
    let mut operator = Person::operator(&server, folder.path(), 80);
    operator.wait_for_row("1 unread from bob; /open bob");
    operator.wait_for_row("new: bob 1");
    for count in 1..=3 {
        alice.ask("D operator help", "C 250 MSG … operator 1 0");
        operator.wait_for_row(&format!("new: alice {count}, bob 1"));
    }
    bob.ask("D operator me too", "C 250 MSG … operator 1 0");
    alice.ask("D * hello all", "C 250 MSG … * 2 0");
    bob.expect("D … alice * hello all");
    operator.wait_for_row("new: * 1, bob 2, alice 3");
    assert!(!operator.screen.rows().iter().any(|row| row.contains("alice -> operator")));
    operator.type_keys("/chats\r");
    operator.wait_for_row("bob             2 new, the last ");
    operator.wait_for_row("alice           3 new, the last ");
    operator.type_keys("/open alice\r");
    operator.wait_for_prompt("operator to alice>");
    let shown = |operator: &Person, part: &str| {
        operator.screen.rows().iter().filter(|row| row.contains(part)).count()
    };
    assert_eq!(shown(&operator, "alice -> operator: help"), 3);
    operator.wait_for_row("new: * 1, bob 2");
    operator.type_keys("what is it?\r");
    alice.expect("D … operator alice what is it?");
    alice.ask("D operator never mind", "C 250 MSG … operator 1 0");
    operator.wait_for_row("alice -> operator: never mind");
    bob.ask("D operator still me", "C 250 MSG … operator 1 0");
    operator.wait_for_row("new: bob 3, * 1");
    operator.type_keys("/open bob\r");
    operator.wait_for_row("bob -> operator: still me");
    assert_eq!(shown(&operator, "bob -> operator:"), 3);
    operator.wait_for_row("new: * 1");
    operator.type_keys("/ex\r");
    assert_eq!(operator.wait_for_end(), Some(0));
}

#[test]
fn who_misbehaves_is_sent_away() {
    let (mut server, folder) = (Server::start(&[]), folder());
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    let mut carol = Person::register(&server, folder.path(), 80, "carol");
    carol.type_keys("/kick bob\r");
    carol.wait_for_row("administrators only");
    let mut operator = Person::operator(&server, folder.path(), 80);
    operator.type_keys("/kick bob be quiet\r");
    operator.wait_for_row("that session is over");
    bob.expect("C 421 - you were kicked: be quiet");
    operator.type_keys("/ban bob\r");
    operator.wait_for_row("that user is let in no more");
    operator.type_keys("/ban nobody\r");
    operator.wait_for_row("no such user");
    operator.type_keys("/wall coffee is ready\r");
    alice.expect("D … operator * coffee is ready");
    operator.type_keys("/admin carol on\r");
    operator.wait_for_row("that user is an administrator now");
    carol.type_keys("/unban bob\r");
    carol.wait_for_row("that user is let in again");
    server.login("bob");
    carol.type_keys("/admin alice on\r");
    carol.wait_for_row("the operator only");
    operator.type_keys("/dump\r");
    operator.wait_for_row("chatsrv_");
    operator.type_keys("/shutdown 1\r");
    carol.wait_for_row("the server stops within 1 s");
    assert_eq!(server.wait().code(), Some(0));
    operator.wait_for_row("offline, trying");
    server.come_back();
    operator.wait_for_row("online again");
    operator.wait_for_prompt("operator>");
}
