//! What the nodes of one run share: their state, the stores, the judge, and the agenda of what
//! no network brings.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::Notify;

use super::foreign::Commits;
use super::line::Line;
use crate::engine::{
    Actor, Counts, Gate, Host, HostState, Issuer, Limits, Network, NodeSpec, Seen, Vault, View,
    Witness, peers,
};
use crate::explore::Case;
use crate::history::{Life, Name, Observation, Phase, Position, Refusal, Size};
use crate::id::{ConnId, NodeId, OpId, Ticket, Topic};
use crate::invariant::Judge;
use crate::objectives::Objectives;
use crate::protocol::{
    self, Boot, Closing, Conns, Inquiry, Outbox, Peer, Protocol, Store, StoreError,
};
use crate::rng::{Draw, Rng};
use crate::time::{Now, Span, Time};

/// A run, in the hands of every task of every node. All of them are on one thread, and none
/// keeps it borrowed over an await point.
pub(super) type Shared<P> = Rc<RefCell<Run<P>>>;

/// What a store answered.
pub(super) type Answer<P> = Result<Option<<<P as Protocol>::Store as Store>::Reply>, StoreError>;

/// Something that is to be handed to a node.
pub(super) enum Input<P: Protocol> {
    Start,
    Op(OpId, P::Op),
    Accepted(ConnId, P::Hello),
    Opened(ConnId),
    Refused(ConnId, Refusal),
    Message(ConnId, P::Message),
    Malformed(ConnId, u32),
    Writable(ConnId),
    Closed(ConnId, Closing),
    Cast(NodeId, P::Message),
    Timer(P::Timer),
    /// With the session of the store that it tells of.
    Stored(Ticket, Answer<P>, u32),
    Issuer(Ticket, protocol::Answer),
    Task(P::Task),
    Device(bool),
}

/// Tells true time.
pub(super) type Clock = Box<dyn Fn() -> Time>;

/// Is shown a store that was written to.
pub(super) type OnWrite<P> = Box<dyn FnMut(&<P as Protocol>::Store) -> io::Result<()>>;

/// A node's inbox, connections and outbox.
pub(super) struct Port<P: Protocol> {
    pub(super) inbox: VecDeque<Input<P>>,
    /// Wakes the node's task.
    pub(super) call: Rc<Notify>,
    pub(super) lines: Conns<Rc<Line>>,
    pub(super) out: Outbox<P>,
}

/// What the run brings by itself, as the discrete engine does.
enum Chore<P: Protocol> {
    Execute(Errand<P>),
    Reply { errand: Errand<P>, answer: Answer<P> },
    Hand { me: usize, incarnation: u32, input: Input<P> },
    Inquire { me: usize, incarnation: u32, ticket: Ticket, inquiry: Inquiry, back: Span },
}

struct Errand<P: Protocol> {
    me: usize,
    incarnation: u32,
    ticket: Ticket,
    /// What the node knew of its store's sessions when it asked.
    session: u32,
    /// None is a flush.
    request: Option<<P::Store as Store>::Request>,
    draw: Draw,
    answer_at: Time,
}

pub(super) struct Run<P: Protocol> {
    pub(super) hosts: Vec<Host<P::Timer>>,
    pub(super) ports: Vec<Port<P>>,
    pub(super) vaults: Vec<Vault<P::Store>>,
    pub(super) issuer: Issuer,
    pub(super) counts: Counts,
    pub(super) marks: BTreeMap<&'static str, u64>,
    /// What stands between a dialler and whom it dials.
    pub(super) gates: BTreeMap<(NodeId, NodeId), Gate>,
    /// What was sent last on each connection may be sent again.
    pub(super) repeats: bool,
    /// Why the run cannot go on.
    pub(super) failure: Option<String>,
    /// Wakes whoever brings what the agenda has.
    pub(super) planner: Rc<Notify>,
    /// Is shown each store that was written to.
    pub(super) on_write: Option<OnWrite<P>>,
    /// What a browser gets that asks for `/`.
    pub(super) page: Option<&'static str>,
    /// What the messages of a server say that is none of the nodes; and the places in the order
    /// that it has told of.
    pub(super) commits: Option<Commits<P>>,
    pub(super) told_of: BTreeSet<(Topic, Position)>,
    clock: Clock,
    actors: Vec<Option<Actor<P>>>,
    roles: Vec<P::Role>,
    peers: Vec<Vec<Peer<P::Role>>>,
    config: Arc<P::Config>,
    pub(super) objectives: Objectives,
    network: Network,
    pub(super) draw: Draw,
    limits: Limits,
    instant: (Time, u64),
    agenda: BTreeMap<(Time, u64), Chore<P>>,
    planned: u64,
    next_conn: u32,
    next_ticket: u32,
    judge: Judge<P>,
    told: Time,
}

impl<P: Protocol> Run<P> {
    /// The run of a case, with all nodes about to [start](Self::start).
    pub(super) fn new(case: &Case<P>, judge: Judge<P>, clock: Clock) -> Self {
        let nodes = &case.topology.nodes;
        let port = |id| Port {
            inbox: VecDeque::new(),
            call: Rc::default(),
            lines: Conns::default(),
            out: Outbox::new(id, case.network.send_buffer),
        };
        Self {
            hosts: nodes.iter().map(|spec| Host::new(spec.id, spec.device, spec.store)).collect(),
            ports: nodes.iter().map(|spec| port(spec.id)).collect(),
            vaults: case.topology.stores.iter().map(|id| Vault::new(*id)).collect(),
            issuer: Issuer::default(),
            counts: Counts::default(),
            marks: BTreeMap::new(),
            gates: BTreeMap::new(),
            repeats: false,
            failure: None,
            planner: Rc::default(),
            on_write: None,
            page: None,
            commits: None,
            told_of: BTreeSet::new(),
            clock,
            actors: nodes.iter().map(|_| None).collect(),
            roles: nodes.iter().map(|spec| spec.role).collect(),
            peers: peers::<P>(&case.topology),
            config: Arc::new(case.config.clone()),
            objectives: case.objectives.clone(),
            network: case.network.clone(),
            draw: Draw::seeded(case.seed),
            limits: case.limits(),
            instant: (Time::ZERO, 0),
            agenda: BTreeMap::new(),
            planned: 0,
            next_conn: 0,
            next_ticket: 0,
            judge,
            told: Time::ZERO,
        }
    }

    /// Starts all nodes that are not dormant.
    pub(super) fn start(&mut self, nodes: &[NodeSpec<P::Role>]) {
        self.phase(Phase::Chaos);
        for (me, _) in nodes.iter().enumerate().filter(|(_, spec)| !spec.dormant) {
            self.boot(me, Life::Started);
        }
    }

    /// Whether a node may be dialled.
    pub(super) fn serves(&self, me: usize) -> bool {
        P::serves(self.roles[me])
    }

    /// The longest message that a node takes.
    pub(super) fn message_limit(&self, me: usize) -> u32 {
        P::message_limit(self.roles[me], &self.config)
    }

    /// The number of a connection that somebody makes who has none for it.
    pub(super) fn allot(&mut self) -> u32 {
        self.next_conn += 1;
        self.next_conn - 1
    }

    pub(super) fn index_of(&self, id: NodeId) -> Option<usize> {
        self.hosts.iter().position(|host| host.id == id)
    }

    /// True time.
    pub(super) fn time(&self) -> Time {
        (self.clock)()
    }

    /// Tells the judge. Hosts have their turns one after the other within a tick, so an
    /// observation may come out of turn by as much; to the judge, time never goes back.
    pub(super) fn observe(&mut self, me: usize, what: &Observation) {
        let host = &self.hosts[me];
        let (node, now) = (host.id, host.clock.now(self.time()));
        let at = self.told.max(self.time());
        self.wake_judge(|wake| wake < at);
        self.told = at;
        self.judge.observe(&Seen { at, node, now, what });
    }

    fn wake_judge(&mut self, due: impl Fn(Time) -> bool) {
        while let Some(wake) = self.judge.next_wake().filter(|wake| due(*wake)) {
            self.judge.wake(wake);
        }
    }

    pub(super) fn phase(&mut self, phase: Phase) {
        if !self.hosts.is_empty() {
            self.observe(0, &Observation::Phase(phase));
        }
    }

    /// Stops the run: this is no finding about the nodes.
    pub(super) fn fail(&mut self, me: usize, why: &dyn fmt::Display) {
        let id = self.hosts[me].id;
        self.failure.get_or_insert_with(|| format!("{id}: {why}"));
    }

    /// Puts something into a node's inbox.
    pub(super) fn push(&mut self, me: usize, input: Input<P>) {
        let now = self.time();
        let host = &mut self.hosts[me];
        if !host.is_running() {
            return;
        }
        self.ports[me].inbox.push_back(input);
        self.ports[me].call.notify_one();
        let len = self.ports[me].inbox.len() as u32;
        if host.is_occupied(now) && len > host.inbox_max {
            host.inbox_max = len;
            let size = Size { len, ..Size::default() };
            self.observe(me, &Observation::Waiting { queue: Name::Borrowed("inbox"), size });
        }
    }

    /// Takes out what is next: from the inbox, or a timer that is due.
    pub(super) fn next_input(&mut self, me: usize) -> Option<Input<P>> {
        if let Some(input) = self.ports[me].inbox.pop_front() {
            return Some(input);
        }
        let now = self.time();
        let host = &mut self.hosts[me];
        let timer = host.timers.due(host.clock.mono(now))?;
        let name = Name::Owned(format!("{timer:?}"));
        self.observe(me, &Observation::TimerFired { timer: name });
        Some(Input::Timer(timer))
    }

    /// Lends out what an event is handled with. The names of connections and tickets are
    /// unique within the run, so each outbox goes on where the last one left off.
    pub(super) fn lend(&mut self, me: usize) -> Option<(Now, &mut Actor<P>, &mut Outbox<P>)> {
        let now = self.hosts[me].clock.now(self.time());
        let out = &mut self.ports[me].out;
        out.accounts.resize(self.next_conn as usize, Default::default());
        (out.next_conn, out.next_ticket) = (self.next_conn, self.next_ticket);
        self.actors[me].as_mut().map(|actor| (now, actor, out))
    }

    /// Goes on from what [`Run::lend`] lent. False if the run has used up its budget of events.
    pub(super) fn regain(&mut self, me: usize) -> bool {
        let out = &self.ports[me].out;
        (self.next_conn, self.next_ticket) = (out.next_conn, out.next_ticket);
        let now = self.time();
        if self.judge.looks() {
            let view = View { at: now, hosts: &self.hosts, actors: &self.actors };
            self.judge.look(&view);
        }
        self.counts.events += 1;
        let nth = if self.instant.0 == now { self.instant.1 + 1 } else { 1 };
        self.instant = (now, nth);
        self.counts.events <= self.limits.events && nth <= self.limits.instant
    }

    /// Builds a node's state machine anew and starts it.
    pub(super) fn boot(&mut self, me: usize, life: Life) {
        let foreign = self.commits.is_some() && self.serves(me);
        let host = &mut self.hosts[me];
        host.state = HostState::Running;
        if foreign {
            host.incarnation += 1;
            return self.observe(me, &Observation::Node(life));
        }
        let vault = self.vaults.iter().find(|vault| Some(vault.id) == host.store);
        host.session = vault.map_or(0, |vault| vault.session);
        let key = self.draw.purpose("node").key(u64::from(host.id.0));
        let boot = Boot {
            me: host.id,
            role: self.roles[me],
            incarnation: host.incarnation,
            peers: &self.peers[me],
            config: &self.config,
            objectives: &self.objectives,
            rng: Rng::new(key.key(u64::from(host.incarnation))),
        };
        host.incarnation += 1;
        self.actors[me] = Some(if P::serves(boot.role) {
            Actor::Server(P::server(boot))
        } else {
            Actor::Client(P::client(boot))
        });
        self.observe(me, &Observation::Node(life));
        if self.hosts[me].is_burdened() {
            self.observe(me, &Observation::Node(Life::Burdened));
        }
        if self.hosts[me].paused > 0 {
            self.observe(me, &Observation::Node(Life::Paused));
        }
        self.push(me, Input::Start);
    }

    /// Ends a node's process. False if there is none.
    pub(super) fn crash(&mut self, me: usize) -> bool {
        let running = self.hosts[me].is_running();
        if running {
            self.hosts[me].die(HostState::Down);
            self.actors[me] = None;
            self.ports[me].inbox.clear();
            self.ports[me].lines = Conns::default();
            self.observe(me, &Observation::Node(Life::Crashed));
        }
        running
    }

    /// Gives a node an operation. A node that is down does not hear of it.
    pub(super) fn give(&mut self, node: NodeId, id: OpId, op: &P::Op) {
        let Some(me) = self.index_of(node).filter(|me| self.hosts[*me].is_running()) else {
            return;
        };
        let (request, changes) = P::request(id, op);
        self.observe(me, &Observation::Given { op: id, request, changes });
        self.push(me, Input::Op(id, op.clone()));
    }

    fn plan(&mut self, at: Time, chore: Chore<P>) {
        self.agenda.insert((at, self.planned), chore);
        self.planned += 1;
        self.planner.notify_one();
    }

    /// When the agenda next has something.
    pub(super) fn next_chore(&self) -> Option<Time> {
        self.agenda.first_key_value().map(|((at, _), _)| *at)
    }

    /// Does what is due.
    pub(super) fn bring(&mut self) {
        let now = self.time();
        while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= now) {
            match entry.remove() {
                Chore::Execute(errand) => self.execute(errand),
                Chore::Reply { errand, answer } => self.reply(&errand, answer),
                Chore::Hand { me, incarnation, input } => self.hand(me, incarnation, input),
                Chore::Inquire { me, incarnation, ticket, inquiry, back } => {
                    self.inquire(me, incarnation, ticket, inquiry, back);
                }
            }
        }
    }

    fn hand(&mut self, me: usize, incarnation: u32, input: Input<P>) {
        if self.hosts[me].incarnation == incarnation {
            self.push(me, input);
        }
    }

    pub(super) fn put_off(&mut self, me: usize, task: P::Task) {
        let now = self.time();
        let host = &mut self.hosts[me];
        let draw = host.draw(self.draw.purpose("task"), now);
        let incarnation = host.incarnation;
        let at = now + self.network.task_latency.sample(draw, 0);
        self.plan(at, Chore::Hand { me, incarnation, input: Input::Task(task) });
    }

    pub(super) fn ask_store(
        &mut self,
        me: usize,
        ticket: Ticket,
        request: Option<<P::Store as Store>::Request>,
    ) {
        let now = self.time();
        let host = &mut self.hosts[me];
        let draw = host.draw(self.draw.purpose("store"), now);
        let vault = self.vaults.iter().find(|vault| Some(vault.id) == host.store);
        let delay = vault.map(|vault| vault.mode.delay).unwrap_or_default();
        let there = now + self.network.store_latency.sample(draw, 0) + delay;
        let at = host.asks_mut().executes(there);
        let back = at + self.network.store_latency.sample(draw, 1) + delay;
        let (incarnation, session) = (host.incarnation, host.session);
        let answer_at = host.asks_mut().answers(back);
        let errand = Errand { me, incarnation, ticket, session, request, draw, answer_at };
        self.plan(at, Chore::Execute(errand));
    }

    fn execute(&mut self, mut errand: Errand<P>) {
        let Errand { me, ticket, session, draw, .. } = errand;
        let store = self.hosts[me].store;
        let mut answer = Err(StoreError::Failed);
        if let Some(vault) = self.vaults.iter_mut().find(|vault| Some(vault.id) == store) {
            let id = vault.id;
            let handled = vault.handle(ticket, session, errand.request.take(), draw, P::write);
            answer = handled.answer;
            let (outcome, write) = (handled.outcome, handled.write);
            if let Some(on_write) = self.on_write.as_mut().filter(|_| write.is_some()) {
                // What is not kept was never done: nobody is told of it.
                if let Err(error) = on_write(vault.state()) {
                    self.failure.get_or_insert_with(|| error.to_string());
                    return;
                }
            }
            self.observe(me, &Observation::Stored { store: id, ticket, outcome, write });
        }
        self.counts.stored += 1;
        self.plan(errand.answer_at.max(self.time()), Chore::Reply { errand, answer });
    }

    /// Asks the issuer. A node that nothing passes to or from is not heard.
    pub(super) fn ask_issuer(&mut self, me: usize, ticket: Ticket, inquiry: Inquiry) {
        let now = self.time();
        let host = &mut self.hosts[me];
        if host.unplugged > 0 {
            return;
        }
        let draw = host.draw(self.draw.purpose("issuer"), now);
        let incarnation = host.incarnation;
        let [there, back] = [0, 1].map(|index| self.network.latency.sample(draw, index));
        self.plan(now + there, Chore::Inquire { me, incarnation, ticket, inquiry, back });
    }

    fn inquire(
        &mut self,
        me: usize,
        incarnation: u32,
        ticket: Ticket,
        inquiry: Inquiry,
        back: Span,
    ) {
        let (now, user) = (self.time(), self.hosts[me].id);
        let lifetime = self.network.credential_lifetime;
        let Some((answer, standing)) = self.issuer.answer(user, inquiry, now, lifetime) else {
            return;
        };
        if let Some(standing) = standing {
            self.observe(me, &Observation::Credential(standing));
        }
        let at = self.hosts[me].asks_mut().issues(now + back);
        self.plan(at, Chore::Hand { me, incarnation, input: Input::Issuer(ticket, answer) });
    }

    fn reply(&mut self, errand: &Errand<P>, mut answer: Answer<P>) {
        let (host, mut session) = (&self.hosts[errand.me], errand.session);
        let vault = self.vaults.iter().find(|vault| Some(vault.id) == host.store);
        if let Some(vault) = vault.filter(|vault| vault.session != session) {
            // The store went down in between: nothing is known of what it was asked before.
            (answer, session) = (Err(StoreError::Failed), vault.session);
        }
        self.hand(errand.me, errand.incarnation, Input::Stored(errand.ticket, answer, session));
    }

    /// Ends the run, and gives back its judge, counts and marks.
    pub(super) fn finish(mut self) -> (Judge<P>, Counts, BTreeMap<&'static str, u64>) {
        let end = self.time();
        self.wake_judge(|wake| wake <= end);
        self.phase(Phase::Quiet);
        (self.judge, self.counts, self.marks)
    }
}
