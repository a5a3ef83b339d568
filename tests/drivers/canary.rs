//! A mistake that is known to be in one of 20 cases keeps being found in as many. This guards
//! against a framework that has stopped finding.

use crate::board::{Board, Config, Op, two_clients};
use proptest::prelude::*;
use wavetank::explore::{Case, Operation, Pool, Scenario, case_of_seed, parallel, run};
use wavetank::fault::generate::{Menu, plan};
use wavetank::id::{Field, NodeId, OpId, StoreId};
use wavetank::time::{Span, Time};

/// The mistake is in one of so many cases.
const ONE_IN: u32 = 20;
const SEEDS: u64 = 2_000;
/// Four standard deviations of what chance does to 100 of 2,000.
const SPREAD: usize = 39;

fn at(seconds: u64) -> Time {
    Time::ZERO + Span::secs(seconds)
}

/// Two people set fields of a board, and now and then one of their pages is half deaf.
struct Canary;

impl Scenario<Board> for Canary {
    fn name(&self) -> &'static str {
        "canary"
    }
    fn about(&self) -> &'static str {
        "Two people set fields of a board; in one of 20 cases pages miss every third event."
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<Board>> {
        let case = two_clients(config);
        let menu = Menu {
            clients: vec![NodeId(1), NodeId(2)],
            servers: vec![NodeId(0)],
            stores: vec![StoreId(0)],
            kinds: vec!["reset", "latency", "store-slow"],
            from: at(1),
            until: at(8),
            most: 2,
            ..Menu::default()
        };
        let edits = proptest::collection::vec((9_500u64..14_000, 1u32..=2), 6..16);
        (0..ONE_IN, edits, plan(menu))
            .prop_map(move |(lot, edits, plan)| {
                let mut case: Case<Board> = Case { horizon: at(15), plan, ..case.clone() };
                case.settle = Span::secs(15);
                case.config.deaf = lot == 0;
                let operation = |(number, (millis, node)): (u32, (u64, u32))| Operation {
                    id: OpId(number),
                    at: Time::ZERO + Span::millis(millis),
                    node: NodeId(node),
                    op: Op::Set(Field(number)),
                };
                case.operations = (0..).zip(edits).map(operation).collect();
                case
            })
            .boxed()
    }
}

#[test]
fn a_mistake_in_one_of_20_cases_is_found_in_one_of_20_runs_and_nowhere_else() {
    let seeds: Vec<u64> = (0..SEEDS).collect();
    let config = Config::default();
    let failing: Vec<(bool, bool)> = parallel(
        &Pool::new(0),
        &seeds,
        |seed| {
            let case = case_of_seed(&Canary, &config, *seed);
            let verdict = run(&case).verdict;
            let found = verdict.violation_of("convergence").is_some();
            assert!(found || verdict.held(), "seed {seed}: {verdict:?}");
            assert!(!found || case.config.deaf, "seed {seed} has no mistake: {verdict:?}");
            (case.config.deaf, found)
        },
        || (),
    );
    let planted = failing.iter().filter(|(deaf, _)| *deaf).count();
    let found = failing.iter().filter(|(_, found)| *found).count();
    let expected = seeds.len() / ONE_IN as usize;
    assert!(found.abs_diff(expected) <= SPREAD, "{found} of {SEEDS} runs, not {expected}");
    assert!(found * 100 >= planted * 95, "{found} of the {planted} that are there");
}
