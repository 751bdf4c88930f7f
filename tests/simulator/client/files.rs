//! The files that a client gets and sends.

use chatsrv::chat::id::MessageId;

use super::{Client, Stream};
use crate::store::content;
use crate::uploads::key;

impl Client {
    pub(super) fn chunk(&mut self, stream: u32, bytes: &[u8]) {
        let file = self.streams.get_mut(&stream).expect("the stream is open");
        for byte in bytes {
            assert_eq!(*byte, content(&file.key, file.at), "{file:?}");
            file.at += 1;
        }
        assert!(file.at <= file.size, "{file:?}");
    }

    pub(super) fn stream_opens(&mut self, offset: u64, words: &str) {
        let mut words = words.splitn(3, ' ');
        let stream = self.next_stream(words.next().unwrap());
        let size = words.next().unwrap().parse().unwrap();
        let name = words.next().unwrap();
        let sent = self.sent_names.borrow().get(name).cloned();
        let key = key(sent.as_deref().unwrap_or(name), size);
        self.streams.insert(stream, Stream { key, at: offset, size });
    }

    pub(super) fn upload_opens(&mut self, name: &str, size: u64, words: &str) {
        let mut words = words.split(' ');
        let stream = self.next_stream(words.next().unwrap());
        let at = words.next().unwrap().parse().unwrap();
        let told = words.next().map(|sum| sum.parse().unwrap());
        assert_eq!(words.next(), None);
        assert_eq!(told.is_some(), self.gets_more && at > 0, "the sum of {at} bytes of {name}");
        self.uploads.open(stream, name, size, at, told);
    }

    fn next_stream(&mut self, word: &str) -> u32 {
        let stream: u32 = word.parse().unwrap();
        assert_eq!(stream, self.last_stream + 1, "streams are numbered in one sequence");
        self.last_stream = stream;
        stream
    }

    /// Takes the words of a file that was sent. Tells whether it stands outside of a list.
    pub(super) fn takes_file(&mut self, words: &str) -> bool {
        assert!(self.is_online(), "{words} comes before the login");
        let words: Vec<&str> = words.splitn(5, ' ').collect();
        let id = MessageId(words[0].parse().unwrap());
        self.newest = id.max(self.newest);
        self.sent_names.borrow_mut().insert(format!("@{id}"), words[4].to_owned());
        let Some((verb, left)) = &mut self.list else { return true };
        assert!(
            ["OPEN", "HISTORY", "AFTER", "SEARCH"].contains(&verb.as_str()),
            "{words:?} in {verb}"
        );
        *left = left.checked_sub(1).expect("a list has as many as it says");
        false
    }

    pub(super) fn upload_is_whole(&mut self, words: &str) {
        let words: Vec<&str> = words.splitn(3, ' ').collect();
        let name = self.uploads.whole(words[0].parse().unwrap(), words[1].parse().unwrap());
        if words[2].starts_with('@') {
            self.sent_names.borrow_mut().insert(words[2].to_owned(), name);
        } else {
            assert_eq!(words[2], name);
        }
    }
}
