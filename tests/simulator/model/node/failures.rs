//! Tries of passwords and tokens, as a spectator knows them: a list of all, walked through whole.
//!
//! Who may be refused for them is what is looked at: nobody for what others do, but where strangers
//! try one name; and a crowd gets no more tries than one after the other.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use chatsrv::chat::account::KnownNetwork;
use chatsrv::chat::address::{Address, Network, Prefix};
use chatsrv::chat::kind::Kind;
use chatsrv::chat::name::{Number, UserName, UserRef};
use chatsrv::chat::refusal::Refusal;
use chatsrv::chat::request::Request;
use chatsrv::hub::input::{ConnId, Input};
use chatsrv::hub::job::{Job, JobId, Outcome, Value};
use chatsrv::limits::{FAILURE_FORGIVEN_AFTER, NAME_FAILURES_MAX, NETWORK_FAILURES_MAX};
use chatsrv::protocol::native::command::Command;
use chatsrv::protocol::native::verb::Verb;

use super::NodeModel;
use crate::reply::Reply;

/// After that long every failure is forgiven.
const ALL_FORGIVEN: Duration =
    Duration::from_secs(FAILURE_FORGIVEN_AFTER.as_secs() * (NETWORK_FAILURES_MAX as u64 + 1));

#[derive(Default)]
pub struct Failures {
    from: HashMap<ConnId, Address>,
    /// The names in the last USER or RESUME of connections.
    pub named: HashMap<ConnId, UserName>,
    /// Who said a password or a token that is neither checked nor refused, oldest first.
    trying: VecDeque<ConnId>,
    /// All that were taken, and not given back.
    tries: Vec<Try>,
    /// The network of the one that was settled last.
    settled: Option<Network>,
    /// From where each has logged in.
    known: HashSet<(Number, Prefix)>,
}

struct Try {
    job_id: JobId,
    network: Network,
    of: Of,
    at: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Of {
    Token,
    Known(UserName),
    Stranger(UserName),
}

impl Failures {
    pub fn start(networks: &[(Number, Box<[KnownNetwork]>)]) -> Self {
        let known = networks.iter().flat_map(|(number, networks)| {
            networks.iter().map(|network| (*number, network.prefix))
        });
        Failures { known: known.collect(), ..Failures::default() }
    }

    /// The address of the peer of a connection.
    pub fn address(&self, conn: ConnId) -> Address {
        self.from[&conn]
    }

    pub fn is_gone(&mut self, conn: ConnId) {
        self.from.remove(&conn);
        self.named.remove(&conn);
        self.trying.retain(|trying| *trying != conn);
    }

    /// How many tries of these count.
    fn count(&self, now: Duration, is_one: impl Fn(&Try) -> bool) -> usize {
        let lately = self.tries.iter().filter(|tried| now - tried.at < ALL_FORGIVEN);
        lately.filter(|tried| is_one(tried)).count()
    }
}

impl NodeModel {
    pub(super) fn before_tries(&mut self, input: &Input) {
        if let Input::Connected { conn, from, .. } = input {
            self.failures.from.insert(*conn, *from);
        }
    }

    /// Somebody names who is to log in, perhaps with a token.
    pub(super) fn tries(&mut self, conn: ConnId, command: &Result<Command, (Kind, Refusal)>) {
        let is_guest = self.session(conn).user.is_none();
        match command {
            Ok(Command::User { name, .. }) => {
                self.failures.named.insert(conn, *name);
                if is_guest {
                    self.begins_anew(conn);
                }
            }
            Err((Kind::Identify, Refusal::BadUserName)) if is_guest => self.begins_anew(conn),
            Ok(Command::Ask(Request::Resume { name, .. })) => {
                self.failures.named.insert(conn, *name);
                if is_guest {
                    self.begins_anew(conn);
                    self.arrives(conn);
                    self.failures.trying.push_back(conn);
                }
            }
            _ => {}
        }
    }

    /// Somebody gave the code of no invitation.
    pub(super) fn gave_wrong_code(&mut self, conn: ConnId) {
        let network = self.failures.from[&conn].network();
        let job_id = JobId(u64::MAX);
        self.failures.tries.push(Try { job_id, network, of: Of::Token, at: self.now });
    }

    /// Somebody says what may be a password.
    pub(super) fn tries_password(&mut self, conn: ConnId) {
        let session = self.session(conn);
        if session.awaits_password || session.composing == Some(Verb::Passwd) {
            self.failures.trying.push_back(conn);
        }
    }

    /// The hub has a password or a token checked: of whoever sent it, or whose turn has come.
    pub(super) fn try_is_taken(&mut self, job_id: JobId, job: &Job) -> Option<ConnId> {
        let failures = &mut self.failures;
        if !matches!(job, Job::CheckPassword { .. } | Job::CheckToken { .. }) {
            // What is asked for instead: an account. An outcome may come for who waits for a turn.
            if !self.is_outcome {
                failures.trying.retain(|conn| Some(*conn) != self.current);
            }
            return None;
        }
        let own = failures.trying.iter().position(|conn| Some(*conn) == self.current);
        let in_turn = failures
            .trying
            .iter()
            .position(|conn| Some(failures.from[conn].network()) == failures.settled);
        let at = own.or(in_turn).expect("somebody tries something");
        let conn = failures.trying.remove(at).unwrap();
        let network = failures.from[&conn].network();
        let of = self.try_of(conn, matches!(job, Job::CheckToken { .. }));
        self.failures.tries.push(Try { job_id, network, of, at: self.now });
        self.are_no_more_than_one_after_the_other(network, of);
        Some(conn)
    }

    fn try_of(&self, conn: ConnId, is_token: bool) -> Of {
        let user = self.sessions[&conn].user.map(|user| self.name(user));
        let name = user.unwrap_or_else(|| self.failures.named[&conn]);
        let number = self.find(UserRef::Name(name));
        let prefix = self.failures.from[&conn].prefix();
        match number.zip(prefix) {
            _ if is_token => Of::Token,
            Some(known) if self.failures.known.contains(&known) => Of::Known(name),
            _ => Of::Stranger(name),
        }
    }

    fn are_no_more_than_one_after_the_other(&self, network: Network, of: Of) {
        let forgiven = (ALL_FORGIVEN.as_secs() / FAILURE_FORGIVEN_AFTER.as_secs()) as usize;
        let of_network = self.failures.count(self.now, |tried| tried.network == network);
        assert!(
            of_network <= NETWORK_FAILURES_MAX as usize + forgiven,
            "{network:?}: {of_network}"
        );
        let of_name = match of {
            Of::Token => 0,
            Of::Known(_) => {
                self.failures.count(self.now, |tried| (tried.of, tried.network) == (of, network))
            }
            Of::Stranger(_) => self.failures.count(self.now, |tried| tried.of == of),
        };
        assert!(of_name <= NAME_FAILURES_MAX as usize + forgiven, "{of:?}: {of_name}");
    }

    /// The store has checked something, and the hub has not heard of it yet.
    pub(super) fn try_is_settled(&mut self, job_id: JobId, outcome: &Outcome) {
        let failures = &mut self.failures;
        let at = failures.tries.iter().position(|tried| tried.job_id == job_id);
        failures.settled = at.map(|at| failures.tries[at].network);
        if let Some(at) = at.filter(|_| *outcome != Ok(Value::PasswordWrong)) {
            failures.tries.remove(at);
        }
    }

    /// Somebody gets an answer, and perhaps is told to come later.
    pub(super) fn check_failures(&mut self, conn: ConnId, reply: &Reply<'_>) {
        let verb = match reply.verb() {
            Some(verb @ (Verb::User | Verb::Resume | Verb::Passwd | Verb::Unregister)) => verb,
            _ => return,
        };
        self.failures.trying.retain(|trying| *trying != conn);
        // The answer to PASSWD may have had to wait for others; why it is that can't be told.
        let is_own_outcome = self.is_outcome && self.current == Some(conn);
        let (Some(Refusal::TryAgainIn(seconds)), false) =
            (reply.refusal, is_own_outcome || matches!(verb, Verb::Passwd | Verb::Unregister))
        else {
            return;
        };
        let arrivals = self.arrivals_wait(conn, reply.of);
        assert!((1..=arrivals.unwrap_or_default().max(10)).contains(seconds), "{reply}");
        let is_due = arrivals.is_some() || self.has_failed(conn, verb == Verb::Resume);
        assert!(is_due, "{conn} is shut out by others: {reply}");
    }

    /// Whether so many tries count against somebody that there may have to be a pause.
    pub(super) fn has_failed(&self, conn: ConnId, is_token: bool) -> bool {
        let network = self.failures.from[&conn].network();
        let of = self.try_of(conn, is_token);
        let of_network = self.failures.count(self.now, |tried| tried.network == network);
        let of_name = self.failures.count(self.now, |tried| match of {
            Of::Token => false,
            Of::Known(_) => tried.of == of && tried.network == network,
            Of::Stranger(_) => tried.of == of,
        });
        of_network >= NETWORK_FAILURES_MAX as usize || of_name >= NAME_FAILURES_MAX as usize
    }

    /// Somebody is logged in, and known where that was.
    pub(super) fn is_known(&mut self, conn: ConnId, number: Number) {
        if let Some(prefix) = self.failures.from[&conn].prefix() {
            self.failures.known.insert((number, prefix));
        }
    }
}
