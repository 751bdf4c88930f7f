//! The libFuzzer program of the target `direct`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatsrv_fuzz::direct::run(input));
