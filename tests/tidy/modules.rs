//! The modules of the programs: what each file is called, and what it names of the others.
//!
//! A path is written in full from the name of its crate on: `chatsrv::hub::login`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::files::{self, File};
use crate::source::{Token, program_tokens};

/// Where the crates are, and what their paths begin with; the first folder that fits counts. The
/// program chatsrv(8) is one file beside the library of the same name.
const CRATES: &[(&str, &str)] = &[
    ("src/main", "main"),
    ("src/bin/chatclient/", "chatclient"),
    ("src/", "chatsrv"),
    ("loadtest/src/", "loadtest"),
    ("fuzz/src/", "chatsrv_fuzz"),
];

/// One file of a program, without its tests.
pub struct Module<'a> {
    pub name: String,
    /// The path of its file.
    pub file: &'a str,
    pub tokens: Vec<Token<'a>>,
}

/// All modules, by their names.
pub struct Modules<'a> {
    by_name: BTreeMap<String, Module<'a>>,
    /// What of another crate is known by a name in a module: there, and not in the module, is what
    /// others find under that name.
    imported: BTreeMap<(String, String), String>,
}

/// A path that a module names.
#[derive(Debug)]
pub struct Named<'m> {
    /// The module that it leads to: the longest part of the path that is one.
    pub module: &'m Module<'m>,
    /// What of that module is named: the next part of the path, none for the module itself.
    pub item: Option<String>,
}

impl std::fmt::Debug for Module<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// The modules of the project.
pub fn all() -> &'static Modules<'static> {
    static FILES: LazyLock<Vec<File>> = LazyLock::new(files::all);
    static MODULES: LazyLock<Modules<'static>> = LazyLock::new(|| Modules::of(&FILES));
    &MODULES
}

impl<'a> Modules<'a> {
    /// The modules of these files.
    pub fn of(files: &'a [File]) -> Self {
        let modules = files.iter().filter_map(|file| {
            let name = name_of(file)?;
            let tokens = program_tokens(&file.text);
            Some((name.clone(), Module { name, file: &file.path, tokens }))
        });
        let mut modules = Self { by_name: modules.collect(), imported: BTreeMap::new() };
        let imported = modules.iter().flat_map(|module| modules.imported_by(module)).collect();
        modules.imported = imported;
        modules
    }

    fn imported_by(&self, module: &Module<'a>) -> Vec<((String, String), String)> {
        let mut imported = Vec::new();
        for named in self.named_by(module) {
            let to = &named.module.name;
            if crate_of(to) == crate_of(&module.name) {
                continue;
            }
            let item = named.item.as_deref().or(to.rsplit("::").next());
            let item = item.unwrap_or_default().to_owned();
            imported.push(((module.name.clone(), item), to.clone()));
        }
        imported
    }

    pub fn iter(&self) -> impl Iterator<Item = &Module<'a>> {
        self.by_name.values()
    }

    /// The paths that a module names, as far as they lead to modules.
    pub fn named_by<'m>(&'m self, module: &'m Module<'a>) -> Vec<Named<'m>> {
        let mut named = Vec::new();
        let mut at = 0;
        while at < module.tokens.len() {
            let mut paths = Vec::new();
            at = paths_at(&module.tokens, at, &mut paths);
            for path in paths {
                if let Some((to, item)) = self.resolve(module, &path) {
                    named.push(Named { module: to, item: item.map(str::to_owned) });
                }
            }
        }
        named
    }

    /// The module that a path leads to, and the first part of what is left of the path.
    fn resolve<'p>(
        &self,
        from: &Module<'_>,
        path: &[&'p str],
    ) -> Option<(&Module<'a>, Option<&'p str>)> {
        let (mut name, mut rest) = self.start(from, path)?;
        while let Some((first, behind)) = rest.split_first() {
            let longer = format!("{name}::{first}");
            if *first == "super" {
                name.truncate(name.rfind("::")?);
            } else if self.by_name.contains_key(&longer) {
                name = longer;
            } else {
                break;
            }
            rest = behind;
        }
        let item = rest.first().copied();
        let key = (name, item.unwrap_or_default().to_owned());
        let name = self.imported.get(&key).unwrap_or(&key.0);
        Some((self.by_name.get(name)?, item))
    }

    /// The module that a path starts at, and the path from there on.
    fn start<'s, 'p>(
        &self,
        from: &Module<'_>,
        path: &'s [&'p str],
    ) -> Option<(String, &'s [&'p str])> {
        let first = path[0];
        match first {
            "crate" => Some((crate_of(&from.name).to_owned(), &path[1..])),
            "self" => Some((from.name.clone(), &path[1..])),
            "super" => Some((from.name.clone(), path)),
            _ if self.by_name.contains_key(&format!("{}::{first}", from.name)) => {
                Some((from.name.clone(), path))
            }
            _ if CRATES.iter().any(|(_, name)| *name == first) => {
                Some((first.to_owned(), &path[1..]))
            }
            _ => None,
        }
    }
}

/// The name of the crate that a module belongs to.
pub fn crate_of(name: &str) -> &str {
    name.split("::").next().unwrap_or(name)
}

/// The room that a module stands in: a folder or file of the library, or else a whole program.
pub fn room(name: &str) -> &str {
    if crate_of(name) != "chatsrv" {
        return crate_of(name);
    }
    let mut ends = name.match_indices("::").map(|(at, _)| at);
    ends.nth(1).map_or(name, |end| &name[..end])
}

/// Whether `below` stands in the tree of modules somewhere below `above`.
pub fn is_below(below: &str, above: &str) -> bool {
    below.strip_prefix(above).is_some_and(|rest| rest.starts_with("::"))
}

/// What the module of a file is called, if the file is part of a program.
fn name_of(file: &File) -> Option<String> {
    let path = file.path.strip_suffix(".rs").filter(|_| !file.is_test())?;
    let (folder, name) = CRATES.iter().find(|(folder, _)| path.starts_with(folder))?;
    let mut parts = vec![*name];
    parts.extend(path[folder.len()..].split('/').filter(|part| !part.is_empty()));
    if let [_, .., "lib" | "main" | "mod"] = parts[..] {
        parts.pop();
    }
    Some(parts.join("::"))
}

/// Adds the paths that begin at `at`, and tells where to go on.
fn paths_at<'a>(tokens: &[Token<'a>], at: usize, paths: &mut Vec<Vec<&'a str>>) -> usize {
    let token = &tokens[at];
    let is_next = |text| tokens.get(at + 1).is_some_and(|next| next.is(text));
    let is_behind = |text| at > 0 && tokens[at - 1].is(text);
    if token.is("use") && !is_next("<") {
        return use_tree(tokens, at + 1, &mut Vec::new(), paths);
    }
    if token.is("in") && is_behind("(") {
        // Who may see something is no use of the module that is named.
        return at + 1 + tokens[at..].iter().take_while(|token| !token.is(")")).count();
    }
    if !token.is_word() || !is_next("::") || is_behind("::") {
        return at + 1;
    }
    let mut end = at;
    let mut path = vec![token.text];
    while let [colons, word, ..] = &tokens[end + 1..]
        && colons.is("::")
        && word.is_word()
    {
        path.push(word.text);
        end += 2;
    }
    paths.push(path);
    end + 1
}

/// Adds the paths of a `use` behind `prefix`, and tells where it ends.
fn use_tree<'a>(
    tokens: &[Token<'a>],
    mut at: usize,
    prefix: &mut Vec<&'a str>,
    paths: &mut Vec<Vec<&'a str>>,
) -> usize {
    let length = prefix.len();
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token.text {
            "{" => {
                while !tokens[at..].first().is_none_or(|token| token.is("}")) {
                    at = use_tree(tokens, at, prefix, paths);
                    at += usize::from(tokens.get(at).is_some_and(|token| token.is(",")));
                }
                prefix.truncate(length);
                return at + 1;
            }
            "," | ";" | "}" => {
                at -= 1;
                break;
            }
            "::" => {}
            "as" => at += 1,
            part => prefix.push(part),
        }
    }
    let is_self = prefix.len() > 1 && prefix.last() == Some(&"self");
    let named = &prefix[..prefix.len() - usize::from(is_self)];
    if !named.is_empty() {
        paths.push(named.to_vec());
    }
    prefix.truncate(length);
    at
}

/// Files for a test of a rule: a path and a text each.
pub fn examples(files: &[(&str, &str)]) -> Vec<File> {
    let file = |(path, text): &(&str, &str)| File { path: (*path).into(), text: (*text).into() };
    files.iter().map(file).collect()
}

/// What the module `name` names, as module and item.
fn names(modules: &Modules<'_>, name: &str) -> Vec<(String, String)> {
    let named = modules.named_by(&modules.by_name[name]);
    named
        .into_iter()
        .map(|named| (named.module.name.clone(), named.item.unwrap_or_default()))
        .collect()
}

#[test]
fn files_are_modules() {
    let paths = [
        ("src/main.rs", Some("main")),
        ("src/lib.rs", Some("chatsrv")),
        ("src/hub/mod.rs", Some("chatsrv::hub")),
        ("src/bin/chatclient/client/wait.rs", Some("chatclient::client::wait")),
        ("loadtest/src/main.rs", Some("loadtest")),
        ("src/hub/tests.rs", None),
        ("tests/login.rs", None),
        ("src/hub/README.md", None),
    ];
    for (path, name) in paths {
        let file = File { path: path.to_owned(), text: String::new() };
        assert_eq!(name_of(&file).as_deref(), name, "{path}");
    }
}

#[test]
fn a_use_leads_to_modules() {
    let files = examples(&[
        ("src/lib.rs", "pub mod a;"),
        ("src/a/mod.rs", "mod b; use self::b::X; pub use b::c;"),
        ("src/a/b.rs", "use super::{d::{self, Y as Z}, *};\nuse crate::a::b::W; use std::fs;"),
        ("src/a/d.rs", "pub(in crate::a) fn f() { super::b::g::<crate::a::T>(log::warn!()) }"),
        ("src/main.rs", "use chatsrv::a::d;"),
    ]);
    let modules = Modules::of(&files);
    let pairs = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>()
    };
    let (a, b, d) = ("chatsrv::a", "chatsrv::a::b", "chatsrv::a::d");
    assert_eq!(names(&modules, a), pairs(&[(b, "X"), (b, "c")]));
    assert_eq!(names(&modules, b), pairs(&[(d, ""), (d, "Y"), (a, "*"), (b, "W")]));
    assert_eq!(names(&modules, d), pairs(&[(b, "g"), (a, "T")]));
    assert_eq!(names(&modules, "main"), pairs(&[(d, "")]));
}

#[test]
fn what_is_of_another_crate_is_not_of_the_module_that_imports_it() {
    let files = examples(&[
        ("src/lib.rs", "pub mod a; pub mod c;"),
        ("src/a.rs", "pub struct X;"),
        ("src/c.rs", ""),
        ("src/bin/chatclient/main.rs", "mod b; use chatsrv::{a::X, c}; struct Y;"),
        ("src/bin/chatclient/b.rs", "use crate::{X, Y, c::Z};"),
    ]);
    let modules = Modules::of(&files);
    let named = names(&modules, "chatclient::b");
    let named = named.iter().map(|(module, item)| (&module[..], &item[..])).collect::<Vec<_>>();
    assert_eq!(named, [("chatsrv::a", "X"), ("chatclient", "Y"), ("chatsrv::c", "c")]);
}
