//! Connections in bytes: the same world, with every socket carried by a real WebSocket codec.
//!
//! Nothing of the engine changes its meaning. What is put on a connection becomes bytes on its
//! way out, what arrives is read by the other end's codec, and what that has to say is what
//! arrives at message fidelity: so a fault, a draw and an invariant are the same at both. The
//! bytes of one write share one fate, and on a path that keeps the promises of a stream they
//! come in pieces. Some long messages are cut into several frames, and now and then one end
//! asks the other for a sign of life that no node hears of.
//!
//! The codec draws the keys of handshakes from the operating system, so that not all bytes are
//! the same from run to run. Their lengths are, and so is what they say: those go into the
//! digest. Masks are drawn anew from the case's seed, since damage may make them matter.

mod attack;
mod endpoint;

use std::io::Cursor;

use slab::Slab;
use smallvec::SmallVec;
use tungstenite::Utf8Bytes;
use tungstenite::protocol::frame::{Frame, FrameHeader};

use super::Witness;
use super::effects::SIDES;
use super::host::Delivery;
use super::lane::Parcel;
use super::link::Posted;
use super::net::EndState;
use super::payloads::Payloads;
use super::world::{Core, World};
use crate::codec;
use crate::history::{Channel, Initiator, Meaning, Observation, Refusal};
use crate::id::{ConnId, NodeId};
use crate::protocol::Protocol;
use crate::rng::Draw;
#[cfg(feature = "stack")]
pub(crate) use attack::frame as attack_frame;
use endpoint::{Endpoint, Heard};

/// The draw of a write's mask, behind those of its cuts.
const MASK: u64 = 8;

/// Of a million writes so many come in pieces.
const CUT_PPM: u32 = 333_333;

/// Messages shorter than this are not cut into several frames.
const SHORT: usize = 64;

/// Bytes on their way, shared by all copies of them.
struct Chunk {
    bytes: Vec<u8>,
    /// What the send buffer was charged for them, if it was.
    charge: Option<u32>,
    refs: u32,
}

/// The two ends of every connection, by slot, and what is between them.
pub(crate) struct Wire {
    ends: Vec<Option<Box<[Endpoint; 2]>>>,
    chunks: Slab<Chunk>,
    /// The most bytes of a message that a host takes.
    limits: Vec<u32>,
    texts: Texts,
}

impl Wire {
    pub(crate) fn share(&mut self, chunk: u32) {
        self.chunks[chunk as usize].refs += 1;
    }

    pub(crate) fn release(&mut self, chunk: u32) {
        let held = &mut self.chunks[chunk as usize];
        held.refs -= 1;
        if held.refs == 0 {
            self.chunks.remove(chunk as usize);
        }
    }

    /// Takes one copy of what has arrived.
    fn take(&mut self, chunk: u32) -> (Vec<u8>, Option<u32>) {
        let held = &mut self.chunks[chunk as usize];
        held.refs -= 1;
        if held.refs == 0 {
            let Chunk { bytes, charge, .. } = self.chunks.remove(chunk as usize);
            return (bytes, charge);
        }
        (held.bytes.clone(), held.charge)
    }

    fn add(&mut self, bytes: Vec<u8>, charge: Option<u32>) -> u32 {
        self.chunks.insert(Chunk { bytes, charge, refs: 1 }) as u32
    }

    fn end(&mut self, slot: usize, end: usize) -> Option<&mut Endpoint> {
        self.ends.get_mut(slot)?.as_mut().map(|ends| &mut ends[end])
    }

    /// Forgets the ends of a connection.
    pub(crate) fn forget(&mut self, slot: usize) {
        if let Some(ends) = self.ends.get_mut(slot) {
            *ends = None;
        }
    }

    /// A new payload has the number of an old one.
    pub(crate) fn forget_text(&mut self) {
        self.texts = Texts::default();
    }
}

/// The text of the payload that was written last: many get the same.
#[derive(Default)]
struct Texts(Option<(u32, Utf8Bytes)>);

impl Texts {
    fn of<P: Protocol>(
        &mut self,
        payloads: &Payloads<P::Message>,
        payload: u32,
    ) -> Option<Utf8Bytes> {
        match &self.0 {
            Some((slot, text)) if *slot == payload => Some(text.clone()),
            _ => {
                let text = codec::text::<P>(&payloads.get(payload).message).ok()?;
                self.0 = Some((payload, text.clone()));
                Some(text)
            }
        }
    }
}

impl<P: Protocol, W: Witness<P>> World<P, W> {
    /// Carries all sockets in bytes from now on.
    pub fn over_wire(mut self) -> Self {
        let limits = self.roles.iter().map(|role| P::message_limit(*role, &self.config)).collect();
        let wire = Wire { ends: Vec::new(), chunks: Slab::new(), limits, texts: Texts::default() };
        self.core.wire = Some(Box::new(wire));
        self
    }

    /// Bytes arrive: a write, or a part of one.
    pub(crate) fn bytes(&mut self, id: ConnId, direction: usize, parcel: Parcel) {
        let (Parcel::Part(chunk)
        | Parcel::Bytes(chunk)
        | Parcel::Frames(chunk)
        | Parcel::Harmed(chunk)) = parcel
        else {
            return;
        };
        let Some(wire) = &mut self.core.wire else { return };
        let (mut bytes, charge) = wire.take(chunk);
        if let Parcel::Harmed(_) = parcel
            && let Some(draw) = self.core.conn_draw(id, "harm")
            && !bytes.is_empty()
        {
            harm(&mut bytes, draw);
        }
        let drained = charge.is_some_and(|size| self.leave_buffer(id, direction, size));
        let state = self.core.net.get(id).map(|conn| conn.ends[1 - direction].state);
        let message = matches!(parcel, Parcel::Frames(_) | Parcel::Harmed(_));
        match state {
            Some(EndState::Gone) => self.reset(id, direction),
            // On a path without the promises of a stream it has overtaken the handshake.
            Some(EndState::Pending) if message => {}
            Some(_) => {
                let wire = self.core.wire.as_mut();
                let end = wire.and_then(|wire| wire.end(id.slot(), 1 - direction));
                let heard = end.map(|end| end.feed(&bytes)).unwrap_or_default();
                for heard in heard {
                    self.heard(id, direction, heard);
                }
                self.core.flush(id, 1 - direction);
            }
            None => {}
        }
        if drained {
            self.tell_writable(id, direction);
        }
    }

    fn heard(&mut self, id: ConnId, direction: usize, heard: Heard) {
        let end = 1 - direction;
        match heard {
            Heard::Asked(request) => match codec::hello::<P>(&request) {
                Some(hello) => {
                    if let Some(said @ Some(_)) = self.core.said.get_mut(id.slot()) {
                        *said = Some(hello);
                    }
                    self.arrived(id, direction, Parcel::Syn);
                }
                None => self.turn_away(id, 400),
            },
            Heard::Opened => self.arrived(id, direction, Parcel::Opened),
            Heard::Refused(status) => {
                let refusal = Refusal::Status(status);
                self.arrived(id, direction, Parcel::Refused(refusal));
            }
            Heard::Text(text) => self.read_text(id, direction, &text),
            Heard::Binary(bytes) => self.malformed(id, direction, bytes),
            Heard::Close(code) => {
                let by = Initiator::Remote;
                self.arrived(id, direction, Parcel::Close { code, by });
            }
            Heard::Broken(code) => self.broken(id, end, code),
        }
    }

    fn read_text(&mut self, id: ConnId, direction: usize, text: &str) {
        let size = text.len() as u32;
        let Ok(message) = serde_json::from_str::<P::Message>(text) else {
            return self.malformed(id, direction, size);
        };
        self.core.note(71, 0, u64::from(id.serial()), u64::from(size));
        self.core.digest.value(&message);
        let payload = self.core.payloads.add(message, size);
        self.deliver(id, direction, payload);
    }

    /// Answers a request for a connection by itself.
    fn turn_away(&mut self, id: ConnId, status: u16) {
        if let Some(end) = self.core.wire.as_mut().and_then(|wire| wire.end(id.slot(), 1)) {
            end.refuse(status);
        }
        self.core.flush(id, 1);
        self.end_here(id);
    }

    /// The end that was dialled is done with a connection that never opened.
    fn end_here(&mut self, id: ConnId) {
        self.set_end(id, 1, EndState::Gone);
        self.core.bury(&mut self.out, id);
    }

    /// The codec of one end has met what breaks its rules. It says so and goes no further.
    fn broken(&mut self, id: ConnId, end: usize, code: u16) {
        let Some(conn) = self.core.net.get(id) else { return };
        let here = conn.ends[end];
        self.core.note(72, here.host, u64::from(id.serial()), u64::from(code));
        if self.core.hosts[here.host as usize].is_running() {
            self.core.flush(id, end);
        }
        match here.state {
            EndState::Open => {
                let (side, by) = (SIDES[end], Initiator::Local);
                self.core.observe(here.host, &Observation::Closed { conn: id, side, code, by });
                self.set_end(id, end, EndState::Gone);
                self.core.bury(&mut self.out, id);
                self.hand(here.host, Delivery::Closed(id, code, by));
            }
            EndState::Pending if end == 1 => self.end_here(id),
            EndState::Pending => {
                self.arrived(id, 1, Parcel::Refused(Refusal::Unreachable));
                self.core.reply_parcel(id, 0, END);
            }
            EndState::Closing => self.arrived(id, 1 - end, END),
            EndState::Gone => {}
        }
    }

    /// Knocks at a server with a request that is none, where sockets are carried in bytes.
    pub fn knock(&mut self, from: NodeId, to: NodeId) {
        let (Some(a), Some(b)) = (self.core.index_of(from), self.core.index_of(to)) else { return };
        let Some(wire) = &mut self.core.wire else { return };
        let limit = wire.limits[b as usize];
        let id = self.out.new_conn(from);
        let links = [self.core.link_between(a, b), self.core.link_between(b, a)];
        self.core.net.open(id, Channel::Socket, [a, b], links);
        self.set_end(id, 0, EndState::Gone);
        let draw = self.core.conn_draw(id, "knock").unwrap_or(self.core.draw);
        self.core.join_ends(id.slot(), [Endpoint::listen(limit), Endpoint::listen(limit)]);
        self.core.put_write(id.slot(), 0, attack::handshake(draw), None, draw);
    }
}

/// A stream ends, and nobody has said goodbye.
const END: Parcel = Parcel::Close { code: 1006, by: Initiator::Network };

impl<P: Protocol, W: Witness<P>> Core<P, W> {
    fn join_ends(&mut self, slot: usize, pair: [Endpoint; 2]) {
        let Some(wire) = &mut self.wire else { return };
        if wire.ends.len() <= slot {
            wire.ends.resize_with(slot + 1, || None);
        }
        wire.ends[slot] = Some(Box::new(pair));
    }

    /// Prepares both ends of a connection that is dialled. A channel for requests is no socket.
    pub(crate) fn wire_up(&mut self, id: ConnId, channel: Channel, hello: &P::Hello) {
        let Some(wire) = &mut self.wire else { return };
        let Some(conn) = self.net.get(id).filter(|_| channel == Channel::Socket) else { return };
        let [near, far] = conn.ends.map(|end| end.host as usize);
        let limits = [wire.limits[near], wire.limits[far]];
        let host = self.hosts[far].id.to_string();
        let end = codec::request::<P>(&host, hello).map_err(warn);
        let end = end.and_then(|request| Endpoint::dial(request, limits[0]).map_err(warn));
        if let Ok(dialler) = end {
            self.join_ends(id.slot(), [dialler, Endpoint::listen(limits[1])]);
        }
    }

    /// Puts a parcel on its way in bytes; nothing where it is none that bytes could say.
    pub(crate) fn put_bytes(
        &mut self,
        slot: usize,
        end: usize,
        parcel: Parcel,
        size: u32,
    ) -> Option<Posted> {
        let draw = self.wire_draw(slot)?;
        let Wire { ends, texts, .. } = self.wire.as_deref_mut()?;
        let here = ends.get_mut(slot)?.as_mut().map(|ends| &mut ends[end])?;
        let mut charge = None;
        match parcel {
            Parcel::Syn | Parcel::CloseEcho => {}
            Parcel::Opened => here.accept(),
            Parcel::Refused(Refusal::Status(status)) => here.refuse(status),
            Parcel::Message(payload) => {
                charge = Some(size);
                let text = texts.of::<P>(&self.payloads, payload)?;
                let long = text.len() >= SHORT && draw.chance(0, 250_000);
                let pieces = if long { 2 + draw.below(1, 3) } else { 1 };
                here.text(text, pieces as usize, draw.chance(2, 60_000));
            }
            Parcel::Garbage(bytes) => {
                let bytes = attack::frame(draw, bytes, end == 0);
                return Some(self.put_write(slot, end, bytes, Some(size), draw));
            }
            // Something between the two says it, and waits for no answer.
            Parcel::Close { code, .. } => {
                let mut frame = Frame::close(Some(codec::close_frame(code, "")?));
                frame.header_mut().mask = (end == 0).then_some([0; 4]);
                let mut bytes = Vec::new();
                frame.format(&mut bytes).ok()?;
                return Some(self.put_write(slot, end, bytes, None, draw));
            }
            _ => return None,
        }
        let bytes = here.take_out(mask(draw));
        Some(self.put_write(slot, end, bytes, charge, draw))
    }

    /// A message as it is sent, with its size in bytes.
    pub(crate) fn in_bytes(&mut self, payload: u32, meaning: Meaning) -> Meaning {
        let wire = self.wire.as_mut();
        let text = wire.and_then(|wire| wire.texts.of::<P>(&self.payloads, payload));
        text.map_or(meaning, |text| Meaning { size: text.len() as u32, ..meaning })
    }

    /// A node closes one end.
    pub(crate) fn say_close(&mut self, id: ConnId, end: usize, code: u16, reason: &str) -> bool {
        let frame = codec::close_frame(code, reason);
        let here = self.wire.as_mut().and_then(|wire| wire.end(id.slot(), end));
        let (Some(frame), Some(here)) = (frame, here) else { return false };
        here.close(frame);
        self.flush(id, end);
        true
    }

    /// Sends what an end's codec has to say by itself.
    fn flush(&mut self, id: ConnId, end: usize) {
        if self.net.get(id).is_none() {
            return;
        }
        let Some(draw) = self.wire_draw(id.slot()) else { return };
        let here = self.wire.as_mut().and_then(|wire| wire.end(id.slot(), end));
        let bytes = here.map(|here| here.take_out(mask(draw))).unwrap_or_default();
        if !bytes.is_empty() {
            self.put_write(id.slot(), end, bytes, None, draw);
        }
    }

    /// What is drawn for the bytes that are put on a connection now.
    fn wire_draw(&self, slot: usize) -> Option<Draw> {
        let id = self.net.at(slot)?.id;
        self.conn_draw(id, "wire")
    }

    /// Puts the bytes of one write on their way. Where the path is a stream they come in
    /// pieces, the last of them when the whole would.
    fn put_write(
        &mut self,
        slot: usize,
        end: usize,
        mut bytes: Vec<u8>,
        charge: Option<u32>,
        draw: Draw,
    ) -> Posted {
        let none = Posted { arrive: 1, whole: 0 };
        if bytes.is_empty() {
            return none;
        }
        let size = bytes.len() as u32;
        self.note(70, end as u32, slot as u64, u64::from(size));
        let Some(wire) = self.wire.as_mut() else { return none };
        let mut parts = SmallVec::<[u32; 2]>::new();
        if self.net.is_calm(slot, end) && draw.chance(3, CUT_PPM) {
            for cut in 0..=draw.below(4, 2) {
                let head = draw.below(5 + cut, bytes.len() as u64) as usize;
                let rest = bytes.split_off(head);
                let head = std::mem::replace(&mut bytes, rest);
                if !head.is_empty() {
                    parts.push(wire.add(head, None));
                }
            }
        }
        let chunk = wire.add(bytes, charge);
        let parcel = if charge.is_some() { Parcel::Frames(chunk) } else { Parcel::Bytes(chunk) };
        let agenda = &mut self.agenda;
        let posted = self.net.put_parts(agenda, self.now, slot, end, &parts, parcel, size);
        for _ in 1..posted.arrive {
            wire.share(chunk);
        }
        if posted.arrive == 0 {
            wire.release(chunk);
        }
        Posted { whole: 0, ..posted }
    }

    /// Forgets bytes that are not to arrive.
    pub(crate) fn release_bytes(&mut self, chunk: u32) {
        if let Some(wire) = &mut self.wire {
            wire.release(chunk);
        }
    }
}

/// Damages a write so that it is no message any more. A bit at random would now and then leave
/// one that says something else, which no checksum of a real path lets pass.
fn harm(bytes: &mut [u8], draw: Draw) {
    let mut cursor = Cursor::new(&*bytes);
    let header = FrameHeader::parse(&mut cursor);
    let body = cursor.position() as usize;
    if matches!(header, Ok(Some(_))) && body < bytes.len() && draw.chance(1, 500_000) {
        // The frame stays whole, and what it carries begins like no JSON.
        bytes[body] ^= 1;
    } else {
        // No header and no text of ASCII survives this.
        bytes[draw.below(0, bytes.len() as u64) as usize] ^= 0x80;
    }
}

fn mask(draw: Draw) -> [u8; 4] {
    (draw.word(MASK) as u32).to_be_bytes()
}

/// A dial that cannot be put into a request goes as it is.
fn warn(error: impl std::fmt::Display) {
    tracing::warn!(%error, "a hello that no request can carry");
}
