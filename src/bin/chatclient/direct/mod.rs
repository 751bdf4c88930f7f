//! The client's side of direct chats: [`action`], what is typed; [`calls`], what the client's loop
//! sees of all the rest, and [`peer`], the sockets. The chats themselves are in
//! [`chatsrv::direct`].

pub mod action;
pub mod calls;
mod peer;

pub use chatsrv::direct::{announced, chat, invitations, listener, ticket};
