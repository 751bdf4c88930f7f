//! Looks for inputs on which the target `requests` fails.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatsrv_fuzz::requests::run(input));
