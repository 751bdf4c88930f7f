//! What the person types, and what comes of it.

use chatsrv::chat::name::{Target, UserRef};
use chatsrv::display::line::Line;
use chatsrv::display::safe_text::safe;
use chatsrv::protocol::native::verb::Verb;

use super::files::{goal, typed_path};
use super::passwd::Passwords;
use super::{Client, Ending, PATIENCE_OF_SCRIPTS, Stage};
use crate::conversations::outbox::NotTaken;
use crate::input::commands::{self, Action, COMMANDS, Command, Typed};
use crate::input::destination::{Destination, Dialogue, Entry};
use crate::input::groups::GroupRequest;
use crate::link::login::{Password, Question, is_yes};
use crate::requests::Asked;
use crate::transfers::Place;
use crate::ui::interface::Input;
use crate::ui::one_job::Job;

impl Client {
    /// Whether the next line can be taken. A person may type whatever the server does; a script
    /// waits for the answer to each of its lines.
    pub(super) fn takes_input(&self) -> bool {
        let interactive = self.front.is_interactive();
        match self.stage {
            Stage::Login(Some(_)) => interactive,
            _ if self.input_ended || self.job.is_some() || !self.is_open() => false,
            _ if interactive => true,
            Stage::Talking => self.is_idle(),
            _ => false,
        }
    }

    /// Carries out what was typed.
    pub(super) fn take_input(&mut self) -> Result<(), Ending> {
        if self.front.take_interrupt() {
            self.interrupted()?;
        }
        if self.input_ended && matches!(self.stage, Stage::Login(Some(_))) {
            return Err(Ending::LoginFailed(safe!("nobody can answer the server's question")));
        }
        loop {
            self.take_waiting(false);
            if !self.takes_input() {
                return Ok(());
            }
            // What is typed ahead belongs to the prompt that the line before it led to.
            self.front.set_prompt(self.prompt());
            let Some(input) = self.front.next(&self.words) else {
                return Ok(());
            };
            self.take_one(input)?;
        }
    }

    fn take_one(&mut self, input: Input) -> Result<(), Ending> {
        if self.front.is_interactive() && self.stop_opening() && input == Input::Interrupt {
            self.drop_waiting();
            return Ok(());
        }
        match (input, self.stage) {
            (Input::Line(answer, Destination::Login(question)), stage) => {
                return self.take_answer_to(question, answer, stage);
            }
            (Input::End, Stage::Login(Some(_))) => return Err(Ending::Left),
            (Input::Interrupt, _) => self.interrupted()?,
            (Input::Line(line, to), _) => self.take_entered(line, to),
            (Input::Pasted(lines, to), _) => self.take_pasted(lines, to),
            (Input::Unreadable(why), _) => self.show(Line::error(safe!("{why}"))),
            (Input::End, _) if !self.front.has_ended() => self.leave_or_ask(),
            (Input::End, _) => self.end_input(),
        }
        Ok(())
    }

    /// An answer to a question of the login, which may have been answered otherwise meanwhile.
    fn take_answer_to(
        &mut self,
        question: Question,
        answer: Password,
        stage: Stage,
    ) -> Result<(), Ending> {
        if stage == Stage::Login(Some(question)) {
            let step = self.login.answered(question, answer);
            return self.go_on(step);
        }
        self.show(Line::error(safe!("nothing was sent: that is not asked any more")));
        Ok(())
    }

    /// Ctrl-C on an empty line: ends the dialogue, else drops the lines that wait, else ends the
    /// transfers, else asks whether to leave.
    fn interrupted(&mut self) -> Result<(), Ending> {
        if !self.is_open() {
            return Err(Ending::Left);
        }
        match self.dialogue {
            Dialogue::Leave => return Err(Ending::Left),
            Dialogue::User | Dialogue::Text(_) | Dialogue::Password(_) => self.cancel_dialogue(),
            Dialogue::None if !self.waiting.is_empty() => self.drop_waiting(),
            Dialogue::None if !self.transfers.is_idle() => {
                let lines = self.transfers.cancel(None, &mut self.requests);
                self.show_all(lines);
            }
            Dialogue::None => self.dialogue = Dialogue::Leave,
        }
        Ok(())
    }

    pub(super) fn cancel_dialogue(&mut self) {
        self.passwords = Passwords::default();
        self.dialogue = Dialogue::None;
        let text = safe!("cancelled, nothing was sent");
        let interactive = self.front.is_interactive();
        self.show(if interactive { Line::notice(text) } else { Line::error(text) });
    }

    /// Takes a line, wherever it comes from, as something for its destination.
    pub(super) fn take_typed(&mut self, line: Password, to: Destination) {
        let step = match to {
            Destination::Dialogue(step) if step == self.dialogue => step,
            Destination::Dialogue(_) => {
                let why = safe!("nothing was sent: that is not asked any more");
                return self.show(Line::error(why));
            }
            _ => Dialogue::None,
        };
        if let Dialogue::Password(entry) = step {
            return self.take_password(entry, line);
        }
        if line.trim().is_empty() {
            if step != Dialogue::None {
                self.cancel_dialogue();
            }
            return;
        }
        if step == Dialogue::Leave {
            self.dialogue = Dialogue::None;
            if is_yes(&line) {
                self.leave();
            }
            return;
        }
        match commands::read_for(&to, &line) {
            Typed::Action(action) if self.is_refused(&action, &line) => {}
            Typed::Action(action) => self.act(action),
            Typed::Misused(command) => {
                self.show(Line::error(safe!("usage: {}", command.usage())));
                if command.leads_to_chat() {
                    self.not_led_to_chat();
                }
            }
            Typed::Unknown => self.show(Line::error(safe!(
                "no such command; /help lists them, and // at the start stands for a plain /"
            ))),
            Typed::Text(text) => self.take_text(&text, to),
        }
    }

    /// Text that is no command goes where it was meant to go when it was begun, or nowhere.
    pub(super) fn take_text(&mut self, text: &str, to: Destination) {
        if to != Destination::Gone && self.is_over(&to) {
            return self.show(Line::error(safe!(
                "nothing was sent: that line was for {to}, and that chat is over"
            )));
        }
        match to {
            Destination::Dialogue(Dialogue::Text(target)) => {
                self.dialogue = Dialogue::None;
                self.say(target, text);
            }
            Destination::Dialogue(_) => self.take_user(text),
            Destination::Direct(..) => self.say_directly(text),
            Destination::Chat(chat) => self.say(chat, text),
            Destination::Gone => self.show(Line::error(safe!(
                "nothing was sent: the chat that the line was for is not open"
            ))),
            Destination::Unsure => self.show(Line::error(safe!(
                "nothing was sent: the prompt has moved, and the line may have been begun before; \
                 type it again"
            ))),
            Destination::Nowhere | Destination::Login(_) => self.show(Line::error(safe!(
                "nothing was sent: type PM to write to everyone, DM to write to one user, or /help"
            ))),
        }
    }

    /// Whether the chat is over in which a line was begun.
    pub(super) fn is_over(&self, to: &Destination) -> bool {
        match to {
            Destination::Chat(chat) => !self.reading.places.takes(*chat),
            Destination::Direct(_, call) => !self.direct.is_open_in(*call),
            Destination::Gone => true,
            _ => false,
        }
    }

    /// The user of a direct message, perhaps with the message behind it.
    fn take_user(&mut self, text: &str) {
        let (user, message) = text.trim_start().split_once(' ').unwrap_or((text.trim(), ""));
        match user.parse::<UserRef>() {
            Ok(user) if message.trim().is_empty() => {
                self.dialogue = Dialogue::Text(Target::User(user));
            }
            Ok(user) => {
                self.dialogue = Dialogue::None;
                self.say(Target::User(user), message);
            }
            Err(_) => {
                if !self.front.is_interactive() {
                    self.dialogue = Dialogue::None;
                }
                self.show(Line::error(safe!("{user} is no user's name or number")));
            }
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Public => self.dialogue = Dialogue::Text(Target::Everyone),
            Action::Direct => {
                self.dialogue = Dialogue::User;
                self.ask(Asked::Who { quiet: false }, Verb::Who, "");
            }
            Action::Say { to, text } => self.say(to, &text),
            Action::Who => self.ask(Asked::Who { quiet: false }, Verb::Who, ""),
            Action::Chats if self.list_console() => {}
            Action::Chats => {
                self.mark(true);
                self.ask_group(GroupRequest::Mine { quiet: true });
                self.ask(Asked::Chats, Verb::Unread, "");
            }
            Action::Open(chat) => self.open_chat(chat),
            Action::Close => {
                self.direct.unbind();
                self.reading.places.close();
            }
            Action::History(chat, count) => self.older(chat, count),
            Action::Search { chat, words } => match chat {
                Some(chat) => self.ask(Asked::Search, Verb::Search, format_args!("{chat} {words}")),
                None => self.ask(Asked::Search, Verb::Search, format_args!("- {words}")),
            },
            Action::Group(request) => self.ask_group(request),
            Action::Passwd => self.dialogue = Dialogue::Password(Entry::Old),
            Action::Nick(name) => {
                self.ask(Asked::Simple { done: "done" }, Verb::Nick, name.as_str());
            }
            Action::Quiet(true) => {
                let done = "who comes and goes is not told any more";
                self.ask(Asked::Simple { done }, Verb::Quiet, "on");
            }
            Action::Quiet(false) => {
                let done = "who comes and goes is told";
                self.ask(Asked::Simple { done }, Verb::Quiet, "off");
            }
            Action::Files(folder) => {
                let folder = folder.as_ref().map_or("", |name| name.as_str());
                self.ask(Asked::Files { quiet: false }, Verb::Ls, folder);
            }
            Action::Get(source) => {
                let place = Place::Folder(self.downloads.clone());
                self.download(source, place);
            }
            Action::Send { path, to } => self.upload(typed_path(&path), goal(to)),
            Action::Sum(name) => self.ask(Asked::Sum, Verb::Sum, name),
            Action::Abort(name) => self.abort(name.as_deref()),
            Action::Call(action) => self.act_on_call(action),
            Action::Administer(action) => self.administer(&action),
            Action::Help(None) => self.help(),
            Action::Help(Some(command)) => {
                self.show(Line::answer(safe!("{}: {}", command.usage(), command.help)));
            }
            Action::Leave => self.leave_or_ask(),
        }
    }

    /// A person is asked before transfers, messages or lines are lost; a script waits for them.
    fn leave_or_ask(&mut self) {
        let offline = self.stage != Stage::Talking && !self.outbox.is_empty();
        if self.transfers.is_idle() && !offline && self.waiting.is_empty() {
            return self.leave();
        }
        if !self.front.is_interactive() {
            self.input_ended = true;
            return;
        }
        if offline {
            self.show(Line::notice(safe!("messages not confirmed: {}", self.outbox.len())));
        } else if !self.waiting.is_empty() {
            self.show(Line::notice(safe!("lines not taken yet: {}", self.waiting.len())));
        } else {
            let count = self.transfers.count();
            self.show(Line::notice(safe!("transfers under way: {count}")));
        }
        self.dialogue = Dialogue::Leave;
    }

    /// Nothing more will be typed, also where a person could be asked until now: what is under way
    /// is awaited as in a script.
    fn end_input(&mut self) {
        self.input_ended = true;
        if !self.front.is_interactive() {
            return;
        }
        if self.dialogue == Dialogue::Leave {
            self.dialogue = Dialogue::None;
        }
        self.patience.get_or_insert(PATIENCE_OF_SCRIPTS);
        let count = self.transfers.count();
        if count > 0 {
            let text = safe!("no more can be typed; transfers under way: {count}");
            self.show(Line::notice(text));
        } else if self.stage != Stage::Talking && self.outbox.is_empty() {
            self.leave();
        }
    }

    pub(super) fn say(&mut self, to: Target, text: &str) {
        match self.outbox.push(to, text) {
            Ok(()) if self.stage != Stage::Talking => {
                self.show(Line::notice(safe!("kept to be sent to {to}: {text}")));
            }
            Ok(()) => {}
            Err(NotTaken::Text(error)) => {
                self.show(Line::error(safe!("not sent to {to}: {error}")));
            }
            Err(NotTaken::Full) => {
                let count = self.outbox.len();
                let why = safe!("{count} messages are not confirmed yet");
                self.show(Line::error(safe!("not sent to {to}: {why} (it was: {text})")));
            }
        }
    }

    fn help(&mut self) {
        let width = COMMANDS.iter().map(|command| command.usage().len()).max().unwrap_or(0);
        let line = |command: &Command| safe!("  {:width$}  {}", command.usage(), command.help);
        self.show_all(COMMANDS.iter().map(line).map(Line::answer));
    }

    /// Does the one thing that the command line asks for.
    pub(super) fn run_job(&mut self, job: Job) {
        match job {
            Job::Say { to, text } => self.say(to, &text),
            Job::Get { source, place } => self.download(source, place),
            Job::Put { path, goal } => self.upload(path, goal),
        }
    }
}
