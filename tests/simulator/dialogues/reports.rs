//! Reports to the administrators.

use super::people::play_among_two;

#[test]
fn a_report_is_told_to_administrators_and_listed_until_it_is_resolved() {
    play_among_two(
        "op logs in locally
         op > C MORE on
         op < C 250 MORE ...
         alice > D bob rude words
         bob < D _ alice bob rude words
         alice < C 250 MSG _ bob 1 0
         bob > C REPORT alice 1700000000000000 was rude to me
         bob < C 250 REPORT 1 ...
         op < C 133 REPORT 1 alice bob was rude to me
         bob > C REPORT 10001 again
         bob < C 250 REPORT 2 ...
         op < C 133 REPORT 2 alice bob again
         bob > C REPORTS
         bob < C 530 REPORTS ...
         bob > C RESOLVE 1
         bob < C 530 RESOLVE ...
         server crashes
         op logs in locally
         op > C REPORTS
         op < C 150 REPORTS 2
         op < C 151 REPORTS 1 1700000000 bob alice 1700000000000000 was rude to me
         op < C 151 REPORTS 2 1700000000 bob alice - again
         op < C 250 REPORTS ...
         op > C RESOLVE 1
         op < C 250 RESOLVE ...
         op > C RESOLVE 1
         op < C 550 RESOLVE ...
         op > C REPORTS
         op < C 150 REPORTS 1
         op < C 151 REPORTS 2 1700000000 bob alice - again
         op < C 250 REPORTS ...
         server crashes
         bob logs in to read 1
         bob < C 151 UNREAD alice 1 _
         bob < C 230 ...
         bob > C REPORT alice more
         bob < C 250 REPORT 3 ...",
    );
}

#[test]
fn a_report_names_what_its_reporter_may_read() {
    play_among_two(
        "alice > D alice a secret
         alice < C 250 MSG _ alice 0 0
         bob > C REPORT alice 1700000000000000 thinks
         bob < C 550 REPORT ...
         bob > C REPORT alice 17 thinks
         bob < C 550 REPORT ...
         bob > C REPORT nobody thinks
         bob < C 550 REPORT ...
         bob > C REPORT bob thinks
         bob < C 503 REPORT ...
         bob > C REPORT alice
         bob < C 501 REPORT ...
         store holds
         bob > C REPORT alice thinks
         store answers first no-room
         bob < C 452 REPORT ...
         store works
         bob > C REPORT alice thinks
         bob < C 250 REPORT 2 ...",
    );
}

#[test]
fn one_user_makes_ten_reports_a_day() {
    let reports = (1..=10)
        .map(|number| format!("bob > C REPORT alice it is so\nbob < C 250 REPORT {number} ...\n"));
    let reports: String = reports.collect();
    play_among_two(&format!(
        "{reports}
         bob > C REPORT alice once more
         bob < C 452 REPORT ...
         alice > C REPORT bob reports me
         alice < C 250 REPORT 11 ...
         server crashes
         bob logs in
         bob > C REPORT alice once more
         bob < C 452 REPORT ...
         wait 86400000ms
         bob > C REPORT alice a day later
         bob < C 250 REPORT 12 ..."
    ));
}
