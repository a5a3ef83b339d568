//! A case: everything that a run needs, as plain data.

use std::fmt::Write as _;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::schema::Schema;
use crate::engine::{Limits, Network, Topology};
use crate::fault::{Fault, FaultKind, PeopleFault, Plan, PlanError};
use crate::id::{NodeId, OpId};
use crate::objectives::Objectives;
use crate::protocol::Protocol;
use crate::time::{Span, Time};

/// The version of the file format.
const FORMAT: u32 = 1;
/// The most operations and faults that a case is told in.
const LINES: usize = 16;

/// What is run, replayed and shrunk. The outcome is a function of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct Case<P: Protocol> {
    /// The version of the file format.
    pub format: u32,
    /// The protocol that the case is for.
    pub protocol: String,
    /// The shape that the protocol's types had when the case was made.
    #[serde(default)]
    pub schema: Schema,
    /// Where the case came from, for people.
    #[serde(default)]
    pub origin: Origin,
    /// The only invariants judged; none means all of the protocol's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invariants: Option<Vec<String>>,
    /// Nodes and stores.
    pub topology: Topology<P::Role>,
    /// What is asked of the nodes.
    pub operations: Vec<Operation<P::Op>>,
    /// What goes wrong.
    pub plan: Plan,
    /// The seed of all draws.
    pub seed: u64,
    /// Faults and operations end by this time.
    pub horizon: Time,
    /// How long the run goes on after that.
    pub settle: Span,
    /// The run is given up after this many events; where the case does not say,
    /// [`Case::limits`] chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events_max: Option<u64>,
    /// What lies between the nodes.
    pub network: Network,
    /// What the application demands.
    pub objectives: Objectives,
    /// What the nodes are built from.
    pub config: P::Config,
}

/// Where a case came from. No run reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Origin {
    /// The scenario that made it.
    pub scenario: String,
    /// The seed that it was made from.
    pub seed: Option<u64>,
    /// The invariant that it breaks, for a saved finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaks: Option<String>,
    /// The digest of its run, for a saved finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<crate::digest::Digest>,
}

/// Something asked of a node at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation<O> {
    /// Its name, which no other operation of the case has.
    pub id: OpId,
    /// When.
    pub at: Time,
    /// Of whom.
    pub node: NodeId,
    /// What.
    pub op: O,
}

/// Why a text is not a case that can be run.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// It is not JSON of the expected shape.
    #[error("line {line}, column {column}: {message}")]
    Json {
        /// Line in the text, from 1.
        line: usize,
        /// Column in the line, from 1.
        column: usize,
        /// What was expected.
        message: String,
    },
    /// It is of another version.
    #[error("the case has format {0}; this version reads format {FORMAT}")]
    Format(u32),
    /// It is for another protocol.
    #[error("the case is for the protocol `{0}`, not for `{1}`")]
    Protocol(String, &'static str),
    /// It was made when the protocol's types had another shape, and does not fit the present one.
    #[error(
        "the case was made when the types of `{protocol}` had another shape (schema {saved}, now \
         {current}), and does not fit any more: {source}"
    )]
    Schema {
        /// The protocol.
        protocol: &'static str,
        /// The shape that the case was made for.
        saved: Schema,
        /// The shape that the types have.
        current: Schema,
        /// What does not fit.
        source: Box<Self>,
    },
    /// Its plan does not fit its topology.
    #[error("plan: {0}")]
    Plan(#[from] PlanError),
    /// An operation is for a node that is not there.
    #[error("{0} is for {1}, which the topology does not have")]
    Node(OpId, NodeId),
    /// Two operations, or two nodes, have one name.
    #[error("{0} stands twice")]
    Twice(String),
    /// A node uses a store that is not there.
    #[error("{0} uses {1}, which the topology does not have")]
    Store(NodeId, crate::id::StoreId),
}

#[derive(Deserialize)]
struct Header {
    format: u32,
    protocol: String,
    #[serde(default)]
    schema: Schema,
}

impl<P: Protocol> Case<P> {
    /// A case of this protocol with the usual limits, no operations and no faults.
    pub fn new(topology: Topology<P::Role>, config: P::Config) -> Self {
        Self {
            format: FORMAT,
            protocol: P::NAME.to_owned(),
            schema: Schema::of::<P>(),
            origin: Origin::default(),
            invariants: None,
            topology,
            operations: Vec::new(),
            plan: Plan::default(),
            seed: 0,
            horizon: Time::from_micros(30_000_000),
            settle: Span::secs(120),
            events_max: None,
            network: Network::default(),
            objectives: Objectives::default(),
            config,
        }
    }

    /// Reads a case from JSON and checks that it can be run.
    ///
    /// # Errors
    /// Where the text is not a case, of another version, protocol or schema, or contradicts
    /// itself.
    pub fn from_json(text: &str) -> Result<Self, CaseError> {
        let header: Header = parse(text)?;
        if header.protocol != P::NAME {
            return Err(CaseError::Protocol(header.protocol, P::NAME));
        }
        if header.format != FORMAT {
            return Err(CaseError::Format(header.format));
        }
        let case: Self = parse(text).map_err(|error| Self::foreign(header.schema, error))?;
        case.validate()?;
        Ok(case)
    }

    /// Whether the case was made for the shape that the protocol's types have now. One that was
    /// not is read all the same if it fits.
    pub fn is_current(&self) -> bool {
        self.schema == Schema::of::<P>()
    }

    fn foreign(saved: Schema, error: CaseError) -> CaseError {
        let current = Schema::of::<P>();
        if saved == current {
            return error;
        }
        CaseError::Schema { protocol: P::NAME, saved, current, source: Box::new(error) }
    }

    /// The case as JSON that people can read.
    ///
    /// # Panics
    /// If the protocol's own types cannot be written as JSON.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a case can be written as JSON");
        text.push('\n');
        text
    }

    /// Checks that all names fit together.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn validate(&self) -> Result<(), CaseError> {
        self.plan.validate(&self.topology)?;
        let mut ids: Vec<_> = self.operations.iter().map(|operation| operation.id).collect();
        ids.sort_unstable();
        if let Some(pair) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(CaseError::Twice(pair[0].to_string()));
        }
        let mut nodes: Vec<_> = self.topology.nodes.iter().map(|node| node.id).collect();
        nodes.sort_unstable();
        if let Some(pair) = nodes.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(CaseError::Twice(pair[0].to_string()));
        }
        for operation in &self.operations {
            if nodes.binary_search(&operation.node).is_err() {
                return Err(CaseError::Node(operation.id, operation.node));
            }
        }
        for node in &self.topology.nodes {
            if let Some(store) = node.store.filter(|id| !self.topology.stores.contains(id)) {
                return Err(CaseError::Store(node.id, store));
            }
        }
        Ok(())
    }

    /// When the run ends.
    pub fn end(&self) -> Time {
        self.horizon + self.settle
    }

    /// The run's budget.
    ///
    /// One instant may hold 1,000 events, 100 more for each node, 20 more for each node and
    /// operation, and all that a flood sends: a burst for everybody of all that was ever asked
    /// for, and some loops, no more. The whole run may hold what the case says. Where it says
    /// nothing, that is as much as one instant and 200 events more for each node and second:
    /// more than people and pages make, and less than a loop over a quick network. A protocol
    /// that ticks more often sets [`Case::events_max`].
    pub fn limits(&self) -> Limits {
        let (nodes, operations) = (self.topology.nodes.len() as u64, self.operations.len() as u64);
        let seconds = self.end().as_micros() / 1_000_000;
        let instant = 1_000 + nodes * (100 + 20 * operations) + self.flooded();
        let events = self.events_max.unwrap_or(instant + nodes * 200 * seconds);
        Limits { end: self.end(), events, instant }
    }

    /// How many messages floods send, and as many answers.
    fn flooded(&self) -> u64 {
        let sent = |fault: &Fault| match fault.kind {
            FaultKind::People(PeopleFault::Flood { per_second, .. }) => {
                let lasts = if fault.permanent { Span::MAX } else { fault.lasts };
                let micros = lasts.as_micros().min(self.horizon.as_micros());
                2 * u64::from(per_second) * (micros / 1_000_000 + 1)
            }
            _ => 0,
        };
        self.plan.0.iter().map(sent).sum()
    }

    /// The case in words: who, what is asked, what goes wrong.
    pub fn in_words(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{} nodes, {} operations, {} faults, seed {:#x}",
            self.topology.nodes.len(),
            self.operations.len(),
            self.plan.0.len(),
            self.seed
        );
        let mut lines: Vec<(Time, String)> = Vec::new();
        for Operation { id, at, node, op } in &self.operations {
            lines.push((*at, format!("{node} is asked for {op:?} ({id})")));
        }
        for fault in &self.plan.0 {
            let lasts = match fault.lasts {
                Span::ZERO => String::new(),
                span => format!(" for {span}"),
            };
            let (name, nodes) = (fault.kind.name(), fault.kind.nodes());
            let places = nodes
                .iter()
                .map(ToString::to_string)
                .chain(fault.kind.store().map(|store| store.to_string()));
            let places: Vec<_> = places.collect();
            lines.push((fault.at, format!("{name} at {}{lasts}", places.join(", "))));
        }
        lines.sort_by_key(|(at, _)| *at);
        let hidden = lines.len().saturating_sub(LINES);
        for (at, line) in lines.iter().take(LINES) {
            let _ = writeln!(text, "  {at:>12}  {line}");
        }
        if hidden > 0 {
            let _ = writeln!(text, "  ... and {hidden} more");
        }
        text
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, CaseError> {
    serde_json::from_str(text).map_err(|error| {
        let full = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        CaseError::Json {
            line: error.line(),
            column: error.column(),
            message: full.replace(&place, ""),
        }
    })
}
