//! Whom the client tells the password: a server that refuses the token may be another one, and what
//! is not encrypted is read on the way.

use std::net::{IpAddr, UdpSocket};

use crate::certificates::Authority;
use crate::peer::{
    Dress, Peer, Script, client, client_of, plain, run, serve_wires, serve_wires_on, stderr, stdout,
};

/// Welcomes alice, takes a message and is gone.
fn hears_one(peer: &mut Peer) {
    peer.welcome();
    peer.message("D * one");
}

/// Greets alice, who comes back with her token, and refuses that.
fn refuse(peer: &mut Peer, refusal: &str) {
    peer.send("C 220 chatsrv/0.1.0 1 ready\n");
    peer.expect("C RESUME alice t0ken");
    peer.send(refusal);
}

#[test]
fn with_tls_a_token_that_is_no_good_is_replaced_by_the_password() {
    let (authority, folder) = (Authority::new("one"), tempfile::tempdir().unwrap());
    let returns = |peer: &mut Peer| {
        refuse(peer, "C 535 RESUME that token is not good\n");
        peer.expect("C USER alice TAKEOVER");
        peer.send("C 331 USER alice send the password\n");
        peer.expect("D secret");
        peer.send("C 150 UNREAD 0\nC 230 USER alice 48213 welcome\n");
        peer.expect("C TOKEN");
        peer.send("C 250 TOKEN an0ther\n");
        peer.nothing_missed();
        peer.message("D * one");
        peer.send("C 250 MSG 1000000000123457 * 1 0\n");
        peer.goodbye();
    };
    let scripts: Vec<(Dress, Script)> = vec![
        (authority.certify().dress(), Box::new(hears_one)),
        (authority.certify().dress(), Box::new(returns)),
    ];
    let (port, server) = serve_wires(scripts);
    let mut command = client(folder.path(), port);
    command.arg("--ca").arg(authority.file());
    let output = run(command, "/broadcast one\n");
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("alice -> *: one"));
}

#[test]
fn without_tls_a_server_that_does_not_take_the_token_gets_no_password() {
    let refusals = [
        "C 535 RESUME that token is not good\n",
        "C 331 RESUME alice send the password\n",
        "C 332 RESUME alice new here, choose a password\n",
    ];
    for refusal in refusals {
        let folder = tempfile::tempdir().unwrap();
        let (port, server) = serve_wires(vec![
            (plain(), Box::new(hears_one)),
            (
                plain(),
                Box::new(move |peer: &mut Peer| {
                    refuse(peer, refusal);
                    peer.end();
                }),
            ),
        ]);
        let mut command = client(folder.path(), port);
        command.arg("--register");
        let output = run(command, "/broadcast one\n");
        server.join().unwrap();
        assert_eq!(output.status.code(), Some(77), "{}", stderr(&output));
        let said = format!("login failed: 127.0.0.1:{port} wants the password again");
        assert!(stderr(&output).contains(&said), "{}", stderr(&output));
        assert!(stderr(&output).contains("not confirmed: one (to *)"), "{}", stderr(&output));
    }
}

/// An address of this machine that others can reach; `None` if it is in no network. Nothing is
/// sent.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).unwrap();
    socket.connect(("192.0.2.1", 9)).ok()?;
    let own = socket.local_addr().unwrap().ip();
    (!own.is_loopback() && !own.is_unspecified()).then_some(own)
}

#[test]
fn that_others_can_read_the_password_is_said_once() {
    let Some(own) = own_address() else { return };
    let said = "not encrypted: others on the way can read this";
    let authority = Authority::new("one");
    let certified = authority.certify_as(&[&own.to_string()], |_| {});
    let (here, ca) = (IpAddr::from([127, 0, 0, 1]), authority.file());
    let ways =
        [(own, plain(), None, 1), (own, certified.dress(), Some(ca), 0), (here, plain(), None, 0)];
    for (host, dress, ca, count) in ways {
        let folder = tempfile::tempdir().unwrap();
        // A connection that breaks is followed by another login.
        let lost: Script = Box::new(|peer: &mut Peer| {
            peer.log_in();
            peer.message("D bob hi");
        });
        let found: Script = Box::new(|peer: &mut Peer| {
            peer.log_in();
            peer.message("D bob hi");
            peer.send("C 250 MSG 1000000000123456 bob 1 0\n");
            peer.goodbye();
        });
        let other = match ca {
            Some(_) => certified.dress(),
            None => plain(),
        };
        let (port, server) = serve_wires_on(host, vec![(dress, lost), (other, found)]);
        let mut command = client_of(folder.path(), &host.to_string(), port);
        command.args(["--say", "bob", "hi"]);
        if let Some(ca) = ca {
            command.arg("--ca").arg(ca);
        }
        let output = run(command, "");
        server.join().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(stderr(&output).matches(said).count(), count, "{}", stderr(&output));
    }
}
