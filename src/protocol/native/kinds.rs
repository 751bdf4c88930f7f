//! The table of which verb makes which kinds of request.

use super::steps;
use super::verb::Verb;
use crate::chat::group::GroupSetting;
use crate::chat::kind::Kind;

/// Declares the table, and with it the ways from a verb to the kind that its command line makes,
/// which is the first one of its row, and back.
macro_rules! kinds {
    ($($verb:ident => $kind:ident $(($of:path))? $(, $other:ident $(($other_of:path))?)*;)*) => {
        /// The kind of request that the command line of a verb makes.
        pub fn kind(verb: Verb) -> Kind {
            match verb {
                $(Verb::$verb => Kind::$kind $(($of))?,)*
            }
        }

        /// The verb of a kind of request, if there is one.
        pub fn verb(of: Kind) -> Option<Verb> {
            match of {
                $(Kind::$kind $(($of))? $(| Kind::$other $(($other_of))?)* => Some(Verb::$verb),)*
                Kind::Unknown | Kind::Connect | Kind::Say | Kind::Step(_) => None,
            }
        }
    };
}

kinds! {
    User => Identify, LogIn;
    Token => Token, EndToken;
    Resume => Resume;
    Sessions => Sessions;
    Endsession => EndSession;
    Passwd => Step(steps::PASSWD), ConfirmPassword, SetPassword;
    Pm => Step(steps::PM);
    Dm => Reachable;
    Key => Step(steps::KEY);
    More => Step(steps::MORE_ON), Step(steps::MORE_OFF);
    Help => Step(steps::HELP);
    Unread => Unread;
    Chats => Chats;
    Open => Open;
    History => History;
    After => After;
    Search => Search;
    Seen => Seen;
    Delete => Delete;
    Who => Who;
    Nick => Nick;
    Quiet => Quiet;
    Away => Away;
    Monitor => Monitor;
    Whois => Whois;
    Ignore => Ignore;
    Ignored => Ignored;
    Askfirst => AskFirst;
    Report => Report;
    Motd => Motd;
    Export => Export;
    Unregister => Step(steps::UNREGISTER), Unregister;
    Ls => Ls;
    Get => Get;
    Sum => Sum;
    Put => Put;
    Rm => RemoveFile;
    Sendfile => Sendfile;
    Expect => Expect;
    Abort => Abort;
    Mkgroup => Mkgroup;
    Mkgroupreq => Mkgroupreq;
    Mkpublic => Mkpublic;
    Join => Join;
    Ask => Ask;
    Decline => Decline;
    Admit => Admit;
    Refuse => Refuse;
    Expel => Expel;
    Shutout => ShutOut;
    Leave => Leave;
    Topic => Topic;
    Opentopic => Set(GroupSetting::OpenTopic);
    Public => Set(GroupSetting::Public);
    Keep => Set(GroupSetting::Kept);
    Op => Op;
    Handover => Handover;
    Dissolve => Dissolve;
    Groups => Groups;
    Members => Members;
    Info => Info;
    Up => Up;
    Down => Down;
    Alive => Alive;
    Call => Call;
    Kick => Kick;
    Logout => LogOut;
    Ban => Ban;
    Unban => Unban;
    Banaddr => BanNetwork;
    Unbanaddr => UnbanNetwork;
    Bans => Bans;
    Mute => Mute;
    Setpasswd => ResetPassword;
    Adduser => AddUser;
    Accounts => Accounts;
    Remove => Remove;
    Reports => Reports;
    Resolve => Resolve;
    Registration => Registration;
    Invite => Invite;
    Invites => Invites;
    Uninvite => Uninvite;
    Lockdown => Lockdown;
    Audit => Audit;
    Admin => Admin;
    Dump => Dump;
    Shutdown => Shutdown;
    Ex => Ex;
}

/// The verb that switches a setting of a group.
pub fn setting_verb(setting: GroupSetting) -> Verb {
    match setting {
        GroupSetting::Kept => Verb::Keep,
        GroupSetting::Public => Verb::Public,
        GroupSetting::OpenTopic => Verb::Opentopic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_makes_a_kind_of_its_own() {
        for verb in Verb::ALL {
            assert_eq!(super::verb(kind(*verb)), Some(*verb));
        }
        for setting in [GroupSetting::Kept, GroupSetting::Public, GroupSetting::OpenTopic] {
            assert_eq!(kind(setting_verb(setting)), Kind::Set(setting));
        }
    }
}
