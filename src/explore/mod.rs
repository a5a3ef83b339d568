//! From seeds to cases to outcomes: one run, many runs in parallel, shrinking.

mod case;
#[cfg(feature = "arbitrary")]
mod drawn;
mod guided;
mod marks;
mod recheck;
mod rejudge;
mod repair;
mod run;
mod scenario;
mod schema;
mod shrink;
mod stopwatch;
mod sweep;
mod sweeps;
mod watchdog;
mod workload;

pub use case::{Case, CaseError, Operation, Origin};
#[cfg(feature = "arbitrary")]
pub use drawn::Drawn;
pub use guided::{Guided, Happened, State, Touched, Tried, touched};
pub use marks::{MarkError, Marks, check_promises};
pub use recheck::{Difference, Parting, is_rechecked, recheck, recheck_runs, share};
pub use rejudge::rejudge;
pub use repair::{Cause, EVIDENCE, causes};
pub use run::{Fidelity, Outcome, Recording, Verdict, run, run_at, run_recorded, run_recorded_at};
pub use scenario::{Scenario, case_of_seed};
pub use schema::Schema;
pub use shrink::{Shrunk, Slid, shrink, shrink_where};
pub(crate) use stopwatch::Stopwatch;
pub use sweep::{Pool, parallel};
pub use sweeps::{
    Broken, JournalError, MergeError, ReportError, Shard, ShardError, Shards, Sweep, SweepEnd,
    SweepError, SweepPlan, SweepProgress, SweepReport, SweepTally, SweptScenario, merge_sweeps,
};
pub use watchdog::{Late, Watchdog};
pub use workload::{Shape, Work, Workload, operations, quiet_phases, work};
