//! What paths do to packets matches their parameters, within bounds that are stated, on seeds
//! that are fixed: three standard errors or more, so that the bounds say something and hold.

mod radio;

use radio::{Packet, beats};
use wavetank::engine::{Chaos, Latency, Spikes};
use wavetank::time::Span;

const PACKETS: usize = 20_000;

/// How late each packet was, in microseconds.
fn delays(packets: &[Packet]) -> Vec<u64> {
    packets.iter().flat_map(|packet| packet.arrivals.iter().map(|at| at - packet.sent)).collect()
}

fn mean(delays: &[u64]) -> u64 {
    delays.iter().sum::<u64>() / delays.len() as u64
}

/// Whether `seen` is within `percent` of `expected`.
fn close(seen: u64, expected: u64, percent: u64) -> bool {
    seen.abs_diff(expected) * 100 <= expected * percent
}

/// How many of the delays are below a bound, in thousandths.
fn below(delays: &[u64], bound: u64) -> u64 {
    delays.iter().filter(|delay| **delay < bound).count() as u64 * 1000 / delays.len() as u64
}

#[test]
fn a_constant_latency_is_constant() {
    let packets = beats(1, PACKETS, Latency::Constant(Span::millis(30)), Chaos::default(), None);
    assert!(delays(&packets).iter().all(|delay| *delay == 30_000));
}

#[test]
fn a_uniform_latency_is_uniform() {
    let latency = Latency::Uniform(Span::millis(10), Span::millis(110));
    // A chaotic link, so that no packet waits for one before it.
    let delays = delays(&beats(2, PACKETS, latency, restless(), None));
    assert!(close(mean(&delays), 60_000, 2), "mean {}", mean(&delays));
    for (bound, expected) in [(35_000, 250), (60_000, 500), (85_000, 750)] {
        let share = below(&delays, bound);
        assert!(share.abs_diff(expected) <= 12, "{share} of 1000 below {bound} us");
    }
    assert!(delays.iter().all(|delay| (10_000..=110_001).contains(delay)));
}

#[test]
fn an_exponential_latency_has_its_mean_and_its_tail() {
    let latency = Latency::Exponential(Span::millis(10), Span::millis(100));
    let delays = delays(&beats(3, PACKETS, latency, restless(), None));
    assert!(close(mean(&delays), 110_000, 3), "mean {}", mean(&delays));
    // Of an exponential, e^-1 lies beyond the mean and e^-3 beyond three times the mean.
    for (bound, expected) in [(110_000, 632), (310_000, 950)] {
        let share = below(&delays, bound);
        assert!(share.abs_diff(expected) <= 12, "{share} of 1000 below {bound} us");
    }
    assert!(delays.iter().all(|delay| (10_000..=1_010_001).contains(delay)), "cut at ten means");
}

#[test]
fn spikes_meet_as_many_packets_as_they_say() {
    let spikes = Spikes { odds_ppm: 50_000, by: Span::secs(2) };
    let latency = Latency::Constant(Span::millis(30));
    let delays = delays(&beats(4, PACKETS, latency, restless(), Some(spikes)));
    let share = 1000 - below(&delays, 2_000_000);
    assert!(share.abs_diff(50) <= 6, "{share} of 1000 met a spike");
}

#[test]
fn uniform_losses_are_as_many_as_they_say_and_independent() {
    let chaos = Chaos { loss_ppm: 150_000, ..Chaos::default() };
    let packets = beats(5, PACKETS, Latency::Constant(Span::millis(30)), chaos, None);
    let lost: Vec<bool> = packets.iter().map(|packet| packet.arrivals.is_empty()).collect();
    let count = lost.iter().filter(|lost| **lost).count() as u64;
    assert!(close(count, PACKETS as u64 * 15 / 100, 6), "{count} lost");
    let pairs = lost.windows(2).filter(|pair| pair[0] && pair[1]).count() as u64;
    assert!(close(pairs, PACKETS as u64 * 225 / 10_000, 18), "{pairs} neighbours lost");
}

#[test]
fn bursts_lose_as_much_in_all_and_whole_stretches_at_a_time() {
    // A packet every 10 ms, in stretches of 200 ms: twenty packets share a fate.
    let chaos = Chaos { loss_ppm: 150_000, burst: Span::millis(200), ..Chaos::default() };
    let packets = beats(6, PACKETS, Latency::Constant(Span::millis(30)), chaos, None);
    let stretch = |packet: &Packet| packet.sent / 200_000;
    let mut stretches: Vec<(u64, bool)> =
        packets.iter().map(|packet| (stretch(packet), packet.arrivals.is_empty())).collect();
    stretches.dedup();
    let all = stretches.len() as u64;
    let lost = stretches.iter().filter(|(_, lost)| *lost).count() as u64;
    let mut numbers: Vec<u64> = stretches.into_iter().map(|(number, _)| number).collect();
    numbers.dedup();
    assert_eq!(numbers.len() as u64, all, "no stretch loses a part of its packets");
    assert!(close(lost, all * 15 / 100, 25), "{lost} of {all} stretches");
}

#[test]
fn duplicates_and_damages_are_as_many_as_they_say() {
    let latency = Latency::Constant(Span::millis(30));
    let chaos = Chaos { duplicate_ppm: 80_000, ..Chaos::default() };
    let twice = beats(7, PACKETS, latency, chaos, None);
    let count = twice.iter().filter(|packet| packet.arrivals.len() == 2).count() as u64;
    assert!(close(count, PACKETS as u64 * 8 / 100, 8), "{count} came twice");
    let chaos = Chaos { corrupt_ppm: 80_000, ..Chaos::default() };
    let damaged = beats(8, PACKETS, latency, chaos, None);
    let count = damaged.iter().filter(|packet| packet.damaged).count() as u64;
    assert!(close(count, PACKETS as u64 * 8 / 100, 8), "{count} came damaged");
}

#[test]
fn a_window_of_disorder_reorders_as_many_neighbours_as_its_width_says() {
    // Neighbours are sent d = 10 ms apart and each waits up to w = 40 ms more. The second
    // comes first with a probability of (1 - d/w)^2 / 2 = 28.125 %.
    let chaos = Chaos { reorder: Span::millis(40), ..Chaos::default() };
    let packets = beats(9, PACKETS, Latency::Constant(Span::millis(30)), chaos, None);
    let arrival = |packet: &Packet| packet.arrivals[0];
    let overtaken = packets.windows(2).filter(|pair| arrival(&pair[1]) < arrival(&pair[0])).count();
    let share = overtaken as u64 * 10_000 / PACKETS as u64;
    assert!(close(share, 2812, 6), "{share} of 10000 neighbours changed places");
    let late = delays(&packets);
    assert!(late.iter().all(|delay| (30_000..=70_000).contains(delay)), "nobody leaves the window");
}

/// Chaos that does nothing but let packets pass each other.
fn restless() -> Chaos {
    Chaos { reorder: Span::micros(1), ..Chaos::default() }
}
