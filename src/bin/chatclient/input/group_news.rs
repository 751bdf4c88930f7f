//! News of groups: the notices of their changes, in words.

use chatsrv::chat::group::{GroupChange, GroupSetting};
use chatsrv::chat::name::{GroupName, UserName};
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::read::Notice;

use super::group_words::on_or_off;
use super::groups::set;

/// A change of a group, or a request to join, from a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The group.
    pub group: GroupName,
    /// The text to show.
    pub text: SafeText,
    /// What the client has to note.
    pub effect: Effect,
}

/// What a change of a group means for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// The user of this client has become a member.
    Joined,
    /// A member leaves; the reason was shown, and the notice of the change follows.
    Explained(UserName),
    /// A member has left.
    Left {
        /// The member.
        user: UserName,
        /// True if that is the user of this client.
        own: bool,
    },
    /// The group has ended.
    Ended,
}

impl News {
    /// Creates the news from a notice, if it is about a group; `own` is the user of this client.
    pub fn of(notice: &Notice<'_>, own: Option<UserName>) -> Option<Self> {
        let is_own = |user| own == Some(user);
        let (group, text, effect) = match *notice {
            Notice::Asks { group, user } => {
                let text = safe!("{user} asks you to join {group}; /joingroup {group}");
                (group, text, Effect::None)
            }
            Notice::WantsIn { group, user } => {
                let text = safe!("{user} wants to join {group}; /admit {group} {user}");
                (group, text, Effect::None)
            }
            Notice::Group { group, change, user } => {
                let (text, effect) = changed(group, change, user, is_own(user));
                (group, text, effect)
            }
            Notice::Topic { group, by, topic: "" } => {
                (group, safe!("{by} has taken the topic of {group} away"), Effect::None)
            }
            Notice::Topic { group, by, topic } => {
                (group, safe!("{by} has set the topic of {group}: {topic}"), Effect::None)
            }
            Notice::GroupNews { group, what, user, by, text } => {
                let user: Option<UserName> = user.parse().ok();
                let shown = told(group, (what, text), user, by, user.is_some_and(is_own));
                let effect = match (what, user) {
                    ("leave" | "expel", Some(user)) => Effect::Explained(user),
                    ("dissolve", _) => Effect::Ended,
                    _ => Effect::None,
                };
                (group, shown, effect)
            }
            _ => return None,
        };
        Some(News { group, text, effect })
    }
}

/// Tells a change of the members or of the admin.
fn changed(group: GroupName, change: GroupChange, user: UserName, own: bool) -> (SafeText, Effect) {
    match (change, own) {
        (GroupChange::Join, true) => (safe!("you are a member of {group} now"), Effect::Joined),
        (GroupChange::Join, false) => (safe!("{user} joined {group}"), Effect::None),
        (GroupChange::Leave, true) => {
            (safe!("you are no member of {group} any more"), Effect::Left { user, own })
        }
        (GroupChange::Leave, false) => (safe!("{user} left {group}"), Effect::Left { user, own }),
        (GroupChange::Admin, true) => (safe!("you are now the admin of {group}"), Effect::None),
        (GroupChange::Admin, false) => (safe!("{user} is now the admin of {group}"), Effect::None),
    }
}

/// Tells what only later servers announce.
fn told(
    group: GroupName,
    (what, text): (&str, &str),
    user: Option<UserName>,
    by: &str,
    own: bool,
) -> SafeText {
    let colon = if text.is_empty() { "" } else { ": " };
    match (what, user) {
        ("leave", Some(_)) if own => safe!("you left {group}{colon}{text}"),
        ("leave", Some(user)) => safe!("{user} left {group}{colon}{text}"),
        ("expel", Some(_)) if own => safe!("{by} has removed you from {group}{colon}{text}"),
        ("expel", Some(user)) => safe!("{by} has removed {user} from {group}{colon}{text}"),
        ("op", Some(_)) if own => safe!("{by} has made you an op of {group}"),
        ("op", Some(user)) => safe!("{by} has made {user} an op of {group}"),
        ("deop", Some(_)) if own => safe!("you are no op of {group} any more"),
        ("deop", Some(user)) => safe!("{user} is no op of {group} any more"),
        ("set", None) => match setting(text) {
            Some((setting, on)) => safe!("{} ({by})", set(group, setting, on)),
            None => safe!("{by} has set {text} in {group}"),
        },
        ("dissolve", None) => safe!("{by} has ended {group}"),
        (what, Some(user)) => safe!("{group}: {what} {user} by {by}{colon}{text}"),
        (what, None) => safe!("{group}: {what} by {by}{colon}{text}"),
    }
}

fn setting(text: &str) -> Option<(GroupSetting, bool)> {
    let (word, on) = text.split_once(' ')?;
    let setting = match word {
        "KEEP" => GroupSetting::Kept,
        "PUBLIC" => GroupSetting::Public,
        "OPENTOPIC" => GroupSetting::OpenTopic,
        _ => return None,
    };
    Some((setting, on_or_off(on)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatsrv::protocol::native::read::{Reading, ServerLine};

    fn news(line: &str) -> Option<News> {
        let Reading::Notice(notice) = ServerLine::parse(line).unwrap().read() else { return None };
        News::of(&notice, "alice".parse().ok())
    }

    #[test]
    fn notices_read_as_plain_words() {
        let said = [
            ("122 ASK #ops bob", "bob asks you to join #ops; /joingroup #ops"),
            ("123 JOIN #ops carol", "carol wants to join #ops; /admit #ops carol"),
            ("128 GROUP #ops join bob", "bob joined #ops"),
            ("128 GROUP #ops join Alice", "you are a member of #ops now"),
            ("128 GROUP #ops leave bob", "bob left #ops"),
            ("128 GROUP #ops admin alice", "you are now the admin of #ops"),
            ("135 TOPIC #ops bob", "bob has taken the topic of #ops away"),
            ("135 TOPIC #ops bob green tea", "bob has set the topic of #ops: green tea"),
            ("136 CHANGE #ops leave bob bob so long", "bob left #ops: so long"),
            ("136 CHANGE #ops expel bob carol", "carol has removed bob from #ops"),
            ("136 CHANGE #ops expel alice carol x", "carol has removed you from #ops: x"),
            ("136 CHANGE #ops op alice carol", "carol has made you an op of #ops"),
            ("136 CHANGE #ops deop bob carol", "bob is no op of #ops any more"),
            ("136 CHANGE #ops set - bob PUBLIC on", "everybody may join #ops now (bob)"),
            ("136 CHANGE #ops set - bob LOUD on", "bob has set LOUD on in #ops"),
            ("136 CHANGE #ops dissolve - carol", "carol has ended #ops"),
            ("136 CHANGE #ops paint bob carol red", "#ops: paint bob by carol: red"),
        ];
        for (line, text) in said {
            assert_eq!(news(line).map(|news| news.text.to_string()).as_deref(), Some(text));
        }
        for line in ["128 GROUP #ops", "128 GROUP #ops eat bob", "122 ASK ops bob", "127 ABORT 1 x"]
        {
            assert_eq!(news(line), None, "{line}");
        }
    }

    #[test]
    fn what_the_client_has_to_note_is_told() {
        let [alice, bob]: [UserName; 2] = ["alice", "bob"].map(|name| name.parse().unwrap());
        let effect = |line| news(line).unwrap().effect;
        assert_eq!(effect("128 GROUP #ops join alice"), Effect::Joined);
        let left = |user, own| Effect::Left { user, own };
        assert_eq!(effect("128 GROUP #ops leave alice"), left(alice, true));
        assert_eq!(effect("128 GROUP #ops leave bob"), left(bob, false));
        assert_eq!(effect("136 CHANGE #ops expel bob carol"), Effect::Explained(bob));
        assert_eq!(effect("136 CHANGE #ops dissolve - carol"), Effect::Ended);
        assert_eq!(effect("135 TOPIC #ops bob"), Effect::None);
    }
}
