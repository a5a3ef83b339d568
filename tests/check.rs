//! A protocol of one's own under `cargo test`: what passes, what fails, and what is said then.

mod board;
mod typing;

use std::path::Path;
use std::time::Duration;

use board::{Board, Config};
use proptest::prelude::*;
use typing::Typing;
use wavetank::engine::Topology;
use wavetank::explore::{Case, Scenario};
use wavetank::harness::{Check, Failure, Settings};

include!("examples/check.rs");

const GOOD: Config = Config { limit: 10, deaf: false, mistake: None, longest: 1 << 20 };
const DEAF: Config = Config { deaf: true, ..GOOD };

/// What a check says, with the folder's name taken out.
fn said(failure: &Failure, folder: &Path) -> String {
    let text = failure.to_string().replace("cargo nextest run", "cargo test");
    text.replace(&folder.display().to_string(), "tests/cases")
}

fn check<'a>(config: &'a Config, folder: &Path, settings: Settings) -> Check<'a, Board> {
    Check::new(&Typing, config).cases(100).folder(folder).settings(settings)
}

#[test]
fn a_failure_reads_as_a_bug_report_and_is_replayed_first_from_then_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let failure = check(&DEAF, path, Settings::default()).run().expect_err("it is deaf");
    insta::assert_snapshot!(said(&failure, path));

    let again = check(&DEAF, path, Settings::default()).run().expect_err("it is deaf still");
    assert!(said(&again, path).contains("Found by replaying tests/cases/typing-"), "{again}");

    let mended = check(&GOOD, path, Settings::default()).run().expect("the mistake is mended");
    assert_eq!((mended.replayed, mended.cases), (1, 100));
}

#[test]
fn the_readme_shows_the_test_and_what_its_failure_prints() {
    let folder = tempfile::tempdir().expect("a folder");
    let failure = check(&DEAF, folder.path(), Settings::default()).run().expect_err("it is deaf");
    let printed = said(&failure, folder.path())
        .replace("-p wavetank", "-p board")
        .replace("the_readme_shows_the_test_and_what_its_failure_prints", TEST);
    let readme = include_str!("../README.md");
    for part in [include_str!("examples/check.rs"), &printed] {
        assert!(readme.contains(part.trim()), "the README lacks this:\n{part}");
    }
}

/// The test of the example.
const TEST: &str = "everybody_sees_the_same_board_in_the_end";

#[test]
fn a_case_that_is_named_is_replayed_alone_with_every_event() {
    let folder = tempfile::tempdir().expect("a folder");
    let failure = check(&DEAF, folder.path(), Settings::default()).run().expect_err("it is deaf");
    let Failure::Broken(broken) = failure else { panic!("{failure}") };
    let case = broken.saved.expect("it was saved");
    let settings = Settings { case: Some(case), ..Settings::default() };
    let again = check(&DEAF, folder.path(), settings.clone()).run().expect_err("it is deaf still");
    let text = again.to_string();
    assert!(text.contains(&broken.violation.message), "{text}");
    assert!(text.contains("Set(f"), "no trace in {text}");
    let held = check(&GOOD, folder.path(), settings).run().expect("the mistake is mended");
    assert_eq!((held.replayed, held.cases), (1, 0));
}

#[test]
fn the_first_failure_is_that_of_the_lowest_seed_on_any_number_of_threads() {
    let found = |threads| {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = Settings { threads: Some(threads), seed: Some(7), ..Settings::default() };
        let failure = check(&DEAF, folder.path(), settings).run().expect_err("it is deaf");
        said(&failure, folder.path())
    };
    assert_eq!(found(1), found(5));
}

#[test]
fn a_check_that_never_reaches_what_its_scenario_promises_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let failure = Check::new(&Calm, &GOOD).cases(5).folder(folder.path());
    let failure = failure.settings(Settings::default()).run().expect_err("nothing happens");
    assert!(matches!(failure, Failure::Vacuous { cases: 5, .. }), "{failure}");
}

/// Promises what never comes.
struct Calm;

impl Scenario<Board> for Calm {
    fn name(&self) -> &'static str {
        "calm"
    }
    fn about(&self) -> &'static str {
        "Nothing is asked and nothing goes wrong."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["resync"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<Board>> {
        let quiet = |case: Case<Board>| Case {
            operations: Vec::new(),
            plan: wavetank::fault::Plan::default(),
            ..case
        };
        Typing.cases(config).prop_map(quiet).boxed()
    }
}

#[test]
fn a_damaged_or_foreign_regression_is_named_and_not_passed_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("typing-broken.json");
    std::fs::write(&file, "{ \"format\": 1").expect("written");
    let failure = check(&GOOD, folder.path(), Settings::default()).run().expect_err("not a case");
    assert!(failure.to_string().contains("typing-broken.json: line 1"), "{failure}");

    std::fs::write(&file, "{ \"format\": 1, \"protocol\": \"chess\" }").expect("written");
    check(&GOOD, folder.path(), Settings::default()).run().expect("chess is somebody else's");
    let settings = Settings { case: Some(file), ..Settings::default() };
    let failure = check(&GOOD, folder.path(), settings).run().expect_err("it is for chess");
    assert!(failure.to_string().contains("for the protocol `chess`, not for `board`"), "{failure}");
}

#[test]
fn variables_say_what_is_to_be_run_or_what_is_wrong_with_them() {
    let read = |pairs: &'static [(&str, &str)]| {
        let find = |name: &str| pairs.iter().find(|(known, _)| *known == name);
        Settings::read(|name| find(name).map(|(_, value)| (*value).to_owned()))
    };
    let settings = read(&[
        ("WAVETANK_SEED", "9fceb02d0ae598e95dc970b74767f19372d61af8"),
        ("WAVETANK_CASES", "12"),
        ("WAVETANK_TIME", "2min"),
        ("WAVETANK_THREADS", ""),
        ("WAVETANK_CHECK_DETERMINISM", "1"),
    ]);
    let expected = Settings {
        seed: Some(0x9fce_b02d_0ae5_98e9),
        cases: Some(12),
        time: Some(Duration::from_secs(120)),
        check_determinism: true,
        ..Settings::default()
    };
    assert_eq!(settings, Ok(expected));
    assert_eq!(read(&[("WAVETANK_SEED", "42")]).map(|one| one.seed), Ok(Some(42)));
    assert_eq!(read(&[("WAVETANK_SEED", "0x2a")]).map(|one| one.seed), Ok(Some(42)));
    let wrong = [
        (read(&[("WAVETANK_SEED", "soon")]), "WAVETANK_SEED=soon: expected a number, or a git"),
        (read(&[("WAVETANK_CASES", "-1")]), "WAVETANK_CASES=-1: expected a whole number"),
        (read(&[("WAVETANK_TIME", "5")]), "WAVETANK_TIME=5: expected a time such as 30s"),
        (read(&[("WAVETANK_CHECK_DETERMINISM", "x")]), "expected 1 or 0"),
    ];
    for (settings, text) in wrong {
        let error = settings.expect_err(text).to_string();
        assert!(error.contains(text), "{error}");
    }
}

#[test]
fn a_time_instead_of_a_number_runs_until_it_has_passed() {
    let folder = tempfile::tempdir().expect("a folder");
    let time = Some(Duration::from_millis(1));
    let settings = Settings { time, cases: Some(1), ..Settings::default() };
    let checked = check(&GOOD, folder.path(), settings).run().expect("it holds");
    assert!(checked.cases > 1, "{checked:?}");
}

#[test]
fn every_case_runs_twice_where_that_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = Settings { check_determinism: true, cases: Some(20), ..Settings::default() };
    let checked = check(&GOOD, folder.path(), settings).run().expect("it holds");
    assert_eq!((checked.cases, checked.twice), (20, 20));
}

#[test]
fn a_case_of_older_types_is_read_if_it_fits_and_refused_with_both_schemas_if_not() {
    let now = Case::<Board>::new(Topology { nodes: Vec::new(), stores: Vec::new() }, GOOD);
    let (text, schema) = (now.to_json(), now.schema.to_string());
    let older = text.replace(&schema, "0123456789abcdef");
    let read = Case::<Board>::from_json(&older).expect("it fits");
    assert!(now.is_current() && !read.is_current());
    let unfit = older.replace("\"deaf\"", "\"mute\"");
    let error = Case::<Board>::from_json(&unfit).expect_err("no field is called mute").to_string();
    for part in ["`board`", "0123456789abcdef", &schema, "missing field `deaf`"] {
        assert!(error.contains(part), "{part} in {error}");
    }
}
