//! The libFuzzer program of the target `frames`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatsrv_fuzz::frames::run(input));
