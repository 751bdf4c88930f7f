//! The reasons that a 421 gives for the end of a connection: one table, from which the server
//! writes and the client reads.

use std::time::Duration;

use crate::chat::close::CloseReason;
use crate::chat::text::Reason;

/// The longest time, in seconds, after which a client is asked to come back. A longer one is read
/// as this one, so that no server sends its clients away for good.
pub const COME_BACK_SECONDS_MAX: u32 = 3600;

/// Stands between the reason and the seconds.
const COME_BACK_IN: &str = ", come back in ";
/// Stands behind the seconds.
const SECONDS: &str = " s";
/// Stands between the reason of a kick and the words of the administrator.
const BECAUSE: &str = ": ";

/// Declares [`ClosingReason`] and its table, so that no reason is without a text.
macro_rules! closings {
    ($($(#[$doc:meta])* $reason:ident, $text:literal, $return:ident;)*) => {
        /// The reason for which the server closes a connection with a 421.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ClosingReason {
            $($(#[$doc])* $reason,)*
        }

        impl ClosingReason {
            /// Every reason, in the order of the manual page.
            pub const ALL: &[ClosingReason] = &[$(ClosingReason::$reason),*];

            /// The text of the reason. Clients rely on it: it changes only with the version of the
            /// protocol.
            pub fn text(self) -> &'static str {
                match self {
                    $(ClosingReason::$reason => $text,)*
                }
            }

            /// Returns true if a client should come back by itself.
            pub fn may_return(self) -> bool {
                match self {
                    $(ClosingReason::$reason => Return::$return == Return::Later,)*
                }
            }
        }
    };
}

/// The advice to a client on coming back by itself.
#[derive(PartialEq)]
enum Return {
    Later,
    Never,
}

closings! {
    /// The server stops; it may start again.
    Shutdown, "the server is shutting down", Later;
    /// One connection more than the limit.
    ConnectionLimit, "Connection Limit Exceeded !!", Later;
    /// One connection more than one address may have.
    AddressLimit, "too many connections from your address", Later;
    /// More bytes are queued than the send queue holds.
    TooSlow, "too slow: more waits for you than the server holds", Later;
    /// The rest of a list could not be read.
    ListFailed, "the rest of that list can't be read", Later;
    /// No login within the login timeout.
    LoginTimeout, "no login in time", Later;
    /// Nothing came from the client for the idle timeout: nobody is there.
    IdleTimeout, "nothing heard for too long", Never;
    /// A newer session of the same user took over. The two would end each other for ever.
    TakenOver, "you logged in elsewhere", Never;
    /// An administrator ended the session; the administrator's words may follow, after a colon.
    Kicked, "you were kicked", Never;
    /// The user, or an administrator, ended the session and its tokens.
    LoggedOut, "you were logged out", Never;
    /// The user is banned.
    Banned, "you are banned", Never;
    /// Connections from that address are not taken.
    AddressBanned, "your address is banned", Never;
    /// The account was removed.
    AccountRemoved, "the account was removed", Never;
    /// Three wrong passwords.
    WrongPassword, "too many wrong passwords", Never;
    /// A file frame could not be parsed, or named a stream that was never open.
    BadFileFrame, "a file frame that belongs to no stream", Later;
    /// The client speaks HTTP.
    Http, "this is a chatsrv server, and no web server: use chatclient", Never;
    /// The client speaks TLS on a port that takes none.
    Tls, "this port takes no TLS", Never;
    /// The client speaks no TLS on a port that takes nothing else.
    NotTls, "this port takes TLS and nothing else", Never;
}

impl ClosingReason {
    /// The reason with this text; a kick may have more text behind it.
    fn from_text(text: &str) -> Option<ClosingReason> {
        let is_it = |closing: &&ClosingReason| match text.strip_prefix(closing.text()) {
            Some("") => true,
            Some(rest) => **closing == ClosingReason::Kicked && rest.starts_with(BECAUSE),
            None => false,
        };
        ClosingReason::ALL.iter().find(is_it).copied()
    }

    /// The reason that the 421 gives for the end of a connection; none if the connection gets no
    /// 421.
    pub fn of(reason: CloseReason) -> Option<ClosingReason> {
        Some(match reason {
            CloseReason::BadFileFrame => ClosingReason::BadFileFrame,
            CloseReason::LoginTimeout => ClosingReason::LoginTimeout,
            CloseReason::IdleTimeout => ClosingReason::IdleTimeout,
            CloseReason::WrongPassword => ClosingReason::WrongPassword,
            CloseReason::TakenOver => ClosingReason::TakenOver,
            CloseReason::LoggedOut => ClosingReason::LoggedOut,
            CloseReason::Kicked => ClosingReason::Kicked,
            CloseReason::Banned => ClosingReason::Banned,
            CloseReason::AddressBanned => ClosingReason::AddressBanned,
            CloseReason::AccountRemoved => ClosingReason::AccountRemoved,
            CloseReason::ListFailed => ClosingReason::ListFailed,
            CloseReason::TooSlow => ClosingReason::TooSlow,
            CloseReason::ConnectionLimit => ClosingReason::ConnectionLimit,
            CloseReason::AddressLimit => ClosingReason::AddressLimit,
            CloseReason::Http => ClosingReason::Http,
            CloseReason::Tls => ClosingReason::Tls,
            CloseReason::NotTls => ClosingReason::NotTls,
            CloseReason::Shutdown => ClosingReason::Shutdown,
            CloseReason::Goodbye
            | CloseReason::PeerClosed
            | CloseReason::ConnectionLost
            | CloseReason::AlreadyOnline
            | CloseReason::NoSuchFile
            | CloseReason::TlsFailed
            | CloseReason::NoProgress => return None,
        })
    }

    /// The text as it is sent: with the words of the administrator who kicked the user, or with the
    /// seconds after which to come back.
    pub fn line(self, words: Option<&Reason>, come_back_in: Option<u32>) -> String {
        let text = self.text();
        match (words, come_back_in) {
            (Some(words), _) => format!("{text}{BECAUSE}{}", words.as_str()),
            (None, Some(seconds)) => format!("{text}{COME_BACK_IN}{seconds}{SECONDS}"),
            (None, None) => text.to_owned(),
        }
    }
}

/// The content of a 421, as a client reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The reason; none if this version of the protocol does not know the text.
    pub reason: Option<ClosingReason>,
    /// The time after which to come back, if the server gives one.
    pub come_back_after: Option<Duration>,
}

impl Closed {
    /// Reads the text of a 421.
    pub fn read(text: &str) -> Self {
        // The whole text is tried first: the words of a kick may look like a hint.
        if let Some(reason) = ClosingReason::from_text(text) {
            return Closed { reason: Some(reason), come_back_after: None };
        }
        let hint = text.rsplit_once(COME_BACK_IN);
        let hint = hint.and_then(|(text, hint)| Some((text, seconds(hint)?)));
        match hint {
            Some((text, seconds)) => {
                let after = Duration::from_secs(seconds.min(COME_BACK_SECONDS_MAX).into());
                Closed { reason: ClosingReason::from_text(text), come_back_after: Some(after) }
            }
            None => Closed { reason: None, come_back_after: None },
        }
    }

    /// Returns true if a client should come back by itself; also after an unknown reason.
    pub fn may_return(&self) -> bool {
        self.reason.is_none_or(ClosingReason::may_return)
    }
}

fn seconds(hint: &str) -> Option<u32> {
    let digits = hint.strip_suffix(SECONDS)?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // A number that is too large counts as the longest time.
    is_number.then(|| digits.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for reason in ClosingReason::ALL {
            let closed = Closed::read(&reason.line(None, None));
            assert_eq!(closed, Closed { reason: Some(*reason), come_back_after: None });
            let closed = Closed::read(&reason.line(None, Some(7)));
            let after = Some(Duration::from_secs(7));
            assert_eq!(closed, Closed { reason: Some(*reason), come_back_after: after });
        }
    }

    #[test]
    fn the_texts_are_what_clients_rely_on() {
        let line = ClosingReason::Shutdown.line(None, Some(3));
        assert_eq!(line, "the server is shutting down, come back in 3 s");
        let line = ClosingReason::ConnectionLimit.line(None, None);
        assert_eq!(line, "Connection Limit Exceeded !!");
    }

    #[test]
    fn who_is_not_wanted_stays_away_and_everyone_else_comes_back() {
        let away: Vec<&str> = ClosingReason::ALL
            .iter()
            .filter(|reason| !reason.may_return())
            .map(|reason| reason.text())
            .collect();
        assert!(away.contains(&"you logged in elsewhere") && away.contains(&"you were kicked"));
        assert!(away.contains(&"you are banned") && away.contains(&"nothing heard for too long"));
        assert!(ClosingReason::Shutdown.may_return() && ClosingReason::TooSlow.may_return());
        assert!(Closed::read("you were kickedx").may_return(), "only whole texts count");
        assert!(!Closed::read("you were kicked: spam, come back in 9 s").may_return());
        assert!(Closed::read("for a reason of tomorrow").may_return());
    }

    #[test]
    fn hints_are_read_and_bounded() {
        let after = |text: &str| Closed::read(text).come_back_after.map(|after| after.as_secs());
        assert_eq!(after("the server is shutting down, come back in 0 s"), Some(0));
        assert_eq!(after("something new, come back in 5 s"), Some(5));
        for endless in ["3601", "4294967296", "99999999999999999999999999"] {
            let text = format!("the server is shutting down, come back in {endless} s");
            assert_eq!(after(&text), Some(3600), "{endless}");
        }
        for none in ["", "x", "-1", "+1", "1.5", "٣", "1 s, come back in "] {
            let text = format!("the server is shutting down, come back in {none} s");
            assert_eq!(after(&text), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn hints_of_every_length_come_through(seconds in 0..=COME_BACK_SECONDS_MAX) {
            let closed = Closed::read(&ClosingReason::Shutdown.line(None, Some(seconds)));
            prop_assert_eq!(closed.reason, Some(ClosingReason::Shutdown));
            prop_assert_eq!(closed.come_back_after, Some(Duration::from_secs(seconds.into())));
        }

        #[test]
        fn whatever_words_somebody_is_kicked_with_they_stay_kicked(words in ".{1,60}") {
            let Ok(words) = words.parse::<Reason>() else { return Ok(()) };
            let closed = Closed::read(&ClosingReason::Kicked.line(Some(&words), None));
            let kicked = Closed { reason: Some(ClosingReason::Kicked), come_back_after: None };
            prop_assert_eq!(closed, kicked);
        }

        #[test]
        fn any_text_is_read_without_harm(text in ".{0,80}") {
            Closed::read(&text);
        }
    }
}
