//! Several sessions of one user: how the client logs in beside others, and what it shows of them.

use crate::peer::{Peer, client, run, serve, serve_all, stderr, stdout, talk};

/// Takes a login beside other sessions.
fn log_in_beside(peer: &mut Peer) {
    peer.send("C 220 chatsrv/0.2.0 1 ready\n");
    peer.expect("C USER alice BESIDE");
    peer.send("C 331 USER alice send the password\n");
    peer.expect("D secret");
    peer.send("C 150 UNREAD 0\nC 230 USER alice 48213 welcome\n");
}

#[test]
fn one_job_logs_in_beside_also_where_the_server_is_older() {
    let folder = tempfile::tempdir().unwrap();
    for is_older in [false, true] {
        let (port, server) = serve(move |peer| {
            if is_older {
                peer.send("C 220 chatsrv/0.1.0 1 ready\n");
                peer.expect("C USER alice BESIDE");
                peer.send("C 501 USER what is that?\n");
                peer.expect("C USER alice");
                peer.send("C 331 USER alice send the password\n");
                peer.expect("D secret");
                peer.send("C 150 UNREAD 0\nC 230 USER alice 48213 welcome\n");
            } else {
                log_in_beside(peer);
            }
            peer.message("D bob hi");
            peer.send("C 250 MSG 1000000000123456 bob 1 0\n");
            peer.goodbye();
        });
        let mut command = client(folder.path(), port);
        command.args(["--say", "bob", "hi"]);
        let output = run(command, "");
        server.join().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
    }
}

#[test]
fn a_pipe_that_stands_beside_comes_back_so_and_shows_ones_own_words() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve_all(vec![
        Box::new(|peer: &mut Peer| {
            log_in_beside(peer);
            peer.go_on();
            peer.expect("C WHO");
            peer.send("D 1000000000000008 alice bob said elsewhere\n");
            peer.send("C 124 FILE 1000000000000009 alice bob 5 a.txt\n");
        }),
        Box::new(|peer: &mut Peer| {
            peer.send("C 220 chatsrv/0.2.0 1 ready\n");
            peer.expect("C RESUME alice t0ken BESIDE");
            peer.send("C 150 UNREAD 0\nC 230 RESUME alice 48213\n");
            peer.expect("C TOKEN");
            peer.send("C 250 TOKEN t0ken\n");
            peer.nothing_missed();
            peer.goodbye();
        }),
    ]);
    let mut command = client(folder.path(), port);
    command.args(["--beside", "--accept-files", "always"]);
    let output = run(command, "/list\n");
    server.join().unwrap();
    assert_eq!(
        stdout(&output),
        "2001-09-09 01:46 alice -> bob: said elsewhere\n\
         2001-09-09 01:46 alice sent a.txt (5 B) to bob; /get @1000000000000009\n"
    );
}

#[test]
fn sessions_are_listed_and_ended_and_a_token_is_told_once() {
    let input = "/sessions\n/endsession 3\n/endsession ALL\n/endsession 9\n/token backup\n";
    let output = talk(input, |peer| {
        peer.welcome();
        peer.expect("C SESSIONS");
        peer.send("C 150 SESSIONS 2\nC 151 SESSIONS 1 here 1000000000 1000000060 127.0.0.1 -\n");
        peer.send("C 151 SESSIONS 3 token 1000000000 1000000000 ::1 backup\nC 250 SESSIONS\n");
        peer.expect("C ENDSESSION 3");
        peer.send("C 250 ENDSESSION\n");
        peer.expect("C ENDSESSION all");
        peer.send("C 250 ENDSESSION\n");
        peer.expect("C ENDSESSION 9");
        peer.send("C 550 ENDSESSION no such session\n");
        peer.expect("C TOKEN FOR backup");
        peer.send("C 250 TOKEN 0123456789\n");
        peer.goodbye();
    });
    assert_eq!(
        stdout(&output),
        "1   here    since 2001-09-09 01:46, used 2001-09-09 01:47 from 127.0.0.1\n\
         3   token   since 2001-09-09 01:46, used 2001-09-09 01:46 from ::1  backup\n\
         that session and its tokens are over\nall other sessions and tokens are over\n\
         0123456789\n"
    );
    assert_eq!(stderr(&output), "chatclient: no such session\n");
}
