//! What ought to happen, told apart from how the hub does it: plain maps, walked through whole.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;

use chatsrv::hub::{Account, CloseReason, Config, ConnId, Effect, Effects, Input, Job, Outcome};
use chatsrv::protocol::frame::FrameError;
use chatsrv::protocol::name::{Number, Target, UserName, UserRef};
use chatsrv::protocol::reply::{
    Code, Delivered, Destination, Detail, Item, List, Message, MessageId, Notice, Online, Piece,
    Reply, Subject,
};
use chatsrv::protocol::request::Request;
use chatsrv::protocol::verb::Verb;

/// The chat as a spectator knows it.
pub struct Model {
    config: Config,
    accounts: BTreeMap<Number, Account>,
    sessions: BTreeMap<ConnId, Session>,
    last_id: MessageId,
    /// What each connection has yet to receive, also after it was closed.
    deliveries: HashMap<ConnId, VecDeque<Message>>,
    /// The message that the last input ought to deliver, and to whom.
    due: Option<(Destination, String, Vec<ConnId>)>,
    /// The notices of who came and went that the last input ought to bring.
    presence: Vec<Presence>,
}

#[derive(Debug, PartialEq)]
struct Presence {
    online: bool,
    name: UserName,
    to: Vec<ConnId>,
}

#[derive(Default)]
struct Session {
    user: Option<Number>,
    quiet: bool,
    composing: Option<Verb>,
    awaits_password: bool,
    /// Answers to messages, and lists, in the order in which they are due.
    replies: VecDeque<Due>,
    lists: VecDeque<(Verb, Vec<Item>)>,
}

/// The answer that a message ought to get.
#[derive(Debug, PartialEq)]
enum Due {
    Confirmed(Destination, u32),
    Refused(Code),
}

impl Model {
    pub fn new(config: Config, accounts: Vec<Account>) -> Self {
        Model {
            config,
            accounts: accounts.into_iter().map(|account| (account.number, account)).collect(),
            sessions: BTreeMap::new(),
            last_id: MessageId(0),
            deliveries: HashMap::new(),
            due: None,
            presence: Vec::new(),
        }
    }

    /// Something happens, and the hub has not heard of it yet.
    pub fn before(&mut self, input: &Input<'_>) {
        self.due = None;
        match input {
            Input::Connected { conn, .. } => {
                self.sessions.insert(*conn, Session::default());
                self.deliveries.insert(*conn, VecDeque::new());
            }
            Input::Command { conn, request } => self.command(*conn, request.as_ref().ok()),
            Input::Data { conn, text } => self.data(*conn, text),
            Input::BadFrame { conn, error } => {
                let session = self.sessions.get_mut(conn).unwrap();
                match error {
                    FrameError::Command(..) => session.stop_composing(),
                    FrameError::Data(_) => {
                        if !session.awaits_password {
                            session.replies.push_back(Due::Refused(Code::BadParameters));
                        }
                        session.stop_composing();
                    }
                    FrameError::UnknownType | FrameError::FileHeader => {}
                }
            }
            Input::Disconnected { conn } => self.leave(*conn),
            _ => {}
        }
    }

    fn command(&mut self, conn: ConnId, request: Option<&Request>) {
        let session = self.sessions.get_mut(&conn).unwrap();
        session.stop_composing();
        let Some(request) = request else { return };
        let user = session.user;
        if user.is_some() {
            match request {
                Request::Pm | Request::Dm => session.composing = Some(request.verb()),
                Request::Quiet(quiet) => session.quiet = *quiet,
                _ => {}
            }
        }
        let account = |(number, _)| &self.accounts[&number];
        let list: Vec<Item> = match (request, user) {
            (Request::Help, _) => Verb::ALL.iter().copied().map(Item::Help).collect(),
            (Request::Who, Some(_)) => self.online().map(account).map(who_line).collect(),
            (Request::Dm, Some(user)) => {
                let others = self.online().filter(|(number, _)| *number != user).map(account);
                others.map(|other| Item::Direct(other.name, other.number)).collect()
            }
            _ => return,
        };
        self.sessions.get_mut(&conn).unwrap().lists.push_back((request.verb(), list));
    }

    fn data(&mut self, conn: ConnId, text: &str) {
        let session = self.sessions.get_mut(&conn).unwrap();
        if session.awaits_password {
            session.awaits_password = false;
            return;
        }
        let composing = session.composing.take();
        let due = match session.user {
            None => Due::Refused(Code::NotAllowed),
            Some(user) => self.message(user, composing, text).unwrap_or_else(Due::Refused),
        };
        self.sessions.get_mut(&conn).unwrap().replies.push_back(due);
    }

    fn message(&mut self, from: Number, step: Option<Verb>, text: &str) -> Result<Due, Code> {
        let (target, text) = match step {
            Some(Verb::Pm) => ("*", text),
            _ => text.split_once(' ').unwrap_or((text, "")),
        };
        if target.is_empty() {
            return Err(Code::BadParameters);
        }
        let target: Target = target.parse().map_err(|_| Code::NotFound)?;
        if step == Some(Verb::Dm) && !matches!(target, Target::User(_)) {
            return Err(Code::NotFound);
        }
        if text.is_empty() {
            return Err(Code::BadParameters);
        }
        let (to, conns): (Destination, Vec<ConnId>) = match target {
            Target::Everyone => {
                let others = self.online().filter(|(number, _)| *number != from);
                (Destination::Everyone, others.map(|(_, conn)| conn).collect())
            }
            Target::Group(_) => return Err(Code::NotFound),
            Target::User(user) => {
                let known = self.accounts.values().find(|account| match user {
                    UserRef::Name(name) => account.name == name,
                    UserRef::Number(number) => account.number == number,
                });
                let account = known.ok_or(Code::NotFound)?;
                let conn = self.online().find(|(number, _)| *number == account.number);
                let (number, conn) = conn.ok_or(Code::Offline)?;
                let conns = if number == from { vec![] } else { vec![conn] };
                (Destination::User(account.name), conns)
            }
        };
        let delivered = conns.len() as u32;
        if delivered > 0 {
            self.due = Some((to, text.to_owned(), conns));
        }
        Ok(Due::Confirmed(to, delivered))
    }

    /// The store is done with a job.
    pub fn job_done(&mut self, job: &Job, outcome: &Outcome) {
        match (job, outcome) {
            (Job::Register { account, .. }, Outcome::Done) => {
                let number = account.number;
                assert!(number.0 >= Number::MIN, "{number} is no contact number");
                self.accounts.insert(number, account.clone());
            }
            (Job::SetDisplayName { number, display }, Outcome::Done) => {
                self.accounts.get_mut(number).unwrap().display = Some(display.clone());
            }
            _ => {}
        }
    }

    /// The hub has told what it wants done.
    pub fn after(&mut self, effects: &Effects) {
        let sorted = |to: &Range<usize>| {
            let mut to = effects.recipients[to.clone()].to_vec();
            to.sort_unstable();
            to
        };
        let mut told = Vec::new();
        let mut replaced = None;
        for effect in &effects.list {
            match effect {
                Effect::Reply { conn, reply } => self.reply(*conn, reply, replaced),
                Effect::List { conn, list } => self.list(*conn, list),
                Effect::Message { message, to } => self.delivered(message, sorted(to)),
                Effect::Notice { notice: Notice::On(name, _), to } => {
                    told.push(Presence { online: true, name: *name, to: sorted(to) });
                }
                Effect::Notice { notice: Notice::Off(name, _), to } => {
                    told.push(Presence { online: false, name: *name, to: sorted(to) });
                }
                Effect::Close { conn, reason: CloseReason::TakenOver, .. } => {
                    replaced = self.sessions.remove(conn).and_then(|session| session.user);
                }
                Effect::Close { conn, .. } => self.leave(*conn),
                _ => {}
            }
        }
        assert_eq!(self.due, None, "a message was not delivered");
        assert_eq!(told, std::mem::take(&mut self.presence));
    }

    fn reply(&mut self, conn: ConnId, reply: &Reply, replaced: Option<Number>) {
        let session = self.sessions.get_mut(&conn).expect("who gets a reply is connected");
        match (reply.code, &reply.detail) {
            (Code::SendPassword | Code::ChoosePassword, _) => session.awaits_password = true,
            (Code::LoggedIn, Detail::LoggedIn(_, number)) => {
                assert_eq!(session.user.replace(*number), None);
                self.tell(conn, *number, true, replaced.is_none());
            }
            (code, detail) if reply.subject == Subject::Message => {
                let actual = match detail {
                    Detail::Confirmed { to, delivered, stored: 0, .. } => {
                        assert_eq!(code, Code::Done);
                        Due::Confirmed(*to, *delivered)
                    }
                    _ => Due::Refused(code),
                };
                assert_eq!(Some(actual), session.replies.pop_front(), "{reply}");
            }
            _ => {}
        }
    }

    fn list(&mut self, conn: ConnId, list: &List) {
        let own = |(at, _): &(usize, &Item)| Some(*at) != list.piece.without;
        let items = list.piece.items.iter().enumerate().filter(own);
        let items: Vec<Item> = items.map(|(_, item)| item.clone()).collect();
        assert_eq!(items.len(), list.count);
        if list.subject == Subject::Verb(Verb::Ls) {
            return;
        }
        let session = self.sessions.get_mut(&conn).expect("who gets a list is connected");
        let (verb, expected) = session.lists.pop_front().expect("the list was asked for");
        assert_eq!((list.subject, lines(verb, items)), (verb.into(), lines(verb, expected)));
    }

    fn delivered(&mut self, message: &Message, to: Vec<ConnId>) {
        assert!(message.id > self.last_id, "{} does not rise", message.id);
        self.last_id = message.id;
        let (target, text, mut due) = self.due.take().expect("a message was sent");
        due.sort_unstable();
        assert_eq!((message.to, &*message.text, &to), (target, text.as_str(), &due));
        for conn in to {
            self.deliveries.get_mut(&conn).unwrap().push_back(message.clone());
        }
    }

    /// A client receives a message.
    pub fn received(&mut self, conn: ConnId, line: Delivered<'_>) {
        let due = self.deliveries.get_mut(&conn).and_then(VecDeque::pop_front);
        let due = due.unwrap_or_else(|| panic!("{conn} receives what was not for it: {line:?}"));
        let from = due.from.to_string();
        let to = due.to.to_string();
        let expected = Delivered { id: due.id, from: &from, to: &to, text: &due.text };
        assert_eq!(line, expected, "{conn}");
    }

    /// A client has read all that was written for it.
    pub fn received_all(&self, conn: ConnId) {
        let due = &self.deliveries[&conn];
        assert!(due.is_empty(), "{conn} did not receive {due:?}");
        if let Some(session) = self.sessions.get(&conn) {
            assert!(session.replies.is_empty(), "{conn} is owed {:?}", session.replies);
            assert!(session.lists.is_empty(), "{conn} is owed lists");
        }
    }

    fn leave(&mut self, conn: ConnId) {
        if let Some(user) = self.sessions.get(&conn).and_then(|session| session.user) {
            self.tell(conn, user, false, true);
        }
        self.sessions.remove(&conn);
    }

    /// Notes who ought to be told that a user came or is about to go.
    fn tell(&mut self, own: ConnId, user: Number, online: bool, announced: bool) {
        if !announced || self.online().count() > self.config.presence_limit {
            return;
        }
        let told = self
            .sessions
            .iter()
            .filter(|(conn, session)| **conn != own && session.user.is_some() && !session.quiet);
        let to: Vec<ConnId> = told.map(|(conn, _)| *conn).collect();
        if !to.is_empty() {
            self.presence.push(Presence { online, name: self.accounts[&user].name, to });
        }
    }

    fn online(&self) -> impl Iterator<Item = (Number, ConnId)> {
        self.sessions.iter().filter_map(|(conn, session)| Some((session.user?, *conn)))
    }
}

impl Session {
    fn stop_composing(&mut self) {
        self.composing = None;
        self.awaits_password = false;
    }
}

/// The items as lines, in a fixed order, and without the time of a login.
fn lines(verb: Verb, mut items: Vec<Item>) -> Vec<String> {
    for item in &mut items {
        if let Item::Online(online) = item {
            online.since = MessageId(0);
        }
    }
    let piece = Piece { items: items.into(), without: None, last: None };
    let mut lines: Vec<String> = (0..piece.items.len())
        .map(|at| {
            let mut line = Vec::new();
            assert!(piece.encode_item(verb.into(), at, &mut line));
            String::from_utf8(line).unwrap()
        })
        .collect();
    lines.sort_unstable();
    lines
}

fn who_line(account: &Account) -> Item {
    Item::Online(Online {
        name: account.name,
        number: account.number,
        since: MessageId(0),
        direct: None,
        display: account.display.clone(),
    })
}
