//! The libFuzzer program of the target `requests`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatsrv_fuzz::requests::run(input));
