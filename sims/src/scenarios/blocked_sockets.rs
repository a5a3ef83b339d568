//! Something between lets no socket through, and every other request.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{ConnectionFault, Fault, FaultKind, LinkFault, Plan};
use wavetank::id::NodeId;
use wavetank::objectives::{Access, Fallback};
use wavetank::time::Span;
use wavetank_models::{Config, DocSync, Op};

use super::{SERVER, at, case, edits, give, moment, reset, room};

pub(super) struct BlockedSockets;

const SECONDS: u64 = 110;
/// Objectives are scaled down, so that a page gives up soon.
const ATTEMPTS: u32 = 3;

impl Scenario<DocSync> for BlockedSockets {
    fn name(&self) -> &'static str {
        "blocked-sockets"
    }
    fn about(&self) -> &'static str {
        "One person's sockets are blocked for long, and everything else for short; she asks for \
         fresh content while others edit."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let asks = proptest::collection::vec((moment(2, SECONDS - 2), 1u32..=2), 2..8);
        let trouble = proptest::collection::vec((moment(15, 60), 2u64..15, any::<bool>()), 0..3);
        (edits(2, 12, 1, 70), asks, 3u64..12, trouble, any::<bool>())
            .prop_map(move |(mut work, asks, from, trouble, sign_in)| {
                let mut case = case(room(2), &config, SECONDS);
                case.objectives.fallback = Fallback::Poll;
                case.objectives.attempts_max = ATTEMPTS;
                if sign_in {
                    case.objectives.access = Access::SignedIn;
                }
                let (one, begins) = (NodeId(1), at(from));
                work.extend(asks.into_iter().map(|(at, who)| (at, NodeId(who), Op::Refresh)));
                // In what remains somebody must see it.
                work.push((at(62), NodeId(2), Op::Insert));
                give(&mut case, work);
                let blocked = FaultKind::Connection(ConnectionFault::Blocked(one, SERVER));
                let mut faults = vec![
                    Fault::lasting(begins, at(SECONDS).since(begins), blocked),
                    reset(begins + Span::millis(1), one),
                ];
                faults.extend(trouble.into_iter().map(|(from, lasts, refuses)| {
                    let kind = if refuses {
                        FaultKind::Connection(ConnectionFault::Refuse(one, SERVER, 500))
                    } else {
                        FaultKind::Link(LinkFault::Partition(vec![one], vec![SERVER]))
                    };
                    Fault::lasting(from, Span::secs(lasts), kind)
                }));
                case.plan = Plan::new(faults);
                case
            })
            .boxed()
    }
}
