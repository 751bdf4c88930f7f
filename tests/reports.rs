//! Reports to the administrators, over real sockets.

mod support;

use support::{Client, Server};

#[test]
fn a_report_reaches_administrators_and_outlives_a_crash() {
    let mut server = Server::start(&[]);
    let mut bob = server.register("bob");
    let mut alice = server.register("alice");
    let mut op = Client::operator(&server);
    op.expect("C 150 UNREAD 0");
    op.expect("C 230 USER operator 1 welcome");
    op.ask("C MORE on", "C 250 MORE …");
    let id = alice.ask("D bob rude words", "C 250 MSG … bob 1 0").remove(0);
    bob.expect(&format!("D {id} alice bob rude words"));
    bob.ask(&format!("C REPORT alice {id} see for yourself"), "C 250 REPORT 1");
    op.expect("C 133 REPORT 1 alice bob see for yourself");
    bob.ask("C REPORTS", "C 530 REPORTS …");
    server.crash_and_restart();
    let mut op = Client::operator(&server);
    op.expect("C 150 UNREAD 0");
    op.expect("C 230 USER operator 1 welcome");
    let reports = op.list("C REPORTS");
    assert_eq!(reports.len(), 1);
    assert!(reports[0].ends_with(&format!("bob alice {id} see for yourself")), "{reports:?}");
    op.ask("C RESOLVE 1", "C 250 RESOLVE …");
    assert!(op.list("C REPORTS").is_empty());
    let facts = op.list("C WHOIS alice");
    assert!(facts.contains(&"reports 0".to_owned()), "{facts:?}");
}
