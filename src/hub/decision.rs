//! Decisions of administrators: what each of them asks for, changes and is answered with.

use crate::chat::account::Account;
use crate::chat::answer::Done;
use crate::chat::entry::Entry;
use crate::chat::kind::Kind;
use crate::chat::name::Number;
use crate::chat::sanction::{Sanction, Sanctioned};
use crate::chat::sha256::Sha256Sum;
use crate::chat::term::{Term, Until};
use crate::chat::text::Reason;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::audit::Deed;
use crate::hub::context::{Caller, Cx};
use crate::hub::input::ConnId;
use crate::hub::job::Value;

/// A decision of an administrator.
#[derive(Clone, Debug)]
pub enum Decision {
    /// There is a sanction, or it is lifted.
    Sanction(Sanctioned, Option<Sanction>),
    /// Makes the user an administrator, or takes that role away.
    Administrator(UserIndex, bool),
    /// Ends the user's sessions and tokens.
    LogOut(UserIndex),
    /// Gives the user a password that has to be replaced.
    ResetPassword(UserIndex),
    /// Makes an account with such a password.
    AddAccount(Account),
    /// Makes an invitation for so many accounts, until a time.
    Invite(u32, Until),
    /// Takes invitations back.
    Uninvite(Box<[Sha256Sum]>),
}

/// A kind of sanction against a user.
#[derive(Clone, Copy, Debug)]
pub enum UserSanction {
    /// The user is not let in.
    Ban,
    /// The user may read, and say nothing.
    Mute,
}

impl UserSanction {
    pub fn of(self, user: Number) -> Sanctioned {
        match self {
            UserSanction::Ban => Sanctioned::Ban(user),
            UserSanction::Mute => Sanctioned::Mute(user),
        }
    }

    /// The kind of the request that asks for it, or that lifts it.
    pub fn request(self, begins: bool) -> Kind {
        match self {
            UserSanction::Ban if begins => Kind::Ban,
            UserSanction::Ban => Kind::Unban,
            UserSanction::Mute => Kind::Mute,
        }
    }
}

/// For how long, and why.
#[derive(Debug)]
pub struct Sentence {
    pub term: Term,
    pub reason: Option<Reason>,
}

/// A change that is on disk and is to hold from now on.
#[derive(Debug)]
pub struct Decided {
    pub entries: Vec<Entry>,
    /// The user whose sessions are to end.
    pub logs_out: Option<UserIndex>,
    /// The answer that is due once it holds.
    pub due: Option<DueAnswer>,
}

/// The answer to the request for a change.
#[derive(Debug)]
pub struct DueAnswer {
    pub conn: ConnId,
    pub of: Kind,
    pub done: Done,
}

impl Decision {
    /// The kind of the request that asks for it.
    pub fn kind(&self) -> Kind {
        match self {
            Decision::Sanction(Sanctioned::Ban(_), Some(_)) => Kind::Ban,
            Decision::Sanction(Sanctioned::Ban(_), None) => Kind::Unban,
            Decision::Sanction(Sanctioned::Mute(_), _) => Kind::Mute,
            Decision::Sanction(Sanctioned::Network(_), Some(_)) => Kind::BanNetwork,
            Decision::Sanction(Sanctioned::Network(_), None) => Kind::UnbanNetwork,
            Decision::Administrator(..) => Kind::Admin,
            Decision::LogOut(_) => Kind::LogOut,
            Decision::ResetPassword(_) => Kind::ResetPassword,
            Decision::AddAccount(_) => Kind::AddUser,
            Decision::Invite(..) => Kind::Invite,
            Decision::Uninvite(_) => Kind::Uninvite,
        }
    }

    /// The answer once it holds, for which the store may have drawn a password.
    pub fn done(&self, value: &Value) -> Option<Done> {
        Some(match (self, value) {
            (Decision::Sanction(..) | Decision::LogOut(_) | Decision::Uninvite(_), Value::Done) => {
                Done::Done
            }
            (Decision::Invite(uses, until), Value::Token(code)) => {
                let code = code.expose().parse().ok()?;
                Done::Invited { code, uses: *uses, until: *until }
            }
            (Decision::Administrator(_, admin), Value::Done) => Done::Switched(*admin),
            (Decision::ResetPassword(_), Value::Token(password)) => {
                Done::PasswordSet(password.clone())
            }
            (Decision::AddAccount(Account { name, number, .. }), Value::Token(password)) => {
                Done::AccountAdded { name: *name, number: *number, password: password.clone() }
            }
            _ => return None,
        })
    }

    /// Tells the audit log of it.
    pub fn tell(&self, Caller { conn, user: by }: Caller, accounts: &Accounts, cx: &mut Cx<'_>) {
        let done_to = |event, user| Deed::of(event, user).by(accounts.name(by)).over(conn);
        match self {
            Decision::Sanction(whom, sanction) => {
                let (event, user) = match (whom, sanction) {
                    (Sanctioned::Ban(user), Some(_)) => ("ban", Some(user)),
                    (Sanctioned::Ban(user), None) => ("unban", Some(user)),
                    (Sanctioned::Mute(user), _) => ("mute", Some(user)),
                    (Sanctioned::Network(_), Some(_)) => ("banaddr", None),
                    (Sanctioned::Network(_), None) => ("unbanaddr", None),
                };
                let network = match whom {
                    Sanctioned::Network(network) => Some(format!("network={network}")),
                    _ => None,
                };
                let until = sanction.as_ref().map(|sanction| sanction.until);
                let until =
                    until.map_or_else(|| "until=-".into(), |until| format!("until={until}"));
                let more: Vec<String> = network.into_iter().chain([until]).collect();
                let more = more.join(" ");
                let reason = sanction.as_ref().and_then(|sanction| sanction.reason.as_ref());
                let deed = done_to(event, user.map(|user| accounts.name_of(*user)));
                cx.audit(&deed.because(reason).with(format_args!("{more}")));
            }
            Decision::Administrator(user, admin) => {
                let how = format_args!("how={}", if *admin { "on" } else { "off" });
                cx.audit(&done_to("admin", Some(accounts.name(*user))).with(how));
            }
            Decision::LogOut(user) => {
                cx.audit(&done_to("logout", Some(accounts.name(*user))));
            }
            Decision::ResetPassword(user) => {
                cx.audit(&done_to("setpasswd", Some(accounts.name(*user))));
            }
            Decision::AddAccount(account) => cx.audit(&done_to("adduser", Some(account.name))),
            Decision::Invite(uses, until) => {
                let more = format_args!("uses={uses} until={until}");
                cx.audit(&done_to("invite", None).with(more));
            }
            Decision::Uninvite(_) => cx.audit(&done_to("uninvite", None)),
        }
    }

    /// The changes that it brings.
    pub fn entries(self, by: Number, accounts: &Accounts) -> Vec<Entry> {
        match self {
            Decision::Sanction(whom, sanction) => vec![Entry::SanctionSet { whom, by, sanction }],
            Decision::Administrator(user, admin) => {
                vec![Entry::AdministratorSet { user: accounts.number(user), by, admin }]
            }
            Decision::LogOut(_) | Decision::Invite(..) | Decision::Uninvite(_) => Vec::new(),
            Decision::ResetPassword(user) => {
                vec![Entry::PasswordReset { user: accounts.number(user), by }]
            }
            Decision::AddAccount(account) => {
                let user = account.number;
                vec![Entry::AccountAdded(account), Entry::PasswordReset { user, by }]
            }
        }
    }
}
