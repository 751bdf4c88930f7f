//! Where clients may connect without TLS, once there is a certificate.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use super::support::finish;
use super::*;

/// The addresses on which it listens for clients, as the log tells them.
fn listening(server: &Server) -> Vec<String> {
    server.log().wait_for("event=started …");
    let lines = server.log().lines();
    let told = lines.iter().filter_map(|line| captures("… listening on …", line));
    told.map(|found| found[1].clone()).collect()
}

#[test]
fn with_a_certificate_plain_connections_are_for_this_machine() {
    let secure = Secure::start(&["--listen", "0.0.0.0"]);
    let all = listening(&secure.server);
    let [plain, tls] = &all[..] else { panic!("{all:?}") };
    assert!(plain.starts_with("127.0.0.1:") && !plain.contains("TLS"), "{plain}");
    assert!(tls.starts_with("0.0.0.0:") && tls.ends_with(" (TLS)"), "{tls}");
    secure.server.connect();
    let elsewhere = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 3), secure.server.address().port()));
    assert!(TcpStream::connect(elsewhere).is_err(), "it is open on other addresses too");
}

#[test]
fn where_plain_connections_are_off_only_the_port_for_tls_is_open() {
    let secure = Secure::start(&["--plain", "off"]);
    let all = listening(&secure.server);
    assert!(all.iter().all(|one| one.ends_with(" (TLS)")), "{all:?}");
    Client::open(&secure.server, &Options::default())
        .expect_closing("C 421 - this port takes TLS and nothing else");
}

#[test]
fn without_a_certificate_plain_connections_can_be_for_this_machine_but_not_off() {
    let server = Server::start(&["--listen", "0.0.0.0", "--plain", "loopback"]);
    server.connect();
    let folder = tempfile::tempdir().unwrap();
    let refused = finish(command(folder.path(), &["--plain", "off"]));
    assert_eq!(refused.code, Some(64), "{}", refused.stderr);
    assert!(refused.stderr.contains("--tls-cert"), "{}", refused.stderr);
}
