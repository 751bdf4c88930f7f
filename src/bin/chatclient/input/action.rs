//! A command as it was typed, and a row of the table of commands.

use chatsrv::chat::id::MessageId;
use chatsrv::chat::moderation::Moderation;
use chatsrv::chat::name::{DisplayName, FileName, Target, UserRef};
use chatsrv::chat::text::Reason;
use chatsrv::display::safe_text::{SafeText, safe};

use super::administration::Administration;
use super::devices::DeviceRequest;
use super::groups::GroupRequest;
use super::personal::PersonalRequest;
use crate::calls::action::CallAction;
use crate::transfers::download::Source;

/// A parsed command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Begin the dialogue for a message to everyone.
    Public,
    /// Begin the dialogue for a message to one user.
    Direct,
    /// Send a message.
    Say {
        /// The target.
        to: Target,
        /// The text.
        text: String,
    },
    /// List the users online.
    Who,
    /// Choose a display name.
    Nick(DisplayName),
    /// Turn the notices of users who come online and go offline off (true) or on.
    Quiet(bool),
    /// List what is known of a user.
    Whois(UserRef),
    /// Be away, for a reason, or not any more.
    Away(Option<Reason>),
    /// Be told of a user in any case, or no longer.
    Monitor {
        /// The user.
        user: UserRef,
        /// True to be told.
        on: bool,
    },
    /// List the chats, and the number of unread messages.
    Chats,
    /// Open a chat: show its unread messages, and send plain lines to it.
    Open(Target),
    /// Close the open chat.
    Close,
    /// Show a number of older messages of a chat; `None` for the open one.
    History(Option<Target>, u16),
    /// Show the messages that contain all the words.
    Search {
        /// The chat; `None` for all chats.
        chat: Option<Target>,
        /// The words.
        words: String,
    },
    /// Remove a message or a sent file.
    Delete(MessageId),
    /// A request about groups.
    Group(GroupRequest),
    /// Change the password, step by step.
    Passwd,
    /// Remove the own account.
    Unregister {
        /// True to remove all that the user has said and sent, too.
        erase: bool,
    },
    /// A request about the devices of this user.
    Devices(DeviceRequest),
    /// List the files of a folder, or of the shared folder itself.
    Files(Option<FileName>),
    /// Download a file.
    Get(Source),
    /// Upload a file.
    Send {
        /// Its path on this machine.
        path: String,
        /// The target; `None` for the shared folder.
        to: Option<Target>,
    },
    /// Show the SHA-256 of a file.
    Sum(FileName),
    /// Cancel the transfers of a file; `None` for all transfers.
    Abort(Option<String>),
    /// A command for direct chats.
    Call(CallAction),
    /// A command about others or about the own account.
    Personal(PersonalRequest),
    /// A command of administrators.
    Administer(Administration),
    /// List the commands, or explain one.
    Help(Option<&'static Command>),
    /// Log out.
    Leave,
}

impl Action {
    /// Returns true if the command sends a request at once. A message goes through its own queue.
    pub fn asks_server(&self) -> bool {
        match self {
            Action::Public
            | Action::Say { .. }
            | Action::Close
            | Action::Abort(_)
            | Action::Help(_)
            | Action::Leave => false,
            Action::Call(call) => call.asks_server(),
            _ => true,
        }
    }

    /// The question to somebody at a terminal, before a command is carried out that can't be
    /// undone; `None` for other commands.
    pub fn question(&self) -> Option<SafeText> {
        let all = |erase: bool| if erase { " and all that was said and sent" } else { "" };
        Some(match self {
            Action::Unregister { erase } => safe!("remove your account{} for good?", all(*erase)),
            Action::Administer(command) => match &command.meant {
                Moderation::Remove { user, erase } => {
                    safe!("remove the account of {user}{} for good?", all(*erase))
                }
                _ => return None,
            },
            Action::Personal(PersonalRequest::RemoveFile(name)) => {
                safe!("remove {name} from the shared folder for good?")
            }
            Action::Group(GroupRequest::Dissolve(group)) => {
                safe!("end {group}, its messages and its files for good?")
            }
            _ => return None,
        })
    }
}

/// The kind of words with which the argument of a command is completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completes {
    /// None.
    Nothing,
    /// The names of users.
    Users,
    /// The names of users and other chats.
    Chats,
    /// The names of groups; after one of them, those of users.
    Groups,
    /// The names of the server's files.
    Files,
    /// The names of commands.
    Commands,
}

/// A command of the table.
#[derive(Debug)]
pub struct Command {
    /// Its name; the case does not matter.
    pub name: &'static str,
    /// The synopsis of its arguments.
    pub words: &'static str,
    /// Its description, in one line.
    pub help: &'static str,
    /// How its argument is completed.
    pub completes: Completes,
    /// Parses its arguments; `None` if they are malformed.
    pub read: fn(&str) -> Option<Action>,
}

impl PartialEq for Command {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Command {}

impl Command {
    /// The synopsis of the command.
    pub fn usage(&self) -> String {
        format!("{} {}", self.name, self.words).trim_end().to_string()
    }

    /// Returns true if the plain lines after it are meant for the chat that it names.
    pub fn leads_to_chat(&self) -> bool {
        ["/open", "/call", "/accept"].contains(&self.name)
    }
}
