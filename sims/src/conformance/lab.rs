//! What probes share: a quiet case, and ways to read a history.

use wavetank::engine::Latency;
use wavetank::explore::{Case, run_recorded};
use wavetank::fault::{ConnectionFault, Fault, FaultKind, LinkFault, NodeFault, Plan};
use wavetank::history::{Connection, History, Observation, StoreOutcome};
use wavetank::id::{NodeId, OpId};
use wavetank::time::{Span, Time};
use wavetank_models::{Config, DocSync, Op, document};

use crate::scenarios;
pub(super) use crate::scenarios::{SERVER, at};

/// The only browser of most cases.
pub(super) const CLIENT: NodeId = NodeId(1);

/// A measurement that can differ is taken this often.
pub(super) const SEEDS: u64 = 64;

/// A case in which nothing happens, over a network that takes a millisecond each way, so that
/// what is measured is the policy.
pub(super) fn case(config: &Config, browsers: u32, seconds: u64) -> Case<DocSync> {
    let mut case = scenarios::case(scenarios::room(browsers), config, seconds);
    case.network.latency = Latency::Constant(Span::millis(1));
    case.network.store_latency = Latency::Constant(Span::millis(1));
    case.settle = Span::secs(1);
    // What the nodes do is read off the history; nobody judges it.
    case.invariants = Some(Vec::new());
    case.objectives.stages.clear();
    case
}

/// Gives operations and faults to a case, runs it, and keeps what was seen.
pub(super) fn run(
    mut case: Case<DocSync>,
    work: Vec<(Time, NodeId, Op)>,
    plan: Vec<Fault>,
) -> Seen {
    scenarios::give(&mut case, work);
    case.plan = Plan::new(plan);
    let (_, recording) = run_recorded(&case);
    Seen(recording.history)
}

/// Some milliseconds into the run.
pub(super) fn millis(millis: u64) -> Time {
    at(0) + Span::millis(millis)
}

/// The server is down from one second to another; its host says so to all who are connected or
/// knock.
pub(super) fn down(from: u64, until: u64) -> Fault {
    let crash = FaultKind::Node(NodeFault::Crash(SERVER));
    Fault::lasting(at(from), Span::secs(until - from), crash)
}

/// The connection breaks at a second, both ends know it, and no other can be made until another
/// second.
pub(super) fn away(from: u64, until: u64) -> Vec<Fault> {
    // The news of the break arrives before the path is cut.
    let begin = at(from) + Span::millis(10);
    vec![connection(at(from), ConnectionFault::Reset(CLIENT, SERVER)), cut(begin, at(until))]
}

/// Nothing passes between the client and the server, and nobody is told.
pub(super) fn cut(from: Time, until: Time) -> Fault {
    let partition = LinkFault::Partition(vec![CLIENT], vec![SERVER]);
    Fault::lasting(from, until.since(from), FaultKind::Link(partition))
}

/// Something happens to the connection.
pub(super) fn connection(at: Time, fault: ConnectionFault) -> Fault {
    Fault::at(at, FaultKind::Connection(fault))
}

/// All that was seen in a run.
pub(super) struct Seen(History);

impl Seen {
    /// What was seen at a node from a time on.
    pub(super) fn at(
        &self,
        node: NodeId,
        from: Time,
    ) -> impl Iterator<Item = (Time, &Observation)> {
        let here = move |at: Time, id: NodeId| at >= from && id == node;
        self.0.iter().filter(move |one| here(one.at, one.node)).map(|one| (one.at, &one.what))
    }

    /// When a node dialled, from a time on.
    pub(super) fn dials(&self, node: NodeId, from: Time) -> Vec<Time> {
        let dialled = |what: &Observation| matches!(what, Observation::Dialled { .. });
        self.at(node, from).filter(|(_, what)| dialled(what)).map(|(at, _)| at).collect()
    }

    /// When the client first showed a state of the connection, from a time on.
    pub(super) fn shows(&self, from: Time, wanted: fn(Connection) -> bool) -> Option<Time> {
        let wanted = |what: &Observation| match what {
            Observation::ShownStatus(status) => wanted(status.connection),
            _ => false,
        };
        self.at(CLIENT, from).find(|(_, what)| wanted(what)).map(|(at, _)| at)
    }

    /// The operations that the store carried out, in their order.
    pub(super) fn done(&self) -> Vec<OpId> {
        let done = |what: &Observation| match what {
            Observation::Stored { outcome: StoreOutcome::Executed, write: Some(write), .. } => {
                write.op.filter(|_| !write.changes.is_empty())
            }
            _ => None,
        };
        self.at(SERVER, Time::ZERO).filter_map(|(_, what)| done(what)).collect()
    }

    /// What became of an edit.
    pub(super) fn fate(&self, edit: OpId) -> String {
        let told_off = |what: &Observation| match what {
            Observation::ShownOp { op, state } => *op == edit && state.is_told_off(),
            _ => false,
        };
        let times = self.done().into_iter().filter(|op| *op == edit).count();
        let told_off = self.at(CLIENT, Time::ZERO).any(|(_, what)| told_off(what));
        let fate = match times {
            0 if told_off => "refused",
            0 => "lost",
            1 => "done once",
            _ => "done more than once",
        };
        fate.to_owned()
    }

    /// The operations whose values the client showed, in the order of their first showing.
    pub(super) fn shown(&self, ops: impl Iterator<Item = u32>) -> Vec<OpId> {
        let ops: Vec<OpId> = ops.map(OpId).collect();
        let mut shown = Vec::new();
        for (_, what) in self.at(CLIENT, Time::ZERO) {
            let Observation::ShownContent(reading) = what else { continue };
            for change in &reading.changes {
                let of = |op: &&OpId| change.value == Some(document::value(**op));
                let op = ops.iter().find(of).filter(|op| !shown.contains(*op));
                shown.extend(op);
            }
        }
        shown
    }
}

/// Durations as a probe tells them: one, the shortest and the longest, or `never`.
pub(super) fn spans(all: &[Option<Span>]) -> String {
    let text = |span: Option<Span>| span.map_or("never".to_owned(), rounded);
    // Nothing is longer than never.
    let key = |span: &&Option<Span>| span.unwrap_or(Span::MAX);
    let (shortest, longest) = (all.iter().min_by_key(key), all.iter().max_by_key(key));
    match (shortest.copied().flatten(), longest.copied().flatten()) {
        (low, high) if text(low) == text(high) => text(low),
        (low, high) => format!("{}..{}", text(low), text(high)),
    }
}

/// To the millisecond, which is what documentations speak of.
fn rounded(span: Span) -> String {
    Span::millis((span.as_micros() + 500) / 1000).to_string()
}
