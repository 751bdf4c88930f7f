//! Uploads of which the sender tells the sum.

use super::people::play_among_two;

#[test]
fn a_file_that_is_what_its_sender_expects_appears() {
    play_among_two(
        "alice > C PUT 11 new
         alice < C 250 PUT 1 0
         alice > C EXPECT 1 sha256(hello there)
         alice < C 250 EXPECT 1
         alice sends 1 hello world
         alice > C EXPECT 1 sha256(hello world)
         alice < C 250 EXPECT 1
         alice sends 1
         alice < C 126 PUT 1 11 new
         alice > C SENDFILE bob 0 nothing
         alice < C 250 SENDFILE 2 0
         alice > C EXPECT 2 sha256()
         alice < C 250 EXPECT 2
         alice sends 2
         bob < C 124 FILE _ alice bob 0 nothing
         alice < C 126 SENDFILE 2 0 ...",
    );
}

#[test]
fn another_one_appears_nowhere_and_counts_no_more() {
    play_among_two(
        "alice > C PUT 1000 new
         alice < C 250 PUT 1 0
         alice > C SENDFILE bob 5 other
         alice < C 250 SENDFILE 2 0
         alice > C EXPECT 2 sha256(hallo)
         alice < C 250 EXPECT 2
         alice sends 2 hello
         alice sends 2
         alice < C 127 ABORT 2 its SHA-256 ...
         bob > C UNREAD
         bob < C 150 UNREAD 0
         bob < C 250 UNREAD ...
         alice > C SENDFILE bob 5 other
         alice < C 250 SENDFILE 3 0
         alice sends 3 hallo
         alice sends 3
         bob < C 124 FILE _ alice bob 5 other
         alice < C 126 SENDFILE 3 5 ...
         alice > C PUT 5 short
         alice < C 250 PUT 4 0
         alice > C EXPECT 4 sha256(hallo)
         alice < C 250 EXPECT 4
         alice sends 4 hello
         alice sends 4
         alice < C 127 ABORT 4 its SHA-256 ...
         bob > C GET 0 short
         bob < C 550 GET short
         alice > C PUT 5 short
         alice < C 250 PUT 5 0",
    );
}

#[test]
fn who_goes_on_is_told_what_the_server_has() {
    play_among_two(
        "alice > C MORE on
         alice < C 250 MORE ...
         alice > C PUT 11 new
         alice < C 250 PUT 1 0
         alice > C SENDFILE bob 11 other
         alice < C 250 SENDFILE 2 0
         alice sends 1 hello
         alice sends 2 hallo
         server crashes
         alice logs in
         alice > C PUT 11 new
         alice < C 250 PUT 1 5
         alice > C ABORT 1
         alice < C 250 ABORT ...
         alice > C MORE on
         alice < C 250 MORE ...
         alice > C SENDFILE bob 11 other
         alice < C 250 SENDFILE 2 5 sha256(hallo)
         alice > C EXPECT 2 sha256(hello world)
         alice < C 250 EXPECT 2
         alice sends 2  world
         alice sends 2
         alice < C 127 ABORT 2 its SHA-256 ...
         alice > C SENDFILE bob 11 other
         alice < C 250 SENDFILE 3 0
         alice > C MORE off
         alice < C 250 MORE ...
         alice sends 3 hello
         disk fails alice 3 full
         alice < C 127 ABORT 3 no room ...
         alice > C SENDFILE bob 11 other
         alice < C 250 SENDFILE 4 5",
    );
}

#[test]
fn a_sum_is_expected_of_an_upload_under_way_alone() {
    play_among_two(
        "guest connects
         guest > C EXPECT 1 sha256(x)
         guest < C 530 EXPECT ...
         alice > C EXPECT 1 sha256(x)
         alice < C 550 EXPECT ...
         alice > C GET 0 small
         alice < C 250 GET 1 11 small
         alice > C EXPECT 1 sha256(x)
         alice < C 550 EXPECT ...
         alice > C PUT 5 new
         alice < C 250 PUT 2 0
         bob > C EXPECT 2 sha256(x)
         bob < C 550 EXPECT ...
         alice > C EXPECT 2
         alice < C 501 EXPECT ...
         alice > C EXPECT two sha256(x)
         alice < C 501 EXPECT ...
         alice > C EXPECT 2 sha256(x)0
         alice < C 501 EXPECT ...
         alice > C EXPECT 2 sha256(x)
         alice < C 250 EXPECT 2
         alice > C ABORT 2
         alice < C 250 ABORT ...
         alice > C EXPECT 2 sha256(x)
         alice < C 550 EXPECT ...
         alice > C PUT 5 new
         alice < C 250 PUT 3 0
         alice > C EXPECT 3 sha256(x)
         alice < C 250 EXPECT 3
         alice sends 3 hello
         alice breaks
         alice logs in
         alice > C PUT 5 new
         alice < C 250 PUT 1 5
         store holds
         alice sends 1
         store answers first
         alice > C EXPECT 1 sha256(x)
         alice < C 550 EXPECT ...
         store works
         alice < C 126 PUT 1 5 new",
    );
}
