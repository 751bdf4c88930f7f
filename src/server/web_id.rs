//! The ids of connections of browsers.

/// The id of a connection of a browser: its slot, and a generation by which connections in the same
/// slot are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WebId {
    /// The slot.
    pub slot: u16,
    /// The generation.
    pub generation: u32,
}
