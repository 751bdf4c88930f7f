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
