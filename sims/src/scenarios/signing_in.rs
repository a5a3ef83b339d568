//! More tabs of one client than may connect sign in at once.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{Fault, FaultKind, NodeFault, Plan};
use wavetank::id::NodeId;
use wavetank::objectives::Access;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync, Op};

use super::{SERVER, case, edits, give, moment, reset, room, with_tabs};

pub(super) struct SigningIn;

const SECONDS: u64 = 30;

impl Scenario<DocSync> for SigningIn {
    fn name(&self) -> &'static str {
        "signing-in"
    }
    fn about(&self) -> &'static str {
        "Four to six tabs of one device open a document that takes a credential, all at once, and \
         once more when the server was away."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let away = proptest::option::of((moment(8, 14), 200u64..3_000));
        let resets = proptest::collection::vec((moment(4, 20), 1u32..=6), 1..4);
        let presses = proptest::collection::vec((moment(6, 24), 1u32..=6), 0..4);
        (edits(3, 8, 2, SECONDS - 5), 4u32..=6, away, resets, presses)
            .prop_map(move |(mut work, tabs, away, resets, presses)| {
                let mut case = case(with_tabs(room(tabs), tabs), &config, SECONDS);
                case.objectives.access = Access::SignedIn;
                let pressed = presses.into_iter().filter(|(_, tab)| *tab <= tabs);
                work.extend(pressed.map(|(at, tab)| (at, NodeId(tab), Op::Connect)));
                give(&mut case, work);
                let resets = resets.into_iter().filter(|(_, tab)| *tab <= tabs);
                let resets = resets.map(|(at, tab)| reset(at, NodeId(tab)));
                let away = away.map(|(from, lasts)| {
                    let crash = FaultKind::Node(NodeFault::Crash(SERVER));
                    Fault::lasting(from, Span::millis(lasts), crash)
                });
                case.plan = Plan::new(resets.chain(away).collect());
                case
            })
            .boxed()
    }
}
