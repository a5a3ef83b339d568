//! More tabs of one device than one client, or one person, may have connected.

use proptest::prelude::*;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{ConnectionFault, Fault, FaultKind, Plan};
use wavetank::id::NodeId;
use wavetank_models::client::Guise;
use wavetank_models::{Config, DocSync, Op};

use super::{SERVER, at, case, edits, give, moment, room, with_tabs};

pub(super) struct CrowdedDevice;

const SECONDS: u64 = 60;
/// Objectives are scaled down, so that few tabs are too many for one person.
const PER_USER: u32 = 4;

impl Scenario<DocSync> for CrowdedDevice {
    fn name(&self) -> &'static str {
        "crowded-device"
    }
    fn about(&self) -> &'static str {
        "Three to six tabs of one device, some of them private windows, have one document open, \
         and lose their connections without a word."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let tabs = proptest::collection::vec(proptest::bool::weighted(0.4), 3..=6);
        let drops = proptest::collection::vec((moment(4, 30), 1u32..=3, 0u32..3), 2..7);
        let presses = proptest::collection::vec((moment(10, SECONDS - 5), 1u32..=6), 0..4);
        (edits(3, 10, 1, SECONDS - 10), tabs, drops, presses)
            .prop_map(move |(mut work, private, drops, presses)| {
                let tabs = private.len() as u32;
                let mut case = case(with_tabs(room(tabs), tabs), &config, SECONDS);
                case.objectives.per_user = PER_USER;
                let private = (1..).zip(private).filter(|(_, private)| *private);
                work.extend(private.map(|(tab, _)| (at(1), NodeId(tab), Op::Pose(Guise::Private))));
                let pressed = presses.into_iter().filter(|(_, tab)| *tab <= tabs);
                work.extend(pressed.map(|(at, tab)| (at, NodeId(tab), Op::Retry)));
                give(&mut case, work);
                let fault = |(from, tab, kind): (_, u32, u32)| {
                    let tab = NodeId(tab);
                    let kind = match kind {
                        0 => ConnectionFault::Reset(tab, SERVER),
                        _ => ConnectionFault::HalfOpen(tab, SERVER),
                    };
                    Fault::at(from, FaultKind::Connection(kind))
                };
                case.plan = Plan::new(drops.into_iter().map(fault).collect());
                case
            })
            .boxed()
    }
}
