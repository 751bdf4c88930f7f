//! The policy for files that others send: which are downloaded without a command.

use chatsrv::display::clock;
use chatsrv::display::safe_text::{SafeText, safe};
use clap::ValueEnum;

/// Which files that others send are downloaded without a command. The texts of the variants are
/// those of --help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AcceptFiles {
    /// None: it is told how to get them.
    Ask,
    /// Those that are not too large, 200 and 1 GiB a run at most.
    Always,
    /// None, and it is not told how to get them.
    Never,
}

/// The largest number of files that are downloaded without a command in one run.
const FILES_MAX: u32 = 200;
/// The largest number of their bytes, 1 GiB.
const BYTES_MAX: u64 = 1 << 30;

/// The policy for files that others send, and what it has let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accept {
    which: AcceptFiles,
    /// The largest file that is downloaded, in bytes.
    pub bytes_max: u64,
    /// True if somebody at a terminal can be asked.
    may_ask: bool,
    /// The files that were downloaded without a command, and their bytes.
    taken: (u32, u64),
    /// True if a file was not downloaded because of what was downloaded before.
    is_full: bool,
}

/// What is done with a file that somebody sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is downloaded.
    Fetch,
    /// It is told how to get it.
    Offer,
    /// It is told that it was sent.
    Tell,
}

impl Accept {
    /// Creates the policy. `which` files are downloaded that have no more than `bytes_max` bytes.
    pub fn new(which: AcceptFiles, bytes_max: u64) -> Self {
        Accept { which, bytes_max, may_ask: false, taken: (0, 0), is_full: false }
    }

    /// Sets whether somebody at a terminal can be asked.
    #[must_use]
    pub fn asking(self, may_ask: bool) -> Self {
        Accept { may_ask, ..self }
    }

    /// Decides on a file that is listed, or was sent in another session of this user: it is not
    /// downloaded without a command.
    pub fn listed(&self) -> Verdict {
        match self.which {
            AcceptFiles::Never => Verdict::Tell,
            AcceptFiles::Always if self.is_full && !self.may_ask => Verdict::Tell,
            AcceptFiles::Ask | AcceptFiles::Always => Verdict::Offer,
        }
    }

    /// Decides on a file of `size` bytes that arrives. The text says once that no more is
    /// downloaded without a command.
    pub fn arrives(&mut self, size: u64) -> (Verdict, Option<SafeText>) {
        if self.which != AcceptFiles::Always || size > self.bytes_max {
            return (self.listed(), None);
        }
        let (files, bytes) = self.taken;
        let total = bytes.saturating_add(size);
        if files < FILES_MAX && total <= BYTES_MAX {
            self.taken = (files + 1, total);
            return (Verdict::Fetch, None);
        }
        let is_news = !std::mem::replace(&mut self.is_full, true);
        let taken = clock::size(bytes);
        let rule = if self.may_ask { "only told how to get" } else { "only told" };
        let text = safe!("fetched unasked: {files} files, {taken}; what is more is {rule}");
        (self.listed(), is_news.then_some(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn always() -> Accept {
        Accept::new(AcceptFiles::Always, 100)
    }

    #[test]
    fn files_are_downloaded_as_the_policy_says() {
        let mut ask = Accept::new(AcceptFiles::Ask, 100);
        assert_eq!((ask.arrives(1), ask.listed()), ((Verdict::Offer, None), Verdict::Offer));
        let mut never = Accept::new(AcceptFiles::Never, 100);
        assert_eq!((never.arrives(1), never.listed()), ((Verdict::Tell, None), Verdict::Tell));
        let mut always = always();
        assert_eq!(always.arrives(100), (Verdict::Fetch, None));
        assert_eq!(always.arrives(101), (Verdict::Offer, None));
    }

    #[test]
    fn beyond_so_many_files_a_person_is_asked_and_a_script_gets_none() {
        for (may_ask, then) in [(true, Verdict::Offer), (false, Verdict::Tell)] {
            let mut accept = always().asking(may_ask);
            (0..FILES_MAX).for_each(|_| assert_eq!(accept.arrives(1), (Verdict::Fetch, None)));
            let (verdict, text) = accept.arrives(1);
            assert_eq!(verdict, then);
            assert!(text.unwrap().as_str().starts_with("fetched unasked: 200 files, 200 B; "));
            assert_eq!((accept.arrives(1), accept.listed()), ((then, None), then));
        }
    }

    #[test]
    fn beyond_so_many_bytes_no_more_is_downloaded() {
        let mut accept = Accept::new(AcceptFiles::Always, u64::MAX).asking(true);
        assert_eq!(accept.arrives(BYTES_MAX - 1), (Verdict::Fetch, None));
        assert!(matches!(accept.arrives(2), (Verdict::Offer, Some(_))));
        // One that fits is downloaded all the same.
        assert_eq!(accept.arrives(1), (Verdict::Fetch, None));
        assert_eq!(accept.arrives(u64::MAX), (Verdict::Offer, None));
        assert_eq!(accept.arrives(0), (Verdict::Fetch, None));
    }
}
