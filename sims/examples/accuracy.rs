//! How well the audit names what is wrong: policies with eight random failure modes of the
//! catalogue each, and what of them the audit names.
//!
//! ```console
//! cargo run --release --package wavetank-sims --example accuracy -- 20
//! ```
//!
//! prints what each policy has and what of it is named, and ends with precision and recall over all
//! of them. A second number says which policy is the first: `-- 10 20` is the policies 20 to 29.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use wavetank::explore::Pool;
use wavetank::rng::{Draw, Rng};
use wavetank_models::Config;
use wavetank_models::catalogue::{Entry, entries};
use wavetank_models::policy::{Document, PolicyFile};
use wavetank_sims::audit::{Options, audit};

/// Failure modes in a policy.
const FLAWS: usize = 8;
/// Runs of a cheap scenario in each campaign.
const SEEDS: u64 = 200;
/// What both figures have to reach, in percent.
const ENOUGH: usize = 95;

/// Eight failure modes, of as many areas as there are, that do not touch the same knob.
fn chosen(number: u64) -> Vec<&'static Entry> {
    let mut rng = Rng::new(Draw::seeded(number).purpose("accuracy"));
    let mut all: Vec<&Entry> = entries().iter().collect();
    let mut flaws: Vec<&Entry> = Vec::new();
    while flaws.len() < FLAWS {
        let of_area = |area: &str| flaws.iter().filter(|one| one.area == area).count();
        let least = all.iter().map(|one| of_area(&one.area)).min().unwrap_or(0);
        let open: Vec<usize> =
            (0..all.len()).filter(|place| of_area(&all[*place].area) == least).collect();
        let entry = all.remove(open[rng.below(open.len() as u64) as usize]);
        if !flaws.iter().any(|one| one.knob == entry.knob) {
            flaws.push(entry);
        }
    }
    flaws
}

/// A policy file with these failure modes in it, unless they contradict each other.
fn policy(flaws: &[&Entry]) -> Option<PolicyFile> {
    let mut config = Config::default();
    for entry in flaws {
        config = config.patched(&entry.as_patch()).ok()?;
    }
    let Config { policy, flaws, .. } = config;
    let document = Document { policy, flaws, ..Document::default() };
    let text = toml::to_string(&document).expect("a policy can be written");
    PolicyFile::parse(&PathBuf::from("eight.toml"), text).ok()
}

/// The policy of a number, and the failure modes in it.
fn drawn(number: u64) -> (PolicyFile, Vec<&'static Entry>) {
    let draws = (0..).map(|attempt| chosen(number << 8 | attempt));
    draws.filter_map(|flaws| Some((policy(&flaws)?, flaws))).next().expect("flaws that go together")
}

fn main() -> ExitCode {
    let number = |place| std::env::args().nth(place).and_then(|word| word.parse::<u64>().ok());
    let (policies, first) = (number(1).unwrap_or(20), number(2).unwrap_or(0));
    let pool = Pool::new(0);
    let (mut planted, mut named, mut right) = (0, 0, 0);
    for number in first..first + policies {
        let (file, flaws) = drawn(number);
        let there: BTreeSet<&str> = flaws.iter().map(|entry| entry.id.as_str()).collect();
        say(&format!("policy {number}: {}", listed(&there.iter().copied().collect::<Vec<_>>())));
        let options = Options { seeds: SEEDS, pool: &pool, progress: &|_| () };
        let audit = audit(file, &options).expect("a campaign that can be relied on");
        let found: BTreeSet<&str> =
            audit.findings.iter().flat_map(|finding| finding.id.split('+')).collect();
        let missed: Vec<&str> = there.difference(&found).copied().collect();
        let wrong: Vec<&str> = found.difference(&there).copied().collect();
        let hits = there.intersection(&found).count();
        planted += there.len();
        named += found.len();
        right += hits;
        say(&format!(
            "  {hits} of {}; missed {}; wrong {}; {} runs, {} unexplained",
            there.len(),
            listed(&missed),
            listed(&wrong),
            audit.runs,
            audit.unexplained.len(),
        ));
    }
    let percent = |part: usize, of: usize| part * 100 / of.max(1);
    let (precision, recall) = (percent(right, named), percent(right, planted));
    say(&format!("precision {precision} % ({right} of {named})"));
    say(&format!("recall {recall} % ({right} of {planted})"));
    if precision >= ENOUGH && recall >= ENOUGH { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

#[expect(clippy::print_stdout, reason = "an example prints")]
fn say(line: &str) {
    println!("{line}");
}
