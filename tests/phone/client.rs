//! The client: one line to the server, and what the person sees of it.

use std::collections::VecDeque;

use wavetank::history::{
    Change, Connection, Initiator, OpState, Position, Size, StaleMarks, Status, Value,
};
use wavetank::id::{ConnId, Field, NodeId, OpId};
use wavetank::objectives::Objectives;
use wavetank::protocol::{Boot, Closing, Event, Node, Outbox};
use wavetank::rng::Rng;
use wavetank::time::{Mono, Now, Span};

use super::{COUNT, Habit, Message, Op, Phone, SILENT, Timer};

const SEEN_MAX: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Dialling,
    Greeting,
    Live,
    Waiting,
    Offline,
    Failed,
    Stopped(Connection),
}

/// Keeps a line, follows the count, and shows both.
pub(crate) struct Client {
    server: NodeId,
    habit: Habit,
    rules: Objectives,
    rng: Rng,
    phase: Phase,
    conn: Option<ConnId>,
    online: bool,
    attempts: u32,
    heard: Mono,
    cursor: Option<Position>,
    head: Option<Position>,
    last_synced: Option<Mono>,
    seen: VecDeque<Position>,
    words: Vec<OpId>,
    greeted: bool,
    /// The class of the notice that is shown.
    notice: Option<&'static str>,
    shown: Option<Status>,
}

impl Client {
    pub(super) fn new(boot: Boot<'_, Phone>) -> Self {
        Self {
            server: boot.peers[0].id,
            habit: **boot.config,
            rules: boot.objectives.clone(),
            rng: boot.rng,
            phase: Phase::Waiting,
            conn: None,
            online: true,
            attempts: 0,
            heard: Mono::default(),
            cursor: None,
            head: None,
            last_synced: None,
            seen: VecDeque::new(),
            words: Vec::new(),
            greeted: false,
            notice: None,
            shown: None,
        }
    }

    fn has(&self, habit: Habit) -> bool {
        self.habit == habit
    }

    /// Dials. Only then the old connection, if there is one, is closed.
    fn dial(&mut self, now: Now, out: &mut Outbox<Phone>) {
        self.unwatch(out);
        let old = self.conn.replace(out.dial(self.server, ()));
        let keeps = self.has(Habit::DialsTwice) || self.has(Habit::HearsOld);
        if let Some(old) = old.filter(|_| !keeps) {
            out.close(old, 1000, "there is a newer one");
        }
        self.phase = Phase::Dialling;
        self.limit(now, out);
    }

    fn limit(&self, now: Now, out: &mut Outbox<Phone>) {
        if !self.has(Habit::NeverHangsUp) {
            out.timer(Timer::Limit, now.mono + self.rules.connect_timeout);
        }
    }

    fn unwatch(&self, out: &mut Outbox<Phone>) {
        for timer in [Timer::Retry, Timer::Limit, Timer::Stable, Timer::Silence, Timer::Hello] {
            out.cancel(timer);
        }
    }

    fn hang_up(&mut self, code: u16, out: &mut Outbox<Phone>) {
        if let Some(conn) = self.conn.take() {
            out.close(conn, code, "the client hangs up");
        }
        self.unwatch(out);
    }

    fn stop(&mut self, shown: Connection, out: &mut Outbox<Phone>) {
        if self.has(Habit::ForgetsOnLeave) {
            self.conn = None;
        }
        self.hang_up(1000, out);
        self.phase = Phase::Stopped(shown);
    }

    /// The connection, or the attempt at one, is over: plans the next.
    fn lost(&mut self, now: Now, code: u16, out: &mut Outbox<Phone>) {
        self.conn = None;
        self.unwatch(out);
        self.phase = Phase::Waiting;
        if self.has(Habit::GivesUp) {
            return;
        }
        if !self.online && !self.has(Habit::IgnoresOffline) {
            self.phase = Phase::Offline;
            return;
        }
        let mut nominal = self.rules.retry_base * (1 << self.attempts.min(20));
        if matches!(code, 1011 | 1013) {
            nominal = nominal * 2;
        }
        nominal = nominal.min(self.rules.retry_cap);
        if self.attempts >= self.rules.attempts_max && !self.has(Habit::NeverGivesUp) {
            self.phase = Phase::Failed;
            nominal = self.rules.probe;
        } else {
            self.attempts += 1;
        }
        let delay = match self.habit {
            Habit::FixedDelay => Span::secs(3),
            Habit::NoJitter => nominal,
            _ => self.rng.span(nominal.percent(80), nominal.percent(120)),
        };
        out.timer(Timer::Retry, now.mono + delay);
    }

    fn closed(&mut self, now: Now, conn: ConnId, closing: Closing, out: &mut Outbox<Phone>) {
        if self.has(Habit::TalksAfterClose) {
            out.send(conn, Message::Pong(0)).whatever();
        }
        self.tell(closing.code, out);
        let stop = match closing.code {
            _ if closing.by != Initiator::Remote || self.has(Habit::RetriesAlways) => None,
            4401 | 4001 => Some(Connection::SignIn),
            4003 => Some(Connection::Limit),
            1003 | 1008 => Some(Connection::Failed),
            1000 => Some(Connection::Closed),
            _ => None,
        };
        match stop {
            Some(shown) => {
                self.conn = None;
                self.stop(shown, out);
            }
            None => self.lost(now, closing.code, out),
        }
    }

    /// Tells the person of the end of a connection.
    fn tell(&mut self, code: u16, out: &mut Outbox<Phone>) {
        self.untell(out);
        let class = match code {
            _ if self.has(Habit::OneNotice) => "transient",
            1000 => return,
            4001 | 4401 => "auth",
            1003 | 1008 | 4003 => "blocked",
            _ => "transient",
        };
        self.notice = Some(class);
        out.show_notice(class, code, None, true);
    }

    fn untell(&mut self, out: &mut Outbox<Phone>) {
        if let Some(class) = self.notice.take() {
            out.show_notice(class, 0, None, false);
        }
    }

    fn device(&mut self, now: Now, online: bool, out: &mut Outbox<Phone>) {
        self.online = online;
        let stopped = matches!(self.phase, Phase::Stopped(_));
        if stopped || self.has(Habit::IgnoresOffline) {
            return;
        }
        if !online {
            self.hang_up(1000, out);
            self.phase = Phase::Offline;
        } else if matches!(self.phase, Phase::Offline | Phase::Waiting | Phase::Failed) {
            if self.has(Habit::IgnoresOnline) {
                self.lost(now, 0, out);
            } else {
                self.attempts = 0;
                self.dial(now, out);
            }
        }
    }

    fn opened(&mut self, now: Now, conn: ConnId, out: &mut Outbox<Phone>) {
        self.phase = Phase::Greeting;
        self.heard = now.mono;
        self.limit(now, out);
        if !self.has(Habit::NeverListens) {
            out.timer(Timer::Silence, now.mono + self.patience());
        }
        if self.has(Habit::LateHello) {
            out.timer(Timer::Hello, now.mono + Span::secs(8));
        } else if self.greeted && self.has(Habit::GreetsOnce) {
            out.send(conn, Message::Ask(self.cursor)).whatever();
        } else {
            self.greeted = true;
            out.send(conn, Message::Hello).whatever();
        }
    }

    fn patience(&self) -> Span {
        self.rules.heartbeat_interval + self.rules.heartbeat_timeout
    }

    fn message(&mut self, now: Now, conn: ConnId, message: Message, out: &mut Outbox<Phone>) {
        self.heard = now.mono;
        match message {
            Message::Welcome(head) => self.head = self.head.max(Some(head)),
            Message::Whole(at) => self.whole(now, conn, at, out),
            Message::Counted(at) => {
                self.head = self.head.max(Some(at));
                self.remember(at, out);
                if self.has(Habit::DrawsLate) {
                    self.cursor = Some(at);
                } else if self.cursor.is_some_and(|cursor| cursor.next() == at) {
                    self.show_count(at, out);
                }
            }
            Message::Ping(stamp, head) => {
                self.head = self.head.max(Some(head));
                if !self.has(Habit::NoPong) {
                    out.send(conn, Message::Pong(stamp)).whatever();
                }
            }
            Message::Heard(op) => {
                self.words.retain(|word| *word != op);
                out.show_op(op, OpState::Saved);
                return;
            }
            Message::Hello | Message::Pong(_) | Message::Say(_) | Message::Ask(_) => return,
        }
        if self.cursor >= self.head {
            self.last_synced = Some(now.mono);
        }
    }

    fn whole(&mut self, now: Now, conn: ConnId, at: Position, out: &mut Outbox<Phone>) {
        self.show_count(at, out);
        self.phase = Phase::Live;
        self.untell(out);
        out.cancel(Timer::Limit);
        out.timer(Timer::Stable, now.mono + self.rules.stable);
        for word in &self.words {
            out.send(conn, Message::Say(*word)).whatever();
        }
    }

    fn show_count(&mut self, at: Position, out: &mut Outbox<Phone>) {
        self.cursor = Some(at);
        out.show_changes(COUNT, at, 0, [Change::set(Field(1), Value::new(at.seq + 1))]);
    }

    /// Keeps what was seen, so that nothing is counted twice.
    fn remember(&mut self, at: Position, out: &mut Outbox<Phone>) {
        self.seen.push_back(at);
        if self.seen.len() > SEEN_MAX && !self.has(Habit::KeepsAll) {
            self.seen.pop_front();
        }
        out.holds("seen-ids", Size { len: self.seen.len() as u32, ..Size::default() });
    }

    /// Whether the application wants words to be taken now.
    fn may_speak(&self) -> bool {
        self.rules.edit_policy.allows(self.state())
    }

    fn say(&mut self, op: OpId, out: &mut Outbox<Phone>) {
        if !self.may_speak() && !self.has(Habit::AlwaysTakes) {
            out.show_op(op, OpState::Refused);
            return;
        }
        if self.phase != Phase::Live && self.has(Habit::Swallows) {
            return;
        }
        let full = self.words.len() >= self.rules.queue_max as usize;
        if full && !self.has(Habit::Hoards) {
            out.show_op(op, OpState::Refused);
            return;
        }
        self.words.push(op);
        out.show_op(op, OpState::QueuedVolatile);
        out.holds("outbox", Size { len: self.words.len() as u32, ..Size::default() });
        if let Some(conn) = self.conn.filter(|_| self.phase == Phase::Live) {
            out.send(conn, Message::Say(op)).whatever();
        }
    }

    fn operation(&mut self, now: Now, id: OpId, op: &Op, out: &mut Outbox<Phone>) {
        match op {
            Op::Say => self.say(id, out),
            Op::Leave => {
                self.stop(Connection::Closed, out);
                if self.has(Habit::Haunts) {
                    self.lost(now, 0, out);
                }
            }
            Op::Part => {
                self.stop(Connection::Closed, out);
                if self.has(Habit::ComesUninvited) {
                    self.lost(now, 0, out);
                }
            }
            Op::Retry if self.phase == Phase::Failed && self.has(Habit::IgnoresRetry) => {}
            Op::Enter | Op::Retry => {
                self.attempts = 0;
                self.dial(now, out);
            }
            Op::Draw if self.has(Habit::RedialsOnDraw) => self.dial(now, out),
            Op::Draw if self.has(Habit::AsksOnDraw) => {
                if let Some(conn) = self.conn {
                    out.send(conn, Message::Ask(self.cursor)).whatever();
                }
            }
            Op::Draw if self.has(Habit::LosesHeart) => self.phase = Phase::Greeting,
            Op::Draw | Op::Count | Op::HangUp(_) => {}
        }
    }

    fn timer(&mut self, now: Now, timer: Timer, out: &mut Outbox<Phone>) {
        match timer {
            Timer::Retry => self.dial(now, out),
            Timer::Limit => {
                self.hang_up(4000, out);
                self.lost(now, 0, out);
            }
            Timer::Stable => self.attempts = 0,
            Timer::Silence if now.mono < self.heard + self.patience() => {
                out.timer(Timer::Silence, self.heard + self.patience());
            }
            Timer::Silence => {
                self.hang_up(SILENT, out);
                self.lost(now, 0, out);
            }
            Timer::Hello => {
                if let Some(conn) = self.conn {
                    out.send(conn, Message::Hello).whatever();
                }
            }
            Timer::Ping(_) | Timer::Deadline(_) => {}
        }
    }

    fn state(&self) -> Connection {
        match self.phase {
            Phase::Live => Connection::Live,
            Phase::Offline => Connection::Offline,
            Phase::Failed => Connection::Failed,
            Phase::Stopped(shown) => shown,
            _ if self.cursor.is_none() => Connection::Loading,
            _ => Connection::Reconnecting,
        }
    }

    fn show(&mut self, now: Now, out: &mut Outbox<Phone>) {
        let connection = match self.state() {
            Connection::Reconnecting if self.has(Habit::ShowsLive) => Connection::Live,
            state => state,
        };
        let guess = self.has(Habit::SyncedByGuess) && self.last_synced.is_some();
        let status = Status {
            connection,
            attempt: self.attempts as u16,
            stale: self.phase != Phase::Live && !self.has(Habit::NeverStale),
            can_edit: self.may_speak() || self.has(Habit::AlwaysInviting),
            last_synced: if guess { Some(now.mono) } else { self.last_synced },
            marks: StaleMarks::default(),
        };
        let is_news = self.shown.is_none_or(|shown| {
            (shown.connection, shown.attempt) != (status.connection, status.attempt)
        });
        if is_news {
            self.shown = Some(status);
            out.show_status(status);
        }
    }
}

impl Node<Phone> for Client {
    fn on_event(&mut self, now: Now, event: Event<'_, Phone>, out: &mut Outbox<Phone>) {
        let heard = self.has(Habit::HearsOld) && matches!(event, Event::Message(..));
        if !heard && event.conn().is_some_and(|conn| self.conn != Some(conn)) {
            return;
        }
        match event {
            Event::Start => self.dial(now, out),
            Event::Op(id, op) => self.operation(now, id, op, out),
            Event::Opened(conn) => self.opened(now, conn, out),
            Event::Refused(..) => self.lost(now, 0, out),
            Event::Message(conn, message) => self.message(now, conn, *message, out),
            Event::Closed(conn, closing) => self.closed(now, conn, closing, out),
            Event::Timer(timer) => self.timer(now, timer, out),
            Event::Device(online) => self.device(now, online, out),
            _ => {}
        }
        self.show(now, out);
    }
}
