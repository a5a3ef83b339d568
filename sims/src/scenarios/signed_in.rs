//! A document for those only who have a right to it.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{ConnectionFault, Fault, FaultKind, LinkFault, PeopleFault, Plan};
use wavetank::id::NodeId;
use wavetank::objectives::Access;
use wavetank::time::{Span, Time};
use wavetank_models::client::Guise;
use wavetank_models::protocol::DOC;
use wavetank_models::{Config, DocSync, Op};

use super::{SERVER, case, edits, give, moment, room, stages};

pub(super) struct SignedIn;

const SECONDS: u64 = 60;
/// Objectives are scaled down, so that credentials come to their end in a short run.
const REVALIDATE: Span = Span::secs(8);

impl Scenario<DocSync> for SignedIn {
    fn name(&self) -> &'static str {
        "signed-in"
    }
    fn about(&self) -> &'static str {
        "Three people, of whom two edit, have to sign in. Credentials expire and are revoked, rights are withdrawn, \
         the issuer hangs, connections break, and somebody tries without a credential, or from another site."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let troubles = proptest::collection::vec(trouble(), 1..6);
        let poses = proptest::collection::vec((moment(3, SECONDS - 20), pose()), 1..4);
        let connects = proptest::collection::vec((moment(20, SECONDS - 10), 1u32..=3), 0..4);
        (edits(2, 36, 1, SECONDS - 2), 12u64..30, troubles, poses, connects)
            .prop_map(move |(mut work, life, troubles, poses, connects)| {
                let mut case = case(room(3), &config, SECONDS);
                case.network.credential_lifetime = Span::secs(life);
                case.objectives.access = Access::SignedIn;
                case.objectives.revalidate = REVALIDATE;
                work.extend(stages(50, 4, Span::secs(1)));
                let as_other = |(at, guise)| (at, NodeId(3), Op::Pose(guise));
                work.extend(poses.into_iter().map(as_other));
                work.extend(connects.into_iter().map(|(at, who)| (at, NodeId(who), Op::Connect)));
                give(&mut case, work);
                case.plan = Plan::new(troubles.into_iter().flat_map(Trouble::faults).collect());
                case
            })
            .boxed()
    }
}

fn pose() -> impl Strategy<Value = Guise> {
    prop_oneof![
        Just(Guise::Anonymous),
        Just(Guise::Forged),
        Just(Guise::Foreign),
        Just(Guise::None)
    ]
}

/// What becomes of one person's connection or right.
#[derive(Clone, Copy, Debug)]
struct Trouble {
    kind: u32,
    from: Time,
    who: u32,
    lasts: u64,
}

impl Trouble {
    fn faults(self) -> Vec<Fault> {
        let who = NodeId(self.who);
        let at = |from, kind| Fault::at(from, kind);
        let lasting = |kind| Fault::lasting(self.from, Span::secs(self.lasts), kind);
        let reset = || FaultKind::Connection(ConnectionFault::Reset(who, SERVER));
        let withdrawn = || lasting(FaultKind::People(PeopleFault::RightsWithdrawn(who, DOC)));
        match self.kind {
            0 => vec![at(self.from, reset())],
            1 => vec![lasting(FaultKind::Link(LinkFault::Partition(vec![who], vec![SERVER])))],
            2 | 6..=8 => vec![lasting(FaultKind::People(PeopleFault::RefreshRefused(who)))],
            3 => vec![withdrawn()],
            9 => vec![lasting(FaultKind::People(PeopleFault::IssuerSilent(who)))],
            // She needs a new one, and waits for it.
            10 => vec![
                at(self.from + Span::millis(1), reset()),
                lasting(FaultKind::People(PeopleFault::IssuerSilent(who))),
            ],
            // She comes back before anybody has looked whether she still may.
            4 => vec![withdrawn(), at(self.from + Span::secs(1), reset())],
            _ => vec![at(self.from, FaultKind::People(PeopleFault::Revoked(who)))],
        }
    }
}

fn trouble() -> impl Strategy<Value = Trouble> {
    (0u32..12, moment(3, SECONDS - 10), 1u32..=3, 2u64..40)
        .prop_map(|(kind, from, who, lasts)| Trouble { kind, from, who, lasts })
}
