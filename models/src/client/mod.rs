//! A client: a page with one document open, over at most one connection.

mod access;
mod apply;
mod device;
mod documents;
mod errors;
mod guise;
mod heartbeat;
mod inbound;
mod later;
mod lifecycle;
mod notices;
mod outbox;
mod panel;
mod parts;
mod pointer;
mod progress;
mod query;
mod reconnect;
mod request;
mod steps;
mod sync;
mod tabs;
mod undo;
mod version;
mod view;
mod words;
mod work;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use wavetank::history::{Caller, Connection, Position, Status, Value};
use wavetank::id::{ConnId, Field, NodeId, OpId, Topic};
use wavetank::objectives::EditPolicy;
use wavetank::protocol::{Boot, Event, Node, Outbox};
use wavetank::rng::Rng;
use wavetank::time::{Mono, Now, Wall};

use crate::config::Config;
use crate::document::Content;
use crate::message::{ENVELOPE, Message, SIZE_MAX};
use crate::meter::{Meter, Place};
use crate::policy::{Reconnect, WhenStale};
use crate::probed::Probed;
use crate::protocol::{DOC, DocSync, Op, Timer};
use crate::store;
pub use guise::Guise;
pub use outbox::Pending;
pub(crate) use request::PATH as REQUEST_PATH;
pub use steps::{Cue, Expiry, Sending, Standing, Steps};

/// Where the client is in the life of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before its first dial.
    Idle,
    /// A dial is under way.
    Dialling,
    /// Subscribed, and waiting for the answer.
    Syncing,
    /// In step with the server.
    Live,
    /// Waiting for the next attempt.
    Waiting,
    /// The device says that there is no network.
    Offline,
    /// It has given up, but for probes.
    Failed,
    /// It stays away until the person acts.
    Stopped(Connection),
}

/// A client.
pub struct Client {
    me: NodeId,
    /// Tells this run of the page from every other.
    instance: u64,
    identity: Caller,
    guise: Guise,
    papers: access::Papers,
    /// Until when the server wants no more operations.
    later: Option<Mono>,
    /// The instances of the server; each dial is to the next one.
    servers: Vec<NodeId>,
    dials: usize,
    config: Arc<Config>,
    steps: Steps,
    /// How it tries again, as its application has set it.
    reconnect: Probed<Reconnect>,
    jitter: Rng,
    /// The smaller of the policy's and the objectives' limits.
    outbox_limit: Probed<usize>,
    reorder_limit: Probed<usize>,

    /// Whether the page is there.
    mounted: bool,
    phase: Phase,
    conn: Option<ConnId>,
    /// The version of the protocol that the server told last.
    version: u8,
    online: bool,
    /// Failed attempts since the last success that counts.
    attempts: u32,
    heard: Mono,
    /// The stamp of the newest ping on the connection.
    pinged: Option<u64>,
    heard_wall: Wall,

    /// The document that is open.
    doc: Topic,
    /// The position up to which `confirmed` is complete.
    cursor: Option<Position>,
    confirmed: Content,
    /// What a handler goes on from in place of `confirmed`; the reference has none.
    captured: Option<Content>,
    /// The highest position that the server told.
    head: Option<Position>,
    /// Events ahead of their turn, by their place and the number of the copy.
    ahead: BTreeMap<(Position, u32), Arc<store::Event>>,
    ahead_max: usize,
    gap_armed: bool,
    /// Events that are worked on, by number; the reference works on none for any time.
    at_work: BTreeMap<u64, Arc<store::Event>>,
    /// What has come and was not looked at; the reference looks at once.
    mailbox: Option<Arc<store::Event>>,
    /// How far the pipeline is shown to be.
    progress: Option<Value>,

    /// Edits that are not known to be in `confirmed`, oldest first.
    pending: VecDeque<Pending>,
    outbox_max: usize,
    client_seq: u32,
    ack_armed: bool,
    /// The most bytes of an edit that fit into a message.
    edit_bytes: u32,
    edited: Option<Mono>,
    /// What is on the device of what waits, where anything is kept there.
    device: Option<Box<device::Device>>,
    /// What can be taken back, and what can be had again.
    past: undo::Past,

    closes: notices::Closes,
    edit_policy: EditPolicy,
    when_stale: Probed<WhenStale>,
    /// The ids of the words that were shown last.
    words: words::Words,
    /// What the person pointed at that is not told yet, oldest first.
    pointers: VecDeque<(OpId, Mono)>,
    /// The element of which a panel is open.
    panel: Option<Field>,
    /// Parts of the message that is on its way.
    assembly: parts::Assembly,
    /// What has come and waits to be taken in, where that takes time.
    work: work::Work,
    siblings: tabs::Siblings,
    requests: request::Requests,

    shown: Option<Status>,
    last_synced: Option<Mono>,
    /// Whether the content was the server's once since the connection was opened.
    was_live: bool,
    /// When an event was last drawn.
    drawn: Mono,
    /// What is counted while the client is watched.
    meter: Option<Box<Meter>>,
}

impl Client {
    /// A page that is about to be opened.
    pub fn new(boot: Boot<'_, DocSync>) -> Self {
        let mut steps = Steps::default();
        crate::flaws::install_client(&boot.config.flaws, &mut steps);
        let policy = &boot.config.policy.client;
        let servers = boot.peers.iter().filter(|peer| !peer.same_device);
        let most = boot.objectives.queue_max as usize;
        let limit = |knob: u32| if knob == 0 { usize::MAX } else { most.min(knob as usize) };
        Self {
            me: boot.me,
            instance: u64::from(boot.me.0) << 16 | u64::from(boot.incarnation),
            identity: guise::identity(&boot),
            guise: Guise::default(),
            papers: access::Papers::new(boot.objectives),
            later: None,
            servers: servers.map(|peer| peer.id).collect(),
            dials: boot.me.0 as usize,
            outbox_limit: policy.outbox.map(|outbox| limit(outbox.limit)),
            reorder_limit: policy.reorder.map(|reorder| limit(reorder.limit)),
            config: Arc::clone(boot.config),
            steps,
            reconnect: policy.reconnect.map(|reconnect| reconnect.set_for(boot.objectives)),
            jitter: boot.rng.fork("jitter"),
            mounted: true,
            phase: Phase::Idle,
            conn: None,
            version: boot.config.versions.unwrap_or_default().client.newest,
            online: true,
            attempts: 0,
            heard: Mono::default(),
            pinged: None,
            heard_wall: Wall::START,
            doc: DOC,
            cursor: None,
            confirmed: Content::new(),
            captured: None,
            head: None,
            ahead: BTreeMap::new(),
            ahead_max: 0,
            gap_armed: false,
            at_work: BTreeMap::new(),
            mailbox: None,
            progress: None,
            pending: VecDeque::new(),
            outbox_max: 0,
            client_seq: 0,
            ack_armed: false,
            edit_bytes: SIZE_MAX.min(boot.objectives.message_bytes.saturating_sub(ENVELOPE)),
            edited: None,
            device: device::Device::new(policy.outbox.storage),
            past: undo::Past::default(),
            closes: notices::Closes::new(boot.objectives),
            edit_policy: boot.objectives.edit_policy,
            when_stale: policy.edit.map(|edit| edit.when_stale),
            words: words::Words::new(boot.objectives, &policy.dedup),
            pointers: VecDeque::new(),
            panel: None,
            assembly: parts::Assembly::default(),
            work: work::Work::new(boot.objectives, &policy.inbound),
            siblings: tabs::Siblings::new(&boot, &policy.tabs, boot.objectives),
            requests: request::Requests::new(&policy.fallback, boot.objectives),
            shown: None,
            last_synced: None,
            was_live: false,
            drawn: Mono::default(),
            meter: Meter::of_client(
                boot.objectives,
                crate::flaws::client_meter(&boot.config.flaws),
            ),
        }
    }

    fn message(&mut self, now: Now, conn: ConnId, message: &Message, out: &mut Outbox<DocSync>) {
        self.heard(now, message);
        if !self.is_mine(message) || !self.puts_off(now, conn, message, out) {
            self.take_in(now, conn, message, out);
        }
    }

    fn take_in(&mut self, now: Now, conn: ConnId, message: &Message, out: &mut Outbox<DocSync>) {
        let mine = self.is_mine(message);
        match message {
            Message::Ping { stamp, head, .. } => {
                if (self.steps.answers_ping)() {
                    let pong = Message::Pong { stamp: *stamp, cursor: self.cursor };
                    out.send(conn, pong).whatever();
                }
                self.told_head(now, head.filter(|_| mine), out);
                self.cued(now, Cue::Ping, conn, out);
            }
            _ if !mine => {}
            Message::Welcome { head, version, .. } => self.welcome(now, *head, *version, out),
            Message::Snapshot { at, seen, content, .. } => {
                self.snapshot(now, *at, seen, content, out);
            }
            Message::Delta { to, events, .. } => self.delta(now, *to, events, out),
            Message::Event(event) | Message::Authored(event, _) => self.came(now, event, out),
            Message::Packed(event) => self.packed(now, conn, event, out),
            Message::Notice(notice) => self.notice(notice, out),
            Message::Part(part) => self.part(now, conn, part, out),
            Message::Novel { position, .. } => self.novel(conn, *position, out),
            Message::Nack { op, code, .. } | Message::Failed { op, code, .. } => {
                self.failed(Some(*op), *code, out);
            }
            Message::Error { code, .. } => self.failed(None, *code, out),
            Message::Ack { op, position, .. } => self.acked(now, *op, *position, out),
            Message::Progress { stage, .. } => self.progress(now, *stage, out),
            Message::Later { op, retry_after, head, .. } => {
                head.iter().for_each(|head| self.told(now, *head));
                self.put_off(now, *op, *retry_after, out);
            }
            _ => {}
        }
        if let Some(position) = message.place().filter(|_| mine) {
            self.told(now, position);
        }
    }

    fn timer(&mut self, now: Now, timer: Timer, out: &mut Outbox<DocSync>) {
        match timer {
            Timer::Retry => self.dial(now, out),
            Timer::DialTimeout => self.dial_timed_out(now, out),
            Timer::SyncTimeout => self.sync_timed_out(now, out),
            Timer::Stable => self.stable(),
            Timer::Silence => self.silence(now, out),
            Timer::ClientPing => self.client_ping(now, out),
            Timer::Gap => self.repair_gap(out),
            Timer::AckTimeout => self.ack_timed_out(now, out),
            Timer::Work(seq) => self.work_done(now, seq, out),
            Timer::Look => self.look(now, out),
            Timer::Ephemeral => self.forget_progress(out),
            Timer::Slice => self.slice(now, out),
            Timer::Renew => self.renew(now, out),
            Timer::Later => self.try_again(now, out),
            Timer::Tabs => self.tabs_again(now, out),
            Timer::Poll => self.falls_back(now, out),
            Timer::Request => self.request_timed_out(out),
            Timer::Ping(_)
            | Timer::Deadline(..)
            | Timer::Batch
            | Timer::Door(_)
            | Timer::Scrape
            | Timer::Age(_)
            | Timer::Again
            | Timer::Level(_) => {}
        }
    }

    fn operation(&mut self, now: Now, id: OpId, op: &Op, out: &mut Outbox<DocSync>) {
        match op {
            Op::Set(..) | Op::Delete(_) | Op::Insert | Op::Paste(..) | Op::SetStage(_) => {
                if !op.moves() || (self.steps.takes_moves)(self.phase == Phase::Live) {
                    self.edit(now, id, op, out);
                }
            }
            Op::Undo => self.step(now, id, undo::Way::Undo, out),
            Op::Redo => self.step(now, id, undo::Way::Redo, out),
            Op::Retry => self.retry_by_hand(now, out),
            Op::Mount => self.mount(now, out),
            Op::Unmount => self.unmount(out),
            Op::Connect => self.connect(now, out),
            Op::Disconnect => self.disconnect(now, out),
            Op::Rerender => self.rerender(now, out),
            Op::Query => self.query(id, out),
            Op::Refresh => self.refresh(now, id, out),
            Op::Point(_) => self.point(now, id, out),
            Op::Panel(element) => self.open_panel(*element, out),
            Op::Pose(guise) => self.pose(now, *guise, out),
            Op::Open(number) => self.open(now, Op::document(*number), out),
            Op::Stage(_)
            | Op::Progress(_)
            | Op::Skip(_)
            | Op::Restart
            | Op::Fail(_)
            | Op::Shutdown => {}
        }
    }

    /// Whether an event is nothing to the client: it belongs to another connection than the one
    /// that it is on.
    fn is_past(&self, event: &Event<'_, DocSync>) -> bool {
        let is_of_another = event.conn().is_some_and(|conn| self.conn != Some(conn));
        is_of_another
            && match event {
                Event::Message(..) => (self.steps.fences_frames)(),
                Event::Opened(_) | Event::Closed(..) => (self.steps.fences_ends)(),
                _ => true,
            }
    }
}

impl Client {
    fn handle(&mut self, now: Now, event: Event<'_, DocSync>, out: &mut Outbox<DocSync>) {
        if self.requests.owns(&event) {
            self.of_request(now, event, out);
            return self.show(out);
        }
        if self.is_past(&event) {
            return;
        }
        let event = match event {
            Event::Stored(ticket, result) => {
                return self.device_answers(now, ticket, result, out);
            }
            event => event,
        };
        if !self.mounted {
            return self.away(now, event, out);
        }
        match event {
            Event::Start => {
                self.show(out);
                self.is_here(now, true, out);
                if (self.steps.dials_on_mount)() {
                    self.begin(now, out);
                }
            }
            Event::Opened(conn) => self.opened(now, conn, out),
            Event::Refused(_, refusal) => self.refused(now, refusal, out),
            Event::Message(conn, message) => self.message(now, conn, message, out),
            Event::Malformed(..) => self.malformed(out),
            Event::Closed(_, closing) => {
                self.report_end(closing, out);
                self.closed(now, closing, out);
            }
            Event::Cast(from, message) => self.tab_says(now, from, message, out),
            Event::Timer(timer) => self.timer(now, timer, out),
            Event::Op(id, op) => self.operation(now, id, op, out),
            Event::Device(online) => self.device(now, online, out),
            Event::Issuer(ticket, answer) => self.fetched(now, ticket, &answer, out),
            _ => {}
        }
        self.tidy_device(out);
        self.show(out);
    }
}

impl Node<DocSync> for Client {
    fn on_event(&mut self, now: Now, event: Event<'_, DocSync>, out: &mut Outbox<DocSync>) {
        let Some(mut meter) = self.meter.take() else { return self.handle(now, event, out) };
        let place = Place { doc: self.doc, cursor: self.cursor };
        let asked = meter.comes(now, &event, Some(place), out);
        let done = out.effects().len();
        self.handle(now, event, out);
        meter.goes(now, done, out);
        if asked {
            meter.scrape(now, out);
        }
        self.meter = Some(meter);
    }
}
