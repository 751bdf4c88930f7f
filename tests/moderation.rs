//! What administrators do about users and networks, over the real sockets and with a real store.

mod support;

use std::time::Instant;

use support::{Client, PATIENCE, Server, captures};

/// The operator, welcomed, with nothing unread.
fn operator(server: &Server) -> Client {
    let mut operator = Client::operator(server);
    operator.expect("C 150 UNREAD 0");
    operator.expect("C 230 USER operator 1 welcome");
    operator
}

/// Tries to log in with the right password until the server lets the user in.
fn is_let_in_at_last(server: &Server, name: &str) {
    let begin = Instant::now();
    loop {
        let mut client = server.connect();
        client.ask(&format!("C USER {name}"), &format!("C 331 USER {name} …"));
        client.send(&format!("D the password of {name}"));
        let line = client.line();
        if line.starts_with("C 150 UNREAD") {
            return;
        }
        assert_eq!(line, "C 530 USER you are banned");
        assert!(begin.elapsed() < PATIENCE, "the ban does not end");
    }
}

#[test]
fn a_ban_for_a_time_ends_by_itself() {
    let server = Server::start(&[]);
    let mut bob = server.register("bob");
    let token = bob.ask("C TOKEN", "C 250 TOKEN …").remove(0);
    let mut admin = operator(&server);
    admin.ask("C BAN bob 1s too loud", "C 250 BAN …");
    bob.expect_closing("C 421 - you are banned");
    server.log().wait_for(
        "event=ban time=… user=bob peer=local conn=… by=operator until=… reason=\"too loud\"",
    );
    is_let_in_at_last(&server, "bob");
    server.connect().ask(&format!("C RESUME bob {token}"), "C 535 RESUME …");
    assert_eq!(admin.list("C BANS"), [""; 0]);
}

#[test]
fn a_ban_for_a_time_ends_though_the_server_was_not_there() {
    let mut server = Server::start(&[]);
    let bob = server.register("bob");
    let mut admin = operator(&server);
    admin.ask("C BANADDR 198.51.100.0/24 2s", "C 250 BANADDR …");
    admin.ask("C BAN bob 2s", "C 250 BAN …");
    bob.expect_closing("C 421 - you are banned");
    drop(admin);
    server.crash_and_restart();
    is_let_in_at_last(&server, "bob");
    let begin = Instant::now();
    while !operator(&server).list("C BANS").is_empty() {
        assert!(begin.elapsed() < PATIENCE, "the ban of the network does not end");
    }
}

#[test]
fn a_banned_network_is_told_so_in_place_of_the_greeting() {
    let mut server = Server::start(&["--max-clients", "2"]);
    let bob = server.register("bob");
    let stranger = server.connect();
    let mut admin = operator(&server);
    admin.ask("C BANADDR 127.0.0.0/8 ever spam", "C 250 BANADDR …");
    for client in [bob, stranger, server.open(), server.open()] {
        client.expect_closing("C 421 - your address is banned");
    }
    server.log().wait_for("event=banaddr time=… network=127.0.0.0/8 until=ever reason=\"spam\"");
    drop(admin);
    server.crash_and_restart();
    server.open().expect_closing("C 421 - your address is banned");
    let mut admin = operator(&server);
    let bans = admin.list("C BANS");
    assert!(bans[0].starts_with("127.0.0.0/8 operator "), "{bans:?}");
    assert!(bans[0].ends_with(" ever spam"), "{bans:?}");
    admin.ask("C UNBANADDR 127.0.0.0/8", "C 250 UNBANADDR …");
    server.login("bob");
}

#[test]
fn a_network_is_banned_only_where_that_shuts_out_no_more_than_was_meant() {
    let server = Server::start(&["--exempt", "198.51.100.0/24"]);
    let mut alice = server.register("alice");
    let mut admin = operator(&server);
    admin.ask("C BANADDR 198.51.100.7", "C 503 BANADDR …");
    admin.ask("C BANADDR 10.0.0.0/7", "C 501 BANADDR …");
    admin.ask("C BANADDR 2001:db8::/23", "C 501 BANADDR …");
    admin.ask("C BANADDR here", "C 501 BANADDR …");
    admin.ask("C BANADDR 192.0.2.0/24 3651d", "C 501 BANADDR …");
    alice.ask("C BANADDR 192.0.2.0/24", "C 530 BANADDR …");
    admin.ask("C ADMIN alice on", "C 250 ADMIN …");
    alice.ask("C BANADDR 127.0.0.1", "C 503 BANADDR …");
    alice.ask("C BANADDR 192.0.3.7", "C 250 BANADDR …");
}

#[test]
fn who_is_muted_reads_on_and_may_speak_again_when_it_is_over() {
    let mut server = Server::start(&[]);
    server.write_file("notes", "abc");
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    bob.ask("C MORE on", "C 250 MORE …");
    let mut admin = operator(&server);
    admin.ask("C MUTE bob 1h too loud", "C 250 MUTE …");
    bob.expect("C 132 MUTED 3600 too loud");
    server.log().wait_for(
        "event=mute time=… user=bob peer=local conn=… by=operator until=… reason=\"too loud\"",
    );
    bob.ask("D * hello", "C 530 MSG muted … …");
    bob.ask("C PM", "C 530 PM muted … …");
    bob.ask("D alice hello", "C 530 MSG muted … …");
    bob.ask("C PUT 3 mine", "C 530 PUT muted … …");
    bob.ask("C AWAY here", "C 530 AWAY muted … …");
    alice.ask("D bob read this", "C 250 MSG … bob 1 0");
    bob.expect("D … alice bob read this");
    assert_eq!(bob.download(0, "notes").1, b"abc");
    drop(admin);
    server.crash_and_restart();
    let mut bob = server.connect();
    bob.login_beside("bob");
    let left = bob.expect("C 132 MUTED … too loud");
    assert!((1..=3600).contains(&left[0].parse::<u32>().unwrap()), "{left:?}");
    bob.ask("D alice hello", "C 530 MSG muted … …");
    operator(&server).ask("C MUTE bob 1s", "C 250 MUTE …");
    bob.expect("C 132 MUTED 1");
    bob.expect("C 132 MUTED 0");
    bob.ask("D alice hello", "C 251 MSG … alice 0 1");
}

/// Logs in with a word that an administrator gave.
fn log_in_with(server: &Server, name: &str, word: &str) -> Client {
    let mut client = server.connect();
    client.ask(&format!("C USER {name}"), &format!("C 331 USER {name} …"));
    client.ask(&format!("D {word}"), "C 150 UNREAD 0");
    client.expect(&format!("C 230 USER {name} … welcome"));
    client
}

/// Replaces such a word by the password that the support of these tests gives everybody.
fn replace(client: &mut Client, name: &str, word: &str) {
    client.ask("C PASSWD", "C 354 PASSWD …");
    client.ask(&format!("D {word}"), "C 354 PASSWD …");
    client.ask(&format!("D the password of {name}"), "C 250 PASSWD …");
}

#[test]
fn a_password_is_reset_and_has_to_be_replaced() {
    let mut server = Server::start(&[]);
    let mut bob = server.register("bob");
    let token = bob.ask("C TOKEN", "C 250 TOKEN …").remove(0);
    let mut admin = operator(&server);
    let word = admin.ask("C SETPASSWD bob", "C 250 SETPASSWD …").remove(0);
    bob.expect_closing("C 421 - you were logged out");
    server.log().wait_for("event=setpasswd time=… user=bob peer=local conn=… by=operator");
    assert!(word.len() == 20 && word.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{word}");
    assert_ne!(admin.ask("C SETPASSWD bob", "C 250 SETPASSWD …").remove(0), word);
    let word = admin.ask("C SETPASSWD bob", "C 250 SETPASSWD …").remove(0);
    drop(admin);
    server.crash_and_restart();
    let mut bob = server.connect();
    bob.ask(&format!("C RESUME bob {token}"), "C 535 RESUME …");
    bob.ask("C USER bob", "C 331 USER bob …");
    bob.ask("D the password of bob", "C 535 USER …");
    let mut bob = log_in_with(&server, "bob", &word);
    server.log().wait_for("event=login time=… user=bob peer=127.0.0.1 conn=… method=reset");
    bob.ask("D * hello", "C 530 MSG reset …");
    bob.ask("C TOKEN", "C 530 TOKEN reset …");
    bob.ask("C ALIVE", "C 503 ALIVE …");
    bob.list("C HELP");
    replace(&mut bob, "bob", &word);
    bob.ask("D * hello", "C 250 MSG … * 0 0");
    bob.leave();
    server.restart();
    server.login("bob").ask("D * hello", "C 250 MSG … * 0 0");
    assert!(server.log().lines().iter().all(|line| !line.contains(&word)), "{word} is in the log");
}

#[test]
fn an_account_is_added_where_nobody_registers() {
    let mut server = Server::start(&["--registration", "closed"]);
    let mut admin = operator(&server);
    let added = admin.ask("C ADDUSER carol", "C 250 ADDUSER carol … …");
    let word = added[1].clone();
    server.log().wait_for("event=adduser time=… user=carol peer=local conn=… by=operator");
    admin.ask("C ADDUSER Carol", "C 553 ADDUSER …");
    drop(admin);
    server.crash_and_restart();
    let mut carol = log_in_with(&server, "carol", &word);
    assert!(added[0].parse::<u32>().is_ok_and(|number| number >= 10_000), "{added:?}");
    carol.ask("C WHO", "C 530 WHO reset …");
    replace(&mut carol, "carol", &word);
    assert_eq!(carol.list("C WHO").len(), 1);
}

#[test]
fn a_logout_ends_sessions_and_tokens_and_no_more() {
    let server = Server::start(&[]);
    let mut bob = server.register("bob");
    let token = bob.ask("C TOKEN", "C 250 TOKEN …").remove(0);
    let mut phone = server.connect();
    phone.login_beside("bob");
    operator(&server).ask("C LOGOUT bob", "C 250 LOGOUT …");
    bob.expect_closing("C 421 - you were logged out");
    phone.expect_closing("C 421 - you were logged out");
    server.log().wait_for("event=logout time=… user=bob peer=local conn=… by=operator");
    server.connect().ask(&format!("C RESUME bob {token}"), "C 535 RESUME …");
    server.login("bob");
}

#[test]
fn accounts_are_listed_also_after_a_restart() {
    let mut server = Server::start(&[]);
    let alice = server.register("alice");
    let bob = server.register("Bob");
    let mut admin = operator(&server);
    admin.ask("C ADMIN alice on", "C 250 ADMIN …");
    admin.ask("C MUTE bob 1h", "C 250 MUTE …");
    admin.ask("C BAN bob ever", "C 250 BAN …");
    bob.expect_closing("C 421 - you are banned");
    admin.ask("C ADDUSER carol", "C 250 ADDUSER …");
    let lines = admin.list("C ACCOUNTS");
    let is = |line: &str, pattern: &str| assert!(captures(pattern, line).is_some(), "{line}");
    is(&lines[0], "alice … … … admin,online");
    is(&lines[1], "Bob … … … banned,muted");
    is(&lines[2], "carol … … - -");
    drop((alice, admin));
    server.restart();
    let mut admin = operator(&server);
    admin.send("C ACCOUNTS ALICE");
    admin.expect("C 150 ACCOUNTS 2");
    let seen = admin.expect("C 151 ACCOUNTS Bob … … … banned,muted");
    assert_eq!(seen[2].parse::<u64>().unwrap() % 60, 0, "{seen:?}");
    admin.expect("C 151 ACCOUNTS carol … … - -");
    admin.expect("C 250 ACCOUNTS 0");
}

#[test]
fn what_is_asked_for_right_behind_a_change_tells_of_it() {
    let server = Server::start(&[]);
    let _alice = server.register("alice");
    let _bob = server.register("bob");
    let mut admin = operator(&server);
    admin.send_bytes(b"C BAN bob ever spam\nC BANS\nC BANADDR 198.51.100.0/24\nC BANS\n");
    admin.expect("C 250 BAN …");
    let bans = admin.rest_of_list("BANS");
    assert!(bans.len() == 1 && bans[0].starts_with("bob operator "), "{bans:?}");
    admin.expect("C 250 BANADDR …");
    assert_eq!(admin.rest_of_list("BANS").len(), 2);
    admin.send_bytes(b"C UNBAN bob\nC BANS\nC MUTE alice 1h\nC ADMIN alice on\nC ACCOUNTS\n");
    admin.expect("C 250 UNBAN …");
    assert_eq!(admin.rest_of_list("BANS").len(), 1);
    admin.expect("C 250 MUTE …");
    admin.expect("C 250 ADMIN …");
    admin.expect("C 150 ACCOUNTS 2");
    admin.expect("C 151 ACCOUNTS alice … … … admin,muted,online");
    admin.expect("C 151 ACCOUNTS bob … … … -");
    admin.expect("C 250 ACCOUNTS 0");
    admin.send_bytes(b"C ADDUSER carol\nC ACCOUNTS bob\nC LOGOUT alice\nC REPORTS\n");
    admin.expect("C 250 ADDUSER carol … …");
    assert_eq!(admin.rest_of_list("ACCOUNTS").len(), 1);
    admin.expect("C 250 LOGOUT …");
    assert_eq!(admin.rest_of_list("REPORTS").len(), 0);
    admin.send_bytes(b"C INVITE\nC INVITES\n");
    let code = admin.expect("C 250 INVITE … 1 …").remove(0);
    assert_eq!(admin.rest_of_list("INVITES").len(), 1);
    admin.send_bytes(format!("C UNINVITE {code}\nC INVITES\n").as_bytes());
    admin.expect("C 250 UNINVITE …");
    assert_eq!(admin.rest_of_list("INVITES").len(), 0);
}

#[test]
fn a_list_of_ones_own_behind_a_change_tells_of_it() {
    let server = Server::start(&[]);
    let mut bob = server.register("bob");
    let mut alice = server.register("alice");
    alice.send_bytes(b"C IGNORE bob on\nC IGNORED\nC MKPUBLIC #tea\nC MEMBERS #tea\n");
    alice.expect("C 250 IGNORE …");
    assert_eq!(alice.rest_of_list("IGNORED"), ["bob"]);
    alice.expect("C 250 MKPUBLIC #tea 1");
    assert_eq!(alice.rest_of_list("MEMBERS").len(), 1);
    bob.send("C JOIN #tea");
    bob.expect("C 128 GROUP #tea join bob");
    bob.expect("C 250 JOIN #tea");
    alice.expect("C 128 GROUP #tea join bob");
    alice.send_bytes(b"C EXPEL #tea bob EVER\nC SHUTOUT #tea\nC MEMBERS #tea\n");
    alice.expect("C 128 GROUP #tea leave bob");
    alice.expect("C 250 EXPEL …");
    assert_eq!(alice.rest_of_list("SHUTOUT").len(), 1);
    assert_eq!(alice.rest_of_list("MEMBERS").len(), 1);
}
