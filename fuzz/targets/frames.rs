//! Looks for inputs on which the target `frames` fails.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatsrv_fuzz::frames::run(input));
