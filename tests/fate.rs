//! Taking one operation or one fault out of a case leaves the fate of everybody else's packets
//! as it was, up-links and down-links alike. That is what makes shrinking work.

use std::collections::BTreeMap;

use wavetank::engine::{Chaos, NodeSpec, Topology};
use wavetank::explore::{Case, Operation, run_recorded};
use wavetank::fault::{ConnectionFault, Fault, FaultKind, LinkFault, Plan};
use wavetank::history::{Observation, Side};
use wavetank::id::{NodeId, OpId, StoreId};
use wavetank::rng::{Draw, Rng};
use wavetank::time::{Span, Time};
use wavetank_models::document::Attribute;
use wavetank_models::{Config, DocSync, Op, Role};

const SERVER: NodeId = NodeId(0);
/// Whose operation, or fault, is taken out.
const INVOLVED: NodeId = NodeId(1);
const OTHERS: [NodeId; 3] = [NodeId(2), NodeId(3), NodeId(4)];

fn at(millis: u64) -> Time {
    Time::from_micros(millis * 1000)
}

/// Four people edit one document, each about three times a second, and everybody is told; the
/// path of the one who is involved doubles and reorders messages. None loses any: what is lost is
/// asked for again, and these packets would follow from what was taken out, as they should.
fn broadcasting(seed: u64) -> Case<DocSync> {
    let browser = |id| NodeSpec::new(NodeId(id), Role::Browser);
    let mut nodes = vec![NodeSpec::new(SERVER, Role::Server).with_store(StoreId(1))];
    nodes.extend((1..=4).map(browser));
    let topology = Topology { nodes, stores: vec![StoreId(1)] };
    let mut case = Case::new(topology, Config::default());
    let mut rng = Rng::new(Draw::seeded(seed).purpose("work"));
    let mut id = 0;
    for node in 1..=4 {
        let mut millis = 2000 + rng.below(300);
        while millis < 28_000 {
            id += 1;
            let op = Op::Set(rng.below(8) as u32, Attribute::Label);
            case.operations.push(Operation {
                id: OpId(id),
                at: at(millis),
                node: NodeId(node),
                op,
            });
            millis += 200 + rng.below(300);
        }
    }
    case.operations.sort_by_key(|operation| operation.at);
    let chaos = Chaos { duplicate_ppm: 50_000, reorder: Span::millis(50), ..Chaos::default() };
    let rough = LinkFault::Chaos(vec![INVOLVED], vec![SERVER], chaos);
    let involved = [
        FaultKind::Link(LinkFault::Partition(vec![INVOLVED], vec![SERVER])),
        FaultKind::Connection(ConnectionFault::Reset(INVOLVED, SERVER)),
        FaultKind::Link(LinkFault::Hold(vec![INVOLVED], vec![SERVER])),
    ];
    let kind = involved[seed as usize % involved.len()].clone();
    case.plan = Plan::new(vec![
        Fault::lasting(at(1000), Span::secs(28), FaultKind::Link(rough)),
        Fault::lasting(at(6000), Span::secs(1), kind),
    ]);
    case.seed = seed;
    case.settle = Span::secs(20);
    case
}

/// Per link of the others, up and down: when packets after `since` were sent and when they
/// arrived.
fn packets(case: &Case<DocSync>, since: Time) -> BTreeMap<(NodeId, Side), Vec<(bool, u64)>> {
    let (_, recording) = run_recorded(case);
    let mut owners = BTreeMap::new();
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for record in &recording.history {
        let (conn, towards, arrived) = match &record.what {
            Observation::Dialled { conn, .. } => {
                owners.insert(*conn, record.node);
                continue;
            }
            Observation::Sent { conn, side, .. } => (conn, side.other(), false),
            Observation::Delivered { conn, side, .. } => (conn, *side, true),
            _ => continue,
        };
        let owner = owners[conn];
        if OTHERS.contains(&owner) && record.at > since && record.at <= case.horizon {
            let fate = (arrived, record.at.as_micros());
            found.entry((owner, towards)).or_default().push(fate);
        }
    }
    found
}

/// Checks that 95 % of the packets of each link in one run are in the other as they were.
fn same_fates(whole: &Case<DocSync>, less: &Case<DocSync>, since: Time) {
    let (before, mut after) = (packets(whole, since), packets(less, since));
    assert_eq!(before.len(), 6, "three up-links and three down-links");
    for (link, fates) in before {
        assert!(fates.len() >= 80, "{link:?} has only {} packets", fates.len());
        let left = after.entry(link).or_default();
        let kept = fates.iter().filter(|fate| {
            let place = left.iter().position(|other| other == *fate);
            place.map(|place| left.swap_remove(place)).is_some()
        });
        let (kept, all) = (kept.count(), fates.len());
        assert!(kept * 100 >= all * 95, "{link:?}: {kept} of {all} packets kept their fate");
    }
}

#[test]
fn taking_out_an_operation_leaves_the_fate_of_the_others_packets_as_it_was() {
    for seed in 0..12 {
        let whole = broadcasting(seed);
        let mut less = whole.clone();
        let mine = |op: &Operation<Op>| op.node == INVOLVED && op.at > at(3000 + seed * 800);
        let place = whole.operations.iter().position(mine).expect("an operation of hers");
        let gone = less.operations.remove(place);
        same_fates(&whole, &less, gone.at);
    }
}

#[test]
fn taking_out_a_fault_leaves_the_fate_of_the_others_packets_as_it_was() {
    for seed in 0..12 {
        let whole = broadcasting(seed);
        let mut less = whole.clone();
        let gone = less.plan.0.remove(1);
        same_fates(&whole, &less, gone.at);
    }
}
