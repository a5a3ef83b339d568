//! The audit of a policy: run every scenario, find what breaks, find why, try the remedy, and
//! go on with the remedies applied, so that what was hidden behind a flaw comes out.

mod campaign;
mod evidence;
mod findings;
mod json;
mod render;
mod save;
mod score;

use wavetank::digest::{Digest, Digester};
use wavetank::explore::{Case, Difference, MarkError, Pool};
use wavetank::invariant::Violation;
use wavetank_models::catalogue::{Entry, Severity};
use wavetank_models::policy::{Knob, Patch, PolicyFile};
use wavetank_models::{Config, DocSync};

pub(crate) use campaign::broken;
pub use campaign::{Campaign, Tally};
pub use findings::is_chaotic;
pub use json::to_json;
pub use render::{category, to_document};
pub use save::{SaveError, folder, save};
pub(crate) use save::{fix_text, write};
pub use score::{Demand, demands, tenths};

use crate::conformance::Checked;

/// Remedies are applied and looked behind at most this often.
const ROUNDS: usize = 10;

/// How an audit is run.
pub struct Options<'a> {
    /// Runs of a cheap scenario; dear ones have fewer.
    pub seeds: u64,
    /// The threads to run on.
    pub pool: &'a Pool,
    /// Told of progress: what is being done, and one more step of how many.
    pub progress: &'a (dyn Fn(Progress) + Sync),
}

/// What an audit is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A campaign of this many runs begins.
    Campaign(usize, u64),
    /// This many of its runs begin for the second time.
    Rechecking(u64),
    /// One more run is done.
    Run,
    /// Causes and small cases are being looked for.
    Searching(usize),
}

/// Whether a finding contradicts the system's own documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The system documents that this does not happen.
    BreaksPromise,
    /// The system promises less than the objectives demand.
    PromisesLess,
}

/// One thing that is wrong with a policy, and what was tried against it.
pub struct Finding {
    /// What it is called: the names of its failure modes in the catalogue.
    pub id: String,
    /// In a few words.
    pub title: String,
    /// Whether it breaks a promise.
    pub kind: Kind,
    /// How bad it is.
    pub severity: Severity,
    /// The invariant that it breaks.
    pub invariant: String,
    /// Others that it breaks too.
    pub also: Vec<String>,
    /// The scenario of the small case.
    pub scenario: String,
    /// The seed that the small case came from.
    pub seed: u64,
    /// The small case.
    pub case: Case<DocSync>,
    /// The digest of the small case's run.
    pub digest: Digest,
    /// What is seen in the small case.
    pub violation: Violation,
    /// Runs that broke the invariant, of how many in the scenarios where any did.
    pub failing: (u64, u64),
    /// The smallest set of changes that was found to mend it.
    pub changes: Vec<Knob>,
    /// The same as a patch.
    pub fix: Patch,
    /// Independent failing cases that the fix mended, of how many it was tried on.
    pub mended: (usize, usize),
    /// Findings whose remedies had been applied before this one showed.
    pub behind: Vec<String>,
    /// The failure modes of the changes.
    pub entries: Vec<&'static Entry>,
}

/// An invariant that was broken and for which no remedy was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Unexplained {
    /// Which.
    pub invariant: String,
    /// Where it was broken.
    pub scenario: String,
    /// A seed of that scenario that breaks it.
    pub seed: u64,
    /// The case of that seed, with what was mended by then.
    pub case: Case<DocSync>,
    /// How many runs broke it.
    pub failing: u64,
}

/// All that an audit found out.
pub struct Audit {
    /// The policy.
    pub file: PolicyFile,
    /// Runs of a cheap scenario per campaign.
    pub seeds: u64,
    /// All runs of all campaigns.
    pub runs: u64,
    /// How many of them were made twice, and came to the same.
    pub rechecked: u64,
    /// A digest over the digests of all of them, in order.
    pub digest: Digest,
    /// The score in tenths, 0 to 100.
    pub score: u64,
    /// What the first campaign came to, by scenario.
    pub tallies: Vec<Tally>,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
    /// What is wrong and not explained.
    pub unexplained: Vec<Unexplained>,
    /// Differences from the reference that no finding rests on.
    pub harmless: Vec<Knob>,
    /// Marks that a scenario promises and that it never reached, in no campaign: where a flaw
    /// hides a state, the remedy has to uncover it.
    pub unreached: Vec<(String, String)>,
    /// The documentation's statements, and what the model did.
    pub conformance: Vec<Checked>,
}

impl Audit {
    /// Whether something is not proved, since what it rests on was never reached.
    pub fn is_vacuous(&self) -> bool {
        !self.unreached.is_empty()
    }
}

/// Why an audit says nothing of its policy.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// Two runs of one case differ: nothing that was found could be relied on.
    #[error(transparent)]
    Differs(#[from] Box<Difference>),
    /// The models or the scenarios have a mark that is not in the catalogue.
    #[error(transparent)]
    Mark(#[from] MarkError),
}

/// Audits a policy.
///
/// # Errors
/// A mistake in the models or the scenarios.
pub fn audit(file: PolicyFile, options: &Options<'_>) -> Result<Audit, AuditError> {
    let mut config = file.config();
    let mut digester = Digester::default();
    let (mut runs, mut rechecked) = (0, 0);
    let mut first: Option<Campaign> = None;
    let mut findings: Vec<Finding> = Vec::new();
    let mut left = Vec::new();
    let mut unreached: Option<Vec<(String, String)>> = None;
    for round in 0..ROUNDS {
        let campaign = Campaign::run(&config, options, round)?;
        digester.value(&campaign.digest);
        runs += campaign.runs();
        rechecked += campaign.rechecked;
        let missing = campaign.unreached();
        unreached.get_or_insert_with(|| missing.clone()).retain(|one| missing.contains(one));
        (options.progress)(Progress::Searching(round));
        let behind: Vec<String> = findings.iter().map(|finding| finding.id.clone()).collect();
        let (found, unexplained, searched) =
            findings::explain(&config, &campaign, &file, &behind, options);
        runs += searched;
        left = unexplained;
        first.get_or_insert(campaign);
        if found.is_empty() {
            break;
        }
        config = repaired(&config, &found);
        findings.extend(found);
    }
    let first = first.expect("at least one campaign was run");
    let unexplained = left.iter().map(|one| score::severity(&one.invariant));
    let found: Vec<_> = findings.iter().map(|one| one.severity).chain(unexplained).collect();
    let score = tenths(&first.tallies, &found);
    let conformance = crate::conformance::check(&file.config(), &file.document.conformance);
    findings.sort_by(|a, b| (a.severity, a.kind, &a.id).cmp(&(b.severity, b.kind, &b.id)));
    Ok(Audit {
        seeds: options.seeds,
        runs,
        rechecked,
        digest: digester.finish(),
        score,
        unreached: unreached.unwrap_or_default(),
        tallies: first.tallies,
        harmless: config.differences(),
        unexplained: left,
        findings,
        conformance,
        file,
    })
}

/// The configuration with the remedies of findings applied. One that cannot work beside those
/// before it is left out, and its finding shows again with another.
fn repaired(config: &Config, findings: &[Finding]) -> Config {
    findings
        .iter()
        .fold(config.clone(), |config, finding| config.patched(&finding.fix).unwrap_or(config))
}
