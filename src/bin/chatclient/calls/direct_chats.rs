//! Direct chats: their commands, the server's replies and notices, and the events of the other
//! side.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use chatsrv::chat::name::{Number, UserName, UserRef};
use chatsrv::direct::announced::Announced;
use chatsrv::direct::chat::Stage;
use chatsrv::direct::listener::PORT_MIN;
use chatsrv::display::clock;
use chatsrv::display::line::{Line, LineKind};
use chatsrv::display::refusal::refusal;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::display::said::{on_one_line, said};
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::read::{CallWords, FinalReply, OnlineWords, ReplyWords};
use chatsrv::protocol::native::verb::Verb;
use rustix::event::PollFlags;

use super::action::CallAction;
use super::sockets::{CallId, Calls, Event, What};
use crate::core::Core;
use crate::input::destination::Destination;
use crate::requests::Asked;

/// The longest time between two ALIVE requests, which tell the server that direct chats are still
/// taken. An older server does not say how long it waits for one; if that is shorter, it replies
/// 503, and UP is sent again.
const ALIVE_PERIOD: Duration = Duration::from_secs(20);
/// The shortest time between two ALIVE requests, however short the server waits.
const ALIVE_PERIOD_MIN: Duration = Duration::from_millis(500);

/// The state of direct chats: the calls, and their announcement to the server.
#[derive(Debug)]
pub struct DirectChats {
    calls: Calls,
    /// The number of this user, which is the default port for calls.
    pub number: Option<Number>,
    /// The time of the next ALIVE; `None` if no calls are taken.
    alive_due: Option<Instant>,
    /// The time between two ALIVE requests.
    alive_period: Duration,
    /// True if another session of this user was listed as taking direct chats.
    is_up_elsewhere: bool,
    /// The direct chat to which the lines of a script go that has called or accepted, even after
    /// its end: the script does not see the end, and the lines must go to no other chat.
    bound: Option<(UserName, CallId)>,
    /// The sign between the two names in the prompt.
    sign: &'static str,
}

impl Default for DirectChats {
    fn default() -> Self {
        let sign = if is_utf8() { "⇄" } else { "<->" };
        DirectChats {
            calls: Calls::default(),
            number: None,
            alive_due: None,
            alive_period: ALIVE_PERIOD,
            is_up_elsewhere: false,
            bound: None,
            sign,
        }
    }
}

impl DirectChats {
    /// Returns true if the direct chat with this id is open.
    pub fn is_open_in(&self, call: CallId) -> bool {
        let (current, id) = (self.calls.current(), self.calls.id());
        current.is_some_and(|(_, stage)| stage == Stage::Open && id == call)
    }

    /// The destination of a line that is begun now; `None` if that is no direct chat.
    pub fn destination(&self) -> Option<Destination> {
        let id = self.calls.id();
        let open = self.calls.current().filter(|_| self.is_open_in(id)).map(|(peer, _)| (peer, id));
        open.or(self.bound).map(|(peer, id)| Destination::Direct(peer, id))
    }

    /// Lets the lines of a script go elsewhere, unless the direct chat is open.
    pub fn unbind(&mut self) {
        self.bound = self.bound.filter(|(_, id)| self.is_open_in(*id));
    }

    /// Returns true if an outgoing call waits for its answer.
    pub fn is_calling(&self) -> bool {
        let waits = [Stage::Handshake, Stage::Calling];
        self.calls.current().is_some_and(|(_, stage)| waits.contains(&stage))
    }

    /// The prompt of a direct chat.
    pub fn prompt(&self, own: &str, peer: UserName) -> SafeText {
        safe!("{own} {} {peer} (direct)> ", self.sign)
    }

    /// The descriptors to poll, with their events.
    pub fn sources(&self) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        self.calls.sources(Instant::now())
    }

    /// Returns true if a deadline of a call has passed.
    pub fn is_due(&self) -> bool {
        let now = Instant::now();
        self.calls.deadline(now).is_some_and(|deadline| now >= deadline)
    }

    /// The next time at which something is due although there is no event.
    pub fn due(&self, core: &Core) -> Option<Instant> {
        let can_ask = core.is_online() && core.requests.has_room();
        let alive = self.alive_due.filter(|_| can_ask);
        self.calls.deadline(Instant::now()).into_iter().chain(alive).min()
    }

    /// Executes a command. Returns false if it should lead to a direct chat and has not yet, so
    /// that the next lines of a script must go nowhere.
    pub fn execute(&mut self, action: CallAction, core: &mut Core) -> bool {
        match action {
            CallAction::Up(port) => self.come_up(port, core),
            CallAction::Down => {
                self.come_down();
                let done = "direct chats are not taken any more";
                core.ask(Asked::Simple { done }, Verb::Down, "");
            }
            CallAction::Call(user) => return self.call(user, core),
            CallAction::Accept => return self.accept(core),
            CallAction::Decline => self.decline(core),
            CallAction::HangUp => self.hang_up(core),
        }
        true
    }

    fn accept(&mut self, core: &mut Core) -> bool {
        match self.calls.accept() {
            Some(peer) => {
                self.bind(peer, core);
                core.show(opened(peer));
                true
            }
            None => {
                core.show(Line::error(safe!("nobody calls")));
                false
            }
        }
    }

    fn hang_up(&mut self, core: &mut Core) {
        let ended = self.calls.hang_up(Instant::now());
        self.unbind();
        core.show(match ended {
            Some((peer, Stage::Open)) => Line::notice(safe!("the direct chat with {peer} is over")),
            Some((peer, _)) => Line::notice(safe!("no direct chat with {peer}")),
            None => Line::error(safe!("there is no direct chat")),
        });
    }

    /// Binds the lines of a script to the current call.
    fn bind(&mut self, peer: UserName, core: &Core) {
        if !core.ui.is_interactive() {
            self.bound = Some((peer, self.calls.id()));
        }
    }

    /// Begins to take calls: on the given port, else on the one equal to the user's number, or on
    /// any free one if that is in use.
    fn come_up(&mut self, port: Option<u16>, core: &mut Core) {
        if !core.is_online() {
            return core.show_offline();
        }
        let now = Instant::now();
        let calls = &mut self.calls;
        let own = self.number.and_then(Number::port).filter(|port| *port >= PORT_MIN);
        let bound = match port {
            Some(port) => calls.listen(port, now),
            None => calls.listen(own.unwrap_or(0), now).or_else(|_| calls.listen(0, now)),
        };
        match bound {
            Ok(port) => {
                core.requests.ask_for_more();
                core.ask(Asked::Up { quiet: false }, Verb::Up, port);
            }
            Err(error) => core.show(Line::error(safe!("no port to listen on: {error}"))),
        }
    }

    /// Announces again that calls are taken, after a login that was not the first, or after too
    /// long a silence: unless another session of this user takes them now. To announce it would
    /// take them away from that one.
    pub fn come_up_again(&mut self, core: &mut Core) {
        if self.calls.port().is_some() {
            self.is_up_elsewhere = false;
            core.requests.ask_for_more();
            core.ask(Asked::WhoIsUp, Verb::Who, "");
        }
    }

    /// Handles a user of the list that [`come_up_again`](Self::come_up_again) has requested.
    pub fn session_listed(&mut self, user: &OnlineWords<'_>, own: Option<UserName>) {
        let is_own = own.is_some() && user.name.parse().ok() == own;
        self.is_up_elsewhere |= is_own && user.direct.is_some();
    }

    /// Handles the end of that list.
    pub fn sessions_listed(&mut self, core: &mut Core) {
        if self.is_up_elsewhere {
            self.displaced(core);
        } else if let Some(port) = self.calls.port() {
            core.ask(Asked::Up { quiet: true }, Verb::Up, port);
        }
    }

    /// Takes no calls any more, since another session of this user does.
    fn displaced(&mut self, core: &mut Core) {
        self.come_down();
        let why = "another session of yours takes the direct chats now; /up takes them here";
        core.show(Line::warning(SafeText::new(why)));
    }

    /// Sends ALIVE if it is due.
    pub fn stay_up(&mut self, core: &mut Core) {
        let now = Instant::now();
        let is_due = self.alive_due.is_some_and(|due| now >= due);
        if is_due && core.is_online() && core.requests.has_room() {
            self.alive_due = Some(now + self.alive_period);
            core.ask(Asked::Alive, Verb::Alive, "");
        }
    }

    /// Handles the reply to UP.
    pub fn up_answered(&mut self, quiet: bool, reply: &FinalReply<'_>, core: &mut Core) {
        if let ReplyWords::Up { port, period } = reply.words {
            self.alive_period = alive_period(period);
            self.alive_due = Some(Instant::now() + self.alive_period);
            if !quiet {
                core.show(Line::answer(safe!("direct chats are taken on port {port}")));
            }
            return;
        }
        self.come_down();
        core.show(Line::error(safe!("direct chats are not taken: {}", refusal(reply))));
    }

    /// Handles the reply to ALIVE.
    pub fn alive_answered(&mut self, reply: &FinalReply<'_>, core: &mut Core) {
        match reply.code {
            Some(Code::WrongState) => self.come_up_again(core),
            // To announce it again would take it away from the other session, which would do the
            // same, for ever.
            Some(Code::NameNotAllowed) => self.displaced(core),
            _ => {}
        }
    }

    fn come_down(&mut self) {
        self.calls.stop_listening();
        self.alive_due = None;
    }

    /// Requests the address of a user. Returns false if it was requested: until the call is
    /// accepted, the next lines of a script must go nowhere.
    fn call(&mut self, user: UserRef, core: &mut Core) -> bool {
        if let Some((peer, _)) = self.calls.current() {
            let why = safe!("{peer} first: /hangup ends that");
            core.show(Line::error(why));
            return true;
        }
        core.ask(Asked::Call(user), Verb::Call, user);
        false
    }

    /// Handles the reply to CALL. Returns true if the call begins.
    pub fn call_answered(
        &mut self,
        user: UserRef,
        reply: &FinalReply<'_>,
        core: &mut Core,
    ) -> bool {
        if !reply.has(Code::Done) {
            let why = safe!(
                "no call to {user}: {}; /open {user} goes on through the server",
                refusal(reply)
            );
            core.show(Line::error(why));
            return false;
        }
        let call = match reply.words {
            ReplyWords::Call { call } => Announced::new(&call),
            _ => None,
        };
        let announced = call.zip(core.name);
        let Some((Announced { peer, address, ticket }, own)) = announced else {
            core.show(Line::error(safe!("the server's answer to /call can't be read")));
            return false;
        };
        if let Some((other, _)) = self.calls.current() {
            core.show(Line::error(safe!("no call to {peer}: {other} was faster")));
            return false;
        }
        let now = Instant::now();
        let begun = match address {
            Some(address) => self.calls.call(own, peer, address, &ticket, now),
            None => Err("where it is, is not known".to_string()),
        };
        match begun {
            Ok(()) => {
                self.bind(peer, core);
                core.show(Line::notice(safe!("calling {peer} …")));
                true
            }
            Err(why) => {
                core.show(unreachable(peer, &why));
                false
            }
        }
    }

    /// Handles the notice that somebody is about to call.
    pub fn take_announced(&mut self, call: Option<&CallWords<'_>>, core: &mut Core) {
        match call.and_then(Announced::new) {
            Some(call) => self.calls.invite(call.peer, call.ticket, Instant::now()),
            None => core.show(Line::error(safe!("the server announced a call that can't be read"))),
        }
        // The connection of the call may be waiting already.
        self.take_calls(core);
    }

    fn decline(&mut self, core: &mut Core) {
        match self.calls.current() {
            Some((peer, Stage::Ringing)) => {
                self.calls.hang_up(Instant::now());
                core.show(Line::notice(safe!("{peer} was told no")));
            }
            _ => core.show(Line::error(safe!("nobody calls"))),
        }
    }

    /// Sends a message in the direct chat.
    pub fn say_directly(&mut self, text: &str, core: &mut Core) {
        let Some((peer, _)) = self.calls.current() else {
            return;
        };
        let own = core.own_name();
        match self.calls.say(text) {
            Ok(()) => {
                let text = said_directly(own, peer.as_str(), text);
                core.show(Line::new(LineKind::Own, text));
            }
            Err(why) => {
                let text = on_one_line(text);
                core.show(Line::error(safe!("not sent to {peer}: {why} (it was: {text})")));
            }
        }
    }

    /// Reads and writes the sockets of direct chats, and handles the events.
    pub fn take_calls(&mut self, core: &mut Core) {
        let Some(own) = core.name else {
            return;
        };
        for event in self.calls.turn(own, Instant::now()) {
            self.take_call_event(own, event, core);
        }
    }

    fn take_call_event(&mut self, own: UserName, event: Event, core: &mut Core) {
        let Event { peer, what } = event;
        let line = match what {
            What::Rings => {
                core.ui.ring();
                Line::notice(safe!("{peer} calls; /accept or /decline"))
            }
            What::Missed(why) => Line::notice(safe!("{peer} called: {why}")),
            What::Reached => Line::notice(safe!("it rings at {peer}")),
            What::Opened => opened(peer),
            What::NotTaken(why) => {
                let offer = safe!("/open {peer} goes on through the server");
                Line::error(safe!("{peer} did not take the call: {why}; {offer}"))
            }
            What::Unreachable(why) => unreachable(peer, &why),
            What::Said(text) => {
                let text = said_directly(peer.as_str(), own.as_str(), &text);
                Line::new(LineKind::Direct, text)
            }
            What::Unreadable => Line::warning(safe!("{peer} sent what can't be read (direct)")),
            What::Ended(ending) => {
                core.ui.ring();
                Line::warning(safe!("the direct chat with {peer} is over: {ending}"))
            }
        };
        core.show(line);
    }

    /// Ends the direct chat or the call, since the client ends.
    pub fn hang_up_at_the_end(&mut self, core: &mut Core) {
        if let Some((peer, Stage::Open)) = self.calls.hang_up(Instant::now()) {
            core.show(Line::notice(safe!("the direct chat with {peer} is over")));
        }
    }
}

fn opened(peer: UserName) -> Line {
    Line::notice(safe!("direct chat with {peer}, encrypted; /hangup ends it"))
}

fn unreachable(peer: UserName, why: &str) -> Line {
    let offer = safe!("/open {peer} goes on through the server");
    Line::error(safe!("no direct connection to {peer}: {why}; {offer}"))
}

/// The time between two ALIVE requests: two thirds of the seconds that the server waits for one.
fn alive_period(seconds: Option<u64>) -> Duration {
    let told = seconds.map(Duration::from_secs);
    let within = told.map_or(ALIVE_PERIOD, |told| told.saturating_mul(2) / 3);
    within.clamp(ALIVE_PERIOD_MIN, ALIVE_PERIOD)
}

/// Formats `12:34 alice -> bob (direct): hello`.
fn said_directly(from: &str, to: &str, text: &str) -> SafeText {
    said(format_args!("{} {from} -> {to} (direct): ", clock::now()), from, text, "")
}

/// Returns true if the locale uses UTF-8, by the variables of locale(7).
fn is_utf8() -> bool {
    let set = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(set).unwrap_or_default();
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alive_is_said_well_within_what_the_server_waits() {
        let periods = [
            (None, 20_000),
            (Some(30), 20_000),
            (Some(3600), 20_000),
            (Some(u64::MAX), 20_000),
            (Some(9), 6000),
            (Some(1), 666),
            (Some(0), 500),
        ];
        for (seconds, milliseconds) in periods {
            assert_eq!(alive_period(seconds).as_millis(), milliseconds, "{seconds:?}");
        }
    }
}
