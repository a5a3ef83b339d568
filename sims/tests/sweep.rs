//! Sweeps as people run them: killed at any moment and resumed, cut into shards and merged.

mod binary;

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use binary::{command, text, wavetank};
use serde_json::Value;
use wavetank::rng::Draw;

/// Kills of sweeps in all, and the sweeps that share them.
const KILLS: u64 = 50;
const SWEEPS: u64 = 5;
/// The runs of a sweep that is killed: about a second of work for a debug build.
const KILLED: &str = "600";

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).expect(name)
}

/// Runs a command that has to end with this exit code, and gives back all that it said.
fn ends(folder: &Path, args: &[&str], code: i32) -> String {
    let output = wavetank(folder, args);
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
    said
}

/// A policy that breaks invariants now and then, so that reports hold more than numbers.
const FORGETFUL: &str = "[system]\nname = \"x\"\nversion = \"1\"\nmodel = \"a model\"\n\
                         [policy.client.ack]\nrequired = false\n";

/// A folder with a policy in it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("forgetful.toml"), FORGETFUL).expect("written");
    folder
}

/// The arguments of a sweep with findings.
const SWEEP: [&str; 8] = [
    "sweep",
    "edit-while-updates",
    "disconnect-during-edit",
    "offline-editing",
    "--policy",
    "forgetful.toml",
    "--threads",
    "2",
];

/// A sweep of so many runs into a file, with some more arguments.
fn sweep<'a>(runs: &'a str, file: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&SWEEP[..], &["--seed", "7", "--runs", runs, "--json", file], more].concat()
}

#[expect(clippy::disallowed_methods, reason = "a process is to be killed at a moment of real time")]
fn wait(time: Duration) {
    std::thread::sleep(time);
}

#[expect(clippy::disallowed_methods, reason = "how long the machine takes says when to kill")]
fn timed(work: impl FnOnce()) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}

/// Kills a process after a time, and says whether it was still running.
fn killed(mut child: Child, after: Duration) -> bool {
    wait(after);
    let was_running = child.try_wait().expect("a child").is_none();
    child.kill().expect("a child that can be killed");
    child.wait().expect("a child that ends");
    was_running
}

#[test]
fn a_sweep_that_is_killed_50_times_comes_to_the_same_bytes() {
    let folder = folder();
    let folder = folder.path();
    let whole = timed(|| {
        ends(folder, &sweep(KILLED, "whole.json", &[]), 1);
    });
    let expected = read(folder, "whole.json");
    let (mut hits, mut resumed) = (0, 0);
    for one in 0..SWEEPS {
        let file = format!("killed-{one}.json");
        let args = sweep(KILLED, &file, &["--resume"]);
        for kill in 0..KILLS / SWEEPS {
            // All kills of a sweep together are to take less time than the sweep.
            let most = whole.as_micros() as u64 * 2 * SWEEPS / KILLS * 8 / 10;
            let draw = Draw::seeded(one * KILLS + kill).purpose("kill");
            let after = Duration::from_micros(draw.below(0, most));
            let mut command = command(folder, &args);
            let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
            hits += u64::from(killed(child.expect("the binary runs"), after));
        }
        let said = ends(folder, &args, 1);
        resumed += u64::from(said.contains("Went on after"));
        assert_eq!(read(folder, &file), expected, "{file}");
    }
    assert!(hits > KILLS / 2, "{hits} of {KILLS} kills met a process");
    assert!(resumed > SWEEPS / 2, "{resumed} of {SWEEPS} sweeps went on");
}

#[test]
fn sixteen_shards_in_any_order_come_to_the_bytes_of_one_run() {
    let folder = folder();
    let folder = folder.path();
    // More runs than a multiple of 16, so that shards are not of one size.
    ends(folder, &sweep("205", "whole.json", &[]), 1);
    let mut files: Vec<String> = Vec::new();
    for number in 1..=16 {
        let (file, shard) = (format!("{number}.json"), format!("{number}/16"));
        let code = wavetank(folder, &sweep("205", &file, &["--shard", &shard])).status.code();
        assert!(matches!(code, Some(0 | 1)), "{code:?}");
        files.push(file);
    }
    let merged = |files: &[String], out: &str| {
        let names = files.iter().map(String::as_str);
        let args: Vec<&str> = ["merge", "--json", out].into_iter().chain(names).collect();
        ends(folder, &args, 1);
        read(folder, out)
    };
    let whole = read(folder, "whole.json");
    assert_eq!(merged(&files, "forwards.json"), whole);
    files.reverse();
    assert_eq!(merged(&files, "backwards.json"), whole);
    files.swap(2, 11);
    files.rotate_left(5);
    assert_eq!(merged(&files, "mixed.json"), whole);
    let report: Value = serde_json::from_str(&whole).expect("JSON");
    let broken = report["scenarios"].as_array().expect("scenarios").iter();
    assert!(broken.map(|one| one["broken"].as_object().expect("broken").len()).sum::<usize>() > 0);
    assert_eq!(report["runs"], 205);
}

#[test]
fn missing_shards_are_named_and_a_shard_is_not_counted_twice() {
    let folder = folder();
    let folder = folder.path();
    for number in [1, 2, 4] {
        let (file, shard) = (format!("{number}.json"), format!("{number}/4"));
        wavetank(folder, &sweep("40", &file, &["--shard", &shard]));
    }
    let said = ends(folder, &["merge", "1.json", "4.json"], 2);
    assert!(said.contains("missing shards: 2/4, 3/4;"), "{said}");
    let args = ["merge", "2.json", "1.json", "--partial", "--json", "two.json"];
    let said = text(&wavetank(folder, &args).stdout);
    assert!(said.contains("3/4, 4/4"), "{said}");
    let said = ends(folder, &["merge", "two.json", "4.json"], 2);
    assert!(said.contains("missing shards: 3/4;"), "{said}");
    let said = ends(folder, &["merge", "4.json", "two.json", "1.json"], 2);
    assert!(said.contains("1.json and two.json both hold shard 1/4"), "{said}");
}

#[test]
fn a_report_of_another_sweep_is_not_merged() {
    let folder = folder();
    let folder = folder.path();
    for (file, runs, shard) in [("1.json", "40", "1/2"), ("2.json", "41", "2/2")] {
        wavetank(folder, &sweep(runs, file, &["--shard", shard]));
    }
    let said = ends(folder, &["merge", "1.json", "2.json"], 2);
    let wanted = "2.json is of another sweep than 1.json: the number of runs differs: 41 instead";
    assert!(said.contains(wanted), "{said}");
    let changed = read(folder, "1.json").replacen("\"runs\": 20", "\"runs\": 19", 1);
    std::fs::write(folder.join("changed.json"), changed).expect("written");
    let said = ends(folder, &["merge", "changed.json"], 2);
    assert!(said.contains("contradict"), "{said}");
}

#[test]
fn a_journal_of_another_sweep_is_refused_with_what_differs() {
    let folder = folder();
    let folder = folder.path();
    ends(folder, &sweep("60", "one.json", &[]), 1);
    let journal = read(folder, "one.json.journal");
    for (from, to, what) in [
        ("60", "61", "the number of runs differs: 60 instead of 61"),
        ("7", "8", "the seed differs: 7 instead of 8"),
        ("offline-editing", "several-tabs", "offline-editing instead of"),
        ("forgetful.toml", "reference", "the configuration differs"),
    ] {
        let args = sweep("60", "one.json", &["--resume"]).into_iter();
        let args: Vec<&str> = args.map(|arg| if arg == from { to } else { arg }).collect();
        let said = ends(folder, &args, 2);
        assert!(said.contains("one.json.journal is of another sweep"), "{said}");
        assert!(said.contains(what), "{what} in {said}");
    }
    let said = ends(folder, &sweep("60", "one.json", &["--resume", "--shard", "1/2"]), 2);
    assert!(said.contains("the shard differs: 1/1 instead of 1/2"), "{said}");
    assert_eq!(read(folder, "one.json.journal"), journal, "a refused journal is left alone");
}

#[test]
fn a_torn_last_line_loses_only_itself() {
    let folder = folder();
    let folder = folder.path();
    ends(folder, &sweep("600", "one.json", &[]), 1);
    let (expected, journal) = (read(folder, "one.json"), read(folder, "one.json.journal"));
    let lines: Vec<&str> = journal.lines().collect();
    assert!(lines.len() > 3, "{} lines", lines.len());
    let before: Value = serde_json::from_str(lines[lines.len() - 2]).expect("JSON");
    let last = lines[lines.len() - 1];
    for cut in [1, last.len() / 2, last.len()] {
        let torn = &journal[..journal.len() - 1 - last.len() + cut];
        std::fs::write(folder.join("one.json.journal"), torn).expect("written");
        std::fs::remove_file(folder.join("one.json")).expect("removed");
        let said = ends(folder, &sweep("600", "one.json", &["--resume"]), 1);
        assert!(said.contains(&format!("Went on after {} runs", before["done"])), "{said}");
        assert_eq!(read(folder, "one.json"), expected);
        let journal = read(folder, "one.json.journal");
        assert!(journal.starts_with(&lines[..lines.len() - 1].join("\n")));
        assert!(journal.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    }
    let damaged = journal.replacen("\"done\"", "\"gone\"", 1);
    std::fs::write(folder.join("one.json.journal"), damaged).expect("written");
    let said = ends(folder, &sweep("600", "one.json", &["--resume"]), 2);
    assert!(said.contains("one.json.journal, line 2:"), "{said}");
}

#[test]
fn what_is_there_is_kept_unless_the_sweep_is_to_go_on() {
    let folder = folder();
    let folder = folder.path();
    ends(folder, &sweep("30", "one.json", &[]), 1);
    let said = ends(folder, &sweep("30", "one.json", &[]), 5);
    assert!(said.contains("one.json.journal is there from a sweep before"), "{said}");
    std::fs::remove_file(folder.join("one.json.journal")).expect("removed");
    ends(folder, &sweep("30", "one.json", &[]), 1);
    std::fs::write(folder.join("one.json"), "mine").expect("written");
    std::fs::remove_file(folder.join("one.json.journal")).expect("removed");
    let said = ends(folder, &sweep("30", "one.json", &[]), 5);
    assert!(said.contains("one.json is there already and differs"), "{said}");
    assert_eq!(read(folder, "one.json"), "mine");
    // Nothing was run in vain: the journal has it all.
    let said = ends(folder, &sweep("30", "one.json", &["--resume"]), 1);
    assert!(said.contains("Went on after 30 runs"), "{said}");
}

#[test]
fn a_time_ends_a_sweep_and_threads_do_not_show() {
    let folder = folder();
    let folder = folder.path();
    let timed = ["sweep", "rapid-stages", "--time", "1s", "--json", "timed.json"];
    assert!(matches!(wavetank(folder, &timed).status.code(), Some(0 | 3)));
    let report: Value = serde_json::from_str(&read(folder, "timed.json")).expect("JSON");
    assert!(report["runs"].as_u64() > Some(0) && report["sweep"]["runs"].is_null());
    for (threads, file) in [("1", "1.json"), ("3", "3.json")] {
        let args = ["sweep", "rapid-stages", "--runs", "50", "--threads", threads, "--json", file];
        assert!(matches!(wavetank(folder, &args).status.code(), Some(0 | 3)));
    }
    assert_eq!(read(folder, "1.json"), read(folder, "3.json"));
    let said = ends(folder, &["sweep", "rapid-stages", "--runs", "2", "--time", "1s"], 2);
    assert!(said.contains("cannot be used with"), "{said}");
    ends(folder, &["sweep", "rapid-stages"], 2);
    for wrong in ["3", "s", "3 x", "-3s", "3d", "9999999999999999999h"] {
        let said = ends(folder, &["sweep", "rapid-stages", &format!("--time={wrong}")], 2);
        assert!(said.contains("such as 90s, 15min or 8h"), "{said}");
    }
    ends(folder, &["sweep", "rapid-stages", "rapid-stages", "--runs", "2"], 2);
}

#[test]
fn a_promise_that_is_not_kept_counts_only_where_all_shards_are_there() {
    let folder = folder();
    let folder = folder.path();
    // Two runs are too few for the store to fail.
    let args = ["sweep", "store-trouble", "--runs", "2", "--seed", "1", "--json"];
    for (shard, file) in [("1/2", "1.json"), ("2/2", "2.json")] {
        ends(folder, &[&args[..], &[file, "--shard", shard]].concat(), 0);
    }
    let said = ends(folder, &["merge", "1.json", "2.json"], 3);
    assert!(
        said.contains("store-trouble never reached store-failed: the sweep proves nothing"),
        "{said}"
    );
}
