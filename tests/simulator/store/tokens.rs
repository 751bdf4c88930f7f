//! Tokens and devices as a store keeps them.

use std::collections::{BTreeMap, HashMap};

use chatsrv::chat::device::{Device, DevicesToEnd, TokenId};
use chatsrv::chat::name::Number;
use chatsrv::chat::refusal::Failure;
use chatsrv::chat::registration::InviteCode;
use chatsrv::chat::text::Secret;
use chatsrv::hub::job::{Job, Outcome, Value};

/// How many devices of a kind may have tokens.
const DEVICES_MAX: usize = 16;

/// The tokens of all accounts, and the devices that have them.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    devices: BTreeMap<(Number, u32), Device>,
    tokens: HashMap<String, Token>,
    made: u32,
    /// Rises with every use.
    time: u64,
}

#[derive(Clone, Debug)]
struct Token {
    of: (Number, u32),
    /// How many were made before.
    place: u32,
    is_lasting: bool,
}

impl Tokens {
    /// Something that nobody can guess.
    pub fn draw(&mut self, of: &str) -> Secret {
        self.made += 1;
        Secret::new(&format!("{of}{}", self.made))
    }

    /// The code of an invitation: its number, twice.
    pub fn draw_code(&mut self) -> InviteCode {
        self.made += 1;
        format!("{0:04}{0:012}", self.made).parse().unwrap()
    }

    /// Does a job that has to do with tokens, if it is one.
    pub fn run(&mut self, job: &Job) -> Option<Outcome> {
        Some(match job {
            Job::MakeToken { number, device, name, address } => {
                let token = self.draw("token");
                let of = (*number, *device);
                let time = self.tick();
                let new = Device {
                    number: *device,
                    made: time,
                    used: time,
                    address: Some(*address),
                    name: *name,
                };
                self.devices.entry(of).or_insert(new).used = time;
                let is_lasting = name.is_some();
                let kept = Token { of, place: self.made, is_lasting };
                self.tokens.insert(token.expose().to_owned(), kept);
                self.make_room(of);
                Ok(Value::Token(token))
            }
            Job::CheckToken { number, token } => {
                let found = self.tokens.get(token.expose()).filter(|token| token.of.0 == *number);
                Ok(match found {
                    Some(found) => {
                        Value::TokenGood { token: id(token.expose()), device: found.of.1 }
                    }
                    None => Value::PasswordWrong,
                })
            }
            Job::UseToken { token, .. } => {
                let used = self.tokens.iter().find(|(text, _)| id(text) == *token);
                if let Some((_, used)) = used {
                    let Token { of, place, .. } = *used;
                    self.tokens.retain(|_, other| {
                        other.of != of || other.is_lasting || other.place >= place
                    });
                    let time = self.tick();
                    self.devices.get_mut(&of).expect("it has a token").used = time;
                }
                Ok(Value::Done)
            }
            Job::ListDevices(number) => {
                let own = self.devices.iter().filter(|((of, _), _)| of == number);
                Ok(Value::Devices(own.map(|(_, device)| device.clone()).collect()))
            }
            Job::EndDevices { number, which } => {
                let before = self.devices.len();
                self.end(*number, |device| match which {
                    DevicesToEnd::One(one) => device == *one,
                    DevicesToEnd::AllBut(one) => device != *one,
                });
                match which {
                    DevicesToEnd::One(_) if self.devices.len() == before => Err(Failure::NotFound),
                    _ => Ok(Value::Done),
                }
            }
            _ => return None,
        })
    }

    /// Ends devices of an account, with their tokens.
    pub fn end(&mut self, number: Number, is_meant: impl Fn(u32) -> bool) {
        self.devices.retain(|(of, device), _| *of != number || !is_meant(*device));
        self.tokens.retain(|_, token| self.devices.contains_key(&token.of));
    }

    /// The highest number of a device of each account.
    pub fn highest(&self) -> Vec<(Number, u32)> {
        let all = self.devices.keys().copied();
        all.collect::<BTreeMap<Number, u32>>().into_iter().collect()
    }

    fn tick(&mut self) -> u64 {
        self.time += 1;
        self.time
    }

    fn make_room(&mut self, new: (Number, u32)) {
        let is_program = |device: &Device| device.name.is_some();
        let kind = is_program(&self.devices[&new]);
        let alike = self.devices.iter().filter(|((number, _), _)| *number == new.0);
        let mut others: Vec<(u64, u32)> = alike
            .filter(|(of, device)| **of != new && is_program(device) == kind)
            .map(|((_, device), kept)| (kept.used, *device))
            .collect();
        others.sort_unstable();
        let too_many = others.len().saturating_sub(DEVICES_MAX - 1);
        for (_, device) in &others[..too_many] {
            self.end(new.0, |one| one == *device);
        }
    }
}

/// What stands for the hash of a token.
fn id(token: &str) -> TokenId {
    let mut hash = [0; 32];
    let bytes = token.as_bytes();
    hash[..bytes.len().min(32)].copy_from_slice(&bytes[..bytes.len().min(32)]);
    TokenId(hash)
}
