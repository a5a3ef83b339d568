//! Checking a protocol under `cargo test`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::case_files;
use super::failure::{Broken, Failure};
use super::invocation::Invocation;
use super::settings::Settings;
use crate::explore::{
    Case, Marks, Outcome, Pool, Scenario, Stopwatch, Verdict, Watchdog, case_of_seed,
    check_promises, is_rechecked, parallel, recheck, run, run_recorded, shrink,
};
use crate::invariant::{Judged, Suite};
use crate::report::trace;

/// New cases, unless the test or the environment says otherwise.
const CASES: u64 = 256;
/// Cases that are made before anybody looks at them. The first failure is that of the lowest
/// seed, whatever this is.
const BATCH: u64 = 64;
/// Runs that shrinking may take.
const BUDGET: u64 = 1000;
/// A run takes milliseconds. One that takes this long most likely never ends.
const LATE: Duration = Duration::from_secs(60);

/// Checks a protocol in a scenario: replays the regressions that were saved for it, then runs
/// new cases. The environment may ask for others: [`Settings`].
///
/// ```
/// # use wavetank::{explore::Scenario, invariant::Judged};
/// # fn example<P: Judged<Config = ()>>(resets: &dyn Scenario<P>) {
/// wavetank::check(resets, &());
/// # }
/// ```
///
/// # Panics
/// If an invariant is broken, a node panics, the same case comes to two outcomes, or a mark that
/// the scenario promises is never reached. The message is the bug report.
#[track_caller]
pub fn check<P: Judged>(scenario: &dyn Scenario<P>, config: &P::Config) {
    Check::new(scenario, config).assert();
}

/// A check that is told more.
pub struct Check<'a, P: Judged> {
    scenario: &'a dyn Scenario<P>,
    config: &'a P::Config,
    cases: u64,
    settings: Option<Settings>,
    folder: Option<PathBuf>,
    invocation: Invocation,
}

/// What a check that passes did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Saved cases that were replayed.
    pub replayed: u64,
    /// New cases.
    pub cases: u64,
    /// Cases of both sorts that were run twice, and came to the same.
    pub twice: u64,
}

impl<'a, P: Judged> Check<'a, P> {
    /// A check of 256 new cases.
    pub fn new(scenario: &'a dyn Scenario<P>, config: &'a P::Config) -> Self {
        let invocation = Invocation::of_process();
        Self { scenario, config, cases: CASES, settings: None, folder: None, invocation }
    }

    /// Makes so many new cases, unless `WAVETANK_CASES` or `WAVETANK_TIME` says otherwise.
    #[must_use]
    pub fn cases(mut self, cases: u64) -> Self {
        self.cases = cases;
        self
    }

    /// Takes these settings, and not those of the environment.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = Some(settings);
        self
    }

    /// Keeps regressions in this folder, and not in `tests/cases` of the package.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Runs, and panics as [`check`] does.
    ///
    /// # Panics
    /// With the failure, if there is one.
    #[track_caller]
    pub fn assert(self) {
        if let Err(failure) = self.run() {
            panic!("{failure}");
        }
    }

    /// Runs.
    ///
    /// # Errors
    /// The first failure: of the saved cases by their names, then of the lowest seed.
    pub fn run(self) -> Result<Checked, Failure> {
        let settings = match &self.settings {
            Some(settings) => settings.clone(),
            None => Settings::from_env()?,
        };
        check_promises(&[self.scenario])?;
        let _watchdog = Watchdog::new(LATE, |late| {
            let _ = writeln!(std::io::stderr(), "{late}");
        });
        let mut checked = Checked::default();
        if let Some(path) = &settings.case {
            self.replay(path, true, &settings, &mut checked)?;
            return Ok(checked);
        }
        for path in self.saved()? {
            self.replay(&path, false, &settings, &mut checked)?;
        }
        self.explore(&settings, &mut checked)?;
        if settings.verbose {
            let Checked { replayed, cases, twice } = checked;
            let name = self.scenario.name();
            let _ = writeln!(
                std::io::stderr(),
                "{name}: {cases} new cases and {replayed} saved ones held; {twice} of them twice"
            );
        }
        Ok(checked)
    }

    fn home(&self) -> PathBuf {
        self.folder.clone().unwrap_or_else(|| self.invocation.package.join("tests/cases"))
    }

    /// The saved cases, in the order of their names.
    fn saved(&self) -> Result<Vec<PathBuf>, Failure> {
        let home = self.home();
        if !home.is_dir() {
            return Ok(Vec::new());
        }
        case_files(&home).map_err(|source| Failure::Unreadable { path: home, source })
    }

    /// Replays a file. One of the folder may be another check's; then it is left to that. It is
    /// run with this check's configuration, since that is what has been mended meanwhile.
    fn replay(
        &self,
        path: &Path,
        named: bool,
        settings: &Settings,
        checked: &mut Checked,
    ) -> Result<(), Failure> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| Failure::Unreadable { path: path.to_owned(), source })?;
        if !named && !is_for::<P>(&text, self.scenario.name()) {
            return Ok(());
        }
        let mut case = Case::<P>::from_json(&text)
            .map_err(|source| Failure::Case { path: path.to_owned(), source })?;
        case.config = self.config.clone();
        case.invariants = None;
        let outcome = run(&case);
        let found = format!("Found by replaying {}.", self.invocation.short(path).display());
        if named && outcome.verdict.held() {
            let _ = writeln!(std::io::stderr(), "{}: the case holds", path.display());
        }
        self.again(&case, &outcome, settings.check_determinism, checked)?;
        self.judge(&case, &outcome, found, Some(path), named)?;
        checked.replayed += 1;
        Ok(())
    }

    fn explore(&self, settings: &Settings, checked: &mut Checked) -> Result<(), Failure> {
        let pool = Pool::new(settings.threads.unwrap_or(0));
        let started = Stopwatch::start();
        let (first, count) = (settings.seed.unwrap_or(0), settings.cases.unwrap_or(self.cases));
        let goes_on = |done: u64| match settings.time {
            Some(time) => started.passed() < time,
            None => done < count,
        };
        let mut marks = Marks::new::<P>();
        while goes_on(checked.cases) {
            let left = if settings.time.is_some() { BATCH } else { count - checked.cases };
            let seeds: Vec<u64> = (checked.cases..checked.cases + left.min(BATCH))
                .map(|nth| first.wrapping_add(nth))
                .collect();
            let case = |seed: &u64| case_of_seed(self.scenario, self.config, *seed);
            let outcomes = parallel(&pool, &seeds, |seed| run(&case(seed)), || ());
            for (seed, outcome) in seeds.iter().zip(&outcomes) {
                marks.add(outcome)?;
                let share = is_rechecked(self.scenario.name(), *seed);
                let twice = share || settings.check_determinism;
                if twice || !outcome.verdict.held() {
                    let case = case(seed);
                    self.again(&case, outcome, twice, checked)?;
                    let nth = seed.wrapping_sub(first) + 1;
                    let found = format!("Found by seed {seed}, case {nth} of this run.");
                    self.judge(&case, outcome, found, None, false)?;
                }
            }
            checked.cases += seeds.len() as u64;
        }
        // Whoever asks for fewer cases than the test needs does not ask whether they suffice.
        let missing = marks.unreached(self.scenario);
        if checked.cases >= self.cases && !missing.is_empty() {
            let (scenario, cases) = (self.scenario.name(), checked.cases);
            return Err(Failure::Vacuous { scenario, cases, marks: missing });
        }
        Ok(())
    }

    fn again(
        &self,
        case: &Case<P>,
        outcome: &Outcome,
        twice: bool,
        checked: &mut Checked,
    ) -> Result<(), Failure> {
        if twice {
            recheck(case, outcome)?;
            checked.twice += 1;
        }
        Ok(())
    }

    /// Makes a failure of an outcome that is none: shrinks the case and saves it, unless it was
    /// read from a file.
    fn judge(
        &self,
        case: &Case<P>,
        outcome: &Outcome,
        found: String,
        file: Option<&Path>,
        traced: bool,
    ) -> Result<(), Failure> {
        let seed = case.origin.seed.unwrap_or(case.seed);
        let by_seed = || format!("WAVETANK_SEED={seed} WAVETANK_CASES=1");
        let violation = match &outcome.verdict {
            Verdict::Held => return Ok(()),
            Verdict::Panicked(message) => {
                return Err(Failure::Panicked {
                    scenario: self.scenario.name(),
                    seed,
                    message: message.clone(),
                    again: self.invocation.again(&file.map_or_else(by_seed, of_file)),
                });
            }
            Verdict::Violated(all) => all[0].clone(),
        };
        let small = match file {
            Some(_) => None,
            None => shrink(case, &violation.invariant, BUDGET),
        };
        let (mut small, violation, runs, slid) = match small {
            Some(small) => (small.case, small.violation, small.runs, small.slid),
            None => (case.clone(), violation, 0, Vec::new()),
        };
        let also = outcome.verdict.violations().iter().chain(slid.iter().map(|one| &one.violation));
        let also = also.map(|one| one.invariant.clone());
        let also = also.filter(|one| *one != violation.invariant).collect();
        small.origin.breaks = Some(violation.invariant.clone());
        small.origin.digest = Some(run(&small).digest);
        let saved = match file {
            Some(file) => Ok(self.invocation.short(file).to_owned()),
            None => self.save(&small, &violation.invariant),
        };
        let again = saved.as_ref().map_or_else(|_| by_seed(), |path| of_file(path));
        let found = if runs > 0 { format!("{found} Shrunk in {runs} runs.") } else { found };
        let trace = traced.then(|| {
            let (outcome, recording) = run_recorded(&small);
            trace(&small, &outcome, &recording)
        });
        Err(Failure::Broken(Box::new(Broken {
            statement: statement::<P>(&violation.invariant, case),
            violation,
            case: small.in_words(),
            found,
            also,
            saved,
            again: self.invocation.again(&again),
            trace,
        })))
    }

    /// Saves a case among the regressions, under a name that no other case has.
    fn save(&self, case: &Case<P>, invariant: &str) -> Result<PathBuf, String> {
        let (home, text) = (self.home(), case.to_json());
        let name = format!("{}-{invariant}", self.scenario.name());
        let failed = |error: std::io::Error| format!("{}: {error}", home.display());
        std::fs::create_dir_all(&home).map_err(failed)?;
        let mut path = home.join(format!("{name}.json"));
        if std::fs::read_to_string(&path).is_ok_and(|there| there != text) {
            let seed = case.origin.seed.unwrap_or(case.seed);
            path = home.join(format!("{name}-{seed}.json"));
        }
        std::fs::write(&path, text).map_err(failed)?;
        Ok(self.invocation.short(&path).to_owned())
    }
}

fn of_file(path: &Path) -> String {
    format!("WAVETANK_CASE={}", path.display())
}

/// Whether a case file is for a protocol and a scenario. One that cannot be told is for everybody,
/// so that a damaged regression is not passed over.
fn is_for<P: Judged>(text: &str, scenario: &str) -> bool {
    let is_for = |value: serde_json::Value| {
        value["protocol"] == P::NAME && value["origin"]["scenario"] == scenario
    };
    serde_json::from_str(text).map_or(true, is_for)
}

/// What an invariant states.
fn statement<P: Judged>(invariant: &str, case: &Case<P>) -> &'static str {
    let Suite { history, state } = P::invariants(&case.objectives);
    let of_history = history.iter().map(|one| (one.name(), one.statement()));
    let of_state = state.iter().map(|one| (one.name(), one.statement()));
    let known = of_history.chain(of_state).find(|(name, _)| *name == invariant);
    known.map_or("A run comes to its end within its budget of events.", |(_, words)| words)
}
