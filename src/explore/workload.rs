//! Work over time, in the shapes that people and pipelines give it.
//!
//! In the swarm style, as plans of faults are: each case has a random subset of the shapes,
//! none among them. What is asked is the caller's affair: a strategy for operations, with as
//! many deletes, doubtful repetitions and impossible wishes as the protocol has. All that is
//! drawn ends up in the case, as operations.

use std::fmt::Debug;
use std::ops::{Range, RangeInclusive};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

use super::case::Operation;
use crate::id::{NodeId, OpId};
use crate::time::{Span, Time};

/// Things asked of nodes, before they have names: when, of whom, and what.
pub type Work<O> = Vec<(Time, NodeId, O)>;

/// A trait that work may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// Everybody acts at the given pace throughout. Without it the times, and how many there
    /// are up to that pace, are anybody's guess.
    Steady,
    /// Now and then nobody acts for 2 to 5 s.
    Quiet,
    /// Some operations come four within a tenth of a second, and more of them 100 ms later.
    Bursts,
    /// Some clients only receive. Somebody always acts.
    Listeners,
    /// Some clients never act again after a time.
    Leavers,
}

impl Shape {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Steady, Self::Quiet, Self::Bursts, Self::Listeners, Self::Leavers];
}

/// What a scenario lets people do, and when.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Those who act.
    pub clients: Vec<NodeId>,
    /// Nobody acts earlier.
    pub from: Time,
    /// Nobody acts at this time or later.
    pub until: Time,
    /// The pause between two operations of one client, on average over the whole time.
    pub pace: Span,
    /// At most this many operations.
    pub most: usize,
    /// The shapes that a case may have: each has a subset.
    pub may: Vec<Shape>,
    /// The shapes that every case has.
    pub must: Vec<Shape>,
    /// Phases in which nobody acts in any case, in order. [`Shape::Quiet`] draws some only
    /// where there are none.
    pub quiet: Vec<Range<Time>>,
    /// When those who leave have left: at the first fault, say. Drawn where it is not given.
    pub left: Option<Time>,
}

impl Workload {
    /// Work of these clients between two times, one operation each in every `pace`, in any of
    /// the shapes.
    pub fn new(clients: Vec<NodeId>, from: Time, until: Time, pace: Span) -> Self {
        Self {
            clients,
            from,
            until,
            pace,
            most: usize::MAX,
            may: Shape::ALL.to_vec(),
            must: Vec::new(),
            quiet: Vec::new(),
            left: None,
        }
    }
}

/// How long a quiet phase is, in milliseconds.
const QUIET: RangeInclusive<u64> = 2_000..=5_000;
/// How long it is until the next one, in milliseconds.
const BUSY: RangeInclusive<u64> = 1_000..=8_000;
/// How far apart the parts of a burst are, how many operations each has, and how far apart
/// those are.
const VOLLEY: (Span, u64, Span) = (Span::millis(100), 4, Span::millis(10));
/// How finely a place on a line is told.
const PLACES: u64 = 1_000_000;

/// Phases in which nobody acts, between two times: for workloads that are to be quiet together.
pub fn quiet_phases(from: Time, until: Time) -> BoxedStrategy<Vec<Range<Time>>> {
    let most = until.since(from).as_millis() / (QUIET.start() + BUSY.start()) + 1;
    vec((BUSY, QUIET), most as usize)
        .prop_map(move |phases| {
            let mut at = from;
            let mut quiet = Vec::new();
            for (busy, lasts) in phases {
                let start = at + Span::millis(busy);
                at = start + Span::millis(lasts);
                if at <= until {
                    quiet.push(start..at);
                }
            }
            quiet
        })
        .boxed()
}

/// Work as `workload` says, each operation drawn from `op`.
pub fn work<O: Debug + 'static>(
    workload: Workload,
    op: impl Strategy<Value = O> + 'static,
) -> BoxedStrategy<Work<O>> {
    let op = op.boxed();
    let may = workload.may.clone();
    let most = may.len();
    (subsequence(may, 0..=most), course(&workload))
        .prop_flat_map(move |(mut shapes, course)| {
            shapes.extend(&workload.must);
            let course = course.shaped(&workload, &shapes);
            let full = course.actors.len() * course.slots(&workload);
            let full = full.min(workload.most);
            let count = if course.steady { full..=full } else { 0..=full };
            let draft = (0..PLACES, any::<Index>(), op.clone());
            let workload = workload.clone();
            vec(draft, count).prop_map(move |drafts| course.arrange(&workload, drafts))
        })
        .boxed()
}

/// Puts work into the order of time and names it: the n-th operation is `op n`.
pub fn operations<O>(mut work: Work<O>) -> Vec<Operation<O>> {
    work.sort_by_key(|(at, _, _)| *at);
    (1..).zip(work).map(|(id, (at, node, op))| Operation { id: OpId(id), at, node, op }).collect()
}

/// Some operations, from a place in their list on, that are drawn together.
#[derive(Clone, Copy, Debug)]
struct Burst {
    place: u64,
    size: u64,
    /// Whether they are all one client's.
    alone: bool,
}

/// What is drawn of the shapes of a case.
#[derive(Clone, Debug)]
struct Course {
    steady: bool,
    quiet: Vec<Range<Time>>,
    bursts: Vec<Burst>,
    /// Those who act.
    actors: Vec<NodeId>,
    /// Those of them who leave.
    leavers: Vec<NodeId>,
    left: Time,
}

/// Draws for all shapes; those that a case does not have are taken out again.
fn course(workload: &Workload) -> impl Strategy<Value = Course> + use<> {
    let Workload { clients, from, until, left, .. } = workload.clone();
    let lasts = until.since(from).as_millis();
    let burst = (0..PLACES, 4u64..=12, any::<bool>());
    let burst = burst.prop_map(|(place, size, alone)| Burst { place, size, alone });
    let count = clients.len();
    let actors =
        subsequence(clients.clone(), count.min(1)..=count.saturating_sub(1).max(1).min(count));
    let leavers = subsequence(clients, count.min(1)..=count);
    let drawn_left = (0..=lasts).prop_map(move |millis| from + Span::millis(millis));
    let bursts = vec(burst, 1..=(2 + lasts / 10_000) as usize);
    (quiet_phases(from, until), bursts, actors, leavers, drawn_left).prop_map(
        move |(quiet, bursts, actors, leavers, drawn)| {
            let left = left.unwrap_or(drawn);
            Course { steady: true, quiet, bursts, actors, leavers, left }
        },
    )
}

impl Course {
    fn shaped(mut self, workload: &Workload, shapes: &[Shape]) -> Self {
        let has = |shape| shapes.contains(&shape);
        self.steady = has(Shape::Steady);
        if !workload.quiet.is_empty() {
            self.quiet.clone_from(&workload.quiet);
        } else if !has(Shape::Quiet) {
            self.quiet.clear();
        }
        if !has(Shape::Bursts) {
            self.bursts.clear();
        }
        if !has(Shape::Listeners) {
            self.actors.clone_from(&workload.clients);
        }
        if !has(Shape::Leavers) {
            self.leavers.clear();
        }
        self
    }

    /// How many operations one client makes at its pace.
    fn slots(&self, workload: &Workload) -> usize {
        let lasts = workload.until.since(workload.from).as_micros();
        (lasts / workload.pace.as_micros().max(1)) as usize
    }

    /// How much time there is outside the quiet phases.
    fn busy(&self, workload: &Workload) -> Span {
        let quiet = self.quiet.iter().map(|quiet| quiet.end.since(quiet.start));
        let quiet = quiet.fold(Span::ZERO, |sum, span| sum + span);
        workload.until.since(workload.from).saturating_sub(quiet)
    }

    /// The time at which this much of the busy time is over.
    fn time(&self, from: Time, passed: Span) -> Time {
        self.quiet.iter().fold(from + passed, |at, quiet| {
            if at < quiet.start { at } else { at + quiet.end.since(quiet.start) }
        })
    }

    fn arrange<O>(&self, workload: &Workload, drafts: Vec<(u64, Index, O)>) -> Work<O> {
        let (Some(_), Some(last)) =
            (self.actors.first(), self.busy(workload).as_millis().checked_sub(1))
        else {
            return Vec::new();
        };
        let actors = self.actors.len();
        let slots = drafts.len().div_ceil(actors) as u64;
        let mut places: Vec<(Span, NodeId)> = drafts
            .iter()
            .enumerate()
            .map(|(nth, (place, who, _))| {
                let (slot, slots, who) = match self.steady {
                    true => ((nth / actors) as u64, slots, nth % actors),
                    false => (0, 1, who.index(actors)),
                };
                let part = u128::from(slot * PLACES + place) * u128::from(last);
                let millis = part / u128::from(slots * PLACES);
                (Span::millis(millis as u64), self.actors[who])
            })
            .collect();
        self.gather(&mut places, Span::millis(last));
        let has_left = |at, node| at >= self.left && self.leavers.contains(&node);
        places
            .into_iter()
            .zip(drafts)
            .map(|((passed, node), (_, _, op))| (self.time(workload.from, passed), node, op))
            .filter(|(at, node, _)| !has_left(*at, *node))
            .collect()
    }

    /// Brings the operations of each burst together behind the first of them.
    fn gather(&self, places: &mut [(Span, NodeId)], last: Span) {
        let (apart, size, step) = VOLLEY;
        for burst in &self.bursts {
            let first = (burst.place * places.len() as u64 / PLACES) as usize;
            let Some((start, node)) = places.get(first).copied() else { continue };
            for (nth, place) in (0..burst.size).zip(&mut places[first..]) {
                let passed = start + apart * (nth / size) + step * (nth % size);
                place.0 = passed.min(last);
                if burst.alone {
                    place.1 = node;
                }
            }
        }
    }
}
