//! What an audit says of what it found, and what it leaves behind.

use wavetank::digest::Digest;
use wavetank::explore::{Case, case_of_seed};
use wavetank_models::DocSync;
use wavetank_models::catalogue::{self, Severity};
use wavetank_models::policy::PolicyFile;
use wavetank_sims::audit::{self, Audit, Tally, Unexplained};
use wavetank_sims::scenarios;

#[test]
fn every_area_of_the_catalogue_has_a_risk_category() {
    for entry in catalogue::entries() {
        assert!(audit::category(&entry.area).is_some(), "{}: {}", entry.id, entry.area);
    }
}

#[test]
fn what_is_not_explained_is_saved_as_a_case_under_the_policy_that_was_audited() {
    let file = PolicyFile::find("naive").expect("a bundled one");
    let config = file.config();
    let scenario = scenarios::named("slow-network").expect("a known scenario");
    let unexplained = Unexplained {
        invariant: "no-lost-edit".to_owned(),
        scenario: "slow-network".to_owned(),
        seed: 3,
        case: case_of_seed(scenario, &config, 3),
        failing: 2,
    };
    let audit = Audit {
        file,
        seeds: 1,
        runs: 1,
        rechecked: 0,
        digest: Digest::default(),
        score: 0,
        tallies: Vec::new(),
        findings: Vec::new(),
        unexplained: vec![unexplained],
        harmless: Vec::new(),
        unreached: Vec::new(),
        conformance: Vec::new(),
    };
    let folder = tempfile::tempdir().expect("a folder");
    let report = audit::to_document(&audit, folder.path()).to_markdown();
    audit::save(&audit, folder.path(), &report).expect("the folder is empty");
    let path = folder.path().join("unexplained-no-lost-edit.case.json");
    assert!(report.contains(&format!("wavetank replay {}", path.display())), "{report}");
    let text = std::fs::read_to_string(path).expect("the case is there");
    let case: Case<DocSync> = Case::from_json(&text).expect("it is a case");
    assert_eq!(case.config, config);
}

/// The score of a campaign of all scenarios in which these invariants were broken in some of them,
/// and of what was found.
fn score(broken: &[(&str, &str)], found: &[Severity]) -> u64 {
    let tally = |scenario: &str| {
        let of = broken.iter().filter(|(where_, _)| *where_ == scenario || *where_ == "all");
        let failing = of.map(|(_, invariant)| ((*invariant).to_owned(), vec![1]));
        Tally { scenario: scenario.to_owned(), failing: failing.collect(), ..Tally::default() }
    };
    let tallies: Vec<_> = scenarios::all().iter().map(|one| tally(one.name())).collect();
    audit::tenths(&tallies, found)
}

#[test]
fn every_invariant_counts_for_the_score() {
    assert_eq!(score(&[], &[]), 100);
    for demand in audit::demands() {
        let broken = score(&[("all", demand.invariant)], &[demand.severity]);
        assert!(broken < 100, "{demand:?}");
        let most = match demand.severity {
            Severity::Critical => 69,
            Severity::High => 89,
            Severity::Medium | Severity::Monitor => 99,
        };
        assert!(broken <= most, "{demand:?}: {broken}");
    }
    assert!(audit::demands().iter().any(|one| one.invariant == "secret-taint"));
}

#[test]
fn what_is_critical_caps_the_score_and_several_such_things_do_so_twice() {
    let one = [("slow-network", "no-lost-edit")];
    let two = [("slow-network", "no-lost-edit"), ("slow-network", "convergence")];
    assert!((50..=69).contains(&score(&one, &[Severity::Critical])));
    assert!((30..=49).contains(&score(&two, &[Severity::Critical; 2])));
    assert!((70..=89).contains(&score(&[("mixed", "secret-taint")], &[Severity::High])));
}

#[test]
fn the_more_is_broken_and_the_worse_it_is_the_lower_is_the_score() {
    let found = [Severity::High; 2];
    let light = score(&[("all", "ui-responsive")], &found);
    let heavy = score(&[("all", "no-lost-edit")], &found);
    let both = score(&[("all", "no-lost-edit"), ("all", "ui-responsive")], &found);
    assert!(both < heavy && heavy < light, "{both}, {heavy}, {light}");
    let somewhere = score(&[("mixed", "no-lost-edit")], &found);
    assert!(heavy < somewhere);
}

#[test]
fn nothing_holds_where_nobody_is_served() {
    for nothing in ["eventual-reconnect", "panic"] {
        assert_eq!(score(&[("all", nothing)], &[Severity::Critical]), 0);
    }
}
