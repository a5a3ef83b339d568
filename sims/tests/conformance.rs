//! The models of other systems do what those systems' documentation says.

use wavetank::invariant::Judged;
use wavetank::objectives::Objectives;
use wavetank_models::policy::{Conformance, PolicyFile, bundled};
use wavetank_models::{Config, DocSync};
use wavetank_sims::conformance::{check, probe, probes};

/// Policies made to have something wrong or nothing wrong. The others are of systems that exist.
const MADE: [&str; 2] = ["naive", "reference"];

fn read(name: &str) -> PolicyFile {
    PolicyFile::find(name).unwrap_or_else(|error| panic!("{error}"))
}

fn statement(probe: &str, expect: &str) -> Conformance {
    Conformance {
        statement: "A statement for this test.".to_owned(),
        cite: "nowhere".to_owned(),
        probe: probe.to_owned(),
        expect: expect.to_owned(),
    }
}

#[test]
fn every_documented_statement_holds_in_its_model() {
    let mut wrong = Vec::new();
    for name in bundled() {
        let file = read(name);
        for one in check(&file.config(), &file.document.conformance) {
            if !one.holds {
                let (statement, expect, found) = (one.statement, one.expect, one.found);
                wrong.push(format!("{name}: {statement} {}: {expect}, not {found}", one.probe));
            }
        }
    }
    assert!(wrong.is_empty(), "the model or the statement is wrong:\n{}", wrong.join("\n"));
}

#[test]
fn each_real_system_has_at_least_eight_cited_statements() {
    for name in bundled().filter(|name| !MADE.contains(name)) {
        let statements = read(name).document.conformance;
        assert!(statements.len() >= 8, "{name} has {} statements", statements.len());
        for one in &statements {
            assert!(!one.cite.trim().is_empty(), "{name}: no source for: {}", one.statement);
        }
    }
}

#[test]
fn every_statement_names_a_probe_that_there_is() {
    for name in bundled() {
        for one in read(name).document.conformance {
            assert!(probes().contains(&one.probe.as_str()), "{name}: {}", one.probe);
        }
    }
}

#[test]
fn every_promise_names_an_invariant_that_there_is() {
    let suite = DocSync::invariants(&Objectives::default());
    let names: Vec<&str> = suite.history.iter().map(|one| one.name()).collect();
    for name in bundled() {
        for one in read(name).document.promises {
            assert!(names.contains(&one.invariant.as_str()), "{name}: {}", one.invariant);
        }
    }
}

#[test]
fn a_wrong_expectation_is_reported() {
    let statements = [
        statement("server-event-while-away", "lost"),
        statement("first-delay", "2s..3s"),
        statement("attempts-before-giving-up", "unlimited"),
        statement("first-delay", "800ms..1200ms"),
    ];
    let checked = check(&Config::default(), &statements);
    let holds: Vec<bool> = checked.iter().map(|one| one.holds).collect();
    assert_eq!(holds, [false, false, false, true], "{checked:#?}");
    assert_eq!(checked[0].found, "delivered");
    assert_eq!(checked[2].found, "10");
}

#[test]
fn an_unknown_probe_is_refused_with_the_nearest_name() {
    let message = "no probe is called `frist-delay`; did you mean `first-delay`?";
    let error = probe(&Config::default(), "frist-delay").expect_err("there is no such probe");
    assert_eq!(error.to_string(), message);
    let checked = check(&Config::default(), &[statement("frist-delay", "1s")]);
    assert_eq!((checked[0].found.as_str(), checked[0].holds), (message, false));
}

#[test]
fn a_probe_comes_to_the_same_each_time() {
    for name in ["first-delay", "silence-noticed-by-server", "ack-lost"] {
        let config = Config::default();
        assert_eq!(probe(&config, name), probe(&config, name), "{name}");
    }
}
