//! A thousand clients lose their server at once.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Fault, FaultKind, NodeFault, Plan};
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{SERVER, at, case, room};

pub(super) struct ServerRestartHerd;

const CLIENTS: u32 = 1000;

impl Scenario<DocSync> for ServerRestartHerd {
    fn name(&self) -> &'static str {
        "server-restart-herd"
    }
    fn about(&self) -> &'static str {
        "A server with 1,000 clients restarts; nobody edits, all come back."
    }
    fn cost(&self) -> u64 {
        200
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        (1u64..8)
            .prop_map(move |down| {
                let mut case = case(room(CLIENTS), &config, 20);
                let crash = FaultKind::Node(NodeFault::Crash(SERVER));
                case.plan = Plan::new(vec![Fault::lasting(at(5), Span::secs(down), crash)]);
                case
            })
            .boxed()
    }
}
