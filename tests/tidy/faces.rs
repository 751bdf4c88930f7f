//! The module of a folder is a face (docs, `mod`, `pub use`) or the top of what is in the folder:
//! in both cases nothing below it names what it holds.
//!
//! Not meant is a macro that a file defines and exports: it is named as if it stood at the top of
//! the crate, wherever it stands.

use std::collections::{BTreeMap, BTreeSet};

use crate::assert_none;
use crate::findings::{Finding, finding, lines};
use crate::modules::{self, Modules, is_below};
use crate::source::Token;

/// Whether a file defines the macro `name`.
fn defines_macro(tokens: &[Token<'_>], name: &str) -> bool {
    tokens.windows(3).any(|next| next[0].is("macro_rules") && next[1].is("!") && next[2].is(name))
}

fn findings(modules: &Modules<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for module in modules.iter() {
        let mut above = BTreeMap::<&str, BTreeSet<String>>::new();
        for named in modules.named_by(module) {
            if let Some(item) = named.item
                && is_below(&module.name, &named.module.name)
                && !defines_macro(&module.tokens, &item)
            {
                above.entry(&named.module.name).or_default().insert(item);
            }
        }
        findings.extend(above.into_iter().map(|(place, items)| {
            let items = items.into_iter().collect::<Vec<_>>().join(", ");
            finding(place, format!("{}: {items}", module.file))
        }));
    }
    findings
}

#[test]
fn nothing_names_what_the_module_above_it_holds() {
    assert_none(lines(findings(modules::all())));
}

#[test]
fn an_item_of_the_module_above_is_found_and_a_module_is_not() {
    let files = modules::examples(&[
        ("src/hub/mod.rs", "mod a; mod b; use self::a::A;"),
        ("src/hub/a.rs", "use super::{Hub, b::{self, B}, State}; use super::super::limits;"),
        ("src/hub/b.rs", "fn f(hub: &crate::hub::Hub) {}"),
        ("src/limits.rs", ""),
        ("src/store/mod.rs", "use crate::hub::Hub;"),
    ]);
    let expected = [
        finding("chatsrv::hub", "src/hub/a.rs: Hub, State"),
        finding("chatsrv::hub", "src/hub/b.rs: Hub"),
    ];
    assert_eq!(findings(&Modules::of(&files)), expected);
}

#[test]
fn an_exported_macro_is_named_in_its_file_alone() {
    let text = "#[macro_export]\nmacro_rules! m { () => {} }\npub use crate::{m, n};";
    let files = modules::examples(&[("src/lib.rs", "mod a; mod b;"), ("src/a.rs", text)]);
    let found = findings(&Modules::of(&files));
    assert_eq!(found, [finding("chatsrv", "src/a.rs: n")]);
}
