//! chatsrv: a chat and file server on one readiness-driven event loop.
//!
//! The modules in reading order:
//!
//! 1. [`chat`]: what everybody speaks about: requests, messages, events, and the names in them.
//! 2. [`protocol`]: codecs between bytes and that.
//! 3. [`hub`]: what the chat knows and decides. It does no I/O.
//! 4. [`store`]: what may block, on threads of its own: accounts, messages, passwords, files.
//! 5. [`server`]: the loop and its sockets.
//!
//! Beside them stands what the programs have in common: [`command_line`] and [`exit`]; the server's
//! [`options`], [`bounds`] of what one network may take, [`capacity`], [`limits`], [`metrics`] and
//! [`log`]; of the client what meets the bytes of others: [`display`] and [`direct`]; and for all
//! that connect to the server [`tls_client`].

pub mod bounds;
pub mod capacity;
pub mod chat;
pub mod command_line;
pub mod direct;
pub mod display;
pub mod exit;
pub mod hub;
pub mod limits;
pub mod log;
pub mod metrics;
pub mod options;
pub mod protocol;
pub mod server;
pub mod store;
pub mod tls_client;
