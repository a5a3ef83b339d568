//! What scenarios demand, and what they let go wrong, of sign-in and of delays.

use std::collections::BTreeSet;

use wavetank::explore::{Case, case_of_seed};
use wavetank::fault::{FaultKind, PeopleFault};
use wavetank::objectives::{Access, Fallback};
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};
use wavetank_sims::scenarios;

fn cases(scenario: &str, seeds: u64) -> impl Iterator<Item = Case<DocSync>> {
    let scenario = scenarios::named(scenario).expect("a known scenario");
    (0..seeds).map(move |seed| case_of_seed(scenario, &Config::default(), seed))
}

#[test]
fn delays_end_where_those_of_most_systems_do() {
    let caps: BTreeSet<Span> =
        cases("other-demands", 100).map(|case| case.objectives.retry_cap).collect();
    for cap in [16, 30, 60].map(Span::secs) {
        assert!(caps.contains(&cap), "{cap} is in no case");
    }
    assert!(caps.len() > 10, "nor only those: {caps:?}");
}

#[test]
fn the_issuer_is_silent_now_and_then_where_people_sign_in() {
    let silent = |case: &Case<DocSync>| {
        let is_silent =
            |kind: &FaultKind| matches!(kind, FaultKind::People(PeopleFault::IssuerSilent(_)));
        case.plan.0.iter().any(|fault| is_silent(&fault.kind))
    };
    let count = cases("signed-in", 100).filter(silent).count();
    assert!((10..90).contains(&count), "{count} of 100");
}

#[test]
fn credentials_go_wrong_only_where_people_have_any() {
    let mut signed_in = 0;
    let mut faults = BTreeSet::new();
    for case in cases("mixed", 400) {
        let of_credentials = ["short-lived", "revoked", "refresh-refused", "issuer-silent"];
        let found = case.plan.0.iter().map(|fault| fault.kind.name());
        let found: Vec<_> = found.filter(|name| of_credentials.contains(name)).collect();
        if case.objectives.access == Access::SignedIn {
            signed_in += 1;
            faults.extend(found);
        } else {
            assert!(found.is_empty(), "{found:?}");
        }
    }
    assert!((60..=140).contains(&signed_in), "{signed_in} of 400");
    assert_eq!(faults.len(), 4, "{faults:?}");
}

#[test]
fn whoever_has_to_sign_in_falls_back_on_requests_as_others_do() {
    let access = |case: Case<DocSync>| {
        assert_eq!(case.objectives.fallback, Fallback::Poll);
        case.objectives.access
    };
    let found: Vec<Access> = cases("blocked-sockets", 40).map(access).collect();
    assert!(found.contains(&Access::SignedIn) && found.contains(&Access::Open));
}
