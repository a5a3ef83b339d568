//! The same nodes with every connection in the bytes of a real WebSocket codec.
#![cfg(feature = "wire")]

use crate::board::{Board, Config, Op, two_clients};
use wavetank::engine::Chaos;
use wavetank::explore::{Case, Fidelity, Operation, Outcome, run, run_at, run_recorded_at};
use wavetank::fault::{ConnectionFault, Fault, FaultKind, LinkFault, PeopleFault, Plan};
use wavetank::history::{History, Initiator, Observation, Refusal, Side};
use wavetank::id::{Field, NodeId, OpId};
use wavetank::time::{Span, Time};

const SERVER: NodeId = NodeId(0);
const ALICE: NodeId = NodeId(1);
const BOB: NodeId = NodeId(2);

fn at(millis: u64) -> Time {
    Time::ZERO + Span::millis(millis)
}

/// Both set a field every now and then.
fn busy(config: &Config, seed: u64, faults: Vec<(u64, u64, FaultKind)>) -> Case<Board> {
    let mut case = Case { seed, horizon: at(20_000), ..two_clients(config) };
    case.settle = Span::secs(20);
    let fault = |(from, lasts, kind)| Fault::lasting(at(from), Span::millis(lasts), kind);
    case.plan = Plan::new(faults.into_iter().map(fault).collect());
    case.operations = (0..20u32)
        .map(|number| Operation {
            id: OpId(number),
            at: at(1_000 + u64::from(number) * 900),
            node: if number % 2 == 0 { ALICE } else { BOB },
            op: Op::Set(Field(number % 5)),
        })
        .collect();
    case
}

fn on_wire(case: &Case<Board>) -> (Outcome, History) {
    let (outcome, recording) = run_recorded_at(Fidelity::Wire, case);
    assert_eq!(run_at(Fidelity::Wire, case), outcome, "twice the same");
    (outcome, recording.history)
}

/// Each end of a connection that a side was told of: when, at which node, the code, by whom.
fn ends(history: &History) -> Vec<(NodeId, u16, Initiator)> {
    let closed = history.iter().filter_map(|record| match record.what {
        Observation::Closed { code, by, .. } => Some((record.node, code, by)),
        _ => None,
    });
    closed.collect()
}

#[test]
fn a_calm_case_comes_to_the_same_in_bytes_and_in_messages() {
    for seed in 0..20 {
        let case = busy(&Config::default(), seed, Vec::new());
        let (in_bytes, history) = on_wire(&case);
        let in_messages = run(&case);
        assert_eq!(in_bytes.verdict, in_messages.verdict);
        assert_eq!(in_bytes.counts, in_messages.counts);
        assert_ne!(in_bytes.digest, in_messages.digest, "lengths of frames are in one of them");
        assert!(ends(&history).is_empty());
    }
}

#[test]
fn a_reset_in_the_middle_of_a_frame_loses_a_suffix_and_no_edit() {
    let mut cut = 0;
    for seed in 0..40 {
        let reset = FaultKind::Connection(ConnectionFault::Reset(ALICE, SERVER));
        let faults = (0..6).map(|n| (3_000 + 2_000 * n, 0, reset.clone())).collect();
        let (outcome, history) = on_wire(&busy(&Config::default(), seed, faults));
        assert!(outcome.verdict.held(), "{:?}", outcome.verdict);
        cut += u64::from(outcome.counts.delivered < outcome.counts.sent);
        assert!(ends(&history).iter().all(|(_, code, _)| *code == 1006));
    }
    assert!(cut > 0, "nothing was ever lost");
}

#[test]
fn a_close_by_a_proxy_reaches_both_ends_with_its_code() {
    let close = FaultKind::Connection(ConnectionFault::Close(ALICE, SERVER, 1012));
    let (outcome, history) = on_wire(&busy(&Config::default(), 3, vec![(5_000, 0, close)]));
    assert!(outcome.verdict.held(), "{:?}", outcome.verdict);
    let mut told = ends(&history);
    told.sort();
    assert_eq!(told, [(SERVER, 1012, Initiator::Remote), (ALICE, 1012, Initiator::Remote)]);
}

#[test]
fn a_full_server_refuses_with_a_real_status() {
    let config = Config { limit: 1, ..Config::default() };
    let (_, history) = on_wire(&busy(&config, 5, Vec::new()));
    let refused: Vec<Refusal> = history
        .iter()
        .filter_map(|record| match record.what {
            Observation::Refused { refusal, .. } => Some(refusal),
            _ => None,
        })
        .collect();
    assert!(!refused.is_empty());
    assert!(refused.iter().all(|refusal| *refusal == Refusal::Status(503)), "{refused:?}");
}

#[test]
fn a_message_beyond_the_limit_is_refused_by_the_codec_with_1009() {
    let config = Config { longest: 40, ..Config::default() };
    let (_, history) = on_wire(&busy(&config, 7, Vec::new()));
    let told = ends(&history);
    assert!(told.contains(&(SERVER, 1009, Initiator::Local)), "{told:?}");
    assert!(told.contains(&(ALICE, 1009, Initiator::Remote)), "{told:?}");
}

#[test]
fn damage_on_the_way_is_caught_by_the_codec_or_handed_on_as_no_message() {
    let chaos = Chaos { corrupt_ppm: 200_000, ..Chaos::default() };
    let damage = FaultKind::Link(LinkFault::Chaos(vec![ALICE], vec![SERVER], chaos));
    let mut codes = Vec::new();
    let mut malformed = 0;
    for seed in 0..30 {
        let faults = vec![(2_000, 15_000, damage.clone())];
        let (outcome, history) = on_wire(&busy(&Config::default(), seed, faults));
        assert!(!matches!(outcome.verdict, wavetank::explore::Verdict::Panicked(_)));
        let local = ends(&history).into_iter().filter(|(_, _, by)| *by == Initiator::Local);
        codes.extend(local.map(|(_, code, _)| code));
        malformed += history
            .iter()
            .filter(|record| match &record.what {
                Observation::Delivered { meaning, .. } => meaning.schema == 0,
                _ => false,
            })
            .count();
    }
    assert!(codes.contains(&1002) && codes.contains(&1007), "{codes:?}");
    assert!(malformed > 0, "all damage broke the frame");
}

#[test]
fn an_attacker_breaks_only_what_is_his() {
    let attack = FaultKind::People(PeopleFault::Malformed(ALICE, SERVER, 300));
    let mut codes = Vec::new();
    for seed in 0..60 {
        let faults = (0..4).map(|n| (3_000 + 4_000 * n, 0, attack.clone())).collect();
        let (outcome, history) = on_wire(&busy(&Config::default(), seed, faults));
        assert!(outcome.verdict.held(), "{:?}", outcome.verdict);
        let told = ends(&history);
        assert!(told.iter().all(|(node, ..)| *node != BOB), "{told:?}");
        codes.extend(told.into_iter().map(|(_, code, _)| code));
        // Nobody hears of a knock that is no request: every opening was dialled.
        let dialled = |of| {
            history.iter().any(|record| match record.what {
                Observation::Dialled { conn, .. } => conn == of,
                _ => false,
            })
        };
        assert!(history.iter().all(|record| match record.what {
            Observation::Opened { conn, side: Side::Acceptor } => dialled(conn),
            _ => true,
        }));
    }
    for code in [1002, 1007, 1009] {
        assert!(codes.contains(&code), "no attack was answered with {code}: {codes:?}");
    }
}
