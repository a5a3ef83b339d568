//! The messages in flight, each once, however many are to get it.

use slab::Slab;

/// One message in flight, shared by all who are to get it.
pub(crate) struct Payload<M> {
    pub(crate) message: M,
    /// Its bytes on the wire. What it means is told by the message, and is not kept: there may be
    /// very many of these.
    pub(crate) size: u32,
    refs: u32,
}

/// The messages in flight.
pub(crate) struct Payloads<M>(Slab<Payload<M>>);

impl<M> Default for Payloads<M> {
    fn default() -> Self {
        Self(Slab::new())
    }
}

impl<M> Payloads<M> {
    pub(crate) fn add(&mut self, message: M, size: u32) -> u32 {
        self.0.insert(Payload { message, size, refs: 1 }) as u32
    }
    #[inline]
    pub(crate) fn get(&self, slot: u32) -> &Payload<M> {
        &self.0[slot as usize]
    }
    #[inline]
    pub(crate) fn share(&mut self, slot: u32) {
        self.0[slot as usize].refs += 1;
    }
    #[inline]
    pub(crate) fn release(&mut self, slot: u32) {
        let payload = &mut self.0[slot as usize];
        payload.refs -= 1;
        if payload.refs == 0 {
            self.0.remove(slot as usize);
        }
    }
}
