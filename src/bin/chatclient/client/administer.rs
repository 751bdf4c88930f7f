//! What administrators and the operator ask for.

use super::Client;
use crate::input::administration::Administration;
use crate::requests::Asked;

impl Client {
    /// Asks the server for it; whether it may be is for the server to say.
    pub(super) fn administer(&mut self, action: &Administration) {
        let (verb, words) = action.request();
        let asked = match action {
            Administration::Dump => Asked::Dump,
            Administration::Shutdown(_) => Asked::Shutdown,
            _ => Asked::Simple { done: action.done() },
        };
        self.ask(asked, verb, words);
    }
}
