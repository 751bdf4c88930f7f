//! Groups as people use them: public and closed ones, topics, invitations, and who is shown the
//! door; and all of that after a restart.

mod support;

use support::{Client, Server, captures};

/// A group of alice, who is told all that came to the protocol later, with bob in it.
fn team(server: &Server) -> (Client, Client) {
    let (mut alice, mut bob) = (server.register("alice"), server.register("bob"));
    for client in [&mut alice, &mut bob] {
        client.ask("C MORE on", "C 250 MORE…");
    }
    alice.send("C MKGROUP #team bob");
    alice.expect("C 250 MKGROUP #team 2");
    alice.expect("C 128 GROUP #team join bob");
    bob.expect("C 128 GROUP #team join bob");
    (alice, bob)
}

fn tell_both(alice: &mut Client, bob: &mut Client, notice: &str) {
    alice.expect(notice);
    bob.expect(notice);
}

#[test]
fn everybody_joins_a_public_group_and_it_is_there_after_a_restart() {
    let mut server = Server::start(&[]);
    let (mut alice, mut bob) = (server.register("alice"), server.register("bob"));
    alice.ask("C MKPUBLIC #tea", "C 250 MKPUBLIC #tea 1");
    alice.ask("C TOPIC #tea green, or black?", "C 250 TOPIC #tea");
    assert_eq!(bob.list("C GROUPS PUBLIC"), ["#tea alice 1 kept public green, or black?"]);
    assert_eq!(bob.list("C GROUPS ALL"), ["#tea alice 1 kept"]);
    bob.ask("C MORE on", "C 250 MORE…");
    assert_eq!(bob.list("C GROUPS ALL"), ["#tea alice 1 kept public"]);
    bob.send("C JOIN #tea");
    bob.expect("C 128 GROUP #tea join bob");
    bob.expect("C 250 JOIN #tea");
    alice.expect("C 128 GROUP #tea join bob");
    server.restart();
    let (mut alice, mut bob) = (server.login("alice"), server.login("bob"));
    let facts = bob.list("C INFO #tea");
    let expected = [
        "name #tea",
        "admin alice",
        "members 2",
        "kept on",
        "public on",
        "op alice",
        "opentopic off",
        "made …",
        "topic green, or black?",
        "topic-by alice",
        "topic-at …",
    ];
    assert_eq!(facts.len(), expected.len(), "{facts:?}");
    for (fact, pattern) in facts.iter().zip(expected) {
        assert!(captures(pattern, fact).is_some(), "{fact}");
    }
    bob.ask("C TOPIC #tea none of it", "C 530 TOPIC …");
    alice.ask("C OPENTOPIC #tea on", "C 250 OPENTOPIC #tea");
    bob.ask("C TOPIC #tea", "C 250 TOPIC #tea");
    alice.ask("C PUBLIC #tea off", "C 250 PUBLIC #tea");
    let mut carol = server.register("carol");
    carol.ask("C JOIN #tea", "C 252 JOIN #tea");
    alice.expect("C 123 JOIN #tea carol");
    carol.ask("C MEMBERS #tea ALL", "C 530 MEMBERS …");
    let members = bob.list("C MEMBERS #tea all");
    let number = alice.number();
    assert!(captures(&format!("alice {number} admin … on alice"), &members[0]).is_some());
    assert!(captures("bob … - … on bob", &members[1]).is_some(), "{members:?}");
}

#[test]
fn who_asked_for_more_is_told_what_changes() {
    let server = Server::start(&[]);
    let (mut alice, mut bob) = team(&server);
    alice.send("C TOPIC #team what we do");
    tell_both(&mut alice, &mut bob, "C 135 TOPIC #team alice what we do");
    alice.expect("C 250 TOPIC #team");
    alice.send("C PUBLIC #team on");
    tell_both(&mut alice, &mut bob, "C 136 CHANGE #team set - alice PUBLIC on");
    alice.expect("C 250 PUBLIC #team");
    alice.send("C OP #team bob on");
    tell_both(&mut alice, &mut bob, "C 136 CHANGE #team op bob alice");
    alice.expect("C 250 OP #team");
    bob.send("C LEAVE #team off to lunch");
    bob.expect("C 250 LEAVE #team");
    alice.expect("C 136 CHANGE #team leave bob bob off to lunch");
    alice.expect("C 128 GROUP #team leave bob");
    alice.ask("C TOPIC #team a\u{200b}b", "C 501 TOPIC …");
    alice.ask(&format!("C TOPIC #team {}", "x".repeat(391)), "C 501 TOPIC …");
    alice.expect_nothing();
}

#[test]
fn who_is_shut_out_stays_outside_until_an_op_asks() {
    let mut server = Server::start(&[]);
    let (mut alice, mut bob) = team(&server);
    alice.ask("C EXPEL #team alice", "C 503 EXPEL …");
    bob.ask("C EXPEL #team alice", "C 530 EXPEL …");
    alice.send("C EXPEL #team bob EVER so rude");
    tell_both(&mut alice, &mut bob, "C 136 CHANGE #team expel bob alice so rude");
    tell_both(&mut alice, &mut bob, "C 128 GROUP #team leave bob");
    alice.expect("C 250 EXPEL #team");
    alice.ask("C KEEP #team on", "C 136 CHANGE #team set - alice KEEP on");
    alice.expect("C 250 KEEP #team");
    server.restart();
    let (mut alice, mut bob) = (server.login("alice"), server.login("bob"));
    bob.ask("C JOIN #team", "C 530 JOIN …");
    let shut_out = alice.list("C SHUTOUT #team");
    assert!(captures("bob alice …", &shut_out[0]).is_some(), "{shut_out:?}");
    alice.ask("C ASK #team bob", "C 250 ASK #team");
    assert_eq!(alice.list("C SHUTOUT #team"), [""; 0]);
    bob.expect("C 122 ASK #team alice");
    bob.ask("C DECLINE #team", "C 250 DECLINE #team");
    bob.ask("C DECLINE #team", "C 503 DECLINE …");
    let wait = alice.ask("C ASK #team bob", "C 450 ASK … …");
    assert!(wait[0].parse::<u32>().is_ok_and(|seconds| (86_000..=86_400).contains(&seconds)));
    bob.ask("C JOIN #team", "C 252 JOIN #team");
    alice.expect("C 123 JOIN #team bob");
    for _ in 0..2 {
        alice.ask("C REFUSE #team bob", "C 250 REFUSE #team");
        bob.ask("C JOIN #team", "C 252 JOIN #team");
        alice.expect("C 123 JOIN #team bob");
    }
    alice.ask("C REFUSE #team bob", "C 250 REFUSE #team");
    bob.ask("C JOIN #team", "C 450 JOIN … …");
}

#[test]
fn who_was_expelled_while_away_is_told_at_the_next_login() {
    let server = Server::start(&[]);
    let (mut alice, bob) = team(&server);
    alice.watch_presence();
    bob.reset();
    alice.expect("C 121 OFF bob …");
    alice.send("C EXPEL #team bob");
    alice.expect("C 136 CHANGE #team expel bob alice");
    alice.expect("C 128 GROUP #team leave bob");
    alice.expect("C 250 EXPEL #team");
    let mut bob = server.login("bob");
    alice.expect("C 120 ON bob …");
    bob.expect("C 128 GROUP #team leave bob");
    bob.ask("C LEAVE #team", "C 530 LEAVE …");
}

#[test]
fn there_are_only_so_many_groups_and_additions() {
    let server = Server::start(&["--groups-max", "3", "--groups-per-user", "2"]);
    let (mut alice, mut bob) = (server.register("alice"), server.register("bob"));
    alice.ask("C MKPUBLIC #one", "C 250 MKPUBLIC #one 1");
    alice.ask("C MKPUBLIC #two", "C 250 MKPUBLIC #two 1");
    alice.ask("C MKPUBLIC #three", "C 452 MKPUBLIC …");
    bob.ask("C MKPUBLIC #three", "C 250 MKPUBLIC #three 1");
    alice.ask("C JOIN #three", "C 452 JOIN …");
    bob.ask("C MKPUBLIC #four", "C 452 MKPUBLIC …");
    bob.ask("C ASK #three alice", "C 250 ASK #three");
    alice.expect("C 122 ASK #three bob");
}
