//! Small tables that keep models short.

use std::collections::{BTreeMap, VecDeque};

use crate::id::{ConnId, Ticket};

/// Something kept per connection. Looking up an old connection finds nothing, even when a
/// newer one has taken its place; iteration is in the order of slots, the same in every run.
/// Takes memory for what is kept, however many connections others keep something for.
#[derive(Clone, Debug)]
pub struct Conns<T>(BTreeMap<u32, (ConnId, T)>);

impl<T> Default for Conns<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Conns<T> {
    /// Keeps `value` for `conn`, and gives back what was kept for it before.
    pub fn insert(&mut self, conn: ConnId, value: T) -> Option<T> {
        let old = self.0.insert(conn.slot, (conn, value));
        old.filter(|(id, _)| *id == conn).map(|(_, value)| value)
    }

    /// What is kept for `conn`.
    pub fn get(&self, conn: ConnId) -> Option<&T> {
        let (id, value) = self.0.get(&conn.slot)?;
        (*id == conn).then_some(value)
    }

    /// What is kept for `conn`, to be changed.
    pub fn get_mut(&mut self, conn: ConnId) -> Option<&mut T> {
        let (id, value) = self.0.get_mut(&conn.slot)?;
        (*id == conn).then_some(value)
    }

    /// Forgets `conn`.
    pub fn remove(&mut self, conn: ConnId) -> Option<T> {
        self.get(conn)?;
        self.0.remove(&conn.slot).map(|(_, value)| value)
    }

    /// How many connections something is kept for.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (ConnId, &T)> {
        self.0.values().map(|(conn, value)| (*conn, value))
    }
    /// All of them, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (ConnId, &mut T)> {
        self.0.values_mut().map(|(conn, value)| (*conn, value))
    }
}

/// What a node wants to remember until a store answers. Tickets are numbered as they are given
/// and mostly answered in that order, so that they wait in a line.
#[derive(Clone, Debug)]
pub struct Awaiting<T>(VecDeque<(Ticket, T)>);

impl<T> Default for Awaiting<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Awaiting<T> {
    /// Remembers `context` for the answer to `ticket`.
    pub fn remember(&mut self, ticket: Ticket, context: T) {
        match self.0.binary_search_by_key(&ticket, |(of, _)| *of) {
            Ok(place) => self.0[place].1 = context,
            Err(place) => self.0.insert(place, (ticket, context)),
        }
    }
    /// The context of an answer that came.
    pub fn recall(&mut self, ticket: Ticket) -> Option<T> {
        let place = self.0.binary_search_by_key(&ticket, |(of, _)| *of).ok()?;
        self.0.remove(place).map(|(_, context)| context)
    }
    /// How many answers are awaited.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// All contexts, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, context)| context)
    }
}
