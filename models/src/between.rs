//! What tabs of one device tell each other, beside the events that they have applied.

use serde::{Deserialize, Serialize};
use wavetank::history::{Changes, Kind, Meaning, Position};
use wavetank::id::Topic;

/// A message from one tab to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Between {
    /// Asks for a document.
    Ask {
        /// The document.
        doc: Topic,
        /// What the sender has of it.
        since: Option<Position>,
    },
    /// The sender is in step with the server.
    At {
        /// The document.
        doc: Topic,
        /// Where it is.
        at: Position,
    },
    /// A document as the sender has it.
    Whole {
        /// The document.
        doc: Topic,
        /// The event up to which it is complete.
        at: Position,
        /// Its fields.
        content: Changes,
    },
    /// The sender is there.
    Here {
        /// The document that it has open.
        doc: Topic,
        /// Whether it asks who else is.
        asks: bool,
    },
    /// The sender goes away.
    Gone,
}

impl Between {
    /// The fields that it holds.
    pub fn content(&self) -> &[wavetank::history::Change] {
        if let Self::Whole { content, .. } = self { content } else { &[] }
    }

    /// The message in plain fields.
    pub fn meaning(&self) -> Meaning {
        match self {
            Self::Ask { doc, since } => Meaning::of(Kind::SyncRequest).topic(*doc).cursor(*since),
            Self::Whole { doc, at, .. } => Meaning::of(Kind::Snapshot).topic(*doc).position(*at),
            Self::At { doc, .. } | Self::Here { doc, .. } => Meaning::of(Kind::Other).topic(*doc),
            Self::Gone => Meaning::of(Kind::Other),
        }
    }
}
