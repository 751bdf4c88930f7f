//! The parts of the client, side by side.

use crate::calls::direct_chats::DirectChats;
use crate::conversations::Conversations;
use crate::conversations::outbox::Outbox;
use crate::core::Core;
use crate::input::InputState;
use crate::link::Link;
use crate::link::login::Login;
use crate::transfers::Transfers;
use crate::ui::one_job::Job;

/// Every part of the client. None of them knows another one; what goes from one to another stands
/// in the files of this folder.
pub struct Parts {
    /// What each of them works with.
    pub core: Core,
    /// The way to the server.
    pub link: Link,
    /// The login, and how to log in again.
    pub login: Login,
    /// What is said through the server.
    pub conversations: Conversations,
    /// The messages that the server has not confirmed.
    pub outbox: Outbox,
    /// What the person types.
    pub input: InputState,
    /// The files on their way.
    pub transfers: Transfers,
    /// What is said without the server.
    pub calls: DirectChats,
    /// What to do after the login, instead of taking lines.
    pub job: Option<Job>,
    /// Whether the server was told to stop, and said that it does.
    pub was_shut_down: bool,
}

impl Parts {
    /// Whether everything is answered.
    pub fn is_idle(&self) -> bool {
        self.core.requests.is_idle()
            && self.outbox.is_empty()
            && self.conversations.is_idle()
            && !self.calls.is_calling()
            && self.input.typed_ahead.is_empty()
    }

    /// Keeps the lines of a script, which were meant for a chat that is not opened, from every
    /// other one. A person sees what the prompt says.
    pub fn not_led_to_chat(&mut self) {
        self.calls.unbind();
        self.conversations.not_led_to_chat(&self.core);
    }
}
