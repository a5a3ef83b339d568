//! What a run touched: which kind of thing happened to which kind of node in which state.

use std::collections::BTreeMap;

use crate::engine::Topology;
use crate::history::{Connection, History, Kind, Life, Observation, StoreOutcome};
use crate::id::NodeId;
use crate::protocol::Protocol;

/// A role, the state that a node of it was in, and what happened to it then.
pub type Touched<R> = (R, State, Happened);

/// The state of a node as it can be told without knowing the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct State {
    /// What its page shows of the connection.
    shown: Connection,
    /// Whether it marks what it shows as old.
    stale: bool,
    /// Connections that are open at its end: none, one, two, or more.
    open: u8,
    /// Operations that were given and not answered: none, one, two, or more.
    pending: u8,
    /// Whether it has been started again.
    again: bool,
}

/// What can happen to a node, without the names that differ from run to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happened {
    /// An operation was given to it.
    Given,
    /// It started, crashed, was paused or went on.
    Life(Life),
    /// Its device said that it is online, or not.
    Device(bool),
    /// A connection opened.
    Opened,
    /// A connection that it dialled was refused.
    Refused,
    /// A connection closed, with this code.
    Closed(u16),
    /// A message of this kind arrived over a connection.
    Delivered(Kind),
    /// A message of this kind arrived from a peer without a connection.
    Cast(Kind),
    /// A request of it to a store ended.
    Stored(StoreOutcome),
}

/// More than this is many.
const MANY: usize = 3;

/// What a node's state is made from.
#[derive(Default)]
struct Known {
    state: State,
    open: Vec<crate::id::ConnId>,
    pending: Vec<crate::id::OpId>,
}

/// All that a run touched, in the order in which it did so first.
pub fn touched<P: Protocol>(
    topology: &Topology<P::Role>,
    history: &History,
) -> Vec<Touched<P::Role>> {
    let roles: BTreeMap<NodeId, P::Role> =
        topology.nodes.iter().map(|node| (node.id, node.role)).collect();
    let mut known: BTreeMap<NodeId, Known> = BTreeMap::new();
    let mut found = Vec::new();
    for record in history {
        let Some(role) = roles.get(&record.node) else { continue };
        let node = known.entry(record.node).or_default();
        if let Some(happened) = happened(&record.what) {
            found.push((*role, node.state, happened));
        }
        node.learn(&record.what);
    }
    found
}

fn happened(what: &Observation) -> Option<Happened> {
    Some(match what {
        Observation::Given { .. } => Happened::Given,
        Observation::Node(life) => Happened::Life(*life),
        Observation::Device { online } => Happened::Device(*online),
        Observation::Opened { .. } => Happened::Opened,
        Observation::Refused { .. } => Happened::Refused,
        Observation::Closed { code, .. } => Happened::Closed(*code),
        Observation::Delivered { meaning, .. } => Happened::Delivered(meaning.kind),
        Observation::CastDelivered { meaning, .. } => Happened::Cast(meaning.kind),
        Observation::Stored { outcome, .. } => Happened::Stored(*outcome),
        _ => return None,
    })
}

impl Known {
    fn learn(&mut self, what: &Observation) {
        match what {
            Observation::Node(life) if life.starts_or_ends() => {
                let again = *life == Life::Restarted;
                *self = Self { state: State { again, ..State::default() }, ..Self::default() };
            }
            Observation::Given { op, .. } => self.pending.push(*op),
            Observation::ShownOp { op, state } if *state != crate::history::OpState::Pending => {
                self.pending.retain(|one| one != op);
            }
            Observation::Opened { conn, .. } => self.open.push(*conn),
            Observation::Closed { conn, .. } => self.open.retain(|one| one != conn),
            Observation::ShownStatus(status) => {
                (self.state.shown, self.state.stale) = (status.connection, status.stale);
            }
            _ => return,
        }
        self.state.open = self.open.len().min(MANY) as u8;
        self.state.pending = self.pending.len().min(MANY) as u8;
    }
}
