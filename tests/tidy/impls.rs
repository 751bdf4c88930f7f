//! An inherent `impl` stands in the file of its type: methods hide circles that imports show.

use std::collections::{BTreeMap, BTreeSet};

use crate::assert_none;
use crate::findings::{Finding, finding, lines};
use crate::modules::{self, Modules, crate_of};
use crate::source::{Token, past_angles, types};

/// What has its methods elsewhere: a type, and the folder that they stand in.
const ELSEWHERE: &[(&str, &str)] = &[
    // The phases of a tick: each of them is one theme, and has a file of its own.
    ("Server", "src/server/tick/"),
];

/// The names of the types that a file has inherent `impl`s of, as often as it does.
fn inherent_impls<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    let impls = tokens.iter().enumerate().filter(|(_, token)| token.is("impl") && token.is_first);
    impls.filter_map(|(at, _)| inherent_impl(tokens, past_angles(tokens, at + 1))).collect()
}

/// The name of the type that the `impl` before `at` is of, if it is of no trait.
fn inherent_impl<'a>(tokens: &[Token<'a>], at: usize) -> Option<&'a str> {
    let mut name = None;
    let mut at = at;
    while let Some(token) = tokens.get(at) {
        match token.text {
            "{" | "where" => return name,
            "for" | "$" => return None,
            "<" => at = past_angles(tokens, at),
            _ => {
                name = token.is_word().then_some(token.text).or(name);
                at += 1;
            }
        }
    }
    None
}

fn findings(modules: &Modules<'_>) -> Vec<Finding> {
    let mut homes = BTreeMap::<(&str, &str), BTreeSet<&str>>::new();
    for module in modules.iter() {
        for name in types(&module.tokens) {
            homes.entry((crate_of(&module.name), name)).or_default().insert(module.file);
        }
    }
    let mut findings = Vec::new();
    for module in modules.iter() {
        for name in inherent_impls(&module.tokens) {
            let Some(homes) = homes.get(&(crate_of(&module.name), name)) else { continue };
            let is_allowed =
                ELSEWHERE.iter().any(|(of, folder)| *of == name && module.file.starts_with(folder));
            if !homes.contains(module.file) && !is_allowed {
                findings.push(finding(format!("{}::{name}", crate_of(&module.name)), module.file));
            }
        }
    }
    findings
}

#[test]
fn inherent_impls_stand_in_the_file_of_their_type() {
    assert_none(lines(findings(modules::all())));
}

#[test]
fn an_impl_in_another_file_is_found() {
    let files = modules::examples(&[
        (
            "src/a.rs",
            "struct A<T>(T);\nimpl<T: Fn() -> u8> A<T> {}\nimpl B {}\nimpl Clone for B {}",
        ),
        ("src/b.rs", "pub enum B {}\nimpl B {}\nimpl crate::a::A<Vec<u8>> where u8: Copy {}"),
        ("src/server/mod.rs", "pub struct Server;"),
        ("src/server/tick/read.rs", "use super::Server;\nimpl Server {}"),
        ("src/server/read.rs", "use super::Server;\nimpl Server {}"),
    ]);
    let expected = [
        finding("B", "src/a.rs"),
        finding("A", "src/b.rs"),
        finding("Server", "src/server/read.rs"),
    ];
    assert_eq!(findings(&Modules::of(&files)), expected);
}
