//! The parts of the client.

use crate::calls::direct_chats::DirectChats;
use crate::conversations::Conversations;
use crate::conversations::outbox::Outbox;
use crate::core::Core;
use crate::input::InputState;
use crate::link::Link;
use crate::link::login::Login;
use crate::transfers::Transfers;
use crate::ui::one_job::Job;

/// All parts of the client. None knows another; the files of this folder pass events between them.
pub struct Parts {
    /// The state that they share.
    pub core: Core,
    /// The connection to the server.
    pub link: Link,
    /// The login, and how to log in again.
    pub login: Login,
    /// The messages of chats on the server.
    pub conversations: Conversations,
    /// The messages that the server has not confirmed.
    pub outbox: Outbox,
    /// The state of the input: dialogues and lines that wait.
    pub input: InputState,
    /// The transfers of files.
    pub transfers: Transfers,
    /// The direct chats.
    pub calls: DirectChats,
    /// The job to do after the login, instead of reading lines.
    pub job: Option<Job>,
    /// True if the server has confirmed a request to stop.
    pub was_shut_down: bool,
}

impl Parts {
    /// Returns true if no reply, message or waiting line is outstanding. Transfers do not count.
    pub fn is_idle(&self) -> bool {
        self.core.requests.is_idle()
            && self.outbox.is_empty()
            && self.conversations.is_idle()
            && !self.calls.is_calling()
            && self.input.typed_ahead.is_empty()
    }

    /// Handles a chat that could not be opened: the lines of a script that were meant for it must
    /// go to no other one. A user at a terminal sees the prompt.
    pub fn not_led_to_chat(&mut self) {
        self.calls.unbind();
        self.conversations.not_led_to_chat(&self.core);
    }
}
