//! What work takes of the server's time, and turning away what is more than it can do.

use std::collections::VecDeque;

use wavetank::id::ConnId;
use wavetank::objectives::{Capacity, Objectives};
use wavetank::protocol::Outbox;
use wavetank::time::{Mono, Now, Span};

use super::Server;
use crate::policy::Overload;
use crate::probed::Probed;
use crate::protocol::DocSync;

/// Connections are counted over this time.
const WINDOW: Span = Span::secs(1);

/// What work costs, and who was taken of late.
#[derive(Debug)]
pub(super) struct Load {
    costs: Capacity,
    most: Probed<usize>,
    taken: VecDeque<Mono>,
}

impl Load {
    pub(super) fn new(policy: &Probed<Overload>, demanded: &Objectives) -> Self {
        let costs = demanded.capacity.clone().unwrap_or_default();
        let most = policy.map(|policy| policy.handshakes_max as usize);
        Self { costs, most, taken: VecDeque::new() }
    }
}

impl Server {
    /// Turns a connection away where the server has taken as many as it can, and says whether it
    /// did.
    pub(super) fn sheds(&mut self, now: Now, conn: ConnId, out: &mut Outbox<DocSync>) -> bool {
        let Load { costs, most, taken } = &mut self.load;
        if costs.handshake.is_zero() || **most == 0 {
            return false;
        }
        while taken.front().is_some_and(|at| now.mono.since(*at) >= WINDOW) {
            taken.pop_front();
        }
        let full = taken.len() >= **most;
        if full {
            out.mark("overload-shed");
            out.close(conn, self.config.policy.server.close.overload_code, "overloaded");
        } else {
            taken.push_back(now.mono);
        }
        full
    }

    /// A connection is served for the first time.
    pub(super) fn pay_handshake(&self, out: &mut Outbox<DocSync>) {
        if !self.load.costs.handshake.is_zero() {
            out.busy(self.load.costs.handshake);
        }
    }

    /// So many connections of a room were told something.
    pub(super) fn pay_telling(&self, told: usize, out: &mut Outbox<DocSync>) {
        if !self.load.costs.look.is_zero() {
            let looked_at = (self.steps.looks_at)(told, self.sessions.len());
            out.busy(self.load.costs.look * looked_at as u64);
        }
    }
}
