//! Groups at a terminal: what their ops do, and how everybody is told.

use crate::folder;
use crate::person::Person;
use crate::support::Server;

#[test]
fn a_public_group_is_made_found_joined_and_looked_after() {
    let (server, folder) = (Server::start(&[]), folder());
    let mut alice = Person::register(&server, folder.path(), 80, "alice");
    let mut bob = Person::register(&server, folder.path(), 80, "bob");
    alice.type_keys("/makepublic #tea\r");
    alice.wait_for_row("#tea is there, and everybody may join");
    alice.type_keys("/topic #tea green tea\r");
    alice.wait_for_row("#tea has that topic now");
    bob.type_keys("/publicgroups\r");
    bob.wait_for_row("#tea           1 member, admin alice, kept, public: green tea");
    bob.type_keys("/joingroup #tea\r");
    bob.wait_for_row("you are a member of #tea");
    alice.wait_for_row("bob joined #tea");
    // Only ops may set the topic, unless they say otherwise.
    bob.type_keys("/topic #tea black tea\r/public #tea off\r/list\r");
    bob.wait_for_row("online: 2");
    alice.type_keys("/public #tea off\r");
    alice.wait_for_row("who wants to join #tea has to ask now");
    bob.wait_for_row("who wants to join #tea has to ask now (alice)");
    assert!(!alice.screen.rows().iter().any(|row| row.contains("black tea")));
}

#[test]
fn who_is_expelled_is_told_why_and_is_shut_out() {
    let (server, folder) = (Server::start(&[]), folder());
    let mut alice = Person::register(&server, folder.path(), 80, "alice");
    let mut bob = Person::register(&server, folder.path(), 80, "bob");
    let mut carol = Person::register(&server, folder.path(), 80, "carol");
    alice.type_keys("/makegroup #tea bob carol\r");
    for person in [&mut bob, &mut carol] {
        person.wait_for_row("you are a member of #tea now");
    }
    alice.type_keys("/opentopic #tea on\r");
    bob.wait_for_row("members may set the topic of #tea now (alice)");
    bob.type_keys("/topic #tea black tea\r");
    alice.wait_for_row("bob has set the topic of #tea: black tea");
    bob.type_keys("/open #tea\r");
    bob.wait_for_prompt("bob to #tea>");
    alice.type_keys("/expel #tea bob EVER too loud\r");
    alice.wait_for_row("bob is no member of #tea, and shut out");
    bob.wait_for_row("alice has removed you from #tea: too loud");
    bob.wait_for_prompt("bob>");
    carol.wait_for_row("alice has removed bob from #tea: too loud");
    alice.type_keys("/shutout #tea\r");
    alice.wait_for_row("bob          shut out by alice since ");
    bob.type_keys("/joingroup #tea\r/list\r");
    bob.wait_for_row("online: 3");
    carol.type_keys("/leavegroup #tea so long\r");
    carol.wait_for_row("you have left #tea");
    alice.wait_for_row("carol left #tea: so long");
    alice.type_keys("/ask #tea bob\r");
    bob.wait_for_row("alice asks you to join #tea; /joingroup #tea");
    bob.type_keys("/decline #tea\r");
    bob.wait_for_row("you do not join #tea");
    alice.type_keys("/info #tea\r");
    alice.wait_for_row("topic        black tea");
    // Of each who goes, one line is told.
    for person in [&alice, &bob, &carol] {
        let rows = person.screen.rows();
        let doubled = rows.iter().any(|row| *row == "carol left #tea" || *row == "bob left #tea");
        assert!(!doubled, "{}", rows.join("\n"));
    }
}
