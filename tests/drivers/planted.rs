//! Mistakes that take two faults, one after the other, are found in seconds and shrink to what
//! matters. The snapshot of the figures stands in the book.

use crate::board::{Board, Config, Mistake, Op, two_clients};
use proptest::prelude::*;
use wavetank::explore::{Case, Operation, Pool, Scenario, case_of_seed, parallel, run, shrink};
use wavetank::fault::generate::{Menu, plan};
use wavetank::id::{Field, NodeId, OpId, StoreId};
use wavetank::time::{Span, Time};

/// Independent searches for each mistake.
const SEARCHES: u64 = 20;
/// The most cases of one search.
const CASES: u64 = 1000;
/// The most runs that shrinking may take.
const BUDGET: u64 = 1000;

/// Two people set fields while connections, the server and its store fail now and then.
struct Troubled;

fn at(seconds: u64) -> Time {
    Time::ZERO + Span::secs(seconds)
}

impl Scenario<Board> for Troubled {
    fn name(&self) -> &'static str {
        "troubled"
    }
    fn about(&self) -> &'static str {
        "Two people set fields while connections, the server and its store fail now and then."
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<Board>> {
        let case = two_clients(config);
        let menu = Menu {
            clients: vec![NodeId(1), NodeId(2)],
            servers: vec![NodeId(0)],
            stores: vec![StoreId(0)],
            kinds: vec![
                "reset",
                "partition",
                "latency",
                "half-open",
                "refuse",
                "crash",
                "store-failing",
                "store-slow",
            ],
            from: at(1),
            until: at(18),
            most: 5,
            ..Menu::default()
        };
        let edits = proptest::collection::vec((1_000u64..19_000, 1u32..=2), 4..16);
        (edits, plan(menu))
            .prop_map(move |(edits, plan)| {
                let edit = |(number, (millis, node)): (u32, (u64, u32))| Operation {
                    id: OpId(number),
                    at: Time::ZERO + Span::millis(millis),
                    node: NodeId(node),
                    op: Op::Set(Field(number % 3)),
                };
                let operations = (0..).zip(edits).map(edit).collect();
                Case { operations, plan, horizon: at(20), ..case.clone() }
            })
            .boxed()
    }
}

/// What one search came to.
struct Found {
    cases: u64,
    faults: u64,
    operations: u64,
    runs: u64,
}

/// Searches seeds from a starting point of its own, and shrinks the first case that fails.
fn search(mistake: Mistake, number: u64) -> Option<Found> {
    let config = Config { mistake: Some(mistake), ..Config::default() };
    let (case, cases) = (0..CASES).find_map(|nth| {
        let case = case_of_seed(&Troubled, &config, number * 1_000_000 + nth);
        (!run(&case).verdict.held()).then_some((case, nth + 1))
    })?;
    let invariant = run(&case).verdict.violations()[0].invariant.clone();
    let small = shrink(&case, &invariant, BUDGET).expect("it fails");
    assert!(small.runs <= BUDGET);
    let (faults, operations) = (small.case.plan.0.len(), small.case.operations.len());
    Some(Found { cases, faults: faults as u64, operations: operations as u64, runs: small.runs })
}

fn median(mut of: Vec<u64>) -> u64 {
    of.sort_unstable();
    of[of.len() / 2]
}

#[test]
fn without_a_mistake_nothing_is_found() {
    let seeds: Vec<u64> = (0..CASES).collect();
    let held = |seed: &u64| run(&case_of_seed(&Troubled, &Config::default(), *seed)).verdict;
    for verdict in parallel(&Pool::new(0), &seeds, held, || ()) {
        assert!(verdict.held(), "{verdict:?}");
    }
}

#[test]
fn five_mistakes_that_take_two_faults_are_found_within_1000_cases_and_shrink_to_what_matters() {
    let mistakes = [
        Mistake::StaleResync,
        Mistake::DoubleEffect,
        Mistake::GivesUp,
        Mistake::DropsWaiting,
        Mistake::DeafToSilence,
    ];
    let work: Vec<(Mistake, u64)> =
        mistakes.iter().flat_map(|one| (0..SEARCHES).map(|nth| (*one, nth))).collect();
    let found = parallel(&Pool::new(0), &work, |(mistake, nth)| search(*mistake, *nth), || ());
    let mut table = String::new();
    for (mistake, found) in mistakes.iter().zip(found.chunks(SEARCHES as usize)) {
        let all: Vec<&Found> = found.iter().flatten().collect();
        let of = |what: fn(&Found) -> u64| {
            median(found.iter().map(|one| one.as_ref().map_or(u64::MAX, what)).collect())
        };
        let row = [
            of(|one| one.cases),
            of(|one| one.faults),
            of(|one| one.operations),
            of(|one| one.runs),
        ];
        let most = all.iter().map(|one| one.cases).max().unwrap_or(0);
        let [cases, faults, operations, runs] = row;
        table.push_str(&format!(
            "{mistake:?}: found in {} of {SEARCHES}, after {cases} cases (at most {most}), \
             shrunk to {faults} faults and {operations} operations in {runs} runs\n",
            all.len(),
        ));
        assert!(cases <= CASES && faults <= 2 && operations <= 2 && runs <= BUDGET, "{table}");
    }
    insta::assert_snapshot!(table);
}
