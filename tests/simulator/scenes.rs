//! Scenes: lines of a dialogue that stand for several, since they happen in many.
//!
//! | line | meaning |
//! |---|---|
//! | `alice logs in` | she comes, says the password, `x`, has nothing to read, and is welcomed |
//! | `... as bob with secret to read 2` | as whom, with which password; the list is to come |
//! | `op logs in locally` | the operator comes |
//! | `alice makes #team with bob carol` | they are members at once, online, and told so |
//! | `alice makes #team asking bob` | he is online, and is asked |
//! | `carol asks alice bob to join #team` | these two look after the group, and are told |
//! | `alice admits carol to #team with bob` | he is another member; all three are told |
//! | `op bans alice` | she is online, and in no group |

/// The lines that `line` stands for, if it is a scene.
pub fn lines(line: &str) -> Option<Vec<String>> {
    let words = line.split(' ').collect::<Vec<_>>();
    match &words[..] {
        [who, "logs", "in", "locally"] => Some(local_login(who)),
        [who, "logs", "in", details @ ..] => Some(login(who, details)),
        [who, "makes", group, "with", members @ ..] => Some(group_made(who, group, members)),
        [who, "makes", group, "asking", guest] => Some(group_offered(who, group, guest)),
        [who, "asks", managers @ .., "to", "join", group] => Some(asked(who, group, managers)),
        [who, "admits", guest, "to", group] => Some(admitted(who, group, guest, &[])),
        [who, "admits", guest, "to", group, "with", members @ ..] => {
            Some(admitted(who, group, guest, members))
        }
        [who, "bans", whom] => Some(banned(who, whom)),
        _ => None,
    }
}

fn login(who: &str, details: &[&str]) -> Vec<String> {
    let word_after = |word| details.iter().skip_while(|other| **other != word).nth(1).copied();
    let (name, password) = (word_after("as").unwrap_or(who), word_after("with").unwrap_or("x"));
    let unread = word_after("read");
    let mut lines = vec![
        format!("{who} connects"),
        format!("{who} > C USER {name}"),
        format!("{who} < C _ USER {name} ..."),
        format!("{who} > D {password}"),
        format!("{who} < C 150 UNREAD {}", unread.unwrap_or("0")),
    ];
    if unread.is_none() {
        lines.push(format!("{who} < C 230 ..."));
    }
    lines
}

fn local_login(who: &str) -> Vec<String> {
    vec![
        format!("{who} connects from local"),
        format!("{who} < C 150 UNREAD 0"),
        format!("{who} < C 230 ..."),
    ]
}

fn group_made(who: &str, group: &str, members: &[&str]) -> Vec<String> {
    let mut lines = vec![
        format!("{who} > C MKGROUP {group} {}", members.join(" ")),
        format!("{who} < C 250 MKGROUP {group} {}", members.len() + 1),
    ];
    for member in members {
        lines.push(format!("{who} < C 128 GROUP {group} join {member}"));
        lines.push(format!("{member} < C 128 GROUP {group} join {member}"));
    }
    lines
}

fn group_offered(who: &str, group: &str, guest: &str) -> Vec<String> {
    vec![
        format!("{who} > C MKGROUPREQ {group} {guest}"),
        format!("{who} < C 250 MKGROUPREQ {group} 1"),
        format!("{guest} < C 122 ASK {group} {who}"),
    ]
}

fn asked(who: &str, group: &str, managers: &[&str]) -> Vec<String> {
    let mut lines = vec![format!("{who} > C JOIN {group}")];
    lines.extend(managers.iter().map(|manager| format!("{manager} < C 123 JOIN {group} {who}")));
    lines.push(format!("{who} < C 252 JOIN {group}"));
    lines
}

fn admitted(who: &str, group: &str, guest: &str, members: &[&str]) -> Vec<String> {
    let joins = |reader| format!("{reader} < C 128 GROUP {group} join {guest}");
    let mut lines = vec![format!("{who} > C ADMIT {group} {guest}"), joins(who)];
    lines.push(format!("{who} < C 250 ADMIT {group}"));
    lines.extend(members.iter().copied().map(joins));
    lines.push(joins(guest));
    lines
}

fn banned(who: &str, whom: &str) -> Vec<String> {
    vec![
        format!("{who} > C BAN {whom}"),
        format!("{whom} < C 421 - you are banned"),
        format!("{who} < C 250 BAN ..."),
    ]
}

#[test]
fn a_scene_is_what_happens_in_it() {
    let all = |line| lines(line).unwrap().join("; ");
    assert_eq!(
        all("alice makes #team with bob carol"),
        "alice > C MKGROUP #team bob carol; alice < C 250 MKGROUP #team 3; \
         alice < C 128 GROUP #team join bob; bob < C 128 GROUP #team join bob; \
         alice < C 128 GROUP #team join carol; carol < C 128 GROUP #team join carol"
    );
    assert_eq!(
        all("alice admits carol to #team with bob"),
        "alice > C ADMIT #team carol; alice < C 128 GROUP #team join carol; \
         alice < C 250 ADMIT #team; bob < C 128 GROUP #team join carol; \
         carol < C 128 GROUP #team join carol"
    );
    assert_eq!(
        all("carol asks alice bob to join #team"),
        "carol > C JOIN #team; alice < C 123 JOIN #team carol; bob < C 123 JOIN #team carol; \
         carol < C 252 JOIN #team"
    );
    assert_eq!(lines("alice > D alice makes #team with bob"), None);
    assert_eq!(lines("alice connects"), None);
}
