//! People come and go, and the network flickers.

use proptest::prelude::*;
use wavetank::engine::Spikes;
use wavetank::explore::{Case, Scenario, Work};
use wavetank::fault::{DeviceFault, Fault, FaultKind, LinkFault, Plan, generate};
use wavetank::id::NodeId;
use wavetank::time::Span;
use wavetank_models::{Config, DocSync, Op};

use super::{SERVER, at, case, clients, edit, edits, give, menu, moment, reset, room, stages};

pub(super) struct ComingAndGoing;

const SECONDS: u64 = 75;
const FAULTS: [&str; 7] =
    ["reset", "close", "half-open", "partition", "says-offline", "store-slow", "hold"];

impl Scenario<DocSync> for ComingAndGoing {
    fn name(&self) -> &'static str {
        "coming-and-going"
    }
    fn about(&self) -> &'static str {
        "Two people open and close pages, leave and return, while their network flickers."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["connection-lost", "edit-while-away"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<DocSync>> {
        let config = config.clone();
        let plan = generate::plan(menu(2, &FAULTS, SECONDS - 15, 3));
        let pages = proptest::collection::vec(turn(), 1..6);
        let flickers = proptest::collection::vec(flicker(), 0..6);
        let slow = proptest::option::of((50_000u32..400_000, 200u64..4_000));
        (edits(2, 16, 1, SECONDS), pages, flickers, slow, plan, 0u32..40)
            .prop_map(move |(mut work, pages, flickers, slow, plan, reports)| {
                let mut case = case(room(2), &config, SECONDS);
                work.extend(pages.into_iter().flatten());
                let (breaks, edits): (Vec<_>, Vec<_>) = flickers.into_iter().unzip();
                work.extend(edits.into_iter().flatten());
                work.extend(stages(reports, 2, Span::millis(1_700)));
                give(&mut case, work);
                let mut faults = plan.0;
                faults.extend(breaks.into_iter().flatten());
                faults.extend(slow.map(|(odds_ppm, by)| {
                    let spikes = Spikes { odds_ppm, by: Span::millis(by) };
                    let spikes = LinkFault::Spikes(clients(2), vec![SERVER], spikes);
                    Fault::lasting(at(3), Span::secs(SECONDS - 8), FaultKind::Link(spikes))
                }));
                case.plan = Plan::new(faults);
                case
            })
            .boxed()
    }
}

/// What a person or her page does, and how that is taken back later, if it is.
fn turn() -> impl Strategy<Value = Work<Op>> {
    let what = prop_oneof![
        3 => Just((Op::Unmount, Op::Mount)),
        2 => Just((Op::Disconnect, Op::Connect)),
        2 => Just((Op::Rerender, Op::Rerender)),
        1 => Just((Op::Retry, Op::Retry)),
    ];
    let back = proptest::option::weighted(0.8, 100u64..40_000);
    (what, moment(3, SECONDS - 5), 1u32..=2, back).prop_map(|((there, back), from, who, after)| {
        let who = NodeId(who);
        let back = after.map(|after| (from + Span::millis(after), who, back));
        std::iter::once((from, who, there)).chain(back).collect()
    })
}

/// A device is without a network for a moment. Its connection may have broken just before, the next
/// one may break as soon as it is made, and its person may go on editing.
fn flicker() -> impl Strategy<Value = (Vec<Fault>, Work<Op>)> {
    let lasts = prop_oneof![3 => 5u64..3_000, 1 => 3_000u64..20_000];
    let before = proptest::option::of(50u64..1_000);
    let after = proptest::option::of(20u64..400);
    let edit = proptest::option::of(edit());
    let when = (moment(3, SECONDS - 15), lasts, before, after);
    (when, 1u32..=2, edit).prop_map(|((from, lasts, before, after), who, edit)| {
        let who = NodeId(who);
        let begins = from + Span::millis(before.unwrap_or(0));
        let ends = begins + Span::millis(lasts);
        let offline = FaultKind::Device(DeviceFault::Offline(who));
        let mut faults = vec![Fault::lasting(begins, ends.since(begins), offline)];
        faults.extend(before.map(|_| reset(from, who)));
        faults.extend(after.map(|after| reset(ends + Span::millis(after), who)));
        let edit = edit.map(|edit| (begins + Span::millis(lasts / 2), who, edit));
        (faults, edit.into_iter().collect())
    })
}
