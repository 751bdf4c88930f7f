//! Groups: what is asked, and what is told in plain words.

use crate::peer::{Peer, stderr, stdout, talk, talk_through};

#[test]
fn a_group_is_made_joined_and_left() {
    let input = "/makegroup #ops bob 23101\n/sendgroup #ops hello\n/admit #ops dave\n\
                 /refuse #ops eve\n/keep #ops on\n/members #ops\n/leavegroup #ops\n";
    let output = talk(input, |peer| {
        peer.welcome();
        peer.expect("C MKGROUP #ops bob 23101");
        peer.send("C 128 GROUP #ops join bob\nC 128 GROUP #ops join carol\n");
        peer.send("C 250 MKGROUP #ops 3\n");
        peer.message("D #ops hello");
        peer.send("C 250 MSG 1000000000000010 #ops 1 1\nC 123 JOIN #ops dave\n");
        peer.expect("C ADMIT #ops dave");
        peer.send("C 128 GROUP #ops join dave\nC 250 ADMIT #ops\n");
        peer.expect("C REFUSE #ops eve");
        peer.send("C 503 REFUSE that user did not ask\n");
        peer.expect("C KEEP #ops on");
        peer.send("C 250 KEEP #ops\n");
        peer.expect("C MEMBERS #ops");
        peer.send("C 150 MEMBERS 2\nC 151 MEMBERS alice 48213\nC 151 MEMBERS bob 10417\n");
        peer.send("C 250 MEMBERS #ops\n");
        peer.expect("C LEAVE #ops");
        peer.send("C 250 LEAVE #ops\n");
        peer.goodbye();
    });
    let lines = [
        "bob joined #ops",
        "carol joined #ops",
        "#ops is there, members: 3; /open #ops writes to it",
        "2001-09-09 01:46 alice -> #ops: hello",
        "dave wants to join #ops; /admit #ops dave",
        "dave joined #ops",
        "dave is let into #ops",
        "#ops and its members are kept",
        "members of #ops: 2",
        "alice        48213",
        "bob          10417",
        "you have left #ops",
    ];
    assert_eq!(stdout(&output).lines().collect::<Vec<_>>(), lines);
    assert!(stderr(&output).contains("that user did not ask"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn joining_may_have_to_wait_for_the_admin() {
    let input = "/makegroupreq bob\n/joingroup #tea\n/joingroup #ops\n/activegroups\n\
                 /activeallgroups\n";
    let output = talk(input, |peer| {
        peer.welcome();
        peer.expect("C MKGROUPREQ bob");
        peer.send("C 250 MKGROUPREQ #20111 1\nC 122 ASK #tea bob\n");
        peer.expect("C JOIN #tea");
        peer.send("C 128 GROUP #tea join alice\nC 250 JOIN #tea\n");
        peer.expect("C JOIN #ops");
        peer.send("C 252 JOIN #ops\nC 128 GROUP #tea admin alice\n");
        peer.expect("C GROUPS");
        peer.send("C 150 GROUPS 1\nC 151 GROUPS #tea alice 2 kept\nC 250 GROUPS\n");
        peer.expect("C GROUPS ALL");
        peer.send("C 150 GROUPS 0\nC 250 GROUPS\n");
        peer.goodbye();
    });
    let lines = [
        "#20111 is there; asked to join: bob",
        "bob asks you to join #tea; /joingroup #tea",
        "you are a member of #tea now",
        "you are a member of #tea; /open #tea writes to it",
        "the ops of #ops are asked; you are told when you are let in",
        "you are now the admin of #tea",
        "#tea           2 members, admin alice, kept",
        "there are no groups",
    ];
    assert_eq!(stdout(&output).lines().collect::<Vec<_>>(), lines);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn a_group_is_opened_and_what_was_missed_there_is_shown() {
    let output = talk_through(
        "/open #ops\nhello\n/list\n",
        vec![
            Box::new(|peer: &mut Peer| {
                peer.welcome();
                peer.expect("C OPEN #ops");
                peer.list("OPEN", &["1000000000000010 bob #ops one"], "#ops 0");
                peer.expect("C SEEN #ops 1000000000000010");
                peer.send("C 250 SEEN #ops 1000000000000010\n");
                peer.message("D #ops hello");
                peer.send("C 250 MSG 1000000000000011 #ops 1 0\n");
                peer.expect("C WHO");
            }),
            Box::new(|peer: &mut Peer| {
                peer.resume(&["#ops 1 1000000000000012"]);
                peer.chats(&["#ops 1 1000000000000010 1000000000000012 bob - two"]);
                peer.expect("C AFTER #ops 1000000000000011 1000");
                peer.list("AFTER", &["1000000000000012 bob #ops two"], "#ops 0");
                peer.expect("C SEEN #ops 1000000000000012");
                peer.send("C 250 SEEN #ops 1000000000000012\n");
                peer.goodbye();
            }),
        ],
    );
    let shown = stdout(&output);
    for said in ["bob -> #ops: one\n", "bob -> #ops: two\n", "alice -> #ops: hello\n"] {
        assert_eq!(shown.matches(said).count(), 1, "{shown}");
    }
    assert!(stderr(&output).contains("no answer came to /list"), "{}", stderr(&output));
}

#[test]
fn groups_are_looked_after_and_handed_over() {
    let input = "/op #tea bob on\n/op #tea bob off\n/op #tea bob\n/handover #tea bob\n\
                 /dissolve #ops\n";
    let output = talk(input, |peer| {
        peer.welcome();
        peer.expect("C OP #tea bob on");
        peer.send("C 250 OP #tea\n");
        peer.expect("C OP #tea bob off");
        peer.send("C 250 OP #tea\n");
        peer.expect("C HANDOVER #tea bob");
        peer.send("C 128 GROUP #tea admin bob\nC 250 HANDOVER #tea\n");
        peer.expect("C DISSOLVE #ops");
        peer.send("C 128 GROUP #ops leave alice\nC 250 DISSOLVE #ops\n");
        peer.goodbye();
    });
    let lines = [
        "bob is an op of #tea",
        "bob is no op of #tea",
        "bob is now the admin of #tea",
        "bob is the admin of #tea",
        "you are no member of #ops any more",
        "#ops has ended",
    ];
    assert_eq!(stdout(&output).lines().collect::<Vec<_>>(), lines);
    assert!(stderr(&output).contains("/op #GROUP USER on|off"), "{}", stderr(&output));
}

#[test]
fn what_ops_do_and_what_is_known_is_asked_for_and_told() {
    let asked = [
        ("/makepublic #tea", "MKPUBLIC #tea", "#tea 1", "#tea is there, and everybody may join"),
        ("/ask #tea bob", "ASK #tea bob", "#tea", "bob is asked to join #tea"),
        ("/refuse #tea bob", "REFUSE #tea bob", "#tea", "bob is not let into #tea"),
        ("/refuse #tea bob ever", "REFUSE #tea bob EVER", "#tea", "bob is shut out of #tea"),
        ("/expel #tea bob too loud", "EXPEL #tea bob too loud", "#tea", "bob is no member of #tea"),
        (
            "/expel #tea 10417 EVER",
            "EXPEL #tea 10417 EVER",
            "#tea",
            "10417 is no member of #tea, an",
        ),
        (
            "/public #tea off",
            "PUBLIC #tea off",
            "#tea off",
            "who wants to join #tea has to ask now",
        ),
        ("/opentopic #tea on", "OPENTOPIC #tea on", "#tea on", "members may set the topic of #tea"),
        ("/keep #tea on", "KEEP #tea on", "#tea on", "#tea and its members are kept"),
        ("/topic #tea green tea", "TOPIC #tea green tea", "#tea", "#tea has that topic now"),
        ("/topic #tea", "TOPIC #tea", "#tea", "#tea has no topic any more"),
        ("/decline #ops", "DECLINE #ops", "#ops", "you do not join #ops"),
        ("/leavegroup #tea so long", "LEAVE #tea so long", "#tea", "you have left #tea"),
    ];
    let input: String = asked.iter().map(|(typed, ..)| format!("{typed}\n")).collect();
    let output = talk(&input, move |peer| {
        peer.welcome();
        for (_, request, end, _) in asked {
            peer.expect(&format!("C {request}"));
            peer.send(format!("C 250 {} {end}\n", request.split(' ').next().unwrap()));
        }
        peer.goodbye();
    });
    let shown: Vec<&str> = stdout(&output).lines().collect();
    assert_eq!(shown.len(), asked.len(), "{shown:?}");
    for (shown, (.., told)) in shown.iter().zip(asked) {
        assert!(shown.starts_with(told), "{shown}");
    }
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
}

#[test]
fn a_change_of_ones_own_is_told_once() {
    let input = "/topic #tea green\n/expel #tea carol\n/help topic\n";
    let output = talk(input, |peer| {
        peer.welcome();
        peer.expect("C TOPIC #tea green");
        peer.send("C 135 TOPIC #tea alice green\nC 250 TOPIC #tea\n");
        peer.expect("C EXPEL #tea carol");
        peer.send("C 136 CHANGE #tea expel carol alice\nC 128 GROUP #tea leave carol\n");
        peer.send("C 250 EXPEL #tea\n");
        peer.goodbye();
    });
    let shown = stdout(&output);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].contains("topic") && lines[1].contains("carol"), "{lines:?}");
    assert!(lines[2].contains("/topic #GROUP"), "{lines:?}");
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
}

#[test]
fn lists_and_notices_about_groups_are_told_in_words() {
    let input = "/publicgroups\n/info #tea\n/shutout #tea\n/members #tea all\n/shutout #ops\n";
    let output = talk(input, |peer| {
        peer.welcome();
        peer.expect("C GROUPS PUBLIC");
        peer.send("C 150 GROUPS 1\nC 151 GROUPS #tea bob 2 kept public green tea\nC 250 GROUPS\n");
        peer.expect("C INFO #tea");
        peer.send("C 150 INFO 2\nC 151 INFO name #tea\nC 151 INFO made 1000000000\n");
        peer.send("C 250 INFO #tea\n");
        peer.expect("C SHUTOUT #tea");
        peer.send("C 150 SHUTOUT 1\nC 151 SHUTOUT dave bob 1000000000\nC 250 SHUTOUT #tea\n");
        peer.expect("C MEMBERS #tea ALL");
        peer.send("C 150 MEMBERS 1\nC 151 MEMBERS bob 10417 admin 1000000000 on Bob\n");
        peer.send("C 136 CHANGE #tea expel carol bob too loud\nC 128 GROUP #tea leave carol\n");
        peer.send("C 136 CHANGE #tea set - bob PUBLIC off\nC 135 TOPIC #tea bob black tea\n");
        peer.send("C 128 GROUP #tea leave dave\nC 250 MEMBERS #tea\n");
        peer.expect("C SHUTOUT #ops");
        peer.send("C 150 SHUTOUT 0\nC 250 SHUTOUT #ops\n");
        peer.goodbye();
    });
    let lines = [
        "#tea           2 members, admin bob, kept, public: green tea",
        "name         #tea",
        "made         2001-09-09 01:46",
        "shut out of #tea: 1",
        "dave         shut out by bob since 2001-09-09 01:46",
        "members of #tea: 1",
        "bob          10417  admin  on    since 2001-09-09 01:46  \"Bob\"",
        "bob has removed carol from #tea: too loud",
        "who wants to join #tea has to ask now (bob)",
        "bob has set the topic of #tea: black tea",
        "dave left #tea",
        "nobody is shut out",
    ];
    assert_eq!(stdout(&output).lines().collect::<Vec<_>>(), lines);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
}
