//! CHATS: the list of all chats of a user.

use crate::chat::answer::{Answer, ChatLine, Done, Item, LastMessage, List};
use crate::chat::kind::Kind;
use crate::chat::message::{ChatSummary, StoredMessage};
use crate::chat::request::CHAT_TEXT_CHARS_MAX;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::context::{Caller, Cx};
use crate::hub::job::{Outcome, Value};
use crate::hub::outcome::failed;
use crate::hub::people::People;
use crate::hub::sessions::replies::Reply;

/// Answers CHATS once the chats are listed.
pub fn listed(from: Caller, outcome: &Outcome, people: People<'_>, cx: &mut Cx<'_>) {
    let found = match outcome {
        Ok(Value::Chats { chats, left }) => items(from.user, chats, people).map(|it| (it, *left)),
        _ => None,
    };
    match found {
        Some((items, left)) => {
            let last = Answer { of: Kind::Chats, result: Ok(Done::Left(left)) };
            let list = List::whole(Kind::Chats, items.into(), None, last);
            cx.reply(from.conn, Reply::List(list));
        }
        None => cx.refuse(from.conn, Kind::Chats, failed(outcome)),
    }
}

/// The items of CHATS, but for groups that were left since, or have ended. None if there is a chat
/// that the store should not have.
fn items(reader: UserIndex, chats: &[ChatSummary], people: People<'_>) -> Option<Vec<Item>> {
    let own = chats.iter().filter(|it| people.reads_since(reader, it.chat).is_some());
    let items = own.map(|it| {
        let chat = people.destination(reader, it.chat)?;
        let last = match &it.last {
            Some(message) => Some(last_message(message, people)?),
            None => None,
        };
        let ChatSummary { unread, seen, .. } = *it;
        Some(Item::Chat(Box::new(ChatLine { chat, unread, seen, last })))
    });
    items.collect()
}

fn last_message(message: &StoredMessage, people: People<'_>) -> Option<LastMessage> {
    let from = people.accounts.directory.find_number(message.from)?;
    let from = people.accounts.name(from);
    let text = message.text.chars().take(CHAT_TEXT_CHARS_MAX).collect::<String>();
    let StoredMessage { id, file_size, .. } = *message;
    Some(LastMessage { id, from, file_size, text: text.into() })
}
