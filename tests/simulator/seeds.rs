//! Worlds by their seeds, on all cores. A seed replays a world exactly, on however many threads.

use std::num::NonZero;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::counts::Counts;
use crate::expected;
use crate::world::{self, Size};

/// Seeds in whose worlds something was found once. A seed draws other things as soon as the worlds
/// draw more or less than before, so what lasts are the scenes in dialogues/regressions.rs; these
/// are cheap, and stay for what they may meet.
const REGRESSIONS: [u64; 12] = [44, 713, 820, 1155, 1616, 2274, 2896, 3080, 4153, 7629, 7799, 8677];

/// The seed of the crowd that every run of the tests looks at.
const CROWD: u64 = 500;

/// Worlds of `CHATSRV_SIM_SEEDS` seeds (200), or the one world of `CHATSRV_SIM_SEED`, on
/// `CHATSRV_SIM_JOBS` threads (as many as cores).
#[test]
fn worlds() {
    let seeds: Vec<u64> = match number_from_environment("CHATSRV_SIM_SEED") {
        Some(seed) => vec![seed],
        None => (0..number_from_environment("CHATSRV_SIM_SEEDS").unwrap_or(200)).collect(),
    };
    let counts = run(&seeds);
    println!("{counts}");
    if seeds.len() >= 200 {
        expected::check(&counts);
    }
}

#[test]
fn worlds_that_failed_once() {
    run(&REGRESSIONS);
}

#[test]
fn a_crowd() {
    println!("{}", run(&[CROWD]));
}

/// A few people meet each other often; now and then there is a crowd.
fn size_of(seed: u64) -> Size {
    match seed % 1000 {
        500 => Size::Crowd { people: 2000 + 1000 * (seed / 1000 % 4) as usize },
        at if at % 100 == 99 => Size::Drawn { people: 200, present_max: 300, steps: 16_000 },
        _ => Size::Drawn { people: 7, present_max: 8, steps: 2000 },
    }
}

/// Runs the worlds of all these seeds. They are begun in order, so that the one that is told in the
/// end is the first that fails.
fn run(seeds: &[u64]) -> Counts {
    let begun = AtomicUsize::new(0);
    let failed = AtomicUsize::new(usize::MAX);
    let all = Mutex::new(Counts::default());
    let work = || {
        loop {
            let at = begun.fetch_add(1, Ordering::Relaxed);
            if at >= seeds.len().min(failed.load(Ordering::Relaxed)) {
                break;
            }
            let seed = seeds[at];
            match catch_unwind(|| world::run(seed, size_of(seed))) {
                Ok(of_world) => add(&mut all.lock().unwrap(), of_world),
                Err(_) => {
                    eprintln!("the world of seed {seed} fails; again: make sim SEED={seed}");
                    failed.fetch_min(at, Ordering::Relaxed);
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..jobs().min(seeds.len()) {
            scope.spawn(work);
        }
    });
    let first = seeds.get(failed.into_inner());
    assert_eq!(first, None, "the first seed that fails; again: make sim SEED=…");
    all.into_inner().unwrap()
}

/// Adds what happened in a world, and tells now and then how far it is.
fn add(all: &mut Counts, of_world: Counts) {
    all.add(of_world);
    if all.worlds.is_multiple_of(1000) {
        eprintln!("{}", all.summary());
    }
}

fn jobs() -> usize {
    let jobs = number_from_environment("CHATSRV_SIM_JOBS");
    jobs.map_or_else(|| thread::available_parallelism().map_or(1, NonZero::get), |n| n as usize)
}

fn number_from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}
