//! The binary as people use it: what it prints, writes and exits with.

mod binary;

use std::path::Path;

use binary::{json, text, wavetank};
use serde_json::Value;

fn ids(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().expect("a list of findings");
    findings.iter().filter_map(|finding| finding["id"].as_str()).collect()
}

/// Writes a policy with these parts and gives back its name.
fn written(folder: &Path, name: &'static str, body: &str) -> &'static str {
    std::fs::write(folder.join(name), policy(body)).expect("written");
    name
}

const THREE_FLAWS: &str = "[policy.client.ack]\nrequired = false\n\
                           [policy.client.sync]\non_open = \"adopt-head\"\n\
                           [policy.server.commit]\ndedup = false\n";
const NEVER: &str = "[policy.client.reconnect]\nenabled = false\n";

#[test]
fn an_audit_gives_the_same_bytes_on_any_number_of_threads_and_its_findings_replay() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = written(folder.path(), "three.toml", THREE_FLAWS);
    let args = ["audit", policy, "--format", "json", "--seeds", "100", "--out", "found"];
    let one = wavetank(folder.path(), &[&args[..], &["--threads", "1"]].concat());
    let four = wavetank(folder.path(), &[&args[..], &["--threads", "4"]].concat());
    assert_eq!(text(&one.stdout), text(&four.stdout));
    assert_eq!(one.status.code(), Some(0), "{}", text(&one.stderr));
    let report = json(&one);
    for id in ["dlv-client-fire-and-forget", "recon-no-resync", "dlv-server-no-dedup"] {
        assert!(ids(&report).contains(&id), "{id} in {:?}", ids(&report));
    }
    for finding in report["findings"].as_array().expect("a list") {
        let case = finding["case"].as_str().expect("a path");
        let fix = finding["fix"]["patch"].as_str().expect("a path");
        let again = wavetank(folder.path(), &["replay", case, "--format", "json"]);
        assert_eq!(again.status.code(), Some(1), "{case}");
        let again = json(&again);
        assert_eq!(again["digest"], finding["digest"], "{case}");
        assert_eq!(again["violations"][0]["invariant"], finding["invariant"], "{case}");
        assert_eq!(again["violations"][0]["message"], finding["message"], "{case}");
        let mended = wavetank(folder.path(), &["replay", case, "--patch", fix]);
        assert_eq!(mended.status.code(), Some(0), "{case}: {}", text(&mended.stdout));
    }
}

#[test]
fn socket_io_as_it_comes_loses_events_resends_without_dedup_and_buffers_without_bound() {
    let folder = tempfile::tempdir().expect("a folder");
    let audit = |policy: &str| {
        let args = ["audit", policy, "--format", "json", "--seeds", "100", "--out", policy];
        json(&wavetank(folder.path(), &args))
    };
    let plain = audit("socket-io-4");
    let modes: Vec<_> = ids(&plain).iter().flat_map(|id| id.split('+')).collect();
    for mode in ["recon-no-resync", "dlv-server-no-dedup", "dlv-queue-unbounded"] {
        assert!(modes.contains(&mode), "{mode} in {modes:?}");
    }
    let recovering = audit("socket-io-4-recovery");
    assert!(!ids(&recovering).contains(&"recon-no-resync"), "{:?}", ids(&recovering));
    assert!(ids(&recovering).contains(&"dlv-server-no-dedup"), "{:?}", ids(&recovering));
}

#[test]
fn the_reference_has_no_finding_and_scores_ten() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = ["audit", "reference", "--format", "json", "--seeds", "300", "--deny", "any"];
    let output = wavetank(folder.path(), &args);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let report = json(&output);
    assert_eq!(report["score"], 10.0);
    assert_eq!(report["findings"], Value::Array(Vec::new()));
    assert_eq!(report["unexplained"], Value::Array(Vec::new()));
}

#[test]
fn a_campaign_that_is_too_small_to_reach_what_scenarios_promise_ends_with_three() {
    let folder = tempfile::tempdir().expect("a folder");
    let audit = |policy: &str, rest: &[&str]| {
        let args = ["audit", policy, "--format", "json", "--seeds", "1"];
        wavetank(folder.path(), &[&args[..], rest].concat())
    };
    let vacuous = audit("reference", &[]);
    assert_eq!(vacuous.status.code(), Some(3), "{}", text(&vacuous.stderr));
    let report = json(&vacuous);
    let missing = report["marks_not_reached"].as_array().expect("a list");
    assert!(!missing.is_empty());
    for pair in missing {
        let (scenario, mark) = (pair[0].as_str(), pair[1].as_str());
        let (scenario, mark) = (scenario.expect("a name"), mark.expect("a name"));
        assert_eq!(report["marks"][scenario][mark], 0, "{scenario} {mark}");
    }
    let never = written(folder.path(), "never.toml", NEVER);
    let denied = audit(never, &["--deny", "any"]);
    assert_eq!(denied.status.code(), Some(1), "what is denied and found weighs more");
}

#[test]
fn a_policy_that_never_reconnects_scores_less_than_three() {
    let folder = tempfile::tempdir().expect("a folder");
    written(folder.path(), "never.toml", NEVER);
    let args = ["audit", "never.toml", "--format", "json", "--seeds", "100"];
    let report = json(&wavetank(folder.path(), &args));
    assert!(report["score"].as_f64().is_some_and(|score| score < 3.0), "{}", report["score"]);
    assert_eq!(report["findings"][0]["location"], "never.toml:6");
}

#[test]
fn the_catalogue_gives_the_same_bytes_on_any_number_of_threads_and_its_cases_replay() {
    let folder = tempfile::tempdir().expect("a folder");
    let [one, other] = ["recon-no-resync", "dlv-server-no-dedup"];
    let args = ["catalogue", "--seeds", "150", "--entry", one, "--entry", other];
    let rest = ["--format", "json", "--out", "found", "--markdown", "page.md"];
    let args = [&args[..], &rest[..]].concat();
    let single = wavetank(folder.path(), &[&args[..], &["--threads", "1"]].concat());
    let three = wavetank(folder.path(), &[&args[..], &["--threads", "3"]].concat());
    assert_eq!(text(&single.stdout), text(&three.stdout));
    assert_eq!(single.status.code(), Some(0), "{}", text(&single.stderr));
    let report = json(&single);
    assert_eq!(report["reference"]["violations"], 0);
    let flaws = report["flaws"].as_array().expect("a list");
    assert_eq!(flaws.len(), 2);
    for flaw in flaws {
        assert_eq!((&flaw["detected"], &flaw["repaired"]), (&true.into(), &true.into()), "{flaw}");
        let (case, fix) = (flaw["case"].as_str(), flaw["fix"].as_str());
        let (case, fix) = (case.expect("a path"), fix.expect("a path"));
        let again = wavetank(folder.path(), &["replay", case, "--format", "json"]);
        assert_eq!(again.status.code(), Some(1), "{case}");
        assert_eq!(json(&again)["digest"], flaw["digest"], "{case}");
        let mended = wavetank(folder.path(), &["replay", case, "--patch", fix]);
        assert_eq!(mended.status.code(), Some(0), "{case}: {}", text(&mended.stdout));
    }
    let page = std::fs::read_to_string(folder.path().join("page.md")).expect("a page");
    assert!(page.contains("| recon-no-resync | convergence |"), "{page}");
}

#[test]
fn a_flaw_that_is_not_found_ends_with_three_and_no_page_is_written_over_anything_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = ["catalogue", "--seeds", "1", "--entry", "conn-handshake-timeout-missing"];
    let missed = wavetank(folder.path(), &args);
    assert_eq!(missed.status.code(), Some(3), "{}", text(&missed.stderr));
    assert!(text(&missed.stdout).contains("Fell short (1)"), "{}", text(&missed.stdout));
    std::fs::write(folder.path().join("mine.md"), "mine").expect("written");
    let refused = wavetank(folder.path(), &[&args[..], &["--markdown", "mine.md"]].concat());
    assert_eq!(refused.status.code(), Some(5), "{}", text(&refused.stdout));
    assert_eq!(std::fs::read_to_string(folder.path().join("mine.md")).expect("there"), "mine");
    let unknown = wavetank(folder.path(), &["catalogue", "--entry", "recon-no-resynk"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("did you mean `recon-no-resync`?"));
}

/// Runs something wrong, which must end with the code for usage and write nothing.
fn refused(files: &[(&str, &str)], args: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).expect("written");
    }
    let output = wavetank(folder.path(), args);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {}", text(&output.stdout));
    assert!(output.stdout.is_empty(), "{args:?}: {}", text(&output.stdout));
    let left = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(left, files.len(), "{args:?} wrote something");
    text(&output.stderr)
}

fn policy(body: &str) -> String {
    format!("[system]\nname = \"x\"\nversion = \"1\"\nmodel = \"a model\"\n{body}")
}

#[test]
fn bad_input_gets_one_error_with_file_line_expectation_and_nearest_name() {
    let bad = |body: &str| refused(&[("bad.toml", &policy(body))], &["audit", "bad.toml"]);
    let errors = [
        bad("[policy.client.reconnect]\nbas = \"1s\"\n"),
        bad("[policy.client.reconnect]\nbase = \"1 fortnight\"\n"),
        bad("[policy.client.reconnect]\nbase = \"-1s\"\n"),
        bad("[policy.client.reconnect]\nbase = \"9s\"\ncap = \"5s\"\n"),
        bad("[policy.client.outbox]\noffline = \"queeu\"\n"),
        bad("[flaws]\n\"client.apply.odl\" = \"apply\"\n"),
        refused(&[], &["audit", "socket-io-5"]),
        refused(&[], &["run", "several-tab"]),
        refused(
            &[("case.json", "{\"format\": 1, \"protocol\": \"chess\"}")],
            &["replay", "case.json"],
        ),
        refused(&[("case.json", "{\"format\": 1, \"prot")], &["replay", "case.json"]),
    ];
    insta::assert_snapshot!(errors.join(""));
}

#[test]
fn a_saved_case_is_never_overwritten_by_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let save = |seed: &str| {
        let args = ["run", "rapid-stages", "--seed", seed, "--save", "case.json"];
        wavetank(folder.path(), &args).status.code()
    };
    assert_eq!(save("1"), Some(0));
    assert_eq!(save("1"), Some(0), "the same case may be saved again");
    assert_eq!(save("2"), Some(5));
}

#[test]
fn a_failing_case_shrinks_to_a_file_that_replays() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = ["run", "return-after-5min", "--policy", "naive", "--save", "case.json"];
    assert_eq!(wavetank(folder.path(), &run).status.code(), Some(1));
    let shrunk = wavetank(folder.path(), &["shrink", "case.json"]);
    assert_eq!(shrunk.status.code(), Some(1), "{}", text(&shrunk.stderr));
    let again = wavetank(folder.path(), &["replay", "case.min.json"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(!text(&again.stdout).contains("was saved"), "{}", text(&again.stdout));
}

#[test]
fn help_shows_examples_and_exit_codes() {
    let folder = tempfile::tempdir().expect("a folder");
    let help = wavetank(folder.path(), &["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(text(&help.stdout).contains("Examples:"));
    assert!(text(&help.stdout).contains("Exit codes:"));
    let help = wavetank(folder.path(), &["serve", "--help"]);
    assert!(text(&help.stdout).contains("wavetank serve --data board.json"));
}

#[cfg(not(feature = "stack"))]
#[test]
fn a_build_that_cannot_serve_says_what_to_type() {
    let said = refused(&[], &["serve", "--data", "board.json"]);
    let line = "cargo run --release --features stack -- serve --address 127.0.0.1:7070";
    assert!(said.contains(line) && said.contains("board.json"), "{said}");
}

#[test]
fn a_case_that_is_judged_by_one_invariant_says_so_and_one_that_is_judged_by_none_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let saved = ["run", "rapid-stages", "--save", "case.json"];
    assert!(text(&wavetank(folder.path(), &saved).stdout).contains("Held: every invariant."));
    let case = std::fs::read_to_string(folder.path().join("case.json")).expect("the case");
    let judged_by = |names: &str| {
        let mut case: Value = serde_json::from_str(&case).expect("JSON");
        case["invariants"] = serde_json::from_str(names).expect("a list");
        case.to_string()
    };
    std::fs::write(folder.path().join("one.json"), judged_by("[\"convergence\"]"))
        .expect("written");
    let one = text(&wavetank(folder.path(), &["replay", "one.json"]).stdout);
    assert!(one.contains("Held: convergence; the case is judged by nothing else."), "{one}");
    // What the engine itself finds is no invariant that a suite has.
    for of_the_engine in ["[\"progress\"]", "[\"panic\"]"] {
        std::fs::write(folder.path().join("one.json"), judged_by(of_the_engine)).expect("written");
        let one = wavetank(folder.path(), &["replay", "one.json"]);
        assert_eq!(one.status.code(), Some(0), "{}", text(&one.stderr));
    }
    let misspelt = judged_by("[\"convergense\"]");
    let said = refused(&[("case.json", &misspelt)], &["replay", "case.json"]);
    assert!(said.contains("did you mean `convergence`?"), "{said}");
    refused(&[("case.json", &judged_by("[]"))], &["replay", "case.json"]);
    let seed = refused(&[("case.json", &case)], &["run", "case.json", "--seed", "4"]);
    assert!(seed.contains("a case has its seed"), "{seed}");
}

#[test]
fn a_patch_that_does_not_fit_is_refused_with_its_line_and_the_form_of_one_that_does() {
    let folder = tempfile::tempdir().expect("a folder");
    wavetank(folder.path(), &["run", "rapid-stages", "--save", "case.json"]);
    let case = std::fs::read_to_string(folder.path().join("case.json")).expect("the case");
    let said = |patch: &str| {
        let files = [("case.json", case.as_str()), ("fix.toml", patch)];
        refused(&files, &["replay", "case.json", "--patch", "fix.toml"])
    };
    let misspelt = said("# Mends it.\n\"server.commit.dedupe\" = true\n");
    assert!(misspelt.contains("fix.toml:2:"), "{misspelt}");
    assert!(misspelt.contains("did you mean `server.commit.dedup`?"), "{misspelt}");
    let table = said("[client.ack]\nrequired = false\n");
    assert!(
        table.contains("fix.toml:1:") && table.contains("\"client.ack.required\" = true"),
        "{table}"
    );
}

#[test]
fn what_is_not_printed_in_a_form_is_refused_with_it() {
    for form in [["--format", "json"], ["--fidelity", "all"]] {
        for more in ["--trace", "--case", "--diagram"] {
            let said = refused(&[], &["run", "rapid-stages", form[0], form[1], more]);
            assert!(said.contains("are not printed"), "{said}");
        }
    }
    let said = refused(&[], &["sweep", "--runs", "3", "--threads", "99999"]);
    assert!(said.contains("expected a number up to 1024"), "{said}");
}

#[test]
fn where_nothing_can_be_written_no_work_is_done() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("there")).expect("a folder");
    std::fs::write(folder.path().join("file"), "").expect("written");
    let entry = "dlv-server-no-dedup";
    for args in [
        &["audit", "--out", "file"][..],
        &["catalogue", "--entry", entry, "--out", "file"],
        &["catalogue", "--entry", entry, "--markdown", "there"],
        &["sweep", "--runs", "1000000", "--json", "there"],
        &["sweep", "--runs", "1000000", "--json", "nowhere/sweep.json"],
    ] {
        let output = wavetank(folder.path(), args);
        assert_eq!(output.status.code(), Some(5), "{args:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty(), "{args:?}: {}", text(&output.stdout));
    }
    let left = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(left, 2, "something was written");
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_takes_nothing_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let full = std::fs::File::options().write(true).open("/dev/full").expect("the full device");
    let mut command = binary::command(folder.path(), &["list"]);
    assert_eq!(command.stdout(full).status().expect("the binary runs").code(), Some(5));
}

#[test]
fn the_book_lists_what_the_binary_lists() {
    let folder = tempfile::tempdir().expect("a folder");
    let listed = json(&wavetank(folder.path(), &["list", "--format", "json"]));
    let page = |name: &str| {
        let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../book/src");
        std::fs::read_to_string(book.join(name)).expect("a page of the book")
    };
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let scenarios = page("scenarios.md");
    for one in listed["scenarios"].as_array().expect("a list") {
        let row =
            format!("| `{}` | {} | {} |", word(&one["name"]), one["cost"], word(&one["about"]));
        assert_eq!(scenarios.matches(&row).count(), 1, "{row}");
    }
    let invariants = page("invariants.md");
    for one in listed["invariants"].as_array().expect("a list") {
        let row = format!("\n| `{}` |", word(&one["name"]));
        assert_eq!(invariants.matches(&row).count(), 1, "{row}");
    }
}
