//! Several devices of one user: sessions beside each other, their tokens, and how they end.

mod support;

use support::{Client, Server};

/// Resumes a session beside the others, and holds the answer to be that of a login.
fn resume_beside(server: &Server, name: &str, token: &str) -> Client {
    let mut client = server.connect();
    client.send(&format!("C RESUME {name} {token} BESIDE"));
    client.expect("C 150 UNREAD 0");
    client.expect(&format!("C 230 RESUME {name} … welcome"));
    client
}

fn beside(server: &Server, name: &str) -> Client {
    let mut client = server.connect();
    client.login_beside(name);
    client
}

/// The numbers and states of the devices that are listed.
fn devices(client: &mut Client) -> Vec<String> {
    let items = client.list("C SESSIONS");
    let words = items.iter().map(|item| item.split(' ').collect::<Vec<_>>());
    words.map(|words| format!("{} {} {}", words[0], words[1], words[5])).collect()
}

#[test]
fn what_one_device_says_the_others_show() {
    let server = Server::start(&[]);
    let mut bob = server.register("bob");
    let mut desk = server.register("alice");
    let (mut phone, mut laptop) = (beside(&server, "alice"), beside(&server, "alice"));
    phone.ask("D bob from the phone", "C 250 MSG … bob 1 0");
    laptop.expect("D … alice bob from the phone");
    bob.expect("D … alice bob from the phone");
    bob.ask("D alice to all of them", "C 250 MSG … alice 1 0");
    for device in [&mut desk, &mut phone, &mut laptop] {
        device.expect("D … bob alice to all of them");
    }
    // One that stands alone and asked for nothing sees what it always saw.
    desk.ask("C ALIVE", "C 503 ALIVE …");
    // A file is shown in the others, too, and where it was sent only its end is told.
    phone.send("C SENDFILE bob 5 note.txt");
    phone.expect("C 250 SENDFILE 1 0");
    phone.send_bytes(b"F 1 5\nhelloF 1 0\n");
    phone.expect("C 126 SENDFILE 1 5 @…");
    laptop.expect("C 124 FILE … alice bob 5 note.txt");
    bob.expect("C 124 FILE … alice bob 5 note.txt");
    phone.ask("C ALIVE", "C 503 ALIVE …");
    desk.ask("C ALIVE", "C 503 ALIVE …");
}

#[test]
fn a_device_keeps_its_number_over_a_restart_and_leaves_no_ghost() {
    let mut server = Server::start(&[]);
    let mut desk = server.register("alice");
    let mut phone = beside(&server, "alice");
    let token = phone.ask("C TOKEN", "C 250 TOKEN …").remove(0);
    let robots = desk.ask("C TOKEN FOR robot", "C 250 TOKEN …").remove(0);
    assert_eq!(devices(&mut desk), ["1 here -", "2 beside -", "3 token robot"]);
    // The line broke and nobody noticed: the device is back, and its old session is over.
    let mut back = resume_beside(&server, "alice", &token);
    phone.expect_closing("C 421 - you logged in elsewhere");
    assert_eq!(devices(&mut back), ["1 alone -", "2 here -", "3 token robot"]);
    drop((desk, back));
    server.restart();
    let mut phone = resume_beside(&server, "alice", &token);
    let _robot = resume_beside(&server, "alice", &robots);
    assert_eq!(devices(&mut phone), ["2 here -", "3 beside robot"]);
    // Of the device of the first login nothing is left, and the next one gets a new number.
    let mut laptop = beside(&server, "alice");
    assert_eq!(devices(&mut laptop), ["2 beside -", "3 beside robot", "4 here -"]);
}

#[test]
fn other_devices_can_be_logged_out() {
    let server = Server::start(&[]);
    let mut desk = server.register("alice");
    let mut phone = beside(&server, "alice");
    let token = phone.ask("C TOKEN", "C 250 TOKEN …").remove(0);
    desk.ask("C ENDSESSION 1", "C 503 ENDSESSION …");
    desk.ask("C ENDSESSION 7", "C 550 ENDSESSION …");
    desk.ask("C ENDSESSION 2", "C 250 ENDSESSION …");
    phone.expect_closing("C 421 - you were logged out");
    server.connect().ask(&format!("C RESUME alice {token}"), "C 535 RESUME …");
    let (phone, laptop) = (beside(&server, "alice"), beside(&server, "alice"));
    desk.ask("C ENDSESSION all", "C 250 ENDSESSION …");
    for device in [phone, laptop] {
        device.expect_closing("C 421 - you were logged out");
    }
    assert_eq!(devices(&mut desk), ["1 here -"]);
}

#[test]
fn a_new_password_leaves_one_session() {
    let server = Server::start(&[]);
    let mut desk = server.register("alice");
    let phone = beside(&server, "alice");
    let token = desk.ask("C TOKEN", "C 250 TOKEN …").remove(0);
    desk.ask("C PASSWD", "C 354 PASSWD …");
    desk.ask(&format!("D {}", support::password_of("alice")), "C 354 PASSWD …");
    desk.ask("D another good password", "C 250 PASSWD …");
    phone.expect_closing("C 421 - you were logged out");
    server.connect().ask(&format!("C RESUME alice {token}"), "C 535 RESUME …");
    desk.ask("C ALIVE", "C 503 ALIVE …");
}
