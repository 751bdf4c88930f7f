//! The words of a line, taken one by one from its start, and the macro that declares a table of
//! them.

use std::net::IpAddr;
use std::str::FromStr;

use crate::chat::address::Address;
use crate::chat::id::MessageId;

/// Declares an enum of parsed lines, and how each of its variants is parsed. A row has a pattern
/// for the key of the table, the variant, and for each of its fields the function that takes it
/// from [`Words`]. A line that no row matches, or whose words can't be parsed, is `Other`. Words
/// behind those of a row are ignored, since they are additions of a later version.
macro_rules! readings {
    (
        $(#[$meta:meta])*
        pub enum $name:ident by $key:ty {
            $(
                $(#[$doc:meta])*
                $pattern:pat => $variant:ident {
                    $($(#[$field_doc:meta])* $field:ident: $type:ty = $reader:expr,)*
                };
            )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name<'a> {
            $($(#[$doc])* $variant { $($(#[$field_doc])* $field: $type,)* },)*
            /// A line of no other variant, or with words that can't be parsed: the words as they
            /// came.
            Other(&'a str),
        }

        impl<'a> $name<'a> {
            pub(super) fn read(key: $key, rest: &'a str) -> Self {
                let known = || {
                    let mut words = Words::new(rest);
                    Some(match key {
                        $($pattern => $name::$variant { $($field: $reader(&mut words)?,)* },)*
                        _ => return None,
                    })
                };
                known().unwrap_or($name::Other(rest))
            }
        }
    };
}

pub(super) use readings;

/// The words of a line that are not taken yet, separated by one space each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words<'a>(Option<&'a str>);

impl<'a> Words<'a> {
    pub fn new(text: &'a str) -> Self {
        Words(Some(text))
    }

    /// Takes the next word.
    pub fn word(&mut self) -> Option<&'a str> {
        let rest = self.0.filter(|rest| !rest.is_empty())?;
        let (word, rest) = match rest.split_once(' ') {
            Some((word, rest)) => (word, Some(rest)),
            None => (rest, None),
        };
        self.0 = rest;
        Some(word)
    }

    /// Takes the rest of the line, which must exist: a name with spaces, for example.
    pub fn rest(&mut self) -> Option<&'a str> {
        self.0.take()
    }

    /// Takes the rest of the line, or an empty text.
    pub fn text(&mut self) -> Option<&'a str> {
        Some(self.0.take().unwrap_or_default())
    }

    /// Takes and parses the next word.
    pub fn parsed<T: FromStr>(&mut self) -> Option<T> {
        self.word()?.parse().ok()
    }

    /// Takes the next word, a plain decimal number.
    pub fn number<N: FromStr>(&mut self) -> Option<N> {
        number(self.word()?)
    }

    /// Takes the next word, the id of a message.
    pub fn id(&mut self) -> Option<MessageId> {
        self.number().map(MessageId)
    }

    /// Takes the next word, if there is one that can be parsed: not every server sends it.
    pub fn parsed_if_any<T: FromStr>(&mut self) -> Option<Option<T>> {
        Some(self.parsed())
    }

    /// Takes the next word, a plain decimal number, if there is one: not every server sends it.
    pub fn number_if_any<N: FromStr>(&mut self) -> Option<Option<N>> {
        Some(self.number())
    }

    /// Takes the next word, a number or `-` for none.
    pub fn number_or_none<N: FromStr>(&mut self) -> Option<Option<N>> {
        match self.word()? {
            "-" => Some(None),
            word => number(word).map(Some),
        }
    }

    /// Takes the next word. Returns true if it is `kept`; `-` stands for no.
    pub fn is_kept(&mut self) -> Option<bool> {
        self.word().map(|word| word == "kept")
    }

    /// Takes the next word, if there is one. Returns true if it is `public`.
    pub fn is_public(&mut self) -> Option<bool> {
        Some(self.word() == Some("public"))
    }

    /// Takes `address:port`, with an IPv6 address in brackets. None for `-`, and for an address of
    /// a kind that this version does not know.
    pub fn address_and_port(&mut self) -> Option<Option<(Address, u16)>> {
        let word = self.word()?;
        let parts = word.rsplit_once(':');
        Some(parts.and_then(|(host, port)| Some((address(host)?, number(port)?))))
    }

    /// Takes an address without a port; none for one of a kind that this version does not know.
    pub fn address(&mut self) -> Option<Option<Address>> {
        self.word().map(address)
    }

    /// Takes a port. None for `-`, and for a word that is no port.
    pub fn port(&mut self) -> Option<Option<u16>> {
        self.word().map(number)
    }

    /// Takes the words up to a lone dash, and the dash.
    pub fn until_dash(&mut self) -> Option<&'a str> {
        let rest = self.0?;
        let (words, rest) = match rest.strip_prefix("- ") {
            Some(rest) => ("", rest),
            None => rest.split_once(" - ")?,
        };
        self.0 = Some(rest);
        Some(words)
    }
}

/// Parses a plain decimal number, without a sign.
pub(super) fn number<N: FromStr>(word: &str) -> Option<N> {
    let is_plain = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| word.parse().ok()).flatten()
}

/// Parses an address as the protocol writes it.
fn address(word: &str) -> Option<Address> {
    match word.strip_prefix('[') {
        _ if word == "local" => Some(Address::Local),
        Some(word) => {
            let address = word.strip_suffix(']')?.parse().ok()?;
            Some(Address::Host(IpAddr::V6(address)))
        }
        None => word.parse().ok().map(IpAddr::V4).map(Address::Host),
    }
}
