//! Saved cases, replayed: those that once broke the reference hold, and those of a flawed
//! configuration still show their flaw, with the digest that they were saved with
//! (`WAVETANK_RENEW=1` saves them with the digest that they have now).

mod renewing;

use std::path::Path;

use wavetank::explore::{Case, run};
use wavetank_models::DocSync;

#[test]
fn every_saved_case_comes_to_what_it_was_saved_for() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder of saved cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 4, "the corpus has {} cases", paths.len());
    for path in paths {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(&path).expect("a readable case");
        let mut case = Case::<DocSync>::from_json(&text).unwrap_or_else(|error| {
            panic!("{name}: {error}");
        });
        let outcome = run(&case);
        if renewing::is_renewing() {
            case.origin.digest = Some(outcome.digest);
            std::fs::write(&path, case.to_json()).expect("a file that can be written");
        } else {
            assert!(case.to_json() == text, "{name}: reading and writing gives other bytes");
        }
        if let Some(digest) = case.origin.digest {
            assert_eq!(outcome.digest, digest, "{name}: the run has changed");
        }
        match &case.origin.breaks {
            None => assert!(outcome.verdict.held(), "{name}: {:?}", outcome.verdict),
            Some(invariant) => {
                let found = outcome.verdict.violation_of(invariant);
                assert!(found.is_some(), "{name} no longer breaks {invariant}");
            }
        }
    }
}
