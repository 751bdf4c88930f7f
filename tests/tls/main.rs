//! TLS: everything that works on a plain connection, over an encrypted one.

mod browsers;
mod files;
mod hostile;
mod plain;
mod reload;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::net::Shutdown;
use std::path::Path;

use rustix::process::Signal;
use support::{Client, Frame, Identity, Options, Server, TlsTrust, captures, command, finish};

/// A server that takes TLS, whose certificate can be changed.
struct Secure {
    server: Server,
    trust: TlsTrust,
    /// Where `cert.pem` and `key.pem` are.
    folder: tempfile::TempDir,
}

impl Secure {
    fn start(args: &[&str]) -> Self {
        Secure::start_as(&Identity::new(), args)
    }

    fn start_as(identity: &Identity, args: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        identity.write(folder.path());
        let mut words = args.to_vec();
        let options = tls_options(folder.path());
        words.extend(options.iter().map(String::as_str));
        Secure { server: Server::start(&words), trust: identity.trust(), folder }
    }

    fn connect(&self) -> Client {
        Client::connect_tls(&self.server, &self.trust)
    }

    fn register(&self, name: &str) -> Client {
        let mut client = self.connect();
        client.register(name);
        client
    }

    /// A figure, as the operator reads it.
    fn figure(&self, name: &str) -> u64 {
        let mut operator = Client::operator(&self.server);
        operator.expect("C 150 UNREAD 0");
        operator.expect("C 230 USER operator 1 welcome");
        let figures = operator.list("C DUMP");
        operator.leave();
        let found = figures.iter().find_map(|figure| captures(&format!("{name} …"), figure));
        found.unwrap_or_else(|| panic!("no figure {name} in {figures:#?}"))[0].parse().unwrap()
    }
}

fn tls_options(folder: &Path) -> Vec<String> {
    let file = |name| folder.join(name).to_str().unwrap().to_owned();
    let words = ["--tls-port", "0", "--tls-cert", &file("cert.pem"), "--tls-key", &file("key.pem")];
    words.map(str::to_owned).to_vec()
}

#[test]
fn users_talk_over_tls_and_with_those_who_do_not() {
    let secure = Secure::start(&[]);
    let mut alice = secure.register("alice");
    let mut bob = secure.server.register("bob");
    let mut carol = secure.register("carol");
    alice.ask("D * hello all", "C 250 MSG … * 2 0");
    bob.expect("D … alice * hello all");
    carol.expect("D … alice * hello all");
    bob.ask("D alice hello yourself", "C 250 MSG … alice 1 0");
    alice.expect("D … bob alice hello yourself");
    assert_eq!(secure.figure("chatsrv_tls_connections"), 2);
    let mut phone = secure.server.connect();
    phone.ask("C USER alice BESIDE", "C 331 USER alice …");
    phone.give_password("alice");
    let known = alice.list("C WHOIS alice");
    assert!(known.contains(&"tls - TLSv1.3".to_owned()), "{known:?}");
    phone.leave();
    carol.leave();
    alice.leave();
    bob.leave();
    secure.server.log().wait_for_count("tls=true reason=goodbye", 2);
    secure.server.log().wait_for_count("tls=false reason=goodbye", 1);
}

#[test]
fn both_versions_of_tls_are_spoken_and_sessions_are_resumed() {
    let identity = Identity::new();
    let secure = Secure::start_as(&identity, &[]);
    for (index, version) in [&rustls::version::TLS12, &rustls::version::TLS13].iter().enumerate() {
        let trust = identity.trust_with(version);
        for resumed in [false, true] {
            let mut client = Client::connect_tls(&secure.server, &trust);
            let session = client.transport().session();
            assert_eq!(session.protocol_version(), Some(version.version));
            let kind = session.handshake_kind();
            assert_eq!(kind == Some(rustls::HandshakeKind::Resumed), resumed, "{kind:?}");
            client.leave();
        }
        let count = index as u64 + 1;
        assert_eq!(secure.figure("chatsrv_tls_handshakes_total{result=\"full\"}"), count);
        assert_eq!(secure.figure("chatsrv_tls_handshakes_total{result=\"resumed\"}"), count);
    }
    assert_eq!(secure.figure("chatsrv_tls_handshakes_total{result=\"failed\"}"), 0);
}

#[test]
fn keys_may_change_while_people_talk() {
    let identity = Identity::new();
    let secure = Secure::start_as(&identity, &[]);
    let trust = identity.trust_with(&rustls::version::TLS13);
    let mut alice = Client::connect_tls(&secure.server, &trust);
    alice.register("alice");
    let mut bob = secure.register("bob");
    for said in 0..10 {
        alice.transport().session().refresh_traffic_keys().unwrap();
        alice.ask(&format!("D bob {said}"), "C 250 MSG … bob 1 0");
        bob.expect(&format!("D … alice bob {said}"));
        bob.ask(&format!("D alice {said}"), "C 250 MSG … alice 1 0");
        alice.expect(&format!("D … bob alice {said}"));
    }
}

#[test]
fn long_lists_and_many_lines_come_whole() {
    let secure = Secure::start(&["--send-queue", "8MiB"]);
    let mut alice = secure.register("alice");
    let mut bob = secure.register("bob");
    let text = "x".repeat(3000);
    for index in 0..400 {
        alice.ask(&format!("D bob {index} {text}"), "C 250 MSG … bob 1 0");
    }
    // A megabyte waits by now.
    for index in 0..400 {
        bob.expect(&format!("D … alice bob {index} x…"));
    }
    bob.send("C HISTORY alice 9000000000000000 200");
    bob.expect("C 150 HISTORY 200");
    for index in 200..400 {
        bob.expect(&format!("D … alice bob {index} x…"));
    }
    bob.expect("C 250 HISTORY…");
    bob.send_bytes("?\n".repeat(5000).as_bytes());
    for _ in 0..5000 {
        bob.expect("C 500 - …");
    }
}

#[test]
fn the_last_line_arrives_before_the_end() {
    let mut secure = Secure::start(&[]);
    secure.register("alice").leave();
    let mut bob = secure.register("bob");
    // A client that is in the middle of its handshake does not keep the server from stopping.
    let half = Client::socket(secure.server.tls_address(), &Options::default());
    secure.server.signal(Signal::TERM);
    bob.expect("C 129 …");
    bob.expect_closing("C 421 …");
    drop(half);
    assert_eq!(secure.server.wait().code(), Some(0));
}

#[test]
fn a_client_that_ends_its_side_gets_its_answers_first() {
    let secure = Secure::start(&[]);
    secure.register("alice").leave();
    let ends: [fn(&mut Client); 2] = [
        |client| client.end_input(),
        // Without a word in TLS: as good an end as on a plain connection.
        |client| client.transport().socket().shutdown(Shutdown::Write).unwrap(),
    ];
    for end in ends {
        let mut client = secure.connect();
        client.send("C USER alice");
        client.send("D the password of alice");
        client.send("?");
        end(&mut client);
        client.expect("C 331 USER alice …");
        client.expect("C 150 UNREAD 0");
        client.expect("C 230 USER alice … welcome");
        client.expect("C 500 - …");
        client.expect_end();
    }
    secure.server.log().wait_for_count("tls=true reason=peer-closed", 2);
    let mut lost = secure.connect();
    lost.login("alice");
    lost.reset();
    secure.server.log().wait_for("tls=true reason=connection-lost");
}

#[test]
fn one_too_many_is_told_so_over_tls() {
    let secure = Secure::start(&["--max-clients", "1"]);
    let mut alice = secure.register("alice");
    let second = Client::open_tls(&secure.server, &secure.trust, &Options::default());
    second.expect_closing("C 421 - Connection Limit Exceeded !!");
    secure.server.log().wait_for("tls=true reason=connection-limit");
    alice.expect_nothing();
}

#[test]
fn a_request_of_http_over_tls_is_told_where_it_is() {
    let secure = Secure::start(&[]);
    let mut client = secure.connect();
    client.send_bytes(b"GET / HTTP/1.1\r\n\r\n");
    client.expect_closing("C 421 - this is a chatsrv server, and no web server…");
}

#[test]
fn who_speaks_no_tls_is_told_so_in_plain_words() {
    let secure = Secure::start(&["--login-timeout", "3s"]);
    let plain = || {
        let mut client = Client::over_socket(
            &secure.server,
            Client::socket(secure.server.tls_address(), &Options::default()),
        );
        client.watch_presence();
        client
    };
    let mut hasty = plain();
    hasty.send("C USER alice");
    hasty.expect_closing("C 421 - this port takes TLS and nothing else");
    secure.server.log().wait_for("reason=not-tls");
    // One that waits to be greeted is told when its time is over.
    plain().expect_closing("C 421 - this port takes TLS and nothing else");
    secure.server.log().wait_for("reason=login-timeout");
    // One that began with TLS is not: it would not understand.
    let mut half = plain();
    half.send_bytes(&[22, 3, 1]);
    assert_eq!(half.frame(), Frame::End);
    secure.server.log().wait_for_count("tls=true reason=login-timeout", 2);
}

#[test]
fn certificates_that_cannot_be_used_are_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = Identity::new().write(folder.path());
    let other = Identity::new();
    let good = fs::read_to_string(&certificate).unwrap();
    let start = || {
        let options = tls_options(folder.path());
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let finished = finish(command(&folder.path().join("data"), &options));
        assert_eq!(finished.code, Some(78), "{}", finished.stderr);
        finished.stderr
    };
    let has = |told: String, words: &[&str]| {
        assert!(words.iter().all(|word| told.contains(word)), "{words:?} in {told}");
    };
    fs::write(&certificate, "no certificate").unwrap();
    has(start(), &["cert.pem"]);
    fs::write(&certificate, other.certificate_pem()).unwrap();
    has(start(), &["key does not belong", "cert.pem"]);
    fs::write(&certificate, &good).unwrap();
    fs::write(&key, "-----BEGIN PRIVATE KEY-----\n!!!\n-----END PRIVATE KEY-----\n").unwrap();
    has(start(), &["key.pem"]);
    fs::write(&key, "x".repeat(2 << 20)).unwrap();
    has(start(), &["key.pem"]);
    fs::remove_file(&key).unwrap();
    has(start(), &["cannot read", "key.pem", "No such file"]);
    // Nothing was begun, not even the data folder.
    assert!(!folder.path().join("data").exists());
}
