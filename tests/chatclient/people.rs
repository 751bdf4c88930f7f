//! People: who is away, who has another name, and what is known of whom.

use crate::peer::{stderr, stdout, talk};

#[test]
fn who_is_away_is_said_asked_and_told() {
    let input = "/away at lunch\n/away\n/monitor bob on\n/whois bob\n/monitor nobody on\n";
    let output = talk(input, |peer| {
        peer.welcome();
        peer.expect("C AWAY at lunch");
        peer.send("C 250 AWAY you are away\nC 137 AWAY bob at sea\n");
        peer.expect("C AWAY");
        peer.send("C 250 AWAY you are back\nC 137 AWAY bob\n");
        peer.expect("C MONITOR bob on");
        peer.send("C 250 MONITOR on\nC 138 NICK bob Bob the Builder\n");
        peer.expect("C WHOIS bob");
        peer.send("C 150 WHOIS 3\nC 151 WHOIS name bob\nC 151 WHOIS later 1 2\n");
        peer.send("C 151 WHOIS away at sea\nC 250 WHOIS what is known\n");
        peer.expect("C MONITOR nobody on");
        peer.send("C 550 MONITOR no such user\n");
        peer.goodbye();
    });
    let lines = [
        "you are away",
        "bob is away: at sea",
        "you are back",
        "bob is back",
        "you are told of that user in any case",
        "bob is called \"Bob the Builder\" now",
        "name         bob",
        "later        1 2",
        "away         at sea",
    ];
    assert_eq!(stdout(&output).lines().collect::<Vec<_>>(), lines);
    assert!(stderr(&output).contains("no such user"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(1));
}
