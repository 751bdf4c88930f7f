//! The options of a program, as its help and as its manual page tell them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Checks that `program --help` and the page tell the same options.
pub fn assert_same(program: &str, page: &str) {
    let help = of_help(program);
    assert!(help.len() > 2, "{program} --help tells hardly an option");
    assert_eq!(help, of_page(page), "left: {program} --help, right: {page}");
}

/// The options in the help of `program`, with their dashes.
fn of_help(program: &str) -> BTreeSet<String> {
    let output = Command::new(program).arg("--help").output().unwrap();
    assert!(output.status.success(), "{program} --help: {}", output.status);
    let help = String::from_utf8(output.stdout).unwrap();
    let names = help.lines().flat_map(|line| {
        let words = line.split_whitespace().map(|word| word.trim_end_matches(','));
        words.take_while(|word| word.starts_with('-'))
    });
    names.map(str::to_owned).collect()
}

/// The options that are items of a list in the manual page.
fn of_page(page: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = std::fs::read_to_string(&path).unwrap();
    let items = text.lines().filter_map(|line| line.strip_prefix(".It Fl "));
    let names = items.flat_map(|item| item.split(" , Fl ").map(|name| name.split(' ').next()));
    names.flatten().map(|name| format!("-{name}")).collect()
}
