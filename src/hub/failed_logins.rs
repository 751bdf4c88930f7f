//! Logins that failed, as the audit log tells them: one line a second for each network, with the
//! number of them.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::chat::address::{Address, Network};
use crate::chat::name::UserName;
use crate::hub::audit::Deed;
use crate::hub::context::Cx;
use crate::hub::input::ConnId;

/// How long after a line of a network its further failures wait for the next one.
const PERIOD: Duration = Duration::from_secs(1);

/// The networks that have failed in the last second.
#[derive(Debug, Default)]
pub struct FailedLogins {
    by_network: HashMap<Network, UntoldFailures>,
    /// The networks by the time of their next line, on the monotonic clock, the earliest first.
    due: VecDeque<(Duration, Network)>,
}

/// Failures of a network that are not told yet, and the last of them.
#[derive(Debug, Default)]
struct UntoldFailures {
    count: u32,
    last: Option<FailedTry>,
}

/// A login that failed.
#[derive(Clone, Copy, Debug)]
pub struct FailedTry {
    /// The name that was given, unless it was given with a token that no account has.
    pub name: Option<UserName>,
    pub conn: ConnId,
    pub from: Address,
}

impl FailedLogins {
    /// Notes a failure, and tells it now or with others a second after the one before.
    pub fn note(&mut self, failure: FailedTry, cx: &mut Cx<'_>) {
        let network = failure.from.network();
        if let Some(untold) = self.by_network.get_mut(&network) {
            *untold = UntoldFailures { count: untold.count + 1, last: Some(failure) };
            return;
        }
        self.by_network.insert(network, UntoldFailures::default());
        self.due.push_back((cx.core.now.monotonic + PERIOD, network));
        tell(&failure, 1, cx);
    }

    /// The time at which something is to be told, or forgotten.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.due.front().map(|(at, _)| *at)
    }

    /// Tells the failures of the networks whose second is over, and forgets networks without any.
    pub fn deadline(&mut self, cx: &mut Cx<'_>) {
        let now = cx.core.now.monotonic;
        while let Some((_, network)) = self.due.front().copied().filter(|(at, _)| *at <= now) {
            self.due.pop_front();
            let Some(untold) = self.by_network.remove(&network) else { continue };
            if let Some(last) = untold.last {
                self.by_network.insert(network, UntoldFailures::default());
                self.due.push_back((now + PERIOD, network));
                tell(&last, untold.count, cx);
            }
        }
    }
}

fn tell(failure: &FailedTry, count: u32, cx: &mut Cx<'_>) {
    let FailedTry { name, conn, from } = *failure;
    cx.audit(
        &Deed::of("login-failed", name).over(conn).from(from).with(format_args!("count={count}")),
    );
}
