//! Looks for inputs on which the target `display` fails.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatsrv_fuzz::display::run(input));
