//! The report of a run, as text and as JSON.

mod gather;
mod record;
mod text;

pub use gather::{Logins, Run};
pub use record::Report;
