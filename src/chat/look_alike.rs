//! Names that look alike: [`skeleton`], and the names that are kept from strangers.
//!
//! The comparison is that of UTS #39, Unicode Security Mechanisms, section 4: two texts look alike
//! if they have the same skeleton. Its table has thousands of rows, of which only those are here
//! that lead to the characters of user names.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

use crate::chat::name::{OPERATOR, UserName};

/// The names that mean everyone or somebody who speaks for the server.
const RESERVED: &[&str] = &[OPERATOR, "global", "everyone"];
/// Those of them that are so short that people are called what looks like them: Ali is not `all`.
const SHORT: &[&str] = &["all", "here"];
/// The end of the names of services, as of NickServ.
const SERVICE: &str = "serv";
/// The start of the names of removed accounts, up to the dash.
const REMOVED: &str = "removed";

/// What a name looks like: two names with the same skeleton are taken for one another.
///
/// Compatible forms and letters' cases are folded, and so are `0 o`, `1 l i`, `5 s`, `rn m` and
/// Greek and Cyrillic letters that look like Latin ones; `.`, `_` and `-` are dropped, and white
/// space at either end is. The skeleton of a skeleton is itself.
pub fn skeleton(name: &str) -> String {
    let lower = name.nfkd().flat_map(char::to_lowercase).nfkd();
    let mut skeleton = String::with_capacity(name.len());
    for c in lower.filter(|c| !is_separator(*c)).map(looks_like) {
        match c {
            'n' if skeleton.ends_with('r') => {
                skeleton.pop();
                skeleton.push('m');
            }
            c => skeleton.push(c),
        }
    }
    // What was dropped may have stood between marks, which have an order.
    skeleton.trim().nfkd().collect()
}

fn is_separator(c: char) -> bool {
    matches!(c, '.' | '_' | '-')
}

/// The character that stands for all that look like it.
fn looks_like(c: char) -> char {
    match c {
        '0' | 'ο' | 'о' => 'o',
        '1' | 'i' | '|' | 'ι' | 'ı' | 'і' | 'ӏ' => 'l',
        '5' | 'ѕ' => 's',
        'α' | 'а' => 'a',
        'β' | 'в' => 'b',
        'с' => 'c',
        'ԁ' => 'd',
        'ε' | 'е' => 'e',
        'һ' | 'н' => 'h',
        'ј' => 'j',
        'κ' | 'к' => 'k',
        'м' => 'm',
        'ρ' | 'р' => 'p',
        'τ' | 'т' => 't',
        'υ' => 'u',
        'ν' => 'v',
        'χ' | 'х' => 'x',
        'у' => 'y',
        other => other,
    }
}

/// The names that no new account may have, and nobody may be shown under: some that chats keep for
/// themselves, and the words that the operator adds. Whatever looks like one of them is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservedNames {
    /// The skeletons of the names.
    skeletons: BTreeSet<String>,
}

impl ReservedNames {
    /// The names that are always reserved, and these words.
    pub fn and(words: &[UserName]) -> Self {
        let words = words.iter().map(UserName::as_str).chain(RESERVED.iter().copied());
        ReservedNames { skeletons: words.map(skeleton).collect() }
    }

    /// Returns true if a name is reserved.
    pub fn contains(&self, name: &str) -> bool {
        let looks = skeleton(name);
        SHORT.iter().any(|word| name.eq_ignore_ascii_case(word))
            || looks.ends_with(SERVICE)
            || self.skeletons.contains(&looks)
            || is_of_removed(name)
    }
}

/// Returns true if a name looks like that of a removed account.
fn is_of_removed(name: &str) -> bool {
    let starts = name.char_indices().filter(|(_, c)| is_separator(*c)).map(|(at, _)| &name[..at]);
    // The skeleton of a name that can be given is short, and has few separators.
    starts.into_iter().any(|start| skeleton(start) == REMOVED)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_look_alike_in_any_case_and_with_other_digits_letters_and_dots() {
        for alike in [
            ["alice", "A1ICE"],
            ["alice", "al.i-c_e"],
            ["Bob", "b0b"],
            ["normal", "norrnal"],
            ["nom", "nor.n.."],
            ["boss", "B055"],
            ["bob", " \u{ff42}\u{ff4f}\u{ff42} "],
            ["paypal", "\u{440}\u{430}\u{443}\u{440}\u{430}l"],
            ["\u{e9}", "E\u{301}"],
        ] {
            assert_eq!(skeleton(alike[0]), skeleton(alike[1]), "{alike:?}");
        }
        for different in [["alice", "alicia"], ["bob", "bob2"], ["corn", "con"], ["e", "\u{e9}"]] {
            assert_ne!(skeleton(different[0]), skeleton(different[1]), "{different:?}");
        }
    }

    #[test]
    fn reserved_is_what_looks_so() {
        let reserved = ReservedNames::and(&["admin".parse().unwrap(), "Mod".parse().unwrap()]);
        for name in [
            "operator",
            "0perat0r",
            "Global",
            "everyone",
            "all",
            "ALL",
            "here",
            "NickServ",
            "nick.5erv",
            "serv",
            "removed-1",
            "Rernoved_x",
            "re.moved.x",
            "ADMIN",
            "adm1n",
            "rn0d",
            "a-d-m-i-n",
            "\u{43e}perator",
        ] {
            assert!(reserved.contains(name), "{name}");
        }
        for name in ["operators", "server", "servant", "removed", "removedx", "admins", "Ali"] {
            assert!(!reserved.contains(name), "{name}");
        }
        assert!(!ReservedNames::and(&[]).contains("admin"));
    }

    proptest! {
        #[test]
        fn a_skeleton_looks_like_itself(name in "\\PC{0,32}") {
            let once = skeleton(&name);
            prop_assert_eq!(skeleton(&once), once);
        }

        #[test]
        fn a_name_looks_like_itself_in_another_case(name in "[A-Za-z][A-Za-z0-9._-]{0,31}") {
            prop_assert_eq!(skeleton(&name.to_uppercase()), skeleton(&name.to_lowercase()));
            prop_assert_eq!(skeleton(&name.replace(['.', '_', '-'], "")), skeleton(&name));
        }
    }
}
