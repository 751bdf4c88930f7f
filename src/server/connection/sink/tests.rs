//! Tests of the sink with TLS, over a real pair of sockets.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::*;
use crate::limits::TLS_UNSENT_BYTES_MAX;
use crate::server::tls::Certificates;

struct World {
    session: TlsSession,
    buffer: Vec<u8>,
    ours: UnixStream,
    theirs: UnixStream,
    client: ClientConnection,
}

impl World {
    /// A session whose handshake has not begun.
    fn new() -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("cert"), folder.path().join("key"));
        std::fs::write(&certificate, cert.pem()).unwrap();
        std::fs::write(&key, signing_key.serialize_pem()).unwrap();
        let certificates = Certificates::load(&certificate, &key).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        theirs.set_nonblocking(true).unwrap();
        World {
            session: TlsSession::new(Arc::clone(certificates.config()), false).unwrap(),
            buffer: vec![0; 64 * 1024],
            ours,
            theirs,
            client: ClientConnection::new(Arc::new(config), name).unwrap(),
        }
    }

    fn after_handshake() -> Self {
        let mut world = World::new();
        while world.session.is_handshaking() {
            world.client_speaks();
            world.sink().push().unwrap();
            world.received();
        }
        world.sink().push().unwrap();
        assert_eq!(world.received(), b"");
        world
    }

    fn sink(&mut self) -> Sink<'_> {
        Sink::secure(self.ours.as_fd(), &mut self.session, &mut self.buffer)
    }

    /// Hands to the session what the client has to send.
    fn client_speaks(&mut self) {
        while self.client.wants_write() {
            self.client.write_tls(&mut self.theirs).unwrap();
        }
        let mut cipher = [0; 16 * 1024];
        let count = self.ours.read(&mut cipher).unwrap();
        assert_eq!(self.session.decrypt(&cipher[..count], &mut [0; 1024]).unwrap(), 0);
    }

    /// The plaintext that the client has by now.
    fn received(&mut self) -> Vec<u8> {
        let mut plain = Vec::new();
        // It ends with an error, since the socket would block.
        while self.client.read_tls(&mut self.theirs).is_ok_and(|count| count > 0) {
            self.client.process_new_packets().unwrap();
            let _ = self.client.reader().read_to_end(&mut plain);
        }
        plain
    }

    /// The TLS records that were sent.
    fn records(&mut self) -> Vec<Vec<u8>> {
        let mut bytes = Vec::new();
        let _ = self.theirs.read_to_end(&mut bytes);
        let mut rest = &bytes[..];
        let mut records = Vec::new();
        while !rest.is_empty() {
            let length = 5 + usize::from(u16::from_be_bytes([rest[3], rest[4]]));
            let (record, behind) = rest.split_at(length);
            records.push(record.to_vec());
            rest = behind;
        }
        records
    }
}

fn file(content: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    file
}

#[test]
fn nothing_is_taken_before_the_handshake_is_done() {
    let mut world = World::new();
    let content = file(b"content");
    for is_half_done in [false, true] {
        let mut sink = world.sink();
        assert_eq!(sink.send(b"line\n", false).unwrap(), None);
        assert_eq!(sink.send_all(&[IoSlice::new(b"a\n"), IoSlice::new(b"b\n")]).unwrap(), None);
        assert!(matches!(sink.send_file(&content, 0, 7), Err(SendError::Blocked)));
        assert_eq!(sink.written() > 0, is_half_done, "the server's flight leaves, and no more");
        if !is_half_done {
            world.client_speaks();
        }
    }
    let mut world = World::after_handshake();
    assert_eq!(world.sink().send(b"line\n", false).unwrap(), Some(5));
    assert_eq!(world.received(), b"line\n");
}

#[test]
fn what_belongs_together_is_one_record_and_what_is_written_is_counted() {
    let mut world = World::after_handshake();
    let mut sink = world.sink();
    assert_eq!(
        sink.send_all(&[IoSlice::new(b"earlier\n"), IoSlice::new(b"now\n")]).unwrap(),
        Some(12)
    );
    let written = sink.written();
    let records = world.records();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].len(), written);
}

#[test]
fn a_chunk_leaves_with_its_header() {
    let mut world = World::after_handshake();
    let content: Vec<u8> = (0..100_000_u32).map(|index| index as u8).collect();
    let content_file = file(&content);
    let mut sink = world.sink();
    assert_eq!(sink.send(b"F 1 100000\n", true).unwrap(), Some(11));
    assert_eq!(sink.written(), 0, "the header waits for its chunk");
    assert_eq!(sink.send_file(&content_file, 0, 10).unwrap(), 10);
    assert!(sink.written() > 0);
    let mut sent = 10;
    while sent < content.len() {
        sent += world.sink().send_file(&content_file, sent as u64, content.len() - sent).unwrap();
    }
    let mut expected = b"F 1 100000\n".to_vec();
    expected.extend(&content);
    assert!(world.received() == expected);
    let error = world.sink().send_file(&content_file, 100_000, 1).unwrap_err();
    assert!(matches!(error, SendError::File(_)), "{error:?}");
}

#[test]
fn what_the_socket_does_not_take_waits_bounded_and_comes_in_order() {
    let mut world = World::after_handshake();
    let content: Vec<u8> = (0..2_000_000_u32).map(|index| (index / 7) as u8).collect();
    let (mut sent, mut received, mut was_blocked) = (0, Vec::new(), 0);
    while sent < content.len() {
        let taken = world.sink().send(&content[sent..], false).unwrap();
        let unsent = world.session.unsent();
        // A record adds a few bytes for each 16 KiB.
        assert!(unsent <= TLS_UNSENT_BYTES_MAX + 1024, "{unsent} bytes wait");
        match taken {
            Some(taken) => sent += taken,
            None => {
                assert!(world.session.is_blocked() && unsent > 0);
                was_blocked += 1;
                received.extend(world.received());
                world.sink().push().unwrap();
            }
        }
    }
    assert!(was_blocked > 2, "two megabytes did not fill the socket");
    while world.session.is_blocked() {
        received.extend(world.received());
        world.sink().push().unwrap();
    }
    received.extend(world.received());
    assert!(received == content);
    assert_eq!(world.session.unsent(), 0);
}

#[test]
fn a_peer_that_is_gone_is_an_error() {
    let mut world = World::after_handshake();
    let content = file(&[7; 1000]);
    world.theirs.shutdown(std::net::Shutdown::Both).unwrap();
    assert!(world.sink().send(b"line\n", false).is_err());
    let mut world = World::after_handshake();
    world.theirs.shutdown(std::net::Shutdown::Both).unwrap();
    assert!(matches!(world.sink().send_file(&content, 0, 1000), Err(SendError::Socket(_))));
}
