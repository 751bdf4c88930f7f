//! The hub as people meet it, without a socket: dialogues, and worlds that are drawn by lot.

mod audit;
mod client;
mod codes;
mod dialogue;
mod dialogues;
mod lines;
mod model;
mod server;
mod store;
mod uploads;
mod world;

use crate::client::Tally;
use crate::world::Size;

/// Tells how to run a world again that failed.
struct Replay(u64);

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let seed = self.0;
            eprintln!("again: CHATSRV_SIM_SEED={seed} cargo test --test simulator worlds");
        }
    }
}

fn number_from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Worlds of `CHATSRV_SIM_SEEDS` seeds (200), or the one world of `CHATSRV_SIM_SEED`.
#[test]
fn worlds() {
    let seeds = match number_from_environment("CHATSRV_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number_from_environment("CHATSRV_SIM_SEEDS").unwrap_or(200),
    };
    let many = seeds.end - seeds.start >= 200;
    let mut tally = Tally::default();
    for seed in seeds {
        let _replay = Replay(seed);
        // A few people meet each other often; now and then there is a crowd.
        let size = match seed % 100 {
            99 => Size { people: 200, present_max: 300, steps: 16_000 },
            _ => Size { people: 7, present_max: 8, steps: 2000 },
        };
        for (what, count) in world::run(seed, size) {
            *tally.entry(what).or_default() += count;
        }
    }
    // Where something that can happen never does, the worlds have become too small to prove much.
    for what in EVERYTHING.iter().filter(|_| many) {
        let count = tally.get(*what).copied().unwrap_or_default();
        assert!(count >= 5, "{what} came {count} times: {tally:?}");
    }
}

/// What the server can say, and what can happen to it.
const EVERYTHING: &[&str] = &[
    "120 ON",
    "121 OFF",
    "122 ASK",
    "123 JOIN",
    "124 FILE",
    "125 CALL",
    "126 PUT",
    "126 SENDFILE",
    "127 ABORT",
    "128 GROUP",
    "129 SHUTDOWN",
    "150 DM",
    "150 DUMP",
    "150 GROUPS",
    "150 HELP",
    "150 HISTORY",
    "150 LS",
    "150 MEMBERS",
    "150 OPEN",
    "150 SEARCH",
    "150 UNREAD",
    "150 WHO",
    "151 DM",
    "151 GROUPS",
    "151 LS",
    "151 MEMBERS",
    "151 UNREAD",
    "151 WHO",
    "221 EX",
    "230 RESUME",
    "230 USER",
    "250 ABORT",
    "250 ADMIN",
    "250 ADMIT",
    "250 ALIVE",
    "250 BAN",
    "250 CALL",
    "250 DOWN",
    "250 GET",
    "250 HISTORY",
    "250 JOIN",
    "250 KEEP",
    "250 KEY",
    "250 KICK",
    "250 LEAVE",
    "250 LS",
    "250 MKGROUP",
    "250 MKGROUPREQ",
    "250 MSG",
    "250 NICK",
    "250 OPEN",
    "250 PASSWD",
    "250 PUT",
    "250 QUIET",
    "250 REFUSE",
    "250 SEARCH",
    "250 SEEN",
    "250 SENDFILE",
    "250 SHUTDOWN",
    "250 SUM",
    "250 TOKEN",
    "250 UNBAN",
    "250 UNREAD",
    "250 UP",
    "251 MSG",
    "252 JOIN",
    "331 USER",
    "332 USER",
    "354 DM",
    "354 PASSWD",
    "354 PM",
    "421 -",
    "431 USER",
    "450 GET",
    "450 JOIN",
    "450 KEEP",
    "450 LS",
    "450 MKGROUP",
    "450 MSG",
    "450 NICK",
    "450 OPEN",
    "450 PUT",
    "450 RESUME",
    "450 SENDFILE",
    "450 SUM",
    "450 USER",
    "452 JOIN",
    "452 MKGROUP",
    "452 MSG",
    "452 NICK",
    "452 PUT",
    "452 SENDFILE",
    "452 USER",
    "500 -",
    "501 GET",
    "501 KEEP",
    "501 MSG",
    "501 NICK",
    "501 OPEN",
    "501 PASSWD",
    "501 UP",
    "501 USER",
    "501 WHO",
    "503 ADMIT",
    "503 ALIVE",
    "503 CALL",
    "503 RESUME",
    "503 SENDFILE",
    "503 USER",
    "530 ADMIT",
    "530 DUMP",
    "530 GET",
    "530 KEEP",
    "530 LEAVE",
    "530 MEMBERS",
    "530 MSG",
    "530 OPEN",
    "530 PUT",
    "530 SENDFILE",
    "530 USER",
    "530 WHO",
    "535 PASSWD",
    "535 RESUME",
    "535 USER",
    "550 ABORT",
    "550 GET",
    "550 JOIN",
    "550 LS",
    "550 MSG",
    "550 OPEN",
    "550 PUT",
    "550 SEEN",
    "550 SENDFILE",
    "550 SUM",
    "551 MSG",
    "553 MKGROUP",
    "552 PUT",
    "552 SENDFILE",
    "553 PUT",
    "553 USER",
    "crash",
];
