//! SHA-256 hashes as words of the protocol.

use std::fmt;
use std::str::FromStr;

/// A SHA-256 hash: 64 hexadecimal digits on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256Sum(pub [u8; 32]);

/// A word that is no hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidSum;

impl FromStr for Sha256Sum {
    type Err = InvalidSum;

    /// Parses 64 hexadecimal digits, lower or upper case.
    fn from_str(word: &str) -> Result<Self, InvalidSum> {
        let mut sum = [0; 32];
        let (pairs, rest) = word.as_bytes().as_chunks::<2>();
        if pairs.len() != sum.len() || !rest.is_empty() {
            return Err(InvalidSum);
        }
        for (byte, [high, low]) in sum.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Sha256Sum(sum))
    }
}

fn digit(byte: u8) -> Result<u8, InvalidSum> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        b'A'..=b'F' => Ok(byte - b'A' + 10),
        _ => Err(InvalidSum),
    }
}

impl fmt::Display for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_has_64_hexadecimal_digits() {
        let sum: [u8; 32] = std::array::from_fn(|at| at as u8 * 8 + 7);
        let word = Sha256Sum(sum).to_string();
        assert!(word.starts_with("070f171f"), "{word}");
        assert_eq!(word.parse(), Ok(Sha256Sum(sum)));
        assert_eq!(word.to_uppercase().parse(), Ok(Sha256Sum(sum)));
        for wrong in ["", &word[1..], &word[2..], &format!("{word}0"), &word.replace('f', "g")] {
            assert_eq!(wrong.parse::<Sha256Sum>(), Err(InvalidSum), "{wrong}");
        }
        assert_eq!("\u{e9}".repeat(32).parse::<Sha256Sum>(), Err(InvalidSum));
    }
}
