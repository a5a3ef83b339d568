//! A server comes back to more clients than it can greet at once.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Fault, FaultKind, NodeFault, Plan};
use wavetank::time::Span;
use wavetank_models::{Config, DocSync};

use super::{SERVER, at, case, room};

pub(super) struct OverloadedServer;

const CLIENTS: u32 = 1000;

impl Scenario<DocSync> for OverloadedServer {
    fn name(&self) -> &'static str {
        "overloaded-server"
    }
    fn about(&self) -> &'static str {
        "A server with 1,000 clients restarts, and greets no more than 50 of them a second."
    }
    fn cost(&self) -> u64 {
        200
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = Config { handshake: Some(Span::millis(20)), ..config.clone() };
        (1u64..8)
            .prop_map(move |down| {
                let mut case = case(room(CLIENTS), &config, 160);
                let crash = FaultKind::Node(NodeFault::Crash(SERVER));
                case.plan = Plan::new(vec![Fault::lasting(at(150), Span::secs(down), crash)]);
                case
            })
            .boxed()
    }
}
