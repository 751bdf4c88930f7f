//! What a run came to, for people and for programs.

mod gather;
mod record;
mod text;

pub use gather::{Logins, Run};
pub use record::Report;
