//! How much text everybody has said.

use std::collections::HashMap;

use chatsrv::chat::name::Number;
use chatsrv::chat::refusal::Refusal;

use super::NodeModel;
use crate::reply::Reply;

/// The bytes of text that users have said since the server started.
#[derive(Default)]
pub struct Spoken {
    /// By user and day.
    days: HashMap<(Number, u64), u64>,
    all: HashMap<Number, u64>,
}

impl NodeModel {
    /// Somebody says something.
    pub(super) fn speaks(&mut self, user: Number, text: &str) {
        let (day, quota) = (self.seconds() / 86_400, self.config.rules.message_quota);
        let bytes = self.spoken.days.entry((user, day)).or_default();
        *bytes += text.len() as u64;
        let is_much = quota > 0 && *bytes > quota && user != Number::OPERATOR;
        assert!(!is_much, "{user} says {bytes} bytes of {quota} a day");
        *self.spoken.all.entry(user).or_default() += text.len() as u64;
    }

    /// Somebody is refused to say something.
    pub(super) fn check_silence(&self, user: Number, text: &str, reply: &Reply<'_>) {
        if reply.refusal == Some(&Refusal::SaidEnough) {
            // The day may be over since.
            let spoken = self.spoken.all.get(&user).copied().unwrap_or_default();
            let quota = self.config.rules.message_quota;
            let bytes = spoken + text.len() as u64;
            assert!(quota > 0 && bytes > quota, "{user} has said no more than {spoken} bytes");
        }
    }
}
