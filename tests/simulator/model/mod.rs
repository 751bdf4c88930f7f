//! What ought to happen, told apart from how the hub does it: plain maps, walked through whole.
//!
//! There are two parts. [`ChatModel`](chat::ChatModel) is what entries alone determine, on whatever
//! machine they are decided. [`NodeModel`] is one server: it looks at what comes in, says which
//! entries that ought to bring, has a chat of its own decide them, and says which answers, events
//! and jobs are due then.

mod chat;
mod node;

pub use self::node::NodeModel;
