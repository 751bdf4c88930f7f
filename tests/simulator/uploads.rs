//! What clients upload, and how it comes along.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use chatsrv::chat::sha256::Sha256Sum;
use chatsrv::hub::input::UploadEnd;
use chatsrv::protocol::native::frame::encode_chunk_header;
use fastrand::Rng;

use crate::server::Server;
use crate::store::{content, sum};

/// The names of files that were sent, by `@` and the id.
pub type SentNames = Rc<RefCell<BTreeMap<String, String>>>;

/// The uploads of one client.
#[derive(Debug, Default)]
pub struct Sending(HashMap<u32, Upload>);

#[derive(Debug)]
struct Upload {
    name: String,
    /// How much of it the server had.
    begun_at: u64,
    at: u64,
    size: u64,
    /// How it is sent; known once that begins.
    plan: Option<Plan>,
    /// Whether nothing more of it is sent.
    is_ended: bool,
    /// Whether it can't become a file: it has another length than announced, is changed, was begun
    /// with another one, or another sum is expected.
    is_wrong: bool,
}

/// How a client sends a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    /// As it is, without a word about its sum. Who goes on does not know what was sent before, and
    /// must not.
    Plain,
    /// With the right sum.
    Expecting,
    /// With a sum that is not the file's.
    Mistaken,
    /// Another version than the one of which the sum is told.
    Changed,
}

/// Something to send.
pub enum Piece {
    Line(String),
    Frame(Vec<u8>),
}

impl Sending {
    /// An upload begins, and perhaps the server tells the sum of what it has.
    pub fn open(&mut self, stream: u32, name: &str, size: u64, at: u64, told: Option<Sha256Sum>) {
        assert!(at <= size, "{name} goes on at {at} of {size}");
        let is_wrong = told.is_some_and(|told| told != sum(&first(name, size, at)));
        let (name, begun_at) = (name.to_owned(), at);
        let upload = Upload { name, begun_at, at, size, plan: None, is_ended: false, is_wrong };
        self.0.insert(stream, upload);
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

    /// The next of some upload, or its end.
    pub fn next(&mut self, rng: &mut Rng) -> Vec<Piece> {
        let mut streams: Vec<u32> = self.0.keys().copied().collect();
        streams.sort_unstable();
        let Some(stream) = rng.choice(streams) else { return Vec::new() };
        let upload = self.0.get_mut(&stream).unwrap();
        if upload.is_ended {
            return Vec::new();
        }
        let plan = *upload.plan.get_or_insert_with(|| match rng.u8(..8) {
            0..3 if upload.begun_at == 0 => Plan::Plain,
            0..6 => Plan::Expecting,
            6 => Plan::Mistaken,
            _ => Plan::Changed,
        });
        let left = upload.size - upload.at;
        let length = match rng.u8(..32) {
            0 => left + rng.u64(1..9),
            1 => 0,
            _ => left.min(rng.u64(1..200)),
        };
        upload.is_ended = length == 0 || length > left;
        upload.is_wrong |= upload.is_ended && length != left;
        upload.is_wrong |= plan == Plan::Changed && length > 0;
        upload.is_wrong |= plan == Plan::Mistaken && upload.is_ended;
        let mut pieces = Vec::new();
        let right = sum(&first(&upload.name, upload.size, upload.size));
        let told = if plan == Plan::Mistaken { Sha256Sum([7; 32]) } else { right };
        if upload.is_ended && plan != Plan::Plain {
            pieces.push(Piece::Line(format!("C EXPECT {stream} {told}")));
        } else if rng.u8(..8) == 0 && plan != Plan::Plain {
            // It is replaced before the end.
            pieces.push(Piece::Line(format!("C EXPECT {stream} {}", Sha256Sum([8; 32]))));
        }
        let mut frame = Vec::new();
        encode_chunk_header(stream, length as usize, &mut frame);
        let key = key(&upload.name, upload.size);
        let change = if plan == Plan::Changed { 0x55 } else { 0 };
        let range = upload.at..upload.at + length;
        frame.extend(range.map(|offset| content(&key, offset) ^ change));
        pieces.push(Piece::Frame(frame));
        upload.at += length;
        pieces
    }
}

/// The first bytes of a file of some size.
fn first(name: &str, size: u64, length: u64) -> Vec<u8> {
    let key = key(name, size);
    (0..length).map(|offset| content(&key, offset)).collect()
}

/// What tells the content of a file: what is uploaded depends on its size, too.
pub fn key(name: &str, size: u64) -> String {
    if name.contains("up") { format!("{name}:{size}") } else { name.to_owned() }
}

/// A command about uploads, or what was sent.
pub fn line(target: &str, user: Option<&str>, names: &SentNames, rng: &mut Rng) -> String {
    let size = [0, 1, 40, 300, 401][rng.usize(..5)];
    match rng.u8(..16) {
        0..5 => {
            let names = ["up1", "up2", "up3", "folder/up", "nowhere/up", "small", "../up"];
            let name = names[rng.usize(..names.len())];
            if rng.u8(..8) == 0 { format!("C RM {name}") } else { format!("C PUT {size} {name}") }
        }
        5..11 => format!("C SENDFILE {target} {size} up {} {}", user.unwrap_or("?"), rng.u8(..3)),
        other => {
            let names: Vec<String> = names.borrow().keys().cloned().collect();
            let id = rng.choice(names).unwrap_or_else(|| "@1".into());
            if other < 14 { format!("C GET {} {id}", rng.u8(..2)) } else { format!("C SUM {id}") }
        }
    }
}

/// Some upload can't be written any further. Tells whether there was one.
pub fn break_one(server: &mut Server, rng: &mut Rng) -> bool {
    let uploads: Vec<(usize, u32)> = (0..server.pipes.len())
        .flat_map(|at| server.pipes[at].uploads.keys().map(move |stream| (at, *stream)))
        .collect();
    let Some((pipe, stream)) = rng.choice(uploads) else { return false };
    let end = if rng.bool() { UploadEnd::NoRoom } else { UploadEnd::Failed };
    server.end_upload(pipe, stream, end);
    true
}
