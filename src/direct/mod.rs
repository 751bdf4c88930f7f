//! Direct chats: one TCP connection between two clients, encrypted and authenticated by a ticket
//! that both got from the server (section 10 of the protocol).
//!
//! In reading order: [`announced`], what the server says; [`listener`], where others come to, as
//! the [`stranger`] that each of them is at first; [`invitations`], the calls that were announced;
//! [`chat`], the state machine of one chat; [`messages`], what stands on the wire; [`noise`], the
//! encryption, and [`ticket`], its key. How they stand beside the rest of the client is the
//! client's own.

pub mod announced;
pub mod chat;
pub mod invitations;
pub mod listener;
pub mod messages;
pub mod noise;
pub mod stranger;
pub mod ticket;
