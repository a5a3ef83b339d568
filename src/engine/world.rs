//! The world itself: its parts, its loop, and the handing over of events.

use std::collections::BTreeMap;
use std::sync::Arc;

use slab::Slab;

use super::account::code_of;
use super::agenda::{Agenda, Due, Wake};
use super::gather::is_large;
use super::host::{Delivery, Host, State};
use super::issuer::{Asked, Issuer};
use super::net::Net;
use super::payloads::Payloads;
use super::setup::{Limits, Network, Topology, peers};
use super::vault::{Errand, Vault};
use super::{Seen, Witness};
use crate::digest::{Digest, Digester};
use crate::history::{Interest, Life, Name, Observation, Phase, Size};
use crate::id::{NodeId, OpId};
use crate::objectives::Objectives;
use crate::protocol::{Answer, Boot, Closing, Event, Node, Outbox, Peer, Protocol};
use crate::rng::{Draw, Rng};
use crate::time::{Now, Time};

/// A node of either kind.
#[repr(align(64))]
pub(crate) enum Actor<P: Protocol> {
    Server(P::Server),
    Client(P::Client),
}

/// What a node goes on with after an await point.
pub(crate) struct PutOff<T> {
    pub(crate) host: u32,
    pub(crate) incarnation: u32,
    pub(crate) task: T,
}

/// What happened in a run, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Events handed to nodes.
    pub events: u64,
    /// Messages handed to connections.
    pub sent: u64,
    /// Messages that reached a node.
    pub delivered: u64,
    /// Messages sent on a connection that had ended.
    pub sent_on_ended: u64,
    /// Dials.
    pub dials: u64,
    /// Store requests executed.
    pub stored: u64,
}

/// The nodes as they are, for invariants over typed state.
pub struct View<'a, P: Protocol> {
    /// True time.
    pub at: Time,
    pub(crate) hosts: &'a [Host<P::Timer>],
    pub(crate) actors: &'a [Option<Actor<P>>],
}

impl<'a, P: Protocol> View<'a, P> {
    /// The running servers.
    pub fn servers(&self) -> impl Iterator<Item = (NodeId, &'a P::Server)> {
        self.hosts.iter().zip(self.actors).filter_map(|(host, actor)| match actor {
            Some(Actor::Server(server)) => Some((host.id, server)),
            _ => None,
        })
    }
    /// The running clients.
    pub fn clients(&self) -> impl Iterator<Item = (NodeId, &'a P::Client)> {
        self.hosts.iter().zip(self.actors).filter_map(|(host, actor)| match actor {
            Some(Actor::Client(client)) => Some((host.id, client)),
            _ => None,
        })
    }
}

/// All of a world but the nodes' state machines and their outbox, which are lent to each other
/// while an event is handled.
pub(crate) struct Core<P: Protocol, W> {
    pub(crate) now: Time,
    pub(crate) agenda: Agenda,
    pub(crate) hosts: Vec<Host<P::Timer>>,
    by_id: BTreeMap<NodeId, u32>,
    pub(crate) net: Net,
    /// The codecs of all sockets, where they are carried in bytes.
    #[cfg(feature = "wire")]
    pub(crate) wire: Option<Box<super::wire::Wire>>,
    pub(crate) payloads: Payloads<P::Message>,
    pub(crate) vaults: Vec<Vault<P::Store>>,
    pub(crate) errands: Slab<Errand<P::Store>>,
    /// What was said with each dial that has not reached its peer, by the connection's slot.
    pub(crate) said: Vec<Option<P::Hello>>,
    pub(crate) hellos: Slab<P::Hello>,
    pub(crate) tasks: Slab<PutOff<P::Task>>,
    pub(crate) ops: Slab<(OpId, P::Op)>,
    pub(crate) issuer: Issuer,
    pub(crate) asked: Slab<Asked>,
    /// Whether somebody may send again what a node sent.
    pub(crate) repeats: bool,
    pub(crate) network: Network,
    pub(crate) draw: Draw,
    pub(crate) digest: Digester,
    pub(crate) counts: Counts,
    pub(crate) marks: BTreeMap<&'static str, u64>,
    pub(crate) witness: W,
    pub(crate) wants: Interest,
    pub(crate) traces: bool,
    looks: bool,
    pub(crate) limits: Limits,
    pub(crate) instant: Time,
    pub(crate) instant_events: u64,
    /// The last events of a run that has used up its budget, while they are gathered.
    pub(crate) runaway: Option<Vec<String>>,
}

impl<P: Protocol, W: Witness<P>> Core<P, W> {
    pub(crate) fn index_of(&self, id: NodeId) -> Option<u32> {
        self.by_id.get(&id).copied()
    }

    #[inline]
    pub(crate) fn wanted(&self, kind: Interest) -> bool {
        self.wants.meets(kind)
    }

    /// Tells the witness, whoever made the observation.
    #[inline]
    pub(crate) fn observe(&mut self, host: u32, what: &Observation) {
        if self.wants.meets(Interest::of(what)) {
            let host = &self.hosts[host as usize];
            let now = host.clock.now(self.now);
            self.witness.observe(&Seen { at: self.now, node: host.id, now, what });
        }
    }

    pub(crate) fn trace(&mut self, host: u32, text: impl FnOnce() -> String) {
        if self.traces {
            self.witness.trace(self.now, self.hosts[host as usize].id, text());
        }
    }

    /// Notes an event of the trace: what it was, at which host, and two numbers more.
    #[inline]
    pub(crate) fn note(&mut self, code: u8, host: u32, a: u64, b: u64) {
        let what = u64::from(code) << 56 | u64::from(host);
        self.digest.words([self.now.as_micros(), what, a, b]);
    }

    /// Notes what a node asked for. When, and which node, is in the note of the event before.
    #[inline]
    pub(crate) fn note_effect(&mut self, code: u8) {
        self.digest.word(u64::from(code) << 56);
    }

    /// Plans the agenda entry for a host's earliest timer.
    pub(crate) fn plan_timers(&mut self, index: u32) {
        let host = &mut self.hosts[index as usize];
        let Some(mono) = host.timers.earliest() else { return };
        let at = host.clock.when(mono).max(self.now);
        if host.wake.is_after(at) {
            host.wake = Wake::at(at);
            self.agenda.add(at, Due::Deadline, index);
        }
    }

    /// Puts a delivery off until the node has time for it.
    pub(crate) fn defer(&mut self, index: u32, delivery: Delivery) {
        let host = &mut self.hosts[index as usize];
        host.inbox.push_back((self.now, delivery));
        let len = host.inbox.len() as u32;
        if len > host.inbox_max {
            host.inbox_max = len;
            let size = Size { len, ..Size::default() };
            self.observe(index, &Observation::Waiting { queue: Name::Borrowed("inbox"), size });
        }
    }
}

/// A world in progress.
pub struct World<P: Protocol, W> {
    pub(crate) core: Core<P, W>,
    pub(crate) actors: Vec<Option<Actor<P>>>,
    pub(crate) out: Outbox<P>,
    /// Of so many events it has been read what they need.
    pub(super) gathered: u32,
    peers: Vec<Vec<Peer<P::Role>>>,
    /// Who is to start, until all have.
    awake: Vec<bool>,
    pub(crate) roles: Vec<P::Role>,
    pub(crate) config: Arc<P::Config>,
    pub(crate) objectives: Objectives,
}

impl<P: Protocol, W: Witness<P>> World<P, W> {
    /// A world in which every node is about to [start](Self::start).
    pub fn new(
        topology: &Topology<P::Role>,
        network: &Network,
        config: Arc<P::Config>,
        objectives: &Objectives,
        seed: u64,
        limits: Limits,
        witness: W,
    ) -> Self {
        let draw = Draw::seeded(seed);
        let hosts: Vec<_> =
            topology.nodes.iter().map(|spec| Host::new(spec.id, spec.device, spec.store)).collect();
        let core = Core {
            now: Time::ZERO,
            agenda: Agenda::new(is_large(hosts.len())),
            by_id: hosts.iter().zip(0..).map(|(host, index)| (host.id, index)).collect(),
            hosts,
            net: Net::new(network, draw.purpose("link")),
            #[cfg(feature = "wire")]
            wire: None,
            payloads: Payloads::default(),
            vaults: topology.stores.iter().map(|id| Vault::new(*id)).collect(),
            errands: Slab::new(),
            said: Vec::new(),
            hellos: Slab::new(),
            tasks: Slab::new(),
            ops: Slab::new(),
            issuer: Issuer::default(),
            asked: Slab::new(),
            repeats: false,
            network: network.clone(),
            draw,
            digest: Digester::default(),
            counts: Counts::default(),
            marks: BTreeMap::new(),
            wants: witness.wants(),
            traces: witness.traces(),
            looks: witness.looks(),
            witness,
            limits,
            instant: Time::ZERO,
            instant_events: 0,
            runaway: None,
        };
        Self {
            actors: core.hosts.iter().map(|_| None).collect(),
            core,
            out: Outbox::new(NodeId(0), network.send_buffer),
            gathered: 0,
            peers: peers::<P>(topology),
            awake: topology.nodes.iter().map(|spec| !spec.dormant).collect(),
            roles: topology.nodes.iter().map(|spec| spec.role).collect(),
            config,
            objectives: objectives.clone(),
        }
    }

    /// Starts all nodes but the dormant ones, in the order of the topology.
    pub fn start(&mut self) {
        self.phase(Phase::Chaos);
        for (index, awake) in (0..).zip(std::mem::take(&mut self.awake)) {
            if awake {
                self.boot(index, Life::Started);
            }
        }
    }

    /// Builds a node's state machine anew and starts it.
    pub(crate) fn boot(&mut self, index: u32, life: Life) {
        let host = &mut self.core.hosts[index as usize];
        host.state = State::Running;
        let vault = self.core.vaults.iter().find(|vault| Some(vault.id) == host.store);
        host.session = vault.map_or(0, |vault| vault.session);
        let key = self.core.draw.purpose("node").key(u64::from(host.id.0));
        let boot = Boot {
            me: host.id,
            role: self.roles[index as usize],
            incarnation: host.incarnation,
            peers: &self.peers[index as usize],
            config: &self.config,
            objectives: &self.objectives,
            rng: Rng::new(key.key(u64::from(host.incarnation))),
        };
        host.incarnation += 1;
        self.actors[index as usize] = Some(if P::serves(boot.role) {
            Actor::Server(P::server(boot))
        } else {
            Actor::Client(P::client(boot))
        });
        self.core.note(1, index, life as u64, 0);
        self.core.observe(index, &Observation::Node(life));
        if self.core.hosts[index as usize].is_burdened() {
            self.core.observe(index, &Observation::Node(Life::Burdened));
        }
        if self.core.hosts[index as usize].paused > 0 {
            self.core.observe(index, &Observation::Node(Life::Paused));
        }
        self.core.trace(index, || format!("{life:?}"));
        self.hand(index, Delivery::Start);
    }

    /// Runs until nothing happens before `until`, and sets the time to it. False if the run
    /// has used up its budget of events.
    pub fn run_until(&mut self, until: Time) -> bool {
        let until = until.min(self.core.limits.end);
        let large = is_large(self.core.hosts.len());
        loop {
            let next = self.core.agenda.next().unwrap_or(Time::MAX);
            if let Some(wake) = self.core.witness.next_wake()
                && wake < next
                && wake <= until
            {
                self.core.now = self.core.now.max(wake);
                self.core.witness.wake(wake);
                continue;
            }
            if next > until {
                self.core.now = self.core.now.max(until);
                return true;
            }
            if large {
                self.gather();
            }
            let (at, due, index) = self.core.agenda.take();
            self.core.now = at;
            self.step(due, index);
            if self.core.runaway.as_ref().is_some_and(|names| names.len() >= 12) {
                return false;
            }
        }
    }

    fn step(&mut self, due: Due, index: u32) {
        match due {
            Due::Lane => self.lane(index),
            Due::Cast => self.cast_arrives(index),
            Due::Deadline => self.deadline(index),
            Due::Ready => self.ready(index),
            Due::Execute => self.execute(index),
            Due::Reply => self.reply(index),
            Due::Task => self.task(index),
            Due::Issuer => self.issuer(index),
            Due::Proxy => self.proxy(index),
        }
    }

    /// Hands something to a node, now or when it has time.
    #[inline]
    pub(crate) fn hand(&mut self, index: u32, delivery: Delivery) {
        let host = &self.core.hosts[index as usize];
        if !host.is_running() {
            self.core.discard(delivery);
        } else if host.is_occupied(self.core.now) {
            self.core.defer(index, delivery);
        } else {
            self.dispatch(index, delivery);
        }
    }

    /// Lets a node handle a delivery, and does what it asks for.
    #[inline]
    pub(crate) fn dispatch(&mut self, index: u32, delivery: Delivery) {
        let Some(actor) = &mut self.actors[index as usize] else { return };
        let core = &mut self.core;
        let host = &core.hosts[index as usize];
        let now = host.clock.now(core.now);
        self.out.me = host.id;
        core.count_event();
        let (code, a, b) = code_of(delivery);
        core.note(code, index, a, b);
        if core.traces || core.runaway.is_some() {
            core.describe(index, delivery);
        }
        let out = &mut self.out;
        match delivery {
            Delivery::Start => actor.on_event(now, Event::Start, out),
            Delivery::Op(slot) => {
                let (id, op) = core.ops.remove(slot as usize);
                actor.on_event(now, Event::Op(id, &op), out);
            }
            Delivery::Accepted(conn, hello) => {
                let hello = core.hellos.remove(hello as usize);
                actor.on_event(now, Event::Accepted(conn, &hello), out);
                core.shake(conn, out);
            }
            Delivery::Opened(conn) => actor.on_event(now, Event::Opened(conn), out),
            Delivery::Refused(conn, refusal) => {
                actor.on_event(now, Event::Refused(conn, refusal), out);
            }
            Delivery::Message(conn, slot) => {
                let message = &core.payloads.get(slot).message;
                actor.on_event(now, Event::Message(conn, message), out);
                core.payloads.release(slot);
            }
            Delivery::Malformed(conn, bytes) => {
                actor.on_event(now, Event::Malformed(conn, bytes), out);
            }
            Delivery::Issuer(ticket, slot) => {
                let answer = core.asked.remove(slot as usize).answer.unwrap_or(Answer::Bad);
                actor.on_event(now, Event::Issuer(ticket, answer), out);
            }
            Delivery::Writable(conn) => actor.on_event(now, Event::Writable(conn), out),
            Delivery::Closed(conn, code, by) => {
                actor.on_event(now, Event::Closed(conn, Closing { code, by }), out);
            }
            Delivery::Cast(from, slot) => {
                let message = &core.payloads.get(slot).message;
                actor.on_event(now, Event::Cast(from, message), out);
                core.payloads.release(slot);
            }
            Delivery::Stored(ticket, slot) => {
                let event = core.stored_event(ticket, slot);
                actor.on_event(now, event, out);
            }
            Delivery::Task(slot) => {
                let put_off = core.tasks.remove(slot as usize);
                actor.on_event(now, Event::Task(put_off.task), out);
            }
            Delivery::Device(online) => actor.on_event(now, Event::Device(online), out),
        }
        self.settle_effects(index);
    }

    /// Lets a timer of a node go off.
    pub(crate) fn fire(&mut self, index: u32, timer: P::Timer, now: Now) {
        let Some(actor) = &mut self.actors[index as usize] else { return };
        let core = &mut self.core;
        self.out.me = core.hosts[index as usize].id;
        core.count_event();
        core.note(20, index, 0, 0);
        core.digest.value(&timer);
        if core.traces || core.runaway.is_some() {
            core.tell(index, format!("timer {timer:?}"));
        }
        if core.wanted(Interest::TIMER) {
            let timer = Name::Owned(format!("{timer:?}"));
            core.observe(index, &Observation::TimerFired { timer });
        }
        actor.on_event(now, Event::Timer(timer), &mut self.out);
        self.settle_effects(index);
    }

    fn settle_effects(&mut self, index: u32) {
        let cost = self.core.hosts[index as usize].cost;
        if !cost.is_zero() {
            self.out.busy(cost);
        }
        super::effects::settle(&mut self.core, &mut self.out, index);
        if self.core.looks {
            let view = View { at: self.core.now, hosts: &self.core.hosts, actors: &self.actors };
            self.core.witness.look(&view);
        }
    }

    /// Tells the witness that the run entered a stage.
    pub fn phase(&mut self, phase: Phase) {
        self.core.note(2, 0, phase as u64, 0);
        if !self.core.hosts.is_empty() {
            self.core.observe(0, &Observation::Phase(phase));
        }
    }

    /// The true time.
    pub fn now(&self) -> Time {
        self.core.now
    }

    /// Ends the run.
    pub fn finish(self) -> (Digest, Counts, BTreeMap<&'static str, u64>, Option<Vec<String>>, W) {
        let core = self.core;
        (core.digest.finish(), core.counts, core.marks, core.runaway, core.witness)
    }
}

impl<P: Protocol> Actor<P> {
    #[inline]
    pub(crate) fn on_event(&mut self, now: Now, event: Event<'_, P>, out: &mut Outbox<P>) {
        match self {
            Self::Server(server) => server.on_event(now, event, out),
            Self::Client(client) => client.on_event(now, event, out),
        }
    }
}
