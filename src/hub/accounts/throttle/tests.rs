use super::*;
use crate::chat::address::Address;

const START: Duration = Duration::from_secs(1000);

fn network(last: u8) -> Network {
    Address::host([192, 0, 2, last].into()).network()
}

fn name(text: &str) -> UserName {
    text.parse().unwrap()
}

fn stranger(text: &str, last: u8) -> Try {
    Try { network: network(last), of: TryOf::Stranger(name(text)) }
}

fn known(text: &str, last: u8) -> Try {
    Try { network: network(last), of: TryOf::Known(name(text)) }
}

fn token(last: u8) -> Try {
    Try { network: network(last), of: TryOf::Token }
}

fn fail(throttle: &mut Throttle, tried: Try, now: Duration) -> Duration {
    assert_eq!(throttle.judge(tried, now), Verdict::Now, "{tried:?}");
    throttle.take(tried, now);
    throttle.wrong(tried, now)
}

#[test]
fn the_first_failure_is_told_at_once_and_the_next_ones_later_but_never_after_two_seconds() {
    let mut throttle = Throttle::default();
    let delays: Vec<u128> =
        (0..9).map(|_| fail(&mut throttle, stranger("bob", 1), START).as_millis()).collect();
    assert_eq!(delays, [0, 250, 500, 1000, 2000, 2000, 2000, 2000, 2000]);
}

#[test]
fn who_goes_on_without_a_pause_is_told_to_wait_at_the_twelfth_try() {
    for tried in [stranger("bob", 1), known("bob", 1)] {
        let mut throttle = Throttle::default();
        let mut now = START;
        for _ in 1..12 {
            now += fail(&mut throttle, tried, now);
        }
        assert_eq!(throttle.judge(tried, now), Verdict::After(Duration::from_millis(4_250)));
    }
}

#[test]
fn strangers_have_to_wait_from_wherever_they_try_a_name_and_are_forgiven() {
    let mut throttle = Throttle::default();
    for at in 0..NAME_FAILURES_MAX {
        fail(&mut throttle, stranger("bob", at as u8), START);
    }
    let wait = FAILURE_FORGIVEN_AFTER;
    assert_eq!(throttle.judge(stranger("BOB", 200), START), Verdict::After(wait));
    assert_eq!(throttle.judge(stranger("carol", 200), START), Verdict::Now);
    assert_eq!(throttle.judge(stranger("bob", 200), START + wait), Verdict::Now);
    fail(&mut throttle, stranger("bob", 1), START + wait);
    assert_eq!(throttle.judge(stranger("bob", 200), START + wait), Verdict::After(wait));
}

#[test]
fn what_strangers_fail_is_nothing_to_those_who_are_known_nor_to_tokens() {
    let mut throttle = Throttle::default();
    for at in 0..NAME_FAILURES_MAX {
        fail(&mut throttle, stranger("bob", at as u8), START);
    }
    assert_eq!(throttle.judge(known("bob", 200), START), Verdict::Now);
    assert_eq!(throttle.judge(token(200), START), Verdict::Now);
    assert_eq!(fail(&mut throttle, known("bob", 200), START), Duration::ZERO);
    for _ in 1..NAME_FAILURES_MAX {
        fail(&mut throttle, known("bob", 200), START);
    }
    let wait = Verdict::After(FAILURE_FORGIVEN_AFTER);
    assert_eq!(throttle.judge(known("bob", 200), START), wait);
    assert_eq!(throttle.judge(known("bob", 201), START), Verdict::Now);
    assert_eq!(throttle.judge(known("carol", 200), START), Verdict::Now);
    assert_eq!(throttle.judge(token(200), START), Verdict::Now);
}

#[test]
fn a_network_has_to_wait_whatever_it_tries_and_never_for_long() {
    let mut throttle = Throttle::default();
    for at in 0..NETWORK_FAILURES_MAX {
        let tried = if at % 2 == 0 { token(1) } else { stranger(&format!("u{at}"), 1) };
        fail(&mut throttle, tried, START);
    }
    let wait = Verdict::After(FAILURE_FORGIVEN_AFTER);
    for tried in [token(1), known("carol", 1), stranger("bob", 1)] {
        for _ in 0..300 {
            assert_eq!(throttle.judge(tried, START), wait, "a try that is refused costs nothing");
        }
    }
    assert_eq!(throttle.judge(token(2), START), Verdict::Now);
    assert_eq!(throttle.judge(token(1), START + FAILURE_FORGIVEN_AFTER), Verdict::Now);
}

#[test]
fn a_crowd_behind_one_address_waits_for_its_turn_and_gets_no_more_tries() {
    let mut throttle = Throttle::default();
    let tries: Vec<Try> =
        (0..NETWORK_FAILURES_MAX).map(|at| stranger(&format!("u{at}"), 1)).collect();
    for tried in &tries {
        assert_eq!(throttle.judge(*tried, START), Verdict::Now);
        throttle.take(*tried, START);
    }
    assert_eq!(throttle.judge(token(1), START), Verdict::InTurn);
    throttle.give_back(tries[0], START);
    assert_eq!(throttle.judge(token(1), START), Verdict::Now);
    throttle.take(tries[0], START);
    assert_eq!(throttle.wrong(tries[0], START), Duration::ZERO, "none has failed before");
    assert_eq!(throttle.judge(token(1), START), Verdict::InTurn);
    for tried in &tries[1..] {
        throttle.wrong(*tried, START);
    }
    assert_eq!(throttle.judge(token(1), START), Verdict::After(FAILURE_FORGIVEN_AFTER));
}

#[test]
fn tries_of_one_name_that_are_being_checked_count() {
    let mut throttle = Throttle::default();
    let tried = stranger("bob", 1);
    for _ in 0..NAME_FAILURES_MAX {
        throttle.take(tried, START);
    }
    assert_eq!(throttle.judge(tried, START), Verdict::After(FAILURE_FORGIVEN_AFTER));
    throttle.give_back(tried, START);
    assert_eq!(throttle.judge(tried, START), Verdict::Now);
    for _ in 1..NAME_FAILURES_MAX {
        throttle.give_back(tried, START);
    }
    assert!(throttle.strangers.0.is_empty() && throttle.networks.0.is_empty());
    assert_eq!(fail(&mut throttle, tried, START), Duration::ZERO);
}

#[test]
fn the_tables_forget_who_failed_longest_ago() {
    let mut table = Table::default();
    for key in 0..5 * FAILURES_REMEMBERED_MAX {
        table.change(key, START, Failures::take);
        assert_eq!(table.get(&key, START).count, 1);
    }
    assert_eq!(table.get(&0, START).count, 0);
}
