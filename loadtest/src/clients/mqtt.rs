//! A client of MQTT 3.1.1 (OASIS) that publishes to one topic or subscribes to it, with quality of
//! service 0.

use super::channel::{self, CHANNEL, Role};
use super::heard::Heard;
use super::recent::RecentLines;

/// The types of control packets, with their flags (section 2.2).
const CONNECT: u8 = 0x10;
const CONNACK: u8 = 0x20;
const PUBLISH: u8 = 0x30;
const SUBSCRIBE: u8 = 0x82;
const SUBACK: u8 = 0x90;
const PINGREQ: u8 = 0xc0;
const PINGRESP: u8 = 0xd0;

/// The time after which a silent client counts as dead. It is the longest one, so that no ping is
/// due during a run; the broker keeps its timers all the same.
const KEEP_ALIVE_SECONDS: u16 = u16::MAX;

/// A session with an MQTT broker.
#[derive(Debug)]
pub struct MqttSession {
    role: Role,
}

impl MqttSession {
    pub(super) fn new() -> Self {
        MqttSession { role: Role::Receiver }
    }

    pub(super) fn log_in(&mut self, name: &str, role: Role, out: &mut Vec<u8>) {
        self.role = role;
        let mut body = Vec::new();
        text("MQTT", &mut body);
        // The protocol level of version 3.1.1, and the flag for a clean session.
        body.extend_from_slice(&[4, 2]);
        body.extend_from_slice(&KEEP_ALIVE_SECONDS.to_be_bytes());
        text(name, &mut body);
        packet(CONNECT, &body, out);
    }

    pub(super) fn broadcast(&self, out: &mut Vec<u8>, payload: impl FnOnce(&mut Vec<u8>)) {
        let mut body = Vec::new();
        text(CHANNEL, &mut body);
        payload(&mut body);
        packet(PUBLISH, &body, out);
    }

    pub(super) fn fence(&self, out: &mut Vec<u8>) {
        packet(PINGREQ, &[], out);
    }

    pub(super) fn hear<'a>(
        &mut self,
        input: &'a [u8],
        recent: &mut RecentLines,
        out: &mut Vec<u8>,
    ) -> Option<(usize, Option<Heard<'a>>)> {
        let (head, length) = header(input)?;
        let whole = input.get(..head + length)?;
        let heard = match (whole[0], &whole[head..]) {
            (PUBLISH, [high, low, rest @ ..]) => {
                let topic = usize::from(u16::from_be_bytes([*high, *low]));
                match rest.get(topic..) {
                    Some(payload) => channel::message(recent, whole, payload),
                    None => Heard::Garbled,
                }
            }
            (CONNACK, [_, 0]) if self.role == Role::Sender => Heard::LoggedIn,
            (CONNACK, [_, 0]) => {
                // The packet identifier, the topic, the quality of service.
                let mut body = vec![0, 1];
                text(CHANNEL, &mut body);
                body.push(0);
                packet(SUBSCRIBE, &body, out);
                return Some((whole.len(), None));
            }
            (CONNACK, _) => Heard::Refused("the broker refused the connection"),
            (SUBACK, [_, _, 0]) => Heard::LoggedIn,
            (SUBACK, _) => Heard::Refused("the broker refused the subscription"),
            (PINGRESP, []) => Heard::Fenced,
            _ => Heard::Garbled,
        };
        Some((whole.len(), Some(heard)))
    }
}

/// Appends a string, preceded by its length.
fn text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u16).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn packet(kind: u8, body: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    let mut length = body.len();
    while length > 0x7f {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(body);
}

/// The length of the fixed header of a packet, and of the rest; `None` if it is not complete.
fn header(input: &[u8]) -> Option<(usize, usize)> {
    let mut length = 0;
    for (place, byte) in input.iter().skip(1).take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((2 + place, length));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::channel::Role;
    use super::super::session::{Protocol, Session, tests};
    use super::{PUBLISH, header, packet};

    fn session(role: Role) -> Session {
        let mut session = Session::new(Protocol::Mqtt);
        let mut out = Vec::new();
        session.log_in("alice", role, &mut out);
        assert_eq!(out, b"\x10\x11\0\x04MQTT\x04\x02\xff\xff\0\x05alice");
        session
    }

    #[test]
    fn a_client_subscribes_and_receives() {
        let payload = tests::payload();
        let mut input = b"\x20\x02\0\0\x90\x03\0\x01\0".to_vec();
        session(Role::Sender)
            .broadcast(&mut input, |out| out.extend_from_slice(payload.as_bytes()));
        input.extend_from_slice(b"\xd0\0\x20\x02\0\x05");
        let (heard, out) = tests::hear(|| session(Role::Receiver), &input);
        let message = format!("Message {payload}");
        let refused = r#"Refused("the broker refused the connection")"#;
        assert_eq!(heard, ["LoggedIn", &message, "Fenced", refused]);
        assert_eq!(out, b"\x82\x0d\0\x01\0\x08loadtest\0");
        let (heard, _) = tests::hear(|| session(Role::Sender), b"\x20\x02\0\0");
        assert_eq!(heard, ["LoggedIn"]);
    }

    #[test]
    fn a_length_takes_as_many_bytes_as_it_needs() {
        for length in [0, 127, 128, 16_383, 16_384, 30_000] {
            let mut out = Vec::new();
            packet(PUBLISH, &vec![0; length], &mut out);
            let (head, found) = header(&out).unwrap();
            assert_eq!((found, head + found), (length, out.len()));
        }
        assert_eq!(header(b"\x30\x80"), None);
    }
}
