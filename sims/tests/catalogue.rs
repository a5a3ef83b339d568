//! Every failure mode of the catalogue is found by what happens, and the reference survives.

use std::collections::BTreeSet;
use std::path::Path;

use wavetank::explore::{Case, Pool, case_of_seed, rejudge, run, run_recorded};
use wavetank::fault::{Fault, FaultKind, LinkFault};
use wavetank_models::Config;
use wavetank_models::catalogue::{self, Transport};
use wavetank_sims::audit;
use wavetank_sims::catalogue::{Options, Study, columns, is_page, study, to_page};
use wavetank_sims::scenarios;

/// Runs that a failure mode may take to show.
const SEEDS: u64 = 400;

/// The failure modes of some names, or all, put to the test.
fn tested(names: &[&str], seeds: u64, campaigns: u64) -> Study {
    let chosen = |entry: &&catalogue::Entry| names.is_empty() || names.contains(&&*entry.id);
    let entries = catalogue::entries().iter().filter(chosen).collect();
    study(&Options { entries, seeds, campaigns, pool: &Pool::new(0), progress: &|_| () })
}

/// The invariants that are broken first in the smallest case of some failure mode. In the run that
/// found it much else may have been broken before.
fn first_in_smallest_cases(study: &Study) -> BTreeSet<String> {
    let smallest = study.trials.iter().filter_map(|trial| trial.exhibit.as_ref());
    let first = smallest.filter_map(|exhibit| {
        let case = Case { invariants: None, ..exhibit.case.clone() };
        run(&case).verdict.violations().first().map(|violation| violation.invariant.to_string())
    });
    first.collect()
}

/// Which of these are not broken first in a few more campaigns either.
fn never_first_in_more_campaigns(never: Vec<String>) -> Vec<String> {
    if never.is_empty() {
        return never;
    }
    let more = columns(&tested(&[], 60, 6));
    let first = |one: &String| {
        more.iter().any(|column| column.invariant == *one && !column.first.is_empty())
    };
    never.into_iter().filter(|one| !first(one)).collect()
}

#[test]
fn every_failure_mode_is_found_mended_and_found_without_its_own_claims() {
    let study = tested(&[], SEEDS, 1);
    assert_eq!(study.violations().collect::<Vec<_>>(), Vec::<&(&str, u64, String)>::new());
    for trial in &study.trials {
        let id = &trial.entry.id;
        assert_eq!(trial.shortfalls(), [], "{id}");
        let row = trial.row();
        assert!(row.iter().any(|(invariant, _)| *invariant == trial.entry.invariant), "{id}");
        // Each run that breaks something breaks one thing first.
        let hunt = &trial.hunts[0];
        let first: u64 = row.iter().map(|(_, fired)| fired.first).sum();
        assert_eq!(first, hunt.elsewhere + 1, "{id}");
        assert!(hunt.triggered >= 1, "{id}");
        let small = trial.exhibit.as_ref().map(|one| &one.case);
        let is_chaotic = small.is_some_and(audit::is_chaotic);
        assert!(is_chaotic || trial.entry.transport == Transport::Stream, "{id}");
        assert!((hunt.triggered..=hunt.runs).contains(&hunt.reached), "{id}");
        let of_first = columns(&study).into_iter().flat_map(|column| column.first);
        assert!(of_first.collect::<BTreeSet<_>>().contains(id), "{id}");
    }
    let never = columns(&study).into_iter().filter(|column| column.first.is_empty());
    let never: Vec<String> = never.map(|column| column.invariant).collect();
    let first = first_in_smallest_cases(&study);
    let never: Vec<String> = never.into_iter().filter(|one| !first.contains(one)).collect();
    let never = never_first_in_more_campaigns(never);
    assert!(never.is_empty(), "never the first to be broken: {never:?}");
    let page = to_page(&study, None);
    assert!(is_page(&page) && page == to_page(&study, None));
}

#[test]
fn a_flaw_that_is_what_a_node_says_is_not_found_without_it() {
    let study = tested(&["dlv-offline-queue-lost-on-reload"], 100, 1);
    let exhibit = study.trials[0].exhibit.as_ref().expect("found");
    assert!(!exhibit.mute && study.trials[0].entry.wrong_claim);
    assert_eq!(study.trials[0].shortfalls(), []);
}

#[test]
fn campaigns_run_other_seeds_and_a_flaw_that_is_missed_in_one_falls_short() {
    let study = tested(&["dlv-offline-queue-lost-on-reload", "recon-no-resync"], 20, 6);
    let [found, missed] = [1, 0].map(|place| &study.trials[place]);
    let (found, missed) =
        if found.entry.id == "recon-no-resync" { (found, missed) } else { (missed, found) };
    let seeds: BTreeSet<_> = found.hunts.iter().filter_map(|hunt| hunt.found).collect();
    assert_eq!(seeds.len(), 6, "{seeds:?}");
    assert_eq!(found.shortfalls(), []);
    assert!(missed.runs().contains(&None), "{:?}", missed.runs());
    assert_eq!(missed.shortfalls().len(), 1);
}

#[test]
fn the_records_of_a_run_are_judged_as_the_run_was() {
    for entry in catalogue::entries() {
        let config = Config::default().patched(&entry.as_patch()).expect("a known patch");
        for scenario in scenarios::all().into_iter().filter(|one| one.cost() == 1) {
            let case = case_of_seed(scenario, &config, 7);
            let (outcome, recording) = run_recorded(&case);
            let again = rejudge(&case, &recording.history);
            let of_history = outcome.verdict.violations().iter();
            let of_history = of_history.filter(|one| one.invariant != "progress").cloned();
            let name = scenario.name();
            assert_eq!(again, of_history.collect::<Vec<_>>(), "{} in {name}", entry.id);
        }
    }
}

#[test]
fn entries_name_scenarios_and_artefacts_name_files_that_exist() {
    for entry in catalogue::entries() {
        for scenario in &entry.scenarios {
            assert!(scenarios::named(scenario).is_some(), "{}: {scenario}", entry.id);
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for artefact in catalogue::artefacts() {
        assert!(root.join(&artefact.path).is_file(), "{}: {}", artefact.id, artefact.path);
        assert!(catalogue::entries().iter().all(|entry| entry.id != artefact.id));
    }
}

#[test]
fn what_only_chaos_shows_is_not_seen_once_the_links_are_streams() {
    let chaotic = |fault: &Fault| matches!(fault.kind, FaultKind::Link(LinkFault::Chaos(..)));
    let of_chaos = catalogue::entries().iter().filter(|one| one.transport == Transport::Chaos);
    for entry in of_chaos {
        let config = Config::default().patched(&entry.as_patch()).expect("a known patch");
        for scenario in ["chaotic-links", "lossy-links"] {
            let scenario = scenarios::named(scenario).expect("a known scenario");
            for seed in 0..20 {
                let mut case = case_of_seed(scenario, &config, seed);
                case.plan.0.retain(|fault| !chaotic(fault));
                let verdict = run(&case).verdict;
                let seen = verdict.violation_of(&entry.invariant);
                assert!(seen.is_none(), "{} in {}, seed {seed}", entry.id, scenario.name());
            }
        }
    }
}

#[test]
fn a_severity_is_given_reasons_in_sentences_or_not_at_all() {
    let notes = catalogue::entries().iter().filter(|entry| !entry.severity_note.is_empty());
    assert!(notes.clone().count() >= 43);
    for entry in notes {
        let note = &entry.severity_note;
        assert!(note.len() > 20 && note.trim() == note && note.ends_with('.'), "{}", entry.id);
    }
}

#[test]
fn there_are_at_least_25_failure_modes_with_distinct_names_and_patches() {
    let entries = catalogue::entries();
    assert!(entries.len() >= 25);
    for (i, one) in entries.iter().enumerate() {
        for other in &entries[i + 1..] {
            assert_ne!(one.id, other.id);
            assert!(one.knob != other.knob || one.patch != other.patch, "{} {}", one.id, other.id);
        }
    }
}

#[test]
fn taking_a_failure_mode_back_gives_the_reference() {
    for entry in catalogue::entries() {
        let wrong = Config::default().patched(&entry.as_patch()).expect("a known patch");
        let differences = wrong.differences();
        assert_eq!(differences.len(), 1, "{}", entry.id);
        assert_eq!(differences[0].reference, entry.reference, "{}", entry.id);
        let mut back = wavetank_models::policy::Patch::default();
        back.set(&differences[0].path, differences[0].reference.clone());
        assert_eq!(wrong.patched(&back).expect("a known patch"), Config::default(), "{}", entry.id);
    }
}
