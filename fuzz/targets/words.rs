//! Looks for inputs on which the target `words` fails.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatsrv_fuzz::words::run(input));
