//! Saying things: section 5 of chatsrv-protocol(7).

mod support;

use std::collections::VecDeque;

use support::{Client, Random, Server, captures, password_of};

fn three(server: &Server) -> [Client; 3] {
    ["alice", "bob", "carol"].map(|name| server.register(name))
}

#[test]
fn pm_goes_to_everyone_step_by_step() {
    let server = Server::start(&[]);
    let [mut alice, mut bob, mut carol] = three(&server);
    alice.ask("C PM", "C 354 PM …");
    let id = alice.ask("D hello everyone", "C 250 MSG … * 2 0").remove(0);
    for other in [&mut bob, &mut carol] {
        other.expect(&format!("D {id} alice * hello everyone"));
    }
    alice.expect_nothing();
}

#[test]
fn dm_lists_the_others_and_goes_to_one() {
    let server = Server::start(&[]);
    let [mut alice, mut bob, mut carol] = three(&server);
    alice.send("C DM");
    alice.expect("C 150 DM 2");
    let mut listed: Vec<String> = (0..2).map(|_| alice.expect("C 151 DM …").remove(0)).collect();
    listed.sort();
    assert_eq!(listed, [format!("bob {}", bob.number()), format!("carol {}", carol.number())]);
    alice.expect("C 354 DM …");
    let id = alice.ask("D bob hello", "C 250 MSG … bob 1 0").remove(0);
    bob.expect(&format!("D {id} alice bob hello"));
    alice.expect_nothing();
    carol.expect_nothing();
}

#[test]
fn dm_without_anybody_else_lists_nobody() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    alice.dialogue(
        r"> C DM
          < C 150 DM 0
          < C 354 DM …
          > D bob hello
          < C 550 MSG …
          > D * anybody?
          < C 250 MSG … * 0 0",
    );
}

#[test]
fn a_message_is_said_in_one_line() {
    let server = Server::start(&[]);
    let [mut alice, mut bob, mut carol] = three(&server);
    alice.ask("D * hello", "C 250 MSG … * 2 0");
    alice.ask("D bob only you", "C 250 MSG … bob 1 0");
    bob.expect("D … alice * hello");
    bob.expect("D … alice bob only you");
    carol.expect("D … alice * hello");
    carol.expect_nothing();
    alice.expect_nothing();
}

#[test]
fn a_user_is_named_by_number_or_in_any_case_and_shown_by_name() {
    let server = Server::start(&[]);
    let [mut alice, mut bob, mut carol] = three(&server);
    alice.ask(&format!("D {} by number", bob.number()), "C 250 MSG … bob 1 0");
    bob.expect("D … alice bob by number");
    alice.ask("D BOB by name", "C 250 MSG … bob 1 0");
    bob.expect("D … alice bob by name");
    alice.dialogue("> C DM\n< C 150 DM 2\n< C 151 DM …\n< C 151 DM …\n< C 354 DM …");
    alice.ask(&format!("D {} hello", carol.number()), "C 250 MSG … carol 1 0");
    carol.expect("D … alice carol hello");
}

#[test]
fn text_arrives_as_it_was_written() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    let texts = [
        " two  spaces ",
        "\ta\ttab",
        "* D C F",
        "C EX",
        "grüße 中文 👩‍👩‍👧 e\u{301}",
        "שלום \u{202e}x",
        "…",
        "%s%n\\n",
        "\u{a0}",
    ];
    for text in texts {
        alice.ask(&format!("D bob {text}"), "C 250 MSG … bob 1 0");
        bob.expect(&format!("D … alice bob {text}"));
    }
}

#[test]
fn composing_takes_the_next_data_line_as_it_is() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    alice.ask("C PM", "C 354 PM …");
    alice.ask("D bob is no target here", "C 250 MSG … * 1 0");
    bob.expect("D … alice * bob is no target here");
    // It is over with its one message: the next line names its target again.
    alice.ask("D bob hello", "C 250 MSG … bob 1 0");
    bob.expect("D … alice bob hello");
}

#[test]
fn a_command_drops_what_is_composed_and_is_run() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    for command in ["C WHO", "C NOPE", "C NICK", "C ABORT 9"] {
        alice.ask("C PM", "C 354 PM …");
        alice.send(command);
        match command {
            "C WHO" => assert_eq!(alice.rest_of_list("WHO").len(), 2),
            _ => assert!(alice.line().starts_with("C 5"), "{command}"),
        }
        alice.ask("D bob again", "C 250 MSG … bob 1 0");
        bob.expect("D … alice bob again");
    }
    // PM and DM replace each other.
    alice.ask("C DM", "C 150 DM 1");
    alice.expect("C 151 DM bob …");
    alice.expect("C 354 DM …");
    alice.ask("C PM", "C 354 PM …");
    alice.ask("D bob", "C 250 MSG … * 1 0");
    bob.expect("D … alice * bob");
}

#[test]
fn neither_a_bad_line_nor_an_arriving_message_disturbs_composing() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    alice.ask("C PM", "C 354 PM …");
    alice.ask("what?", "C 500 - …");
    bob.ask("D * meanwhile", "C 250 MSG … * 1 0");
    alice.expect("D … bob * meanwhile");
    alice.ask("D bob, hello", "C 250 MSG … * 1 0");
    bob.expect("D … alice * bob, hello");
}

#[test]
fn composing_ends_with_a_refusal_too() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    for (command, line, refusal) in [
        ("C PM", "D", "C 501 MSG …"),
        ("C DM", "D nobody hello", "C 550 MSG …"),
        ("C DM", "D bob", "C 501 MSG …"),
        ("C PM", "D a\u{7}b", "C 501 MSG …"),
    ] {
        alice.send(command);
        if command == "C DM" {
            alice.expect("C 150 DM 1");
            alice.expect("C 151 DM bob …");
        }
        alice.expect("C 354 …");
        alice.ask(line, refusal);
        alice.ask("D bob after it", "C 250 MSG … bob 1 0");
        bob.expect("D … alice bob after it");
    }
}

#[test]
fn what_can_not_be_delivered_is_refused() {
    let server = Server::start(&["--offline", "discard"]);
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    let gone = server.register("carol");
    let number = gone.number();
    drop(gone);
    server.log().wait_for("reason=peer-closed");
    for (line, refusal) in [
        ("D nobody hello", "C 550 MSG …"),
        ("D 9999 hello", "C 550 MSG …"),
        ("D #nogroup hello", "C 550 MSG …"),
        ("D #20111 hello", "C 550 MSG …"),
        ("D ** hello", "C 550 MSG …"),
        ("D bob", "C 501 MSG …"),
        ("D bob ", "C 501 MSG …"),
        ("D *", "C 501 MSG …"),
        ("D * ", "C 501 MSG …"),
        ("D ", "C 501 MSG …"),
        ("D", "C 501 MSG …"),
        ("D carol are you there?", "C 551 MSG …"),
        (&format!("D {number} are you there?"), "C 551 MSG …"),
    ] {
        alice.ask(line, refusal);
    }
    bob.expect_nothing();
}

#[test]
fn who_is_offline_reads_it_later() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    server.register("bob").leave();
    let id = alice.ask("D bob are you there?", "C 251 MSG … bob 0 1").remove(0);
    alice.ask("D bob never mind", "C 251 MSG … bob 0 1");
    let mut bob = server.connect();
    bob.ask("C USER bob", "C 331 USER bob …");
    bob.send(&format!("D {}", password_of("bob")));
    bob.dialogue("< C 150 UNREAD 1\n< C 151 UNREAD alice 2 …\n< C 230 USER bob …");
    bob.dialogue(&format!(
        "> C OPEN alice
         < C 150 OPEN 2
         < D {id} alice bob are you there?
         < D … alice bob never mind
         < C 250 OPEN alice 0
         > C SEEN alice {id}
         < C 250 SEEN alice {id}
         > C UNREAD
         < C 150 UNREAD 1
         < C 151 UNREAD alice 1 …
         < C 250 UNREAD …
         > C SEARCH alice MIND
         < C 150 SEARCH 1
         < D … alice bob never mind
         < C 250 SEARCH …"
    ));
}

#[test]
fn a_message_that_is_marked_arrives_once_over_a_token() {
    let server = Server::start(&[]);
    let mut bob = server.register("bob");
    let mut alice = server.register("alice");
    let token = alice.ask("C TOKEN", "C 250 TOKEN …").remove(0);
    alice.ask("C KEY once", "C 250 KEY …");
    let id = alice.ask("D bob hello", "C 250 MSG … bob 1 0").remove(0);
    alice.reset();
    let mut again = server.connect();
    again.send(&format!("C RESUME alice {token}"));
    again.dialogue("< C 150 UNREAD 0\n< C 230 RESUME alice …");
    again.ask("C KEY once", "C 250 KEY …");
    again.ask("D bob hello", &format!("C 250 MSG {id} bob 0 0"));
    bob.expect(&format!("D {id} alice bob hello"));
    bob.expect_nothing();
}

#[test]
fn messages_of_one_sender_arrive_in_order_and_their_ids_rise() {
    const COUNT: usize = 500;
    let server = Server::start(&[]);
    let [mut alice, mut bob, mut carol] = three(&server);
    let lines: String = (0..COUNT).map(|index| format!("D * {index}\n")).collect();
    alice.send_bytes(lines.as_bytes());
    let mut last = 0;
    for index in 0..COUNT {
        let id = alice.expect("C 250 MSG … * 2 0").remove(0);
        bob.expect(&format!("D {id} alice * {index}"));
        carol.expect(&format!("D {id} alice * {index}"));
        let id: u64 = id.parse().unwrap();
        assert!(id > last, "{id} after {last}");
        last = id;
    }
}

#[test]
fn everyone_sees_what_everyone_says_in_one_order() {
    const COUNT: usize = 100;
    let server = Server::start(&[]);
    let mut senders = three(&server);
    let mut reader = server.register("dave");
    for sender in &mut senders {
        let lines: String = (0..COUNT).map(|index| format!("D * {index}\n")).collect();
        sender.send_bytes(lines.as_bytes());
    }
    let read: Vec<String> = (0..3 * COUNT).map(|_| reader.line()).collect();
    for (index, sender) in senders.iter_mut().enumerate() {
        let name = ["alice", "bob", "carol"][index];
        let (mut confirmed, mut heard) = (0, Vec::new());
        while confirmed < COUNT || heard.len() < 2 * COUNT {
            let line = sender.line();
            match line.starts_with("C 250 MSG ") {
                true => confirmed += 1,
                false => heard.push(line),
            }
        }
        let of_others: Vec<&String> = read
            .iter()
            .filter(|line| captures(&format!("D … {name} * …"), line).is_none())
            .collect();
        assert!(heard.iter().eq(of_others), "{name} heard another order");
    }
}

#[test]
fn ids_rise_over_a_crash() {
    let mut server = Server::start(&[]);
    let before = server.register("alice").ask("D * one", "C 250 MSG … * 0 0").remove(0);
    server.crash_and_restart();
    let after = server.login("alice").ask("D * two", "C 250 MSG … * 0 0").remove(0);
    let [before, after] = [before, after].map(|id| id.parse::<u64>().unwrap());
    assert!(after > before, "{after} after {before}");
}

#[test]
fn requests_may_be_pipelined() {
    let server = Server::start(&[]);
    let mut bob = server.register("bob");
    let mut alice = server.connect();
    alice.send_bytes(
        b"C USER alice\nD secret\nC NICK Al\nD bob one\nC PM\nD two\nC NOPE\nC WHO\nC EX\nC WHO\n",
    );
    alice.dialogue(
        r"< C 332 USER alice …
          < C 150 UNREAD 0
          < C 230 USER alice …
          < C 250 NICK…
          < C 250 MSG … bob 1 0
          < C 354 PM …
          < C 250 MSG … * 1 0
          < C 500 - …
          < C 150 WHO 2
          < C 151 WHO …
          < C 151 WHO …
          < C 250 WHO…
          < C 221 …",
    );
    alice.expect_end();
    bob.expect("D … alice bob one");
    bob.expect("D … alice * two");
    bob.expect_nothing();
}

#[test]
fn the_end_of_input_ends_the_session_once_all_is_answered() {
    let server = Server::start(&[]);
    let mut bob = server.register("bob");
    let mut piped = server.connect();
    piped.send_bytes(b"C USER alice\nD secret\nD bob hello\nC WHO\n");
    piped.end_input();
    piped.dialogue(
        r"< C 332 USER alice …
          < C 150 UNREAD 0
          < C 230 USER alice …
          < C 250 MSG … bob 1 0
          < C 150 WHO 2
          < C 151 WHO …
          < C 151 WHO …
          < C 250 WHO…",
    );
    piped.expect_end();
    bob.expect("D … alice bob hello");
    server.log().wait_for("reason=peer-closed");
}

#[test]
fn nothing_stands_inside_a_list() {
    const ROUNDS: usize = 100;
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    alice.watch_presence();
    let mut bob = server.register("bob");
    alice.expect("C 120 ON bob …");
    // What is asked for and what comes unasked meet in every tick; the client holds each list to
    // be whole.
    alice.send_bytes("C WHO\nC HELP\n".repeat(ROUNDS).as_bytes());
    bob.send_bytes("D * hello\n".repeat(ROUNDS).as_bytes());
    let _carol = server.register("carol");
    let (mut lists, mut messages, mut arrivals) = (0, 0, 0);
    while lists < 2 * ROUNDS || messages < ROUNDS || arrivals < 1 {
        let line = alice.line();
        lists += usize::from(line.starts_with("C 250 "));
        messages += usize::from(line.starts_with("D "));
        arrivals += usize::from(line.starts_with("C 120 "));
    }
    assert_eq!((lists, messages, arrivals), (2 * ROUNDS, ROUNDS, 1));
}

/// A user of the random talk, and the lines that were sent to it and not read yet.
struct Talker {
    name: String,
    client: Client,
    due: VecDeque<String>,
}

impl Talker {
    /// Says something and reads on until it is confirmed; returns its id.
    fn say(&mut self, target: &str, text: usize, delivered: usize) -> String {
        self.client.send(&format!("D {target} {text}"));
        loop {
            let line = self.client.line();
            match captures(&format!("C 250 MSG … {target} {delivered} 0"), &line) {
                Some(mut found) => return found.remove(0),
                None => assert_eq!(Some(line), self.due.pop_front(), "to {}", self.name),
            }
        }
    }

    /// Leaves all that is due unread, and comes back.
    fn come_back(&mut self, server: &Server) {
        self.client = server.connect();
        self.client.ask(&format!("C USER {} TAKEOVER", self.name), "C 331 USER …");
        self.client.give_password(&self.name);
        self.due.clear();
    }
}

#[test]
fn many_talk_and_come_and_go_and_each_hears_what_is_due() {
    const COUNT: usize = 8;
    let mut random = Random::new();
    let server = Server::start(&[]);
    let mut talkers: Vec<Talker> = (0..COUNT)
        .map(|index| format!("user{index}"))
        .map(|name| Talker { client: server.register(&name), name, due: VecDeque::new() })
        .collect();
    for step in 0..300 {
        let from = random.below(COUNT);
        let name = talkers[from].name.clone();
        match random.below(COUNT + 4) {
            0 => talkers[from].come_back(&server),
            to if to < COUNT && to != from => {
                let target = talkers[to].name.clone();
                let id = talkers[from].say(&target, step, 1);
                talkers[to].due.push_back(format!("D {id} {name} {target} {step}"));
            }
            _ => {
                let id = talkers[from].say("*", step, COUNT - 1);
                for (_, other) in talkers.iter_mut().enumerate().filter(|(to, _)| *to != from) {
                    other.due.push_back(format!("D {id} {name} * {step}"));
                }
            }
        }
    }
    for talker in &mut talkers {
        for line in std::mem::take(&mut talker.due) {
            assert_eq!(talker.client.line(), line, "to {}", talker.name);
        }
        talker.client.expect_nothing();
    }
}
