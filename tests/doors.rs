//! Who may make an account, with an invitation or without, and who is held back in a lockdown.

mod support;

use support::{Client, Server};

/// The operator, welcomed, with nothing unread.
fn operator(server: &Server) -> Client {
    let mut operator = Client::operator(server);
    operator.expect("C 150 UNREAD 0");
    operator.expect("C 230 USER operator 1 welcome");
    operator
}

/// Asks for a name, and is let in by no password.
fn is_turned_away(server: &Server, name: &str) {
    let mut stranger = server.connect();
    stranger.ask(&format!("C USER {name}"), &format!("C 331 USER {name} …"));
    stranger.ask("D a password", "C 535 USER …");
}

#[test]
fn the_door_is_shut_and_opened_while_the_server_runs() {
    let server = Server::start(&["--registration", "invite"]);
    let mut operator = operator(&server);
    operator.ask("C REGISTRATION", "C 250 REGISTRATION invite");
    is_turned_away(&server, "alice");
    operator.ask("C REGISTRATION open", "C 250 REGISTRATION open");
    let mut alice = server.register("alice");
    alice.ask("C REGISTRATION closed", "C 530 REGISTRATION …");
    operator.ask("C REGISTRATION closed", "C 250 REGISTRATION closed");
    is_turned_away(&server, "bob");
    server.connect().login_beside("alice");
    let line = "event=registration time=… user=- peer=local conn=… by=operator how=closed";
    server.log().wait_for(line);
}

#[test]
fn in_a_lockdown_nobody_comes_in_and_who_came_today_reaches_few() {
    let server = Server::start(&[]);
    let mut operator = operator(&server);
    let mut alice = server.register("alice");
    operator.ask("C LOCKDOWN on", "C 250 LOCKDOWN …");
    alice.ask("D * hello", "C 530 MSG lockdown …");
    alice.ask("C MKPUBLIC #raid", "C 530 MKPUBLIC lockdown …");
    alice.ask("C PUT 3 notes", "C 530 PUT lockdown …");
    is_turned_away(&server, "bob");
    operator.ask("C LOCKDOWN off", "C 250 LOCKDOWN …");
    alice.ask("D * hello", "C 250 MSG … * 1 0");
    server.register("bob");
    for how in ["on", "off"] {
        let line = "event=lockdown time=… user=- peer=local conn=… by=operator how=";
        server.log().wait_for(&format!("{line}{how}"));
    }
}

#[test]
fn an_invitation_outlives_the_server_and_no_more_accounts_are_made_with_it_than_it_says() {
    let mut server = Server::start(&["--registration", "invite", "--registrations", "1/1d"]);
    let code = operator(&server).ask("C INVITE 2 30d", "C 250 INVITE … 2 …").remove(0);
    assert_eq!(code.len(), 16);
    server.restart();
    for name in ["alice", "bob"] {
        let mut new = server.connect();
        new.ask(&format!("C USER {name} INVITE {code}"), &format!("C 332 USER {name} …"));
        new.send(&format!("D the password of {name}"));
        new.expect("C 150 UNREAD 0");
        new.expect("C 230 USER …");
    }
    let mut late = server.connect();
    late.ask(&format!("C USER carol INVITE {code}"), "C 535 USER …");
    late.ask(&format!("C USER alice INVITE {code}"), "C 331 USER alice …");
    let log = server.log();
    log.wait_for("event=login-failed time=… user=carol peer=127.0.0.1 conn=… count=1");
    assert!(!log.lines().iter().any(|line| line.contains(&code)), "the code is in the log");
}
