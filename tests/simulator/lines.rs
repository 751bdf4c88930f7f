//! What simulated people type, and what is thrown at the server beside it.

mod groups;

use std::collections::HashMap;

use chatsrv::chat::text::Text;
use chatsrv::protocol::native::command::Command;
use chatsrv::protocol::native::kinds;
use chatsrv::protocol::native::parse::parse_command;
use chatsrv::protocol::native::verb::Verb;
use fastrand::Rng;

use crate::client::{Client, Known, Marked, Sent, State};
use crate::uploads::{self, Piece, SentNames};

const NAMES: [&str; 7] = ["ann", "Bob", "cleo", "Dan", "eve.x", "f", "Gil-9"];
const FILES: [&str; 5] = ["empty", "small", "folder/large file", "nothing", "../small"];

/// Whom people know, and what they say.
pub struct People {
    pub names: Vec<String>,
    /// The numbers of those who have registered.
    pub numbers: Vec<u32>,
    /// Whose tokens.
    pub tokens: Vec<(String, String)>,
    /// The codes of invitations that somebody made.
    pub codes: Vec<String>,
    /// Whether people have much to do with groups.
    pub meets_in_groups: bool,
    /// Whether they have to do with little else.
    pub is_club: bool,
    /// Whether whole days go by. Nothing is sent again then, since what was said a day ago may not
    /// be known any more.
    pub sees_days_go_by: bool,
    /// Whether people try passwords that are not theirs.
    pub guesses: bool,
    /// What each of them knows of groups, over all sessions.
    pub known: HashMap<String, Known>,
    /// Groups that somebody made.
    pub groups: Vec<String>,
    /// Messages that were marked and may be sent again, with their senders: those that were not
    /// confirmed before the connection was lost, and some that were.
    pub to_send_again: Vec<(String, Marked)>,
    /// The names of the files that were sent.
    pub sent_names: SentNames,
    /// Counts the messages, so that no two are the same.
    serial: u32,
}

impl People {
    /// A display name, in some cases one that looks like somebody's name.
    fn display_name(&self, lot: u8) -> String {
        match self.names.get(usize::from(lot)) {
            Some(name) => format!("C NICK {}", name.to_uppercase().replace('O', "0")),
            None => format!("C NICK The {lot}. Name"),
        }
    }

    /// So many people, none of them registered.
    pub fn new(count: usize) -> Self {
        let name = |at: usize| match NAMES.get(at) {
            Some(name) => (*name).to_owned(),
            None => format!("user{at}"),
        };
        People {
            names: (0..count).map(name).collect(),
            numbers: Vec::new(),
            tokens: Vec::new(),
            codes: Vec::new(),
            meets_in_groups: false,
            is_club: false,
            sees_days_go_by: false,
            guesses: false,
            known: HashMap::new(),
            groups: Vec::new(),
            to_send_again: Vec::new(),
            sent_names: SentNames::default(),
            serial: 0,
        }
    }

    /// Lets a client say something that mostly makes sense where it stands.
    pub fn say_something(&mut self, client: &mut Client, rng: &mut Rng) {
        // People wait for a question before they answer it, and only programs don't.
        let logs_in = matches!(client.state(), State::Guest | State::AwaitsPassword);
        if logs_in && !client.got_all_replies() && rng.u8(..8) > 0 {
            return;
        }
        if client.state() == State::Online {
            if self.is_club && rng.u8(..4) > 0 {
                return self.meet(client, rng);
            }
            match rng.u8(..16) {
                0..4 if self.say_again(client) => return,
                4 => return self.say_marked(client, rng),
                13 if rng.bool() => return say(client, "C MORE on"),
                13 if rng.u8(..8) == 0 => return self.changes_often(client, rng),
                13 => {
                    let line = self.about_others(client, rng);
                    return say(client, &line);
                }
                5..12 if self.meets_in_groups => return self.meet(client, rng),
                14 if rng.u8(..4) == 0 => return say(client, &Self::about_devices(rng)),
                15 if rng.u8(..4) == 0 => {
                    let line = self.about_presence(client, rng);
                    return say(client, &line);
                }
                5..9 if client.user() == Some("operator") => {
                    let line = self.about_peers(client, rng);
                    return say(client, &line);
                }
                11 | 12 => {
                    let line = self.about_peers(client, rng);
                    return say(client, &line);
                }
                _ => {}
            }
        }
        let line = match client.state() {
            State::Guest if rng.u8(..) < 40 => self.resume(rng),
            State::Guest if rng.u8(..) < 200 => self.log_in(rng),
            State::AwaitsPassword | State::Changing if rng.u8(..) < 230 => self.password(rng),
            State::Composing if rng.u8(..) < 230 => match rng.u8(..4) {
                0 => format!("D {}", self.text()),
                _ => self.message(rng),
            },
            _ => self.command_or_message(client, rng),
        };
        say(client, &line);
        // Who logs in without waiting for the questions.
        if line.starts_with("C USER") && rng.u8(..4) == 0 {
            say(client, &self.password(rng));
        }
        if line == "C PASSWD" && rng.bool() {
            say(client, &self.password(rng));
            say(client, &self.password(rng));
        }
    }

    /// Somebody says something about groups.
    fn meet(&mut self, client: &mut Client, rng: &mut Rng) {
        self.recall(client);
        let answer = groups::answer(client, rng).filter(|_| rng.u8(..4) > 0);
        let line = answer.unwrap_or_else(|| self.about_groups(client, rng));
        say(client, &line);
    }

    /// Somebody who has just come knows what was known before.
    fn recall(&self, client: &mut Client) {
        let known = client.user().and_then(|user| self.known.get(user));
        if let Some(known) = known.filter(|_| client.groups == Known::default()) {
            client.groups = known.clone();
        }
    }

    fn command_or_message(&mut self, client: &Client, rng: &mut Rng) -> String {
        let file = FILES[rng.usize(..FILES.len())];
        match rng.u8(..112) {
            92.. => {
                let target = self.target(rng);
                uploads::line(&target, client.user(), &self.sent_names, rng)
            }
            64..87 => self.read_back(client, rng),
            87 => Self::about_devices(rng),
            88..91 => "C PASSWD".into(),
            91 => self.resume(rng),
            0..3 => "C PM".into(),
            3..6 => "C DM".into(),
            6..9 => "C WHO".into(),
            9..11 => self.display_name(rng.u8(..)),
            12 if rng.bool() => self.about_presence(client, rng),
            11..13 => format!("C QUIET {}", ["on", "off", "maybe"][rng.usize(..3)]),
            13..16 => format!("C LS {}", ["", "folder/", "nowhere", ".."][rng.usize(..4)]),
            16..21 => format!("C GET {} {file}", [0, 5, 11, 12, 199_000][rng.usize(..5)]),
            21..24 => format!("C SUM {file}"),
            24..26 => format!("C ABORT {}", client.some_stream()),
            26 if rng.bool() => format!("C ABORT {}", rng.u32(..client.last_stream() + 2)),
            26 => format!("C EXPECT {} {:064x}", rng.u32(..client.last_stream() + 2), rng.u8(..)),
            27 if rng.bool() => "C HELP".into(),
            31 => self.about_presence(client, rng),
            27 => format!("C MORE {}", ["on", "off", ""][rng.usize(..3)]),
            28 => "C EX".into(),
            29 => self.log_in(rng),
            30 => self.password(rng),
            32 => "C NOPE".into(),
            _ => self.message(rng),
        }
    }

    fn about_devices(rng: &mut Rng) -> String {
        match rng.u8(..8) {
            0 => "C TOKEN FOR phone".into(),
            1 => "C TOKEN END".into(),
            2 | 3 => "C SESSIONS".into(),
            4 => format!("C ENDSESSION {}", rng.u8(1..6)),
            5 if rng.u8(..4) == 0 => "C ENDSESSION all".into(),
            _ => "C TOKEN".into(),
        }
    }

    /// Who is away, and who wants to know of whom.
    fn about_presence(&self, client: &Client, rng: &mut Rng) -> String {
        match rng.u8(..12) {
            0..3 => format!("C AWAY at {}", ["lunch", "sea"][rng.usize(..2)]),
            3 | 4 => "C AWAY".into(),
            5 | 6 => format!("C WHOIS {}", self.name(rng)),
            7 | 8 => format!("C WHOIS {}", client.user().unwrap_or("nobody")),
            _ => format!("C MONITOR {} {}", self.name(rng), ["on", "on", "off"][rng.usize(..3)]),
        }
    }

    /// What is for and against others.
    fn about_others(&self, client: &Client, rng: &mut Rng) -> String {
        let name = self.name(rng);
        match rng.u8(..12) {
            0..4 => format!("C IGNORE {name} on"),
            4..6 => format!("C IGNORE {name} off"),
            6 => "C MOTD".into(),
            7 => "C IGNORED".into(),
            8 => format!("C ASKFIRST {}", ["on", "off"][rng.usize(..2)]),
            9 => format!("C REPORT {name} {} so", client.newest()),
            10 => format!("C REPORT {name} because"),
            11 if rng.bool() => "C EXPORT".into(),
            _ => format!("C RESOLVE {}", rng.u8(1..5)),
        }
    }

    /// Tells more of oneself than the others are told within a minute.
    fn changes_often(&self, client: &mut Client, rng: &mut Rng) {
        for _ in 0..rng.u8(10..60) {
            let line = match rng.u8(..8) {
                0 => format!("C NICK The {}. Name", rng.u8(..4)),
                1..5 => format!("C AWAY at {}", ["lunch", "sea"][rng.usize(..2)]),
                _ => "C AWAY".into(),
            };
            say(client, &line);
        }
    }

    /// Reads what was said before.
    fn read_back(&self, client: &Client, rng: &mut Rng) -> String {
        let chat = match rng.u8(..8) {
            0 => "nobody".into(),
            1 | 2 => "*".into(),
            3 | 4 => self.group(rng),
            _ => self.name(rng),
        };
        let id = match rng.u8(..8) {
            0 => u64::MAX,
            1 => rng.u64(..),
            _ => client.newest().0,
        };
        let count = [0, 1, 7, 1000, 1001][rng.usize(..5)];
        match rng.u8(..26) {
            0..5 => format!("C OPEN {chat}"),
            5..7 => format!("C OPEN {chat} {count}"),
            7..9 => format!("C HISTORY {chat} {id} {count}"),
            9..11 => {
                let words = ["text", "text", "text 上海", "text 👍🏽", "上海", "?!"][rng.usize(..6)];
                format!("C SEARCH {} {words}", if rng.bool() { "-" } else { &chat })
            }
            11..15 => format!("C SEEN {chat} {id}"),
            15 => "C CHATS".into(),
            16 => format!("C CHATS {id}"),
            17..19 => format!("C AFTER {chat} {} {count}", id.saturating_sub(rng.u64(..4))),
            19 => format!("C DELETE {id}"),
            20..24 => format!("C DELETE {}", client.newest()),
            _ => "C UNREAD".into(),
        }
    }

    /// What has to do with direct chats, and what administrators do.
    fn about_peers(&mut self, client: &Client, rng: &mut Rng) -> String {
        let name = self.name(rng);
        let is_operator = client.user() == Some("operator");
        match rng.u8(..24) {
            13..17 if !is_operator => format!("C CALL {name}"),
            17..20 if !is_operator => "C ALIVE".into(),
            20.. if !is_operator => "C UP".into(),
            0..5 if is_operator => self.about_doors(rng),
            0..3 => "C UP".into(),
            3..5 => format!("C UP {}", [80, 1024, 40_000, 70_000][rng.usize(..4)]),
            5 if is_operator => "C REPORTS".into(),
            5 => "C DOWN".into(),
            6..8 => "C ALIVE".into(),
            8..10 => format!("C CALL {name}"),
            10 if rng.bool() => format!("C RESOLVE {}", rng.u8(1..9)),
            10 if rng.bool() => "C REPORTS".into(),
            10 => "C DUMP".into(),
            11 => format!("C SHUTDOWN {}", [0, 5, 3600][rng.usize(..3)]),
            12 if is_operator => format!("C LOGOUT {name}"),
            12 => format!("D operator {}", self.text()),
            13 => format!("C KICK {name}{}", ["", " that's why"][rng.usize(..2)]),
            14 => format!("C MUTE {name} {}", ["9s", "50s too loud", "ever"][rng.usize(..3)]),
            15 => format!("C MUTE {name} {}", ["9s", "off"][rng.usize(..2)]),
            16 | 17 => format!("C BAN {name}{}", [" 5s", " 40s too loud", ""][rng.usize(..3)]),
            18..20 => format!("C UNBAN {name}"),
            20 => Self::about_networks(rng),
            21 if rng.bool() => "C ACCOUNTS".into(),
            21 => "C BANS".into(),
            22 => self.about_doors(rng),
            _ => format!("C ADMIN {name} {}", ["on", "off"][rng.usize(..2)]),
        }
    }

    /// Who may make an account, and is held back: mostly everybody, and nobody.
    fn about_doors(&self, rng: &mut Rng) -> String {
        let line = match rng.u8(..20) {
            0 => "C REGISTRATION closed",
            1 => "C REGISTRATION invite",
            2 => "C REGISTRATION",
            3 => "C LOCKDOWN on",
            4 | 5 => "C LOCKDOWN off",
            6 | 7 => "C INVITE",
            8 => "C INVITE 3 20s",
            9 => "C INVITE 2 ever",
            10..13 => "C INVITES",
            13..17 => match rng.choice(&self.codes) {
                Some(code) => return format!("C UNINVITE {}", &code[..[4, 16][rng.usize(..2)]]),
                None => "C UNINVITE none",
            },
            _ => "C REGISTRATION open",
        };
        line.into()
    }

    /// Bans of networks from which people come, most of them not for long.
    fn about_networks(rng: &mut Rng) -> String {
        let network = match rng.u8(..4) {
            0 => format!("192.0.{}.0/24", rng.u8(..3)),
            1 => "192.0.0.0/7".into(),
            _ => format!("192.0.{}.{}", rng.u8(..3), rng.u8(..4)),
        };
        match rng.u8(..4) {
            0 => format!("C UNBANADDR {network}"),
            _ => format!("C BANADDR {network} {}", ["2s", "20s", "90s spam"][rng.usize(..3)]),
        }
    }

    fn say_marked(&mut self, client: &mut Client, rng: &mut Rng) {
        let line = self.message(rng);
        let word = format!("word{}", self.serial);
        send_marked(client, Marked { word, line, id: None });
    }

    /// Sends again what may not have arrived; whether there was anything.
    fn say_again(&mut self, client: &mut Client) -> bool {
        if self.sees_days_go_by {
            return false;
        }
        let own = |(sender, _): &(String, Marked)| Some(sender.as_str()) == client.user();
        let Some(at) = self.to_send_again.iter().position(own) else { return false };
        let (_, marked) = self.to_send_again.remove(at);
        send_marked(client, marked);
        true
    }

    fn resume(&self, rng: &mut Rng) -> String {
        match rng.choice(&self.tokens) {
            Some((name, token)) if rng.u8(..8) > 0 => {
                format!("C RESUME {name} {token}{}", [" BESIDE", ""][rng.usize(..2)])
            }
            _ => format!("C RESUME {} wrong", ["nobody", "9a", "Bob"][rng.usize(..3)]),
        }
    }

    fn log_in(&self, rng: &mut Rng) -> String {
        let place = ["", "", " TAKEOVER", " BESIDE", " BESIDE", " BESIDE"][rng.usize(..6)];
        let code = match rng.choice(&self.codes) {
            Some(_) if rng.u8(..32) == 0 => " INVITE nosuchcode".to_owned(),
            Some(code) if rng.bool() => format!(" INVITE {code}"),
            _ => String::new(),
        };
        format!("C USER {}{place}{code}", self.name(rng))
    }

    /// A name, not always in the case in which it was registered.
    fn name(&self, rng: &mut Rng) -> String {
        let name = &self.names[rng.usize(..self.names.len())];
        match rng.u8(..4) {
            0 => name.to_uppercase(),
            _ => name.clone(),
        }
    }

    fn message(&mut self, rng: &mut Rng) -> String {
        let target = self.target(rng);
        format!("D {target} {}", self.text())
    }

    fn target(&self, rng: &mut Rng) -> String {
        match rng.u8(..16) {
            0..4 => "*".into(),
            6..10 => self.name(rng),
            12..14 if !self.numbers.is_empty() => {
                self.numbers[rng.usize(..self.numbers.len())].to_string()
            }
            14 => "#group".into(),
            4..6 | 10..12 => self.group(rng),
            _ => ["nobody", "9a", "10000", ""][rng.usize(..4)].into(),
        }
    }

    fn password(&self, rng: &mut Rng) -> String {
        match rng.u8(..16) {
            0 => "D".into(),
            1..3 => "D wrong".into(),
            3..12 if self.guesses => "D wrong".into(),
            _ => "D right".into(),
        }
    }

    pub fn text(&mut self) -> String {
        self.serial += 1;
        format!("text {}", self.serial)
    }
}

/// Sends a line that is a valid frame.
pub fn say(client: &mut Client, line: &str) {
    let sent = match line.strip_prefix("C ") {
        None => Sent::Data(line.to_owned(), None),
        Some(text) => match parse_command(Text::new(text).unwrap()) {
            Ok(request) => Sent::Command(request),
            Err((of, _)) => kinds::verb(of).map_or(Sent::UnknownCommand, Sent::BadCommand),
        },
    };
    client.send(line.as_bytes(), Some(sent));
}

/// Sends some of an upload.
pub fn upload(client: &mut Client, rng: &mut Rng) {
    for piece in client.uploads.next(rng) {
        match piece {
            Piece::Line(line) => say(client, &line),
            Piece::Frame(bytes) => client.to_send.extend(bytes),
        }
    }
}

fn send_marked(client: &mut Client, marked: Marked) {
    say(client, &format!("C KEY {}", marked.word));
    let line = marked.line.clone();
    client.send(line.as_bytes(), Some(Sent::Data(line.clone(), Some(marked))));
}

/// Sends what no honest client would.
pub fn say_nonsense(client: &mut Client, rng: &mut Rng) {
    let long = "x".repeat(rng.usize(4096..9000));
    match rng.u8(..16) {
        0 => client.send(b"hello", Some(Sent::NoFrame)),
        1 => client.send(b"Q x\xff", Some(Sent::NoFrame)),
        2 => client.send(b"C \xff\xfe", Some(Sent::UnknownCommand)),
        3 => client.send(b"C NICK a\x1b[2J", Some(Sent::BadCommand(Verb::Nick))),
        4 => client.send(format!("C WHO {long}").as_bytes(), Some(Sent::BadCommand(Verb::Who))),
        5 => client.send(format!("C {long}").as_bytes(), Some(Sent::UnknownCommand)),
        6 => client.send(b"D a\x00b", Some(Sent::BadData)),
        7 => client.send(b"D * \xc2\x85", Some(Sent::BadData)),
        8 => client.send(format!("D * {long}").as_bytes(), Some(Sent::BadData)),
        9 => client.send(b"", None),
        10 => client.send(b"\r", None),
        11 => client.send(b"C HELP\r", Some(Sent::Command(Command::Help))),
        12 => client.send(b"C ", Some(Sent::UnknownCommand)),
        // What belongs to a stream that is over is dropped, and anything else ends the connection.
        13 if client.last_stream() > 0 => client.send(b"F 1 3\nabcF 1 0", None),
        14 if rng.u8(..4) == 0 => client.send(b"F 99 3\nabc", None),
        15 if rng.u8(..4) == 0 => client.send(b"F x", None),
        _ => {}
    }
}
