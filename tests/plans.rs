//! Plans: what can be drawn, what can be written, and what is refused.

use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use wavetank::engine::{NodeSpec, Topology};
use wavetank::fault::generate::{self, Menu};
use wavetank::fault::{Fault, FaultKind, Plan};
use wavetank::id::{NodeId, StoreId, Topic};
use wavetank::time::Time;

fn topology() -> Topology<()> {
    let node = |id| NodeSpec::new(NodeId(id), ());
    Topology {
        nodes: vec![node(0).with_store(StoreId(1)), node(1), node(2), node(3).dormant()],
        stores: vec![StoreId(1)],
    }
}

fn menu(kinds: Vec<&'static str>) -> Menu {
    Menu {
        clients: vec![NodeId(1), NodeId(2)],
        servers: vec![NodeId(0)],
        stores: vec![StoreId(1)],
        topics: vec![Topic(1)],
        dormant: vec![NodeId(3)],
        kinds,
        from: Time::from_micros(1_000_000),
        until: Time::from_micros(20_000_000),
        most: 3,
        ..Menu::default()
    }
}

fn plans(menu: Menu, count: usize) -> Vec<Plan> {
    drawn(generate::plan(menu), count)
}

fn drawn(strategy: BoxedStrategy<Plan>, count: usize) -> Vec<Plan> {
    let mut runner = TestRunner::deterministic();
    let draw = |_| strategy.new_tree(&mut runner).expect("a plan").current();
    (0..count).map(draw).collect()
}

#[test]
fn every_kind_can_be_drawn_fits_its_topology_and_survives_a_file() {
    for name in FaultKind::NAMES {
        let drawn = plans(menu(vec![name]), 40);
        assert!(drawn.iter().any(|plan| !plan.0.is_empty()), "`{name}` never occurs");
        for plan in drawn {
            assert!(plan.0.iter().all(|fault| fault.kind.name() == name), "{name}: {plan:?}");
            plan.validate(&topology()).unwrap_or_else(|error| panic!("{name}: {error}"));
            let text = serde_json::to_string(&plan).expect("a plan can be written");
            assert_eq!(serde_json::from_str::<Plan>(&text).expect("and read"), plan);
        }
    }
}

#[test]
fn each_case_has_a_subset_of_the_kinds_and_some_have_none() {
    let drawn = plans(menu(FaultKind::NAMES.to_vec()), 400);
    let empty = drawn.iter().filter(|plan| plan.0.is_empty()).count();
    assert!((20..250).contains(&empty), "{empty} of 400 plans are empty");
    let mut names: Vec<&str> =
        drawn.iter().flat_map(|plan| &plan.0).map(|fault| fault.kind.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FaultKind::NAMES.len());
}

#[test]
fn in_a_uniform_plan_any_kinds_meet_and_in_the_swarm_they_mostly_do_not() {
    let menu = Menu { most: 6, ..menu(vec!["reset", "partition", "latency", "crash"]) };
    let meet = |plans: Vec<Plan>| {
        let has = |plan: &Plan, name: &str| plan.0.iter().any(|fault| fault.kind.name() == name);
        let all = |plan: &&Plan| menu.kinds.iter().all(|name| has(plan, name));
        plans.iter().filter(all).count()
    };
    let (uniform, swarm) = (drawn(generate::uniform(menu.clone()), 400), plans(menu.clone(), 400));
    let (uniform, swarm) = (meet(uniform), meet(swarm));
    assert!(uniform > 2 * swarm && uniform > 20, "{uniform} and {swarm} of 400");
}

#[test]
fn a_share_of_cases_hurts_somebody_outside_the_core_for_good() {
    let menu = Menu { outside: vec![NodeId(2)], ..menu(vec!["reset"]) };
    let drawn = plans(menu, 800);
    let permanent: Vec<&Fault> =
        drawn.iter().flat_map(|plan| &plan.0).filter(|fault| fault.permanent).collect();
    assert!((60..150).contains(&permanent.len()), "{} of 800", permanent.len());
    for fault in permanent {
        assert!(fault.kind.nodes().contains(&NodeId(2)), "{fault:?}");
        assert!(!fault.kind.nodes().contains(&NodeId(1)), "the core is spared: {fault:?}");
    }
}

/// A plan of one fault, as people would write it.
fn refused(kind: &str) -> String {
    let text = format!(r#"[{{ "at": "3s", "for": "1s", "kind": {kind} }}]"#);
    let plan: Plan = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{kind}: {error}"));
    plan.validate(&topology()).expect_err("a plan that does not fit").to_string()
}

#[test]
fn a_plan_that_does_not_fit_is_refused_with_the_number_of_the_fault_and_the_reason() {
    let cases = [
        (r#"{"node":{"crash":9}}"#, "fault 0 names n9, which the topology does not have"),
        (r#"{"store":{"emptied":7}}"#, "fault 0 names store7, which the topology does not have"),
        (r#"{"store":{"failing":[1,1000001]}}"#, "fault 0 has odds of 1000001 in a million"),
        (
            r#"{"clock":{"drift":[1,-500001]}}"#,
            "fault 0 drifts by -500001 ppm; the limit is 500000 either way",
        ),
        (
            r#"{"link":{"chaos":[[1],[0],{"loss_ppm":2000000}]}}"#,
            "fault 0 has odds of 2000000 in a million",
        ),
        (
            r#"{"link":{"bandwidth":[[1],[0],{"bytes_per_second":0,"queue":1}]}}"#,
            "fault 0: `bytes_per_second` must be more than nothing",
        ),
        (r#"{"link":{"partition":[[1],[1]]}}"#, "fault 0 is about a path from nowhere to nowhere"),
        (r#"{"link":{"hold":[[],[0]]}}"#, "fault 0 is about a path from nowhere to nowhere"),
        (r#"{"connection":{"close":[1,0,99]}}"#, "fault 0: 99 is no close code"),
        (r#"{"connection":{"refuse":[1,0,200]}}"#, "fault 0: 200 is no status that refuses"),
        (r#"{"connection":{"reset":[1,1]}}"#, "fault 0 is about a path from nowhere to nowhere"),
        (
            r#"{"connection":{"idle-timeout":[1,0,"0s"]}}"#,
            "fault 0: the idle timeout must be more than nothing",
        ),
        (
            r#"{"node":{"restart-storm":{"node":0,"down":"1s","up":"0s"}}}"#,
            "fault 0: `up` must be more than nothing",
        ),
        (
            r#"{"node":{"rolling-restart":{"nodes":[],"down":"1s"}}}"#,
            "fault 0: the number of nodes must be more than nothing",
        ),
        (
            r#"{"node":{"throttle":{"node":1,"grain":"0s"}}}"#,
            "fault 0: `grain` must be more than nothing",
        ),
        (
            r#"{"people":{"flood":{"from":1,"to":0,"per_second":5000}}}"#,
            "fault 0 floods with 5000 messages a second; the limit is 1000",
        ),
        (r#"{"device":{"fork":[1,2]}}"#, "fault 0 forks into n2, which is not dormant"),
    ];
    for (kind, message) in cases {
        assert_eq!(refused(kind), message);
    }
}

#[test]
fn a_plan_out_of_order_is_refused() {
    let text = r#"[
        { "at": "3s", "kind": { "node": { "crash": 0 } } },
        { "at": "2s", "kind": { "node": { "crash": 0 } } }
    ]"#;
    let plan: Plan = serde_json::from_str(text).expect("a plan");
    let error = plan.validate(&topology()).expect_err("a plan out of order").to_string();
    assert_eq!(error, "fault 1 begins before the one ahead of it; sort the plan by `at`");
}

#[test]
fn a_word_that_no_plan_has_is_refused_with_its_place() {
    let text = "[\n  { \"at\": \"3s\", \"kind\": { \"node\": { \"explode\": 0 } } }\n]";
    let error = serde_json::from_str::<Plan>(text).expect_err("no such kind").to_string();
    assert!(error.contains("unknown variant `explode`") && error.contains("line 2"), "{error}");
}

#[test]
fn the_book_shows_how_each_kind_of_fault_is_written() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("book/src/faults.md");
    let page = std::fs::read_to_string(page).expect("a page of the book");
    let (_, section) = page.split_once("## The kinds as JSON").expect("the section");
    let block = section.split("```json").nth(1).and_then(|rest| rest.split("```").next());
    let plan: Plan = serde_json::from_str(block.expect("a block")).expect("a plan");
    let names: Vec<&str> = plan.0.iter().map(|fault| fault.kind.name()).collect();
    assert_eq!(names, FaultKind::NAMES);
    plan.validate(&topology()).expect("a plan that can be carried out");
}

#[test]
fn a_latency_with_its_bounds_the_wrong_way_round_is_refused() {
    let plan = r#"[{ "at": "1s", "for": "1s", "kind": { "link": { "latency": [[1], [0], { "uniform": ["2s", "1s"] }] } } }]"#;
    let plan: Plan = serde_json::from_str(plan).expect("a plan");
    let said = plan.validate(&topology()).expect_err("no such latency").to_string();
    assert!(said.contains("the shorter comes first"), "{said}");
}
