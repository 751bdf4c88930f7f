//! The names of the clients, random for each run so that no two runs use the same accounts.

use std::hash::{BuildHasher, Hasher, RandomState};

/// The names and the password of one run.
#[derive(Clone, Debug)]
pub struct Names {
    run: u32,
    prefix: String,
    password: String,
}

impl Names {
    /// Creates names with a random prefix, and a random password.
    pub fn random() -> Self {
        // The standard library's hasher is keyed by random numbers of the system.
        let random = || RandomState::new().build_hasher().finish();
        let run = random() as u32;
        Names { run, prefix: format!("load{run:08x}-"), password: format!("{:016x}", random()) }
    }

    /// The random number of this run.
    pub fn run(&self) -> u32 {
        self.run
    }

    /// The name of client `number`.
    pub fn of(&self, number: usize) -> String {
        format!("{}{number:05}", self.prefix)
    }

    /// The name of group `number`, as a target of messages.
    pub fn group(&self, number: usize) -> String {
        format!("#{}{number:05}", self.prefix)
    }

    /// The number of the client with that name, if it is one of this run.
    pub fn number(&self, name: &str) -> Option<usize> {
        name.strip_prefix(&self.prefix)?.parse().ok()
    }

    /// The password of all clients.
    pub fn password(&self) -> &str {
        &self.password
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatsrv::chat::name::UserName;

    #[test]
    fn a_name_is_allowed_and_leads_back_to_its_client() {
        let names = Names::random();
        for number in [0, 17, 99_999, 123_456] {
            let name = names.of(number);
            assert!(name.parse::<UserName>().is_ok(), "{name}");
            assert_eq!(names.number(&name), Some(number));
        }
        assert_eq!(names.number("alice"), None);
        assert_eq!(Names::random().number(&names.of(1)), None);
    }
}
