use super::*;
use crate::chat::message::StoredMessage;
use crate::chat::name::Number;
use crate::store::rows::{messages, schema};

const READER: Number = Number(10_001);
const OTHER: Number = Number(10_002);

struct Fixture {
    database: Connection,
    _folder: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = schema::open(&folder.path().join("store")).unwrap();
        // What has no order comes in another one than elsewhere.
        database.pragma_update(None, "reverse_unordered_selects", true).unwrap();
        Fixture { database, _folder: folder }
    }

    fn keep(&self, id: u64, from: Number, chat: Chat) {
        let text = format!("text {id}").into();
        let message = StoredMessage {
            id: MessageId(id),
            from,
            chat,
            text,
            file_size: None,
            is_unheard: false,
        };
        messages::keep(&self.database, &message).unwrap();
    }

    fn seen(&self, chat: Chat, id: u64) -> u64 {
        messages::mark_seen(&self.database, READER, chat, MessageId(id)).unwrap().0.0
    }

    /// The chats: what is unread of each, up to where it is read, and its last message.
    fn list(&self, before: Option<u64>) -> (Vec<(Chat, u64, u64, u64)>, u64) {
        let viewer = Viewer::of_all(READER);
        let listed = list(&self.database, viewer, before.map(MessageId)).unwrap();
        let Value::Chats { chats, left } = listed else { panic!("{listed:?}") };
        let chats = chats.into_iter().map(|chat| {
            let last = chat.last.map_or(0, |last| last.id.0);
            (chat.chat, chat.unread, chat.seen.0, last)
        });
        (chats.collect(), left)
    }
}

#[test]
fn the_newest_come_first_and_groups_without_a_word_last() {
    let fixture = Fixture::new();
    let accounts = "INSERT INTO accounts (number, name, password, created)
        VALUES (10001, 'a', '', 0), (10002, 'b', '', 0);
        INSERT INTO groups (id, name, admin, kept, made_by)
        VALUES (9, '#c', 10001, 1, 10001), (7, '#b', 10001, 1, 10001),
            (5, '#a', 10001, 1, 10001), (3, '#other', 10002, 1, 10002);
        INSERT INTO members (group_id, number, place, since) VALUES (9, 10001, 0, 9),
            (7, 10001, 0, 7), (5, 10001, 0, 30), (3, 10002, 0, 3);";
    fixture.database.execute_batch(accounts).unwrap();
    let (direct, own) = (Chat::direct(READER, OTHER), Chat::direct(READER, READER));
    let group = |id| Chat::Group(GroupId(id));
    assert_eq!(
        fixture.list(None),
        (vec![(group(5), 0, 0, 0), (group(7), 0, 0, 0), (group(9), 0, 0, 0)], 0)
    );
    fixture.keep(10, OTHER, direct);
    fixture.keep(11, READER, own);
    fixture.keep(12, READER, direct);
    fixture.keep(13, OTHER, group(9));
    fixture.keep(14, READER, group(9));
    fixture.keep(15, OTHER, Chat::Everyone);
    fixture.keep(16, OTHER, group(5));
    fixture.keep(17, OTHER, group(3));
    fixture.keep(18, OTHER, Chat::direct(OTHER, OTHER));
    let all = [
        (Chat::Everyone, 1, 0, 15),
        (group(9), 1, 0, 14),
        (direct, 1, 0, 12),
        (own, 0, 0, 11),
        (group(5), 0, 0, 0),
        (group(7), 0, 0, 0),
    ];
    assert_eq!(fixture.list(None), (all.to_vec(), 0));
    assert_eq!(fixture.list(Some(12)), (all[3..].to_vec(), 0));
    assert_eq!(fixture.seen(direct, 10), 10);
    assert_eq!(fixture.seen(direct, 9), 10, "a smaller id changes nothing");
    assert_eq!(fixture.seen(group(9), 13), 13);
    assert_eq!(fixture.seen(Chat::Everyone, 20), 20);
    let seen: Vec<(u64, u64)> = fixture.list(None).0.iter().map(|chat| (chat.1, chat.2)).collect();
    assert_eq!(seen, [(0, 20), (0, 13), (0, 10), (0, 0), (0, 0), (0, 0)]);
}

#[test]
fn a_thousand_are_listed_and_the_others_counted() {
    let fixture = Fixture::new();
    let transaction = fixture.database.unchecked_transaction().unwrap();
    for other in 0..1_003_u64 {
        let chat = Chat::direct(READER, Number(20_000 + other as u32));
        fixture.keep(1 + other, Number(20_000 + other as u32), chat);
    }
    transaction.commit().unwrap();
    let (chats, left) = fixture.list(None);
    assert_eq!((chats.len(), left), (1_000, 3));
    let last = chats.last().unwrap().3;
    assert_eq!(last, 4);
    let (chats, left) = fixture.list(Some(last));
    assert_eq!((chats.len(), left), (3, 0));
}
