//! Who may do what: a table of all verbs and of all whom the server tells apart, each cell of it
//! over the real sockets.

mod support;

use std::collections::BTreeSet;

use support::{Client, Frame, Server};

/// Those who ask, in the order of the columns of [`TABLE`]. The user and the muted one are members
/// of `#tea` and `#open`, and the op is the admin of all groups; administrator and operator are in
/// none.
const ASKERS: [Asker; 6] =
    [Asker::Stranger, Asker::User, Asker::Muted, Asker::Op, Asker::Administrator, Asker::Operator];

/// The requests, and what each of those who ask gets: `yes`, which is any final reply that does
/// not refuse them for who they are; `530`; or `503` where they are not in the state for it. They
/// are asked from the top, and each row from the left. `{…}` stands for the id of a message.
const TABLE: &str = "
                           | stranger  user   muted  op     administrator  operator
HELP                       | yes       yes    yes    yes    yes            yes
ALIVE                      | yes       yes    yes    yes    yes            yes
USER una                   | yes       503    503    503    503            503
RESUME una wrong           | yes       503    503    503    503            503
GET 0 notes                | 530       yes    yes    yes    yes            yes

TOKEN                      | 530       yes    yes    yes    yes            503
PASSWD                     | 530       yes    yes    yes    yes            503
SESSIONS                   | 530       yes    yes    yes    yes            503
ENDSESSION 99              | 530       yes    yes    yes    yes            503
UNREGISTER                 | 530       yes    yes    yes    yes            503
EXPORT                     | 530       yes    yes    yes    yes            503
ASKFIRST on                | 530       yes    yes    yes    yes            503
UP 5000                    | 530       yes    yes    yes    yes            503
NICK Somebody              | 530       yes    530    yes    yes            503
AWAY lunch                 | 530       yes    530    yes    yes            503

KEY word                   | 530       yes    yes    yes    yes            yes
UNREAD                     | 530       yes    yes    yes    yes            yes
CHATS                      | 530       yes    yes    yes    yes            yes
OPEN *                     | 530       yes    yes    yes    yes            yes
HISTORY * {of-una} 5       | 530       yes    yes    yes    yes            yes
AFTER * {of-una} 5         | 530       yes    yes    yes    yes            yes
SEARCH * words             | 530       yes    yes    yes    yes            yes
SEEN * {of-una}            | 530       yes    yes    yes    yes            yes
WHO                        | 530       yes    yes    yes    yes            yes
WHOIS una                  | 530       yes    yes    yes    yes            yes
QUIET on                   | 530       yes    yes    yes    yes            yes
MORE on                    | 530       yes    yes    yes    yes            yes
MONITOR olga on            | 530       yes    yes    yes    yes            yes
IGNORE olga on             | 530       yes    yes    yes    yes            yes
IGNORED                    | 530       yes    yes    yes    yes            yes
REPORT olga spam           | 530       yes    yes    yes    yes            yes
MOTD                       | 530       yes    yes    yes    yes            yes
LS                         | 530       yes    yes    yes    yes            yes
EXPECT 99 00               | 530       yes    yes    yes    yes            yes
SUM notes                  | 530       yes    yes    yes    yes            yes
ABORT 99                   | 530       yes    yes    yes    yes            yes
GROUPS                     | 530       yes    yes    yes    yes            yes
LEAVE #nowhere             | 530       yes    yes    yes    yes            yes
DECLINE #nowhere           | 530       yes    yes    yes    yes            yes
DOWN                       | 530       yes    yes    yes    yes            yes

D * hello                  | 530       yes    530    yes    yes            yes
D olga hello               | 530       yes    530    yes    yes            yes
PM                         | 530       yes    530    yes    yes            yes
DM                         | 530       yes    530    yes    yes            yes
SENDFILE * 3 picture       | 530       yes    530    yes    yes            yes
PUT 3 words                | 530       yes    530    yes    yes            yes
MKGROUP olga               | 530       yes    530    yes    yes            yes
MKGROUPREQ olga            | 530       yes    530    yes    yes            yes
MKPUBLIC #new              | 530       yes    530    yes    yes            yes
JOIN #nowhere              | 530       yes    530    yes    yes            yes
CALL olga                  | 530       yes    530    yes    yes            yes

TOPIC #tea green           | 530       530    530    yes    530            530
TOPIC #open green          | 530       yes    530    yes    530            530
ASK #tea olga              | 530       530    530    yes    530            530
ASK #open olga             | 530       yes    530    yes    530            530
MEMBERS #tea               | 530       yes    yes    yes    yes            yes
MEMBERS #open              | 530       yes    yes    yes    yes            yes
MEMBERS #club              | 530       530    530    yes    yes            yes
INFO #club                 | 530       yes    yes    yes    yes            yes
ADMIT #tea olga            | 530       530    530    yes    530            530
REFUSE #tea olga           | 530       530    530    yes    530            530
EXPEL #tea dan             | 530       530    530    yes    530            530
SHUTOUT #tea               | 530       530    530    yes    530            530
OP #tea una off            | 530       530    530    yes    530            530
KEEP #tea on               | 530       530    530    yes    530            530
PUBLIC #tea off            | 530       530    530    yes    530            530
OPENTOPIC #tea off         | 530       530    530    yes    530            530
HANDOVER #tea dan          | 530       530    530    yes    yes            yes
DISSOLVE #nowhere          | 530       530    530    530    yes            yes

DELETE {of-una}            | 530       yes    yes    yes    yes            yes
DELETE {of-olga}           | 530       530    530    530    yes            yes
DELETE {in-tea}            | 530       530    530    yes    yes            yes
RM notes                   | 530       530    530    530    yes            yes

KICK nobody                | 530       530    530    530    yes            yes
LOGOUT nobody              | 530       530    530    530    yes            yes
BAN nobody                 | 530       530    530    530    yes            yes
UNBAN nobody               | 530       530    530    530    yes            yes
BANADDR 198.51.100.0/24    | 530       530    530    530    yes            yes
UNBANADDR 198.51.100.0/24  | 530       530    530    530    yes            yes
BANS                       | 530       530    530    530    yes            yes
REPORTS                    | 530       530    530    530    yes            yes
RESOLVE 99                 | 530       530    530    530    yes            yes
MUTE nobody 1h             | 530       530    530    530    yes            yes
SETPASSWD nobody           | 530       530    530    530    yes            yes
ADDUSER dora               | 530       530    530    530    yes            yes
ACCOUNTS                   | 530       530    530    530    yes            yes
REGISTRATION               | 530       530    530    530    yes            yes
INVITE                     | 530       530    530    530    yes            yes
INVITES                    | 530       530    530    530    yes            yes
UNINVITE abcd              | 530       530    530    530    yes            yes
LOCKDOWN off               | 530       530    530    530    yes            yes
AUDIT                      | 530       530    530    530    yes            yes
DUMP                       | 530       530    530    530    yes            yes
SHUTDOWN 604800            | 530       530    530    530    yes            yes
ADMIN nobody on            | 530       530    530    530    530            yes
REMOVE nobody              | 530       530    530    530    530            yes

KICK ada                   | 530       530    530    530    530            yes
LOGOUT ada                 | 530       530    530    530    530            yes
BAN ada                    | 530       530    530    530    530            yes
UNBAN ada                  | 530       530    530    530    530            yes
MUTE ada off               | 530       530    530    530    530            yes
SETPASSWD ada              | 530       530    530    530    530            yes

EX                         | yes       yes    yes    yes    yes            yes
";

/// The texts of a 503 that is about who asks.
const STATES: [&str; 2] = ["you are logged in already", "the operator has no account"];

/// One for whom the server has rules of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asker {
    Stranger,
    User,
    Muted,
    Op,
    Administrator,
    Operator,
}

impl Asker {
    fn name(self) -> &'static str {
        match self {
            Asker::Stranger => "-",
            Asker::User => "una",
            Asker::Muted => "mia",
            Asker::Op => "oskar",
            Asker::Administrator => "adam",
            Asker::Operator => "operator",
        }
    }

    /// A new connection, logged in.
    fn connect(self, server: &Server) -> Client {
        match self {
            Asker::Stranger => server.connect(),
            Asker::Operator => operator(server),
            _ => {
                let mut client = server.connect();
                client.login_beside(self.name());
                client
            }
        }
    }
}

/// The operator, welcomed.
fn operator(server: &Server) -> Client {
    let mut operator = Client::operator(server);
    while !operator.line().starts_with("C 230 ") {}
    operator
}

/// The final reply to a request, of which nothing else is looked at: its code and what follows.
fn reply(client: &mut Client, request: &str) -> (u16, String) {
    client.send(request);
    loop {
        let line = match client.frame() {
            Frame::Line(line) => line,
            Frame::Chunk(..) => continue,
            Frame::End => client.fail("the connection ends without a reply"),
        };
        let code = line.strip_prefix("C ").and_then(|rest| rest.get(..3)?.parse().ok());
        if let Some(code @ 200..) = code {
            return (code, line);
        }
    }
}

/// What a reply is in the table.
fn cell((code, line): &(u16, String)) -> &'static str {
    match code {
        530 => "530",
        503 if STATES.iter().any(|text| line.ends_with(text)) => "503",
        _ => "yes",
    }
}

/// The rows: a request, and the cells.
fn rows() -> Vec<(&'static str, Vec<&'static str>)> {
    let rows = TABLE.lines().filter_map(|line| line.split_once('|'));
    let rows = rows.map(|(request, cells)| (request.trim(), cells.split_whitespace().collect()));
    rows.filter(|(request, _)| !request.is_empty()).collect()
}

/// The accounts, groups and messages of which the table tells; returns the ids of the messages.
fn prepare(server: &Server) -> Vec<(&'static str, String)> {
    server.write_file("notes", "abc");
    let names = ["una", "mia", "oskar", "adam", "ada", "olga", "dan"];
    let mut clients = names.map(|name| server.register(name));
    let [una, mia, oskar, _, _, olga, dan] = &mut clients;
    let says = |client: &mut Client, line: &str| {
        let (code, line) = reply(client, line);
        assert!((250..=252).contains(&code), "{line}");
        line.split(' ').nth(3).unwrap_or_default().to_owned()
    };
    says(oskar, "C MKGROUP #tea una mia dan");
    says(oskar, "C MKGROUPREQ #club dan");
    says(oskar, "C MKPUBLIC #open");
    says(oskar, "C OPENTOPIC #open on");
    says(oskar, "C KEEP #tea on");
    says(oskar, "C KEEP #club on");
    says(una, "C JOIN #open");
    says(mia, "C JOIN #open");
    let ids = vec![
        ("{of-una}", says(una, "D * words")),
        ("{of-olga}", says(olga, "D * words")),
        ("{in-tea}", says(dan, "D #tea words")),
    ];
    let mut operator = operator(server);
    for admin in ["adam", "ada"] {
        says(&mut operator, &format!("C ADMIN {admin} on"));
    }
    says(&mut operator, "C MUTE mia ever");
    ids
}

#[test]
fn each_verb_is_for_whom_the_table_says() {
    let server = Server::start(&[]);
    let ids = prepare(&server);
    let mut clients = ASKERS.map(|asker| asker.connect(&server));
    let mut wrong = Vec::new();
    for (request, cells) in rows() {
        let mut line = match request.starts_with("D ") {
            true => request.to_owned(),
            false => format!("C {request}"),
        };
        for (word, id) in &ids {
            line = line.replace(word, id);
        }
        assert_eq!(cells.len(), ASKERS.len(), "{request}");
        for ((asker, client), due) in ASKERS.into_iter().zip(&mut clients).zip(cells) {
            let reply = reply(client, &line);
            if cell(&reply) != due {
                wrong.push(format!("{asker:?}, {request}: due {due}, came {}", reply.1));
            }
            // A dialogue has begun, or the connection is over.
            if [221, 331, 332, 354, 535].contains(&reply.0) {
                *client = asker.connect(&server);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_all_verbs_and_no_others() {
    let server = Server::start(&[]);
    let verbs = server.connect().list("C HELP");
    let first = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    let verbs: BTreeSet<String> = verbs.iter().map(|line| first(line)).collect();
    let rows: BTreeSet<String> = rows().iter().map(|(request, _)| first(request)).collect();
    let rows = rows.into_iter().filter(|verb| verb != "D").collect();
    assert_eq!(verbs, rows);
}

#[test]
fn strangers_get_files_where_these_are_public_and_no_more() {
    let server = Server::start(&["--public-files"]);
    server.write_file("notes", "abc");
    let mut stranger = server.connect();
    assert_eq!(stranger.download(0, "notes").1, b"abc");
    for request in ["C LS", "C SUM notes", "C PUT 3 mine", "C RM notes", "C WHO"] {
        assert_eq!(reply(&mut stranger, request).0, 530, "{request}");
    }
}
