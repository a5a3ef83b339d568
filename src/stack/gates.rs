//! What can be done to connections, and by whoever is at one end of them.

use std::rc::Rc;

use super::line::{Item, Line};
use super::run::Run;
use crate::engine::{EndState, attack_frame};
use crate::fault::ConnectionFault;
use crate::history::{Meaning, Observation, Side};
use crate::id::NodeId;
use crate::protocol::Protocol;

/// A node's ends of its connections to another that are not over.
fn ends<P: Protocol>(run: &Run<P>, node: NodeId, peer: NodeId) -> Option<(usize, Vec<Rc<Line>>)> {
    let me = run.index_of(node)?;
    let lines = run.ports[me].lines.iter().map(|(_, line)| line);
    let lines = lines.filter(|line| line.peer == peer && line.state.get() != EndState::Gone);
    Some((me, lines.cloned().collect()))
}

/// What a fault does to connections when it begins. Where nothing passes between their ends,
/// that they were reset does not either.
pub(super) fn strike<P: Protocol>(run: &mut Run<P>, fault: &ConnectionFault, is_cut: bool) {
    let [a, b] = fault.ends();
    let Some((me, lines)) = ends(run, a, b) else { return };
    for line in lines {
        match *fault {
            ConnectionFault::HalfOpen(..) => line.silent.set(true),
            ConnectionFault::Close(_, _, code) => run.cut_off(me, &line, code),
            ConnectionFault::Reset(..) if is_cut => {
                line.silent.set(true);
                line.reset.set(true);
            }
            ConnectionFault::Reset(..) => run.broke(me, &line),
            ConnectionFault::LateClose(..) => {
                line.silent.set(true);
                line.untold.set(true);
            }
            _ => {}
        }
    }
    if matches!(fault, ConnectionFault::LateClose(..))
        && let Some((me, lines)) = ends(run, b, a)
    {
        for line in lines {
            line.silent.set(true);
            run.broke(me, &line);
        }
    }
}

/// Tells a node at last of the connections to another that ended without its knowledge.
pub(super) fn tell_late<P: Protocol>(run: &mut Run<P>, late: NodeId, other: NodeId) {
    let Some((me, lines)) = ends(run, late, other) else { return };
    for line in lines.into_iter().filter(|line| line.untold.get()) {
        run.broke(me, &line);
    }
}

/// Something passes between two nodes again: what was reset meanwhile is over.
pub(super) fn tell_reset<P: Protocol>(run: &mut Run<P>, one: NodeId, other: NodeId) {
    for (node, peer) in [(one, other), (other, one)] {
        let Some((me, lines)) = ends(run, node, peer) else { continue };
        for line in lines.into_iter().filter(|line| line.reset.get()) {
            run.broke(me, &line);
        }
    }
}

/// A proxy begins to watch the connections that a node has dialled: it counts from now.
pub(super) fn watch<P: Protocol>(run: &Run<P>, from: NodeId, to: NodeId) {
    let Some((_, lines)) = ends(run, to, from) else { return };
    lines.iter().for_each(|line| line.used_at.set(run.time()));
}

/// Proxies cut what was idle for too long.
pub(super) fn cut_idle<P: Protocol>(run: &mut Run<P>) {
    let gates: Vec<_> =
        run.gates.iter().filter_map(|(way, gate)| Some((*way, gate.idle?))).collect();
    for ((from, to), idle) in gates {
        let Some((me, lines)) = ends(run, to, from) else { continue };
        let now = run.time();
        for line in lines {
            if line.side == Side::Acceptor && now.since(line.used_at.get()) >= idle {
                run.broke(me, &line);
            }
        }
    }
}

/// Sends again the last message that a node sent on each of its connections to another, unless
/// half of what a queue may hold waits already, on the way or for the peer to have time.
pub(super) fn repeat<P: Protocol>(run: &mut Run<P>, from: NodeId, to: NodeId) {
    let Some((me, lines)) = ends(run, from, to) else { return };
    let at_the_peer = run.index_of(to).map_or(0, |peer| run.ports[peer].inbox.len() as u32);
    for line in lines.into_iter().filter(|line| line.state.get() == EndState::Open) {
        let last = line.last.borrow().clone();
        let on_the_way = run.ports[me].out.accounts[line.conn.slot()].queued[end(&line)];
        if on_the_way + at_the_peer >= run.objectives.queue_max / 2 {
            continue;
        }
        if let Some((text, meaning)) = last {
            charge(run, me, &line, meaning.size);
            run.observe(me, &Observation::Repeated { conn: line.conn });
            run.send_text(me, line.conn, &text, meaning);
        }
    }
}

/// Sends bytes that are no message on each connection from a node to another: frames that the
/// peer's codec lets pass, and such as break its rules.
pub(super) fn send_garbage<P: Protocol>(run: &mut Run<P>, from: NodeId, to: NodeId, size: u32) {
    let Some((me, lines)) = ends(run, from, to) else { return };
    for line in lines.into_iter().filter(|line| line.state.get() == EndState::Open) {
        let meaning = Meaning { size, ..Meaning::default() };
        let (conn, side) = (line.conn, line.side);
        run.observe(me, &Observation::Sent { conn, side, live: true, meaning });
        charge(run, me, &line, size);
        line.used_at.set(run.time());
        let ends = [from, to].map(|node| u64::from(node.0));
        let draw = run.draw.purpose("attack").key(run.time().as_micros()).key(ends[0]).key(ends[1]);
        line.put(Item::Raw(attack_frame(draw, size, side == Side::Dialler), size));
    }
}

fn charge<P: Protocol>(run: &mut Run<P>, me: usize, line: &Line, size: u32) {
    run.ports[me].out.charge_end(line.conn, end(line), size).whatever();
}

fn end(line: &Line) -> usize {
    usize::from(line.side == Side::Acceptor)
}
