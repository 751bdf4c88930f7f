//! Direct chats: a TCP connection between two clients, encrypted and authenticated by a ticket that
//! both have received from the server (section 10 of the protocol).
//!
//! In reading order: [`announced`], the server's announcement of a call; [`listener`], the port for
//! incoming calls; [`stranger`], a connection to it that is not authenticated yet; [`invitations`],
//! the calls that were announced; [`chat`], the state machine of one chat; [`messages`], the
//! framing; [`noise`], the encryption; and [`ticket`], its key. The client connects them to its
//! sockets and commands.

pub mod announced;
pub mod chat;
pub mod invitations;
pub mod listener;
pub mod messages;
pub mod noise;
pub mod stranger;
pub mod ticket;
