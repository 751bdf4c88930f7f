//! Devices: the clients of each user, the tokens with which they log in again, and their sessions.
//!
//! The store has the devices that have tokens; the sessions know the devices that are logged in.
//! Only both together are all devices of a user.

use crate::chat::answer::{Done, Item};
use crate::chat::close::CloseReason;
use crate::chat::device::{Device, DeviceState, DevicesToEnd, TokenId};
use crate::chat::kind::Kind;
use crate::chat::name::{Number, UserName};
use crate::chat::refusal::{Failure, Refusal};
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::audit::Deed;
use crate::hub::context::{Caller, Cx};
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::outcome::{failed, kept};
use crate::hub::pending::{Domain, Pending};
use crate::hub::presence::Presence;
use crate::hub::snapshot::Snapshot;

/// The devices domain.
#[derive(Debug)]
pub struct Devices {
    /// By user: the highest number of a device, or 0.
    last: Vec<u32>,
    pending: Pending<DeviceJob>,
}

/// The purpose of a job on the devices of a user.
#[derive(Debug)]
enum DeviceJob {
    /// Makes a token for a session.
    MakeToken(ConnId),
    /// Notes that a token was used; nobody waits for that.
    TokenUsed,
    /// Lists the devices for a session, which is blocked until then.
    List(Caller),
    /// Ends tokens for a session. A refusal is due if there were none, and no session either.
    End { conn: ConnId, of: Kind, has_ended_session: bool },
}

impl Devices {
    /// Creates the domain from the highest numbers that the store knows.
    pub fn new(kept: &Snapshot, accounts: &Accounts) -> Self {
        let mut devices = Devices { last: Vec::new(), pending: Pending::new(Domain::Devices) };
        for (number, last) in &kept.devices {
            if let Some(user) = accounts.directory.find_number(*number) {
                *devices.last(user) = *last;
            }
        }
        devices
    }

    /// Draws the number of a new device of a user.
    pub fn next(&mut self, user: UserIndex) -> u32 {
        let last = self.last(user);
        *last += 1;
        *last
    }

    fn last(&mut self, user: UserIndex) -> &mut u32 {
        let at = user.0 as usize;
        if self.last.len() <= at {
            self.last.resize(at + 1, 0);
        }
        &mut self.last[at]
    }

    /// Has the store note that a device has logged in with a token.
    pub fn token_used(
        &mut self,
        Caller { conn, user }: Caller,
        token: TokenId,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        let Some(session) = cx.core.sessions.get(conn) else { return };
        let job = Job::UseToken { number: accounts.number(user), token, address: session.from };
        self.pending.begin(job, DeviceJob::TokenUsed, cx);
    }

    /// Handles TOKEN: has a token made, for the session's own device or for another program.
    pub fn make_token(
        &mut self,
        Caller { conn, user }: Caller,
        name: Option<UserName>,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        let own = cx.core.sessions.get(conn).map(|session| (session.device, session.from));
        let Some((own, address)) = own else { return };
        let device = match name {
            None => own,
            Some(_) => self.next(user),
        };
        let what = format_args!("device={device}");
        cx.audit(&Deed::of("token-made", accounts.name(user)).over(conn).with(what));
        let job = Job::MakeToken { number: accounts.number(user), device, name, address };
        let job = self.pending.begin(job, DeviceJob::MakeToken(conn), cx);
        cx.reply_after(conn, job);
    }

    /// Handles TOKEN END: ends the tokens of the session's device.
    pub fn end_own_tokens(&mut self, caller: Caller, number: Number, cx: &mut Cx<'_>) {
        let Some(session) = cx.core.sessions.get(caller.conn) else { return };
        let which = DevicesToEnd::One(session.device);
        self.end(caller.conn, Kind::EndToken, (number, which), true, cx);
    }

    /// Handles SESSIONS: lists the devices of a user.
    pub fn list(&mut self, caller: Caller, number: Number, cx: &mut Cx<'_>) {
        cx.block(caller.conn);
        self.pending.begin(Job::ListDevices(number), DeviceJob::List(caller), cx);
    }

    /// Handles ENDSESSION: ends the session and the tokens of another device, or of all others.
    pub fn end_others(
        &mut self,
        caller: Caller,
        device: Option<u32>,
        (number, presence): (Number, &Presence),
        cx: &mut Cx<'_>,
    ) {
        let Some(own) = cx.core.sessions.get(caller.conn).map(|session| session.device) else {
            return;
        };
        if device == Some(own) {
            return cx.refuse(caller.conn, Kind::EndSession, Refusal::NotWithYourself);
        }
        let mut has_ended_session = device.is_none();
        for conn in presence.open_sessions_of(caller.user) {
            let Some(session) = cx.core.sessions.get(conn) else { continue };
            if device.map_or(session.device != own, |device| session.device == device) {
                cx.close(conn, CloseReason::LoggedOut);
                has_ended_session = true;
            }
        }
        let which = device.map_or(DevicesToEnd::AllBut(own), DevicesToEnd::One);
        self.end(caller.conn, Kind::EndSession, (number, which), has_ended_session, cx);
    }

    fn end(
        &mut self,
        conn: ConnId,
        of: Kind,
        (number, which): (Number, DevicesToEnd),
        has_ended_session: bool,
        cx: &mut Cx<'_>,
    ) {
        let what = DeviceJob::End { conn, of, has_ended_session };
        let job = self.pending.begin(Job::EndDevices { number, which }, what, cx);
        cx.reply_after(conn, job);
    }

    /// Takes the outcome of a job.
    pub fn done(&mut self, id: JobId, outcome: Outcome, presence: &Presence, cx: &mut Cx<'_>) {
        match self.pending.take(id) {
            None => {}
            Some(DeviceJob::TokenUsed) => {
                if let Err(failure) = outcome {
                    log::debug!("the use of a token is not kept: {failure:?}");
                }
            }
            Some(DeviceJob::MakeToken(conn)) => {
                let result = match outcome {
                    Ok(Value::Token(token)) => Ok(Done::Token(token)),
                    other => Err(failed(&other)),
                };
                cx.resolve_answer(conn, id, Kind::Token, result);
            }
            Some(DeviceJob::List(caller)) => match outcome {
                _ if !cx.unblock(caller.conn) => {}
                Ok(Value::Devices(devices)) => {
                    let items = items(caller, devices, presence, cx);
                    cx.list(caller.conn, Kind::Sessions, items);
                }
                other => cx.refuse(caller.conn, Kind::Sessions, failed(&other)),
            },
            Some(DeviceJob::End { conn, of, has_ended_session }) => {
                let result = match outcome {
                    Err(Failure::NotFound) if has_ended_session => Ok(Done::Done),
                    Err(Failure::NotFound) => Err(Refusal::NoSuchSession),
                    other => kept(Done::Done, &other),
                };
                cx.resolve_answer(conn, id, of, result);
            }
        }
    }

    /// Returns true if a job is under way.
    pub fn is_under_way(&self, job: JobId) -> bool {
        self.pending.get(job).is_some()
    }

    /// The sessions that are blocked until their list is there.
    pub fn blocked(&self) -> impl Iterator<Item = ConnId> {
        self.pending.values().filter_map(|job| match job {
            DeviceJob::List(caller) => Some(caller.conn),
            _ => None,
        })
    }

    /// The number of jobs under way.
    pub fn jobs(&self) -> usize {
        self.pending.len()
    }
}

/// The devices of a user: those that have tokens, and those that have sessions; oldest first.
fn items(
    caller: Caller,
    mut devices: Vec<Device>,
    presence: &Presence,
    cx: &mut Cx<'_>,
) -> Vec<Item> {
    let now = cx.core.now.unix_micros / MICROS;
    let open: Vec<ConnId> = presence.sessions_of(caller.user).collect();
    let mut states = Vec::new();
    for conn in open {
        let Some(session) = cx.core.sessions.get(conn) else { continue };
        let state = match session.is_beside {
            _ if conn == caller.conn => DeviceState::Here,
            true => DeviceState::Beside,
            false => DeviceState::Alone,
        };
        states.push((session.device, state));
        match devices.iter_mut().find(|device| device.number == session.device) {
            Some(device) => (device.used, device.address) = (now, Some(session.from)),
            None => {
                let since = presence.session_since(Caller { conn, user: caller.user });
                let made = since.map_or(now, |since| since.0 / MICROS);
                let (number, address) = (session.device, Some(session.from));
                devices.push(Device { number, made, used: now, address, name: None });
            }
        }
    }
    devices.sort_by_key(|device| device.number);
    let state = |number| {
        let open = states.iter().find(|(of, _)| *of == number);
        open.map_or(DeviceState::Token, |(_, state)| *state)
    };
    devices.into_iter().map(|device| Item::Device(state(device.number), Box::new(device))).collect()
}

/// Microseconds in a second.
const MICROS: u64 = 1_000_000;
