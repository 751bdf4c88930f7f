//! Tests that the manual page agrees with the program.

#[path = "../../tests/manual/options.rs"]
mod options;

#[test]
fn the_load_generator_has_the_options_of_its_page() {
    options::assert_same(env!("CARGO_BIN_EXE_loadtest"), "../man/loadtest.1");
}
