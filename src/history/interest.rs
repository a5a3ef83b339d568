//! Kinds of observation, and sets of them.

use super::{Kind, Meaning, Observation, Reading, Request, Side, StoreOutcome};

/// Sets of observation kinds: what an invariant takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest(u64);

macro_rules! interests {
    ($($name:ident = $bit:literal => $pattern:pat),* $(,)?) => {
        impl Interest {
            $(
                #[doc = concat!("Observations of the kind that the name says.")]
                pub const $name: Self = Self(1 << $bit);
            )*

            /// The kind of an observation: the first that it fits.
            #[inline]
            pub const fn of(observation: &Observation) -> Self {
                match observation { $($pattern => Self::$name,)* }
            }
        }
    };
}

interests! {
    GIVEN_WORK = 30 => Observation::Given {
        request: Request::Edit | Request::Undo | Request::Redo | Request::Query | Request::Produce,
        ..
    },
    GIVEN_OTHER = 0 => Observation::Given { .. },
    PHASE = 1 => Observation::Phase(_),
    NODE = 2 => Observation::Node(_),
    LINK = 3 => Observation::Link { .. },
    DEVICE = 4 => Observation::Device { .. },
    CLOCK = 5 => Observation::Clock { .. },
    CREDENTIAL = 6 => Observation::Credential(_),
    DIALLED = 7 => Observation::Dialled { .. },
    OPENED = 8 => Observation::Opened { .. },
    REFUSED = 9 => Observation::Refused { .. },
    CLOSED = 10 => Observation::Closed { .. },
    SENT_INVALID = 37 => Observation::Sent {
        live: true, meaning: Meaning { schema: 0, topic: Some(_), .. }, ..
    },
    SENT_NEWER = 43 => Observation::Sent {
        live: true, side: Side::Acceptor,
        meaning: Meaning { kind: Kind::Event, cursor: None, schema: 2.., .. },
        ..
    },
    SENT_CURRENT = 31 => Observation::Sent {
        live: true, side: Side::Acceptor,
        meaning: Meaning { kind: Kind::Event, cursor: None, .. },
        ..
    },
    SENT_EPHEMERAL = 32 => Observation::Sent {
        live: true, side: Side::Acceptor,
        meaning: Meaning { kind: Kind::Ephemeral, cursor: None, .. },
        ..
    },
    SENT_ERROR = 38 => Observation::Sent {
        live: true, meaning: Meaning { kind: Kind::Nack | Kind::Error, .. }, ..
    },
    SENT_PONG = 41 => Observation::Sent {
        side: Side::Dialler, meaning: Meaning { kind: Kind::Pong, .. }, ..
    },
    SENT_PLAIN = 11 => Observation::Sent { .. },
    DELIVERED_EVENT = 33 => Observation::Delivered {
        side: Side::Dialler,
        meaning: Meaning { kind: Kind::Event, cursor: None, .. },
        ..
    },
    DELIVERED_EPHEMERAL = 34 => Observation::Delivered {
        side: Side::Dialler,
        meaning: Meaning { kind: Kind::Ephemeral, cursor: None, .. },
        ..
    },
    DELIVERED_ERROR = 39 => Observation::Delivered {
        side: Side::Dialler, meaning: Meaning { kind: Kind::Nack | Kind::Error, .. }, ..
    },
    DELIVERED_UNREADABLE = 40 => Observation::Delivered {
        meaning: Meaning { kind: Kind::Other, schema: 0, topic: None, .. }, ..
    },
    DELIVERED_PING = 42 => Observation::Delivered {
        side: Side::Dialler, meaning: Meaning { kind: Kind::Ping, .. }, ..
    },
    DELIVERED_FRAGMENT = 44 => Observation::Delivered {
        meaning: Meaning { kind: Kind::Fragment, .. }, ..
    },
    DELIVERED_PLAIN = 12 => Observation::Delivered { .. },
    CAST = 13 => Observation::CastSent { .. } | Observation::CastDelivered { .. },
    STORED_FLUSH = 35 => Observation::Stored { outcome: StoreOutcome::Flushed, .. },
    STORED_OTHER = 14 => Observation::Stored { .. },
    TIMER = 15 => Observation::TimerSet { .. } | Observation::TimerFired { .. },
    BUSY = 16 => Observation::Busy { .. },
    WAITING = 17 => Observation::Waiting { .. },
    CANARY = 18 => Observation::Canary { .. },
    STATUS = 19 => Observation::ShownStatus(_),
    CONTENT_MAIN = 20 => Observation::ShownContent(Reading { part: 0, .. }),
    CONTENT_PART = 36 => Observation::ShownContent(_),
    OP = 21 => Observation::ShownOp { .. },
    NOTICE = 22 => Observation::ShownNotice { .. },
    ANSWER = 23 => Observation::ShownAnswer { .. },
    HOLDS = 24 => Observation::Holds { .. },
    METRIC = 25 => Observation::Metric { .. },
    ALERT = 26 => Observation::Alert { .. },
    LOG = 27 => Observation::Log { .. },
    REPORT = 28 => Observation::Report { .. },
    OWN = 29 => Observation::Own { .. },
    CARRYING = 45 => Observation::Carrying { .. },
    REPEATED = 46 => Observation::Repeated { .. },
}

impl Interest {
    /// What is asked of a node: work on content, and anything else.
    pub const GIVEN: Self = Self::GIVEN_WORK.and(Self::GIVEN_OTHER);
    /// The events of acceptors: in a form of later versions of the protocol, and others.
    pub const SENT_EVENT: Self = Self::SENT_NEWER.and(Self::SENT_CURRENT);
    /// What is handed to connections beside the events and the ephemeral messages of acceptors:
    /// word of failures, answers to pings, and anything else.
    pub const SENT_OTHER: Self = Self::SENT_ERROR.and(Self::SENT_PONG).and(Self::SENT_PLAIN);
    /// What is handed to connections: the events and the ephemeral messages of acceptors, which
    /// are by far the most, what is about a topic and not valid, and anything else.
    pub const SENT: Self =
        Self::SENT_EVENT.and(Self::SENT_EPHEMERAL).and(Self::SENT_INVALID).and(Self::SENT_OTHER);
    /// What reaches a node over a connection beside events and ephemeral messages at diallers:
    /// word of failures, frames that are no message, pings, parts, and anything else.
    pub const DELIVERED_OTHER: Self = Self::DELIVERED_ERROR
        .and(Self::DELIVERED_UNREADABLE)
        .and(Self::DELIVERED_PING)
        .and(Self::DELIVERED_FRAGMENT)
        .and(Self::DELIVERED_PLAIN);
    /// What reaches a node over a connection: events and ephemeral messages at diallers, and
    /// anything else.
    pub const DELIVERED: Self =
        Self::DELIVERED_EVENT.and(Self::DELIVERED_EPHEMERAL).and(Self::DELIVERED_OTHER);
    /// What stores do: flushes, and anything else.
    pub const STORED: Self = Self::STORED_FLUSH.and(Self::STORED_OTHER);
    /// What is shown of topics: in the main part of a page, and in others.
    pub const CONTENT: Self = Self::CONTENT_MAIN.and(Self::CONTENT_PART);
    /// How many kinds there are.
    pub(crate) const COUNT: usize = 47;
    /// No kind.
    pub const NONE: Self = Self(0);
    /// Every kind.
    pub const ALL: Self = Self(u64::MAX);

    /// Both sets together.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// Whether the two sets share a kind.
    #[inline]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
    /// The kinds by number, for dispatch tables.
    pub fn kinds(self) -> impl Iterator<Item = usize> {
        (0..Self::COUNT).filter(move |bit| self.0 >> bit & 1 == 1)
    }
    /// The number of the only kind in the set.
    #[inline]
    pub const fn index(self) -> usize {
        self.0.trailing_zeros() as usize
    }
}
