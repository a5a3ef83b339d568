//! What a node counts while it is watched, and says when it is asked: metrics, logs and alerts.
//!
//! All of it is read off what comes to the node and what it asks for, so that no part of the
//! protocol has to remember to count. Where nobody watches there is no meter.

mod alarms;
mod client;
mod steps;

use std::collections::BTreeMap;

use wavetank::history::{Kind, Meaning, Name, Position, metrics};
use wavetank::id::ConnId;
use wavetank::objectives::{Monitoring, Objectives};
use wavetank::protocol::{Conns, Effect, Event, Outbox, Protocol};
use wavetank::time::{Now, Span};

use crate::message::Message;
use crate::protocol::{DocSync, Timer};
use alarms::Alarms;
use client::Own;
pub use steps::Steps;

/// An open connection.
#[derive(Debug)]
struct Open {
    since: Now,
    /// The pings that are not answered, and when they were sent.
    pings: Vec<(u64, Now)>,
}

/// The books of a node.
pub(crate) struct Meter {
    monitoring: Monitoring,
    steps: Steps,
    /// How long the answer to a ping may take.
    patience: Span,
    /// A connection that was just accepted, unless the node refuses it.
    accepted: Option<(ConnId, u64)>,
    conns: Conns<Open>,
    active: i64,
    counts: BTreeMap<(&'static str, Name), i64>,
    /// What only a client counts.
    own: Option<Own>,
    /// What only a server looks after.
    alarms: Option<Alarms>,
}

impl Meter {
    /// The books of a server, if it is watched.
    pub(crate) fn of_server(objectives: &Objectives, steps: Steps) -> Option<Box<Self>> {
        let mut meter = Self::new(objectives, steps)?;
        meter.alarms = Some(Alarms::new(&meter.monitoring, steps));
        Some(meter)
    }

    /// The books of a client, if it is watched.
    pub(crate) fn of_client(objectives: &Objectives, steps: Steps) -> Option<Box<Self>> {
        let mut meter = Self::new(objectives, steps)?;
        meter.own = Some(Own::new(objectives, steps));
        Some(meter)
    }

    fn new(objectives: &Objectives, steps: Steps) -> Option<Box<Self>> {
        let monitoring = objectives.monitoring.clone()?;
        Some(Box::new(Self {
            monitoring,
            steps,
            patience: objectives.heartbeat_timeout,
            accepted: None,
            conns: Conns::default(),
            active: 0,
            counts: BTreeMap::new(),
            own: None,
            alarms: None,
        }))
    }

    /// Something comes to the node, which has applied events up to `cursor`. Gives back whether
    /// it is asked for its metrics.
    pub(crate) fn comes(
        &mut self,
        now: Now,
        event: &Event<'_, DocSync>,
        cursor: Option<Position>,
        out: &mut Outbox<DocSync>,
    ) -> bool {
        match event {
            Event::Start => out.timer(Timer::Scrape, now.mono + self.monitoring.scrape),
            Event::Timer(Timer::Scrape) => {
                out.timer(Timer::Scrape, now.mono + self.monitoring.scrape);
                return true;
            }
            Event::Op(id, _) => self.own.iter_mut().for_each(|own| own.given(*id, now)),
            Event::Accepted(conn, hello) => self.accepted = Some((*conn, hello.instance)),
            Event::Opened(conn) => self.opened(now, *conn, out),
            Event::Closed(conn, closing) => self.ended(now, *conn, closing.code, out),
            Event::Message(conn, message) => self.came(now, *conn, message, cursor),
            Event::Malformed(..) => self.count(metrics::RECEIVED, kind(&Meaning::default()), 1),
            _ => {}
        }
        false
    }

    /// What the node has asked for since `done` effects were there.
    pub(crate) fn goes(&mut self, now: Now, done: usize, out: &mut Outbox<DocSync>) {
        let mut ended = Vec::new();
        if let Some((conn, client)) = self.accepted.take() {
            let refused =
                |one: &Effect<DocSync>| matches!(one, Effect::Refuse(of, _) if *of == conn);
            let refused = out.effects()[done..].iter().any(refused);
            self.alarms.iter_mut().for_each(|alarms| alarms.knocked(now, conn, client, refused));
            if !refused {
                self.opened(now, conn, out);
            }
        }
        let effects = out.effects().len();
        for place in done..effects {
            match &out.effects()[place] {
                Effect::Send(conn, message) => self.sent(now, *conn, message, &ended, out),
                Effect::SendAll(range, message) => {
                    for conn in out.fan(range) {
                        self.sent(now, *conn, message, &ended, out);
                    }
                }
                Effect::Dial(_) => self.count(metrics::ATTEMPTS, "".into(), 1),
                Effect::Close(close) if out.takes(close.conn) => {
                    ended.push((close.conn, close.code));
                }
                _ => {}
            }
        }
        for (conn, code) in ended {
            self.ended(now, conn, code, out);
        }
    }

    fn count(&mut self, name: &'static str, label: Name, by: i64) {
        *self.counts.entry((name, label)).or_default() += by;
    }

    fn opened(&mut self, now: Now, conn: ConnId, out: &mut Outbox<DocSync>) {
        self.conns.insert(conn, Open { since: now, pings: Vec::new() });
        self.active += 1;
        self.count(metrics::CONNECTIONS, "".into(), 1);
        self.alarms.iter_mut().for_each(|alarms| alarms.opened(now, conn));
        out.log(metrics::LOG_OPENED, Some(conn), 0, "");
    }

    fn ended(&mut self, now: Now, conn: ConnId, code: u16, out: &mut Outbox<DocSync>) {
        let Some(open) = self.conns.remove(conn) else { return };
        if (self.steps.gauge_falls)(code) {
            self.active -= 1;
        }
        let late = open.pings.iter().filter(|(_, sent)| self.is_late(*sent, now)).count();
        self.count(metrics::HEARTBEAT_FAILURES, "".into(), late as i64);
        let label = (self.steps.close_label)(code);
        let label = label.map_or("".into(), |code| Name::Owned(format!("code={code}")));
        self.count(metrics::DISCONNECTS, label, 1);
        let lasted = (self.steps.duration)(open.since, now);
        self.count(metrics::DURATIONS, "".into(), 1);
        self.count(metrics::DURATION, "".into(), lasted.as_millis() as i64);
        self.own.iter_mut().for_each(|own| own.lasted(lasted, out));
        self.alarms.iter_mut().for_each(|alarms| alarms.ended(now, conn, code, late));
        let (code, fields) = (self.steps.close_fields)(code, lasted);
        out.log(metrics::LOG_CLOSED, Some(conn), code, fields);
    }

    fn is_late(&self, sent: Now, now: Now) -> bool {
        now.mono.since(sent.mono) >= self.patience
    }

    fn came(&mut self, now: Now, conn: ConnId, message: &Message, cursor: Option<Position>) {
        let meaning = DocSync::meaning(message);
        self.count(metrics::RECEIVED, kind(&meaning), 1);
        if let Some(own) = &mut self.own {
            own.came(now, &meaning, cursor);
        }
        let Some(open) = self.conns.get_mut(conn).filter(|_| meaning.kind == Kind::Pong) else {
            return;
        };
        let Some(place) = open.pings.iter().position(|(stamp, _)| *stamp == meaning.stamp) else {
            return;
        };
        let (_, sent) = open.pings.remove(place);
        let late = self.is_late(sent, now);
        self.count(metrics::HEARTBEAT_FAILURES, "".into(), i64::from(late));
        self.alarms.iter_mut().for_each(|alarms| alarms.answered(now, sent, late));
    }

    fn sent(
        &mut self,
        now: Now,
        conn: ConnId,
        message: &Message,
        ended: &[(ConnId, u16)],
        out: &Outbox<DocSync>,
    ) {
        let meaning = DocSync::meaning(message);
        let taken = out.takes(conn) && !ended.iter().any(|(gone, _)| *gone == conn);
        let open = self.conns.get_mut(conn).filter(|_| taken);
        if !(self.steps.is_sent)(open.is_some()) {
            return self.count(metrics::SEND_ERRORS, "".into(), 1);
        }
        if let (Some(open), Message::Ping { stamp, .. }) = (open, message)
            && self.alarms.is_some()
        {
            open.pings.push((*stamp, now));
        }
        if let Some(own) = &mut self.own {
            own.sent(&meaning);
        }
        let depth = i64::from(out.queued(conn));
        self.alarms.iter_mut().for_each(|alarms| alarms.sent(now, conn, meaning.kind, depth));
        self.count(metrics::SENT, kind(&meaning), 1);
    }

    /// Says all that was counted, and which alerts have gone on or off.
    pub(crate) fn scrape(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        if !(self.steps.counts)() {
            return out.metric(metrics::CONNECTIONS_ACTIVE, "", 0);
        }
        let waiting: Vec<Now> =
            self.conns.iter().flat_map(|(_, open)| open.pings.iter().map(|(_, at)| *at)).collect();
        let late = waiting.iter().filter(|sent| self.is_late(**sent, now)).count() as i64;
        out.metric(metrics::CONNECTIONS_ACTIVE, "", self.active);
        for ((name, label), value) in &self.counts {
            let late = if *name == metrics::HEARTBEAT_FAILURES { late } else { 0 };
            out.metric(name, label.clone(), value + late);
        }
        let failures = (metrics::HEARTBEAT_FAILURES, Name::Borrowed(""));
        if late > 0 && !self.counts.contains_key(&failures) {
            out.metric(metrics::HEARTBEAT_FAILURES, "", late);
        }
        if let Some(own) = &self.own {
            own.scrape(out);
        }
        if let Some(alarms) = &mut self.alarms {
            let depths = self.conns.iter().map(|(conn, _)| i64::from(out.queued(conn)));
            let depth = depths.max().unwrap_or(0);
            alarms.look(now, &waiting, self.patience, depth, out);
        }
    }
}

fn kind(meaning: &Meaning) -> Name {
    Name::Owned(format!("kind={}", meaning.kind.word()))
}
