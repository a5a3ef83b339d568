//! An ordinary minute, with all that may go wrong in it.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario, Shape, Work, Workload, quiet_phases, work};
use wavetank::fault::{FaultKind, generate};
use wavetank::objectives::Access;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync, Op};

use super::{SERVER, at, case, clients, edit, give, menu, report, room, wavering};

/// See its [name and what happens](Scenario::about).
#[derive(Clone, Copy, Debug, Default)]
pub struct Mixed;

/// Faults of a case are any number up to this one: two on average.
const FAULTS_MAX: usize = 4;
const SECONDS: u64 = 60;

impl Scenario<DocSync> for Mixed {
    fn name(&self) -> &'static str {
        "mixed"
    }
    fn about(&self) -> &'static str {
        "Three people and a busy pipeline work for a minute, with pauses and all kinds of fault."
    }
    fn cost(&self) -> u64 {
        20
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost", "edit-while-away"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let plan = |signs_in: bool| {
            let menu = menu(3, &faults(signs_in), SECONDS - 1, FAULTS_MAX);
            (Just(signs_in), generate::plan(menu))
        };
        (minute(), proptest::bool::weighted(0.25).prop_flat_map(plan))
            .prop_map(move |(work, (signs_in, plan))| {
                let mut case = case(room(3), &config, SECONDS);
                if signs_in {
                    case.objectives.access = Access::SignedIn;
                }
                case.objectives.ops_per_minute = 60;
                give(&mut case, work);
                case.plan = plan;
                case
            })
            .boxed()
    }
}

/// Every kind but one, and those of credentials only where people have any: no protocol survives a
/// store that says it did what it did not.
fn faults(signs_in: bool) -> Vec<&'static str> {
    const OF_CREDENTIALS: [&str; 4] =
        ["short-lived", "revoked", "refresh-refused", "issuer-silent"];
    let is_possible =
        |kind: &&str| *kind != "store-lying" && (signs_in || !OF_CREDENTIALS.contains(kind));
    FaultKind::NAMES.into_iter().filter(is_possible).chain(["client-crash"]).collect()
}

/// What people and the pipeline do; they are quiet together.
fn minute() -> impl Strategy<Value = Work<Op>> {
    let (from, until) = (at(1), at(SECONDS));
    quiet_phases(from, until).prop_flat_map(move |quiet| {
        let people = Workload {
            must: vec![Shape::Steady],
            may: Vec::new(),
            quiet: quiet.clone(),
            ..Workload::new(clients(3), from, until, Span::millis(1250))
        };
        let pipeline = Workload {
            must: vec![Shape::Steady, Shape::Bursts],
            may: Vec::new(),
            quiet,
            ..Workload::new(vec![SERVER], from, until, Span::millis(100))
        };
        (work(people, (act(), any::<bool>())), work(pipeline, any::<bool>())).prop_map(
            |(acts, reports)| {
                let mut all = wavering(acts);
                all.extend(told(reports));
                all
            },
        )
    })
}

/// What a person does. One in twenty is too large, or not allowed.
fn act() -> impl Strategy<Value = Op> {
    prop_oneof![
        38 => edit(),
        1 => (0u32..8, 1_024u32..4_096).prop_map(|(element, kib)| Op::Paste(element, kib)),
        1 => (0u32..7).prop_map(Op::SetStage),
    ]
}

/// The pipeline goes from stage to stage, and begins anew after the last: a report ends one, or
/// tells of progress.
fn told(mut reports: Work<bool>) -> Work<Op> {
    reports.sort_by_key(|(at, _, _)| *at);
    let mut ended = 0;
    let mut tell = |ends| {
        ended += u32::from(ends);
        if ends { report(ended - 1) } else { Op::Progress(ended) }
    };
    reports.into_iter().map(|(at, node, ends)| (at, node, tell(ends))).collect()
}
