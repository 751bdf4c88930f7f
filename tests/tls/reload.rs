//! Certificates that are read again.

use std::fs;

use rustix::process::Signal;

use super::Secure;
use super::support::{Client, Identity, Options, Server, TlsTrust};

/// Whether a client that trusts only `trust` is served.
fn is_served(server: &Server, trust: &TlsTrust) -> bool {
    let mut client = Client::open_tls(server, trust, &Options::default());
    client.try_frame().is_ok()
}

#[test]
fn a_new_certificate_is_for_new_connections() {
    let secure = Secure::start(&[]);
    let mut alice = secure.register("alice");
    let next = Identity::new();
    next.write(secure.folder.path());
    assert!(!is_served(&secure.server, &next.trust()));
    secure.server.signal(Signal::HUP);
    secure.server.log().wait_for_count("event=certificate file=", 2);
    assert!(is_served(&secure.server, &next.trust()));
    assert!(!is_served(&secure.server, &Identity::new().trust()));
    let mut bob = Client::connect_tls(&secure.server, &next.trust());
    bob.register("bob");
    alice.ask("D bob you have the new one", "C 250 MSG … bob 1 0");
    bob.expect("D … alice bob you have the new one");
    assert_eq!(secure.figure("chatsrv_tls_reloads_total{result=\"done\"}"), 1);
    // The first moment of the year 4096.
    let expiry = secure.figure("chatsrv_tls_certificate_expiry_timestamp_seconds");
    assert_eq!(expiry, 67_090_118_400);
    secure.server.log().wait_for_count("cert.pem expires=4096-01-01T00:00:00Z", 2);
    assert_eq!(secure.figure("chatsrv_tls_reloads_total{result=\"failed\"}"), 0);
}

#[test]
fn a_certificate_that_clients_refuse_is_warned_of() {
    let secure = Secure::start_as(&Identity::of_authority(), &[]);
    secure.server.log().wait_for("warn  event=certificate file=…: only clients …CA:TRUE…");
    assert!(!is_served(&secure.server, &secure.trust), "and it is right");
    let next = Identity::without_host();
    next.write(secure.folder.path());
    secure.server.signal(Signal::HUP);
    secure.server.log().wait_for("warn  event=certificate file=…: clients refuse it: it names no…");
    assert!(!is_served(&secure.server, &next.trust()));
}

#[test]
fn what_cannot_be_used_changes_nothing_and_is_told() {
    let secure = Secure::start(&[]);
    let (certificate, key) =
        (secure.folder.path().join("cert.pem"), secure.folder.path().join("key.pem"));
    let good = fs::read_to_string(&certificate).unwrap();
    let next = Identity::new();
    let breaks: [(&str, &dyn Fn()); 4] = [
        ("cert.pem holds none", &|| fs::write(&certificate, "").unwrap()),
        // A new certificate whose key is not there yet.
        ("the key does not belong", &|| {
            fs::write(&certificate, next.certificate_pem()).unwrap();
        }),
        ("key.pem holds none", &|| {
            fs::write(&certificate, &good).unwrap();
            fs::write(&key, "nothing").unwrap();
        }),
        ("cannot read …key.pem", &|| fs::remove_file(&key).unwrap()),
    ];
    for (count, (why, break_it)) in breaks.iter().enumerate() {
        break_it();
        secure.server.signal(Signal::HUP);
        secure.server.log().wait_for_count("event=reload-failed", count + 1);
        let told = format!("event=reload-failed error=…{why}…; the old certificates stay in use");
        secure.server.log().wait_for(&told);
        assert!(is_served(&secure.server, &secure.trust), "after: {why}");
        let failed = secure.figure("chatsrv_tls_reloads_total{result=\"failed\"}");
        assert_eq!(failed, count as u64 + 1);
    }
    next.write(secure.folder.path());
    secure.server.signal(Signal::HUP);
    secure.server.log().wait_for_count("event=certificate file=", 2);
    assert!(is_served(&secure.server, &next.trust()));
}

#[test]
fn without_certificates_there_is_nothing_to_read_again() {
    let server = Server::start(&[]);
    server.signal(Signal::HUP);
    server.log().wait_for("event=reload what=nothing");
    server.register("alice").leave();
}
