//! The operator over the server's own socket, and direct chats, over the real sockets.

mod support;

use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use rustix::process::Signal;
use support::{Client, PATIENCE, Server};

/// The operator, welcomed, with nothing unread.
fn operator(server: &Server) -> Client {
    let mut operator = Client::operator(server);
    operator.expect("C 150 UNREAD 0");
    operator.expect("C 230 USER operator 1 welcome");
    operator
}

#[test]
fn the_socket_is_its_owners_and_lasts_as_long_as_the_server() {
    let mut server = Server::start(&[]);
    let socket = server.data().join("admin.sock");
    let mode = socket.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    server.log().wait_for(&format!("event=admin-socket path={}", socket.display()));
    // One that a crash left behind is replaced.
    server.crash_and_restart();
    operator(&server).leave();
    server.log().wait_for("peer=local:pid-…:uid-… reason=goodbye");
    assert_eq!(server.stop().code(), Some(0));
    assert!(!socket.exists());
}

#[test]
fn a_place_for_the_socket_that_can_not_be_used_exits_73() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no/such/folder/admin.sock");
    let path = path.to_str().unwrap();
    let command = support::command(&folder.path().join("data"), &["--admin-socket", path]);
    let finished = support::finish(command);
    assert_eq!(finished.code, Some(73), "{}", finished.stderr);
    assert!(finished.stderr.contains(path), "{}", finished.stderr);
}

#[test]
fn a_server_that_finds_the_socket_taken_disturbs_nobody() {
    let server = Server::start(&[]);
    let mut operator = operator(&server);
    let folder = tempfile::tempdir().unwrap();
    let socket = server.data().join("admin.sock");
    let args = ["--admin-socket", socket.to_str().unwrap()];
    let finished = support::finish(support::command(&folder.path().join("data"), &args));
    assert_eq!(finished.code, Some(73), "{}", finished.stderr);
    operator.expect_nothing();
}

#[test]
fn the_operator_takes_nobodys_place_and_talks_with_everyone() {
    let server = Server::start(&["--max-clients", "2"]);
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    let mut operator = operator(&server);
    bob.ask("D operator hello", "C 250 MSG … operator 1 0");
    operator.expect("D … bob operator hello");
    operator.ask("D bob hello yourself", "C 250 MSG … bob 1 0");
    bob.expect("D … operator bob hello yourself");
    alice.ask("D * all", "C 250 MSG … * 2 0");
    operator.expect("D … alice * all");
    let who: Vec<String> = alice.list("C WHO");
    assert_eq!(who.len(), 2, "{who:?}");
    assert!(who.iter().all(|line| !line.contains("operator")), "{who:?}");
    let unread = operator.list("C UNREAD");
    assert!(unread[0].starts_with("bob 1 "), "{unread:?}");
}

#[test]
fn a_newer_operator_takes_over_and_what_was_missed_waits() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    alice.ask("D operator are you there", "C 251 MSG … operator 0 1");
    let mut first = Client::operator(&server);
    first.expect("C 150 UNREAD 1");
    first.expect("C 151 UNREAD alice 1 …");
    first.expect("C 230 USER operator 1 welcome");
    let mut second = Client::operator(&server);
    second.expect("C 150 UNREAD 1");
    second.expect("C 151 UNREAD alice 1 …");
    second.expect("C 230 USER operator 1 welcome");
    first.expect_closing("C 421 - you logged in elsewhere");
}

#[test]
fn a_kick_tells_the_reason_and_leaves_a_line_in_the_log() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    let bob = server.register("bob");
    let mut operator = operator(&server);
    operator.ask("C KICK bob \"too\" loud", "C 250 KICK …");
    bob.expect_closing("C 421 - you were kicked: \"too\" loud");
    let told = "event=kick time=… user=bob peer=local conn=… by=operator";
    server.log().wait_for(&format!("{told} reason=\"\\\"too\\\" loud\""));
    server.log().wait_for("reason=kicked");
    alice.ask("C KICK operator", "C 530 KICK …");
    server.login("bob");
}

#[test]
fn a_ban_outlives_the_server() {
    let mut server = Server::start(&[]);
    let mut bob = server.register("bob");
    let token = bob.ask("C TOKEN", "C 250 TOKEN …").remove(0);
    let mut admin = operator(&server);
    admin.ask("C BAN bob", "C 250 BAN …");
    bob.expect_closing("C 421 - you are banned");
    server.log().wait_for("event=ban time=… user=bob peer=local conn=… by=operator until=ever");
    drop(admin);
    server.crash_and_restart();
    let refused = |server: &Server| {
        let mut bob = server.connect();
        bob.ask("C USER bob TAKEOVER", "C 331 USER bob …");
        bob.send("D the password of bob");
        bob.expect_closing("C 530 USER you are banned");
        let mut bob = server.connect();
        bob.send(&format!("C RESUME bob {token}"));
        bob.expect_closing("C 530 RESUME you are banned");
    };
    refused(&server);
    server.restart();
    refused(&server);
    operator(&server).ask("C UNBAN bob", "C 250 UNBAN …");
    server.connect().ask(&format!("C RESUME bob {token}"), "C 535 RESUME …");
    server.login("bob");
    server.restart();
    server.login("bob");
}

#[test]
fn an_administrator_stays_one_until_the_operator_says_otherwise() {
    let mut server = Server::start(&[]);
    let mut alice = server.register("alice");
    alice.ask("C DUMP", "C 530 DUMP …");
    operator(&server).ask("C ADMIN alice on", "C 250 ADMIN …");
    server.log().wait_for("event=admin time=… user=alice peer=local conn=… by=operator how=on");
    let figures = alice.list("C DUMP");
    let has = |start: &str| figures.iter().any(|line| line.starts_with(start));
    assert!(has("chatsrv_users_online 1"), "{figures:?}");
    assert!(has("chatsrv_build_info{version="), "{figures:?}");
    alice.ask("C ADMIN alice off", "C 530 ADMIN …");
    server.restart();
    let mut alice = server.login("alice");
    alice.list("C DUMP");
    operator(&server).ask("C ADMIN alice off", "C 250 ADMIN …");
    alice.ask("C DUMP", "C 530 DUMP …");
}

#[test]
fn a_shutdown_at_once_ends_everybody_with_the_last_line() {
    let mut server = Server::start(&[]);
    let mut alice = server.register("alice");
    let stranger = server.connect();
    let mut operator = operator(&server);
    operator.ask("C SHUTDOWN", "C 250 SHUTDOWN …");
    operator.expect("C 129 SHUTDOWN 10");
    operator.expect_closing("C 421 - the server is shutting down, come back in 1 s");
    alice.expect("C 129 SHUTDOWN 10");
    alice.expect_closing("C 421 - the server is shutting down, come back in 1 s");
    drop(stranger);
    assert_eq!(server.wait().code(), Some(0));
    server.log().wait_for("event=shutdown time=… user=- peer=local conn=… by=operator seconds=0");
}

#[test]
fn a_shutdown_with_a_delay_is_announced_to_who_comes_later_too() {
    let mut server = Server::start(&[]);
    let mut alice = server.register("alice");
    let mut operator = operator(&server);
    operator.ask("C SHUTDOWN 3600", "C 250 SHUTDOWN …");
    operator.expect("C 129 SHUTDOWN 3600");
    alice.expect("C 129 SHUTDOWN 3600");
    let mut bob = server.register("bob");
    let left = bob.expect("C 129 SHUTDOWN …");
    assert!((1..=3600).contains(&left[0].parse::<u32>().unwrap()), "{left:?}");
    // What was said before counts no longer.
    operator.ask("C SHUTDOWN 1", "C 250 SHUTDOWN …");
    for mut client in [alice, bob, operator] {
        client.expect("C 129 SHUTDOWN 1");
        client.expect_closing("C 421 - the server is shutting down, come back in 1 s");
    }
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_signal_does_not_wait_for_an_announced_stop() {
    let mut server = Server::start(&[]);
    let mut operator = operator(&server);
    operator.ask("C SHUTDOWN 3600", "C 250 SHUTDOWN …");
    operator.expect("C 129 SHUTDOWN 3600");
    server.signal(Signal::TERM);
    operator.expect("C 129 SHUTDOWN 10");
    operator.expect_closing("C 421 - …");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn two_are_told_of_each_other_and_of_one_ticket() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    let number = bob.number();
    bob.ask("C UP", &format!("C 250 UP {number}"));
    let told = alice.ask("C CALL bob", &format!("C 250 CALL bob 127.0.0.1 {number} …"));
    bob.expect(&format!("C 125 CALL alice 127.0.0.1 - {}", told[0]));
    assert_eq!(told[0].len(), 43, "32 bytes in base64url without padding");
    let again = alice.ask("C CALL bob", &format!("C 250 CALL bob 127.0.0.1 {number} …"));
    assert_ne!(told, again, "each call has its own");
    bob.expect("C 125 CALL …");
    let who = alice.list("C WHO");
    assert!(who.iter().any(|line| line.contains(&format!(" 127.0.0.1:{number} bob"))), "{who:?}");
    for line in server.log().wait_for_count("event=", 1) {
        assert!(!line.contains(&told[0]), "a ticket is nobody's business: {line}");
    }
}

#[test]
fn who_says_nothing_for_two_periods_is_not_up_any_more() {
    let server = Server::start(&["--alive-period", "100ms"]);
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    bob.ask("C UP 5000", "C 250 UP 5000");
    let began = Instant::now();
    // Alice asks until bob is down; he says nothing. The simulator tells after how long.
    while alice.list("C WHO").iter().any(|line| line.contains(":5000 ")) {
        assert!(began.elapsed() < PATIENCE, "bob is up for ever");
    }
    bob.ask("C ALIVE", "C 503 ALIVE …");
    bob.ask("C UP 5000", "C 250 UP 5000");
}

#[test]
fn a_group_whose_admin_is_banned_is_looked_after_by_others() {
    let mut server = Server::start(&[]);
    let mut alice = server.register("alice");
    server.register("bob").leave();
    alice.ask("C MKGROUP #tea bob", "C 250 MKGROUP #tea 2");
    alice.expect("C 128 GROUP #tea join bob");
    alice.ask("C KEEP #tea on", "C 250 KEEP #tea");
    operator(&server).ask("C BAN alice", "C 250 BAN …");
    server.crash_and_restart();
    let mut carol = server.register("carol");
    carol.ask("C JOIN #tea", "C 252 JOIN #tea");
    let mut bob = server.login("bob");
    // What a member was not told while offline outlives a restart.
    bob.expect("C 128 GROUP #tea join bob");
    bob.expect("C 123 JOIN #tea carol");
    bob.send("C ADMIT #tea carol");
    bob.expect("C 128 GROUP #tea join carol");
    bob.expect("C 250 ADMIT #tea");
    carol.expect("C 128 GROUP #tea join carol");
    // And where all of them are banned, its name is free again as soon as it is dissolved.
    let mut operator = operator(&server);
    operator.ask("C BAN bob", "C 250 BAN …");
    carol.expect("C 128 GROUP #tea admin carol");
    carol.ask("C MKGROUP #tea bob", "C 553 MKGROUP …");
    operator.send("C DISSOLVE #tea");
    operator.expect("C 250 DISSOLVE #tea");
    carol.expect("C 128 GROUP #tea leave carol");
    carol.ask("C MKGROUP #tea bob", "C 250 MKGROUP #tea 2");
}
