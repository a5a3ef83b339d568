//! The objectives of a day are met.

use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{
    Channel, Connection, Initiator, Interest, Kind, Observation, Refusal, Request, Side,
};
use crate::id::{ConnId, NodeId, OpId};
use crate::objectives::{Objectives, Service};
use crate::time::{Span, Time};

const DAY: Span = Span::secs(86_400);
const HOUR: Span = Span::secs(3_600);
/// The codes of a close for want of a good credential.
const AUTH: [u16; 2] = [4001, 4401];

/// Codes that say that the network was at fault, not whoever ended the connection.
const SILENT: [u16; 2] = [1006, 4408];

/// Of fewer edits nobody can tell what holds for 95 in a hundred.
const ENOUGH: u64 = 100;

/// Where the objectives ask for a level of service, a run meets it, taken by the day: what the
/// server ends by itself has lasted long enough, it ends few connections, few are turned away for
/// want of a credential, and a person has to press the button few times while connecting is shown
/// as failed. Ends that the network brings about count for nothing there, but all count that lead
/// to a connection being made anew, of which there are few; and edits are told of soon.
#[derive(Debug)]
pub struct SloReport {
    service: Option<Service>,
    people: Table<NodeId, Person>,
    /// Open connections of clients, and since when.
    open: Table<ConnId, Time>,
    /// How long those lasted that the server ended.
    lasted: Vec<Span>,
    /// For how long clients were connected, in all.
    connected: Span,
    turned_away: u32,
    /// Dials that are no sockets.
    requests: Table<ConnId, ()>,
    /// Connections that were made after an earlier one of the same client.
    made_anew: u64,
    /// When edits first came to a server on the last connection that they came on.
    came: Table<OpId, (ConnId, Time)>,
    /// How often somebody was told of an edit, and how often it took too long.
    told: [u64; 2],
}

#[derive(Debug, Default)]
struct Person {
    was_connected: bool,
    failed: bool,
    presses: u32,
}

impl SloReport {
    /// Judges by `service`.
    pub fn new(objectives: &Objectives) -> Self {
        Self {
            service: objectives.service.clone(),
            people: Table::new(),
            open: Table::new(),
            lasted: Vec::new(),
            connected: Span::ZERO,
            turned_away: 0,
            requests: Table::new(),
            made_anew: 0,
            came: Table::new(),
            told: [0; 2],
        }
    }

    fn opened(&mut self, node: NodeId, conn: ConnId, at: Time) {
        self.open.insert(conn, at);
        if self.requests.remove(&conn).is_none() {
            let again = std::mem::replace(&mut self.people.of(node).was_connected, true);
            self.made_anew += u64::from(again);
        }
    }

    /// An edit has reached a server.
    fn came(&mut self, op: OpId, conn: ConnId, at: Time) {
        if self.came.get(&op).is_none_or(|(on, _)| *on != conn) {
            self.came.insert(op, (conn, at));
        }
    }

    /// Somebody is told of an edit.
    fn told(&mut self, op: OpId, at: Time) {
        let Some((_, came)) = self.came.get(&op) else { return };
        let late = self.service.as_ref().is_some_and(|all| at.since(*came) > all.latency_p95);
        self.told[0] += 1;
        self.told[1] += u64::from(late);
    }

    fn ended(&mut self, conn: ConnId, code: u16, by: Initiator, at: Time) {
        let Some(since) = self.open.remove(&conn) else { return };
        let lasted = at.since(since);
        self.connected += lasted;
        if by == Initiator::Remote && !SILENT.contains(&code) {
            self.lasted.push(lasted);
        }
        self.turned_away += u32::from(AUTH.contains(&code));
    }

    /// The time that so many percent of all do not exceed.
    fn quantile(&self, percent: usize) -> Option<Span> {
        let mut lasted = self.lasted.clone();
        lasted.sort_unstable();
        let place = (lasted.len() * percent).div_ceil(100);
        place.checked_sub(1).and_then(|place| lasted.get(place).copied())
    }
}

impl Invariant for SloReport {
    fn name(&self) -> &'static str {
        "slo-report"
    }
    fn statement(&self) -> &'static str {
        "Where a level of service is asked for, every objective of it is met over the run."
    }
    fn interest(&self) -> Interest {
        if self.service.is_none() {
            return Interest::NONE;
        }
        Interest::GIVEN_OTHER
            .and(Interest::DIALLED)
            .and(Interest::OPENED)
            .and(Interest::DELIVERED_PLAIN)
            .and(Interest::DELIVERED_EVENT)
            .and(Interest::REFUSED)
            .and(Interest::CLOSED)
            .and(Interest::STATUS)
    }
    fn observe(&mut self, seen: &Seen<'_>, _ruling: &mut Ruling) {
        match *seen.what {
            Observation::Given { request: Request::Retry, .. } => {
                let person = self.people.of(seen.node);
                person.presses += u32::from(person.failed);
            }
            Observation::ShownStatus(status) => {
                self.people.of(seen.node).failed = status.connection == Connection::Failed;
            }
            Observation::Dialled { conn, channel: Channel::Request, .. } => {
                self.requests.insert(conn, ());
            }
            Observation::Opened { conn, side: Side::Dialler } => {
                self.opened(seen.node, conn, seen.at);
            }
            Observation::Delivered { conn, side, ref meaning } => {
                let Some(op) = meaning.op else { return };
                match (side, meaning.kind) {
                    (Side::Acceptor, Kind::Op) => self.came(op, conn, seen.at),
                    (Side::Dialler, Kind::Event) => self.told(op, seen.at),
                    _ => {}
                }
            }
            Observation::Closed { conn, side: Side::Dialler, code, by } => {
                self.ended(conn, code, by, seen.at);
            }
            Observation::Refused { refusal: Refusal::Status(401 | 403), .. } => {
                self.turned_away += 1;
            }
            _ => {}
        }
    }
    fn finish(&mut self, at: Time, ruling: &mut Ruling) {
        let Some(service) = &self.service else { return };
        let days = |per_day: u32| {
            (u64::from(per_day) * at.since(Time::ZERO).as_millis()).div_ceil(DAY.as_millis())
        };
        let mut missed = |message: String| ruling.violated(NodeId(0), message);
        if u64::from(self.turned_away) > days(service.refusals_per_day) {
            missed(format!("{} attempts were refused for auth", self.turned_away));
        }
        for (percent, least) in [(50, service.uptime_p50), (95, service.uptime_p95)] {
            if let Some(lasted) = self.quantile(percent).filter(|lasted| *lasted < least) {
                missed(format!("the server ends {percent} % of its connections by {lasted}"));
            }
        }
        let rest = self.open.values().map(|since| at.since(*since).as_millis());
        let connected = self.connected.as_millis() + rest.sum::<u64>();
        let hours = connected / HOUR.as_millis();
        let most = |percent: u32| (connected * u64::from(percent) / 100).div_ceil(HOUR.as_millis());
        let ended = self.lasted.len() as u64;
        if ended > most(service.ended_percent_per_hour) {
            missed(format!("the server ended {ended} connections in {hours} hours of them"));
        }
        let anew = self.made_anew;
        if anew > most(service.reconnects_percent_per_hour) {
            missed(format!("{anew} connections were made anew in {hours} hours of them"));
        }
        let [told, late] = self.told;
        if told >= ENOUGH && late * 100 > told * 5 {
            let bound = service.latency_p95;
            missed(format!("of {told} times that an edit was told of, {late} took over {bound}"));
        }
        for (node, person) in self.people.iter() {
            if u64::from(person.presses) > days(service.retries_per_day) {
                let message = format!("the person had to try again {} times", person.presses);
                ruling.violated(*node, message);
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.came.retain(|op, _| *op >= horizon.op);
        self.requests.retain(|conn, ()| *conn >= horizon.conn);
    }
}
