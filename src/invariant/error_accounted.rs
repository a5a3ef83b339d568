//! What goes wrong leaves a trace.

use super::presence::{Dues, Presence, TICK};
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Initiator, Interest, Observation};
use crate::id::NodeId;
use crate::objectives::Objectives;
use crate::time::{Span, Time};

/// A report comes this soon.
const SOON: Span = Span::secs(1);
/// What reports are called, by what they are about.
const KINDS: [&str; 3] = ["unreadable-frame", "connection-lost", "dial-refused"];

/// Where the objectives want failures reported, there is one report of each that a node was told
/// of, within a second of its time: a frame that it cannot read, a connection that broke, a dial
/// that was refused. It has a context, and there is none of what did not happen.
#[derive(Debug, Default)]
pub struct ErrorAccounted {
    wanted: bool,
    presence: Presence,
    nodes: Table<NodeId, Ledger>,
    dues: Dues<(NodeId, usize)>,
}

/// Failures and reports of each kind.
#[derive(Debug, Default)]
struct Ledger {
    told: [u32; 3],
    reported: [u32; 3],
    /// When the last failure came.
    last: Time,
}

impl ErrorAccounted {
    /// Judges by `errors_reported`.
    pub fn new(objectives: &Objectives) -> Self {
        Self { wanted: objectives.errors_reported, ..Self::default() }
    }

    fn told(&mut self, seen: &Seen<'_>, kind: usize, ruling: &mut Ruling) {
        let ledger = self.nodes.of(seen.node);
        ledger.told[kind] += 1;
        ledger.last = seen.at;
        self.dues.add(seen.at + SOON + TICK, (seen.node, kind), ruling);
    }

    fn reported(&mut self, seen: &Seen<'_>, name: &str, context: &str, ruling: &mut Ruling) {
        let Some(kind) = KINDS.iter().position(|one| *one == name) else { return };
        let ledger = self.nodes.of(seen.node);
        ledger.reported[kind] += 1;
        if ledger.reported[kind] > ledger.told[kind] {
            ruling.violated(seen.node, format!("reports `{name}`, and it was told of none"));
        } else if context.is_empty() {
            ruling.violated(seen.node, format!("reports `{name}`, and not where"));
        }
    }
}

impl Invariant for ErrorAccounted {
    fn name(&self) -> &'static str {
        "error-accounted"
    }
    fn statement(&self) -> &'static str {
        "Where the objectives want it, each unreadable frame, broken connection and refused dial \
         that a node is told of is reported once within 1 s, with a context."
    }
    fn interest(&self) -> Interest {
        if !self.wanted {
            return Interest::NONE;
        }
        Presence::INTEREST
            .and(Interest::DELIVERED_UNREADABLE)
            .and(Interest::CLOSED)
            .and(Interest::REFUSED)
            .and(Interest::REPORT)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Delivered { .. } => self.told(seen, 0, ruling),
            Observation::Closed {
                code: 1006, by: Initiator::Remote | Initiator::Network, ..
            } => {
                self.told(seen, 1, ruling);
            }
            Observation::Closed { .. } => {}
            Observation::Refused { .. } => self.told(seen, 2, ruling),
            Observation::Report { kind, context, .. } => {
                self.reported(seen, kind, context, ruling);
            }
            Observation::Node(life) if life.starts_or_ends() => {
                self.presence.observe(seen);
                self.nodes.remove(&seen.node);
            }
            _ => self.presence.observe(seen),
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some((node, kind)) = self.dues.take(at, ruling) {
            let Some(ledger) = self.nodes.get(&node) else { continue };
            if ledger.told[kind] <= ledger.reported[kind] {
                continue;
            }
            let since = ledger.last.max(self.presence.awake_at(node));
            let since = since.max(self.presence.occupied_until(node).unwrap_or_default());
            if !self.presence.runs(node) || at.since(since) <= SOON {
                let next = at.max(since) + SOON + TICK;
                self.dues.add(next, (node, kind), ruling);
            } else {
                let (told, name) = (ledger.told[kind], KINDS[kind]);
                let reported = ledger.reported[kind];
                let message = format!("was told of {told} `{name}` and reported {reported}");
                ruling.violated(node, message);
            }
        }
    }
}
