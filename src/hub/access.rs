//! The table of permissions: which sessions may make which requests.

use crate::chat::access::Access;
use crate::chat::kind::Kind;
use crate::chat::refusal::Refusal;
use crate::hub::accounts::roles::Role;

/// The sessions that may make requests of a kind.
fn access(of: Kind) -> Access {
    match of {
        Kind::Unknown | Kind::Connect | Kind::Ex | Kind::Alive => Access::Anyone,
        Kind::Step(step) => step.access,
        Kind::Identify | Kind::LogIn | Kind::Resume => Access::Guest,
        Kind::Get => Access::FileReader,
        Kind::Say | Kind::Reachable => Access::Speaker,
        Kind::Who | Kind::Quiet | Kind::Monitor | Kind::Whois => Access::User,
        Kind::Ignore | Kind::Ignored | Kind::Report | Kind::Motd => Access::User,
        Kind::Ls | Kind::Sum | Kind::Abort | Kind::RemoveFile => Access::User,
        Kind::Put | Kind::Sendfile => Access::Speaker,
        Kind::Expect => Access::User,
        Kind::Mkgroup | Kind::Mkgroupreq | Kind::Mkpublic => Access::Speaker,
        Kind::Join | Kind::Ask | Kind::Topic => Access::Speaker,
        Kind::Decline | Kind::Admit | Kind::Refuse | Kind::Leave => Access::User,
        Kind::Set(_) | Kind::Op | Kind::Handover => Access::User,
        Kind::Expel | Kind::ShutOut => Access::User,
        Kind::Groups | Kind::Members | Kind::Info => Access::User,
        Kind::Token | Kind::EndToken | Kind::Sessions | Kind::EndSession => Access::Account,
        Kind::ConfirmPassword | Kind::SetPassword => Access::PasswordHolder,
        Kind::Nick | Kind::Away | Kind::Up => Access::Account,
        Kind::AskFirst | Kind::Export | Kind::Unregister => Access::Account,
        Kind::Call => Access::Speaker,
        Kind::Down => Access::User,
        Kind::Kick | Kind::LogOut | Kind::Mute | Kind::Dissolve => Access::Administrator,
        Kind::Ban | Kind::Unban | Kind::Bans => Access::Administrator,
        Kind::BanNetwork | Kind::UnbanNetwork => Access::Administrator,
        Kind::ResetPassword | Kind::AddUser | Kind::Accounts => Access::Administrator,
        Kind::Reports | Kind::Resolve | Kind::Audit => Access::Administrator,
        Kind::Registration | Kind::Lockdown => Access::Administrator,
        Kind::Invite | Kind::Invites | Kind::Uninvite => Access::Administrator,
        Kind::Dump | Kind::Shutdown => Access::Administrator,
        Kind::Admin | Kind::Remove => Access::Operator,
        Kind::Unread | Kind::Chats | Kind::Open | Kind::History | Kind::After => Access::User,
        Kind::Search | Kind::Seen | Kind::Delete => Access::User,
    }
}

/// Returns true if requests of a kind are not for users who are muted.
pub fn is_speech(of: Kind) -> bool {
    let is_said = matches!(access(of), Access::Speaker | Access::Broadcaster);
    is_said || matches!(of, Kind::Nick | Kind::Away)
}

/// Returns true if requests of a kind are taken of users who have to replace their password first.
pub fn is_open_to_all(of: Kind) -> bool {
    matches!(access(of), Access::Anyone | Access::PasswordHolder)
}

/// Checks that a session of a role may make requests of a kind.
///
/// # Errors
/// The refusal with which the request is to be answered.
pub fn check(role: Role, of: Kind, public_files: bool) -> Result<(), Refusal> {
    let is_guest = role == Role::Guest;
    match access(of) {
        Access::Anyone => Ok(()),
        Access::Guest if is_guest => Ok(()),
        Access::Guest => Err(Refusal::LoggedInAlready),
        Access::FileReader if public_files => Ok(()),
        _ if is_guest => Err(Refusal::NotLoggedIn),
        Access::Account | Access::PasswordHolder if role == Role::Operator => {
            Err(Refusal::NoAccount)
        }
        Access::Administrator if role < Role::Administrator => Err(Refusal::AdministratorsOnly),
        Access::Operator if role < Role::Operator => Err(Refusal::OperatorOnly),
        _ => Ok(()),
    }
}
