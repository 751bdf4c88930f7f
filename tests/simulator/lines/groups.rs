//! What simulated people say about groups.

use fastrand::Rng;

use super::People;
use crate::client::Client;

/// What somebody answers who was asked something, or wants what was refused; none for who has
/// nothing to answer.
pub fn answer(client: &Client, rng: &mut Rng) -> Option<String> {
    let known = &client.groups;
    match rng.u8(..10) {
        0..4 => known.requests.last().map(|request| match rng.u8(..8) {
            0 | 1 => format!("C ADMIT {request}"),
            2 => format!("C ASK {request}"),
            _ => format!("C REFUSE {request}{}", ever(8, rng)),
        }),
        4 => known.invitations.last().map(|group| match rng.bool() {
            true => format!("C JOIN {group}"),
            false => format!("C DECLINE {group}"),
        }),
        5 | 6 => known.sought.last().map(|group| format!("C JOIN {group}")),
        7 | 8 => known.people.last().map(|somebody| match rng.u8(..8) {
            0..3 => format!("C ASK {somebody}"),
            3..5 => format!("C OP {somebody} {}", ["on", "on", "off"][rng.usize(..3)]),
            _ => format!("C EXPEL {somebody}{}", ever(2, rng)),
        }),
        _ => rng.choice(&known.own).map(|group| format!("C SHUTOUT {group}")),
    }
}

/// Perhaps for ever: once in so many times.
fn ever(times: u8, rng: &mut Rng) -> &'static str {
    if rng.u8(..times) == 0 { " EVER" } else { "" }
}

impl People {
    pub(super) fn about_groups(&self, client: &Client, rng: &mut Rng) -> String {
        let own = rng.choice(&client.groups.own).filter(|_| rng.bool()).cloned();
        let group = own.unwrap_or_else(|| self.group(rng));
        let on = ["on", "on", "off", "maybe"][rng.usize(..4)];
        match rng.u8(..64) {
            0..5 => {
                let verb = ["MKGROUP", "MKGROUPREQ"][rng.usize(..2)];
                let name = if rng.bool() { format!("{group} ") } else { String::new() };
                let users = (0..rng.usize(1..5)).map(|_| self.name(rng)).collect::<Vec<_>>();
                format!("C {verb} {name}{}", users.join(" "))
            }
            5..8 => format!("C MKPUBLIC {group}"),
            8..36 => self.at_the_door(client, &group, rng),
            36..39 => format!("C LEAVE {group}{}", ["", "", " so long"][rng.usize(..3)]),
            39..44 => format!("C KEEP {group} {on}"),
            44..46 => format!("C PUBLIC {group} {on}"),
            46..48 => format!("C OPENTOPIC {group} {on}"),
            48..50 => {
                let topic = ["", " lunch", " lunch at noon", " \u{202e}lunch"][rng.usize(..4)];
                format!("C TOPIC {group}{topic}")
            }
            50..54 => format!("C OP {} {on}", self.somebody_of(client, &group, rng)),
            54..56 => format!("C HANDOVER {}", self.somebody_of(client, &group, rng)),
            56 => format!("C DISSOLVE {group}"),
            57..59 => format!("C GROUPS {}", ["", "ALL", "PUBLIC", "some"][rng.usize(..4)]),
            59..61 => format!("C INFO {group}"),
            _ => format!("C MEMBERS {group}{}", ["", " ALL", " ALL", " some"][rng.usize(..4)]),
        }
    }

    /// A group, and somebody who has to do with it or not.
    fn somebody_of(&self, client: &Client, group: &str, rng: &mut Rng) -> String {
        let known = rng.choice(&client.groups.people).filter(|_| rng.u8(..4) > 0);
        known.cloned().unwrap_or_else(|| format!("{group} {}", self.name(rng)))
    }

    /// Who comes in, who does not, and who is put out.
    fn at_the_door(&self, client: &Client, group: &str, rng: &mut Rng) -> String {
        let known = &client.groups;
        let invitation = rng.choice(&known.invitations).filter(|_| rng.u8(..4) > 0);
        let sought = rng.choice(&known.sought).filter(|_| rng.bool());
        let invitation = invitation.map_or(group, String::as_str);
        let somebody = self.somebody_of(client, group, rng);
        let request = rng.choice(&known.requests).filter(|_| rng.u8(..8) > 0);
        let request = request.unwrap_or(&somebody);
        let ever = ever(6, rng);
        match rng.u8(..32) {
            0..6 => format!("C JOIN {invitation}"),
            6..9 => format!("C JOIN {}", sought.map_or(group, String::as_str)),
            9..14 => format!("C ASK {somebody}"),
            14..17 => format!("C DECLINE {invitation}"),
            17..20 => format!("C ADMIT {request}"),
            20..27 => format!("C REFUSE {request}{ever}"),
            27..31 => format!("C EXPEL {somebody}{ever}{}", ["", " be good"][rng.usize(..2)]),
            _ => format!("C SHUTOUT {group}"),
        }
    }

    /// A group that there may be.
    pub(super) fn group(&self, rng: &mut Rng) -> String {
        let newest = self.groups.len().saturating_sub(4);
        let known = rng.choice(&self.groups[newest..]).cloned();
        match rng.u8(..4) {
            0..2 => ["#team", "#Crew", "#CREW"][rng.usize(..3)].into(),
            _ => known.unwrap_or_else(|| "#team".into()),
        }
    }
}
