//! One thing after the other goes wrong for which somebody should be woken, or just not.

use proptest::prelude::*;
use wavetank::engine::Bandwidth;
use wavetank::explore::{Case, Scenario};
use wavetank::fault::{ConnectionFault, Fault, FaultKind, LinkFault, Plan, StoreFault};
use wavetank::id::NodeId;
use wavetank::objectives::Monitoring;
use wavetank::time::{Span, Time};
use wavetank_models::{Config, DocSync};

use super::{SERVER, STORE, at, case, edits, give, room, stages};

pub(super) struct WatchedTrouble;

const CLIENTS: u32 = 8;
const WINDOW: Span = Span::secs(120);
/// The first trouble begins after so many seconds, when pings have gone to and fro for a while,
/// and each later one after so many more, when that before it is forgotten.
const BEGINS: u64 = 150;
const APART: u64 = 250;
const SECONDS: u64 = BEGINS + 6 * APART;
/// Codes that connections end with on any day, and codes that mean trouble.
const USUAL: [u16; 3] = [1001, 1012, 1013];
const UNUSUAL: [u16; 2] = [4401, 1011];

/// What goes wrong, in this order.
#[derive(Clone, Copy, Debug)]
struct Trouble {
    /// One client is cut off as soon as it is connected, for so many seconds.
    flaps: u64,
    /// Nothing more comes from so many clients.
    silent: u32,
    /// One path is narrow for so many seconds, while much is to be said.
    narrow: u64,
    /// So many clients are cut off for so many seconds.
    cut: (u32, u64),
    /// The connections of so many clients end with a code, and later those of all with another.
    waves: [(u32, u16); 2],
    /// The store answers late when the first clients come.
    late_store: bool,
}

fn trouble() -> impl Strategy<Value = Trouble> {
    let usual = any::<prop::sample::Index>().prop_map(|one| *one.get(&USUAL));
    let unusual = any::<prop::sample::Index>().prop_map(|one| *one.get(&UNUSUAL));
    let cut = (prop_oneof![1 => 1u32..3, 3 => 6u32..8], 20u64..90);
    let few = (60u64..110, 1u32..4, 4u64..9, cut);
    (few, (7u32..=CLIENTS, usual), (7u32..=CLIENTS, unusual), prop::bool::weighted(0.8)).prop_map(
        |((flaps, silent, narrow, cut), usual, unusual, late_store)| Trouble {
            flaps,
            silent,
            narrow,
            cut,
            waves: [usual, unusual],
            late_store,
        },
    )
}

/// When the trouble of this number begins.
const fn begins(number: u64) -> Time {
    at(BEGINS + number * APART)
}

impl Trouble {
    fn faults(self) -> Vec<Fault> {
        let first = |count: u32| (1..=count).map(NodeId);
        let ends = |from, fault| Fault::at(from, FaultKind::Connection(fault));
        let one = NodeId(1);
        let flap = FaultKind::Connection(ConnectionFault::Flap(one, SERVER, 1001));
        let narrow = Bandwidth { bytes_per_second: 500, queue: 1 << 20 };
        let narrow = LinkFault::Bandwidth(vec![one], vec![SERVER], narrow);
        let (cut_off, seconds) = self.cut;
        let cut = LinkFault::Partition(first(cut_off).collect(), vec![SERVER]);
        let mut faults = vec![
            Fault::lasting(begins(0), Span::secs(self.flaps), flap),
            ends(begins(0), ConnectionFault::Reset(one, SERVER)),
            Fault::lasting(begins(2), Span::secs(self.narrow), FaultKind::Link(narrow)),
            Fault::lasting(begins(3), Span::secs(seconds), FaultKind::Link(cut)),
        ];
        let silent = |who| ends(begins(1), ConnectionFault::HalfOpen(who, SERVER));
        faults.extend(first(self.silent).map(silent));
        for (number, (count, code)) in (4..).zip(self.waves) {
            let close = |who| ends(begins(number), ConnectionFault::Close(who, SERVER, code));
            faults.extend(first(count).map(close));
        }
        if self.late_store {
            let slow = FaultKind::Store(StoreFault::Slow(STORE, Span::secs(20)));
            faults.push(Fault::lasting(at(0), Span::secs(30), slow));
        }
        faults
    }
}

impl Scenario<DocSync> for WatchedTrouble {
    fn name(&self) -> &'static str {
        "watched-trouble"
    }
    fn about(&self) -> &'static str {
        "Eight people are connected, and one thing after the other goes wrong for which somebody \
         should be woken, or just not."
    }
    fn cost(&self) -> u64 {
        2
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["snapshot-sent"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        (edits(CLIENTS, 12, 1, SECONDS - 10), trouble())
            .prop_map(move |(mut work, trouble)| {
                let mut case = case(room(CLIENTS), &config, SECONDS);
                let scrape = Span::secs(5);
                case.objectives.monitoring =
                    Some(Monitoring { scrape, window: WINDOW, ..Monitoring::default() });
                case.objectives.retry_base = Span::millis(500);
                case.objectives.retry_cap = Span::secs(2);
                case.objectives.attempts_max = 200;
                work.extend(stages(300, BEGINS + 2 * APART, Span::millis(20)));
                give(&mut case, work);
                case.plan = Plan::new(trouble.faults());
                case
            })
            .boxed()
    }
}
