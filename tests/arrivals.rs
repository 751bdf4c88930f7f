//! What one address may take of new accounts, and of names that it asks for.

mod support;

use support::{Client, Options, Server};

/// Connects from another address of this machine.
fn from(server: &Server, last: u8) -> Client {
    let mut client =
        Client::open(server, &Options { from: [127, 0, 0, last].into(), ..Options::default() });
    client.expect("C 220 …");
    client
}

/// Asks for a name, and is told for how many seconds to wait.
fn has_to_wait(client: &mut Client, name: &str) -> u32 {
    client.send(&format!("C USER {name}"));
    let seconds = client.expect("C 450 USER … try again later").remove(0);
    seconds.parse().expect("a number of seconds")
}

#[test]
fn one_address_registers_so_often_and_others_all_the_same() {
    let server = Server::start(&["--registrations", "2/1d"]);
    from(&server, 1).register("alice");
    from(&server, 1).register("bob");
    let mut carol = from(&server, 1);
    assert_eq!(has_to_wait(&mut carol, "carol"), 900, "half a day, and no longer at a time");
    from(&server, 2).register("carol");
    // Whoever has an account comes in.
    carol.login_beside("alice");
}

#[test]
fn all_addresses_together_register_so_often() {
    let server = Server::start(&["--registrations-total=2/1d", "--exempt=127.0.0.9"]);
    for (last, name) in [(1, "alice"), (2, "bob"), (9, "carol")] {
        from(&server, last).register(name);
    }
    assert_eq!(has_to_wait(&mut from(&server, 3), "dave"), 900);
    from(&server, 9).register("dave");
}

#[test]
fn at_their_defaults_the_bounds_of_registrations_leave_this_machine_alone() {
    let server = Server::start(&[]);
    for at in 0..70 {
        from(&server, 1).register(&format!("user{at}"));
    }
}

#[test]
fn one_address_asks_for_so_many_names_and_no_more() {
    let server = Server::start(&[]);
    server.register("alice");
    let (mut asked, mut guest) = (0, from(&server, 2));
    loop {
        guest.send(&format!("C USER {}", if asked % 2 == 0 { "alice" } else { "nobody" }));
        let line = guest.line();
        if line.starts_with("C 450 USER ") {
            break;
        }
        assert!(line.starts_with("C 331 USER ") || line.starts_with("C 332 USER "), "{line}");
        asked += 1;
        // One more is allowed every second, however slow this machine is.
        assert!(asked < 10_000, "nothing bounds them");
    }
    assert!(asked >= 60, "only {asked}");
    // Others don't notice, and whoever has a password is no stranger to it.
    let mut bob = from(&server, 3);
    bob.register("bob");
    for _ in 0..100 {
        let mut client = from(&server, 4);
        client.login_beside("bob");
        client.leave();
    }
}
