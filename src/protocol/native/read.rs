//! What a client reads: the server's lines, cut into their parts.

use crate::chat::message::MessageId;
use crate::protocol::native::code::Code;

/// A `C` line from the server, cut into its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerLine<'a> {
    /// The code, 100 to 599.
    pub code: u16,
    /// The verb that it belongs to.
    pub verb: &'a str,
    /// The words and the text.
    pub rest: &'a str,
}

impl<'a> ServerLine<'a> {
    /// Cuts the text of a `C` line; `None` where it doesn't start with a three-digit code.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (code, rest) = text.split_once(' ').unwrap_or((text, ""));
        let code = (code.len() == 3).then(|| code.parse().ok()).flatten()?;
        let (verb, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        (100..600).contains(&code).then_some(ServerLine { code, verb, rest })
    }

    /// Whether it is the one final reply to something that the client sent.
    pub fn is_final(&self) -> bool {
        self.code >= 200 && self.code != Code::Greeting as u16
    }

    /// Whether it is a notice, which belongs to no request.
    pub fn is_notice(&self) -> bool {
        (120..130).contains(&self.code)
    }
}

/// A `D` line from the server, cut into its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered<'a> {
    /// When the server took it.
    pub id: MessageId,
    /// Who said it.
    pub from: &'a str,
    /// To whom.
    pub to: &'a str,
    /// What.
    pub text: &'a str,
}

impl<'a> Delivered<'a> {
    /// Cuts the text of a `D` line; `None` where a part is missing.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(4, ' ');
        let id = MessageId(parts.next()?.parse().ok()?);
        Some(Delivered { id, from: parts.next()?, to: parts.next()?, text: parts.next()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_lines_are_cut_apart() {
        let line = ServerLine::parse("230 USER alice 48213 welcome").unwrap();
        assert_eq!((line.code, line.verb, line.rest), (230, "USER", "alice 48213 welcome"));
        assert!(line.is_final());
        assert!(ServerLine::parse("120 ON a 1").unwrap().is_notice());
        assert!(ServerLine::parse("354 PM send").unwrap().is_final());
        assert!(!ServerLine::parse("151 WHO x").unwrap().is_final());
        assert_eq!(ServerLine::parse("hello"), None);
        assert_eq!(ServerLine::parse("99999 X"), None);
        let message = Delivered::parse("17 bob * two words").unwrap();
        assert_eq!((message.id, message.to, message.text), (MessageId(17), "*", "two words"));
        assert_eq!(Delivered::parse("x"), None);
    }
}
