//! The shape of types and functions: a name once in a crate, few fields, few parameters.
//!
//! A name that a type has for itself can be searched for, and needs no path to be understood. Where
//! two rooms have a word in common, the more special type has the longer name.

use std::collections::BTreeMap;

use crate::assert_none;
use crate::findings::{Finding, finding, lines_above};
use crate::modules::{self, Module, Modules, crate_of};
use crate::source::{Token, past_angles, past_group, types};

/// How many fields a struct may have. One with more has several themes: its parts are structs. Not
/// meant are options (see [`is_of_options`]).
const FIELDS_MAX: usize = 14;
/// How many parameters a function may have beside `self`. What travels together is a struct.
const PARAMETERS_MAX: usize = 5;

/// Each type by its crate, with its file.
fn names(modules: &Modules<'_>) -> Vec<(Finding, usize)> {
    let mut files = BTreeMap::<(&str, &str), Vec<&str>>::new();
    for module in modules.iter() {
        for name in types(&module.tokens) {
            files.entry((crate_of(&module.name), name)).or_default().push(module.file);
        }
    }
    let names = files.into_iter().map(|((of, name), files)| {
        (finding(format!("{of}::{name}"), files.join(", ")), files.len())
    });
    names.collect()
}

/// Each struct with its number of fields.
fn fields(module: &Module<'_>) -> Vec<(Finding, usize)> {
    let tokens = &module.tokens;
    let mut sizes = Vec::new();
    for (at, pair) in tokens.windows(2).enumerate() {
        if !pair[0].is("struct") || !pair[1].is_word() {
            continue;
        }
        let mut open = past_angles(tokens, at + 2);
        if tokens.get(open).is_some_and(|token| token.is("where")) {
            open += tokens[open..].iter().take_while(|token| !token.is("{")).count();
        }
        if tokens.get(open).is_some_and(|token| token.is("{")) {
            let place = format!("{}::{}", crate_of(&module.name), pair[1].text);
            sizes.push((finding(place, module.file), colons(tokens, open)));
        }
    }
    sizes
}

/// Each function with its number of parameters beside `self`.
fn parameters(module: &Module<'_>) -> Vec<(Finding, usize)> {
    let tokens = &module.tokens;
    let mut sizes = Vec::new();
    for (at, pair) in tokens.windows(2).enumerate() {
        if !pair[0].is("fn") || !pair[1].is_word() {
            continue;
        }
        let open = past_angles(tokens, at + 2);
        let place = format!("{}::{}", module.name, pair[1].text);
        let what = format!("{}:{}", module.file, pair[0].line);
        sizes.push((finding(place, what), colons(tokens, open)));
    }
    sizes
}

/// How many names with a type stand right within the bracket that opens at `open`.
fn colons(tokens: &[Token<'_>], open: usize) -> usize {
    let end = past_group(tokens, open).saturating_sub(1);
    let mut count = 0;
    let mut at = open + 1;
    while at < end {
        match tokens[at].text {
            "(" | "[" | "{" => {
                at = past_group(tokens, at);
                continue;
            }
            ":" => count += usize::from(!tokens[at - 1].is("self")),
            _ => {}
        }
        at += 1;
    }
    count
}

/// Whether a file tells what a program can be told, each of which is a field.
fn is_of_options(module: &Module<'_>) -> bool {
    module.name.split("::").any(|part| part == "options")
}

#[test]
fn a_name_of_a_type_is_defined_once_in_a_crate() {
    assert_none(lines_above(1, names(modules::all())));
}

#[test]
fn structs_have_few_fields() {
    let modules = modules::all().iter().filter(|module| !is_of_options(module));
    assert_none(lines_above(FIELDS_MAX, modules.flat_map(fields).collect()));
}

#[test]
fn functions_have_few_parameters() {
    let modules = modules::all().iter();
    assert_none(lines_above(PARAMETERS_MAX, modules.flat_map(parameters).collect()));
}

#[test]
fn a_name_counts_in_its_crate() {
    let files = modules::examples(&[
        ("src/a.rs", "struct A; mod b { enum A {} }"),
        ("src/b.rs", "trait A {} struct B;"),
        ("loadtest/src/main.rs", "struct B;\n#[cfg(test)]\nmod tests { struct B; }"),
    ]);
    let expected = [
        (finding("A", "src/a.rs, src/a.rs, src/b.rs"), 3),
        (finding("B", "src/b.rs"), 1),
        (finding("loadtest::B", "loadtest/src/main.rs"), 1),
    ];
    assert_eq!(names(&Modules::of(&files)), expected);
}

#[test]
fn fields_and_parameters_are_counted() {
    let text = "struct A<T: Copy> { #[b(c = d::e)] pub f: HashMap<T, (u8, u8)>, g: fn(x: u8) }
        struct B(u8, u8); struct C<T> where T: Copy { h: T }
        impl A { fn i<F: Fn(u8) -> u8>(self: &Self, (j, k): (u8, u8), l: Vec<F>) {} }
        fn m() {}";
    let files = modules::examples(&[("src/a.rs", text)]);
    let modules = Modules::of(&files);
    let module = modules.iter().next().unwrap();
    let sizes = |sizes: Vec<(Finding, usize)>| {
        sizes.into_iter().map(|(finding, size)| (finding.place, size)).collect::<Vec<_>>()
    };
    assert_eq!(sizes(fields(module)), [("A".to_owned(), 2), ("C".to_owned(), 1)]);
    assert_eq!(sizes(parameters(module)), [("a::i".to_owned(), 2), ("a::m".to_owned(), 0)]);
}
