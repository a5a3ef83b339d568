//! The links between hosts: cut, held, slow.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use turmoil::Sim;

use super::driver::duration;
use super::tank::Hosts;
use super::wires::{Way, Wires};
use crate::engine::{Latency, Network, NodeSpec, Weather};
use crate::history::Path;
use crate::id::NodeId;
use crate::time::Span;

/// What becomes of what is sent over a link that is cut.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// All of it waits.
    Hold,
    /// Streams wait; casts are lost.
    Keep,
    /// All of it is lost.
    Drop,
    /// As with `Keep`, but one way only. turmoil cannot hold one way: the streams do.
    Oneway,
}

/// What turmoil does on a link.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Verb {
    #[default]
    Pass,
    Hold,
    Partition,
}

/// A link between two hosts, and how many cuts of each sort cover it.
#[derive(Default)]
struct Road {
    verb: Verb,
    held: u32,
    kept: u32,
    dropped: u32,
}

pub(super) type Pair = (NodeId, NodeId);

/// All links of a run.
pub(super) struct Roads<'a, R> {
    nodes: &'a [NodeSpec<R>],
    network: &'a Network,
    hosts: Rc<Hosts>,
    wires: Rc<Wires>,
    /// By the lower host and the higher.
    roads: BTreeMap<Way, Road>,
    oneway: BTreeMap<Way, u32>,
    /// Ways that are not as usual.
    odd: BTreeSet<Way>,
}

impl<'a, R> Roads<'a, R> {
    pub(super) fn new(
        nodes: &'a [NodeSpec<R>],
        network: &'a Network,
        hosts: Rc<Hosts>,
        wires: Rc<Wires>,
    ) -> Self {
        let (roads, oneway, odd) = Default::default();
        Self { nodes, network, hosts, wires, roads, oneway, odd }
    }

    /// Makes all links as they usually are.
    pub(super) fn prepare(&self, sim: &Sim<'_>) {
        for (i, one) in self.nodes.iter().enumerate() {
            for other in &self.nodes[..i] {
                self.show(sim, (one.id, other.id), Weather::default());
            }
        }
    }

    /// The way from one node to another; none between two on one host.
    fn way(&self, (from, to): Pair) -> Option<Way> {
        let way = (self.hosts.host(from)?, self.hosts.host(to)?);
        (way.0 != way.1).then_some(way)
    }

    /// Cuts the links between pairs of nodes, or takes that back.
    pub(super) fn cut(&mut self, sim: &Sim<'_>, pairs: &[Pair], cut: Cut, begins: bool) {
        let ways: BTreeSet<Way> = pairs.iter().filter_map(|pair| self.way(*pair)).collect();
        let add = |count: &mut u32| {
            *count = if begins { *count + 1 } else { count.saturating_sub(1) };
        };
        let mut keys = BTreeSet::new();
        for way in ways {
            if cut == Cut::Oneway {
                add(self.oneway.entry(way).or_default());
            }
            keys.insert((way.0.min(way.1), way.0.max(way.1)));
        }
        for key in keys {
            let road = self.roads.entry(key).or_default();
            match cut {
                Cut::Hold => add(&mut road.held),
                Cut::Keep => add(&mut road.kept),
                Cut::Drop => add(&mut road.dropped),
                Cut::Oneway => {}
            }
            self.settle(sim, key);
        }
    }

    /// Lets a link be as all that is said of it comes to.
    fn settle(&mut self, sim: &Sim<'_>, (a, b): Way) {
        let Some(road) = self.roads.get_mut(&(a, b)) else { return };
        let verb = match road {
            Road { dropped: 1.., .. } => Verb::Partition,
            Road { held: 0, kept: 0, .. } => Verb::Pass,
            _ => Verb::Hold,
        };
        if road.verb != verb {
            road.verb = verb;
            let names = &self.hosts.names;
            let (one, other) = (names[a].as_str(), names[b].as_str());
            match verb {
                Verb::Partition => sim.partition(one, other),
                Verb::Hold => sim.hold(one, other),
                Verb::Pass => sim.release(one, other),
            }
        }
        for way in [(a, b), (b, a)] {
            let oneway = self.oneway.get(&way).is_some_and(|count| *count > 0);
            self.wires.hold(way, oneway);
            mark(&self.wires.shut, way, oneway || road.kept > 0 || road.dropped > 0);
            mark(&self.wires.lost, way, road.dropped > 0);
        }
    }

    /// Sets what the link between two nodes is like, both ways.
    pub(super) fn set_weather(&mut self, sim: &Sim<'_>, pair: Pair, weather: Weather) {
        let Some((a, b)) = self.way(pair) else { return };
        for way in [(a, b), (b, a)] {
            if weather == Weather::default() {
                self.odd.remove(&way);
            } else {
                self.odd.insert(way);
            }
        }
        self.show(sim, pair, weather);
    }

    fn show(&self, sim: &Sim<'_>, pair: Pair, weather: Weather) {
        let Some((a, b)) = self.way(pair) else { return };
        let names = &self.hosts.names;
        let (one, other) = (names[a].as_str(), names[b].as_str());
        let local = self.is_local(pair);
        let usual = if local { self.network.local_latency } else { self.network.latency };
        let (low, high) = range_of(weather.latency.unwrap_or(usual));
        // Between two nodes of one device it is always the same, so that casts keep their order.
        let low = if local { high } else { low };
        sim.set_link_latency(one, other, duration(low));
        sim.set_link_max_message_latency(one, other, duration(high));
        let spikes = Some(self.network.spikes).filter(|_| !local);
        let bandwidth = self.network.bandwidth.filter(|_| !local);
        let weather = Weather {
            spikes: weather.spikes.or(spikes),
            bandwidth: weather.bandwidth.or(bandwidth),
            ..weather
        };
        self.wires.set_weather((a, b), weather);
        self.wires.set_weather((b, a), weather);
    }

    fn is_local(&self, (a, b): Pair) -> bool {
        let device = |id| self.nodes.iter().find(|node| node.id == id).and_then(|node| node.device);
        device(a).is_some() && device(a) == device(b)
    }

    /// How the way from one node to another is.
    pub(super) fn path(&self, pair: Pair) -> Path {
        let Some(way) = self.way(pair) else { return Path::Up };
        let key = (way.0.min(way.1), way.0.max(way.1));
        let held = self.roads.get(&key).is_some_and(|road| road.verb != Verb::Pass);
        match self.oneway.get(&way) {
            Some(1..) => Path::Down,
            _ if held => Path::Down,
            _ if self.odd.contains(&way) => Path::Impaired,
            _ => Path::Up,
        }
    }
}

fn mark(set: &std::cell::RefCell<BTreeSet<Way>>, way: Way, is: bool) {
    if is {
        set.borrow_mut().insert(way);
    } else {
        set.borrow_mut().remove(&way);
    }
}

/// The least and the greatest latency. Between the two turmoil draws from an exponential
/// distribution whose mean lies a fifth of the way up.
pub(super) fn range_of(latency: Latency) -> (Span, Span) {
    let (low, high) = match latency {
        Latency::Constant(span) => (span, span),
        Latency::Uniform(low, high) => (low, high),
        Latency::Exponential(least, mean) => (least, least + mean * 5),
    };
    // What takes no time arrives before the listener of a host that starts is there.
    let low = low.max(Span::millis(1));
    (low, high.max(low))
}
