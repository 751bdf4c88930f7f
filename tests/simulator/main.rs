//! The hub as people meet it, without a socket: dialogues, and worlds that are drawn by lot.

mod audit;
mod client;
mod codes;
mod counts;
mod dialogue;
mod dialogues;
mod expected;
mod lines;
mod model;
mod reply;
mod scenes;
mod seeds;
mod server;
mod store;
mod uploads;
mod world;
