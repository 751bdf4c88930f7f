//! Users who ignore others, or want to be asked first, over real sockets.

mod support;

use support::{Client, Server};

/// Asks for a list of messages.
fn messages(client: &mut Client, request: &str) -> Vec<String> {
    client.send(request);
    let head = client.line();
    let count = head.rsplit(' ').next().and_then(|count| count.parse().ok());
    let count: usize = count.unwrap_or_else(|| client.fail(&format!("{head} begins no list")));
    let messages = (0..count).map(|_| client.line()).collect();
    let verb = request.split(' ').nth(1).unwrap_or_default();
    client.expect(&format!("C 250 {verb} …"));
    messages
}

#[test]
fn what_is_ignored_is_found_nowhere_and_its_sender_does_not_learn_of_it() {
    let mut server = Server::start(&[]);
    let mut bob = server.register("bob");
    let mut alice = server.register("alice");
    alice.ask("D bob a penguin before", "C 250 MSG … bob 1 0");
    bob.expect("D … alice bob a penguin before");
    bob.ask("C IGNORE alice on", "C 250 IGNORE …");
    let answer = alice.ask("D bob a penguin unheard", "C 250 MSG … bob 1 0");
    let unheard = &answer[0];
    alice.send("C SENDFILE bob 5 note.txt");
    alice.expect("C 250 SENDFILE 1 0");
    alice.send_bytes(b"F 1 5\nhelloF 1 0\n");
    let file = alice.expect("C 126 SENDFILE 1 5 @…").remove(0);
    alice.ask("C MKGROUP #team bob", "C 250 MKGROUP #team 1");
    // Nothing of all that came in between.
    bob.ask("C ALIVE", "C 503 ALIVE …");
    bob.ask(&format!("C GET 0 @{file}"), "C 550 GET …");
    bob.ask("C IGNORE alice off", "C 250 IGNORE …");
    bob.ask("C IGNORE alice on", "C 250 IGNORE …");

    server.restart();
    let mut bob = server.connect();
    bob.send("C USER bob");
    bob.expect("C 331 USER bob …");
    bob.send(&format!("D {}", support::password_of("bob")));
    bob.expect("C 150 UNREAD 1");
    bob.expect("C 151 UNREAD alice 1 …");
    bob.expect("C 230 USER bob …");
    assert_eq!(bob.list("C IGNORED"), ["alice"]);
    assert_eq!(messages(&mut bob, "C AFTER alice 0 9").len(), 1);
    assert_eq!(messages(&mut bob, "C OPEN alice 9").len(), 1);
    assert_eq!(messages(&mut bob, "C SEARCH - penguin").len(), 1);
    assert_eq!(messages(&mut bob, "C SEARCH alice penguin").len(), 1);
    assert_eq!(messages(&mut bob, "C SEARCH - note").len(), 0);
    let chats = bob.list("C CHATS");
    assert!(chats[0].ends_with("a penguin before"), "{chats:?}");
    bob.ask(&format!("C DELETE {unheard}"), "C 550 DELETE …");

    let mut alice = server.login("alice");
    assert_eq!(messages(&mut alice, "C AFTER bob 0 9").len(), 3);
    assert_eq!(messages(&mut alice, "C SEARCH - penguin").len(), 2);
    assert_eq!(messages(&mut alice, "C SEARCH bob penguin").len(), 2);
    let chats = alice.list("C CHATS");
    assert!(chats[0].ends_with("5 note.txt"), "{chats:?}");
}

#[test]
fn who_wants_to_be_asked_is_not_added() {
    let mut server = Server::start(&["--ask-first"]);
    let mut bob = server.register("bob");
    let mut alice = server.register("alice");
    alice.ask("C MKGROUP #team bob", "C 250 MKGROUP #team 1");
    bob.expect("C 122 ASK #team alice");
    bob.ask("C ASKFIRST off", "C 250 ASKFIRST …");
    server.restart();
    let mut bob = server.login("bob");
    let mut alice = server.login("alice");
    alice.ask("C MKGROUP #others bob", "C 250 MKGROUP #others 2");
    bob.expect("C 128 GROUP #others join bob");
}
