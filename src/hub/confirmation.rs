//! The confirmation of a password by a session that is logged in, before something is done that
//! nobody else may do: change it, or end the account.

use crate::chat::answer::Done;
use crate::chat::close::CloseReason;
use crate::chat::kind::Kind;
use crate::chat::refusal::Refusal;
use crate::hub::context::Cx;
use crate::hub::input::ConnId;
use crate::hub::job::{Outcome, Value};
use crate::hub::try_again::not_checked;
use crate::limits::WRONG_PASSWORDS_MAX;

/// Returns true if a request of a kind confirms the password of a user who is logged in.
pub fn is_one(of: Kind) -> bool {
    matches!(of, Kind::ConfirmPassword | Kind::Unregister)
}

/// Answers a check of a password, unless it is right and something else follows. Returns true if
/// that is so.
pub fn confirmed(conn: ConnId, of: Kind, outcome: &Outcome, cx: &mut Cx<'_>) -> bool {
    let Some(session) = cx.session(conn) else { return false };
    match outcome {
        Ok(Value::PasswordRight) if of == Kind::Unregister => return true,
        Ok(Value::PasswordRight) => {
            session.has_confirmed_password = true;
            cx.answer(conn, of, Done::Done);
        }
        Ok(Value::PasswordWrong) => {
            session.wrong_passwords += 1;
            let is_last = session.wrong_passwords >= WRONG_PASSWORDS_MAX;
            cx.refuse(conn, of, Refusal::WrongPassword);
            if is_last {
                cx.close_in_turn(conn, CloseReason::WrongPassword);
            }
        }
        other => cx.refuse(conn, of, not_checked(other)),
    }
    false
}
