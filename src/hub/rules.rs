//! What is for administrators alone on this server, and what young accounts may not do yet.

use crate::chat::access::Access;
use crate::chat::kind::Kind;
use crate::chat::name::Target;
use crate::chat::refusal::Refusal;
use crate::chat::request::Request;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::accounts::roles::Role;
use crate::hub::config::{Permitted, Rules};
use crate::hub::context::Core;

/// What a request does that there are rules about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// Writes to everyone.
    Broadcast,
    /// Sends a file to everyone.
    SendToAll,
    /// Makes a group.
    MakeGroup,
    /// Uploads into the shared folder.
    Upload,
    /// Calls somebody.
    Call,
}

impl Act {
    /// What a request of a kind does, whether it could be decoded or not; none if there are no
    /// rules about it.
    fn of(of: Kind, request: Option<&Request>) -> Option<Self> {
        match (of, request) {
            (Kind::Say, Some(Request::Say { to: Target::Everyone, .. })) => Some(Act::Broadcast),
            (Kind::Step(step), _) if step.access == Access::Broadcaster => Some(Act::Broadcast),
            (Kind::Sendfile, Some(Request::Sendfile { to: Target::Everyone, .. })) => {
                Some(Act::SendToAll)
            }
            (Kind::Mkgroup | Kind::Mkgroupreq | Kind::Mkpublic, _) => Some(Act::MakeGroup),
            (Kind::Put, _) => Some(Act::Upload),
            (Kind::Call, _) => Some(Act::Call),
            _ => None,
        }
    }

    /// Who may do it.
    fn permitted(self, rules: &Rules) -> Permitted {
        match self {
            Act::Broadcast => rules.broadcast,
            Act::MakeGroup => rules.group_makers,
            Act::Upload => rules.uploads,
            Act::SendToAll | Act::Call => Permitted::All,
        }
    }
}

/// Checks that the rules let a user make a request. Of one that could not be decoded the kind is
/// known.
///
/// # Errors
/// The refusal with which the request is to be answered.
pub fn check(
    user: UserIndex,
    (of, request): (Kind, Option<&Request>),
    accounts: &Accounts,
    core: &Core,
) -> Result<(), Refusal> {
    let Some(act) = Act::of(of, request) else { return Ok(()) };
    let rules = &core.config.rules;
    let is_administrator = accounts.roles.of(Some(user)) >= Role::Administrator;
    match act.permitted(rules) {
        Permitted::Nobody => Err(Refusal::UploadsOff),
        _ if is_administrator => Ok(()),
        Permitted::Administrators => Err(Refusal::NotForUsers),
        Permitted::All => {
            let made = u64::from(accounts.account(user).created);
            let left = (made + u64::from(rules.probation)).saturating_sub(core.seconds());
            match u32::try_from(left).unwrap_or(u32::MAX) {
                0 => Ok(()),
                left => Err(Refusal::Young(left)),
            }
        }
    }
}
