//! What runs of the workload came to, and rows made of it.

use std::time::Duration;

use serde::Serialize;
use wavetank::digest::Digest;
use wavetank_sims::w::Setup;

/// What one or more runs of a sample came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ran {
    /// How many.
    pub runs: u64,
    /// Events that the state machines handled, in all runs.
    pub events: u64,
    /// How often a client joined and was told what it had missed, in all runs.
    pub joins: u64,
    /// The digest of the first run.
    pub digest: Option<Digest>,
}

impl Ran {
    /// Takes in one more run.
    pub fn add(&mut self, events: u64, joins: u64, digest: Digest) {
        self.runs += 1;
        self.events += events;
        self.joins += joins;
        self.digest.get_or_insert(digest);
    }
}

/// The samples of one engine.
pub struct Samples {
    /// What people call the engine.
    pub engine: &'static str,
    /// How much of a real system runs.
    pub fidelity: &'static str,
    spent: Vec<Duration>,
    ran: Option<Ran>,
}

impl Samples {
    /// No samples yet.
    pub const fn new(engine: &'static str, fidelity: &'static str) -> Self {
        Self { engine, fidelity, spent: Vec::new(), ran: None }
    }

    /// Takes in a sample, unless it shows that it was not worth taking.
    pub fn add(&mut self, setup: &Setup, spent: Duration, ran: Ran) -> Result<(), String> {
        if ran.joins < setup.joins() * ran.runs {
            let (joins, due) = (ran.joins, setup.joins() * ran.runs);
            return Err(format!("{joins} joins in {} runs where {due} were due", ran.runs));
        }
        let first = *self.ran.get_or_insert(ran);
        if (first.events, first.digest) != (ran.events, ran.digest) {
            return Err("two runs of one seed differ".to_owned());
        }
        self.spent.push(spent.div_f64(ran.runs as f64));
        self.spent.sort_unstable();
        Ok(())
    }

    /// The processor time of the run in the middle.
    pub fn median_ms(&self) -> f64 {
        self.spent.get(self.spent.len() / 2).map_or(f64::NAN, |spent| millis(*spent))
    }

    /// The row that stands for these samples, beside one of `reference_ms`.
    pub fn row(&self, setup: &Setup, reference_ms: Option<f64>) -> Row {
        let ran = self.ran.unwrap_or_default();
        let at = |spent: Option<&Duration>| spent.copied().map_or(f64::NAN, millis);
        Row {
            engine: self.engine,
            fidelity: self.fidelity,
            clients: setup.clients,
            simulated_s: setup.seconds,
            median_ms: self.median_ms(),
            min_ms: at(self.spent.first()),
            max_ms: at(self.spent.last()),
            events: ran.events / ran.runs.max(1),
            ratio_to_turmoil_1ms: reference_ms.map(|reference| reference / self.median_ms()),
            digest: ran.digest.unwrap_or_default(),
        }
    }
}

fn millis(spent: Duration) -> f64 {
    spent.as_secs_f64() * 1e3
}

/// One line of the table.
#[derive(Debug, Serialize)]
pub struct Row {
    pub engine: &'static str,
    fidelity: &'static str,
    clients: u32,
    simulated_s: u64,
    pub median_ms: f64,
    min_ms: f64,
    max_ms: f64,
    events: u64,
    pub ratio_to_turmoil_1ms: Option<f64>,
    digest: Digest,
}

/// The rows as a table for people.
pub fn table(rows: &[Row]) -> String {
    let head = ["engine", "simulated", "events", "median ms", "(min, max)", "ns/event", "ratio"];
    let mut text = line(head.map(str::to_owned));
    for row in rows {
        let ns = row.median_ms * 1e6 / row.events.max(1) as f64;
        text += &line([
            row.engine.to_owned(),
            format!("{} s", row.simulated_s),
            row.events.to_string(),
            format!("{:.3}", row.median_ms),
            format!("({:.3}, {:.3})", row.min_ms, row.max_ms),
            format!("{ns:.0}"),
            row.ratio_to_turmoil_1ms.map_or("-".to_owned(), |ratio| format!("{ratio:.1}x")),
        ]);
    }
    text
}

fn line(cells: [String; 7]) -> String {
    let [engine, simulated, events, median, range, ns, ratio] = cells;
    format!(
        "{engine:<26} {simulated:>10} {events:>9} {median:>11} {range:>24} {ns:>9} {ratio:>8}\n"
    )
}
