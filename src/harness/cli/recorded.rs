//! `check`: a recording of a real system, judged by invariants.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::cases::known;
use super::progress::Bar;
use super::{CliError, Tool, print, read, say};
use crate::harness::Exit;
use crate::invariant::{Judged, shipped};
use crate::objectives::Objectives;
use crate::recorded::{
    BadLine, Checked, Checker, Finding, Form, Limits, Lines, Mapping, Options, Verdict,
};
use crate::report::Document;

/// The most lines that are complained of before the check gives up.
const BAD_LINES_MAX: usize = 20;

/// How often the bar moves, in lines.
const BAR_LINES: u64 = 1 << 12;

/// How the report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For people: coloured on a terminal, plain in a pipe.
    Text,
    /// For programs.
    Json,
}

/// Arguments of `check`.
#[derive(Args)]
pub struct CheckArgs {
    /// A recording in JSON Lines: records of the engine, or lines of another system. `-` reads
    /// standard input.
    #[arg(value_name = "HISTORY")]
    file: PathBuf,
    /// A TOML file that says how the lines of another system are read. Without one, they are read
    /// as the recorders write them.
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Look at this invariant only; may be given several times. `list` shows them.
    #[arg(long, value_name = "NAME")]
    invariant: Vec<String>,
    /// A TOML file with what the application demands. Without one, invariants that judge by
    /// durations of the reference are not checked.
    #[arg(long, value_name = "FILE")]
    objectives: Option<PathBuf>,
    /// The recording begins while the system was running: take what clients have when they are
    /// first seen as it is.
    #[arg(long)]
    midway: bool,
    /// Operations that are remembered. What an older one does again goes unseen.
    #[arg(long, value_name = "OPERATIONS", default_value_t = Limits::default().window,
          value_parser = clap::value_parser!(u32).range(100..))]
    window: u32,
    /// How the report is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: ReportFormat,
}

pub(super) fn check<P: Judged>(tool: &dyn Tool<P>, args: &CheckArgs) -> Result<Exit, CliError> {
    let mapping: Option<Mapping> = args.mapping.as_deref().map(toml_of).transpose()?;
    if let (Some(mapping), Some(path)) = (&mapping, &args.mapping) {
        mapping.check().map_err(|message| input(path, message))?;
    }
    let objectives: Option<Objectives> = args.objectives.as_deref().map(toml_of).transpose()?;
    let own_objectives = objectives.is_some();
    let objectives = objectives.unwrap_or_default();
    let own = P::invariants(&objectives).history;
    let invariants = [own, shipped(&objectives, |field| field.to_string(), None)];
    if !args.invariant.is_empty() {
        let all: Vec<_> = invariants.iter().flatten().map(|one| one.name()).collect();
        known(&args.invariant, &all).map_err(|message| {
            CliError::Input(format!("{message} (`{} list` shows them)", tool.name()))
        })?;
    }
    let limits = Limits { window: args.window, ..Limits::default() };
    let (only, midway) = (args.invariant.clone(), args.midway);
    let options = Options { only, own_objectives, midway, limits };
    let (checked, bad) = stream(args, Checker::new(mapping, options, invariants))?;
    if !bad.is_empty() {
        return Err(bad_lines(&args.file, &bad));
    }
    match args.format {
        ReportFormat::Text => print(&report(&checked, args), super::Format::Text)?,
        ReportFormat::Json => say(&format!("{:#}\n", as_json(&checked, &args.invariant)))?,
    }
    Ok(exit_of(&checked, &args.invariant))
}

/// Feeds all lines of the recording to the checker; gives back the lines that are none.
fn stream(args: &CheckArgs, mut checker: Checker) -> Result<(Checked, Vec<BadLine>), CliError> {
    let unreadable = |source| {
        let path = args.file.display().to_string();
        CliError::Read { path, source }
    };
    let stdin = args.file.as_os_str() == "-";
    let (source, size): (Box<dyn BufRead>, u64) = if stdin {
        (Box::new(std::io::stdin().lock()), 0)
    } else {
        let file = File::open(&args.file).map_err(unreadable)?;
        let size = file.metadata().map_or(0, |about| about.len());
        (Box::new(BufReader::with_capacity(1 << 16, file)), size)
    };
    let bar = Bar::new().styled("{wide_bar} {msg}, {eta} left");
    let mut lines = Lines::new(source);
    let (mut bad, mut number) = (Vec::new(), 0_u64);
    loop {
        let bytes = lines.bytes();
        let Some(line) = lines.next_line().map_err(unreadable)? else { break };
        number += 1;
        if let Err(error) = checker.line(line) {
            bad.push(error);
            if bad.len() == BAD_LINES_MAX {
                break;
            }
        }
        if number.is_multiple_of(BAR_LINES) {
            bar.tell(size.max(bytes), bytes, || format!("{number} lines"));
        }
    }
    bar.done();
    Ok((checker.finish(), bad))
}

/// Says what is wrong with each bad line, and gives back how many there are.
fn bad_lines(file: &Path, bad: &[BadLine]) -> CliError {
    let file = file.display();
    for one in bad {
        let _ = writeln!(anstream::stderr(), "{file}: {one}");
    }
    let more = if bad.len() == BAD_LINES_MAX { "; the rest was not read" } else { "" };
    let lines = if bad.len() == 1 { "line" } else { "lines" };
    CliError::Input(format!("{file}: {} {lines} cannot be used{more}", bad.len()))
}

fn input(path: &Path, message: impl std::fmt::Display) -> CliError {
    CliError::Input(format!("{}: {message}", path.display()))
}

/// What a TOML file says, or where it is wrong.
fn toml_of<T: for<'de> serde::Deserialize<'de>>(path: &Path) -> Result<T, CliError> {
    let text = read(path)?;
    toml::from_str(&text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start).min(text.len());
        let before = text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |part| part.chars().count()) + 1;
        let path = path.display();
        CliError::Input(format!("{path}: line {line}, column {column}: {}", error.message()))
    })
}

/// What a recording lacks that is not of the protocol itself.
const OWN_TERMS: &str = "a recording in the protocol's own terms";

/// A check that could look at nothing, or not at all that was named, proves nothing.
fn exit_of(checked: &Checked, named: &[String]) -> Exit {
    let findings = &checked.findings;
    if findings.iter().any(|one| matches!(one.verdict, Verdict::Broken(_))) {
        return Exit::Violated;
    }
    let held: Vec<_> = findings.iter().filter(|one| one.verdict == Verdict::Held).collect();
    let all = named.iter().all(|name| held.iter().any(|one| one.invariant == *name));
    if all && !held.is_empty() { Exit::Held } else { Exit::Vacuous }
}

/// The invariants that were named and are of the protocol's own terms, which the recording does
/// not have.
fn foreign<'a>(checked: &Checked, named: &'a [String]) -> Vec<&'a str> {
    let is_judged = |name: &&String| checked.findings.iter().any(|one| one.invariant == **name);
    named.iter().filter(|name| !is_judged(name)).map(String::as_str).collect()
}

/// A report for people.
fn report(checked: &Checked, args: &CheckArgs) -> Document {
    let mut document = Document::default();
    document.heading(2, format!("Check of {}", args.file.display()));
    let mut held = Vec::new();
    // By what is missing: whoever adds one fact to a log wants to know what that is good for.
    let mut unchecked: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let foreign = foreign(checked, &args.invariant);
    if !foreign.is_empty() {
        unchecked.insert(OWN_TERMS.to_owned(), foreign);
    }
    for Finding { invariant, statement, verdict } in &checked.findings {
        match verdict {
            Verdict::Held => held.push((*invariant).to_owned()),
            Verdict::Unchecked(lacks) => {
                unchecked.entry(lacks.join("; and ")).or_default().push(invariant);
            }
            Verdict::Broken(breach) => {
                let node = breach.node.as_ref().map_or(String::new(), |node| format!(" at {node}"));
                document.text(format!("{invariant} is broken: {statement}"));
                let (line, at, message) = (breach.line, breach.at, &breach.message);
                document.code(format!("line {line}, {at}{node}: {message}"));
            }
        }
    }
    if checked.findings.iter().all(|one| matches!(one.verdict, Verdict::Unchecked(_))) {
        document.text("Nothing could be checked, so nothing is known.");
    }
    if !held.is_empty() {
        document.heading(3, "Held").text(held.join(", "));
    }
    if !unchecked.is_empty() {
        let points = unchecked
            .iter()
            .map(|(lacks, names)| format!("for want of {lacks}: {}", names.join(", ")));
        document.heading(3, "Not checked").list(points);
    }
    let form = match checked.form {
        Some(Form::Records) => "records",
        Some(Form::Foreign) => "mapped lines",
        None => "no line",
    };
    let (observations, length) = (checked.observations, checked.length);
    document.field("Read", format!("{observations} observations ({form}) over {length}"));
    if checked.skipped > 0 {
        document.field("Passed over", format!("{} lines, as the mapping says", checked.skipped));
    }
    if checked.backwards > 0 {
        let lines = checked.backwards;
        document.field("Out of order", format!("{lines} lines with a time before the line before"));
    }
    document
}

/// The same for programs. The fields do not change.
fn as_json(checked: &Checked, named: &[String]) -> serde_json::Value {
    let of = |wanted: fn(&Finding) -> Option<serde_json::Value>| -> Vec<_> {
        checked.findings.iter().filter_map(wanted).collect()
    };
    let violations = of(|finding| match &finding.verdict {
        Verdict::Broken(breach) => Some(json!({
            "invariant": finding.invariant,
            "statement": finding.statement,
            "line": breach.line,
            "at": breach.at,
            "node": breach.node,
            "message": breach.message,
        })),
        _ => None,
    });
    let held = of(|finding| (finding.verdict == Verdict::Held).then(|| finding.invariant.into()));
    let mut unchecked = of(|finding| match &finding.verdict {
        Verdict::Unchecked(lacks) => {
            Some(json!({ "invariant": finding.invariant, "needs": lacks }))
        }
        _ => None,
    });
    let foreign = foreign(checked, named).into_iter();
    unchecked.extend(foreign.map(|name| json!({ "invariant": name, "needs": [OWN_TERMS] })));
    let verdict = match exit_of(checked, named) {
        Exit::Violated => "violated",
        Exit::Held => "held",
        _ => "unknown",
    };
    json!({
        "verdict": verdict,
        "violations": violations,
        "held": held,
        "not_checked": unchecked,
        "observations": checked.observations,
        "skipped": checked.skipped,
        "backwards": checked.backwards,
        "length": checked.length,
    })
}
