//! Counting events against the budget, and naming them.

use super::Witness;
use super::host::Delivery;
use super::world::Core;
use crate::id::ConnId;
use crate::protocol::Protocol;

impl<P: Protocol, W: Witness<P>> Core<P, W> {
    #[inline]
    pub(crate) fn count_event(&mut self) {
        self.counts.events += 1;
        if self.instant == self.now {
            self.instant_events += 1;
        } else {
            self.instant = self.now;
            self.instant_events = 1;
        }
        let spent =
            self.counts.events > self.limits.events || self.instant_events > self.limits.instant;
        if spent && self.runaway.is_none() {
            self.runaway = Some(Vec::new());
        }
    }

    /// Puts an event into words, for the trace and for the name of a loop.
    pub(crate) fn tell(&mut self, index: u32, text: String) {
        self.name(index, || first_words(&text).to_owned());
        self.trace(index, || text);
    }

    pub(crate) fn describe(&mut self, index: u32, delivery: Delivery) {
        let (text, name) = match delivery {
            Delivery::Op(slot) => {
                let (id, op) = &self.ops[slot as usize];
                (format!("{id} {op:?}"), format!("operation {op:?}"))
            }
            Delivery::Message(conn, slot) => {
                let message = &self.payloads.get(slot).message;
                (format!("{conn} <- {message:?}"), format!("message {message:?}"))
            }
            Delivery::Cast(from, slot) => {
                let message = &self.payloads.get(slot).message;
                (format!("cast from {from}: {message:?}"), format!("cast {message:?}"))
            }
            other => {
                let text = format!("{other:?}");
                let name = text.to_lowercase();
                (text, name)
            }
        };
        self.name(index, || first_words(&name).to_owned());
        self.trace(index, || text);
    }

    /// Gathers what a run that has used up its budget is at.
    fn name(&mut self, index: u32, name: impl FnOnce() -> String) {
        let id = self.hosts[index as usize].id;
        if let Some(names) = &mut self.runaway {
            names.push(format!("{id} {}", name()));
        }
    }
}

/// What is left of an event's words without their details, which differ from one turn of a
/// loop to the next.
fn first_words(text: &str) -> &str {
    text.split(['(', '{', '[', '"']).next().unwrap_or(text).trim_end()
}

/// The number that stands for a delivery in the digest, and two that say which.
pub(crate) const fn code_of(delivery: Delivery) -> (u8, u64, u64) {
    const fn id(conn: ConnId) -> u64 {
        conn.serial as u64
    }
    match delivery {
        Delivery::Start => (3, 0, 0),
        Delivery::Op(slot) => (4, slot as u64, 0),
        Delivery::Accepted(conn, _) => (5, id(conn), 0),
        Delivery::Opened(conn) => (6, id(conn), 0),
        Delivery::Refused(conn, _) => (7, id(conn), 0),
        Delivery::Message(conn, payload) => (8, id(conn), payload as u64),
        Delivery::Malformed(conn, bytes) => (15, id(conn), bytes as u64),
        Delivery::Issuer(ticket, slot) => (16, ticket.0 as u64, slot as u64),
        Delivery::Writable(conn) => (9, id(conn), 0),
        Delivery::Closed(conn, code, by) => (10, id(conn), (code as u64) << 8 | by as u64),
        Delivery::Cast(from, payload) => (11, from.0 as u64, payload as u64),
        Delivery::Stored(ticket, slot) => (12, ticket.0 as u64, slot as u64),
        Delivery::Task(slot) => (13, slot as u64, 0),
        Delivery::Device(online) => (14, online as u64, 0),
    }
}
