//! Links between nodes, and the connections that run over them.
//!
//! A connection has two directions, each a FIFO of parcels of which only the head stands in the
//! agenda. The state of links is set from outside; nothing here knows why.

use std::hint::black_box;

use smallvec::SmallVec;

use super::agenda::{Agenda, Due, Wake};
use super::lane::{Item, Lane, Parcel};
use super::link::{Link, Posted};
use super::path::{Chaos, Quality, Spikes};
use super::setup::Network;
use crate::history::Channel;
use crate::id::{ConnId, NodeId};
use crate::rng::Draw;
use crate::time::Time;

/// What one end of a connection knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndState {
    /// Not yet told anything.
    Pending,
    Open,
    /// Has sent a close frame.
    Closing,
    /// Done with it.
    Gone,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) host: u32,
    pub(crate) state: EndState,
    /// The send buffer was full and the node waits to hear that it is not.
    pub(crate) full: bool,
}

#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Conn {
    /// That of nothing where the slot is free: its lanes lie there for the next one.
    pub(crate) id: ConnId,
    /// The dialler's end, then the acceptor's.
    pub(crate) ends: [End; 2],
    /// Away from the dialler, then towards it.
    pub(crate) lanes: [Lane; 2],
    pub(crate) channel: Channel,
    /// When something was last sent on it.
    pub(crate) used_at: Time,
    /// When a proxy will look whether it is idle.
    pub(crate) look_at: Wake,
    /// The last message that each end sent, while somebody may send it again.
    pub(crate) repeats: [Option<u32>; 2],
}

/// The id of no connection.
const NONE: ConnId = ConnId::new(u32::MAX, u32::MAX);

impl Conn {
    /// What lies in a slot that was never used.
    fn vacant() -> Self {
        let end = End { host: 0, state: EndState::Gone, full: false };
        Self {
            id: NONE,
            ends: [end; 2],
            lanes: Default::default(),
            channel: Channel::Socket,
            used_at: Time::ZERO,
            look_at: Wake::NEVER,
            repeats: [None; 2],
        }
    }
    pub(crate) fn end_of(&self, host: u32) -> usize {
        usize::from(self.ends[0].host != host)
    }
    pub(crate) fn is_over(&self) -> bool {
        self.ends.iter().all(|end| end.state == EndState::Gone)
    }
}

/// What has come out of a direction of a connection, and what its two ends are like.
pub(crate) struct Arrival {
    pub(crate) conn: ConnId,
    pub(crate) direction: usize,
    pub(crate) parcel: Parcel,
    pub(crate) sender: End,
    pub(crate) receiver: End,
}

/// The two links between a host and one of a smaller number.
#[derive(Debug)]
struct Pair {
    low: u32,
    /// Towards the greater number, then away from it; each is made on first use.
    links: [Option<u32>; 2],
}

/// The connections that have an end at a host, those among them that are over, and how many are
/// not. Where one stands is told nowhere: they are sorted out now and then, all at once, since
/// what lies in a hundred thousand places is read in an order of its own quicker than one by one.
#[derive(Debug, Default)]
struct Ends {
    listed: SmallVec<[ConnId; 2]>,
    live: u32,
}

/// All links and connections.
pub(crate) struct Net {
    conns: Vec<Conn>,
    pub(crate) links: Vec<Link>,
    /// For each host, the links between it and hosts of smaller numbers.
    pairs: Vec<SmallVec<[Pair; 1]>>,
    by_host: Vec<Ends>,
    draw: Draw,
    usual: Quality,
    local: Quality,
}

impl Net {
    pub(crate) fn new(network: &Network, draw: Draw) -> Self {
        let calm = Chaos::default();
        Self {
            conns: Vec::new(),
            links: Vec::new(),
            pairs: Vec::new(),
            by_host: Vec::new(),
            draw,
            usual: Quality::new(network.latency, network.spikes, network.bandwidth, calm),
            local: Quality::new(network.local_latency, Spikes::default(), None, calm),
        }
    }

    /// The link from one host to another, made on first use.
    pub(crate) fn link(&mut self, from: (u32, NodeId), to: (u32, NodeId), local: bool) -> u32 {
        let (low, high) = (from.0.min(to.0), from.0.max(to.0));
        if self.pairs.len() <= high as usize {
            self.pairs.resize_with(high as usize + 1, SmallVec::new);
        }
        let pairs = &mut self.pairs[high as usize];
        let place = match pairs.binary_search_by_key(&low, |pair| pair.low) {
            Ok(place) => place,
            Err(place) => {
                pairs.insert(place, Pair { low, links: [None; 2] });
                place
            }
        };
        let link = &mut pairs[place].links[usize::from(from.0 == high)];
        *link.get_or_insert_with(|| {
            let draw = self.draw.key(u64::from(from.1.0)).key(u64::from(to.1.0));
            self.links.push(Link::new(from, to.0, draw, local));
            self.links.len() as u32 - 1
        })
    }

    pub(crate) fn open(&mut self, id: ConnId, channel: Channel, hosts: [u32; 2], links: [u32; 2]) {
        let ends = hosts.map(|host| {
            if self.by_host.len() <= host as usize {
                self.by_host.resize_with(host as usize + 1, Ends::default);
            }
            let ends = &mut self.by_host[host as usize];
            ends.listed.push(id);
            ends.live += 1;
            End { host, state: EndState::Pending, full: false }
        });
        if self.conns.len() <= id.slot() {
            self.conns.resize_with(id.slot() + 1, Conn::vacant);
        }
        let conn = &mut self.conns[id.slot()];
        (conn.id, conn.ends, conn.channel) = (id, ends, channel);
        (conn.used_at, conn.look_at, conn.repeats) = (Time::ZERO, Wake::NEVER, [None; 2]);
        for (lane, link) in conn.lanes.iter_mut().zip(links) {
            let state = &self.links[link as usize];
            lane.begin(link, state.is_cut(), state.floor);
        }
    }

    /// The connection that has a slot.
    #[inline]
    pub(crate) fn at(&self, slot: usize) -> Option<&Conn> {
        self.conns.get(slot).filter(|conn| conn.id != NONE)
    }

    #[inline]
    pub(crate) fn at_mut(&mut self, slot: usize) -> Option<&mut Conn> {
        self.conns.get_mut(slot).filter(|conn| conn.id != NONE)
    }

    #[inline]
    pub(crate) fn get(&self, id: ConnId) -> Option<&Conn> {
        self.conns.get(id.slot()).filter(|conn| conn.id == id)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, id: ConnId) -> Option<&mut Conn> {
        self.conns.get_mut(id.slot()).filter(|conn| conn.id == id)
    }

    /// Forgets a finished connection and gives back its slot. What its ends sent last is left.
    pub(crate) fn forget(&mut self, id: ConnId) -> Option<[Option<u32>; 2]> {
        let conn = self.get_mut(id)?;
        conn.id = NONE;
        conn.lanes.iter_mut().for_each(Lane::end);
        let (ends, repeats) = (conn.ends, std::mem::take(&mut conn.repeats));
        for end in ends {
            self.forget_at(end.host);
        }
        Some(repeats)
    }

    /// A connection at a host is over. Its list is sorted out where most of it is.
    fn forget_at(&mut self, host: u32) {
        let Ends { listed, live } = &mut self.by_host[host as usize];
        *live -= 1;
        if listed.len() > 2 * *live as usize {
            let conns = &self.conns;
            listed.retain(|id| conns[id.slot()].id == *id);
        }
    }

    /// What a link is like where nothing was done to it.
    pub(crate) const fn usual(&self, link: u32) -> &Quality {
        if self.links.as_slice()[link as usize].local { &self.local } else { &self.usual }
    }

    /// Until when a lane's path is busy with the message of so many bytes that was put on it
    /// last, if it takes long to carry it.
    #[inline]
    pub(crate) fn long_busy(&self, slot: usize, direction: usize, size: u32) -> Option<Time> {
        let lane = &self.at(slot)?.lanes[direction];
        self.links[lane.link as usize].long_busy(size)
    }

    /// Puts a parcel of `size` bytes on the way.
    #[inline]
    pub(crate) fn put(
        &mut self,
        agenda: &mut Agenda,
        now: Time,
        slot: usize,
        direction: usize,
        parcel: Parcel,
        size: u32,
    ) -> Posted {
        self.put_parts(agenda, now, slot, direction, &[], parcel, size)
    }

    /// Puts a parcel of `size` bytes on the way, and parts of the same write before it. All of
    /// them have one fate; parts are only put on a path that keeps the promises of a stream.
    #[inline]
    #[allow(clippy::too_many_arguments, reason = "what is sent, where and when, at one place")]
    #[cfg_attr(not(feature = "wire"), allow(unused_variables, reason = "bytes come in parts"))]
    pub(crate) fn put_parts(
        &mut self,
        agenda: &mut Agenda,
        now: Time,
        slot: usize,
        direction: usize,
        parts: &[u32],
        parcel: Parcel,
        size: u32,
    ) -> Posted {
        let conn = &mut self.conns[slot];
        debug_assert!(conn.id != NONE, "a parcel is put on a known connection");
        conn.used_at = now;
        let lane = &mut conn.lanes[direction];
        let link = &mut self.links[lane.link as usize];
        let usual = if link.local { &self.local } else { &self.usual };
        let fate = link.fate(usual, now, size);
        let index = (slot * 2 + direction) as u32;
        if link.is_calm(usual) || !parcel.is_message() {
            let at = fate.at.max(lane.last);
            #[cfg(feature = "wire")]
            lane.put_parts(agenda, now, at, index, parts);
            lane.last = at;
            lane.fifo.push_back(Item { at, parcel });
            if lane.wake.is_never() && !lane.silent {
                lane.wake = Wake::at(at);
                agenda.add(at, Due::Lane, index);
            }
            return Posted { arrive: 1, whole: 1 };
        }
        if fate.lost {
            return Posted { arrive: 0, whole: 0 };
        }
        let parcel = if fate.corrupt { parcel.harmed(size) } else { parcel };
        for at in std::iter::once(fate.at).chain(fate.again) {
            lane.fifo.insert(Item { at, parcel });
            if !lane.silent && lane.wake.is_after(at) {
                lane.wake = Wake::at(at);
                agenda.add(at, Due::Lane, index);
            }
        }
        let arrive = 1 + u32::from(fate.again.is_some());
        Posted { arrive, whole: if fate.corrupt { 0 } else { arrive } }
    }

    /// Takes the head of a lane if it is due, and plans the next.
    #[inline]
    pub(crate) fn arrive(&mut self, agenda: &mut Agenda, now: Time, index: u32) -> Option<Arrival> {
        let conn = self.conns.get_mut(index as usize / 2)?;
        let direction = index as usize % 2;
        let lane = &mut conn.lanes[direction];
        if !lane.wake.is(now) {
            return None;
        }
        lane.wake = Wake::NEVER;
        if lane.silent || lane.cut {
            return None;
        }
        let item = lane.fifo.pop_front()?;
        if let Some(next) = lane.fifo.front() {
            let at = next.at.max(lane.floor).max(now);
            lane.wake = Wake::at(at);
            agenda.add(at, Due::Lane, index);
        }
        let (sender, receiver) = (conn.ends[direction], conn.ends[1 - direction]);
        Some(Arrival { conn: conn.id, direction, parcel: item.parcel, sender, receiver })
    }

    /// Plans the head of a lane that had been held up.
    fn resume(lane: &mut Lane, agenda: &mut Agenda, floor: Time, index: u32) {
        lane.cut = false;
        lane.floor = floor;
        let Some(head) = lane.fifo.front() else { return };
        let at = head.at.max(floor);
        if !lane.silent && (lane.wake.is_never() || lane.wake.is_before(at)) {
            lane.wake = Wake::at(at);
            agenda.add(at, Due::Lane, index);
        }
    }

    /// Cuts a link. Streams wait; casts are lost, or wait as well where it is only held.
    pub(crate) fn cut(&mut self, link: u32, held: bool) {
        let state = &mut self.links[link as usize];
        state.cut(held);
        let (from, to) = (state.host_from, state.host_to);
        for id in self.between(from, to) {
            let Some(conn) = self.get_mut(id) else { continue };
            for lane in conn.lanes.iter_mut().filter(|lane| lane.link == link) {
                lane.cut = true;
            }
        }
    }

    /// Takes back one cut of a link.
    pub(crate) fn join(&mut self, agenda: &mut Agenda, now: Time, link: u32, held: bool) {
        let usual = *self.usual(link);
        let state = &mut self.links[link as usize];
        let Some(floor) = state.join(&usual, now, held) else { return };
        for at in state.casts() {
            agenda.add(at.max(now), Due::Cast, link);
        }
        let (from, to) = (state.host_from, state.host_to);
        for id in self.between(from, to) {
            let Some(conn) = self.get_mut(id) else { continue };
            for (direction, lane) in conn.lanes.iter_mut().enumerate() {
                if lane.link == link {
                    Self::resume(lane, agenda, floor, (id.slot() * 2 + direction) as u32);
                }
            }
        }
    }

    /// Sends a cast of `size` bytes.
    pub(crate) fn cast(
        &mut self,
        agenda: &mut Agenda,
        now: Time,
        link: u32,
        payload: u32,
        size: u32,
    ) -> Posted {
        let usual = *self.usual(link);
        let plan = |at| agenda.add(at, Due::Cast, link);
        self.links[link as usize].cast(usual, now, payload, size, plan)
    }

    /// Whether a direction of a connection keeps the promises of a stream.
    #[cfg(feature = "wire")]
    pub(crate) fn is_calm(&self, slot: usize, direction: usize) -> bool {
        self.at(slot).is_some_and(|conn| {
            let link = conn.lanes[direction].link;
            self.links[link as usize].is_calm(self.usual(link))
        })
    }

    /// Takes out what is in flight in one direction but for the first `keep` writes. Of a
    /// silent lane nothing survives.
    pub(crate) fn drop_suffix(&mut self, id: ConnId, direction: usize, keep: u64) -> Vec<Item> {
        let Some(conn) = self.get_mut(id) else { return Vec::new() };
        let lane = &mut conn.lanes[direction];
        let keep = if lane.silent { 0 } else { lane.place_behind(keep) };
        lane.silent = false;
        let lost = lane.fifo.split_off(keep);
        if lane.fifo.is_empty() {
            lane.wake = Wake::NEVER;
        }
        lost
    }

    /// Makes one direction of a connection silent for good.
    pub(crate) fn silence(&mut self, id: ConnId, direction: usize) {
        if let Some(conn) = self.get_mut(id) {
            conn.lanes[direction].silent = true;
            conn.lanes[direction].wake = Wake::NEVER;
        }
    }

    /// Reads what lies in a slot, of which nothing may be in a cache: a field of each of its lines.
    #[inline]
    pub(super) fn read(&self, slot: usize) {
        let Some(conn) = self.conns.get(slot) else { return };
        black_box((conn.id.slot, conn.lanes[0].wake, conn.lanes[1].wake, conn.look_at));
    }

    /// Reads where the links and connections of a host are told.
    #[inline]
    pub(super) fn read_lists(&self, host: u32) {
        black_box(self.by_host.get(host as usize).map(|ends| ends.live));
        black_box(self.pairs.get(host as usize).map(SmallVec::len));
    }

    /// The links between this host and those of smaller numbers.
    pub(super) fn links_of(&self, host: u32) -> impl Iterator<Item = &Link> {
        let pairs = self.pairs.get(host as usize).into_iter().flatten();
        pairs.flat_map(|pair| pair.links).flatten().map(|link| &self.links[link as usize])
    }

    /// The connection that was opened last of those that have an end at this host.
    pub(super) fn newest_of(&self, host: u32) -> Option<ConnId> {
        self.by_host.get(host as usize)?.listed.last().copied()
    }

    /// The connections that have an end at this host, and some that had.
    fn listed(&self, host: u32) -> &[ConnId] {
        self.by_host.get(host as usize).map_or(&[], |ends| ends.listed.as_slice())
    }

    /// The connections that have an end at this host and are not over there, oldest first.
    pub(crate) fn of_host(&self, host: u32) -> Vec<ConnId> {
        let mut found = self.listed(host).to_vec();
        found.retain(|id| self.is_alive_at(*id, host));
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The connections between two hosts, oldest first.
    pub(crate) fn between(&self, one: u32, other: u32) -> Vec<ConnId> {
        let (a, b) = (self.listed(one), self.listed(other));
        let fewer = if a.len() < b.len() { a } else { b };
        let has = |id: &ConnId, host| {
            self.get(*id).is_some_and(|conn| conn.ends.iter().any(|end| end.host == host))
        };
        let between = |id: &&ConnId| has(id, one) && has(id, other);
        let mut found: Vec<ConnId> = fewer.iter().filter(between).copied().collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether a connection is not over at a host.
    pub(crate) fn is_alive_at(&self, id: ConnId, host: u32) -> bool {
        let ends = self.get(id).into_iter().flat_map(|conn| conn.ends);
        ends.into_iter().any(|end| end.host == host && end.state != EndState::Gone)
    }
}
