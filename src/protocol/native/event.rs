//! How events stand on the wire.

use std::fmt;

use crate::chat::event::{Call, Event};
use crate::chat::file::FileRef;

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::On(name, number) => write!(f, "C 120 ON {name} {number}"),
            Event::Off(name, number) => write!(f, "C 121 OFF {name} {number}"),
            Event::Ask(group, user) => write!(f, "C 122 ASK {group} {user}"),
            Event::Join(group, user) => write!(f, "C 123 JOIN {group} {user}"),
            Event::Put { stream, size, file: FileRef::Shared(name) } => {
                write!(f, "C 126 PUT {stream} {size} {name}")
            }
            Event::Put { stream, size, file: FileRef::Sent(id) } => {
                write!(f, "C 126 SENDFILE {stream} {size} @{id}")
            }
            Event::Group(group, change, user) => write!(f, "C 128 GROUP {group} {change} {user}"),
            Event::Abort { stream, reason } => write!(f, "C 127 ABORT {stream} {reason}"),
            Event::Call(call) => write!(f, "C 125 CALL {call}"),
            Event::Shutdown { seconds } => write!(f, "C 129 SHUTDOWN {seconds}"),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.user, self.address)?;
        match self.port {
            Some(port) => write!(f, "{port}")?,
            None => f.write_str("-")?,
        }
        write!(f, " {}", self.ticket.expose())
    }
}
