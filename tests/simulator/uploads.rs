//! What clients upload, and how it comes along.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use chatsrv::hub::UploadEnd;
use chatsrv::protocol::frame::encode_chunk_header;
use fastrand::Rng;

use crate::server::Server;
use crate::store::content;

/// The names of files that were sent, by `@` and the id.
pub type SentNames = Rc<RefCell<BTreeMap<String, String>>>;

/// The uploads of one client.
#[derive(Debug, Default)]
pub struct Sending(HashMap<u32, Upload>);

#[derive(Debug)]
struct Upload {
    name: String,
    at: u64,
    size: u64,
    /// Whether nothing more of it is sent.
    is_ended: bool,
    /// Whether that is more or less than was announced.
    is_wrong: bool,
}

impl Sending {
    pub fn open(&mut self, stream: u32, name: &str, at: u64, size: u64) {
        assert!(at <= size, "{name} goes on at {at} of {size}");
        let name = name.to_owned();
        self.0.insert(stream, Upload { name, at, size, is_ended: false, is_wrong: false });
    }

    /// Some stream that is open.
    pub fn some_stream(&self) -> Option<u32> {
        self.0.keys().min().copied()
    }

    /// The stream was aborted, or broke off; false where it is none.
    pub fn close(&mut self, stream: u32) -> bool {
        self.0.remove(&stream).is_some()
    }

    /// It was told that an upload is whole. Gives its name.
    pub fn whole(&mut self, stream: u32, size: u64) -> String {
        let upload = self.0.remove(&stream).unwrap_or_else(|| panic!("{stream} is not open"));
        assert!(upload.is_ended && !upload.is_wrong && upload.size == size, "{upload:?} is whole");
        upload.name
    }

    /// All that was sent was answered.
    pub fn check_answered(&self) {
        let ended = self.0.values().find(|upload| upload.is_ended);
        assert!(ended.is_none(), "what became of {ended:?}?");
    }

    /// Sends some of an upload, or its end.
    pub fn send_some(&mut self, lot: &mut Rng, out: &mut Vec<u8>) {
        let mut streams: Vec<u32> = self.0.keys().copied().collect();
        streams.sort_unstable();
        let Some(stream) = lot.choice(streams) else { return };
        let upload = self.0.get_mut(&stream).unwrap();
        if upload.is_ended {
            return;
        }
        let left = upload.size - upload.at;
        let length = match lot.u8(..32) {
            0 => left + lot.u64(1..9),
            1 => 0,
            _ => left.min(lot.u64(1..200)),
        };
        upload.is_ended = length == 0 || length > left;
        upload.is_wrong = upload.is_ended && length != left;
        encode_chunk_header(stream, length as usize, out);
        let key = key(&upload.name, upload.size);
        out.extend((upload.at..upload.at + length).map(|offset| content(&key, offset)));
        upload.at += length;
    }
}

/// What tells the content of a file: what is uploaded depends on its size, too.
pub fn key(name: &str, size: u64) -> String {
    if name.contains("up") { format!("{name}:{size}") } else { name.to_owned() }
}

/// A command about uploads, or what was sent.
pub fn line(target: &str, user: Option<&str>, names: &SentNames, lot: &mut Rng) -> String {
    let size = [0, 1, 40, 300, 401][lot.usize(..5)];
    match lot.u8(..16) {
        0..5 => {
            let names = ["up1", "up2", "up3", "folder/up", "nowhere/up", "small", "../up"];
            format!("C PUT {size} {}", names[lot.usize(..names.len())])
        }
        5..11 => format!("C SENDFILE {target} {size} up {} {}", user.unwrap_or("?"), lot.u8(..3)),
        other => {
            let names: Vec<String> = names.borrow().keys().cloned().collect();
            let id = lot.choice(names).unwrap_or_else(|| "@1".into());
            if other < 14 { format!("C GET {} {id}", lot.u8(..2)) } else { format!("C SUM {id}") }
        }
    }
}

/// Some upload can't be written any further. Tells whether there was one.
pub fn break_one(server: &mut Server, lot: &mut Rng) -> bool {
    let uploads: Vec<(usize, u32)> = (0..server.pipes.len())
        .flat_map(|at| server.pipes[at].uploads.keys().map(move |stream| (at, *stream)))
        .collect();
    let Some((pipe, stream)) = lot.choice(uploads) else { return false };
    let end = if lot.bool() { UploadEnd::NoRoom } else { UploadEnd::Failed };
    server.end_upload(pipe, stream, end);
    true
}
