//! From failing runs to findings: which differences from the reference make them fail, and the
//! smallest case that shows it.

use wavetank::explore::{Case, Cause, case_of_seed, causes, run, shrink_where};
use wavetank_models::catalogue::{self, Entry, Severity};
use wavetank_models::policy::{Knob, Patch, PolicyFile};
use wavetank_models::{Config, DocSync};

use super::campaign::{Campaign, Tally, broken, runs_of};
use super::{Finding, Kind, Options, Unexplained};
use crate::scenarios;

/// Cases of one invariant that are looked at in the search for causes.
const SAMPLE: usize = 32;
/// Too few failing cases are topped up by this many times the campaign's seeds.
const MORE: u64 = 20;
/// It takes this many independent cases to tell a cause.
const EVIDENCE: usize = 8;
/// Runs that the shrinking of one case may take.
const BUDGET: u64 = 600;
/// Of the cases that a fix mends, this many are shrunk, and the smallest is shown.
const CANDIDATES: usize = 3;

/// Explains what a campaign broke. Gives back the findings, what stays unexplained, and how
/// many further runs were looked at for evidence.
pub(super) fn explain(
    config: &Config,
    campaign: &Campaign,
    file: &PolicyFile,
    behind: &[String],
    options: &Options<'_>,
) -> (Vec<Finding>, Vec<Unexplained>, u64) {
    let changes = config.differences();
    let mut findings: Vec<Finding> = Vec::new();
    let mut unexplained = Vec::new();
    let mut searched = 0;
    for invariant in campaign.broken() {
        let (cases, more) = evidence(config, campaign, &invariant, options);
        searched += more;
        let repair = |case: &Case<DocSync>, set: &[usize]| repaired(case, &changes, set);
        let found = causes(options.pool, &cases, &invariant, changes.len(), repair);
        if found.is_empty() {
            unexplained.extend(unexplained_of(campaign, &invariant));
        }
        for cause in found {
            let known = cause.changes.iter().map(|change| changes[*change].clone()).collect();
            let fix = fix_of(&changes, &cause.changes);
            if let Some(same) = findings.iter_mut().find(|finding| finding.fix == fix) {
                same.also.push(invariant.clone());
                continue;
            }
            let tried = (cause.cases.len(), cases.len());
            let small = smallest(&cases, &cause, &invariant, &repair);
            let Some((case, violation)) = small else { continue };
            let failing = failing(campaign, &invariant);
            let mut finding = describe(&invariant, known, fix, case, violation, file);
            (finding.mended, finding.failing) = (tried, failing);
            finding.behind = behind.to_vec();
            findings.push(finding);
        }
    }
    (findings, unexplained, searched)
}

/// Failing cases of an invariant, taken in turn from the scenarios that have them. Where they
/// are too few, those scenarios are run with further seeds.
fn evidence(
    config: &Config,
    campaign: &Campaign,
    invariant: &str,
    options: &Options<'_>,
) -> (Vec<Case<DocSync>>, u64) {
    let failing = |tally: &Tally| tally.failing.get(invariant).cloned().unwrap_or_default();
    let mut seeds: Vec<(&str, Vec<u64>)> = campaign
        .tallies
        .iter()
        .map(|tally| (tally.scenario.as_str(), failing(tally)))
        .filter(|(_, seeds)| !seeds.is_empty())
        .collect();
    let mut searched = 0;
    let enough = |seeds: &[(&str, Vec<u64>)]| {
        seeds.iter().map(|(_, seeds)| seeds.len()).sum::<usize>() >= EVIDENCE
    };
    for place in 0..seeds.len() {
        let Some(scenario) = scenarios::named(seeds[place].0) else { continue };
        let first = runs_of(scenario, options.seeds);
        for seed in first..first * MORE {
            if enough(&seeds) {
                break;
            }
            searched += 1;
            let outcome = run(&case_of_seed(scenario, config, seed));
            if broken(&outcome).iter().any(|one| one == invariant) {
                seeds[place].1.push(seed);
            }
        }
    }
    let longest = seeds.iter().map(|(_, seeds)| seeds.len()).max().unwrap_or(0);
    let in_turn = (0..longest).flat_map(|nth| {
        seeds.iter().filter_map(move |(name, seeds)| Some((*name, *seeds.get(nth)?)))
    });
    let case = |(name, seed)| Some(case_of_seed(scenarios::named(name)?, config, seed));
    (in_turn.take(SAMPLE).filter_map(case).collect(), searched)
}

/// A case with a set of changes taken back.
fn repaired(case: &Case<DocSync>, changes: &[Knob], set: &[usize]) -> Case<DocSync> {
    let mut case = case.clone();
    let fix = fix_of(changes, set);
    case.config = case.config.patched(&fix).expect("a difference can be taken back");
    case
}

fn fix_of(changes: &[Knob], set: &[usize]) -> Patch {
    let mut fix = Patch::default();
    for change in set {
        fix.set(&changes[*change].path, changes[*change].reference.clone());
    }
    fix
}

/// Shrinks a few of the cases that a fix mends, and gives back the smallest. The fix mends the
/// small case as well.
fn smallest(
    cases: &[Case<DocSync>],
    cause: &Cause,
    invariant: &str,
    repair: &dyn Fn(&Case<DocSync>, &[usize]) -> Case<DocSync>,
) -> Option<(Case<DocSync>, wavetank::invariant::Violation)> {
    let mended = |case: &Case<DocSync>| run(&repair(case, &cause.changes)).verdict.held();
    let small = cause
        .cases
        .iter()
        .take(CANDIDATES)
        .filter_map(|case| shrink_where(&cases[*case], invariant, BUDGET, &mended));
    let size = |case: &Case<DocSync>| {
        (case.operations.len() + case.plan.0.len(), case.topology.nodes.len())
    };
    let best = small.min_by_key(|small| size(&small.case))?;
    Some((best.case, best.violation))
}

fn describe(
    invariant: &str,
    changes: Vec<Knob>,
    fix: Patch,
    mut case: Case<DocSync>,
    violation: wavetank::invariant::Violation,
    file: &PolicyFile,
) -> Finding {
    let entry = |knob: &Knob| catalogue::of_knob(&knob.path, &knob.value);
    let entries: Vec<&Entry> = changes.iter().filter_map(entry).collect();
    let name = |knob: &Knob| entry(knob).map_or_else(|| knob.path.clone(), |e| e.id.clone());
    let title = |knob: &Knob| entry(knob).map_or_else(|| knob.path.clone(), |e| e.title.clone());
    let join = |words: Vec<String>, with: &str| words.join(with);
    let promised = file.document.promises.iter().any(|promise| promise.invariant == invariant);
    let digest = run(&case).digest;
    case.origin.breaks = Some(invariant.to_owned());
    case.origin.digest = Some(digest);
    Finding {
        id: join(changes.iter().map(name).collect(), "+"),
        title: join(changes.iter().map(title).collect(), "; "),
        kind: if promised { Kind::BreaksPromise } else { Kind::PromisesLess },
        severity: entries.iter().map(|e| e.severity).min().unwrap_or(Severity::Medium),
        invariant: invariant.to_owned(),
        also: Vec::new(),
        scenario: case.origin.scenario.clone(),
        seed: case.origin.seed.unwrap_or_default(),
        case,
        digest,
        violation,
        failing: (0, 0),
        changes,
        fix,
        mended: (0, 0),
        behind: Vec::new(),
        entries,
    }
}

/// How many runs broke an invariant, of all in the scenarios where any did.
fn failing(campaign: &Campaign, invariant: &str) -> (u64, u64) {
    let mut total = (0, 0);
    for tally in &campaign.tallies {
        if let Some(seeds) = tally.failing.get(invariant) {
            total = (total.0 + seeds.len() as u64, total.1 + tally.runs);
        }
    }
    total
}

fn unexplained_of(campaign: &Campaign, invariant: &str) -> Option<Unexplained> {
    let tally = campaign.tallies.iter().find(|tally| tally.failing.contains_key(invariant))?;
    Some(Unexplained {
        invariant: invariant.to_owned(),
        scenario: tally.scenario.clone(),
        seed: *tally.failing.get(invariant)?.first()?,
        failing: failing(campaign, invariant).0,
    })
}
