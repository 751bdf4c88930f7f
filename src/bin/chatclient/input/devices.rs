//! The commands for the devices of this user, each with its session and tokens: parsed from what
//! was typed, and encoded as requests.

use chatsrv::chat::name::UserName;
use chatsrv::protocol::native::verb::Verb;

/// A command for the devices of this user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceRequest {
    /// List them.
    List,
    /// End the session and the tokens of the one with this number.
    End(u32),
    /// End those of all but this one.
    EndOthers,
    /// Make a token for another program, which is a device of its own with this name.
    TokenFor(UserName),
}

impl DeviceRequest {
    /// The verb of the request and its arguments.
    pub fn request(&self) -> (Verb, String) {
        match self {
            DeviceRequest::List => (Verb::Sessions, String::new()),
            DeviceRequest::End(number) => (Verb::Endsession, number.to_string()),
            DeviceRequest::EndOthers => (Verb::Endsession, "all".to_string()),
            DeviceRequest::TokenFor(name) => (Verb::Token, format!("FOR {name}")),
        }
    }

    /// The text to show after success.
    pub fn done(&self) -> &'static str {
        match self {
            DeviceRequest::End(_) => "that session and its tokens are over",
            DeviceRequest::EndOthers => "all other sessions and tokens are over",
            DeviceRequest::List | DeviceRequest::TokenFor(_) => "",
        }
    }
}

/// Parses a number or `all`.
pub fn end(words: &str) -> Option<DeviceRequest> {
    match words.trim() {
        word if word.eq_ignore_ascii_case("all") => Some(DeviceRequest::EndOthers),
        word => word.parse().ok().map(DeviceRequest::End),
    }
}

/// Parses the name of a program.
pub fn token_for(words: &str) -> Option<DeviceRequest> {
    words.trim().parse().ok().map(DeviceRequest::TokenFor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_requests() {
        let line = |request: Option<DeviceRequest>| {
            let (verb, words) = request?.request();
            Some(format!("{verb} {words}").trim_end().to_string())
        };
        let some = |line: &str| Some(line.to_string());
        assert_eq!(line(Some(DeviceRequest::List)), some("SESSIONS"));
        assert_eq!(line(end(" 3 ")), some("ENDSESSION 3"));
        assert_eq!(line(end("ALL")), some("ENDSESSION all"));
        assert_eq!(line(token_for("backup")), some("TOKEN FOR backup"));
        for nonsense in ["", "-1", "x", "1 2"] {
            assert_eq!(end(nonsense), None, "{nonsense}");
        }
        assert_eq!(token_for("two words"), None);
    }
}
