//! Those who lost a server together do not come back together.

use std::collections::{BTreeMap, VecDeque};

use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Initiator, Interest, Observation, Side};
use crate::id::NodeId;
use crate::objectives::Objectives;
use crate::time::{Span, Time};

/// It takes this many to make a herd.
const HERD: u64 = 50;
/// They must have lost their connections within this time of each other.
const LOSS: Span = Span::secs(1);
/// The dials are counted over this time.
const WINDOW: Span = Span::millis(100);

/// When at least 50 clients lose their connections within a second, at most the objectives'
/// share of them start to dial again within any tenth of a second.
#[derive(Debug)]
pub struct HerdSpread {
    percent: u64,
    /// Who lost a connection and has not dialled since, and when.
    lost: BTreeMap<NodeId, Time>,
    /// Losses of the herd under way: the first, the last, and how many.
    herd: Option<(Time, Time, u64)>,
    /// First dials of members of the herd.
    dials: VecDeque<Time>,
}

impl HerdSpread {
    /// Judges by `herd_percent`.
    pub fn new(objectives: &Objectives) -> Self {
        let percent = u64::from(objectives.herd_percent);
        Self { percent, lost: BTreeMap::new(), herd: None, dials: VecDeque::new() }
    }

    /// One more loss: a part of the herd under way, or the first of another.
    fn loss(&mut self, at: Time, node: NodeId) {
        self.lost.insert(node, at);
        match &mut self.herd {
            Some((first, last, size)) if at.since(*first) <= LOSS => {
                *last = at;
                *size += 1;
            }
            herd => {
                *herd = Some((at, at, 1));
                self.dials.clear();
            }
        }
    }

    /// One more dial; gives back how many of how many came together, if too many did.
    fn dial(&mut self, at: Time, node: NodeId) -> Option<(u64, u64)> {
        let lost = self.lost.remove(&node)?;
        let (first, last, size) = self.herd?;
        if lost < first || lost > last {
            return None;
        }
        self.dials.push_back(at);
        while self.dials.front().is_some_and(|first| at.since(*first) > WINDOW) {
            self.dials.pop_front();
        }
        let together = self.dials.len() as u64;
        let too_many = size >= HERD && together * 100 > size * self.percent;
        too_many.then_some((together, size))
    }
}

impl Invariant for HerdSpread {
    fn name(&self) -> &'static str {
        "herd-spread"
    }
    fn statement(&self) -> &'static str {
        "When 50 or more clients lose their connections within a second, no more than the \
         objectives' share of them start to dial within the same tenth of a second."
    }
    fn interest(&self) -> Interest {
        Interest::CLOSED.and(Interest::DIALLED)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        match seen.what {
            Observation::Closed { side: Side::Dialler, by, .. } if *by != Initiator::Local => {
                self.loss(seen.at, seen.node);
            }
            Observation::Dialled { .. } => {
                if let Some((together, all)) = self.dial(seen.at, seen.node) {
                    let message = format!(
                        "{together} of {all} clients dialled within {WINDOW} of each other"
                    );
                    ruling.violated(seen.node, message);
                }
            }
            _ => {}
        }
    }
}
