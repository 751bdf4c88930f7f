//! Several sessions of one user: at two terminals, and one job beside a terminal.

use std::process::{Command, Stdio};

use crate::folder;
use crate::person::Person;
use crate::support::{Server, password_of};

#[test]
fn a_person_stands_beside_oneself_and_sees_what_is_said_there() {
    let (server, folder) = (Server::start(&[]), folder());
    let mut alice = server.register("alice");
    let mut bob = Person::register(&server, folder.path(), 80, "bob");
    let mut again = Person::sit_down(&server, folder.path(), 80);
    again.wait_for_prompt("name:");
    again.type_keys(&format!("bob\r{}\r", password_of("bob")));
    again.wait_for_prompt("b: beside it, t: take over, l: leave?");
    again.type_keys("b\r");
    again.wait_for_prompt("bob>");
    for (here, there) in [(0, 1), (1, 0)] {
        let both = [&mut bob, &mut again];
        both[here].type_keys(&format!("/msg alice from {here}\r"));
        alice.expect(&format!("D … bob alice from {here}"));
        both[here].wait_for_row(&format!("bob -> alice: from {here}"));
        both[there].wait_for_row(&format!("bob -> alice: from {here}"));
    }
    again.type_keys("/sessions\r");
    again.wait_for_row("here    since");
    again.wait_for_row("alone   since");
    again.type_keys("/endsession all\r");
    bob.wait_for_row("the server closed the connection: you were logged out");
    assert_eq!(bob.wait_for_end(), Some(69));
    again.type_keys("/msg alice the last\r");
    alice.expect("D … bob alice the last");
}

#[test]
fn one_job_leaves_the_terminal_alone_and_a_pipe_fails() {
    let (server, folder) = (Server::start(&[]), folder());
    let mut alice = server.register("alice");
    let mut bob = Person::register(&server, folder.path(), 80, "bob");
    let run = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatclient"));
        command.args(["127.0.0.1", &server.address().port().to_string(), "bob"]).args(words);
        command.env_clear().env("CHAT_PASSWORD", password_of("bob"));
        command.stdin(Stdio::null()).output().unwrap()
    };
    let output = run(&["--say", "alice", "a job"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    alice.expect("D … bob alice a job");
    bob.wait_for_row("bob -> alice: a job");
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(77), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("--beside"), "{output:?}");
    assert_eq!(run(&["--beside"]).status.code(), Some(0));
    bob.type_keys("EX\r");
    assert_eq!(bob.wait_for_end(), Some(0));
}
