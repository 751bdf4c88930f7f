//! The message of the day.

use crate::dialogue::play;

#[test]
fn an_account_is_told_until_it_asks_on_whichever_device() {
    play(
        "motd is be kind / and brief
         alice logs in
         alice > C MORE on
         alice < C 250 MORE ...
         alice < C 134 MOTD 2
         phone connects
         phone > C USER alice BESIDE
         phone < C 331 USER alice ...
         phone > D x
         phone < C 150 UNREAD 0
         phone < C 230 USER ...
         phone < C 134 MOTD 2
         phone > C MOTD
         phone < C 150 MOTD 2
         phone < C 151 MOTD be kind
         phone < C 151 MOTD and brief
         phone < C 250 MOTD ...
         alice > C MORE off
         alice < C 250 MORE ...
         alice > C MORE on
         alice < C 250 MORE ...
         server crashes
         alice logs in
         alice > C MORE on
         alice < C 250 MORE ...
         bob logs in
         alice < C 120 ON ...
         bob > C MORE on
         bob < C 250 MORE ...
         bob < C 134 MOTD 2",
    );
}

#[test]
fn it_comes_behind_the_answer_to_more_and_once() {
    // SUM takes its time, and the answers behind it theirs.
    play(
        "motd is be kind
         alice logs in
         store holds
         alice > C SUM small
         alice > C MORE on
         alice > C MORE on
         motd is be brief
         store works
         alice < C 250 SUM ...
         alice < C 250 MORE ...
         alice < C 250 MORE ...
         alice < C 134 MOTD 1
         alice > C MOTD
         alice < C 150 MOTD 1
         alice < C 151 MOTD be brief
         alice < C 250 MOTD ...",
    );
}

#[test]
fn it_does_not_come_to_who_wants_no_more_in_the_same_breath_and_comes_once() {
    play(
        "motd is be kind
         alice logs in
         store holds
         alice > C SUM small
         alice > C MORE on
         alice > C MORE off
         store works
         alice < C 250 SUM ...
         alice < C 250 MORE ...
         alice < C 250 MORE ...
         store holds
         alice > C SUM small
         alice > C MORE on
         alice > C MORE off
         alice > C MORE on
         store works
         alice < C 250 SUM ...
         alice < C 250 MORE ...
         alice < C 250 MORE ...
         alice < C 250 MORE ...
         alice < C 134 MOTD 1",
    );
}

#[test]
fn it_comes_behind_the_mute_and_before_the_groups() {
    play(
        "motd is be kind
         bob logs in
         bob > C MKPUBLIC #tea
         bob < C 250 MKPUBLIC ...
         bob > C KEEP #tea on
         bob < C 250 KEEP ...
         bob breaks
         op logs in locally
         op > C MUTE bob ever
         op < C 250 MUTE ...
         op > C DISSOLVE #tea
         op < C 250 DISSOLVE ...
         bob connects
         bob > C USER bob BESIDE
         bob < C 331 USER bob ...
         bob > D x
         bob < C 150 UNREAD 0
         bob < C 230 USER ...
         op < C 120 ON ...
         bob < C 132 MUTED ever
         bob < C 134 MOTD 1
         bob < C 128 GROUP #tea leave bob",
    );
}

#[test]
fn another_text_is_told_at_the_next_login() {
    play(
        "alice logs in
         alice > C MORE on
         alice < C 250 MORE ...
         bob logs in
         alice < C 120 ON ...
         op logs in locally
         op > C MORE on
         op < C 250 MORE ...
         motd is be kind
         alice > C MOTD
         alice < C 150 MOTD 1
         alice < C 151 MOTD be kind
         alice < C 250 MOTD ...
         motd is be brief / today
         phone connects
         phone > C USER alice BESIDE
         phone < C 331 USER alice ...
         phone > D x
         phone < C 150 UNREAD 0
         phone < C 230 USER ...
         phone < C 134 MOTD 2
         motd is nothing
         alice > C MOTD
         alice < C 150 MOTD 0
         alice < C 250 MOTD ...
         motd is be kind
         bob > C MOTD
         bob < C 150 MOTD 1
         bob < C 151 MOTD be kind
         bob < C 250 MOTD ...
         op > C MOTD
         op < C 150 MOTD 1
         op < C 151 MOTD be kind
         op < C 250 MOTD ...
         guest connects
         guest > C MOTD
         guest < C 530 MOTD ...",
    );
}

#[test]
fn what_could_not_be_kept_is_told_again() {
    play(
        "motd is be kind
         alice logs in
         alice > C MORE on
         alice < C 250 MORE ...
         alice < C 134 MOTD 1
         store holds
         alice > C MOTD
         alice < C 150 MOTD 1
         alice < C 151 MOTD be kind
         alice < C 250 MOTD ...
         alice > C MOTD
         alice < C 150 MOTD 1
         alice < C 151 MOTD be kind
         alice < C 250 MOTD ...
         store has 1 jobs
         store answers first no-room
         alice > C MORE off
         alice < C 250 MORE ...
         alice > C MORE on
         alice < C 250 MORE ...
         alice < C 134 MOTD 1
         alice > C MOTD
         alice < C 150 MOTD 1
         alice < C 151 MOTD be kind
         alice < C 250 MOTD ...
         store has 1 jobs
         server crashes
         store works
         alice logs in
         alice > C MORE on
         alice < C 250 MORE ...
         alice < C 134 MOTD 1",
    );
}
