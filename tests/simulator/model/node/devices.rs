//! Devices of users, their sessions, and which of these ought to end.

use chatsrv::chat::answer::{Item, List};
use chatsrv::chat::device::{DeviceState, DevicesToEnd};
use chatsrv::chat::moderation::Moderation;
use chatsrv::chat::name::{Number, UserRef};
use chatsrv::chat::request::{Place, Request};
use chatsrv::hub::input::ConnId;
use chatsrv::hub::job::{Job, Outcome, Value};
use chatsrv::protocol::native::command::Command;

use super::NodeModel;

impl NodeModel {
    /// Somebody names who is to log in, and how the session is to stand.
    pub(super) fn login_command(&mut self, conn: ConnId, command: &Command) {
        let place = match command {
            Command::User { place, .. } => *place,
            Command::Ask(Request::Resume { beside: true, .. }) => Place::Beside,
            Command::Ask(Request::Resume { beside: false, .. }) => Place::TakesOver,
            _ => return,
        };
        let session = self.session(conn);
        if session.owner().is_none() {
            session.place = Some(place);
        }
    }

    /// A user asks for something about devices.
    pub(super) fn device_command(&mut self, conn: ConnId, user: Number, command: &Command) {
        if let Command::Ask(Request::Moderate(Moderation::LogOut(whom))) = command {
            return self.logs_out(conn, user, *whom);
        }
        let Command::Ask(Request::EndSession(device)) = command else { return };
        let own = self.session(conn).device;
        if user == Number::OPERATOR || *device == Some(own) {
            return;
        }
        let is_meant = |other: &ConnId| match device {
            Some(device) => self.sessions[other].device == *device,
            None => self.sessions[other].device != own,
        };
        self.logged_out = self.open_sessions(user).filter(is_meant).collect();
    }

    /// An administrator ends the sessions of somebody.
    fn logs_out(&mut self, conn: ConnId, by: Number, whom: UserRef) {
        let Some(whom) = self.find(whom).filter(|whom| *whom != by) else { return };
        let people = &self.chat.people;
        let may = by == Number::OPERATOR || !people.is_administrator(whom);
        if self.may_administer(conn) && may && whom != Number::OPERATOR {
            self.logged_out = self.open_sessions(whom).collect();
        }
    }

    /// The store is done with a job, and the hub has not heard of it yet.
    pub(super) fn device_job_done(&mut self, asker: Option<ConnId>, job: &Job, outcome: &Outcome) {
        match (job, outcome) {
            (Job::CheckToken { .. }, Ok(Value::TokenGood { device, .. })) => {
                if let Some(session) = asker.and_then(|asker| self.sessions.get_mut(&asker)) {
                    session.device = *device;
                }
            }
            (Job::ListDevices(number), Ok(_)) => {
                if let Some(conn) = asker.filter(|asker| self.sessions.contains_key(asker)) {
                    let open = self.open_devices(conn, *number);
                    self.session(conn).devices_due.push_back(open);
                }
            }
            // Nobody has the device 0: an administrator logs the user out.
            (Job::EndDevices { number, which: DevicesToEnd::AllBut(0) }, Ok(_)) => {
                self.logged_out = self.open_sessions(*number).collect();
            }
            (Job::SetPassword { number, .. }, Ok(_)) => {
                let others = self.open_sessions(*number).filter(|conn| Some(*conn) != asker);
                self.logged_out = others.collect();
            }
            _ => {}
        }
    }

    /// A session is let in. It is that of the device whose token was good, or of a new one.
    pub(super) fn device_enters(&mut self, conn: ConnId, user: Number) {
        if self.session(conn).device == 0 && user != Number::OPERATOR {
            let last = self.devices.entry(user).or_default();
            *last += 1;
            self.session(conn).device = *self.devices.get(&user).expect("it was drawn");
        }
        let session = self.session(conn);
        session.beside = session.place == Some(Place::Beside);
    }

    /// A token is asked for: for another program, which is a device too.
    pub(super) fn token_is_made(&mut self, job: &Job) {
        if let Job::MakeToken { number, device, .. } = job {
            let last = self.devices.entry(*number).or_default();
            *last = (*last).max(*device);
        }
    }

    /// The devices of whoever asks that have a session, oldest first.
    fn open_devices(&self, conn: ConnId, user: Number) -> Vec<(u32, DeviceState)> {
        let own = self.online().filter(|(of, _)| *of == user);
        let states = own.map(|(_, other)| {
            let session = &self.sessions[&other];
            let state = match session.beside {
                _ if other == conn => DeviceState::Here,
                true => DeviceState::Beside,
                false => DeviceState::Alone,
            };
            (session.device, state)
        });
        let mut open: Vec<(u32, DeviceState)> = states.collect();
        open.sort_by_key(|(device, _)| *device);
        open
    }

    /// Somebody gets the list of devices.
    pub(super) fn devices_are_listed(&mut self, conn: ConnId, list: &List) {
        let open = self.session(conn).devices_due.pop_front().expect("it was asked for");
        let listed = list.page.items.iter().map(|item| match item {
            Item::Device(state, device) => (device.number, *state),
            other => panic!("{other:?} is no device"),
        });
        let listed: Vec<(u32, DeviceState)> = listed.collect();
        assert!(listed.is_sorted_by(|one, next| one.0 < next.0), "{listed:?}");
        let is_open = |(_, state): &&(u32, DeviceState)| *state != DeviceState::Token;
        let listed: Vec<_> = listed.iter().filter(is_open).copied().collect();
        assert_eq!(listed, open, "{conn}");
    }
}
