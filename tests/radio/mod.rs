//! The smallest protocol there is: a sender that sends a number every 10 ms, and a receiver.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wavetank::engine::{Chaos, Latency, NodeSpec, Spikes, Topology};
use wavetank::explore::{Case, run_recorded};
use wavetank::fault::{Fault, FaultKind, LinkFault, Plan};
use wavetank::history::{Changes, Kind, Meaning, Observation, Request, Write};
use wavetank::id::{ConnId, NodeId, OpId};
use wavetank::invariant::{Judged, Suite};
use wavetank::objectives::Objectives;
use wavetank::protocol::{Boot, Event, Node, Outbox, Protocol, Store};
use wavetank::time::{Now, Span, Time};

const SENDER: NodeId = NodeId(1);
const RECEIVER: NodeId = NodeId(0);
const BEAT: Span = Span::millis(10);

#[derive(Clone, Debug, PartialEq)]
struct Radio;

#[derive(Clone, Debug, Default)]
struct Nothing;

impl Store for Nothing {
    type Request = ();
    type Reply = ();
    fn apply(&mut self, (): ()) {}
    fn restored(&mut self, _lineage: u32) {}
}

struct Sender {
    number: u64,
    conn: Option<ConnId>,
}

impl Node<Radio> for Sender {
    fn on_event(&mut self, now: Now, event: Event<'_, Radio>, out: &mut Outbox<Radio>) {
        match event {
            Event::Start => drop(out.dial(RECEIVER, ())),
            Event::Opened(conn) => self.conn = Some(conn),
            _ => {}
        }
        if let (Some(conn), Event::Opened(_) | Event::Timer(())) = (self.conn, event) {
            self.number += 1;
            out.send(conn, self.number).whatever();
            out.timer((), now.mono + BEAT);
        }
    }
}

struct Receiver;

impl Node<Radio> for Receiver {
    fn on_event(&mut self, _now: Now, _event: Event<'_, Radio>, _out: &mut Outbox<Radio>) {}
}

impl Protocol for Radio {
    const NAME: &'static str = "radio";
    type Message = u64;
    type Op = ();
    type Hello = ();
    type Config = ();
    type Role = bool;
    type Timer = ();
    type Task = ();
    type Store = Nothing;
    type Server = Receiver;
    type Client = Sender;
    fn serves(role: bool) -> bool {
        role
    }
    fn server(_boot: Boot<'_, Self>) -> Receiver {
        Receiver
    }
    fn client(_boot: Boot<'_, Self>) -> Sender {
        Sender { number: 0, conn: None }
    }
    fn size(_message: &u64) -> u32 {
        100
    }
    fn meaning(message: &u64) -> Meaning {
        Meaning::of(Kind::Other).stamp(*message)
    }
    fn request(_id: OpId, (): &()) -> (Request, Changes) {
        (Request::Query, Changes::new())
    }
    fn write((): &(), (): &()) -> Option<Write> {
        None
    }
}

impl Judged for Radio {
    fn invariants(_objectives: &Objectives) -> Suite<Self> {
        Suite { history: Vec::new(), state: Vec::new() }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, Default)]
/// One number on its way, times in microseconds.
pub(crate) struct Packet {
    pub(crate) sent: u64,
    pub(crate) arrivals: Vec<u64>,
    pub(crate) damaged: bool,
}

/// What became of the first `count` numbers on a path like this.
pub(crate) fn beats(
    seed: u64,
    count: usize,
    latency: Latency,
    chaos: Chaos,
    spikes: Option<Spikes>,
) -> Vec<Packet> {
    let nodes = vec![NodeSpec::new(RECEIVER, true), NodeSpec::new(SENDER, false)];
    let mut case: Case<Radio> = Case::new(Topology { nodes, stores: Vec::new() }, ());
    case.seed = seed;
    case.network.latency = latency;
    case.horizon = Time::ZERO + BEAT * (count as u64 + 300);
    case.settle = Span::secs(5);
    case.network.send_buffer = u32::MAX;
    let ends = || (vec![SENDER], vec![RECEIVER]);
    // Only once the connection is open: a handshake is no packet.
    let begin = Time::from_micros(2_500_000);
    let lasts = BEAT * (count as u64 + 400);
    let mut faults = vec![LinkFault::Chaos(ends().0, ends().1, chaos)];
    faults.extend(spikes.map(|spikes| LinkFault::Spikes(ends().0, ends().1, spikes)));
    let lasting = |fault| Fault::lasting(begin, lasts, FaultKind::Link(fault));
    case.plan = Plan::new(faults.into_iter().map(lasting).collect());
    let (outcome, recording) = run_recorded(&case);
    assert!(outcome.verdict.held(), "{:?}", outcome.verdict);
    let mut packets: BTreeMap<u64, Packet> = BTreeMap::new();
    let mut unread = 0;
    for record in &recording.history {
        let at = record.at.as_micros();
        match &record.what {
            Observation::Sent { meaning, .. } if record.at > begin => {
                packets.insert(meaning.stamp, Packet { sent: at, ..Packet::default() });
            }
            Observation::Delivered { meaning, .. } if meaning.schema == 0 => unread += 1,
            Observation::Delivered { meaning, .. } => {
                if let Some(packet) = packets.get_mut(&meaning.stamp) {
                    packet.arrivals.push(at);
                }
            }
            _ => {}
        }
    }
    let mut packets: Vec<Packet> = packets.into_values().take(count).collect();
    assert_eq!(packets.len(), count);
    for packet in packets.iter_mut().filter(|packet| packet.arrivals.is_empty()).take(unread) {
        packet.damaged = true;
    }
    packets
}
