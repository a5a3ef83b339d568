//! What a node counts while it is watched, and says when it is asked: metrics, logs and alerts.
//!
//! All of it is read off what comes to the node and what it asks for, so that no part of the
//! protocol has to remember to count. Where nobody watches there is no meter.

mod alarms;
mod broadcast;
mod client;
mod steps;

use std::collections::BTreeMap;

use wavetank::history::{Connection, Kind, Meaning, Name, Observation, Position, metrics};
use wavetank::id::{ConnId, Topic};
use wavetank::objectives::{Monitoring, Objectives};
use wavetank::protocol::{Conns, Effect, Event, Outbox, Protocol};
use wavetank::time::{Now, Span};

use crate::message::Message;
use crate::protocol::{DocSync, Timer};
use alarms::Alarms;
use broadcast::Untold;
use client::Own;
pub use steps::Steps;

/// An open connection.
#[derive(Debug)]
struct Open {
    since: Now,
    /// The document that was asked for last.
    doc: Option<Topic>,
    /// The pings that are not answered, and when they were sent.
    pings: Vec<(u64, Now)>,
}

/// A log record of a connection that is still to be written.
struct Record {
    event: &'static str,
    conn: ConnId,
    fields: String,
}

/// Where a client is: its document, and up to where it has applied events.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) doc: Topic,
    pub(crate) cursor: Option<Position>,
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
    /// What a page shows of its connection.
    shown: Connection,
    records: Vec<Record>,
    counts: BTreeMap<(&'static str, Name), i64>,
    /// What only a client counts.
    own: Option<Own>,
    /// What only a server looks after.
    alarms: Option<Alarms>,
    untold: Option<Untold>,
}

impl Meter {
    /// The books of a server, if it is watched.
    pub(crate) fn of_server(objectives: &Objectives, steps: Steps) -> Option<Box<Self>> {
        let mut meter = Self::new(objectives, steps)?;
        meter.alarms = Some(Alarms::new(&meter.monitoring, steps));
        meter.untold = Some(Untold::new(objectives.queue_max as usize));
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
            shown: Connection::default(),
            records: Vec::new(),
            counts: BTreeMap::new(),
            own: None,
            alarms: None,
            untold: None,
        }))
    }

    /// Something comes to the node, which is at this place if it is a client. Gives back whether it
    /// is asked for its metrics.
    pub(crate) fn comes(
        &mut self,
        now: Now,
        event: &Event<'_, DocSync>,
        place: Option<Place>,
        out: &mut Outbox<DocSync>,
    ) -> bool {
        match event {
            Event::Start => out.timer(Timer::Scrape, now.mono + self.monitoring.scrape),
            Event::Timer(Timer::Scrape) => {
                out.timer(Timer::Scrape, now.mono + self.monitoring.scrape);
                return true;
            }
            Event::Op(id, _) => {
                self.own.iter_mut().for_each(|own| own.given(*id, now));
                self.untold.iter_mut().for_each(|untold| untold.came(*id, now));
            }
            Event::Accepted(conn, hello) => self.accepted = Some((*conn, hello.instance)),
            Event::Opened(conn) => self.opened(now, *conn, place.map(|place| place.doc), out),
            Event::Closed(conn, closing) => self.ended(now, *conn, closing.code, None, out),
            Event::Message(conn, message) => {
                self.came(now, *conn, message, place.and_then(|place| place.cursor));
            }
            Event::Malformed(..) => self.count(metrics::RECEIVED, kind(&Meaning::default()), 1),
            _ => {}
        }
        false
    }

    /// What the node has asked for since `done` effects were there.
    pub(crate) fn goes(&mut self, now: Now, done: usize, out: &mut Outbox<DocSync>) {
        if let Some((conn, client)) = self.accepted.take() {
            let refused =
                |one: &Effect<DocSync>| matches!(one, Effect::Refuse(of, _) if *of == conn);
            let refused = out.effects()[done..].iter().any(refused);
            self.alarms.iter_mut().for_each(|alarms| alarms.knocked(now, conn, client, refused));
            if !refused {
                self.opened(now, conn, None, out);
            }
        }
        let (mut dialled, mut ended) = (Vec::new(), Vec::new());
        let effects = out.effects().len();
        for place in done..effects {
            match &out.effects()[place] {
                Effect::Send(conn, message) => self.sent(now, *conn, message, &ended, out),
                Effect::SendAll(range, message) => {
                    for conn in out.fan(range) {
                        self.sent(now, *conn, message, &ended, out);
                    }
                }
                Effect::Dial(dial) => dialled.push((dial.conn, dial.channel)),
                Effect::Close(close) if out.takes(close.conn) => {
                    ended.push((close.conn, close.code, close.reason.clone()));
                }
                Effect::Claim(Observation::ShownStatus(status)) => self.shows(status.connection),
                _ => {}
            }
        }
        for (conn, channel) in dialled {
            self.count(metrics::ATTEMPTS, "".into(), 1);
            self.own.iter_mut().for_each(|own| own.dialled(now, conn, channel, out));
        }
        for Record { event, conn, fields } in std::mem::take(&mut self.records) {
            out.log(event, Some(conn), 0, fields);
        }
        for (conn, code, reason) in ended {
            self.ended(now, conn, code, Some(reason), out);
        }
    }

    fn count(&mut self, name: &'static str, label: Name, by: i64) {
        *self.counts.entry((name, label)).or_default() += by;
    }

    fn shows(&mut self, connection: Connection) {
        if std::mem::replace(&mut self.shown, connection) != connection {
            let label = Name::Owned(format!("state={}", connection.word()));
            self.count(metrics::STATE_CHANGES, label, 1);
        }
    }

    fn opened(&mut self, now: Now, conn: ConnId, doc: Option<Topic>, out: &mut Outbox<DocSync>) {
        self.conns.insert(conn, Open { since: now, doc, pings: Vec::new() });
        self.active += 1;
        self.count(metrics::CONNECTIONS, "".into(), 1);
        if self.own.as_mut().is_some_and(|own| own.comes_back(conn)) {
            self.count(metrics::RECONNECTIONS, "".into(), 1);
        }
        self.alarms.iter_mut().for_each(|alarms| alarms.opened(now, conn));
        let fields = doc.map_or("".into(), |doc| Name::Owned(format!("document={doc}")));
        out.log(metrics::LOG_OPENED, Some(conn), 0, fields);
    }

    /// A connection has ended. The reason is known where the node has ended it.
    fn ended(
        &mut self,
        now: Now,
        conn: ConnId,
        code: u16,
        reason: Option<Name>,
        out: &mut Outbox<DocSync>,
    ) {
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
        let mut fields = format!("lasted={lasted}");
        if let Some(doc) = open.doc {
            fields.push_str(&format!(", document={doc}"));
        }
        if let Some(reason) = reason {
            fields.push_str(&format!(", reason={reason}"));
        }
        let (code, fields) = (self.steps.close_fields)(code, fields);
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
        if let (Kind::Op, Some(op), Some(untold)) = (meaning.kind, meaning.op, &mut self.untold) {
            untold.came(op, now);
        }
        let Some(open) = self.conns.get_mut(conn) else { return };
        open.asks(&meaning);
        if meaning.kind != Kind::Pong {
            return;
        }
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
        ended: &[(ConnId, u16, Name)],
        out: &Outbox<DocSync>,
    ) {
        let meaning = DocSync::meaning(message);
        let taken = out.takes(conn) && !ended.iter().any(|(gone, ..)| *gone == conn);
        let open = self.conns.get_mut(conn).filter(|_| taken);
        if !(self.steps.is_sent)(open.is_some()) {
            return self.count(metrics::SEND_ERRORS, "".into(), 1);
        }
        if let Some(open) = open {
            if let Message::Ping { stamp, .. } = message
                && self.alarms.is_some()
            {
                open.pings.push((*stamp, now));
            }
            open.asks(&meaning);
            self.records.extend(record(conn, &meaning));
        }
        let untold = self.untold.as_mut().filter(|_| meaning.kind == Kind::Event);
        if let Some(took) = untold.and_then(|untold| untold.told(meaning.op?, now)) {
            self.count(metrics::BROADCASTS, "".into(), 1);
            self.count(metrics::BROADCAST, "".into(), took.as_millis() as i64);
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

impl Open {
    /// A message goes this way or that, which may ask for a document.
    fn asks(&mut self, meaning: &Meaning) {
        if matches!(meaning.kind, Kind::Hello | Kind::SyncRequest) {
            self.doc = meaning.topic;
        }
    }
}

/// What is to be said of a message in the log: only of those by which somebody catches up.
fn record(conn: ConnId, meaning: &Meaning) -> Option<Record> {
    let (event, what, place) = match meaning.kind {
        Kind::Hello | Kind::SyncRequest => (metrics::LOG_SYNC_ASKED, "since", meaning.cursor),
        Kind::Snapshot => (metrics::LOG_SYNC_ANSWERED, "snapshot", meaning.position),
        Kind::Delta => (metrics::LOG_SYNC_ANSWERED, "delta", meaning.position),
        _ => return None,
    };
    let place = place.map_or("nothing".to_owned(), |place| place.to_string());
    let doc = meaning.topic.map_or(String::new(), |doc| format!("document={doc}, "));
    Some(Record { event, conn, fields: format!("{doc}{what}={place}") })
}

fn kind(meaning: &Meaning) -> Name {
    Name::Owned(format!("kind={}", meaning.kind.word()))
}
