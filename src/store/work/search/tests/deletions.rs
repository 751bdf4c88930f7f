//! What was removed one by one is not found any more.

use super::*;

#[test]
fn a_message_that_was_removed_leaves_the_index() {
    let mut fixture = Fixture::new();
    let remove = |fixture: &Fixture, id| {
        let request = MessageRequest::Delete { message: MessageId(id) };
        request.carry_out(&fixture.store).unwrap().unwrap();
    };
    for id in 1..=4 {
        fixture.keep(id, ALICE, Chat::Everyone, "word");
    }
    fixture.follow();
    // Indexed, and not indexed yet, when it is removed.
    fixture.keep(5, ALICE, Chat::Everyone, "word");
    remove(&fixture, 2);
    remove(&fixture, 5);
    fixture.follow();
    assert_eq!(fixture.find(BOB, None, "word"), [1, 3, 4]);
    remove(&fixture, 4);
    fixture.index = open(fixture.folder.path());
    fixture.follow();
    assert_eq!(fixture.find(BOB, None, "word"), [1, 3]);
    fixture.keep(6, ALICE, Chat::Everyone, "word");
    fixture.follow();
    let index = Connection::open(fixture.path()).unwrap();
    let count = "SELECT count(*) FROM words WHERE words MATCH 'word'";
    let count: u32 = index.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 3);
}

#[test]
fn a_group_that_ended_is_not_found_and_leaves_the_index() {
    let mut fixture = Fixture::new();
    let chat = Chat::Group(GroupId(1));
    save_group(&fixture, 1, &[(ALICE, 1)]);
    fixture.keep(1, BOB, Chat::Everyone, "word");
    fixture.store.execute_batch("BEGIN").unwrap();
    for id in 2..=1_200 {
        fixture.keep(id, ALICE, chat, "word");
    }
    fixture.store.execute_batch("COMMIT").unwrap();
    fixture.follow();
    // This message is not indexed yet when the group ends.
    fixture.keep(1_201, ALICE, chat, "word");
    groups::end(&fixture.store, GroupId(1)).unwrap();
    assert_eq!(fixture.find(ALICE, None, "word"), [1]);
    assert!(fixture.find(ALICE, Some(chat), "word").is_empty());
    fixture.index = open(fixture.folder.path());
    assert!(fixture.follow() > 3);
    let index = Connection::open(fixture.path()).unwrap();
    let count = |query: &str| index.query_row(query, [], |row| row.get::<_, u32>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM words WHERE words MATCH 'who : g1'"), 0);
    assert_eq!(count("SELECT count(*) FROM words WHERE words MATCH 'word'"), 1);
    assert_eq!(count("SELECT count(*) FROM groups"), 0);
}
