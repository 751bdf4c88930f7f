//! The commands of administrators and of the operator: the words of a verb, checked as the server
//! checks them, and the texts for the replies.

use chatsrv::chat::moderation::Moderation;
use chatsrv::chat::name::UserName;
use chatsrv::chat::registration::Registration;
use chatsrv::chat::request::Request;
use chatsrv::chat::term::Term;
use chatsrv::chat::text::Text;
use chatsrv::display::moderation::until;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::command::Command;
use chatsrv::protocol::native::kinds;
use chatsrv::protocol::native::parse::parse_command;
use chatsrv::protocol::native::read::{FinalReply, ReplyWords};
use chatsrv::protocol::native::verb::Verb;

use super::group_words::first_and_rest;

/// A command of an administrator or of the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Administration {
    words: String,
    /// What it asks for.
    pub meant: Moderation,
}

impl Administration {
    /// Parses the words of a verb; `None` if the server would not understand them.
    pub fn read(verb: Verb, words: &str) -> Option<Self> {
        let words = single_spaced(words);
        let line = format!("{verb} {words}");
        match parse_command(Text::new(line.trim_end()).ok()?).ok()? {
            Command::Ask(Request::Moderate(meant)) => Some(Administration { words, meant }),
            _ => None,
        }
    }

    /// The list of the accounts behind a name.
    pub fn accounts_after(name: UserName) -> Self {
        let meant = Moderation::Accounts { after: Some(name) };
        Administration { words: name.to_string(), meant }
    }

    /// The verb of the request.
    pub fn verb(&self) -> Verb {
        // Every request of administrators has a verb.
        kinds::verb(self.meant.kind()).unwrap_or(Verb::Help)
    }

    /// The arguments of the request.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// The text to show for an empty list.
    pub fn nothing(&self) -> Option<&'static str> {
        match self.meant {
            Moderation::Bans => Some("nobody is banned"),
            Moderation::Accounts { after: None } => Some("there are no accounts"),
            Moderation::Accounts { after: Some(_) } => Some("there are no accounts behind that"),
            Moderation::Reports => Some("there are no reports"),
            Moderation::Invites => Some("there are no invitations"),
            Moderation::Audit(_) => Some("nothing is in the audit log yet"),
            _ => None,
        }
    }

    /// The text to show after success; `None` for lists.
    pub fn done(&self, reply: &FinalReply<'_>) -> Option<SafeText> {
        Some(match &self.meant {
            Moderation::Kick { .. } => safe!("that session is over"),
            Moderation::LogOut(user) => safe!("the sessions and tokens of {user} are over"),
            Moderation::Ban { term, .. } => safe!("that user is let in no more{}", limit(*term)),
            Moderation::Unban(_) => safe!("that user is let in again"),
            Moderation::BanNetwork { network, term, .. } => {
                safe!("nobody is let in from {network}{}", limit(*term))
            }
            Moderation::UnbanNetwork(network) => safe!("people from {network} are let in again"),
            Moderation::Mute { user, term: None, .. } => safe!("{user} may speak again"),
            Moderation::Mute { user, term: Some(Term::Ever), .. } => {
                safe!("{user} is muted for ever")
            }
            Moderation::Mute { user, term: Some(term), .. } => {
                safe!("{user} is muted{}", limit(*term))
            }
            Moderation::Remove { user, erase: false } => safe!("the account of {user} is gone"),
            Moderation::Remove { user, erase: true } => {
                safe!("the account of {user} is gone, and all that was said and sent goes")
            }
            Moderation::Resolve(number) => safe!("report {number} is done with"),
            Moderation::Uninvite(_) => safe!("that invitation is good no more"),
            Moderation::Lockdown(true) => safe!("the door is shut to strangers and newcomers"),
            Moderation::Lockdown(false) => safe!("the door is open again"),
            Moderation::Admin { admin: true, .. } => safe!("that user is an administrator now"),
            Moderation::Admin { admin: false, .. } => {
                safe!("that user is no administrator any more")
            }
            Moderation::Shutdown { .. } => safe!("the server stops"),
            Moderation::ResetPassword(_)
            | Moderation::AddUser(_)
            | Moderation::Registration(_)
            | Moderation::Invite { .. } => told(reply),
            Moderation::Bans
            | Moderation::Accounts { .. }
            | Moderation::Reports
            | Moderation::Invites
            | Moderation::Audit(_)
            | Moderation::Dump => return None,
        })
    }
}

/// Says what only the server's reply tells.
fn told(reply: &FinalReply<'_>) -> SafeText {
    const HINT: &str = "is good for a day, and has to be changed at the login";
    match reply.words {
        ReplyWords::PasswordSet { password } => safe!("{} {HINT}", password.expose()),
        ReplyWords::AccountAdded { name, number, password } => {
            safe!("{name} is there, number {number}; the password {} {HINT}", password.expose())
        }
        ReplyWords::Registration { how: Registration::Open } => {
            safe!("everybody may make an account")
        }
        ReplyWords::Registration { how: Registration::Invite } => {
            safe!("who has an invitation may make an account")
        }
        ReplyWords::Registration { how: Registration::Closed } => {
            safe!("nobody may make an account")
        }
        ReplyWords::Invited { code, uses, until: end } => {
            let accounts = if uses == 1 { "account" } else { "accounts" };
            safe!("{} makes {uses} {accounts}, {}", code.expose(), until(end))
        }
        _ => SafeText::new(reply.text),
    }
}

/// How long something lasts, behind what does.
fn limit(term: Term) -> String {
    match term {
        Term::For(_) => format!(" for {term}"),
        Term::Ever => String::new(),
    }
}

/// The words with single spaces before the third.
fn single_spaced(words: &str) -> String {
    let (first, rest) = first_and_rest(words);
    let (second, rest) = first_and_rest(rest);
    format!("{first} {second} {rest}").trim_end().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatsrv::protocol::native::read::{Reading, ServerLine};

    fn read(verb: Verb, words: &str) -> Option<String> {
        let command = Administration::read(verb, words)?;
        Some(format!("{} {}", command.verb(), command.words()).trim_end().to_string())
    }

    #[test]
    fn words_become_requests() {
        let requests = [
            (Verb::Kick, "bob", "KICK bob"),
            (Verb::Kick, " bob  be quiet  now ", "KICK bob be quiet  now"),
            (Verb::Ban, "10417", "BAN 10417"),
            (Verb::Ban, "bob 7d  too loud", "BAN bob 7d too loud"),
            (Verb::Banaddr, "192.0.2.0/24 2h a raid", "BANADDR 192.0.2.0/24 2h a raid"),
            (Verb::Unbanaddr, "2001:db8::/48", "UNBANADDR 2001:db8::/48"),
            (Verb::Mute, "bob 30m", "MUTE bob 30m"),
            (Verb::Mute, "bob OFF", "MUTE bob OFF"),
            (Verb::Accounts, "", "ACCOUNTS"),
            (Verb::Accounts, "m", "ACCOUNTS m"),
            (Verb::Remove, "bob erase", "REMOVE bob erase"),
            (Verb::Resolve, "3", "RESOLVE 3"),
            (Verb::Registration, "", "REGISTRATION"),
            (Verb::Registration, "closed", "REGISTRATION closed"),
            (Verb::Invite, "5 7d", "INVITE 5 7d"),
            (Verb::Uninvite, "abcd", "UNINVITE abcd"),
            (Verb::Lockdown, "on", "LOCKDOWN on"),
            (Verb::Audit, "20", "AUDIT 20"),
            (Verb::Admin, "bob ON", "ADMIN bob ON"),
            (Verb::Dump, "", "DUMP"),
            (Verb::Shutdown, "30", "SHUTDOWN 30"),
        ];
        for (verb, words, line) in requests {
            assert_eq!(read(verb, words).as_deref(), Some(line));
        }
    }

    #[test]
    fn words_that_the_server_would_not_understand_are_none() {
        let wrong = [
            (Verb::Kick, ""),
            (Verb::Ban, "bob 3651d"),
            (Verb::Ban, "4x"),
            (Verb::Banaddr, "bob"),
            (Verb::Mute, "bob"),
            (Verb::Mute, "bob loud"),
            (Verb::Unban, "bob x"),
            (Verb::Admin, "bob maybe"),
            (Verb::Registration, "maybe"),
            (Verb::Invite, "0"),
            (Verb::Audit, "1001"),
            (Verb::Shutdown, "-1"),
            (Verb::Dump, "x"),
            // It is no verb of administrators.
            (Verb::Who, ""),
        ];
        for (verb, words) in wrong {
            assert_eq!(read(verb, words), None, "{verb} {words}");
        }
    }

    #[test]
    fn replies_are_told_in_words() {
        let done = |verb, words: &str, line: &str| {
            let Reading::Final(reply) = ServerLine::parse(line).unwrap().read() else {
                panic!("{line}");
            };
            Administration::read(verb, words).unwrap().done(&reply).unwrap().to_string()
        };
        assert_eq!(done(Verb::Ban, "bob", "250 BAN x"), "that user is let in no more");
        assert_eq!(done(Verb::Ban, "bob 7d", "250 BAN x"), "that user is let in no more for 7d");
        assert_eq!(done(Verb::Mute, "bob 2h", "250 MUTE x"), "bob is muted for 2h");
        assert_eq!(done(Verb::Mute, "bob off", "250 MUTE x"), "bob may speak again");
        let set = done(Verb::Setpasswd, "bob", "250 SETPASSWD w0rd");
        assert!(set.starts_with("w0rd is good for a day"), "{set}");
        let added = done(Verb::Adduser, "bob", "250 ADDUSER bob 10417 w0rd");
        assert!(added.starts_with("bob is there, number 10417; the password w0rd is"), "{added}");
        let how = done(Verb::Registration, "", "250 REGISTRATION invite");
        assert_eq!(how, "who has an invitation may make an account");
        let invited = done(Verb::Invite, "", "250 INVITE c0de 1 ever");
        assert_eq!(invited, "c0de makes 1 account, for ever");
    }
}
