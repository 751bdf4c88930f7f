//! What a rule finds wrong.

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where: a room, an arrow between two, a module, a type or a file.
    pub place: String,
    /// What, for whoever mends it.
    pub what: String,
}

/// A finding. The library's own name is left out of a place.
pub fn finding(place: impl Into<String>, what: impl Into<String>) -> Finding {
    let place = place.into();
    let short = place.strip_prefix("chatsrv::").unwrap_or(&place);
    Finding { place: short.to_owned(), what: what.into() }
}

/// A line for each finding.
pub fn lines(findings: Vec<Finding>) -> Vec<String> {
    findings.into_iter().map(|Finding { place, what }| format!("{place}: {what}")).collect()
}

/// A line for each thing that is larger than `max`.
pub fn lines_above(max: usize, sizes: Vec<(Finding, usize)>) -> Vec<String> {
    let large = sizes.into_iter().filter(|(_, size)| *size > max);
    large
        .map(|(Finding { place, what }, size)| format!("{place}: {size} and not {max}: {what}"))
        .collect()
}

#[test]
fn a_finding_is_told_by_its_place() {
    let both = vec![finding("chatsrv::a", "one"), finding("loadtest::b", "two")];
    assert_eq!(lines(both), ["a: one", "loadtest::b: two"]);
}

#[test]
fn a_size_is_told_where_it_is_above_the_limit() {
    let sizes = vec![(finding("a", "one"), 5), (finding("b", "two"), 3)];
    assert_eq!(lines_above(3, sizes.clone()), ["a: 5 and not 3: one"]);
    assert_eq!(lines_above(5, sizes), [""; 0]);
}
