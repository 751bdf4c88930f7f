//! No circle among the files of a room: a room can be read from the bottom up.
//!
//! A file points at each file whose module it names in a `use` or in a path. That a module
//! declares another is no arrow.

use std::collections::{BTreeMap, BTreeSet};

use crate::assert_none;
use crate::findings::{Finding, finding, lines};
use crate::modules::{self, Module, Modules, room};

/// The modules that each module points at, in its own room, by their names.
type Arrows<'m> = BTreeMap<&'m str, BTreeSet<&'m str>>;

fn arrows<'m>(modules: &'m Modules<'_>) -> Arrows<'m> {
    let mut arrows = Arrows::new();
    for module in modules.iter() {
        let named = modules.named_by(module).into_iter().map(|named| named.module);
        let is_near =
            |to: &&Module<'_>| to.name != module.name && room(&to.name) == room(&module.name);
        arrows.insert(&module.name, named.filter(is_near).map(|to| &to.name[..]).collect());
    }
    arrows
}

/// The shortest way from a module back to itself.
fn circle<'m>(arrows: &Arrows<'m>, start: &'m str) -> Option<Vec<&'m str>> {
    let mut came_from = BTreeMap::<&str, &str>::new();
    let mut reached = vec![start];
    let mut next = 0;
    while let Some(from) = reached.get(next).copied() {
        next += 1;
        for to in arrows.get(from).into_iter().flatten().copied() {
            if came_from.contains_key(to) {
                continue;
            }
            came_from.insert(to, from);
            reached.push(to);
            if to == start {
                return Some(way_back(&came_from, start));
            }
        }
    }
    None
}

fn way_back<'m>(came_from: &BTreeMap<&'m str, &'m str>, start: &'m str) -> Vec<&'m str> {
    let mut way = vec![start, came_from[start]];
    while way.last() != Some(&start) {
        way.push(came_from[way[way.len() - 1]]);
    }
    way.reverse();
    way
}

fn findings(modules: &Modules<'_>) -> Vec<Finding> {
    let arrows = arrows(modules);
    let circles = modules.iter().filter_map(|module| {
        let circle = circle(&arrows, &module.name)?.join(" -> ");
        Some(finding(room(&module.name), format!("{}: {circle}", module.file)))
    });
    circles.collect()
}

#[test]
fn no_circle_among_the_files_of_a_room() {
    assert_none(lines(findings(modules::all())));
}

#[test]
fn a_circle_is_told_of_each_of_its_files() {
    let files = modules::examples(&[
        ("src/hub/mod.rs", "mod a; use self::a::A;"),
        ("src/hub/a.rs", "use super::b::B;"),
        ("src/hub/b.rs", "use crate::hub::c;"),
        ("src/hub/c.rs", "fn f() { super::a::f() }"),
        ("src/hub/d.rs", "use crate::store::e::E;"),
        ("src/store/e.rs", "use crate::hub::d::D;"),
    ]);
    let found = findings(&Modules::of(&files));
    let (a, b, c) = ("chatsrv::hub::a", "chatsrv::hub::b", "chatsrv::hub::c");
    let expected = [
        finding("chatsrv::hub", format!("src/hub/a.rs: {a} -> {b} -> {c} -> {a}")),
        finding("chatsrv::hub", format!("src/hub/b.rs: {b} -> {c} -> {a} -> {b}")),
        finding("chatsrv::hub", format!("src/hub/c.rs: {c} -> {a} -> {b} -> {c}")),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_module_that_is_used_below_itself_is_in_a_circle() {
    let files = modules::examples(&[
        ("src/hub/mod.rs", "mod a; use a::A;"),
        ("src/hub/a.rs", "use super::Hub;"),
    ]);
    assert_eq!(findings(&Modules::of(&files)).len(), 2);
    let files =
        modules::examples(&[("src/hub/mod.rs", "mod a;"), ("src/hub/a.rs", "use super::Hub;")]);
    assert_eq!(findings(&Modules::of(&files)).len(), 0);
}
