//! A check of UTF-8 that comes in pieces.

/// What of a character has come, where it is not whole.
#[derive(Clone, Copy, Debug, Default)]
pub struct Utf8Check {
    part: [u8; 4],
    length: u8,
}

impl Utf8Check {
    /// Takes the next bytes. Returns false if they are no UTF-8, whatever may follow.
    pub fn take(&mut self, mut bytes: &[u8]) -> bool {
        while self.length > 0
            && let Some((first, rest)) = bytes.split_first()
        {
            self.part[usize::from(self.length)] = *first;
            self.length += 1;
            bytes = rest;
            match std::str::from_utf8(&self.part[..usize::from(self.length)]) {
                Ok(_) => self.length = 0,
                Err(error) if error.error_len().is_some() => return false,
                Err(_) => {}
            }
        }
        let Err(error) = std::str::from_utf8(bytes) else { return true };
        let rest = &bytes[error.valid_up_to()..];
        // The start of a character has three bytes at most.
        if error.error_len().is_some() || rest.len() >= self.part.len() {
            return false;
        }
        self.part[..rest.len()].copy_from_slice(rest);
        self.length = rest.len().to_le_bytes()[0];
        true
    }

    /// Returns true if the text may end here.
    pub fn is_whole(&self) -> bool {
        self.length == 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_can_not_become_a_character_is_refused_at_once() {
        for wrong in [&b"\x80"[..], b"a\xc0", b"\xed\xa0", b"\xf4\x90", b"\xe2\x82a", b"\xff"] {
            let mut check = Utf8Check::default();
            let (last, first) = wrong.split_last().unwrap();
            assert!(check.take(first), "{wrong:02x?}");
            assert!(!check.take(&[*last]), "{wrong:02x?}");
        }
    }

    proptest! {
        #[test]
        fn pieces_are_judged_as_the_whole(
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..12),
                "[aé上👍]{0,8}".prop_map(String::into_bytes),
            ],
            cut in 1..5_usize,
        ) {
            let mut check = Utf8Check::default();
            let is_good = bytes.chunks(cut).all(|piece| check.take(piece)) && check.is_whole();
            prop_assert_eq!(is_good, std::str::from_utf8(&bytes).is_ok());
        }
    }
}
