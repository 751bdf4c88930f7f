//! Masking (RFC 6455, section 5.3): what a browser sends is xored with a key, so that no proxy on
//! the way takes it for something else.

/// Masks or unmasks bytes in place with a key, whose first byte is for the first of them. The key
/// is left as it is for the byte behind them.
pub fn apply(key: &mut [u8; 4], bytes: &mut [u8]) {
    let [a, b, c, d] = *key;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mut words = bytes.chunks_exact_mut(8);
    for word in &mut words {
        let eight: [u8; 8] = (*word).try_into().unwrap_or_default();
        word.copy_from_slice(&(u64::from_ne_bytes(eight) ^ wide).to_ne_bytes());
    }
    for (byte, key) in words.into_remainder().iter_mut().zip([a, b, c, d, a, b, c]) {
        *byte ^= key;
    }
    key.rotate_left(bytes.len() % 4);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_are_masked_as_the_whole(
            key: [u8; 4],
            bytes in prop::collection::vec(any::<u8>(), 0..40),
            at in 0..40_usize,
        ) {
            let simple = bytes.iter().enumerate().map(|(at, byte)| byte ^ key[at % 4]);
            let simple: Vec<u8> = simple.collect();
            let mut masked = bytes.clone();
            let (one, other) = masked.split_at_mut(at.min(bytes.len()));
            let mut moving = key;
            apply(&mut moving, one);
            apply(&mut moving, other);
            prop_assert_eq!(masked, simple);
        }
    }
}
