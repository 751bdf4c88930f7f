//! The libFuzzer program of the target `websocket`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| chatsrv_fuzz::websocket::run(input));
