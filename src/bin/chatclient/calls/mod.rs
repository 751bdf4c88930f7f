//! Direct chats between two clients: [`action`], the commands; [`direct_chats`], their execution,
//! and the handling of the server's replies and notices; [`sockets`], the calls, and [`peer`], the
//! connection of one. The protocol is in [`chatsrv::direct`].

pub mod action;
pub mod direct_chats;
mod peer;
pub mod sockets;
