//! The alert rules of a server: what they look at, and when they go on and off.

use std::collections::{BTreeMap, VecDeque};

use wavetank::history::{Kind, metrics};
use wavetank::id::ConnId;
use wavetank::objectives::Monitoring;
use wavetank::protocol::Outbox;
use wavetank::time::{Mono, Now, Span};

use super::Steps;
use crate::protocol::DocSync;

const MINUTE: Span = Span::secs(60);
/// What is usual is what was so in the time before the window, for so long.
const USUAL: Span = Span::secs(3600);

/// What happened lately, oldest first.
type Lately<T> = VecDeque<(Mono, T)>;

/// A handshake that arrived, and whether it led to a welcome.
#[derive(Clone, Copy)]
struct Knock {
    conn: ConnId,
    client: u64,
    welcomed: bool,
    over: bool,
}

/// The rules and what they look at.
pub(super) struct Alarms {
    monitoring: Monitoring,
    steps: Steps,
    knocks: Lately<Knock>,
    /// Pings that were answered, or not in time; and half of the way there and back.
    pings: Lately<(bool, Option<Span>)>,
    depths: Lately<i64>,
    /// The codes that connections ended with.
    ends: Lately<u16>,
    /// How many connections were open, at each change.
    active: Lately<(i64, i64)>,
    open: i64,
    connections: i64,
    on: BTreeMap<&'static str, bool>,
}

/// Lets go of what is older than this.
fn trim<T>(lately: &mut Lately<T>, now: Mono, age: Span) {
    while lately.front().is_some_and(|(at, _)| now.since(*at) >= age) {
        lately.pop_front();
    }
}

impl Alarms {
    pub(super) fn new(monitoring: &Monitoring, steps: Steps) -> Self {
        Self {
            monitoring: monitoring.clone(),
            steps,
            knocks: VecDeque::new(),
            pings: VecDeque::new(),
            depths: VecDeque::new(),
            ends: VecDeque::new(),
            active: VecDeque::new(),
            open: 0,
            connections: 0,
            on: BTreeMap::new(),
        }
    }

    /// A handshake arrived.
    pub(super) fn knocked(&mut self, now: Now, conn: ConnId, client: u64, refused: bool) {
        self.knocks.push_back((now.mono, Knock { conn, client, welcomed: false, over: refused }));
    }

    pub(super) fn opened(&mut self, now: Now, _conn: ConnId) {
        self.connections += 1;
        self.open += 1;
        self.active.push_back((now.mono, (self.open, self.connections)));
    }

    /// A connection has ended, with so many pings that were not answered in time.
    pub(super) fn ended(&mut self, now: Now, conn: ConnId, code: u16, late: usize) {
        self.open -= 1;
        self.active.push_back((now.mono, (self.open, self.connections)));
        self.ends.push_back((now.mono, code));
        let late = std::iter::repeat_n((now.mono, (true, None)), late);
        self.pings.extend(late);
        if let Some((_, knock)) = self.knocks.iter_mut().find(|(_, knock)| knock.conn == conn) {
            knock.over = true;
        }
    }

    /// A ping was answered.
    pub(super) fn answered(&mut self, now: Now, sent: Now, late: bool) {
        let half = now.mono.since(sent.mono).percent(50);
        self.pings.push_back((now.mono, (late, Some(half))));
    }

    /// Something was sent; so much waits now.
    pub(super) fn sent(&mut self, now: Now, conn: ConnId, kind: Kind, depth: i64) {
        if kind == Kind::Welcome
            && let Some((_, knock)) = self.knocks.iter_mut().find(|(_, knock)| knock.conn == conn)
        {
            knock.welcomed = true;
        }
        // Only what nothing later exceeds can be the greatest of a window.
        while self.depths.back().is_some_and(|(_, before)| *before <= depth) {
            self.depths.pop_back();
        }
        self.depths.push_back((now.mono, depth));
    }

    /// Looks at all rules. `waiting` are the pings that are not answered, and `depth` is how much
    /// waits for one connection now.
    pub(super) fn look(
        &mut self,
        now: Now,
        waiting: &[Now],
        patience: Span,
        depth: i64,
        out: &mut Outbox<DocSync>,
    ) {
        let window = self.monitoring.window;
        trim(&mut self.knocks, now.mono, window);
        trim(&mut self.pings, now.mono, window);
        trim(&mut self.depths, now.mono, window);
        trim(&mut self.ends, now.mono, window + USUAL);
        let ages: Vec<Span> = waiting.iter().map(|sent| now.mono.since(sent.mono)).collect();
        let greatest = self.depths.iter().map(|(_, depth)| *depth).max().unwrap_or(0).max(depth);
        let rules = [
            (metrics::RECONNECT_RATE, self.attempts()),
            (metrics::HEARTBEAT_FAILURE_RATE, self.unanswered(&ages, patience)),
            (
                metrics::QUEUE_DEPTH,
                (self.steps.depth)(greatest, depth) > i64::from(self.monitoring.queue),
            ),
            (metrics::MESSAGE_LATENCY, self.latency(&ages)),
            (metrics::CONNECTION_ERROR_RATE, self.failed()),
            (metrics::CLOSE_CODE_SPIKE, self.spike(now.mono)),
            (metrics::MASS_DISCONNECT, self.dropped(now.mono)),
        ];
        for (name, on) in rules {
            if self.on.insert(name, on).unwrap_or(false) != on {
                out.alert(name, on);
            }
        }
    }

    /// Whether one client attempts to connect too often.
    fn attempts(&self) -> bool {
        let mut by_client: BTreeMap<u64, u64> = BTreeMap::new();
        for (_, knock) in &self.knocks {
            let counts = (self.steps.attempt_counts)(knock.welcomed);
            *by_client.entry(knock.client).or_default() += u64::from(counts);
        }
        let most = by_client.into_values().max().unwrap_or(0) * MINUTE.as_millis();
        most > u64::from(self.monitoring.attempts_per_minute) * self.monitoring.window.as_millis()
    }

    /// Whether too many pings go unanswered.
    fn unanswered(&self, ages: &[Span], patience: Span) -> bool {
        let late = ages.iter().filter(|age| **age >= patience).count();
        let missed = self.pings.iter().filter(|(_, (late, _))| *late).count() + late;
        let due = (self.pings.len() + late) as i64;
        let base = (self.steps.heartbeat_base)(due, self.connections);
        missed as i64 * 100 > i64::from(self.monitoring.unanswered_percent) * base
    }

    /// Whether messages take too long on average.
    fn latency(&self, ages: &[Span]) -> bool {
        let answered = self.pings.iter().filter_map(|(_, (_, half))| *half);
        let ages = ages.iter().copied().filter(|_| (self.steps.waiting_counts)());
        let all: Vec<u64> = answered.chain(ages).map(Span::as_micros).collect();
        all.iter().sum::<u64>() > self.monitoring.latency.as_micros() * all.len() as u64
    }

    /// Whether too many handshakes come to nothing.
    fn failed(&self) -> bool {
        let known = self.knocks.iter().map(|(_, knock)| knock);
        let known = known.filter(|knock| knock.welcomed || knock.over);
        let counted: Vec<&Knock> =
            known.filter(|knock| (self.steps.handshake_counts)(knock.welcomed)).collect();
        let failed = counted.iter().filter(|knock| !knock.welcomed).count();
        failed * 100 > self.monitoring.failed_percent as usize * counted.len()
    }

    /// Whether more connections than usual end as they do when something is broken.
    fn spike(&self, now: Mono) -> bool {
        let mut counts: BTreeMap<u16, [u64; 2]> = BTreeMap::new();
        for (at, code) in &self.ends {
            if let Some(code) = (self.steps.counted_as)(*code) {
                let before = usize::from(now.since(*at) >= self.monitoring.window);
                counts.entry(code).or_default()[before] += 1;
            }
        }
        let window = self.monitoring.window.as_millis();
        counts.into_values().any(|[lately, before]| {
            let usual = (before * window / USUAL.as_millis()).max(1);
            lately > usual * u64::from(self.monitoring.spike_times)
        })
    }

    /// Whether many connections have gone away within a minute.
    fn dropped(&mut self, now: Mono) -> bool {
        // The last change before the minute says how many there were when it began.
        while self.active.get(1).is_some_and(|(at, _)| now.since(*at) >= MINUTE) {
            self.active.pop_front();
        }
        let watched = |(_, (active, all)): &(Mono, (i64, i64))| (self.steps.watched)(*active, *all);
        let most = self.active.iter().map(watched).max().unwrap_or(0);
        let is = self.active.back().map_or(0, watched);
        let lost = (most - is) * 100;
        lost > 0 && lost >= i64::from(self.monitoring.drop_percent) * most
    }
}
