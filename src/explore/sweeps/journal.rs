//! The journal: how far a sweep has come, so that it can be killed at any moment and go on.
//!
//! The first line says which sweep it is of. Each line after it holds all that the sweep has
//! come to so far, so only the last whole line counts, and a line that a kill left unfinished
//! costs no more than its own batch.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::plan::{Shard, SweepPlan};
use super::tally::SweepTally;

/// A journal that has grown beyond this many bytes is written anew with its last line only.
const LONG: u64 = 1 << 20;

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// A sweep was begun there before, and nobody said that it is to go on.
    #[error("{0} is there from a sweep before; resume that, or remove the file")]
    There(String),
    /// Another process is writing it.
    #[error("{0} is being written by another process")]
    Busy(String),
    /// It is of another sweep.
    #[error("{path} is of another sweep: {what}")]
    Other {
        /// Which file.
        path: String,
        /// What differs.
        what: String,
    },
    /// A line, other than the last, is not what was written there.
    #[error("{path}, line {line}: {message}")]
    Damaged {
        /// Which file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
}

/// How far a shard has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    /// Runs of the shard that are done: those from 0 on.
    pub(super) done: u64,
    /// What they came to, by scenario.
    pub(super) scenarios: Vec<SweepTally>,
}

impl State {
    /// Whether it can be a state of this sweep.
    fn fits(&self, plan: &SweepPlan, shard: Shard) -> Result<(), String> {
        let names = plan.scenarios.iter().map(|one| &one.name);
        if !names.eq(self.scenarios.iter().map(|one| &one.scenario)) {
            return Err("other scenarios than in the first line".to_owned());
        }
        let runs = self.scenarios.iter().fold(0, |sum: u64, one| sum.saturating_add(one.runs));
        if runs != self.done || plan.runs.is_some_and(|all| runs > shard.share(all)) {
            return Err(format!("{runs} runs, which cannot be"));
        }
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    shard: Shard,
    sweep: SweepPlan,
}

/// The journal of a shard that is under way. No other process can open it meanwhile.
pub(super) struct Journal {
    file: File,
    path: PathBuf,
    head: String,
    length: u64,
}

impl Journal {
    /// Opens the journal of a shard, and tells how far it has come. Where the file is not
    /// there, it is begun. An unfinished last line is cut off.
    pub(super) fn open(
        path: &Path,
        resume: bool,
        plan: &SweepPlan,
        shard: Shard,
    ) -> Result<(Self, Option<State>), JournalError> {
        let failed = failed(path);
        let open =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = open.map_err(&failed)?;
        lock(&file, path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(&failed)?;
        if !resume && !bytes.is_empty() {
            return Err(JournalError::There(path.display().to_string()));
        }
        let head = line_of(&Head { shard, sweep: plan.clone() });
        let (whole, state) = parse(&bytes, path, plan, shard)?;
        let mut journal = Self { file, path: path.to_owned(), head, length: whole };
        journal.file.set_len(whole).map_err(&failed)?;
        journal.file.seek(SeekFrom::End(0)).map_err(&failed)?;
        if whole == 0 {
            journal.append(&journal.head.clone())?;
        }
        Ok((journal, state))
    }

    /// Adds a line; once this returns, killing the process does not lose it.
    pub(super) fn write(&mut self, state: &State) -> Result<(), JournalError> {
        let line = line_of(state);
        if self.length + line.len() as u64 > LONG {
            return self.renew(&line);
        }
        self.append(&line)
    }

    fn append(&mut self, line: &str) -> Result<(), JournalError> {
        // One call, and no buffer of our own.
        self.file.write_all(line.as_bytes()).map_err(failed(&self.path))?;
        self.length += line.len() as u64;
        Ok(())
    }

    /// Puts a file with one state only in the place of this one, in one step.
    fn renew(&mut self, line: &str) -> Result<(), JournalError> {
        let mut name = self.path.clone().into_os_string();
        name.push(".new");
        let (path, name) = (self.path.clone(), PathBuf::from(name));
        let failed = failed(&path);
        let mut file = File::create(&name).map_err(&failed)?;
        lock(&file, &path)?;
        let text = format!("{}{line}", self.head);
        file.write_all(text.as_bytes()).map_err(&failed)?;
        file.sync_data().map_err(&failed)?;
        std::fs::rename(&name, &path).map_err(&failed)?;
        self.file = file;
        // A single state may itself be long: the next line is due when as much again is there.
        self.length = (text.len() as u64).min(LONG / 2);
        Ok(())
    }
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> JournalError {
    move |source| JournalError::File { path: path.display().to_string(), source }
}

fn lock(file: &File, path: &Path) -> Result<(), JournalError> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(JournalError::Busy(path.display().to_string())),
        // Some file systems have no locks; the journal does without.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

fn line_of<T: Serialize>(value: &T) -> String {
    let mut line = serde_json::to_string(value).expect("names and numbers can be written as JSON");
    line.push('\n');
    line
}

/// How many bytes of a journal are whole lines, and the state that the last of them holds.
fn parse(
    bytes: &[u8],
    path: &Path,
    plan: &SweepPlan,
    shard: Shard,
) -> Result<(u64, Option<State>), JournalError> {
    let name = || path.display().to_string();
    let damaged = |line, message| JournalError::Damaged { path: name(), line, message };
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let mut lines = lines.by_ref().filter(|line| line.ends_with(b"\n")).enumerate().peekable();
    let Some((_, first)) = lines.next() else {
        return Ok((0, None));
    };
    let head: Head =
        serde_json::from_slice(first).map_err(|error| damaged(1, error.to_string()))?;
    let other = |what| JournalError::Other { path: name(), what };
    if let Some(what) = head.sweep.difference(plan) {
        return Err(other(what));
    }
    if head.shard != shard {
        return Err(other(format!("the shard differs: {} instead of {shard}", head.shard)));
    }
    let (mut whole, mut last) = (first.len(), None);
    while let Some((index, line)) = lines.next() {
        let state = serde_json::from_slice(line).map_err(|error| error.to_string());
        match state.and_then(|state: State| state.fits(plan, shard).map(|()| state)) {
            Ok(state) => last = Some(state),
            // What a crash of the whole machine left behind.
            Err(_) if lines.peek().is_none() => break,
            Err(message) => return Err(damaged(index + 1, message)),
        }
        whole += line.len();
    }
    Ok((whole as u64, last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    fn plan() -> SweepPlan {
        let digest = Digest(1);
        SweepPlan {
            format: 1,
            protocol: "none".to_owned(),
            config: digest,
            probe: digest,
            scenarios: vec![],
            runs: None,
            seed: 0,
        }
    }

    #[test]
    fn a_long_journal_is_cut_to_its_last_line_and_held_by_one_process() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        let (mut journal, state) =
            Journal::open(&path, false, &plan(), Shard::WHOLE).expect("a new journal");
        assert_eq!(state, None);
        let state = State { done: 0, scenarios: vec![] };
        let length = || std::fs::metadata(&path).expect("a journal").len();
        let (mut highest, mut cuts) = (0, 0);
        for _ in 0..60_000 {
            let before = length();
            journal.write(&state).expect("written");
            highest = highest.max(length());
            cuts += u64::from(length() < before);
        }
        assert!(highest <= LONG && cuts == 1, "{highest} bytes at most, cut {cuts} times");
        let busy = Journal::open(&path, true, &plan(), Shard::WHOLE);
        assert!(matches!(busy, Err(JournalError::Busy(_))));
        drop(journal);
        let there = Journal::open(&path, false, &plan(), Shard::WHOLE);
        assert!(matches!(there, Err(JournalError::There(_))));
        let again = Journal::open(&path, true, &plan(), Shard::WHOLE).expect("the journal");
        assert_eq!(again.1, Some(state));
    }
}
