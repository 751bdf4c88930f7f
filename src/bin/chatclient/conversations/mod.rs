//! What is said: [`chats`], what of each chat was shown; [`missed`], what came while the connection
//! was gone; [`places`], where plain lines go, and [`outbox`], what the server has not confirmed.

pub mod chats;
pub mod missed;
pub mod outbox;
pub mod places;
