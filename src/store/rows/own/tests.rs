use serde_json::Value;

use super::*;
use crate::store::rows::schema;

const ALICE: Number = Number(10_001);
const BOB: Number = Number(10_002);
const CAROL: Number = Number(10_003);

/// A store with chats among three, in which messages have the ids from 1 on.
struct OwnFixture {
    _folder: tempfile::TempDir,
    database: Connection,
    last: i64,
}

impl OwnFixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = schema::open(&folder.path().join("store")).unwrap();
        let rows = "INSERT INTO accounts (number, name, password, created)
            VALUES (10001, 'alice', '$secret', 5), (10002, 'bob', '', 5), (10003, 'carol', '', 5);
            INSERT INTO groups (id, name, admin, kept, made_by) VALUES (7, '#tea', 10001, 1, 10001),
                (9, '#others', 10002, 1, 10002);
            INSERT INTO members (group_id, number, place, since)
            VALUES (7, 10001, 0, 3), (7, 10002, 1, 1), (9, 10002, 0, 1)";
        database.execute_batch(rows).unwrap();
        OwnFixture { _folder: folder, database, last: 0 }
    }

    fn say(&mut self, from: Number, chat: Chat, text: &str) {
        self.last += 1;
        let id = MessageId(self.last.cast_unsigned());
        let (text, file_size) = (text.into(), None);
        let message = StoredMessage { id, from, chat, text, file_size, is_unheard: false };
        crate::store::rows::messages::keep(&self.database, &message).unwrap();
    }

    /// The lines of an export, the number of steps, and the most bytes and lines of one.
    fn export(&self, until: i64) -> (Vec<Value>, usize, (usize, usize)) {
        let viewer = Viewer { until: MessageId(until as u64), ..Viewer::of_all(ALICE) };
        let (mut part, mut lines, mut steps, mut most) =
            (Some(ExportPart::Account), Vec::new(), 0, (0, 0));
        while let Some(next) = part {
            let rows = read(&self.database, viewer, next).unwrap();
            assert_ne!(rows.next, part, "it does not go on");
            part = rows.next;
            let text = String::from_utf8(rows.lines).unwrap();
            most = (most.0.max(text.len()), most.1.max(text.lines().count()));
            lines.extend(text.lines().map(|line| serde_json::from_str(line).unwrap()));
            steps += 1;
        }
        (lines, steps, most)
    }
}

fn texts<'a>(lines: &'a [Value], chat: &str) -> Vec<&'a str> {
    let of_chat = lines.iter().filter(|line| line["type"] == "message" && line["chat"] == chat);
    of_chat.map(|line| line["text"].as_str().unwrap()).collect()
}

#[test]
fn it_holds_what_its_owner_may_read_of_direct_chats_and_groups_and_said_to_everyone() {
    let mut fixture = OwnFixture::new();
    let (tea, others) = (Chat::Group(GroupId(7)), Chat::Group(GroupId(9)));
    for (from, chat, text) in [
        (ALICE, Chat::direct(ALICE, BOB), "to bob"),
        (BOB, tea, "before alice came"),
        (BOB, Chat::direct(ALICE, BOB), "to alice"),
        (BOB, tea, "welcome"),
        (BOB, others, "elsewhere"),
        (BOB, Chat::direct(BOB, CAROL), "to carol"),
        (CAROL, Chat::direct(ALICE, CAROL), "from carol"),
        (ALICE, Chat::direct(ALICE, ALICE), "a note"),
        (BOB, Chat::Everyone, "of bob"),
        (ALICE, Chat::Everyone, "of alice"),
        (ALICE, Chat::Everyone, "too late"),
    ] {
        fixture.say(from, chat, text);
    }
    let (lines, ..) = fixture.export(fixture.last - 1);
    assert_eq!(texts(&lines, "bob"), ["to bob", "to alice"]);
    assert_eq!(texts(&lines, "carol"), ["from carol"]);
    assert_eq!(texts(&lines, "alice"), ["a note"]);
    assert_eq!(texts(&lines, "#tea"), ["welcome"]);
    assert_eq!(texts(&lines, "*"), ["of alice"]);
    let messages = lines.iter().filter(|line| line["type"] == "message").count();
    assert_eq!(messages, 6, "{lines:?}");
    assert!(!format!("{lines:?}").contains("$secret"));
}

#[test]
fn however_much_there_is_a_step_is_small_and_nothing_comes_twice() {
    let mut fixture = OwnFixture::new();
    let short: Vec<String> = (0..2_500).map(|place| place.to_string()).collect();
    let long: Vec<String> =
        (0..300).map(|place| format!("{place} {}", "x".repeat(3_900))).collect();
    let transaction = "BEGIN";
    fixture.database.execute_batch(transaction).unwrap();
    for text in &short {
        fixture.say(BOB, Chat::direct(ALICE, BOB), text);
        fixture.say(BOB, Chat::Everyone, text);
    }
    for text in &long {
        fixture.say(ALICE, Chat::Group(GroupId(7)), text);
        fixture.say(ALICE, Chat::Everyone, text);
    }
    fixture.database.execute_batch("COMMIT").unwrap();
    let (lines, steps, (bytes, rows)) = fixture.export(i64::MAX);
    assert_eq!(texts(&lines, "bob"), short);
    assert_eq!(texts(&lines, "#tea"), long);
    assert_eq!(texts(&lines, "*"), long);
    assert!(bytes < BYTES_PER_STEP + 64 * 1024, "{bytes}");
    assert!(rows <= usize::from(ROWS_PER_STEP), "{rows}");
    assert!((15..40).contains(&steps), "{steps}");
}
