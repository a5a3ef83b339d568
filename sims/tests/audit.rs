//! What an audit says of what it found, and what it leaves behind.

use wavetank::digest::Digest;
use wavetank::explore::{Case, case_of_seed};
use wavetank_models::DocSync;
use wavetank_models::catalogue;
use wavetank_models::policy::PolicyFile;
use wavetank_sims::audit::{self, Audit, Unexplained};
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
