//! Faults of paths.

use wavetank::engine::{Bandwidth, Chaos, Latency, Network, Spikes};
use wavetank::fault::{FaultKind, LinkFault};
use wavetank::time::Span;

use super::puppet::{ALICE, BOB, Do, SERVER, case, chatter, dialled, from, told};

fn link(fault: LinkFault) -> FaultKind {
    FaultKind::Link(fault)
}

#[test]
fn a_partition_keeps_what_streams_carry_and_loses_casts_both_ways() {
    let mut work = chatter(100, 1000);
    work.extend([(500, SERVER, Do::Send(1, 10)), (500, ALICE, Do::Cast(SERVER))]);
    let fault = link(LinkFault::Partition(vec![ALICE], vec![]));
    let told = told(&case(&work, vec![from(300, 2000, fault)]));
    assert_eq!(told.numbers(SERVER, "message"), (1..=5).chain(7..=11).collect::<Vec<_>>());
    assert!(told.times(SERVER, "message")[2..].iter().all(|at| *at >= 2010), "after the repair");
    assert!(told.times(ALICE, "message")[0] >= 2010);
    assert!(told.all(SERVER, "cast").is_empty(), "a cast is lost");
}

#[test]
fn a_oneway_partition_leaves_the_other_way_open() {
    let mut work = chatter(100, 100);
    work.extend([(500, SERVER, Do::Send(1, 10)), (500, ALICE, Do::Send(1, 10))]);
    let fault = link(LinkFault::PartitionOneway(vec![ALICE], vec![SERVER]));
    let told = told(&case(&work, vec![from(300, 2000, fault)]));
    assert_eq!(told.times(ALICE, "message"), [510]);
    assert_eq!(told.times(SERVER, "message"), [110, 2010]);
}

#[test]
fn a_partition_of_groups_leaves_each_group_whole() {
    let work = [
        (0, ALICE, Do::Dial(SERVER)),
        (0, BOB, Do::Dial(SERVER)),
        (500, ALICE, Do::Send(1, 10)),
        (500, BOB, Do::Send(1, 10)),
        (500, ALICE, Do::Cast(BOB)),
    ];
    let fault = link(LinkFault::Partition(vec![SERVER, BOB], vec![ALICE]));
    let told = told(&case(&work, vec![from(300, 2000, fault)]));
    assert_eq!(told.times(SERVER, "message"), [510, 2010], "bob's comes through, alice's waits");
    assert!(told.all(BOB, "cast").is_empty());
}

#[test]
fn a_hold_keeps_casts_as_well_and_releases_all_at_once() {
    let mut work = chatter(400, 800);
    work.push((500, ALICE, Do::Cast(SERVER)));
    let fault = link(LinkFault::Hold(vec![ALICE], vec![SERVER]));
    let told = told(&case(&work, vec![from(300, 2000, fault)]));
    assert_eq!(told.times(SERVER, "message"), [2000; 5]);
    assert_eq!(told.times(SERVER, "cast"), [2000]);
}

#[test]
fn latency_is_what_the_fault_says_while_it_lasts() {
    let slow = Latency::Constant(Span::millis(700));
    let fault = link(LinkFault::Latency(vec![ALICE], vec![], slow));
    let work = [dialled(), (300, ALICE, Do::Send(1, 10)), (3000, ALICE, Do::Send(1, 10))];
    let told = told(&case(&work, vec![from(200, 2000, fault)]));
    assert_eq!(told.times(SERVER, "message"), [1000, 3010]);
}

#[test]
fn spikes_delay_some_messages_and_a_stream_keeps_their_order() {
    let spikes = Spikes { odds_ppm: 300_000, by: Span::millis(450) };
    let fault = link(LinkFault::Spikes(vec![ALICE], vec![SERVER], spikes));
    let told = told(&case(&chatter(100, 5000), vec![from(50, 6000, fault)]));
    let late: Vec<u64> =
        (1..).zip(told.times(SERVER, "message")).map(|(n, at)| at - n * 100).collect();
    assert_eq!(told.numbers(SERVER, "message"), (1..=50).collect::<Vec<_>>(), "in order");
    assert!(late.contains(&10) && late.contains(&460), "{late:?}");
}

#[test]
fn bandwidth_makes_a_stream_wait_and_its_send_buffer_fill() {
    let bandwidth = Bandwidth { bytes_per_second: 10_000, queue: 5_000 };
    let fault = link(LinkFault::Bandwidth(vec![ALICE], vec![SERVER], bandwidth));
    let work = [dialled(), (100, ALICE, Do::Send(20, 1000))];
    let mut case = case(&work, vec![from(50, 6000, fault)]);
    case.network.send_buffer = 8_000;
    let told = told(&case);
    let expected: Vec<u64> = (1..=20).map(|n| 100 + n * 100 + 10).collect();
    assert_eq!(told.times(SERVER, "message"), expected, "a tenth of a second each");
    assert_eq!(told.numbers(ALICE, "full"), (8..=20).collect::<Vec<_>>());
    // Less than half of the buffer is used once the seventeenth has arrived.
    assert_eq!(told.times(ALICE, "writable"), [100 + 17 * 100 + 10]);
}

#[test]
fn bandwidth_drops_what_is_in_no_stream_when_its_queue_is_full() {
    let bandwidth = Bandwidth { bytes_per_second: 1_000, queue: 500 };
    let chaos = Chaos { reorder: Span::micros(1), ..Chaos::default() };
    let ends = || (vec![ALICE], vec![SERVER]);
    let faults = vec![
        from(50, 6000, link(LinkFault::Bandwidth(ends().0, ends().1, bandwidth))),
        from(50, 6000, link(LinkFault::Chaos(ends().0, ends().1, chaos))),
    ];
    let told = told(&case(&[dialled(), (100, ALICE, Do::Send(20, 100))], faults));
    assert_eq!(told.numbers(SERVER, "message"), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_chaotic_path_loses_doubles_and_reorders_messages() {
    let chaos = Chaos {
        loss_ppm: 200_000,
        duplicate_ppm: 200_000,
        reorder: Span::millis(300),
        ..Chaos::default()
    };
    let fault = link(LinkFault::Chaos(vec![ALICE], vec![SERVER], chaos));
    let told = told(&case(&chatter(100, 9900), vec![from(50, 12_000, fault)]));
    let numbers = told.numbers(SERVER, "message");
    let mut distinct = numbers.clone();
    distinct.sort_unstable();
    let total = distinct.len();
    distinct.dedup();
    assert!(distinct.len() < 95, "some are lost");
    assert!(total > distinct.len() + 5, "some come twice");
    assert!(numbers.windows(2).any(|pair| pair[0] > pair[1]), "some are overtaken");
}

#[test]
fn losses_come_in_bursts_where_the_fault_says_so() {
    let chaos = Chaos { loss_ppm: 300_000, burst: Span::secs(1), ..Chaos::default() };
    let fault = link(LinkFault::Chaos(vec![ALICE], vec![SERVER], chaos));
    let told = told(&case(&chatter(1000, 18_900), vec![from(50, 19_000, fault)]));
    let numbers = told.numbers(SERVER, "message");
    for second in 0..18u64 {
        let of = (second * 10 + 1)..=(second * 10 + 10);
        let came = numbers.iter().filter(|number| of.contains(number)).count();
        assert!(came == 0 || came == 10, "{came} of the messages of second {second} came");
    }
    assert!(numbers.len() < 180 && numbers.len() > 60);
}

#[test]
fn a_corrupt_message_arrives_as_bytes_that_are_none() {
    let chaos = Chaos { corrupt_ppm: 1_000_000, ..Chaos::default() };
    let fault = link(LinkFault::Chaos(vec![ALICE], vec![SERVER], chaos));
    let work = [dialled(), (300, ALICE, Do::Send(1, 77)), (3000, ALICE, Do::Send(1, 10))];
    let told = told(&case(&work, vec![from(200, 2000, fault)]));
    assert_eq!(told.all(SERVER, "malformed"), [(310, vec![77])]);
    assert_eq!(told.numbers(SERVER, "message"), [2]);
}

#[test]
fn casts_are_lost_doubled_and_reordered_on_a_chaotic_path() {
    let chaos = Chaos {
        loss_ppm: 200_000,
        duplicate_ppm: 200_000,
        reorder: Span::millis(300),
        ..Chaos::default()
    };
    let fault = link(LinkFault::Chaos(vec![ALICE], vec![BOB], chaos));
    let work: Vec<_> = (1..=100).map(|n| (n * 100, ALICE, Do::Cast(BOB))).collect();
    let calm = told(&case(&work, vec![]));
    assert_eq!(calm.numbers(BOB, "cast"), (1..=100).collect::<Vec<_>>(), "in order, once each");
    let numbers = told(&case(&work, vec![from(50, 12_000, fault)])).numbers(BOB, "cast");
    let mut distinct = numbers.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert!(distinct.len() < 95 && numbers.len() > distinct.len() + 5);
    assert!(numbers.windows(2).any(|pair| pair[0] > pair[1]));
}

#[test]
fn the_presets_differ_as_their_names_say() {
    let slowest = |network: Network| {
        let mut case = case(&chatter(1000, 9000), vec![]);
        case.network = network;
        let times = told(&case).times(SERVER, "message");
        let late = (0..).zip(times).map(|(n, at)| at - 1000 - n * 100);
        let mut late: Vec<u64> = late.collect();
        late.sort_unstable();
        (late[late.len() / 2], late[late.len() - 1])
    };
    let (lan, wifi, mobile) =
        (slowest(Network::lan()), slowest(Network::wifi()), slowest(Network::mobile()));
    assert!(lan.1 <= 1 && lan.0 < wifi.0 && wifi.0 < mobile.0, "{lan:?} {wifi:?} {mobile:?}");
    assert!(mobile.1 >= 1000, "a telephone has spells of silence: {mobile:?}");
}
