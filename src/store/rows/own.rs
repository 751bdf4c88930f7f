//! Queries of all that is a user's own, for an export, step by step. A line of the file is a JSON
//! object, whose member `type` says what it is.

use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

use super::history::{self, Viewer};
use super::lane::Lane;
use super::values::{from_sql, sql};
use super::{accounts, files, groups, ignored, tokens};
use crate::chat::export::ExportPart;
use crate::chat::id::{GroupId, MessageId, UploadId};
use crate::chat::message::{Chat, StoredMessage};
use crate::chat::name::{FileName, Number, UserName};
use crate::store::rows::files::OwnFile;

/// The largest number of rows that one step looks at.
const ROWS_PER_STEP: u16 = 1_000;
/// The number of bytes of messages after which a step ends.
const BYTES_PER_STEP: usize = 256 * 1024;
/// The largest number of chats that one step looks at.
const CHATS_PER_STEP: usize = 100;
/// The version of the format, which rises when a line means something else than before.
const FORMAT: u32 = 1;

/// What one step has read.
#[derive(Debug, Default)]
pub(in crate::store) struct OwnRows {
    /// Whole lines of the file.
    pub(in crate::store) lines: Vec<u8>,
    /// Files of the shared folder, which have to be looked at on the disk.
    pub(in crate::store) files: Vec<OwnFile>,
    /// What is to be read next; none if that is all.
    pub(in crate::store) next: Option<ExportPart>,
}

/// A line of an export. Times are in seconds since the Unix epoch; the ids of messages are in
/// microseconds.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum OwnLine<'a> {
    Account(OwnAccount),
    Group(OwnGroup),
    File(OwnFileLine<'a>),
    Message(OwnMessage<'a>),
}

/// The account, as its owner gets it. No hash of a password or of a token is in it.
#[derive(Debug, Serialize)]
struct OwnAccount {
    format: u32,
    name: String,
    number: u32,
    display: Option<String>,
    created: i64,
    last_seen: Option<u64>,
    administrator: bool,
    /// None where the user has not said.
    ask_first: Option<bool>,
    ignored: Vec<String>,
    /// Those that have tokens.
    devices: Vec<OwnDevice>,
    /// From where the user has logged in.
    networks: Vec<OwnNetwork>,
}

/// A device that has tokens.
#[derive(Debug, Serialize)]
struct OwnDevice {
    number: u32,
    /// Of another program for which a token was made.
    name: Option<String>,
    made: u64,
    used: u64,
    address: Option<String>,
}

/// A network from which a user has logged in.
#[derive(Debug, Serialize)]
struct OwnNetwork {
    network: String,
    last_login: i64,
}

/// A group of which the user is a member.
#[derive(Debug, Serialize)]
struct OwnGroup {
    name: String,
    role: &'static str,
    /// The message from which on the user may read.
    since: i64,
    kept: bool,
    public: bool,
    topic: Option<String>,
}

/// A file that the user has uploaded.
#[derive(Debug, Serialize)]
struct OwnFileLine<'a> {
    name: &'a str,
    size: u64,
    time: Option<u64>,
    /// The chat into which it was sent; none for a file of the shared folder.
    chat: Option<String>,
    /// The message that sent it.
    id: Option<u64>,
}

/// A message, or a file that was sent, whose name is the text.
#[derive(Debug, Serialize)]
struct OwnMessage<'a> {
    id: u64,
    chat: String,
    from: String,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_size: Option<u64>,
}

impl OwnRows {
    fn push(&mut self, line: &OwnLine<'_>) -> rusqlite::Result<()> {
        serde_json::to_writer(&mut self.lines, line)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        self.lines.push(b'\n');
        Ok(())
    }

    /// Adds the line of a file of the shared folder, which was changed last at a time.
    pub(in crate::store) fn push_shared(
        &mut self,
        name: &FileName,
        size: u64,
        time: Option<u64>,
    ) -> rusqlite::Result<()> {
        let file = OwnFileLine { name: name.as_str(), size, time, chat: None, id: None };
        self.push(&OwnLine::File(file))
    }

    fn is_full(&self) -> bool {
        self.lines.len() >= BYTES_PER_STEP
    }
}

/// Reads the next part of all that is a user's own.
pub(in crate::store) fn read(
    database: &Connection,
    viewer: Viewer,
    part: ExportPart,
) -> rusqlite::Result<OwnRows> {
    let mut rows = OwnRows::default();
    let owner = viewer.reader;
    rows.next = match part {
        ExportPart::Account => {
            read_account(database, owner, &mut rows)?;
            Some(ExportPart::Groups(GroupId(0)))
        }
        ExportPart::Groups(after) => read_groups(database, owner, after, &mut rows)?,
        ExportPart::Shared(after) => read_shared(database, owner, after, &mut rows)?,
        ExportPart::Sent(after) => read_sent(database, viewer, after, &mut rows)?,
        ExportPart::Direct(other, after) => {
            read_direct(database, viewer, (other, after), &mut rows)?
        }
        ExportPart::InGroup(group, after) => {
            read_in_groups(database, viewer, (group, after), &mut rows)?
        }
        ExportPart::ToEveryone(after) => read_to_everyone(database, viewer, after, &mut rows)?,
    };
    Ok(rows)
}

fn read_account(database: &Connection, owner: Number, rows: &mut OwnRows) -> rusqlite::Result<()> {
    let account = database
        .prepare_cached(
            "SELECT name, display, created, admin, ask_first FROM accounts WHERE number = ?1",
        )?
        .query_row([owner.0], |row| {
            Ok(OwnAccount {
                format: FORMAT,
                name: row.get(0)?,
                number: owner.0,
                display: row.get(1)?,
                created: row.get(2)?,
                last_seen: None,
                administrator: row.get(3)?,
                ask_first: row.get(4)?,
                ignored: Vec::new(),
                devices: Vec::new(),
                networks: Vec::new(),
            })
        })?;
    let account = OwnAccount {
        last_seen: accounts::last_seen(database, owner)?,
        ignored: ignored::names(database, owner)?,
        devices: devices(database, owner)?,
        networks: networks(database, owner)?,
        ..account
    };
    rows.push(&OwnLine::Account(account))
}

/// The devices that have tokens.
fn devices(database: &Connection, owner: Number) -> rusqlite::Result<Vec<OwnDevice>> {
    let devices = tokens::devices(database, owner)?.into_iter().map(|device| OwnDevice {
        number: device.number,
        name: device.name.map(|name| name.to_string()),
        made: device.made,
        used: device.used,
        address: device.address.map(|address| address.to_string()),
    });
    Ok(devices.collect())
}

fn networks(database: &Connection, owner: Number) -> rusqlite::Result<Vec<OwnNetwork>> {
    let mut select = database
        .prepare_cached("SELECT prefix, seen FROM networks WHERE number = ?1 ORDER BY prefix")?;
    let networks = select.query_map([owner.0], |row| {
        Ok(OwnNetwork { network: row.get(0)?, last_login: row.get(1)? })
    })?;
    networks.collect()
}

fn read_groups(
    database: &Connection,
    owner: Number,
    after: GroupId,
    rows: &mut OwnRows,
) -> rusqlite::Result<Option<ExportPart>> {
    let mut select = database.prepare_cached(
        "SELECT name, admin = ?1, op IS NOT NULL, since, kept, public, topic, group_id
         FROM members JOIN groups ON id = group_id
         WHERE number = ?1 AND group_id > ?2 ORDER BY group_id LIMIT ?3",
    )?;
    let mut found = select.query((owner.0, after.0.cast_signed(), ROWS_PER_STEP))?;
    let mut last = None;
    while let Some(row) = found.next()? {
        last = Some(GroupId(row.get::<_, i64>(7)?.cast_unsigned()));
        let role = match (row.get(1)?, row.get(2)?) {
            (true, _) => "admin",
            (false, true) => "op",
            (false, false) => "member",
        };
        rows.push(&OwnLine::Group(OwnGroup {
            name: row.get(0)?,
            role,
            since: row.get(3)?,
            kept: row.get(4)?,
            public: row.get(5)?,
            topic: row.get(6)?,
        }))?;
    }
    Ok(Some(last.map_or(ExportPart::Shared(None), ExportPart::Groups)))
}

fn read_shared(
    database: &Connection,
    owner: Number,
    after: Option<UploadId>,
    rows: &mut OwnRows,
) -> rusqlite::Result<Option<ExportPart>> {
    rows.files = files::of_owner(database, owner, after, ROWS_PER_STEP.into())?;
    Ok(match rows.files.last() {
        Some(last) => Some(ExportPart::Shared(Some(last.id))),
        None => Some(ExportPart::Sent(MessageId(0))),
    })
}

/// The files that a user has sent, also into groups that the user has left.
fn read_sent(
    database: &Connection,
    Viewer { reader: owner, until, .. }: Viewer,
    after: MessageId,
    rows: &mut OwnRows,
) -> rusqlite::Result<Option<ExportPart>> {
    let mut select = database.prepare_cached(
        "SELECT message, sent.sender, size, lane, text
         FROM sent JOIN messages ON id = message
         WHERE message > ?1 AND message <= ?2 ORDER BY message LIMIT ?3",
    )?;
    let mut found = select.query((sql(after), sql(until), ROWS_PER_STEP))?;
    let mut last = None;
    while let Some(row) = found.next()? {
        let id: MessageId = from_sql(0, row.get(0)?)?;
        last = Some(id);
        if row.get::<_, u32>(1)? != owner.0 {
            continue;
        }
        let file = OwnFileLine {
            name: row.get_ref(4)?.as_str()?,
            size: row.get::<_, i64>(2)?.cast_unsigned(),
            time: Some(id.0 / 1_000_000),
            chat: Some(chat_name(database, owner, row.get::<_, Lane>(3)?.chat())?),
            id: Some(id.0),
        };
        rows.push(&OwnLine::File(file))?;
    }
    let direct = ExportPart::Direct(Number(0), MessageId(0));
    Ok(Some(last.map_or(direct, ExportPart::Sent)))
}

/// What was said in direct chats, by both.
fn read_direct(
    database: &Connection,
    viewer: Viewer,
    (mut other, mut after): (Number, MessageId),
    rows: &mut OwnRows,
) -> rusqlite::Result<Option<ExportPart>> {
    let owner = viewer.reader;
    let first = |other: Number| Lane::Direct { from: other, to: owner };
    for _ in 0..CHATS_PER_STEP {
        let lane: Option<Lane> = database
            .prepare_cached(
                "SELECT lane FROM chats WHERE reader = ?1 AND lane >= ?2 ORDER BY lane LIMIT 1",
            )?
            .query_row((owner.0, first(other)), |row| row.get(0))
            .optional()?;
        let Some(Lane::Direct { from, .. }) = lane else {
            return Ok(Some(ExportPart::InGroup(GroupId(0), MessageId(0))));
        };
        if from != other {
            (other, after) = (from, MessageId(0));
        }
        let chat = Chat::direct(owner, other);
        match read_chat(database, viewer, (chat, after), rows)? {
            Some(last) => return Ok(Some(ExportPart::Direct(other, last))),
            None => (other, after) = (Number(other.0 + 1), MessageId(0)),
        }
    }
    Ok(Some(ExportPart::Direct(other, after)))
}

/// What was said in groups since the user became a member.
fn read_in_groups(
    database: &Connection,
    viewer: Viewer,
    (mut group, mut after): (GroupId, MessageId),
    rows: &mut OwnRows,
) -> rusqlite::Result<Option<ExportPart>> {
    for _ in 0..CHATS_PER_STEP {
        let found: Option<i64> = database
            .prepare_cached(
                "SELECT group_id FROM members WHERE number = ?1 AND group_id >= ?2
                 ORDER BY group_id LIMIT 1",
            )?
            .query_row((viewer.reader.0, group.0.cast_signed()), |row| row.get(0))
            .optional()?;
        let Some(found) = found else {
            return Ok(Some(ExportPart::ToEveryone(MessageId(0))));
        };
        let found = GroupId(found.cast_unsigned());
        if found != group {
            (group, after) = (found, MessageId(0));
        }
        let chat = Chat::Group(group);
        match read_chat(database, viewer, (chat, after), rows)? {
            Some(last) => return Ok(Some(ExportPart::InGroup(group, last))),
            None => (group, after) = (GroupId(group.0 + 1), MessageId(0)),
        }
    }
    Ok(Some(ExportPart::InGroup(group, after)))
}

/// Reads some messages of a chat. Returns the last one if there may be more, or the step is to end.
fn read_chat(
    database: &Connection,
    viewer: Viewer,
    (chat, after): (Chat, MessageId),
    rows: &mut OwnRows,
) -> rusqlite::Result<Option<MessageId>> {
    let ids = history::ids_after(database, viewer, chat, (after, ROWS_PER_STEP))?;
    let is_rest = ids.len() < usize::from(ROWS_PER_STEP);
    match read_messages(database, viewer.reader, &ids, rows)? {
        Some(last) => Ok(Some(last)),
        None if is_rest && !rows.is_full() => Ok(None),
        None => Ok(Some(ids.last().copied().unwrap_or(after))),
    }
}

/// What the user has said to everyone.
fn read_to_everyone(
    database: &Connection,
    Viewer { reader: owner, until, .. }: Viewer,
    after: MessageId,
    rows: &mut OwnRows,
) -> rusqlite::Result<Option<ExportPart>> {
    let mut select = database.prepare_cached(
        "SELECT id, sender FROM messages INDEXED BY messages_of_everyone
         WHERE lane = 0 AND id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3",
    )?;
    let mut found = select.query((sql(after), sql(until), ROWS_PER_STEP))?;
    let (mut own, mut last) = (Vec::new(), None);
    while let Some(row) = found.next()? {
        let id = from_sql(0, row.get(0)?)?;
        last = Some(id);
        if row.get::<_, u32>(1)? == owner.0 {
            own.push(id);
        }
    }
    let last = read_messages(database, owner, &own, rows)?.or(last);
    Ok(last.map(ExportPart::ToEveryone))
}

/// Adds messages, until the step is full. Returns the last one if there are more.
fn read_messages(
    database: &Connection,
    owner: Number,
    ids: &[MessageId],
    rows: &mut OwnRows,
) -> rusqlite::Result<Option<MessageId>> {
    let mut left = ids;
    while !left.is_empty() {
        let messages = history::fetch(database, left)?;
        let Some(last) = messages.last().map(|message| message.id) else { return Ok(None) };
        for message in &messages {
            push_message(database, owner, message, rows)?;
        }
        let read = left.partition_point(|id| *id <= last);
        left = &left[read..];
        if rows.is_full() && !left.is_empty() {
            return Ok(Some(last));
        }
    }
    Ok(None)
}

fn push_message(
    database: &Connection,
    owner: Number,
    message: &StoredMessage,
    rows: &mut OwnRows,
) -> rusqlite::Result<()> {
    rows.push(&OwnLine::Message(OwnMessage {
        id: message.id.0,
        chat: chat_name(database, owner, message.chat)?,
        from: user_name(database, message.from)?,
        text: &message.text,
        file_size: message.file_size,
    }))
}

/// A chat as its reader addresses it.
fn chat_name(database: &Connection, reader: Number, chat: Chat) -> rusqlite::Result<String> {
    match chat {
        Chat::Everyone => Ok("*".to_owned()),
        Chat::Direct(one, other) => user_name(database, if one == reader { other } else { one }),
        Chat::Group(group) => Ok(groups::name(database, group)?.unwrap_or_else(|| "#".to_owned())),
    }
}

fn user_name(database: &Connection, number: Number) -> rusqlite::Result<String> {
    if number == Number::OPERATOR {
        return Ok(UserName::operator().to_string());
    }
    database
        .prepare_cached("SELECT name FROM accounts WHERE number = ?1")?
        .query_row([number.0], |row| row.get(0))
}

#[cfg(test)]
mod tests;
