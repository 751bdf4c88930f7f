//! Chats without the server: [`action`], what is typed; [`sockets`], what the client's loop sees of
//! all the rest, and [`peer`], the connections. The chats themselves are in [`chatsrv::direct`].

pub mod action;
mod peer;
pub mod sockets;
