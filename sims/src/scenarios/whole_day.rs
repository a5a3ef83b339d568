//! A day and a night on one document: what may grow has the time to.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Fault, FaultKind, LinkFault, NodeFault, Plan};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{SERVER, at, case, edits, give, progress, reset, room, stages};

pub(super) struct WholeDay;

const SECONDS: u64 = 24 * 3_600;
const CLIENTS: u32 = 2;
const EDITS: usize = 300;
/// Seconds between two reports of the pipeline.
const REPORTS: u64 = 400;

impl Scenario<DocSync> for WholeDay {
    fn name(&self) -> &'static str {
        "whole-day"
    }
    fn about(&self) -> &'static str {
        "Two pages stay open for 24 hours, over networks that break every quarter of an hour or so, \
         on a server that is restarted now and then."
    }
    fn cost(&self) -> u64 {
        16
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let person = (1..=CLIENTS).prop_map(NodeId);
        // More often than a table of the last hundred has places.
        let breaks = proptest::collection::vec((300u64..1_000, person, 0u64..120), 110..140);
        let restarts = proptest::collection::vec((600..SECONDS - 600, 5u64..40), 1..4);
        (edits(CLIENTS, EDITS, 1, SECONDS - 60), breaks, restarts)
            .prop_map(move |(mut work, breaks, restarts)| {
                let mut case = case(room(CLIENTS), &config, SECONDS);
                let (reports, gap) = ((SECONDS / REPORTS) as u32 - 1, Span::secs(REPORTS));
                work.extend(stages(reports, 60, gap));
                work.extend(progress(reports, 60, gap));
                give(&mut case, work);
                let mut moment = at(0);
                let mut faults = Vec::new();
                for (pause, who, lasts) in breaks {
                    moment += Span::secs(pause);
                    faults.push(match lasts {
                        0..40 => reset(moment, who),
                        _ => {
                            let away = LinkFault::Partition(vec![who], vec![SERVER]);
                            Fault::lasting(moment, Span::secs(lasts), FaultKind::Link(away))
                        }
                    });
                }
                let crash = FaultKind::Node(NodeFault::Crash(SERVER));
                faults.extend(restarts.into_iter().map(|(second, lasts)| {
                    Fault::lasting(at(second), Span::secs(lasts), crash.clone())
                }));
                faults.retain(|fault| fault.at < at(SECONDS - 600));
                case.plan = Plan::new(faults);
                case
            })
            .boxed()
    }
}
