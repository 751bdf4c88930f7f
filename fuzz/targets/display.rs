//! The libFuzzer program of the target `display`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatsrv_fuzz::display::run(input));
