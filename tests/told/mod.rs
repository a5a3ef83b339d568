//! Histories told by hand, before the bench of one invariant.

use wavetank::history::{
    Caller, Changes, Channel, Connection, Initiator, Kind, Meaning, Observation, OpState, Position,
    Reading, Record, Request, Side, Size, StaleMarks, Status, StoreOutcome, Write, log,
};
use wavetank::id::{ConnId, NodeId, OpId, StoreId, Ticket, Topic};
use wavetank::invariant::shipped;
use wavetank::objectives::Objectives;
use wavetank::recorded::{Checker, Lines, Options, Verdict};
use wavetank::time::{Mono, Now, Span, Time, Wall};

pub(crate) const SERVER: NodeId = NodeId(0);
pub(crate) const CLIENT: NodeId = NodeId(1);
/// Somebody of whom there are all kinds of fact, and nothing to object to.
const BYSTANDER: NodeId = NodeId(9);

/// What happened: after so many milliseconds, at which node.
pub(crate) type Happened = (u64, NodeId, Observation);

pub(crate) fn conn(number: u32) -> ConnId {
    ConnId::new(number, number)
}

pub(crate) fn op(number: u32) -> OpId {
    OpId(number)
}

pub(crate) fn position(seq: u64) -> Position {
    Position::new(1, seq)
}

/// The bench of one invariant.
pub(crate) struct Told {
    pub(crate) name: &'static str,
    pub(crate) objectives: Objectives,
}

impl Told {
    pub(crate) fn of(name: &'static str) -> Self {
        Self { name, objectives: Objectives::default() }
    }

    pub(crate) fn given(number: u32, request: Request) -> Observation {
        Observation::Given { op: op(number), request, changes: Default::default() }
    }

    pub(crate) fn status(connection: Connection) -> Observation {
        let stale = connection != Connection::Live;
        Observation::ShownStatus(Status { connection, stale, ..Status::default() })
    }

    pub(crate) fn shown(seq: u64) -> Observation {
        let (topic, changes) = (Topic(1), Changes::new());
        let position = position(seq);
        let reading = Reading { topic, position, part: 0, pending: 0, whole: true, changes };
        Observation::ShownContent(reading)
    }

    /// The store has done what was asked of it, as the event of this number.
    #[allow(dead_code, reason = "not every file tells of a store")]
    pub(crate) fn stored(seq: u64, changes: Changes) -> Observation {
        let (topic, position) = (Topic(1), position(seq));
        let write = Write { topic, position, op: None, author: None, base: None, changes };
        let (outcome, write) = (StoreOutcome::Executed, Some(Box::new(write)));
        Observation::Stored { store: StoreId(1), ticket: Ticket(seq as u32), outcome, write }
    }

    pub(crate) fn dialled(number: u32) -> Observation {
        let (channel, caller) = (Channel::Socket, Caller::default());
        Observation::Dialled { conn: conn(number), to: SERVER, channel, caller }
    }

    /// Whether the invariant finds something in this history.
    pub(crate) fn broken(&self, history: Vec<Happened>) -> bool {
        let told = bystander().into_iter().map(|what| (0, BYSTANDER, what));
        let records: Vec<Record> = told.chain(history).map(record).collect();
        let mut text = Vec::new();
        log::write(&mut text, &records).expect("memory can be written to");
        let options = Options {
            only: vec![self.name.to_owned()],
            own_objectives: true,
            ..Options::default()
        };
        let invariants = || shipped(&self.objectives, |field| field.to_string(), None);
        let mut checker = Checker::new(None, options, [invariants(), invariants()]);
        let mut lines = Lines::new(text.as_slice());
        while let Some(line) = lines.next_line().expect("memory can be read") {
            checker.line(line).expect("a record");
        }
        let findings = checker.finish().findings;
        let found = findings.into_iter().find(|one| one.invariant == self.name);
        match found.expect("the invariant is shipped").verdict {
            Verdict::Held => false,
            Verdict::Broken(_) => true,
            Verdict::Unchecked(lacks) => panic!("{} lacks {lacks:?}", self.name),
        }
    }
}

fn record((millis, node, what): Happened) -> Record {
    let at = Span::millis(millis);
    let now = Now { mono: Mono::default() + at, wall: Wall::START + at };
    Record { at: Time::ZERO + at, node, now, what }
}

fn bystander() -> Vec<Observation> {
    let conn = conn(99);
    let (side, of) = (Side::Dialler, Meaning::of);
    let meaning = Meaning { schema: 2, ..Meaning::default() };
    let snapshot = of(Kind::Snapshot).topic(Topic(1)).position(position(1));
    let marks = StaleMarks { badge: true, border: true, reason: true };
    let (connection, stale) = (Connection::Closed, true);
    let closed = Status { connection, stale, marks, ..Status::default() };
    vec![
        Told::dialled(99),
        Observation::Opened { conn, side },
        Observation::Device { online: true },
        Told::status(Connection::Live),
        Told::given(9_000, Request::Edit),
        Observation::ShownOp { op: op(9_000), state: OpState::Rejected },
        Observation::Sent { conn, side, live: true, meaning },
        Observation::Delivered { conn, side, meaning },
        Observation::Delivered { conn, side, meaning: snapshot },
        Observation::Sent { conn, side: Side::Acceptor, live: true, meaning: of(Kind::Ack) },
        Observation::Closed { conn, side, code: 1000, by: Initiator::Remote },
        Observation::Holds { what: "outbox".into(), size: Size::default() },
        Told::shown(1),
        Observation::ShownStatus(closed),
    ]
}
