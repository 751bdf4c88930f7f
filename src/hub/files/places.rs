//! The places for transfers: how many of the files that may be open at a time are one user's, or
//! those of strangers.
//!
//! What is held is counted when somebody asks for more, by the transfers of the sessions: so no
//! count can go wrong.

use crate::hub::accounts::directory::{OPERATOR, UserIndex};
use crate::hub::context::{Core, Cx};
use crate::hub::effect::Effect;
use crate::hub::input::ConnId;
use crate::hub::people::People;
use crate::hub::sessions::Session;
use crate::limits::{
    DOWNLOADS_MAX, GUEST_PLACES_SHARE, GUEST_TRANSFERS_PER_NETWORK_MAX, UPLOADS_MAX,
    USER_PLACES_SHARE,
};

/// The places for transfers.
#[derive(Debug)]
pub struct Places {
    /// The number of places.
    all: usize,
    /// Strangers who have transfers, and some who had.
    guests: Vec<ConnId>,
}

impl Places {
    /// Creates so many places.
    pub fn new(all: usize) -> Self {
        Places { all, guests: Vec::new() }
    }

    /// Returns true if a session may have one more transfer. If strangers have too many together,
    /// those that stand still are to end.
    pub fn may_have_one(&mut self, conn: ConnId, people: People<'_>, cx: &mut Cx<'_>) -> bool {
        let Some(session) = cx.core.sessions.get(conn) else { return true };
        match session.user() {
            Some(OPERATOR) => true,
            Some(user) => self.may_user(user, people, cx.core),
            None => {
                let network = session.from.network();
                self.guests.retain(|guest| guest_of(*guest, cx.core).is_some());
                let held = |guests: &[ConnId], is_meant: &dyn Fn(&Session) -> bool| -> usize {
                    let sessions = guests.iter().filter_map(|guest| guest_of(*guest, cx.core));
                    sessions.filter(|one| is_meant(one)).map(|one| one.replies.transfers()).sum()
                };
                if held(&self.guests, &|guest| guest.from.network() == network)
                    >= GUEST_TRANSFERS_PER_NETWORK_MAX
                {
                    return false;
                }
                if held(&self.guests, &|_| true) >= (self.all / GUEST_PLACES_SHARE).max(1) {
                    cx.effects.push(Effect::PlaceWanted);
                    return false;
                }
                if !self.guests.contains(&conn) {
                    self.guests.push(conn);
                }
                true
            }
        }
    }

    fn may_user(&self, user: UserIndex, people: People<'_>, core: &Core) -> bool {
        let sessions = people.presence.sessions_of(user);
        let sessions = sessions.filter_map(|conn| core.sessions.get(conn));
        let held: usize = sessions.map(|session| session.replies.transfers()).sum();
        // Where there are few places, a program may still have as many transfers as one connection
        // may, but no more than a quarter of them; and one transfer each way.
        let few = (DOWNLOADS_MAX + UPLOADS_MAX).min(self.all / 4).max(2);
        held < (self.all / USER_PLACES_SHARE).max(few)
    }
}

/// The session of a stranger who has transfers.
fn guest_of(conn: ConnId, core: &Core) -> Option<&Session> {
    let session = core.sessions.get(conn)?;
    (session.user().is_none() && session.replies.transfers() > 0).then_some(session)
}
