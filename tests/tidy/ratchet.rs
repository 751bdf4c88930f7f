//! A rule's exceptions: what was wrong when the rule came, by place, and how often.
//!
//! A table of them can only get shorter. More than it allows is a finding; so is less, since what
//! is mended must not come back.

use std::collections::{BTreeMap, BTreeSet};

/// Where a rule may still be broken, and how often.
pub type Exception = (&'static str, usize);

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What its exception stands under.
    pub place: String,
    /// What and where, for whoever mends it.
    pub what: String,
}

/// A finding. The library's own name is left out of a place.
pub fn finding(place: impl Into<String>, what: impl Into<String>) -> Finding {
    let place = place.into();
    let short = place.strip_prefix("chatsrv::").unwrap_or(&place);
    Finding { place: short.to_owned(), what: what.into() }
}

/// What to tell about findings that are not just as many as the exceptions allow.
pub fn complaints(exceptions: &[Exception], findings: &[Finding]) -> Vec<String> {
    let mut places = BTreeMap::<&str, Vec<&str>>::new();
    for finding in findings {
        places.entry(&finding.place).or_default().push(&finding.what);
    }
    let found = places.into_iter().map(|(place, whats)| (place, (whats.len(), whats)));
    compare(0, exceptions, found.collect())
}

/// What to tell about sizes above `max` that are not just as large as the exceptions allow.
pub fn complaints_above(
    max: usize,
    exceptions: &[Exception],
    sizes: &[(Finding, usize)],
) -> Vec<String> {
    let mut places = BTreeMap::<&str, Found<'_>>::new();
    for (finding, size) in sizes.iter().filter(|(_, size)| *size > max) {
        let (largest, whats) = places.entry(&finding.place).or_default();
        *largest = (*largest).max(*size);
        whats.push(&finding.what);
    }
    compare(max, exceptions, places)
}

/// How much was found at a place, and what it is.
type Found<'a> = (usize, Vec<&'a str>);

fn compare(
    max: usize,
    exceptions: &[Exception],
    mut found: BTreeMap<&str, Found<'_>>,
) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut seen = BTreeSet::new();
    for (place, allowed) in exceptions {
        let (size, whats) = found.remove(place).unwrap_or_default();
        if !seen.insert(place) || *allowed <= max {
            complaints.push(format!("{place}: its exception stands twice, or allows nothing"));
        } else if size > *allowed {
            complaints.extend(excess(place, size, *allowed, &whats));
        } else if whats.is_empty() {
            complaints.push(format!("{place}: all is well: remove its exception"));
        } else if size < *allowed {
            complaints.push(format!("{place}: less than it was: write (\"{place}\", {size}),"));
        }
    }
    let others = found.into_iter();
    complaints.extend(others.flat_map(|(place, (size, whats))| excess(place, size, max, &whats)));
    complaints
}

fn excess(place: &str, size: usize, allowed: usize, whats: &[&str]) -> Vec<String> {
    let mut lines = vec![format!("{place}: {size} and not {allowed}")];
    lines.extend(whats.iter().map(|what| format!("    {what}")));
    lines
}

#[test]
fn an_exception_holds_to_the_number() {
    let twice = [finding("a", "one"), finding("a", "two")];
    assert!(complaints(&[("a", 2)], &twice).is_empty());
    assert!(complaints(&[], &[]).is_empty());
    let more = ["a: 2 and not 1", "    one", "    two"];
    assert_eq!(complaints(&[("a", 1)], &twice), more);
    assert_eq!(complaints(&[("a", 3)], &twice), ["a: less than it was: write (\"a\", 2),"]);
}

#[test]
fn an_exception_that_nothing_needs_is_removed() {
    assert_eq!(complaints(&[("a", 1)], &[]), ["a: all is well: remove its exception"]);
    let zero = ["a: its exception stands twice, or allows nothing"];
    assert_eq!(complaints(&[("a", 0)], &[]), zero);
    let twice = [finding("a", "one"), finding("a", "two")];
    assert_eq!(complaints(&[("a", 2), ("a", 2)], &twice), zero);
}

#[test]
fn a_size_has_a_limit_and_an_exception_its_own() {
    let sizes = [(finding("chatsrv::a", "one"), 5), (finding("b", "two"), 3)];
    assert!(complaints_above(5, &[], &sizes).is_empty());
    assert!(complaints_above(3, &[("a", 5)], &sizes).is_empty());
    assert_eq!(complaints_above(3, &[("a", 4)], &sizes), ["a: 5 and not 4", "    one"]);
    assert_eq!(complaints_above(4, &[], &sizes), ["a: 5 and not 4", "    one"]);
    let done = ["b: all is well: remove its exception"];
    assert_eq!(complaints_above(3, &[("a", 5), ("b", 4)], &sizes), done);
}
