//! Sweeps of a protocol that the framework knows nothing of.

use crate::toy::{Mistake, Toy, case};
use proptest::strategy::{BoxedStrategy, Just, Strategy};
use wavetank::explore::{
    Case, MergeError, Pool, Scenario, Shard, Sweep, SweepEnd, SweepError, SweepReport, merge_sweeps,
};

struct Named(&'static str);

impl Scenario<Toy> for Named {
    fn name(&self) -> &'static str {
        self.0
    }
    fn about(&self) -> &'static str {
        "A client asks a server."
    }
    fn cases(&self, config: &Mistake) -> BoxedStrategy<Case<Toy>> {
        Just(case(*config)).boxed()
    }
}

fn swept(
    names: &[&'static str],
    config: Mistake,
    seed: u64,
    shard: Shard,
) -> Result<SweepReport, SweepError> {
    let scenarios: Vec<Named> = names.iter().map(|name| Named(name)).collect();
    let scenarios: Vec<&dyn Scenario<Toy>> = scenarios.iter().map(|one| one as _).collect();
    let pool = Pool::new(2);
    let sweep = Sweep {
        scenarios: &scenarios,
        config: &config,
        end: SweepEnd::Runs(101),
        seed,
        shard,
        pool: &pool,
        journal: None,
        resume: false,
    };
    let mut told = Vec::new();
    let report = sweep.run(|progress| told.push(*progress));
    if let (Ok(report), Some(last)) = (&report, told.last()) {
        assert_eq!((told[0].done, last.done, last.of), (0, report.runs, Some(report.runs)));
    }
    report
}

const NAMES: [&str; 2] = ["one", "other"];

#[test]
fn shards_of_any_protocol_merge_beyond_the_highest_seed() {
    let seed = u64::MAX - 3;
    let whole = swept(&NAMES, Mistake::None, seed, Shard::WHOLE).expect("a report");
    assert_eq!((whole.runs, whole.scenarios[0].runs, whole.scenarios[1].runs), (101, 51, 50));
    assert!(whole.rechecked > 0);
    let part = |number| {
        let shard = Shard::new(number, 3).expect("a shard");
        let report = swept(&NAMES, Mistake::None, seed, shard).expect("a report");
        (shard.to_string(), report)
    };
    let two = merge_sweeps([part(3), part(1)]).expect("a part");
    assert_eq!(two.missing(), [2]);
    assert_eq!(merge_sweeps([part(3), part(1), part(2)]).as_ref(), Ok(&whole));
    assert_eq!(SweepReport::from_json(&whole.to_json()).expect("a report"), whole);
    let foreign = merge_sweeps([part(1), ("whole".to_owned(), whole)]);
    let what = "the number of shards differs: 1 instead of 3".to_owned();
    let (name, first) = ("whole".to_owned(), "1/3".to_owned());
    assert_eq!(foreign, Err(MergeError::Foreign { name, first, what }));
}

#[test]
fn a_run_that_breaks_an_invariant_is_counted_with_its_lowest_seed() {
    let report = swept(&["one"], Mistake::Spins, 40, Shard::WHOLE).expect("a report");
    let broken = &report.scenarios[0].broken["progress"];
    assert_eq!((broken.runs, broken.seed, report.findings()), (101, 40, 1));
    assert!(broken.message.contains("over and over"), "{}", broken.message);
}

#[test]
fn a_sweep_of_runs_that_differ_ends_with_the_difference() {
    let report = swept(&NAMES, Mistake::SharesACounter, 0, Shard::WHOLE);
    assert!(matches!(report, Err(SweepError::Differs(_))), "{report:?}");
}

#[test]
fn a_scenario_that_stands_twice_and_no_scenario_are_refused() {
    let twice = swept(&["one", "one"], Mistake::None, 0, Shard::WHOLE);
    assert!(matches!(twice, Err(SweepError::Twice("one"))), "{twice:?}");
    let none = swept(&[], Mistake::None, 0, Shard::WHOLE);
    assert!(matches!(none, Err(SweepError::Empty)), "{none:?}");
}
