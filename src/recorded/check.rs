//! A recording before the bench of invariants.

use std::collections::BTreeSet;

use super::facts::{Facts, is_known};
use super::reader::{BadLine, Reader};
use super::{Limits, Line, Mapping};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Meaning, Observation, Position, Side};
use crate::id::{NodeId, OpId, Topic};
use crate::invariant::{Bench, Horizon, Invariant};
use crate::time::{Now, Time};

/// The most wakes between two lines.
const WAKES_MAX: u32 = 1 << 12;

/// What is asked of a check.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The invariants that are looked at; all of them if none is named. Naming one says that the
    /// objectives at hand are the application's own.
    pub only: Vec<String>,
    /// The objectives at hand are the application's own.
    pub own_objectives: bool,
    /// The system was running when the recording began: what a client has when it is first seen
    /// is taken as it is.
    pub midway: bool,
    /// How much is remembered.
    pub limits: Limits,
}

/// The form of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The engine's own records.
    Records,
    /// Lines that a [`Mapping`] reads.
    Foreign,
}

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The time since the beginning of the recording.
    pub at: Time,
    /// The node, as the recording calls it.
    pub node: Option<String>,
    /// What was seen, with the names of the recording.
    pub message: String,
    /// The line at which it was seen, from 1.
    pub line: u64,
}

/// What came of one invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It had all that it needs and was not broken.
    Held,
    /// It was broken; the first time counts.
    Broken(Breach),
    /// It lacks these facts, so neither is known.
    Unchecked(Vec<String>),
}

/// An invariant and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its name.
    pub invariant: &'static str,
    /// What it holds, in a sentence.
    pub statement: &'static str,
    /// What came of it.
    pub verdict: Verdict,
}

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The form of the recording; nothing where it has no line.
    pub form: Option<Form>,
    /// Observations that were looked at.
    pub observations: u64,
    /// Lines that the mapping passes over.
    pub skipped: u64,
    /// Lines whose time lay before that of the line before; they count as of that time.
    pub backwards: u64,
    /// The time from the first line to the last.
    pub length: Time,
    /// The invariants, in the order of the suite.
    pub findings: Vec<Finding>,
}

/// Judges a recording, line by line.
pub struct Checker {
    reader: Reader,
    options: Options,
    /// The invariants for records and for foreign lines; gone once the form is known.
    waiting: Option<[Vec<Box<dyn Invariant>>; 2]>,
    bench: Bench,
    about: Vec<(&'static str, &'static str, Interest)>,
    /// The line at which each violation was seen.
    lines: Vec<u64>,
    line: u64,
    facts: Facts,
    kinds: Interest,
    last: Time,
    observations: u64,
    backwards: u64,
    horizon: Horizon,
    /// Who was seen with which topic, where the recording began midway.
    familiar: BTreeSet<(NodeId, Topic)>,
}

impl Checker {
    /// A check with these invariants: the first for records, the second for foreign lines, whose
    /// fields are not the protocol's own. With a mapping all lines are foreign; without one, the
    /// first line decides.
    pub fn new(
        mapping: Option<Mapping>,
        options: Options,
        invariants: [Vec<Box<dyn Invariant>>; 2],
    ) -> Self {
        let reader = Reader::new(mapping, options.limits);
        let horizon = reader.horizon();
        Self {
            reader,
            options,
            waiting: Some(invariants),
            bench: Bench::new([]),
            about: Vec::new(),
            lines: Vec::new(),
            line: 0,
            facts: Facts::default(),
            kinds: Interest::NONE,
            last: Time::ZERO,
            observations: 0,
            backwards: 0,
            horizon,
            familiar: BTreeSet::new(),
        }
    }

    /// Takes in the next line.
    ///
    /// # Errors
    /// A line that cannot be used. The check can go on after it, though what it finds then may
    /// come of what is missing.
    pub fn line(&mut self, line: Line<'_>) -> Result<(), BadLine> {
        self.line += 1;
        let Some(seen) = self.reader.read(self.line, line)? else { return Ok(()) };
        self.begin();
        self.backwards += u64::from(seen.at < self.last);
        self.last = self.last.max(seen.at);
        // Over a gap of years somebody who looks every second is late, and looks at what is then.
        for _ in 0..WAKES_MAX {
            let Some(wake) = self.bench.next_wake.filter(|wake| *wake < self.last) else { break };
            self.bench.wake(wake);
        }
        for what in seen.what {
            self.observe(seen.node, seen.now, what);
        }
        self.forget();
        self.note();
        Ok(())
    }

    /// Puts those on the bench who judge lines of this form.
    fn begin(&mut self) {
        let Some([records, foreign]) = self.waiting.take() else { return };
        let chosen = if self.reader.foreign().is_some() { foreign } else { records };
        let only = &self.options.only;
        let wanted = |name: &str| only.is_empty() || only.iter().any(|one| one == name);
        let chosen: Vec<_> = chosen.into_iter().filter(|one| wanted(one.name())).collect();
        let about = chosen.iter().map(|one| (one.name(), one.statement(), one.interest()));
        self.about = about.collect();
        // Who will not be believed in the end need not look.
        let absent = self.settled().into_iter().filter(|(is, _)| !is);
        let absent = absent.fold(Facts::default(), |all, (_, fact)| all.or(fact));
        self.bench = Bench::new(chosen.into_iter().filter(|one| !absent.starves(one.name())));
    }

    /// Facts that do not depend on what is seen, and whether they are there.
    fn settled(&self) -> [(bool, Facts); 3] {
        let foreign = self.reader.foreign();
        let unique = foreign.is_none_or(|foreign| foreign.mapping.unique_values);
        let own = self.options.own_objectives || !self.options.only.is_empty();
        [(unique, Facts::UNIQUE), (!self.options.midway, Facts::START), (own, Facts::OBJECTIVES)]
    }

    fn observe(&mut self, node: NodeId, now: Now, mut what: Observation) {
        self.observations += 1;
        self.facts.add(Facts::of(&what));
        self.kinds = self.kinds.and(Interest::of(&what));
        if !remembers(&mut what, self.horizon.op) {
            return;
        }
        if self.options.midway {
            self.introduce(node, now, &what);
        }
        self.bench.observe(&Seen { at: self.last, node, now, what: &what });
    }

    /// Where a node is first seen with a topic, it has what it shows or states, and what lies
    /// before the first event that comes to it.
    fn introduce(&mut self, node: NodeId, now: Now, what: &Observation) {
        let (topic, position) = match what {
            Observation::ShownContent(reading) => (reading.topic, reading.position),
            Observation::Sent { meaning: Meaning { topic: Some(topic), cursor, .. }, .. } => {
                let Some(cursor) = cursor else { return };
                (*topic, *cursor)
            }
            Observation::Delivered {
                side: Side::Dialler,
                meaning: Meaning { topic: Some(topic), position: Some(position), .. },
                ..
            } => (*topic, Position { seq: position.seq.saturating_sub(1), ..*position }),
            _ => return,
        };
        if self.familiar.insert((node, topic)) {
            let meaning = Meaning::of(Kind::Snapshot).topic(topic).position(position);
            let what = Observation::CastDelivered { from: node, meaning };
            self.bench.observe(&Seen { at: self.last, node, now, what: &what });
        }
    }

    /// Forgets what lies beyond the horizon, once enough does.
    fn forget(&mut self) {
        let horizon = self.reader.horizon();
        let (window, connections) =
            (self.options.limits.window / 4, self.options.limits.connections / 4);
        let old = &self.horizon;
        let far = horizon.op.0 - old.op.0 > window
            || horizon.ticket.0 - old.ticket.0 > window
            || horizon.conn.serial() - old.conn.serial() > connections;
        if far {
            self.bench.forget(&horizon);
            self.horizon = horizon;
        }
    }

    fn note(&mut self) {
        self.lines.resize(self.bench.violations.len(), self.line);
    }

    /// The recording is over. If it says that all came to rest, every invariant says its last
    /// word.
    pub fn finish(mut self) -> Checked {
        self.begin();
        let foreign = self.reader.foreign();
        let valued = foreign.is_none_or(|foreign| !foreign.valueless);
        let skipped = foreign.map_or(0, |foreign| foreign.skipped);
        let form = foreign.map(|_| Form::Foreign);
        let form = form.or(matches!(self.reader, Reader::Records(..)).then_some(Form::Records));
        let content = self.kinds.meets(Interest::CONTENT);
        let valued = (valued && self.observations > 0, Facts::VALUES);
        for (is, fact) in self.settled().into_iter().chain([valued]) {
            // Unique values prove something where they are shown.
            if is && (fact != Facts::UNIQUE || content) {
                self.facts.add(fact);
            }
        }
        if self.facts.has(Facts::REST) {
            self.bench.finish(self.last);
        }
        self.note();
        let about = std::mem::take(&mut self.about);
        let findings = about.iter().map(|one| self.finding(*one)).collect();
        let (observations, backwards, length) = (self.observations, self.backwards, self.last);
        Checked { form, observations, skipped, backwards, length, findings }
    }

    fn finding(
        &self,
        (invariant, statement, interest): (&'static str, &'static str, Interest),
    ) -> Finding {
        let mut lacks = self.facts.lacks(invariant);
        if !is_known(invariant) && !self.kinds.meets(interest) {
            lacks.push("any of what it reads".to_owned());
        }
        let mut violations = self.bench.violations.iter().zip(&self.lines);
        let broken = violations.find(|(violation, _)| violation.invariant == invariant);
        let verdict = match broken {
            _ if !lacks.is_empty() => Verdict::Unchecked(lacks),
            None => Verdict::Held,
            Some((violation, line)) => Verdict::Broken(Breach {
                at: violation.at,
                node: violation.node.map(|node| self.reader.node(node)),
                message: self.reader.named(&violation.message),
                line: *line,
            }),
        };
        Finding { invariant, statement, verdict }
    }
}

/// Whether there is anything in an observation but news of an operation beyond the horizon,
/// which it no longer names.
fn remembers(what: &mut Observation, first: OpId) -> bool {
    match what {
        Observation::ShownOp { op, .. } => *op >= first,
        Observation::Sent { meaning, .. } | Observation::Delivered { meaning, .. } => {
            meaning.op = meaning.op.filter(|op| *op >= first);
            true
        }
        _ => true,
    }
}
