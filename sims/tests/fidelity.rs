//! The same cases come to the same at every fidelity.

mod binary;

use binary::{text, wavetank};
use wavetank::differential::{Comparison, Disagreement, Level};
use wavetank::engine::Chaos;
use wavetank::explore::{Fidelity, Pool, case_of_seed, parallel, run_recorded_at};
use wavetank::fault::{Fault, FaultKind, LinkFault, Plan};
use wavetank::history::{Initiator, Observation};
use wavetank::time::{Span, Time};
use wavetank_models::{Config, DocSync};
use wavetank_sims::differential::{Sample, samples};
use wavetank_sims::scenarios::{self, SERVER};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[test]
fn two_hundred_cases_come_to_the_same_in_messages_and_in_bytes() {
    let samples = samples(3, 8);
    let failing = samples.iter().filter(|sample| sample.flaw.is_some()).count();
    assert!(samples.len() >= 200 && failing >= 120, "{} and {failing}", samples.len());
    let compare = |sample: &Sample| {
        let comparison = Comparison::of(&sample.case, &[Level::Message, Level::Wire]);
        let origin = &sample.case.origin;
        comparison.disagreements().first().map(|(_, what)| {
            format!("{:?} in {} {:?}: {what:?}", sample.flaw, origin.scenario, origin.seed)
        })
    };
    let found: Vec<String> =
        parallel(&Pool::new(0), &samples, compare, || ()).into_iter().flatten().collect();
    // What becomes of a frame that breaks the rules, and of one that is too large, the codec
    // decides in bytes.
    let of_the_codec =
        ["err-one-bad-message-closes", "sec-no-size-limit", "sec-server-no-schema-validation"];
    // In bytes there is a handshake before a connection is open, so that what races with its
    // opening (an end, an event, a sample of a metric) comes before it in a few cases.
    let of_a_race = [
        "be-disconnect-removes-successor",
        "be-no-snapshot-endpoint",
        "conn-boolean-state",
        "conn-duplicate-sockets",
        "conn-stale-socket-messages",
        "dlv-ack-before-commit",
        "err-server-wrong-close-code",
        "obs-alert-latency",
    ];
    let known = |line: &&String| {
        of_the_codec.iter().chain(&of_a_race).any(|flaw| line.contains(&format!("\"{flaw}\"")))
    };
    let new: Vec<_> = found.iter().filter(|line| !known(line)).collect();
    assert!(new.is_empty() && found.len() <= 13, "{found:#?}");
}

#[test]
fn a_case_is_run_in_bytes_from_the_command_line_and_has_a_digest_of_its_own() {
    let at = |fidelity| {
        let run = ["run", "slow-network", "--seed", "4", "--fidelity", fidelity];
        let output = wavetank(ROOT, &run);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        text(&output.stdout)
    };
    assert_eq!(at("wire"), at("wire"));
    assert_ne!(at("wire"), at("message"));
}

#[test]
fn all_fidelities_of_a_failing_case_stand_in_one_table() {
    let policy = ["--policy", "models/policies/naive.toml"];
    let run = ["run", "disconnect-during-edit", "--seed", "1", "--fidelity", "all"];
    let output = wavetank(ROOT, &[&run[..], &policy].concat());
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for word in ["message", "wire", "violated", "They agree"] {
        assert!(said.contains(word), "{word} in {said}");
    }
}

#[test]
fn a_fidelity_that_was_not_built_is_said_with_what_to_type() {
    if Level::ALL.iter().any(|level| level.to_string() == "stack") {
        return;
    }
    let output = wavetank(ROOT, &["run", "slow-network", "--fidelity", "stack"]);
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(error.contains("--features stack"), "{error}");
}

#[test]
fn contents_are_compared_where_stores_took_the_same_operations() {
    let found = samples(0, 2);
    let sample = found.first().expect("a case of the reference");
    let mut comparison = Comparison::of(&sample.case, &[Level::Message, Level::Wire]);
    assert!(comparison.disagreements().is_empty());
    let (_, came) = comparison.runs.last_mut().expect("two runs");
    let wavetank::differential::Came::To(run) = came else { panic!("{came:?}") };
    let (key, content) = run.contents.iter_mut().next().expect("somebody sees something");
    let key = *key;
    content.clear();
    let found = comparison.disagreements();
    assert_eq!(found, [(Level::Wire, Disagreement::Contents(key.0, key.1))]);
}

#[test]
fn a_page_whose_own_codec_gives_up_comes_back() {
    let scenario = scenarios::named("edit-while-updates").expect("a known scenario");
    let chaos = Chaos { corrupt_ppm: 150_000, ..Chaos::default() };
    let damage = FaultKind::Link(LinkFault::Chaos(vec![SERVER], vec![], chaos));
    let mut gave_up = 0;
    for seed in 0..20 {
        let mut case = case_of_seed::<DocSync>(scenario, &Config::default(), seed);
        let at = Time::ZERO + Span::secs(2);
        case.plan = Plan::new(vec![Fault::lasting(at, Span::secs(12), damage.clone())]);
        let judges = ["eventual-reconnect", "convergence", "no-lost-edit"];
        case.invariants = Some(judges.map(str::to_owned).to_vec());
        let (outcome, recording) = run_recorded_at(Fidelity::Wire, &case);
        assert!(outcome.verdict.held(), "seed {seed}: {:?}", outcome.verdict);
        let local = recording.history.iter().filter(|record| {
            let failed = matches!(
                record.what,
                Observation::Closed { code: 1002 | 1007, by: Initiator::Local, .. }
            );
            failed && record.node != SERVER
        });
        gave_up += local.count();
    }
    assert!(gave_up > 0, "no page ever met what breaks the rules");
}

/// At this fidelity a run takes a second or so: a sample of the samples.
#[cfg(feature = "stack")]
#[test]
fn one_case_in_ten_comes_to_the_same_over_tcp_and_most_can_be_expressed() {
    let samples = samples(3, 8).into_iter().filter(Sample::is_small);
    let samples: Vec<Sample> = samples.step_by(10).collect();
    let compare = |sample: &Sample| Comparison::of(&sample.case, &[Level::Message, Level::Stack]);
    let comparisons = parallel(&Pool::new(0), &samples, compare, || ());
    let ran =
        comparisons.iter().filter(|one| one.runs.iter().all(|(_, came)| came.run().is_some()));
    let ran: Vec<&Comparison> = ran.collect();
    let agree = ran.iter().filter(|one| one.disagreements().is_empty()).count();
    let (of, all) = (ran.len(), samples.len());
    assert!(of * 100 >= all * 70, "{of} of {all} cases could be expressed");
    assert!(agree * 100 >= of * 85, "{agree} of {of} agree");
}

/// What only TCP does: it asks again for a connection that nobody has answered.
#[cfg(feature = "stack")]
#[test]
fn a_dial_into_the_dark_hangs_in_messages_and_is_answered_over_tcp() {
    let hangs = wavetank_models::catalogue::entries()
        .iter()
        .find(|one| one.id == "conn-handshake-timeout-missing");
    let hangs = hangs.expect("a dial that hangs");
    let config = Config::default().patched(&hangs.as_patch()).expect("a known patch");
    let scenario = scenarios::named("return-after-5min").expect("a known scenario");
    let case = (0..100).find_map(|seed| {
        let mut case = case_of_seed::<DocSync>(scenario, &config, seed);
        case.invariants = Some(vec![hangs.invariant.clone()]);
        let (outcome, _) = run_recorded_at(Fidelity::Message, &case);
        (!outcome.verdict.held()).then_some(case)
    });
    let case = case.expect("a case with a dial that hangs");
    let comparison = Comparison::of(&case, &[Level::Message, Level::Wire, Level::Stack]);
    let verdicts: Vec<bool> = comparison
        .runs
        .iter()
        .map(|(_, came)| came.run().expect("a run").outcome.verdict.held())
        .collect();
    assert_eq!(verdicts, [false, false, true]);
}
