//! Chats without the server: [`action`], what is typed; [`direct_chats`], what comes of it and of
//! what the server says; [`sockets`], the calls themselves, and [`peer`], their connections. What
//! stands on the wire is in [`chatsrv::direct`].

pub mod action;
pub mod direct_chats;
mod peer;
pub mod sockets;
