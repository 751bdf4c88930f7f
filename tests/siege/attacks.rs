//! The attacks: what one network, or one account, may try.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use crate::foe::Foe;
use crate::support::{Identity, Server};

/// From where the attacker comes.
const FOE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// The file that is read over and over.
pub const LARGE: &str = "large";

/// An attack.
pub struct Attack {
    pub name: &'static str,
    /// The options of the server that it needs, with files in that folder.
    pub options: fn(&Path) -> Vec<String>,
    /// Attacks until it is told to stop.
    pub run: fn(&Front<'_>),
}

/// What an attack works on.
pub struct Front<'a> {
    pub server: &'a Server,
    /// The name of an honest user.
    pub victim: &'a str,
    pub is_over: &'a AtomicBool,
    pub tries: &'a AtomicU64,
}

impl Front<'_> {
    fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::Relaxed)
    }

    /// Counts one more try. Returns true if the attack goes on.
    fn tries_on(&self) -> bool {
        self.tries.fetch_add(1, Ordering::Relaxed);
        self.goes_on()
    }

    /// Lets the calling thread have what processor time is left over: an attacker comes with
    /// machines of its own, and takes none from the server and the honest users on this one.
    pub fn stands_back() {
        rustix::process::setpriority_process(None, 19).unwrap();
    }

    fn foe(&self) -> Foe {
        Foe::connect(self.server.address(), FOE)
    }

    /// Does the same over and over on so many threads; each is told its number.
    fn repeat(&self, threads: usize, work: impl Fn(usize, u64) + Sync) {
        thread::scope(|scope| {
            for number in 0..threads {
                let work = &work;
                scope.spawn(move || {
                    Front::stands_back();
                    while self.goes_on() {
                        work(number, self.tries.fetch_add(1, Ordering::Relaxed));
                    }
                });
            }
        });
    }

    /// One account sends the same lines over and over in all of its sessions.
    fn flood(&self, sessions: usize, lines: &str) {
        let first = Foe::with_account(self.server, FOE, "mallory");
        let others = (1..sessions).map(|_| Foe::beside(self.server, FOE, "mallory"));
        thread::scope(|scope| {
            for mut foe in std::iter::once(first).chain(others) {
                scope.spawn(move || {
                    Front::stands_back();
                    foe.flood(lines.as_bytes(), || self.tries_on());
                });
            }
        });
    }
}

fn none(_: &Path) -> Vec<String> {
    Vec::new()
}

/// All attacks, in the order of the design.
pub const ATTACKS: [Attack; 13] = [
    Attack { name: "connects", options: none, run: connects },
    Attack { name: "registers", options: none, run: registers },
    Attack { name: "guesses", options: none, run: guesses },
    Attack { name: "asks for names", options: none, run: asks_for_names },
    Attack { name: "half-opens TLS", options: tls, run: half_opens_tls },
    Attack { name: "floods everyone", options: none, run: floods_everyone },
    Attack { name: "floods one user", options: none, run: floods_one_user },
    Attack { name: "fills the disk", options: little_room, run: fills_the_disk },
    Attack { name: "lists and searches", options: none, run: lists },
    Attack { name: "makes groups", options: none, run: makes_groups },
    Attack { name: "comes and goes", options: none, run: comes_and_goes },
    Attack { name: "holds transfers", options: none, run: holds_transfers },
    Attack { name: "nobody reads the log", options: none, run: log_stands },
];

fn connects(front: &Front<'_>) {
    front.repeat(4, |_, _| {
        let held: Vec<Foe> =
            (0..200).take_while(|_| front.goes_on()).map(|_| front.foe()).collect();
        for mut foe in held {
            foe.read();
        }
    });
}

fn registers(front: &Front<'_>) {
    front.repeat(16, |_, number| {
        let mut foe = front.foe();
        foe.send(format!("C USER new{number}\nD a password that is long enough\n").as_bytes());
        for _ in 0..20 {
            if !front.goes_on() || !foe.read() {
                break;
            }
        }
    });
}

fn guesses(front: &Front<'_>) {
    let guess = format!("C USER {}\nD wrong\n", front.victim);
    front.repeat(16, |_, _| front.foe().flood(guess.as_bytes(), || front.tries_on()));
}

fn asks_for_names(front: &Front<'_>) {
    front.repeat(8, |thread, number| {
        let names: String =
            (0..100).map(|name| format!("C USER name{thread}x{number}x{name}\n")).collect();
        front.foe().flood(names.as_bytes(), || front.tries_on());
    });
}

fn tls(folder: &Path) -> Vec<String> {
    let (certificate, key) = Identity::new().write(folder);
    let text = |path: &Path| path.display().to_string();
    ["--tls-cert", &text(&certificate), "--tls-key", &text(&key), "--tls-port", "0"]
        .map(str::to_owned)
        .to_vec()
}

fn half_opens_tls(front: &Front<'_>) {
    let address = front.server.tls_address();
    // The head of a handshake's record, and a part of what it announces.
    let start = [&[0x16, 3, 1, 0x10, 0, 1][..], &[0; 2000]].concat();
    front.repeat(4, |_, _| {
        let mut held: Vec<Foe> =
            (0..100).take_while(|_| front.goes_on()).map(|_| Foe::connect(address, FOE)).collect();
        for foe in &mut held {
            foe.send(&start);
        }
        for foe in held.iter_mut().take_while(|_| front.goes_on()) {
            foe.read();
        }
    });
}

fn floods_everyone(front: &Front<'_>) {
    front.flood(4, &format!("D * {}\n", "x".repeat(4000)));
}

fn floods_one_user(front: &Front<'_>) {
    front.flood(4, &format!("D {} {}\n", front.victim, "x".repeat(4000)));
}

/// All but 64 MiB of the disk are kept free for the chat.
fn little_room(folder: &Path) -> Vec<String> {
    let disk = rustix::fs::statvfs(folder).unwrap();
    let free = disk.f_bavail * disk.f_frsize;
    vec!["--reserve".to_owned(), free.saturating_sub(64 << 20).to_string()]
}

fn fills_the_disk(front: &Front<'_>) {
    let mut foe = Foe::with_account(front.server, FOE, "mallory");
    let chunk = [format!("F 1 {}\n", 65_536).as_bytes(), &[7; 65_536]].concat();
    foe.send(format!("C PUT {} first\n", 32 << 20).as_bytes());
    foe.read();
    for number in 0.. {
        if !front.tries_on() {
            return;
        }
        if !foe.send(&chunk) || !foe.read() {
            foe = Foe::beside(front.server, FOE, "mallory");
        }
        foe.send(format!("C PUT {} more{number}\n", 4u64 << 30).as_bytes());
    }
}

fn lists(front: &Front<'_>) {
    let words = "hello ".repeat(30);
    let lists = "C WHO\nC GROUPS ALL\nC LS\nC CHATS\nC UNREAD\nC OPEN * 1000\n";
    let requests = format!("{lists}C SEARCH - {}\nC SUM {LARGE}\n", words.trim());
    front.flood(8, &requests);
}

fn makes_groups(front: &Front<'_>) {
    let group = format!("C MKGROUP {}\nC MKPUBLIC #g\nC GROUPS ALL\n", front.victim);
    front.flood(4, &group);
}

fn comes_and_goes(front: &Front<'_>) {
    drop(Foe::with_account(front.server, FOE, "mallory"));
    front.repeat(16, |_, _| {
        let mut foe = Foe::beside(front.server, FOE, "mallory");
        foe.send(b"C EX\n");
        foe.read();
    });
}

fn holds_transfers(front: &Front<'_>) {
    let mut foes = vec![Foe::with_account(front.server, FOE, "mallory")];
    foes.extend((0..15).map(|_| Foe::beside(front.server, FOE, "mallory")));
    let downloads = format!("C GET 0 {LARGE}\n").repeat(16);
    for foe in &mut foes {
        foe.send(downloads.as_bytes());
    }
    // They are held, and nothing of them is read.
    while front.tries_on() {
        for foe in &mut foes {
            foe.send(b"C ALIVE\n");
        }
        Foe::connect(front.server.address(), FOE).read();
    }
}

fn log_stands(front: &Front<'_>) {
    front.server.log().hold();
    comes_and_goes(front);
    front.server.log().release();
}
