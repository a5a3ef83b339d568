//! Failing cases of many flaws, made small: what is left matters, and it replays anywhere.

mod binary;

use std::collections::BTreeSet;
use std::path::Path;

use binary::{json, wavetank};
use wavetank::explore::{Case, Pool, Scenario, Shrunk, case_of_seed, parallel, run, shrink};
use wavetank_models::catalogue::{self, Entry};
use wavetank_models::{Config, DocSync};
use wavetank_sims::scenarios;

/// Flaws that show soon, of every part of the system.
const FLAWS: [&str; 20] = [
    "be-change-not-published",
    "conn-never-established-on-mount",
    "conn-handshake-timeout-missing",
    "err-no-retry-on-transient-close",
    "dlv-send-unchecked-state",
    "dlv-no-offline-queue",
    "dlv-queue-not-flushed",
    "dlv-client-fire-and-forget",
    "dlv-server-critical-no-ack",
    "dlv-server-no-dedup",
    "hb-client-no-liveness-check",
    "hb-server-no-dead-cleanup",
    "hb-late-detection",
    "tear-merge-resurrects-deleted",
    "proc-gap-not-detected",
    "proc-old-message-regresses",
    "recon-none",
    "recon-no-resync",
    "recon-delta-only",
    "recon-since-client-clock",
];
/// Failing cases in all.
const CASES: usize = 50;
/// Enough for any of them.
const BUDGET: u64 = 3_000;
/// Seeds of each scenario that are searched.
const SEEDS: u64 = 100;

/// The first `count` cases that break the invariant of a flaw, over all scenarios.
fn failing(entry: &Entry, count: usize) -> Vec<Case<DocSync>> {
    let config = Config::default().patched(&entry.as_patch()).expect("a known patch");
    let due = |seed: u64| {
        let all = scenarios::all().into_iter();
        all.filter(move |one: &&dyn Scenario<DocSync>| seed.is_multiple_of(one.cost()))
    };
    (0..SEEDS)
        .flat_map(|seed| due(seed).map(move |scenario| (scenario, seed)))
        .map(|(scenario, seed)| case_of_seed(scenario, &config, seed))
        .filter(|case| run(case).verdict.violation_of(&entry.invariant).is_some())
        .take(count)
        .collect()
}

/// What is wrong with the result of shrinking a case, if anything is.
fn wrong(small: &Shrunk<DocSync>, invariant: &str) -> Option<String> {
    let breaks = |case: &Case<DocSync>| run(case).verdict.violation_of(invariant).cloned();
    if !small.complete || small.runs > BUDGET {
        return Some(format!("it took more than {} runs", small.runs));
    }
    if small.case.invariants.as_deref() != Some(&[invariant.to_owned()]) {
        return Some(format!("it names {:?}", small.case.invariants));
    }
    if breaks(&small.case).as_ref() != Some(&small.violation) {
        return Some(format!("it does not break {invariant} as it says"));
    }
    for i in 0..small.case.plan.0.len() {
        let mut less = small.case.clone();
        let fault = less.plan.0.remove(i);
        if breaks(&less).is_some() {
            return Some(format!("it does not need {fault:?}"));
        }
    }
    for i in 0..small.case.operations.len() {
        let mut less = small.case.clone();
        let operation = less.operations.remove(i);
        if breaks(&less).is_some() {
            return Some(format!("it does not need {operation:?}"));
        }
    }
    // A second finding is one: its case breaks what it says, and the first one is another.
    small.slid.iter().find_map(|slid| {
        let name = &slid.violation.invariant;
        let found = run(&slid.case).verdict.violation_of(name).cloned();
        let good = name != invariant && found.as_ref() == Some(&slid.violation);
        (!good).then(|| format!("it slid to {name}, which its case does not break"))
    })
}

/// What is wrong with a case that is replayed from its file in another process.
fn replayed_wrong(case: &Case<DocSync>, invariant: &str, path: &Path) -> Option<String> {
    std::fs::write(path, case.to_json()).expect("written");
    let replay = ["replay", path.to_str().expect("a name in UTF-8"), "--format", "json"];
    let told = json(&wavetank(".", &replay));
    if told["digest"] != run(case).digest.to_string() {
        return Some(format!("replayed, its digest is {}", told["digest"]));
    }
    let broken = &told["violations"][0]["invariant"];
    (broken != invariant).then(|| format!("replayed, it breaks {broken}"))
}

#[test]
fn fifty_failing_cases_of_twenty_flaws_shrink_to_what_matters_and_replay_from_their_files() {
    let pool = Pool::new(0);
    let entries: Vec<(usize, &Entry)> = catalogue::entries()
        .iter()
        .filter(|one| FLAWS.contains(&one.id.as_str()))
        .enumerate()
        .collect();
    assert_eq!(entries.len(), FLAWS.len(), "every flaw is in the catalogue");
    let count = |nth: usize| if nth.is_multiple_of(2) { 3 } else { 2 };
    let found = parallel(&pool, &entries, |(nth, entry)| failing(entry, count(*nth)), || ());
    let work: Vec<(&Entry, Case<DocSync>)> = entries
        .iter()
        .zip(found)
        .flat_map(|((_, entry), cases)| cases.into_iter().map(|case| (*entry, case)))
        .collect();
    assert_eq!(work.len(), CASES);
    let flaws: BTreeSet<&str> = work.iter().map(|(entry, _)| entry.id.as_str()).collect();
    assert_eq!(flaws.len(), FLAWS.len(), "every flaw has a case");

    let folder = tempfile::tempdir().expect("a folder");
    let numbered: Vec<_> = work.iter().enumerate().collect();
    let check = |(nth, (entry, case)): &(usize, &(&Entry, Case<DocSync>))| {
        let small = shrink(case, &entry.invariant, BUDGET).expect("the case fails");
        let path = folder.path().join(format!("{nth}.json"));
        let wrong = wrong(&small, &entry.invariant)
            .or_else(|| replayed_wrong(&small.case, &entry.invariant, &path));
        let name = format!("{} in {} {:?}", entry.id, case.origin.scenario, case.origin.seed);
        wrong.map(|wrong| format!("{name}: {wrong}\n{}", small.case.in_words()))
    };
    let wrong: Vec<String> =
        parallel(&pool, &numbered, check, || ()).into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
