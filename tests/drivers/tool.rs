//! A stranger's `main`: every command for a protocol of her own, in one call.

use std::ffi::OsString;
use std::path::Path;

use crate::board::{Board, Config};
use crate::typing::Typing;
use wavetank::explore::Case;
use wavetank::harness::Exit;
use wavetank::harness::cli::run;

/// What the process would end with.
fn tool(config: &Config, words: &[&str]) -> Exit {
    let arguments = std::iter::once("board-tool").chain(words.iter().copied());
    run(&[&Typing], config, arguments.map(OsString::from))
}

const DEAF: Config = Config { limit: 10, deaf: true, mistake: None, longest: 1 << 20 };

fn read(path: &Path) -> Case<Board> {
    Case::from_json(&std::fs::read_to_string(path).expect("it was written")).expect("a case")
}

#[test]
fn a_case_is_run_saved_shrunk_replayed_and_mended() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (case, small, fix) = (path("case.json"), path("small.json"), path("fix.json"));
    assert_eq!(tool(&DEAF, &["run", "typing", "--seed", "0", "--save", &case]), Exit::Violated);
    assert_eq!(tool(&DEAF, &["shrink", &case, "--out", &small]), Exit::Violated);
    assert_eq!(tool(&DEAF, &["replay", &small]), Exit::Violated);
    let (case, small_case) = (read(Path::new(&case)), read(Path::new(&small)));
    assert!(small_case.operations.len() < case.operations.len());
    std::fs::write(&fix, "{\"deaf\": false}").expect("written");
    assert_eq!(tool(&DEAF, &["replay", &small, "--patch", &fix]), Exit::Held);
}

#[test]
fn a_configuration_of_a_file_takes_the_place_of_the_usual_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config.json");
    let written = |text: &str| std::fs::write(&file, text).expect("written");
    let run = ["run", "typing", "--config", file.to_str().expect("a name")];
    written("{\"limit\": 10, \"deaf\": false}");
    assert_eq!(tool(&DEAF, &run), Exit::Held);
    written("{\"limit\": 10, \"deaf\": true}");
    assert_eq!(tool(&Config::default(), &run), Exit::Violated);
    written("{\"limit\": 10}");
    assert_eq!(tool(&Config::default(), &run), Exit::Usage);
}

#[test]
fn seeds_are_swept_and_shards_become_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let sweep = |shard: &str, json: &str| {
        let words = ["sweep", "typing", "--runs", "60", "--shard", shard, "--json", json];
        tool(&Config::default(), &words)
    };
    let (one, two, all, merged) = (path("1"), path("2"), path("all"), path("merged"));
    assert_eq!(sweep("1/2", &one), Exit::Held);
    assert_eq!(sweep("2/2", &two), Exit::Held);
    assert_eq!(sweep("1/1", &all), Exit::Held);
    assert_eq!(tool(&DEAF, &["merge", &two, &one, "--json", &merged]), Exit::Held);
    let text = |path: &str| std::fs::read_to_string(path).expect("a report");
    assert_eq!(text(&merged), text(&all));
}

#[test]
fn an_exploration_keeps_what_is_new_and_goes_on_from_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (corpus, found) = (path("corpus"), path("found"));
    let explore = |config: &Config, seed: &str| {
        let words = ["explore", "typing", "--runs", "60", "--seed", seed, "--corpus", &corpus];
        tool(config, &[&words[..], &["--out", &found]].concat())
    };
    let count = |folder: &str| std::fs::read_dir(folder).expect("a folder").count();
    assert_eq!(explore(&Config::default(), "1"), Exit::Held);
    let (cases, findings) = (count(&corpus), count(&found));
    assert!(cases > 3 && findings == 0, "{cases} cases and {findings} findings");
    assert_eq!(explore(&DEAF, "2"), Exit::Violated);
    assert!(count(&corpus) >= cases && count(&found) >= 1);
    for entry in std::fs::read_dir(&found).expect("a folder") {
        let path = entry.expect("an entry").path();
        let replay = ["replay", path.to_str().expect("a name")];
        assert_eq!(tool(&DEAF, &replay), Exit::Violated, "{}", path.display());
    }
}

#[test]
fn what_is_foreign_or_wrong_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("case.json");
    std::fs::write(&file, "{\"format\": 1, \"protocol\": \"chess\"}").expect("written");
    let name = file.to_str().expect("a name");
    for words in [
        &["replay", name][..],
        &["run", "tiping"],
        &["run"],
        &["sweep"],
        &["shrink", "nowhere.json"],
        &["run", "typing", "--config", name],
    ] {
        assert_eq!(tool(&Config::default(), words), Exit::Usage, "{words:?}");
    }
    assert_eq!(tool(&Config::default(), &["--help"]), Exit::Held);
    assert_eq!(tool(&Config::default(), &["list", "--format", "json"]), Exit::Held);
}
