//! Nodes on turmoil's hosts: which runs where, and the sockets that it has there.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::task::spawn_local;
use tokio::time::sleep;
use turmoil::net::{TcpListener, TcpStream, UdpSocket};

use super::driver::{self, DATAGRAM_MAX};
use super::foreign::Foreign;
use super::run::{Input, Run, Shared};
use super::socket::Net;
use super::wires::{Wire, Wires};
use crate::explore::Case;
use crate::fault::{DeviceFault, FaultKind, LinkFault, NodeFault};
use crate::history::Observation;
use crate::id::NodeId;
use crate::protocol::Protocol;

/// Where servers listen. A node hears casts at this port and its number more.
const PORT: u16 = 7000;

/// A dial to where everything is lost is tried again so often.
const AGAIN: Duration = Duration::from_secs(1);

/// Which nodes run on which host. Those that only dial, and that nothing in the plan tells
/// apart, share one: turmoil looks at every link of every host in every tick.
pub(super) struct Hosts {
    pub(super) names: Vec<String>,
    members: Vec<Vec<usize>>,
    of: BTreeMap<NodeId, usize>,
    places: BTreeMap<NodeId, u16>,
}

impl Hosts {
    pub(super) fn of<P: Protocol>(case: &Case<P>) -> Rc<Self> {
        let nodes = &case.topology.nodes;
        let named: BTreeSet<NodeId> =
            case.plan.0.iter().flat_map(|fault| apart(&fault.kind)).collect();
        let shares = |me: usize| {
            let node = &nodes[me];
            !P::serves(node.role) && node.device.is_none() && !named.contains(&node.id)
        };
        let (shared, own): (Vec<usize>, Vec<usize>) = (0..nodes.len()).partition(|me| shares(*me));
        let mut names: Vec<_> = own.iter().map(|me| nodes[*me].id.to_string()).collect();
        let mut members: Vec<_> = own.into_iter().map(|me| vec![me]).collect();
        if !shared.is_empty() {
            names.push("clients".to_owned());
            members.push(shared);
        }
        let pairs = members.iter().enumerate();
        let of = pairs.flat_map(|(host, all)| all.iter().map(move |me| (nodes[*me].id, host)));
        let places = nodes.iter().zip(PORT..).map(|(node, port)| (node.id, port)).collect();
        let of = of.collect();
        Rc::new(Self { names, members, of, places })
    }

    pub(super) fn host(&self, node: NodeId) -> Option<usize> {
        self.of.get(&node).copied()
    }

    pub(super) fn name(&self, node: NodeId) -> &str {
        self.host(node).map_or("", |host| &self.names[host])
    }
}

/// The nodes of which a fault befalls the hosts.
fn apart(kind: &FaultKind) -> Vec<NodeId> {
    match kind {
        // What only slows streams is done to them, but told of hosts.
        FaultKind::Link(
            LinkFault::Partition(..)
            | LinkFault::PartitionOneway(..)
            | LinkFault::Hold(..)
            | LinkFault::Latency(..)
            | LinkFault::Spikes(..)
            | LinkFault::Bandwidth(..)
            | LinkFault::Chaos(..),
        )
        | FaultKind::Node(
            NodeFault::Crash(_)
            | NodeFault::PowerLoss(_)
            | NodeFault::RestartStorm { .. }
            | NodeFault::RollingRestart { .. },
        )
        | FaultKind::Device(DeviceFault::Offline(_) | DeviceFault::Fork(..)) => kind.nodes(),
        _ => Vec::new(),
    }
}

/// The sockets of one node.
struct Tank {
    host: usize,
    place: u64,
    /// Servers only.
    listener: Option<TcpListener>,
    socket: UdpSocket,
    wires: Rc<Wires>,
    hosts: Rc<Hosts>,
    /// How many streams there were.
    streams: std::cell::Cell<u64>,
}

impl Tank {
    fn wire(&self, stream: TcpStream, peer: usize) -> Wire<TcpStream> {
        let nth = self.streams.get();
        self.streams.set(nth + 1);
        self.wires.end(stream, (self.host, peer), (self.place << 32) | nth)
    }
}

impl Net for Tank {
    type Stream = Wire<TcpStream>;

    /// turmoil says at once that nothing passes, and never gives the port back; a network says
    /// nothing, and the dial is tried again.
    async fn connect(&self, to: NodeId) -> io::Result<Self::Stream> {
        let peer = self.hosts.host(to).ok_or(io::ErrorKind::NotFound)?;
        loop {
            while self.wires.lost.borrow().contains(&(self.host, peer)) {
                sleep(AGAIN).await;
            }
            self.wires.count(0);
            match TcpStream::connect((self.hosts.name(to), PORT)).await {
                Ok(stream) => return Ok(self.wire(stream, peer)),
                Err(_) if self.wires.lost.borrow().contains(&(self.host, peer)) => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn accept(&self) -> io::Result<Self::Stream> {
        let Some(listener) = &self.listener else { return std::future::pending().await };
        let (stream, from) = listener.accept().await?;
        let name = turmoil::reverse_lookup(from.ip());
        let peer = self.hosts.names.iter().position(|host| Some(host) == name.as_ref());
        Ok(self.wire(stream, peer.unwrap_or(self.host)))
    }

    fn cast(&self, to: NodeId, bytes: &[u8]) {
        let Some(peer) = self.hosts.host(to) else { return };
        if self.wires.shut.borrow().contains(&(self.host, peer)) {
            return;
        }
        let place = self.hosts.places.get(&to).copied().unwrap_or(PORT);
        // What the network does not take is lost, as any datagram may be.
        let _ = self.socket.try_send_to(bytes, (self.hosts.name(to), place));
    }
}

/// The software of a host.
pub(super) async fn host<P: Protocol>(
    run: Shared<P>,
    host: usize,
    hosts: Rc<Hosts>,
    wires: Rc<Wires>,
    foreign: Option<Foreign<P>>,
) -> turmoil::Result {
    let nodes = hosts.members[host].iter().map(|me| {
        let (run, hosts, wires) = (run.clone(), hosts.clone(), wires.clone());
        node(run, *me, host, hosts, wires, foreign.clone())
    });
    try_join_all(nodes).await.map(drop)
}

async fn node<P: Protocol>(
    run: Shared<P>,
    me: usize,
    host: usize,
    hosts: Rc<Hosts>,
    wires: Rc<Wires>,
    foreign: Option<Foreign<P>>,
) -> turmoil::Result {
    let id = run.borrow().hosts[me].id;
    let serves = run.borrow().serves(me);
    let listener = match serves {
        true => Some(TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?),
        false => None,
    };
    if !run.borrow().hosts[me].is_running() {
        return down(listener).await;
    }
    let listener = match (foreign, listener) {
        (Some(foreign), Some(listener)) => return Ok((foreign.serve)(listener).await?),
        (_, listener) => listener,
    };
    let place = hosts.places.get(&id).copied().unwrap_or(PORT);
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, place)).await?;
    let streams = std::cell::Cell::new(u64::from(run.borrow().hosts[me].incarnation) << 24);
    let place = u64::from(place);
    let net = Rc::new(Tank { host, place, listener, socket, wires, hosts, streams });
    spawn_local(hear(run.clone(), me, net.clone()));
    driver::node(run, me, net).await
}

/// A host whose process is down. turmoil never gives back the port of a dial that nobody takes,
/// so it is taken, and the stream ended.
async fn down(listener: Option<TcpListener>) -> turmoil::Result {
    let Some(listener) = listener else { return std::future::pending().await };
    loop {
        drop(listener.accept().await?);
    }
}

/// Hands casts to the node for as long as the process lives.
async fn hear<P: Protocol>(run: Shared<P>, me: usize, net: Rc<Tank>) {
    let mut bytes = vec![0; DATAGRAM_MAX];
    while let Ok((length, _)) = net.socket.recv_from(&mut bytes).await {
        let mut run = run.borrow_mut();
        match serde_json::from_slice::<(NodeId, P::Message)>(&bytes[..length]) {
            Ok((from, message)) => {
                let meaning = Run::<P>::meaning(&message);
                run.observe(me, &Observation::CastDelivered { from, meaning });
                run.push(me, Input::Cast(from, message));
            }
            Err(error) => run.fail(me, &error),
        }
    }
}
