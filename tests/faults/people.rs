//! Faults of devices, credentials and people, and permanent ones.

use wavetank::engine::NodeSpec;
use wavetank::fault::{DeviceFault, Fault, FaultKind, LinkFault, PeopleFault};
use wavetank::history::{Observation, Standing};
use wavetank::id::{NodeId, StoreId};
use wavetank::time::{Span, Wall};

use super::puppet::{
    ALICE, BOB, Do, Role, SERVER, TOPIC, case, chatter, dialled, from, millis, told,
};

fn people(fault: PeopleFault) -> FaultKind {
    FaultKind::People(fault)
}

#[test]
fn a_device_without_network_says_so_and_hears_nothing() {
    let fault = FaultKind::Device(DeviceFault::Offline(ALICE));
    let mut work = chatter(500, 500);
    work.push((600, ALICE, Do::Credential));
    let told = told(&case(&work, vec![from(300, 2000, fault)]));
    assert_eq!(told.all(ALICE, "device"), [(300, vec![0]), (2000, vec![1])]);
    assert_eq!(told.times(SERVER, "message"), [2010]);
    assert!(told.all(ALICE, "issued").is_empty(), "nor does the issuer hear it");
}

#[test]
fn a_device_may_say_that_it_is_offline_and_not_be() {
    let fault = FaultKind::Device(DeviceFault::SaysOffline(ALICE));
    let told = told(&case(&chatter(500, 500), vec![from(300, 2000, fault)]));
    assert_eq!(told.numbers(ALICE, "device"), [0, 1]);
    assert_eq!(told.times(SERVER, "message"), [510]);
}

#[test]
fn a_device_may_be_offline_and_not_say_so() {
    let fault = FaultKind::Link(LinkFault::Partition(vec![ALICE], vec![]));
    let mut work = chatter(500, 500);
    work.push((600, ALICE, Do::Credential));
    let told = told(&case(&work, vec![from(300, 2000, fault)]));
    assert!(told.all(ALICE, "device").is_empty() && told.all(ALICE, "issued").is_empty());
    assert_eq!(told.times(SERVER, "message"), [2010]);
}

#[test]
fn tabs_share_their_device_store_and_a_forked_tab_starts_with_a_copy() {
    const TWIN: NodeId = NodeId(3);
    let session = |n: u32| StoreId(10 + n);
    let work = [
        (100, ALICE, Do::Put(1)),
        (200, BOB, Do::Put(2)),
        (600, TWIN, Do::Put(3)),
        (700, ALICE, Do::Get),
    ];
    let fork = FaultKind::Device(DeviceFault::Fork(ALICE, TWIN));
    let mut case = case(&work, vec![Fault::at(millis(500), fork)]);
    case.topology.stores.extend([session(1), session(2)]);
    for tab in [1, 2] {
        case.topology.nodes[tab] =
            NodeSpec::new(NodeId(tab as u32), Role::Client).on_device(1).with_store(session(1));
    }
    let twin = NodeSpec::new(TWIN, Role::Client).on_device(1).with_store(session(2));
    case.topology.nodes.push(twin.dormant());
    let told = told(&case);
    assert_eq!(told.all(BOB, "stored"), [(204, vec![1, 2])], "one store for the tabs of a device");
    assert_eq!(told.times(TWIN, "start"), [500]);
    assert_eq!(told.all(TWIN, "stored"), [(604, vec![1, 2, 3])], "a copy");
    assert_eq!(told.all(ALICE, "stored").pop(), Some((704, vec![1, 2])), "the original as it was");
}

#[test]
fn a_credential_expires_and_a_short_lived_one_sooner() {
    let work = [
        (100, ALICE, Do::Credential),
        (1000, ALICE, Do::Credential),
        (3000, SERVER, Do::Check(1)),
        (3500, SERVER, Do::Check(2)),
        (15_000, SERVER, Do::Check(1)),
    ];
    let fault = people(PeopleFault::ShortLived(ALICE, Span::secs(2)));
    let mut case = case(&work, vec![from(500, 2000, fault)]);
    case.network.credential_lifetime = Span::secs(10);
    let told = told(&case);
    let expires = |millis: u64| (Wall::START + Span::millis(millis)).as_micros();
    assert_eq!(
        told.all(ALICE, "issued"),
        [(120, vec![1, expires(110 + 10_000)]), (1020, vec![2, expires(1010 + 2000)]),]
    );
    assert_eq!(told.times(SERVER, "good"), [3020]);
    assert_eq!(told.times(SERVER, "bad"), [3520, 15_020]);
}

#[test]
fn a_revoked_credential_is_good_no_more() {
    let work =
        [(100, ALICE, Do::Credential), (500, SERVER, Do::Check(1)), (1500, SERVER, Do::Check(1))];
    let revoked = Fault::at(millis(1000), people(PeopleFault::Revoked(ALICE)));
    let told = told(&case(&work, vec![revoked]));
    assert_eq!(told.times(SERVER, "good"), [520]);
    assert_eq!(told.times(SERVER, "bad"), [1520]);
    assert!(told.saw(|node, what| node == ALICE
        && *what == Observation::Credential(Standing::Revoked { credential: 1 })));
}

#[test]
fn a_refresh_is_refused_or_never_answered() {
    let work = [
        (500, ALICE, Do::Credential),
        (500, BOB, Do::Credential),
        (3000, ALICE, Do::Credential),
        (3000, BOB, Do::Credential),
    ];
    let faults = vec![
        from(300, 2000, people(PeopleFault::RefreshRefused(ALICE))),
        from(300, 2000, people(PeopleFault::IssuerSilent(BOB))),
    ];
    let told = told(&case(&work, faults));
    assert_eq!(told.times(ALICE, "no-credential"), [520]);
    assert_eq!(told.times(ALICE, "issued"), [3020]);
    assert_eq!(told.times(BOB, "issued"), [3020], "and nothing before");
}

#[test]
fn rights_are_withdrawn_and_given_back() {
    let check = |at| (at, SERVER, Do::Check(1));
    let work = [(100, ALICE, Do::Credential), check(500), check(1500), check(3000)];
    let fault = people(PeopleFault::RightsWithdrawn(ALICE, TOPIC));
    let told = told(&case(&work, vec![from(1000, 2000, fault)]));
    let good = told.all(SERVER, "good");
    assert_eq!(good, [(520, vec![]), (1520, vec![1]), (3020, vec![])]);
}

#[test]
fn a_flood_repeats_what_an_attacker_said_last() {
    let flood = people(PeopleFault::Flood { from: ALICE, to: SERVER, per_second: 100 });
    let told = told(&case(&chatter(100, 200), vec![from(500, 1500, flood)]));
    let numbers = told.numbers(SERVER, "message");
    assert_eq!(numbers.len(), 102);
    assert!(numbers[2..].iter().all(|number| *number == 2));
    assert_eq!(told.times(SERVER, "message")[2], 510);
}

#[test]
fn an_attacker_sends_bytes_that_are_no_message_of_any_size() {
    let attack =
        |at, bytes| Fault::at(millis(at), people(PeopleFault::Malformed(ALICE, SERVER, bytes)));
    let told = told(&case(&[dialled()], vec![attack(500, 3), attack(900, 5_000_000)]));
    assert_eq!(told.all(SERVER, "malformed"), [(510, vec![3]), (910, vec![5_000_000])]);
}

#[test]
fn what_heals_has_healed_at_the_horizon_and_what_is_permanent_has_not() {
    let cut = |node| FaultKind::Link(LinkFault::Partition(vec![node], vec![SERVER]));
    let work = [
        (0, ALICE, Do::Dial(SERVER)),
        (0, BOB, Do::Dial(SERVER)),
        (19_000, ALICE, Do::Send(1, 10)),
        (19_000, BOB, Do::Send(1, 10)),
    ];
    let faults = vec![from(18_000, 90_000, cut(ALICE)), Fault::for_good(millis(18_000), cut(BOB))];
    let told = told(&case(&work, faults));
    assert_eq!(told.times(SERVER, "message"), [20_010], "alice's, after the horizon");
}
