//! A run as steps in plain words, for the trace and the diagram: what happened, what went
//! wrong, what people were shown, and what was broken.

use std::collections::{BTreeMap, VecDeque};

use crate::explore::{Case, Operation};
use crate::fault::Fault;
use crate::history::{
    Canary, History, Initiator, Kind, Life, Meaning, Observation, Phase, Place, Reading, Record,
    Refusal, Side, Standing, Status, StoreOutcome, Write,
};
use crate::id::{ConnId, NodeId};
use crate::invariant::Violation;
use crate::protocol::Protocol;
use crate::time::Time;

/// One thing that a reader of a run wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) at: Time,
    pub(super) what: What,
    pub(super) text: String,
}

/// What sort of thing it is, and where it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A node was given an operation.
    Asked(NodeId),
    /// A node handed in a message for another. `lost` is whether it never came out.
    Sent { from: NodeId, to: NodeId, lost: bool, sign_of_life: bool },
    /// A message came out at a node.
    Came { from: NodeId, to: NodeId, sign_of_life: bool },
    /// A node dialled another.
    Dialled { from: NodeId, to: NodeId },
    /// A dial was refused.
    Refused { from: NodeId, to: NodeId },
    /// A connection has ended for a node.
    Closed(NodeId),
    /// A process began, ended or was held up.
    Life(NodeId),
    /// Anything else at a node.
    Detail(NodeId),
    /// A fault began or ended, at these nodes; none is all of them.
    Fault(Vec<NodeId>),
    /// The run entered another stage.
    Stage,
    /// An invariant was broken, at a node or anywhere.
    Broken(Option<NodeId>),
}

/// The steps of a run, in order.
pub(super) fn steps<P: Protocol>(
    case: &Case<P>,
    history: &History,
    violations: &[Violation],
) -> Vec<Step> {
    let mut teller = Teller { lost: lost(history), ..Teller::default() };
    let mut steps = Vec::new();
    for (nth, record) in history.iter().enumerate() {
        let step = teller.tell(case, nth, record);
        if teller
            .timer
            .as_ref()
            .is_some_and(|(at, node, _)| (*at, *node) != (record.at, record.node))
        {
            teller.timer = None;
        }
        if let Observation::TimerFired { timer } = &record.what {
            teller.timer = Some((record.at, record.node, format!("timer {timer}")));
        }
        let Some((what, text)) = step else { continue };
        let sign_of_life = matches!(&what, What::Sent { sign_of_life: true, .. });
        // A timer is worth a line if anything came of it.
        if let Some((at, node, text)) = teller.timer.take().filter(|_| !sign_of_life) {
            steps.push(Step { at, what: What::Detail(node), text });
        }
        steps.push(Step { at: record.at, what, text });
    }
    // Sorting keeps the order of what happens at one instant: faults first, verdicts last.
    let mut all = faults(case);
    all.append(&mut steps);
    all.extend(violations.iter().map(|one| Step {
        at: one.at,
        what: What::Broken(one.node),
        text: format!("{}: {}", one.invariant, one.message),
    }));
    all.sort_by_key(|step| step.at);
    all
}

/// The beginnings and ends of the faults, which are not in the history.
fn faults<P: Protocol>(case: &Case<P>) -> Vec<Step> {
    let mut found = Vec::new();
    for fault in case.plan.0.iter().filter(|fault| fault.at <= case.horizon) {
        let (name, what) = (named(fault), What::Fault(fault.kind.nodes()));
        if fault.kind.is_instant() {
            found.push(Step { at: fault.at, what, text: format!("fault: {name}") });
            continue;
        }
        let text = format!("fault begins: {name}");
        found.push(Step { at: fault.at, what: what.clone(), text });
        if !fault.permanent {
            let at = (fault.at + fault.lasts).min(case.horizon);
            found.push(Step { at, what, text: format!("fault ends: {name}") });
        }
    }
    found
}

fn named(fault: &Fault) -> String {
    let nodes = fault.kind.nodes().into_iter().map(|node| node.to_string());
    let store = fault.kind.store().map(|store| store.to_string());
    std::iter::once(fault.kind.name().to_owned())
        .chain(nodes)
        .chain(store)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The places in a history of messages that were handed in and did not come out.
fn lost(history: &History) -> Vec<bool> {
    let mut lost = vec![false; history.len()];
    let mut waiting: BTreeMap<(ConnId, Side), VecDeque<(usize, Meaning)>> = BTreeMap::new();
    let mut casts: BTreeMap<(NodeId, NodeId), VecDeque<(usize, Meaning)>> = BTreeMap::new();
    for (nth, record) in history.iter().enumerate() {
        let queue = match &record.what {
            Observation::Sent { conn, side, meaning, .. } => {
                lost[nth] = true;
                waiting.entry((*conn, *side)).or_default().push_back((nth, *meaning));
                continue;
            }
            Observation::CastSent { to, meaning } => {
                lost[nth] = true;
                casts.entry((record.node, *to)).or_default().push_back((nth, *meaning));
                continue;
            }
            Observation::Delivered { conn, side, meaning } => {
                waiting.get_mut(&(*conn, side.other())).map(|queue| (queue, meaning))
            }
            Observation::CastDelivered { from, meaning } => {
                casts.get_mut(&(*from, record.node)).map(|queue| (queue, meaning))
            }
            _ => continue,
        };
        let Some((queue, meaning)) = queue else { continue };
        if let Some(place) = queue.iter().position(|(_, sent)| sent == meaning) {
            let (sent, _) = queue.remove(place).expect("a place in the queue");
            lost[sent] = false;
        }
    }
    lost
}

/// What was said before, so that nothing is said twice.
#[derive(Default)]
struct Teller {
    lost: Vec<bool>,
    ends: BTreeMap<ConnId, (NodeId, NodeId)>,
    status: BTreeMap<NodeId, Status>,
    readings: BTreeMap<NodeId, Reading>,
    timer: Option<(Time, NodeId, String)>,
}

impl Teller {
    /// A record in words, if it is worth a line.
    fn tell<P: Protocol>(
        &mut self,
        case: &Case<P>,
        nth: usize,
        record: &Record,
    ) -> Option<(What, String)> {
        let node = record.node;
        let detail = What::Detail(node);
        Some(match &record.what {
            Observation::Given { op, request, .. } => {
                let known = case.operations.iter().find(|Operation { id, .. }| id == op);
                let text = known.map_or_else(|| words(request), |known| format!("{:?}", known.op));
                (What::Asked(node), format!("asked for {text} ({op})"))
            }
            Observation::Phase(Phase::Healed) => (What::Stage, "all has healed".to_owned()),
            Observation::Phase(Phase::Quiet) => (What::Stage, "the run is over".to_owned()),
            Observation::Node(life) if *life != Life::Started => (What::Life(node), words(life)),
            Observation::Dialled { .. }
            | Observation::Opened { .. }
            | Observation::Refused { .. }
            | Observation::Closed { .. } => return self.connection(node, &record.what),
            Observation::Sent { .. }
            | Observation::Delivered { .. }
            | Observation::CastSent { .. }
            | Observation::CastDelivered { .. } => return self.message(node, nth, &record.what),
            Observation::Device { online } => {
                let state = if *online { "online" } else { "offline" };
                (detail, format!("device says {state}"))
            }
            Observation::Credential(standing) => (detail, credential(*standing)?),
            Observation::Stored { store, outcome, write, .. } => {
                (detail, stored(*outcome, write.as_deref(), &store.to_string())?)
            }
            Observation::Canary { canary, place } => (detail, seen(*canary, *place)),
            Observation::Carrying { conn, until, .. } => {
                (detail, format!("has a message on {conn} that is under way until {until}"))
            }
            Observation::ShownStatus(status) => (detail, self.status(node, *status)?),
            Observation::ShownContent(reading) => (detail, self.content(node, reading)?),
            Observation::ShownOp { op, state } => {
                (detail, format!("shows {op} as {}", words(state)))
            }
            Observation::ShownNotice { class, on, .. } => {
                (detail, format!("{} notice {class}", if *on { "shows" } else { "hides" }))
            }
            Observation::ShownAnswer { op, .. } => (detail, format!("answers {op}")),
            Observation::Alert { name, on } => {
                (detail, format!("alert {name} {}", if *on { "on" } else { "off" }))
            }
            Observation::Report { kind, .. } => (detail, format!("reports {kind}")),
            _ => return None,
        })
    }

    fn connection(&mut self, node: NodeId, what: &Observation) -> Option<(What, String)> {
        Some(match what {
            Observation::Dialled { conn, to, .. } => {
                self.ends.insert(*conn, (node, *to));
                (What::Dialled { from: node, to: *to }, format!("dials {to} ({conn})"))
            }
            Observation::Opened { conn, side: Side::Dialler } => {
                (What::Detail(node), format!("{conn} is open"))
            }
            Observation::Opened { conn, .. } => {
                let from = self.ends.get(conn).map_or(String::new(), |(from, _)| from.to_string());
                (What::Detail(node), format!("{conn} accepted from {from}"))
            }
            Observation::Refused { conn, refusal } => {
                let reason = match refusal {
                    Refusal::Status(status) => format!("status {status}"),
                    other => words(other),
                };
                let to = self.ends.get(conn)?.1;
                (What::Refused { from: node, to }, format!("{conn} refused: {reason}"))
            }
            Observation::Closed { conn, code, by, .. } => {
                let by = match by {
                    Initiator::Local => "itself",
                    Initiator::Remote => "its peer",
                    Initiator::Network => "the network",
                };
                (What::Closed(node), format!("{conn} closed {code} by {by}"))
            }
            _ => return None,
        })
    }

    fn message(&self, node: NodeId, nth: usize, what: &Observation) -> Option<(What, String)> {
        let across = |conn: &ConnId| {
            let (a, b) = *self.ends.get(conn)?;
            Some(if a == node { b } else { a })
        };
        let (other, meaning, sent) = match what {
            Observation::Sent { conn, meaning, .. } => (across(conn)?, meaning, true),
            Observation::Delivered { conn, meaning, .. } => (across(conn)?, meaning, false),
            Observation::CastSent { to, meaning } => (*to, meaning, true),
            Observation::CastDelivered { from, meaning } => (*from, meaning, false),
            _ => return None,
        };
        let sign_of_life = matches!(meaning.kind, Kind::Ping | Kind::Pong);
        let text = message(meaning);
        Some(if sent {
            let lost = self.lost.get(nth).copied().unwrap_or_default();
            (What::Sent { from: node, to: other, lost, sign_of_life }, text)
        } else {
            (What::Came { from: other, to: node, sign_of_life }, text)
        })
    }

    fn status(&mut self, node: NodeId, status: Status) -> Option<String> {
        let key =
            |status: &Status| (status.connection, status.attempt, status.stale, status.can_edit);
        let before = self.status.insert(node, status);
        if before.as_ref().map(key) == Some(key(&status)) {
            return None;
        }
        let mut text = format!("shows {}", words(&status.connection));
        if status.attempt > 0 {
            text.push_str(&format!(", attempt {}", status.attempt));
        }
        if status.stale {
            text.push_str(", stale");
        }
        Some(text)
    }

    fn content(&mut self, node: NodeId, reading: &Reading) -> Option<String> {
        let before = self.readings.insert(node, reading.clone());
        if before.as_ref() == Some(reading) {
            return None;
        }
        let own = match reading.pending {
            0 => String::new(),
            pending => format!(" and {pending} of its own"),
        };
        Some(format!("shows {} at {}{own}", reading.topic, reading.position))
    }
}

/// A message in a few words: what it is for, which operation, which place.
fn message(meaning: &Meaning) -> String {
    let mut text = format!("{:?}", meaning.kind);
    if let Some(op) = meaning.op {
        text.push_str(&format!(" {op}"));
    }
    if let Some(position) = meaning.position {
        text.push_str(&format!(" {position}"));
    }
    if let Some(cursor) = meaning.cursor {
        text.push_str(&format!(" from {cursor}"));
    }
    if meaning.code != 0 {
        text.push_str(&format!(" code {}", meaning.code));
    }
    text
}

/// What a store did, if it wrote or failed.
fn stored(outcome: StoreOutcome, write: Option<&Write>, store: &str) -> Option<String> {
    let written = write.map(|write| {
        let op = write.op.map_or(String::new(), |op| format!(" {op}"));
        let done = if write.changes.is_empty() { "had" } else { "wrote" };
        format!("{done}{op} at {}", write.position)
    });
    Some(match (outcome, written) {
        (StoreOutcome::Executed, Some(written)) => format!("{store} {written}"),
        (StoreOutcome::Executed | StoreOutcome::Flushed | StoreOutcome::Remembered, _) => {
            return None;
        }
        (other, Some(written)) => format!("{store} {}: it {written}", words(&other)),
        (other, None) => format!("{store} {}", words(&other)),
    })
}

/// Where a canary was seen.
fn seen(canary: Canary, place: Place) -> String {
    let Canary { secret, owner } = canary;
    let secret = words(&secret);
    match place {
        Place::Address { .. } => format!("dials an address with a {secret} of {owner}"),
        Place::Message { to, kind, .. } => {
            format!("sends {to} a {secret} of {owner} ({})", kind.word())
        }
    }
}

fn credential(standing: Standing) -> Option<String> {
    Some(match standing {
        Standing::Issued { .. } => return None,
        Standing::Refused => "is given no credential".to_owned(),
        Standing::Revoked { .. } => "has its credential revoked".to_owned(),
        Standing::Withdrawn(topic) => format!("may see {topic} no more"),
        Standing::Granted(topic) => format!("may see {topic} again"),
        Standing::Silent => "is not answered by the issuer".to_owned(),
        Standing::Answering => "is answered by the issuer again".to_owned(),
    })
}

/// The name of a variant as words: `QueuedSafe` is "queued safe".
fn words(name: &impl std::fmt::Debug) -> String {
    let mut text = String::new();
    for c in format!("{name:?}").chars() {
        if c.is_uppercase() && !text.is_empty() {
            text.push(' ');
        }
        text.extend(c.to_lowercase());
    }
    text
}
