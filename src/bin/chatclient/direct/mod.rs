//! Direct chats: one TCP connection between two clients, encrypted and authenticated by a ticket
//! that both got from the server (section 10 of the protocol).
//!
//! In reading order: [`action`], what is typed, and [`announced`], what the server says; [`calls`],
//! what the client's loop sees of all the rest; [`listener`] and [`peer`], the sockets;
//! [`invitations`], the calls that were announced; [`chat`], the state machine of one chat;
//! [`messages`], what stands on the wire; [`noise`], the encryption, and [`ticket`], its key.

pub mod action;
pub mod announced;
pub mod calls;
pub mod chat;
mod invitations;
pub mod listener;
mod messages;
mod noise;
mod peer;
pub mod ticket;
