//! Faults of connections, and what connections promise.

use wavetank::fault::{ConnectionFault, Fault, FaultKind, LinkFault, NodeFault};
use wavetank::history::{Observation, Refusal};
use wavetank::time::Span;

use super::puppet::{ALICE, BOB, Do, SERVER, case, chatter, dialled, from, millis, told};

fn connection(fault: ConnectionFault) -> FaultKind {
    FaultKind::Connection(fault)
}

#[test]
fn a_reset_loses_a_suffix_in_each_direction_and_tells_both() {
    let mut lost = [0, 0];
    for seed in 0..20 {
        let work = [dialled(), (100, ALICE, Do::Send(10, 10)), (100, SERVER, Do::Send(10, 10))];
        let reset = Fault::at(millis(105), connection(ConnectionFault::Reset(ALICE, SERVER)));
        let mut case = case(&work, vec![reset]);
        case.seed = seed;
        let told = told(&case);
        for (i, node) in [ALICE, SERVER].into_iter().enumerate() {
            let came = told.numbers(node, "message");
            assert_eq!(came, (1..=came.len() as u64).collect::<Vec<_>>(), "a prefix");
            lost[i] += 10 - came.len();
            assert_eq!(told.numbers(node, "closed"), [1006]);
        }
    }
    assert!(lost.iter().all(|lost| *lost > 20 && *lost < 180), "{lost:?} of 200 were lost");
}

#[test]
fn something_between_closes_with_a_code() {
    let close = connection(ConnectionFault::Close(ALICE, SERVER, 1012));
    let told = told(&case(&[dialled()], vec![Fault::at(millis(500), close)]));
    assert_eq!(told.all(ALICE, "closed"), [(510, vec![1012, 0])]);
    assert_eq!(told.all(SERVER, "closed"), [(510, vec![1012, 0])]);
}

#[test]
fn a_connection_can_be_half_open_on_either_side() {
    for (deaf, mute) in [(ALICE, SERVER), (SERVER, ALICE)] {
        let work = [dialled(), (500, ALICE, Do::Send(1, 10)), (500, SERVER, Do::Send(1, 10))];
        let fault = connection(ConnectionFault::HalfOpen(mute, deaf));
        let told = told(&case(&work, vec![Fault::at(millis(300), fault)]));
        assert!(told.all(deaf, "message").is_empty(), "nothing comes from {mute}");
        assert_eq!(told.times(mute, "message"), [510]);
        assert!(told.all(deaf, "closed").is_empty() && told.all(mute, "closed").is_empty());
    }
}

#[test]
fn a_late_close_comes_after_a_successor_was_opened() {
    let fault = connection(ConnectionFault::LateClose(ALICE, SERVER));
    let work = [dialled(), (1000, ALICE, Do::Send(1, 10)), (2000, ALICE, Do::Dial(SERVER))];
    let told = told(&case(&work, vec![from(500, 4000, fault)]));
    assert_eq!(told.all(SERVER, "closed"), [(510, vec![1006, 0])], "told at once");
    assert_eq!(told.times(ALICE, "opened"), [20, 2020]);
    assert_eq!(told.all(ALICE, "closed"), [(4010, vec![1006, 0])], "of the old one, late");
    assert!(told.all(SERVER, "message").is_empty(), "what was sent in good faith is lost");
}

#[test]
fn after_a_local_close_only_that_still_comes_and_perhaps_late() {
    let fault = connection(ConnectionFault::LateClose(ALICE, SERVER));
    let mut work = vec![dialled(), (1000, ALICE, Do::Close(1000)), (1500, SERVER, Do::Send(1, 1))];
    work.push((2000, ALICE, Do::Dial(SERVER)));
    let told = told(&case(&work, vec![from(500, 4000, fault)]));
    assert_eq!(told.all(ALICE, "closed"), [(4010, vec![1000, 0])]);
    assert!(told.all(ALICE, "message").is_empty());
}

#[test]
fn who_closes_a_connection_that_has_ended_meanwhile_hears_only_that() {
    let paused = from(200, 900, FaultKind::Node(NodeFault::Pause(ALICE)));
    let closes = |at, node| (at, node, Do::Close(1000));
    let sends = (220, SERVER, Do::Send(1, 10));
    let work = [dialled(), closes(210, ALICE), sends, closes(300, SERVER)];
    let told = told(&case(&work, vec![paused]));
    assert!(told.all(ALICE, "message").is_empty());
    assert_eq!(told.times(ALICE, "closed"), [900]);
}

#[test]
fn a_dial_is_refused_with_the_status_of_whatever_stands_between() {
    let fault = connection(ConnectionFault::Refuse(ALICE, SERVER, 503));
    let work = [(500, ALICE, Do::Dial(SERVER)), (500, BOB, Do::Dial(SERVER))];
    let told = told(&case(&work, vec![from(300, 2000, fault)]));
    assert_eq!(told.times(ALICE, "refused"), [520]);
    assert!(told.saw(|node, what| node == ALICE
        && matches!(what, Observation::Refused { refusal: Refusal::Status(503), .. })));
    assert_eq!(told.all(SERVER, "accepted").len(), 1, "only bob's is heard of");
}

#[test]
fn a_server_refuses_with_a_status_of_its_own() {
    let work = [(0, SERVER, Do::Refuse(429)), (100, ALICE, Do::Dial(SERVER))];
    let told = told(&case(&work, vec![]));
    assert!(
        told.saw(|_, what| matches!(
            what,
            Observation::Refused { refusal: Refusal::Status(429), .. }
        ))
    );
}

#[test]
fn blocked_sockets_leave_the_request_channel_open() {
    let fault = connection(ConnectionFault::Blocked(ALICE, SERVER));
    let work = [(500, ALICE, Do::Dial(SERVER)), (500, ALICE, Do::DialRequest(SERVER))];
    let told = told(&case(&work, vec![from(300, 2000, fault)]));
    assert_eq!(told.numbers(ALICE, "refused"), [0]);
    assert_eq!(told.numbers(ALICE, "opened"), [1]);
}

#[test]
fn a_flapping_server_accepts_and_ends_at_once() {
    let fault = connection(ConnectionFault::Flap(ALICE, SERVER, 1013));
    let work = [(500, ALICE, Do::Dial(SERVER)), (3000, ALICE, Do::Dial(SERVER))];
    let told = told(&case(&work, vec![from(300, 2000, fault)]));
    assert_eq!(told.times(ALICE, "opened"), [520, 3020]);
    assert_eq!(told.all(ALICE, "closed"), [(520, vec![1013, 0])]);
    assert_eq!(told.numbers(SERVER, "closed"), [1013]);
}

#[test]
fn a_proxy_cuts_an_idle_socket_and_spares_a_busy_one() {
    let idle = |node| connection(ConnectionFault::IdleTimeout(node, SERVER, Span::secs(2)));
    let mut work = vec![(0, BOB, Do::Dial(SERVER))];
    work.extend(chatter(1000, 9000));
    let faults = vec![from(0, 12_000, idle(ALICE)), from(0, 12_000, idle(BOB))];
    let told = told(&case(&work, faults));
    assert_eq!(told.all(BOB, "closed"), [(2020, vec![1006, 0])], "two seconds after its handshake");
    assert_eq!(told.times(ALICE, "closed"), [11_010], "two seconds after the last message");
}

#[test]
fn a_node_has_several_connections_of_several_kinds_and_order_holds_within_each() {
    let work = [
        (0, ALICE, Do::Dial(SERVER)),
        (0, ALICE, Do::DialRequest(SERVER)),
        (0, ALICE, Do::Dial(SERVER)),
        (100, ALICE, Do::Send(3, 10)),
    ];
    let mut case = case(&work, vec![]);
    case.network.latency = wavetank::engine::Latency::Uniform(Span::millis(1), Span::millis(80));
    let all = told(&case).all(SERVER, "message");
    let of = |conn| -> Vec<u64> {
        all.iter().filter(|(_, v)| v[1] == conn).map(|(_, v)| v[0]).collect()
    };
    let mut seen: Vec<Vec<u64>> = (0..3).map(of).collect();
    assert!(seen.iter().all(|numbers| numbers.is_sorted()), "{seen:?}");
    seen.sort();
    assert_eq!(seen, [[1, 2, 3], [4, 5, 6], [7, 8, 9]]);
    let order: Vec<u64> = all.iter().map(|(_, v)| v[0]).collect();
    assert!(!order.is_sorted(), "across connections there is no order: {order:?}");
}

#[test]
fn a_dial_into_silence_is_answered_when_the_path_is_whole_again() {
    let fault = FaultKind::Link(LinkFault::Partition(vec![ALICE], vec![SERVER]));
    let told = told(&case(&[(500, ALICE, Do::Dial(SERVER))], vec![from(300, 2000, fault)]));
    assert_eq!(told.times(ALICE, "opened"), [2020]);
}
