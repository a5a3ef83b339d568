//! Names of the things in a run. All are small integers that stay the same when something
//! else is removed from the case.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty), $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&format!(concat!($prefix, "{}"), self.0))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

id!(
    /// A node of the topology. Given by the case, so that removing a node renames no other.
    NodeId(u32), "n"
);
id!(
    /// A store: one per device, or one shared by server instances. Given by the case.
    StoreId(u32), "store"
);
id!(
    /// An operation of the case, given by it. Unique, so it also serves as the unique value
    /// that an edit writes.
    OpId(u32), "op"
);
id!(
    /// A store request or flush, unique within a run.
    Ticket(u32), "t"
);
id!(
    /// What a message, an event or a piece of content is about: a document, a room, a key.
    Topic(u32), "doc"
);
id!(
    /// A piece of content that is written and read as a whole.
    Field(u32), "f"
);

/// A connection, unique within a run. Later dials have greater ids.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConnId {
    pub(crate) serial: u32,
    pub(crate) slot: u32,
}

impl ConnId {
    /// An id made by a driver that numbers its own connections: `slot` may be used again once
    /// the connection is over, `serial` may not.
    pub const fn new(serial: u32, slot: u32) -> Self {
        Self { serial, slot }
    }
    /// The number of the dial, counted from zero.
    pub const fn serial(self) -> u32 {
        self.serial
    }
    /// A small number that no other live connection has: an index for tables.
    pub const fn slot(self) -> usize {
        self.slot as usize
    }
}

impl fmt::Display for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("c{}", self.serial))
    }
}

impl fmt::Debug for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
