//! From failing runs to findings: which differences from the reference make them fail, and the
//! smallest case that shows it.

use wavetank::explore::{Case, Cause, EVIDENCE, case_of_seed, causes, parallel, run, shrink_where};
use wavetank::fault::{Fault, FaultKind, LinkFault};
use wavetank::invariant::Violation;
use wavetank_models::catalogue::{self, Entry, Severity};
use wavetank_models::policy::{Knob, Patch, PolicyFile};
use wavetank_models::{Config, DocSync};

use super::campaign::Campaign;
use super::evidence::evidence;
use super::{Finding, Kind, Options, Unexplained};
use crate::scenarios;

/// Runs that the shrinking of one case may take.
const BUDGET: u64 = 400;
/// Of the cases that a fix mends, this many are shrunk, and the smallest is shown.
const CANDIDATES: usize = 2;

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
    let mut suspects: Vec<Suspect> = Vec::new();
    let mut unexplained = Vec::new();
    let mut searched = 0;
    let repaired = |set: &[usize]| repaired(config, &changes, set);
    for invariant in campaign.broken() {
        let (cases, more) = evidence(config, campaign, &invariant, options);
        searched += more;
        let mends = |suspect: &&mut Suspect| {
            let config = repaired(&suspect.cause.changes);
            mends_all(&config, &cases, &invariant, options)
        };
        if let Some(same) = suspects.iter_mut().find(mends) {
            same.also.push(invariant);
            continue;
        }
        let found = causes(options.pool, &cases, &invariant, changes.len(), repaired);
        if found.is_empty() {
            unexplained.extend(unexplained_of(config, campaign, &invariant));
        }
        for cause in found {
            let known = |suspect: &&mut Suspect| suspect.cause.changes == cause.changes;
            if let Some(same) = suspects.iter_mut().find(known) {
                same.also.push(invariant.clone());
                continue;
            }
            let tried = cases.len();
            let cases = cause.cases.iter().map(|case| cases[*case].clone()).collect();
            let invariant = invariant.clone();
            suspects.push(Suspect { invariant, also: Vec::new(), cause, cases, tried });
        }
    }
    let small = parallel(options.pool, &suspects, |one| one.smallest(&changes), || ());
    let findings = suspects.into_iter().zip(small).filter_map(|(suspect, small)| {
        let (case, violation) = small?;
        let mut finding = describe(&suspect, &changes, case, violation, file);
        finding.failing = failing(campaign, &suspect.invariant);
        finding.behind = behind.to_vec();
        Some(finding)
    });
    (findings.collect(), unexplained, searched)
}

/// A cause that was found, and the cases that taking it back mends.
struct Suspect {
    invariant: String,
    also: Vec<String>,
    cause: Cause,
    cases: Vec<Case<DocSync>>,
    tried: usize,
}

/// Whether a configuration holds the invariant in all of the cases, and they are enough to tell:
/// no search could find a better one.
fn mends_all(
    config: &Config,
    cases: &[Case<DocSync>],
    invariant: &str,
    options: &Options<'_>,
) -> bool {
    let judged_by = Some(vec![invariant.to_owned()]);
    let holds = |case: &Case<DocSync>| {
        let case = Case { config: config.clone(), invariants: judged_by.clone(), ..case.clone() };
        run(&case).verdict.held()
    };
    cases.len() >= EVIDENCE && parallel(options.pool, cases, holds, || ()).iter().all(|held| *held)
}

/// A configuration with a set of changes taken back. A set without which the rest cannot work
/// mends nothing.
fn repaired(config: &Config, changes: &[Knob], set: &[usize]) -> Config {
    config.patched(&fix_of(changes, set)).unwrap_or_else(|_| config.clone())
}

fn fix_of(changes: &[Knob], set: &[usize]) -> Patch {
    let mut fix = Patch::default();
    for change in set {
        fix.set(&changes[*change].path, changes[*change].reference.clone());
    }
    fix
}

impl Suspect {
    /// Shrinks a few of the cases that the fix mends, and gives back the smallest. The fix
    /// mends the small case as well.
    fn smallest(&self, changes: &[Knob]) -> Option<(Case<DocSync>, Violation)> {
        let config = repaired(&self.cases.first()?.config, changes, &self.cause.changes);
        let mended = |case: &Case<DocSync>| {
            run(&Case { config: config.clone(), ..case.clone() }).verdict.held()
        };
        let mut cases: Vec<_> = self.cases.iter().collect();
        cases.sort_by_key(|case| (is_chaotic(case), case.topology.nodes.len()));
        // What else a small case breaks, the campaign has found by itself.
        let named = |case: &Case<DocSync>| Case {
            invariants: Some(vec![self.invariant.clone()]),
            ..case.clone()
        };
        let small = cases
            .into_iter()
            .take(CANDIDATES)
            .filter_map(|case| shrink_where(&named(case), &self.invariant, BUDGET, &mended));
        let size = |case: &Case<DocSync>| {
            let steps = case.operations.len() + case.plan.0.len();
            (is_chaotic(case), steps, case.topology.nodes.len())
        };
        let best = small.min_by_key(|small| size(&small.case))?;
        Some((best.case, best.violation))
    }
}

/// Whether single messages are lost, doubled or reordered, which no stream does: nobody's
/// documentation promises anything about that.
pub fn is_chaotic(case: &Case<DocSync>) -> bool {
    let chaos = |fault: &Fault| matches!(fault.kind, FaultKind::Link(LinkFault::Chaos(..)));
    case.plan.0.iter().any(chaos)
}

fn describe(
    suspect: &Suspect,
    changes: &[Knob],
    mut case: Case<DocSync>,
    violation: Violation,
    file: &PolicyFile,
) -> Finding {
    let invariant = &suspect.invariant;
    let fix = fix_of(changes, &suspect.cause.changes);
    let changes: Vec<Knob> =
        suspect.cause.changes.iter().map(|change| changes[*change].clone()).collect();
    let entry = |knob: &Knob| catalogue::of_knob(&knob.path, &knob.value);
    let entries: Vec<&Entry> = changes.iter().filter_map(entry).collect();
    let name = |knob: &Knob| entry(knob).map_or_else(|| knob.path.clone(), |e| e.id.clone());
    let title = |knob: &Knob| entry(knob).map_or_else(|| knob.path.clone(), |e| e.title.clone());
    let join = |words: Vec<String>, with: &str| words.join(with);
    let promised = file.document.promises.iter().any(|promise| promise.invariant == *invariant)
        && !suspect.cases.iter().all(is_chaotic);
    let digest = run(&case).digest;
    case.origin.breaks = Some(invariant.clone());
    case.origin.digest = Some(digest);
    Finding {
        id: join(changes.iter().map(name).collect(), "+"),
        title: join(changes.iter().map(title).collect(), "; "),
        kind: if promised { Kind::BreaksPromise } else { Kind::PromisesLess },
        severity: entries.iter().map(|e| e.severity).min().unwrap_or(Severity::Medium),
        invariant: invariant.clone(),
        also: suspect.also.clone(),
        scenario: case.origin.scenario.clone(),
        seed: case.origin.seed.unwrap_or_default(),
        case,
        digest,
        violation,
        failing: (0, 0),
        changes,
        fix,
        mended: (suspect.cases.len(), suspect.tried),
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

fn unexplained_of(config: &Config, campaign: &Campaign, invariant: &str) -> Option<Unexplained> {
    let tally = campaign.tallies.iter().find(|tally| tally.failing.contains_key(invariant))?;
    let seed = *tally.failing.get(invariant)?.first()?;
    let mut case = case_of_seed(scenarios::named(&tally.scenario)?, config, seed);
    case.origin.digest = Some(run(&case).digest);
    case.origin.breaks = Some(invariant.to_owned());
    Some(Unexplained {
        invariant: invariant.to_owned(),
        scenario: tally.scenario.clone(),
        seed,
        case,
        failing: failing(campaign, invariant).0,
    })
}
