//! The payload of a message: its sender, its sequence number, the time at which it was due, and a
//! checksum, so that a receiver finds what is missing, doubled, out of order or damaged.

use std::io::Write;

use chatsrv::chat::name::NAME_BYTES_MAX;
use chatsrv::protocol::native::CLIENT_LINE_BYTES_MAX;

/// The shortest payload, in bytes: the fields alone.
pub const PAYLOAD_BYTES_MIN: usize = 40;
/// The longest payload, in bytes: it fits a client's line with any target.
pub const PAYLOAD_BYTES_MAX: usize = CLIENT_LINE_BYTES_MAX - "D  \n".len() - NAME_BYTES_MAX;

/// The largest intended time that fits the payload, in nanoseconds: more than three days.
pub const INTENDED_NANOS_MAX: u64 = (1 << 48) - 1;

const RUN: std::ops::Range<usize> = 0..8;
const SENDER: std::ops::Range<usize> = 8..12;
/// The range of the sequence number.
pub const SEQUENCE: std::ops::Range<usize> = 12..20;
const INTENDED: std::ops::Range<usize> = 20..32;
const CHECK: std::ops::Range<usize> = 32..40;
const FILLER: &[u8] = b"abcdefghijklmnopqrstuvwxyz";

/// The fields that identify a message of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The number of the sender.
    pub sender: u16,
    /// The number of messages that it had sent before.
    pub sequence: u32,
    /// The time at which it was due, in nanoseconds of the run's clock.
    pub intended_nanos: u64,
}

/// The format of the payloads of one run: its number and their length.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    run: u32,
    bytes: usize,
}

impl Format {
    /// The format for payloads of `bytes` bytes, from [`PAYLOAD_BYTES_MIN`] to
    /// [`PAYLOAD_BYTES_MAX`].
    pub fn new(run: u32, bytes: usize) -> Self {
        debug_assert!((PAYLOAD_BYTES_MIN..=PAYLOAD_BYTES_MAX).contains(&bytes));
        Format { run, bytes }
    }

    /// Appends the payload of one message.
    pub fn write(&self, stamp: &Stamp, out: &mut Vec<u8>) {
        let start = out.len();
        let Stamp { sender, sequence, intended_nanos } = stamp;
        // Writing to a Vec does not fail.
        let _ = write!(out, "{:08x}{sender:04x}{sequence:08x}{intended_nanos:012x}", self.run);
        out.extend_from_slice(b"00000000");
        let filler = self.bytes - PAYLOAD_BYTES_MIN;
        out.extend(FILLER.iter().cycle().skip(*sequence as usize % FILLER.len()).take(filler));
        let check = check(&out[start..]);
        let _ = write!(&mut out[start..][CHECK], "{check:08x}");
    }

    /// Decodes a payload; `None` if it is not one of this run, or was changed.
    pub fn read(&self, text: &[u8]) -> Option<Stamp> {
        let intact = text.len() == self.bytes
            && hex(&text[RUN])? == u64::from(self.run)
            && hex(&text[CHECK])? == u64::from(check(text));
        intact.then_some(())?;
        Some(Stamp {
            sender: hex(&text[SENDER])? as u16,
            sequence: hex(&text[SEQUENCE])? as u32,
            intended_nanos: hex(&text[INTENDED])?,
        })
    }
}

/// The checksum: FNV-1a of a payload without the checksum itself, folded to 32 bits.
fn check(payload: &[u8]) -> u32 {
    let covered = payload[..CHECK.start].iter().chain(&payload[CHECK.end..]);
    let hash = covered.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash ^ (hash >> 32)) as u32
}

/// Parses lower-case hexadecimal digits, at most 16.
fn hex(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Format, stamp: &Stamp) -> Vec<u8> {
        let mut out = b"D * ".to_vec();
        format.write(stamp, &mut out);
        out.split_off(4)
    }

    #[test]
    fn what_was_written_is_read_back_at_any_length() {
        for bytes in [PAYLOAD_BYTES_MIN, 64, PAYLOAD_BYTES_MAX] {
            let format = Format::new(0xfedc_0001, bytes);
            for stamp in [
                Stamp { sender: 0, sequence: 0, intended_nanos: 0 },
                Stamp { sender: 999, sequence: u32::MAX, intended_nanos: INTENDED_NANOS_MAX },
            ] {
                let payload = written(format, &stamp);
                assert_eq!(payload.len(), bytes);
                assert_eq!(format.read(&payload), Some(stamp));
            }
        }
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let format = Format::new(7, 64);
        let stamp = Stamp { sender: 3, sequence: 17, intended_nanos: 123_456_789 };
        let payload = written(format, &stamp);
        for at in 0..payload.len() {
            for change in [1, 2, 0x20] {
                let mut damaged = payload.clone();
                damaged[at] ^= change;
                assert_eq!(format.read(&damaged), None, "byte {at}");
            }
        }
        assert_eq!(format.read(&payload[..63]), None);
        assert_eq!(format.read(b""), None);
        assert_eq!(Format::new(8, 64).read(&payload), None);
    }
}
