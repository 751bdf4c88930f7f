//! Sieges: one network or one account attacks a server with nothing but a port, beside honest
//! users over real sockets, and nobody of those is closed or held up.
//!
//! The short form, in every run of the tests, holds that everything arrives, in order, and that
//! logins work. The long form, `make siege`, has fifty honest users, goes on for as long as
//! `CHATSRV_SIEGE` says in seconds, and holds them to times, too: it prints the table of
//! SECURITY.md.

mod attacks;
mod foe;
mod honest;
#[path = "../support/mod.rs"]
mod support;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use attacks::{ATTACKS, Attack, Front, LARGE};
use honest::{Honest, Seen, Talk};
use support::{PATIENCE, Server};

/// How long a message may be on its way, for 99 of 100, in the long form.
const MESSAGE_TIME_MAX: Duration = Duration::from_millis(100);
/// How long an honest login may take in the long form.
const LOGIN_TIME_MAX: Duration = Duration::from_secs(1);

/// The bounds of one network, as they are by default: where they are not given, loopback has none.
const BOUNDS: [&str; 10] = [
    "--max-per-address",
    "128",
    "--strangers-per-address",
    "16",
    "--connects-per-address",
    "60/1m",
    "--registrations",
    "5/1h",
    "--registrations-total",
    "60/10m",
];

/// Ends an attack, also where the honest fail.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Attacks a server while honest users talk. Returns what these have seen, and how often the
/// attacker tried.
fn besiege(attack: &Attack, cost: &str, talk: Talk) -> (Seen, u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut args = ["--rate", "100", "--password-cost", cost].map(str::to_owned).to_vec();
    args.extend((attack.options)(folder.path()));
    let args: Vec<&str> = args.iter().map(String::as_str).chain(BOUNDS).collect();
    let server = Server::start(&args);
    server.write_file(LARGE, vec![7; 32 << 20]);
    let honest = Honest::arrive(&server, talk.pairs);
    let (is_over, tries) = (AtomicBool::new(false), AtomicU64::new(0));
    let front =
        Front { server: &server, victim: &Honest::name(0), is_over: &is_over, tries: &tries };
    let seen = thread::scope(|scope| {
        let _ends = Ends(&is_over);
        let attacks = scope.spawn(|| {
            Front::stands_back();
            (attack.run)(&front);
        });
        let deadline = Instant::now() + PATIENCE;
        while tries.load(Ordering::Relaxed) == 0 && !attacks.is_finished() {
            assert!(Instant::now() < deadline, "the attack does not begin");
            thread::yield_now();
        }
        honest.talk(&server, talk)
    });
    (seen, tries.into_inner())
}

fn short(name: &str) {
    let attack = ATTACKS.iter().find(|attack| attack.name == name).expect("an attack");
    let none = Duration::ZERO;
    let talk = Talk { pairs: 4, messages: 20, time: none, pause: none };
    let (seen, tries) = besiege(attack, "low", talk);
    assert_eq!(seen.lost, 0);
    assert_eq!(seen.messages.count(), 4 * 20);
    assert!(seen.logins.count() > 0 && tries > 0);
}

macro_rules! sieges {
    ($($test:ident $name:literal)*) => {
        $(
            #[test]
            fn $test() {
                short($name);
            }
        )*
    };
}

sieges! {
    one_network_connects "connects"
    one_network_registers "registers"
    one_network_guesses "guesses"
    one_network_asks_for_names "asks for names"
    one_network_half_opens_tls "half-opens TLS"
    one_account_floods_everyone "floods everyone"
    one_account_floods_one_user "floods one user"
    one_account_fills_the_disk "fills the disk"
    one_account_lists_and_searches "lists and searches"
    one_account_makes_groups "makes groups"
    one_account_comes_and_goes "comes and goes"
    one_account_holds_transfers "holds transfers"
    nobody_reads_the_log "nobody reads the log"
}

#[test]
fn long_sieges() {
    let Some(seconds) = std::env::var("CHATSRV_SIEGE").ok().and_then(|text| text.parse().ok())
    else {
        return;
    };
    let talk = Talk {
        pairs: 25,
        messages: 1,
        time: Duration::from_secs(seconds),
        pause: Duration::from_millis(100),
    };
    println!("| attack | tries | messages | p50 | p99 | longest | longest login | lost |");
    println!("|---|---:|---:|---:|---:|---:|---:|---:|");
    let mut beyond = Vec::new();
    for attack in &ATTACKS {
        let (Seen { messages, logins, lost }, tries) = besiege(attack, "normal", talk);
        let [p50, p99, longest] = [500, 990, 1000].map(|share| messages.permille(share));
        let login = logins.permille(1000);
        println!(
            "| {} | {tries} | {} | {p50:.1?} | {p99:.1?} | {longest:.1?} | {login:.1?} | {lost} |",
            attack.name,
            messages.count(),
        );
        if lost > 0 || p99 > MESSAGE_TIME_MAX || login > LOGIN_TIME_MAX {
            beyond.push(attack.name);
        }
    }
    assert!(beyond.is_empty(), "beyond what may be: {beyond:?}");
}
