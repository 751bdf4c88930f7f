//! The hub as people meet it, without a socket: dialogues, and worlds that are drawn by lot.

mod dialogue;
mod dialogues;
mod model;
mod server;
mod store;
