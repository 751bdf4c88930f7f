//! Property tests: random sequences of uploads, compared with a model in memory.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use proptest::prelude::*;

use super::*;
use crate::store::check as check_store;

/// The bytes that each file here counts against the quota; all are smaller.
const COUNTED: u64 = 4_096;
const QUOTA: u64 = 4 * COUNTED;
const OWNERS: [Number; 2] = [ALICE, BOB];
const NAMES: [&str; 2] = ["one", "two"];

#[derive(Clone, Debug)]
enum Action {
    /// Announce an upload; `name` is `None` for a chat.
    Begin {
        owner: usize,
        name: Option<usize>,
        size: u64,
    },
    Write {
        which: usize,
        bytes: Vec<u8>,
    },
    Break {
        which: usize,
    },
    Finish {
        which: usize,
    },
    Drop {
        which: usize,
    },
    RemoveOld,
    RemoveByHand {
        name: usize,
    },
    Reopen,
}

fn action() -> impl Strategy<Value = Action> {
    let begin = (0..2_usize, prop::option::weighted(0.7, 0..2_usize), 0..6_u64);
    prop_oneof![
        6 => begin.prop_map(|(owner, name, size)| Action::Begin { owner, name, size }),
        8 => (0..8_usize, prop::collection::vec(any::<u8>(), 1..6))
            .prop_map(|(which, bytes)| Action::Write { which, bytes }),
        2 => (0..8_usize).prop_map(|which| Action::Break { which }),
        8 => (0..8_usize).prop_map(|which| Action::Finish { which }),
        1 => (0..8_usize).prop_map(|which| Action::Drop { which }),
        1 => Just(Action::RemoveOld),
        1 => (0..2_usize).prop_map(|name| Action::RemoveByHand { name }),
        1 => Just(Action::Reopen),
    ]
}

/// An upload in the model.
#[derive(Debug)]
struct Expected {
    owner: usize,
    name: Option<usize>,
    size: u64,
    bytes: Vec<u8>,
    open: Option<Open>,
    id: UploadId,
}

/// The model of the store.
#[derive(Debug, Default)]
struct Model {
    uploads: Vec<Expected>,
    files: BTreeMap<usize, (usize, Vec<u8>)>,
    sent: BTreeMap<u64, (usize, Vec<u8>)>,
    /// Whether a file was removed by hand, so that it may count until a recount.
    is_unseen: bool,
}

impl Model {
    fn used(&self, owner: usize) -> u64 {
        let uploads = self.uploads.iter().filter(|upload| upload.owner == owner);
        let finished = self.files.values().chain(self.sent.values());
        let finished = finished.filter(|(sender, _)| *sender == owner);
        (uploads.count() + finished.count()) as u64 * COUNTED
    }

    /// The open upload that a random number selects.
    fn open(&self, which: usize) -> Option<usize> {
        let open: Vec<usize> =
            (0..self.uploads.len()).filter(|at| self.uploads[*at].open.is_some()).collect();
        (!open.is_empty()).then(|| open[which % open.len()])
    }

    fn begin(&mut self, fixture: &mut Fixture, owner: usize, name: Option<usize>, size: u64) {
        let is_same =
            |upload: &Expected| (upload.owner, upload.name, upload.size) == (owner, name, size);
        // As in the hub, one upload of a place is open at a time.
        let in_the_way = |upload: &&Expected| {
            upload.open.is_some() && (is_same(upload) || (name.is_some() && upload.name == name))
        };
        if self.uploads.iter().any(|upload| in_the_way(&upload)) {
            return;
        }
        let known = self.uploads.iter().position(is_same);
        let place = name.map_or(in_chat(direct()), |name| shared(NAMES[name]));
        let begun = fixture.begin_within(OWNERS[owner], place, size, QUOTA);
        let has_room = known.is_some() || self.used(owner) + COUNTED <= QUOTA;
        if has_room && self.is_unseen && matches!(begun, Err(Err(Failure::NoRoom))) {
            // A recount happens at most once a minute.
            return;
        }
        let is_taken = name.is_some_and(|name| self.files.contains_key(&name));
        match (has_room, is_taken) {
            (false, _) => assert_eq!(begun.unwrap_err(), Err(Failure::NoRoom)),
            (true, true) => {
                assert_eq!(begun.unwrap_err(), Err(Failure::Exists));
                known.map(|at| self.uploads.remove(at));
            }
            (true, false) => {
                let open = begun.unwrap();
                let (offset, id) = (open.offset, open.id);
                let at = known.unwrap_or_else(|| {
                    let bytes = Vec::new();
                    self.uploads.push(Expected { owner, name, size, bytes, open: None, id });
                    self.uploads.len() - 1
                });
                let upload = &mut self.uploads[at];
                assert_eq!((offset, id), (upload.bytes.len() as u64, upload.id));
                upload.open = Some(open);
            }
        }
    }

    fn write(&mut self, fixture: &Fixture, which: usize, mut bytes: Vec<u8>) {
        let Some(at) = self.open(which) else { return };
        let upload = &mut self.uploads[at];
        bytes.truncate((upload.size as usize).saturating_sub(upload.bytes.len()));
        let offset = upload.bytes.len() as u64;
        fixture.write(upload.open.as_ref().unwrap(), offset, &bytes).unwrap();
        upload.bytes.extend(bytes);
    }

    fn finish(&mut self, fixture: &mut Fixture, which: usize, id: u64) {
        let Some(at) = self.open(which) else { return };
        let upload = self.uploads.remove(at);
        let open = upload.open.as_ref().unwrap();
        let Some(name) = upload.name else {
            let message = message(id, OWNERS[upload.owner], direct());
            let outcome = fixture.finish(open, Some(message));
            if upload.bytes.len() as u64 == upload.size {
                assert_eq!(outcome, Ok(Value::Done));
                self.sent.insert(id, (upload.owner, upload.bytes));
            } else {
                assert_eq!(outcome, Err(Failure::Failed));
                self.uploads.insert(at, upload);
            }
            return;
        };
        let outcome = fixture.finish(open, None);
        if upload.bytes.len() as u64 != upload.size {
            assert_eq!(outcome, Err(Failure::Failed));
            self.uploads.insert(at, upload);
        } else if let Entry::Vacant(vacant) = self.files.entry(name) {
            assert_eq!(outcome, Ok(Value::Done));
            vacant.insert((upload.owner, upload.bytes));
        } else {
            assert_eq!(outcome, Err(Failure::Exists));
            assert_eq!(fixture.run(Job::DropUpload(upload.id)), Ok(Value::Done));
        }
    }

    fn check(&self, fixture: &mut Fixture) {
        for (name, text) in NAMES.iter().enumerate() {
            let stored = fs::read(fixture.files().join(text)).ok();
            assert_eq!(stored.as_ref(), self.files.get(&name).map(|(_, bytes)| bytes));
        }
        for (id, (_, bytes)) in &self.sent {
            assert_eq!(fixture.read_sent(*id).as_ref(), Some(bytes));
        }
    }

    /// Checks that there is a part file for each upload, and nothing else.
    fn check_remains(&self, fixture: &Fixture) {
        fixture.eventually("nothing is left over", |fixture| {
            fixture.count("garbage") == 0 && fixture.count("uploads") as usize == self.uploads.len()
        });
        let in_chats = self.uploads.iter().filter(|upload| upload.name.is_none()).count();
        assert_eq!(fixture.sent().len(), self.sent.len() + in_chats);
        let beside = self.uploads.len() - in_chats;
        assert_eq!(names(&fixture.files()).len(), self.files.len() + beside);
        let data = fixture.folder.path().join("data");
        assert_eq!(check_store(&data).unwrap().findings, [""; 0]);
    }
}

fn take(mut fixture: Fixture, model: &mut Model, id: u64, action: Action) -> Fixture {
    match action {
        Action::Begin { owner, name, size } => model.begin(&mut fixture, owner, name, size),
        Action::Write { which, bytes } => model.write(&fixture, which, bytes),
        Action::Break { which } => {
            if let Some(at) = model.open(which) {
                model.uploads[at].open = None;
            }
        }
        Action::Finish { which } => model.finish(&mut fixture, which, id),
        Action::Drop { which } => {
            if let Some(at) = model.open(which) {
                let upload = model.uploads.remove(at);
                assert_eq!(fixture.run(Job::DropUpload(upload.id)), Ok(Value::Done));
            }
        }
        Action::RemoveOld => {
            let removed = fixture.run(Job::RemoveOldUploads { before: u64::MAX });
            assert_eq!(removed, Ok(Value::Removed { more: false }));
            model.uploads.retain(|upload| upload.open.is_some());
        }
        Action::RemoveByHand { name } => {
            if model.files.remove(&name).is_some() {
                model.is_unseen = true;
                fs::remove_file(fixture.files().join(NAMES[name])).unwrap();
            }
        }
        Action::Reopen => {
            for upload in &mut model.uploads {
                upload.open = None;
            }
            fixture = fixture.reopen(HashCost::Low);
        }
    }
    fixture
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn they_end_as_in_a_model(actions in prop::collection::vec(action(), 1..60)) {
        let (mut fixture, mut model) = (Fixture::new(), Model::default());
        for (id, action) in (1..).zip(actions) {
            fixture = take(fixture, &mut model, id, action);
            model.check(&mut fixture);
        }
        model.check_remains(&fixture);
    }
}
