//! Looks for inputs on which the target `direct` fails.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatsrv_fuzz::direct::run(input));
