//! The table of verbs: the commands of a client, with their words and what they do.

use std::fmt;

/// One row of the table of verbs.
struct VerbRow {
    verb: Verb,
    name: &'static str,
    words: &'static str,
    summary: &'static str,
}

/// Declares [`Verb`] and its table together, so that no verb is without its row.
macro_rules! verbs {
    ($($verb:ident $name:literal $words:literal $summary:literal;)*) => {
        /// The verb of a command.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Verb {
            $(#[doc = $summary] $verb,)*
        }

        impl Verb {
            /// Every verb, in the order in which HELP lists them.
            pub const ALL: &[Verb] = &[$(Verb::$verb),*];
        }

        const ROWS: &[VerbRow] = &[$(
            VerbRow { verb: Verb::$verb, name: $name, words: $words, summary: $summary },
        )*];
    };
}

verbs! {
    User "USER" "name [TAKEOVER|BESIDE] [INVITE code]" "log in, or register a new name";
    Token "TOKEN" "[FOR name|END]" "get a token that logs in without the password";
    Resume "RESUME" "name token [BESIDE]" "log in with a token";
    Sessions "SESSIONS" "" "list the devices on which you are logged in, or can be";
    Endsession "ENDSESSION" "n|all" "end the session and the tokens of another device";
    Passwd "PASSWD" "" "change the password, step by step";
    Unregister "UNREGISTER" "[ERASE]" "remove your account, or all that you said and sent, too";
    Export "EXPORT" "" "get all that is yours as a file";
    Pm "PM" "" "send a message to everyone, step by step";
    Dm "DM" "" "send a message to one user, step by step";
    Key "KEY" "word" "mark the next message, so that it can be sent again and not come twice";
    Unread "UNREAD" "" "list the chats in which something is unread";
    Chats "CHATS" "[before-id]" "list all your chats, the newest first";
    Open "OPEN" "chat [n]" "list what is unread in a chat, or its last n messages";
    History "HISTORY" "chat before-id n" "list the n messages before one";
    After "AFTER" "chat id n" "list the n messages after one";
    Search "SEARCH" "chat words" "list the messages that hold all the words";
    Seen "SEEN" "chat id" "mark all up to a message as read";
    Delete "DELETE" "id" "remove a message or a sent file";
    Who "WHO" "" "list who is online";
    Whois "WHOIS" "user" "list what is known of a user";
    Nick "NICK" "text" "choose the name that people see beside yours";
    Quiet "QUIET" "on|off" "turn the notices of who comes and goes off or on";
    Away "AWAY" "[reason]" "tell people that you are away, or back";
    Monitor "MONITOR" "user on|off" "be told when a user comes and goes, whatever QUIET says";
    Ignore "IGNORE" "user on|off" "let nothing of a user reach you directly, or let it again";
    Ignored "IGNORED" "" "list whom you ignore";
    Askfirst "ASKFIRST" "on|off" "be asked before you are added to a group, or not";
    Report "REPORT" "user [id] reason" "tell the administrators of a user, or of a message";
    Motd "MOTD" "" "list the message of the day";
    More "MORE" "on|off" "be sent what older clients don't know, or no longer";
    Ls "LS" "[path]" "list a folder of the shared files";
    Get "GET" "offset name" "download a file from an offset on";
    Put "PUT" "size name" "upload a file into the shared folder";
    Rm "RM" "path" "remove a file or an empty folder of the shared files";
    Sendfile "SENDFILE" "target size name" "send a file to everyone, a user or a group";
    Expect "EXPECT" "stream sha256" "say which SHA-256 an upload is to have";
    Sum "SUM" "name" "tell the SHA-256 of a file";
    Abort "ABORT" "stream" "end a transfer";
    Mkgroup "MKGROUP" "[#name] user..." "make a group of all these users";
    Mkgroupreq "MKGROUPREQ" "[#name] user..." "make a group and ask these users to join";
    Mkpublic "MKPUBLIC" "#name" "make a group that everybody may join, and that is kept";
    Join "JOIN" "#group" "join a group, or ask to";
    Ask "ASK" "#group user" "ask a user to join a group";
    Decline "DECLINE" "#group" "don't join a group that asks you to";
    Admit "ADMIT" "#group user" "let a user join who asked to";
    Refuse "REFUSE" "#group user [EVER]" "don't let a user join who asked to, or never";
    Expel "EXPEL" "#group user [EVER] [reason]" "remove a member from a group, or for ever";
    Shutout "SHUTOUT" "#group" "list who may not come into a group";
    Leave "LEAVE" "#group [reason]" "leave a group";
    Topic "TOPIC" "#group [text]" "set the topic of a group, or take it away";
    Opentopic "OPENTOPIC" "#group on|off" "let members set the topic of a group, or no longer";
    Public "PUBLIC" "#group on|off" "let everybody join a group, or no longer";
    Keep "KEEP" "#group on|off" "keep a group and its members over logouts and restarts";
    Op "OP" "#group user on|off" "make a member an op of a group, or no longer";
    Handover "HANDOVER" "#group user" "make a member the admin of a group";
    Dissolve "DISSOLVE" "#group" "end a group, its messages and files (administrators)";
    Groups "GROUPS" "[ALL|PUBLIC]" "list your groups, all, or those that everybody may join";
    Members "MEMBERS" "#group [ALL]" "list the members of a group, with all that is known";
    Info "INFO" "#group" "list what is known of a group";
    Up "UP" "[port]" "take direct chats, on the port of your number or on that one";
    Down "DOWN" "" "take no direct chats any more";
    Alive "ALIVE" "" "say that you are there, and ask whether you are still up";
    Call "CALL" "user" "get a user's address and a ticket for a direct chat";
    Kick "KICK" "user [reason]" "end a user's sessions (administrators)";
    Logout "LOGOUT" "user" "end a user's sessions and tokens (administrators)";
    Ban "BAN" "user [time] [reason]"
        "end a user's sessions and tokens, and let them in no more (administrators)";
    Unban "UNBAN" "user" "let a user in again (administrators)";
    Banaddr "BANADDR" "network [time] [reason]"
        "close all who come from a network, and let in nobody from there (administrators)";
    Unbanaddr "UNBANADDR" "network" "let people in from a network again (administrators)";
    Bans "BANS" "" "list the bans (administrators)";
    Mute "MUTE" "user time|off [reason]" "let a user say nothing, or again (administrators)";
    Setpasswd "SETPASSWD" "user" "give a user a password to begin with (administrators)";
    Adduser "ADDUSER" "name" "make an account, with such a password (administrators)";
    Accounts "ACCOUNTS" "[name]" "list the accounts behind a name (administrators)";
    Remove "REMOVE" "user [ERASE]"
        "remove an account, or all that it said and sent, too (the operator)";
    Reports "REPORTS" "" "list what users reported (administrators)";
    Resolve "RESOLVE" "n" "be done with a report (administrators)";
    Registration "REGISTRATION" "[open|invite|closed]"
        "say who may make an account until the next start, or ask (administrators)";
    Invite "INVITE" "[uses] [time]" "make an invitation (administrators)";
    Invites "INVITES" "" "list the invitations (administrators)";
    Uninvite "UNINVITE" "code" "take an invitation back (administrators)";
    Lockdown "LOCKDOWN" "on|off" "shut the door to strangers, or open it (administrators)";
    Audit "AUDIT" "[n]" "list the last lines of the audit log (administrators)";
    Admin "ADMIN" "user on|off" "make a user an administrator, or no longer (the operator)";
    Dump "DUMP" "" "list the server's figures (administrators)";
    Shutdown "SHUTDOWN" "[seconds]" "stop the server (administrators)";
    Help "HELP" "" "list the commands";
    Ex "EX" "" "log out and close the connection";
}

impl Verb {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The words that follow the verb, as in a synopsis.
    pub fn words(self) -> &'static str {
        self.row().words
    }

    /// What the command does, in one line.
    pub fn summary(self) -> &'static str {
        self.row().summary
    }

    /// The verb that `word` names, in upper or lower case.
    pub fn from_word(word: &str) -> Option<Verb> {
        ROWS.iter().find(|row| row.name.eq_ignore_ascii_case(word)).map(|row| row.verb)
    }

    fn row(self) -> &'static VerbRow {
        &ROWS[self as usize]
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_verbs() {
        for verb in Verb::ALL {
            assert_eq!(verb.row().verb, *verb);
            assert_eq!(Verb::from_word(verb.name()), Some(*verb));
            assert_eq!(Verb::from_word(&verb.name().to_lowercase()), Some(*verb));
        }
        assert_eq!(Verb::from_word("NOPE"), None);
    }
}
