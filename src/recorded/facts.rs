//! Which facts a recording has, and which of them each invariant needs: what a log does not tell
//! of proves nothing.

use crate::history::{Caller, Kind, Meaning, Observation, Phase, Side, StoreOutcome};

/// A set of facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts(u32);

macro_rules! facts {
    ($($name:ident = $bit:literal, $words:literal;)*) => {
        impl Facts {
            $(pub(super) const $name: Self = Self(1 << $bit);)*
            const WORDS: &'static [(Self, &'static str)] = &[$((Self::$name, $words)),*];
        }
    };
}

facts! {
    GIVEN = 0, "operations as they are made (given)";
    TOLD = 1, "what becomes of operations at their client (told)";
    CONTENT = 2, "contents that clients show (shown)";
    VALUES = 3, "the values of every commit and of every content shown";
    UNIQUE = 4, "values that are unique (unique_values in the mapping)";
    STATUS = 5, "the state of the connection that clients show (status)";
    STALE = 6, "whether clients show content as stale (status with stale)";
    SYNCED = 7, "the time of the last sync that clients show";
    COMMITTED = 8, "commits of the store (committed)";
    COMMITTED_OP = 9, "commits with the operation that asked for them (committed)";
    FLUSHED = 10, "commits that are durable (committed, or flushed)";
    ACKED = 11, "acks of operations (sent with the message ack, or told saved)";
    EVENTS = 12, "numbered events that reach clients (delivered with the message event)";
    ARRIVALS = 13, "what reaches clients (delivered, with document and seq)";
    CLIENT_SENT = 14, "what clients send (sent by a dialler)";
    CLIENT_OPS = 15, "operations that clients send (sent with the message op)";
    SENT = 16, "messages that are sent";
    DELIVERED = 17, "messages that are delivered";
    SUBSCRIBED = 18, "hello or subscribe with a document, as delivered to the server";
    DIALLED = 19, "dials of clients (dialled)";
    OPENED = 20, "connections that open (opened)";
    CLOSED = 21, "connections that end (closed, refused)";
    LINK = 22, "the truth about network paths (link, in records only)";
    DEVICE = 23, "whether devices are online (device, in records only)";
    SIZES = 24, "the sizes of queues and tables (waiting and holds, in records only)";
    REST = 25, "that all came to rest in the end (quiet)";
    START = 26, "a recording from the beginning (without --midway)";
    SCHEMA = 28, "which messages are not valid, or of which version (schema, in records only)";
    IDENTITY = 29, "who dials, and with what credential (dialled with its caller, in records only)";
    BUSY = 30, "the spans for which nodes are busy (busy, in records only)";
    WRITTEN = 31, "what operators read, or where canaries turned up (log, report, canary, in records only)";
    OBJECTIVES = 27, "what the application demands (--objectives FILE, or --invariant with its name)";
}

impl Facts {
    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    pub(super) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }
    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// What an observation tells of.
    pub(super) fn of(what: &Observation) -> Self {
        match what {
            Observation::Given { .. } => Self::GIVEN,
            Observation::ShownOp { state, .. } => {
                let saved = *state == crate::history::OpState::Saved;
                Self::TOLD.or(if saved { Self::ACKED } else { Self::default() })
            }
            Observation::ShownContent(_) => Self::CONTENT,
            Observation::ShownStatus(status) => {
                let stale = if status.stale { Self::default() } else { Self::STALE };
                let synced = status.last_synced.map_or(Self::default(), |_| Self::SYNCED);
                Self::STATUS.or(stale).or(synced)
            }
            Observation::Stored { outcome: StoreOutcome::Executed, write, .. } => {
                let op = write.as_ref().and_then(|write| write.op);
                Self::COMMITTED.or(op.map_or(Self::default(), |_| Self::COMMITTED_OP))
            }
            Observation::Stored { outcome: StoreOutcome::Flushed, .. } => Self::FLUSHED,
            Observation::Sent { side, meaning, .. } => Self::sent(*side, meaning),
            Observation::Delivered { side, meaning, .. } => Self::delivered(*side, meaning),
            Observation::Dialled { caller, .. } if *caller != Caller::default() => {
                Self::DIALLED.or(Self::IDENTITY)
            }
            Observation::Dialled { .. } => Self::DIALLED,
            Observation::Opened { .. } => Self::OPENED,
            Observation::Closed { .. } | Observation::Refused { .. } => Self::CLOSED,
            Observation::Link { .. } => Self::LINK,
            Observation::Device { .. } => Self::DEVICE,
            Observation::Waiting { .. } | Observation::Holds { .. } => Self::SIZES,
            Observation::Busy { .. } => Self::BUSY,
            Observation::Log { .. } | Observation::Report { .. } | Observation::Canary { .. } => {
                Self::WRITTEN
            }
            Observation::Phase(Phase::Quiet) => Self::REST,
            _ => Self::default(),
        }
    }

    fn sent(side: Side, meaning: &Meaning) -> Self {
        let mut facts = Self::SENT;
        if meaning.schema != 1 {
            facts.add(Self::SCHEMA);
        }
        if side == Side::Dialler {
            facts.add(Self::CLIENT_SENT);
        }
        match (meaning.kind, side) {
            (Kind::Ack, _) => facts.add(Self::ACKED),
            (Kind::Op, Side::Dialler) => facts.add(Self::CLIENT_OPS),
            _ => {}
        }
        facts
    }

    fn delivered(side: Side, meaning: &Meaning) -> Self {
        let mut facts = Self::DELIVERED;
        match (side, meaning.kind) {
            (Side::Acceptor, Kind::Hello | Kind::Subscribe) if meaning.topic.is_some() => {
                facts.add(Self::SUBSCRIBED);
            }
            (Side::Dialler, kind) if meaning.topic.is_some() && meaning.position.is_some() => {
                facts.add(Self::ARRIVALS);
                if kind == Kind::Event {
                    facts.add(Self::EVENTS);
                }
            }
            _ => {}
        }
        facts
    }

    /// What an invariant needs and this set lacks, in words.
    pub(super) fn lacks(self, invariant: &str) -> Vec<String> {
        let Some((_, needs)) = NEEDS.iter().find(|(name, _)| *name == invariant) else {
            return Vec::new();
        };
        needs.iter().filter(|any| !self.has(**any)).map(|any| any.in_words()).collect()
    }

    /// Whether an invariant needs something of which all is in this set.
    pub(super) fn starves(self, invariant: &str) -> bool {
        let needs = NEEDS.iter().find(|(name, _)| *name == invariant);
        needs.is_some_and(|(_, needs)| needs.iter().any(|any| any.0 & !self.0 == 0))
    }

    fn in_words(self) -> String {
        let words = Self::WORDS.iter().filter(|(fact, _)| self.has(*fact));
        words.map(|(_, words)| *words).collect::<Vec<_>>().join(", or ")
    }
}

/// Whether it is known what an invariant needs.
pub(super) fn is_known(invariant: &str) -> bool {
    NEEDS.iter().any(|(name, _)| *name == invariant)
}

type F = Facts;

/// What each of the framework's invariants cannot do without: of each set, at least one. An
/// invariant that judges by the durations of the reference needs the application's own.
const NEEDS: &[(&str, &[Facts])] = &[
    ("no-state-regression", &[F::CONTENT]),
    ("contiguous-apply", &[F::ARRIVALS, F::CONTENT.or(F::CLIENT_SENT)]),
    ("atomic-apply", &[F::CONTENT, F::COMMITTED, F::VALUES, F::GIVEN, F::TOLD]),
    ("state-matches-cursor", &[F::CONTENT, F::COMMITTED, F::VALUES, F::GIVEN, F::TOLD, F::START]),
    ("optimistic-preserved", &[F::CONTENT, F::GIVEN, F::TOLD, F::VALUES]),
    ("at-most-once-effect", &[F::COMMITTED_OP.or(F::UNIQUE)]),
    ("apply-to-right-document", &[F::CONTENT, F::COMMITTED, F::VALUES, F::UNIQUE]),
    ("no-lost-edit", &[F::GIVEN, F::COMMITTED_OP, F::TOLD.or(F::STATUS), F::REST]),
    ("no-false-ack", &[F::ACKED, F::FLUSHED]),
    ("seq-well-formed", &[F::COMMITTED]),
    ("fifo-per-client", &[F::GIVEN, F::COMMITTED_OP.or(F::CLIENT_OPS)]),
    ("writes-follow-reads", &[F::GIVEN, F::CONTENT, F::COMMITTED_OP]),
    ("convergence", &[F::CONTENT, F::COMMITTED, F::VALUES, F::STATUS, F::START, F::REST]),
    ("gap-repaired", &[F::EVENTS, F::CLIENT_SENT]),
    ("outbox-drains", &[F::GIVEN, F::TOLD, F::STATUS, F::REST]),
    ("no-cross-room-leak", &[F::SUBSCRIBED, F::SENT]),
    ("latency-bound", &[F::SUBSCRIBED, F::SENT, F::DIALLED, F::OBJECTIVES]),
    ("delivery-to-all-subscribers", &[F::SENT]),
    ("resync-justified", &[F::ARRIVALS, F::CLIENT_SENT, F::OBJECTIVES]),
    ("sync-before-replay", &[F::CLIENT_OPS, F::ARRIVALS, F::OBJECTIVES]),
    ("conflict-surfaced", &[F::GIVEN, F::CONTENT, F::COMMITTED_OP, F::REST, F::OBJECTIVES]),
    ("causal-lww", &[F::GIVEN, F::CONTENT, F::COMMITTED_OP, F::VALUES, F::TOLD]),
    ("undo-validity", &[F::GIVEN, F::TOLD, F::CONTENT, F::COMMITTED_OP, F::VALUES, F::START]),
    ("ephemeral-truthful", &[F::DELIVERED, F::CONTENT, F::OBJECTIVES]),
    ("schema-conformant", &[F::SENT, F::SCHEMA]),
    ("no-lost-event", &[F::ARRIVALS, F::OBJECTIVES]),
    ("no-send-after-close", &[F::CLOSED, F::SENT]),
    ("at-most-one-live-socket", &[F::DIALLED, F::CLOSED]),
    (
        "no-zombie-transport",
        &[F::DIALLED, F::OPENED, F::CLOSED, F::DELIVERED, F::GIVEN, F::OBJECTIVES],
    ),
    ("no-dial-offline", &[F::DIALLED, F::DEVICE]),
    ("online-triggers-dial", &[F::DIALLED, F::DEVICE, F::STATUS, F::OBJECTIVES]),
    ("no-retry-on-permanent", &[F::DIALLED, F::CLOSED, F::OBJECTIVES]),
    ("no-needless-reconnect", &[F::DIALLED, F::OPENED, F::CLOSED, F::STATUS, F::OBJECTIVES]),
    ("backoff-envelope", &[F::DIALLED, F::CLOSED, F::DEVICE, F::OBJECTIVES]),
    ("delay-spread", &[F::DIALLED, F::CLOSED, F::DEVICE, F::OBJECTIVES]),
    ("attempt-limit", &[F::DIALLED, F::CLOSED, F::STATUS, F::OBJECTIVES]),
    ("herd-spread", &[F::DIALLED, F::CLOSED, F::OBJECTIVES]),
    ("phase-timeout", &[F::DIALLED, F::OPENED, F::CLOSED, F::STATUS, F::OBJECTIVES]),
    ("status-truthful", &[F::STATUS, F::DIALLED, F::OPENED, F::CLOSED, F::DEVICE]),
    ("stale-truthful", &[F::STALE, F::DIALLED, F::OPENED, F::CONTENT]),
    ("last-synced-truthful", &[F::SYNCED, F::CONTENT, F::ARRIVALS]),
    (
        "hb-detection-bound",
        &[F::OPENED, F::CLOSED, F::SENT, F::DELIVERED, F::STATUS, F::OBJECTIVES],
    ),
    ("hb-no-false-positive", &[F::OPENED, F::SENT, F::DELIVERED, F::LINK, F::OBJECTIVES]),
    ("idle-gap-bound", &[F::OPENED, F::CLOSED, F::SENT, F::OBJECTIVES]),
    ("eventual-reconnect", &[F::STATUS, F::DIALLED, F::LINK, F::OBJECTIVES]),
    ("recovery-bound", &[F::STATUS, F::DIALLED, F::LINK, F::OBJECTIVES]),
    ("bounded-queue", &[F::SIZES, F::OBJECTIVES]),
    ("bounded-state", &[F::SIZES, F::OBJECTIVES]),
    ("manual-retry-works", &[F::GIVEN, F::STATUS, F::DIALLED, F::OBJECTIVES]),
    ("lifecycle-legal", &[F::STATUS, F::OPENED, F::CLOSED, F::DELIVERED, F::OBJECTIVES]),
    ("no-dial-after-intent-close", &[F::GIVEN, F::DIALLED]),
    ("no-activity-after-dispose", &[F::GIVEN, F::DIALLED.or(F::CLIENT_SENT).or(F::CONTENT)]),
    ("current-generation-only", &[F::OPENED, F::ARRIVALS, F::CONTENT.or(F::CLIENT_SENT)]),
    ("subscription-exact", &[F::STATUS, F::OPENED, F::CLOSED, F::CLIENT_SENT]),
    ("edit-gate", &[F::GIVEN, F::TOLD, F::STATUS, F::OBJECTIVES]),
    ("derived-consistent", &[F::STATUS, F::OBJECTIVES]),
    ("view-follows-store", &[F::EVENTS, F::CONTENT, F::OBJECTIVES]),
    ("close-code-correct", &[F::CLOSED, F::GIVEN, F::OBJECTIVES]),
    ("error-context", &[F::SENT]),
    ("poison-tolerant", &[F::DELIVERED, F::CLOSED, F::SCHEMA]),
    ("error-accounted", &[F::CLOSED, F::OBJECTIVES]),
    ("degraded-usable", &[F::GIVEN, F::STATUS, F::OBJECTIVES]),
    ("hb-pong-latency", &[F::DELIVERED, F::CLIENT_SENT, F::OBJECTIVES]),
    ("ui-responsive", &[F::GIVEN, F::TOLD, F::OBJECTIVES]),
    ("legal-stage-transition", &[F::COMMITTED, F::OBJECTIVES]),
    ("fragment-reassembly", &[F::ARRIVALS, F::CONTENT, F::OBJECTIVES]),
    ("single-source", &[F::CONTENT, F::VALUES]),
    ("priority-eviction", &[F::GIVEN, F::TOLD, F::CLIENT_SENT]),
    ("error-surfaced", &[F::CLOSED, F::STATUS, F::OBJECTIVES]),
    ("conn-limit", &[F::IDENTITY, F::SENT, F::OBJECTIVES]),
    ("limit-refusal-justified", &[F::IDENTITY, F::SENT, F::CLOSED, F::OBJECTIVES]),
    ("size-limit", &[F::DELIVERED, F::CLOSED, F::OBJECTIVES]),
    ("auth-before-state", &[F::IDENTITY, F::SENT, F::DELIVERED, F::OBJECTIVES]),
    ("auth-freshness", &[F::IDENTITY, F::SENT, F::DELIVERED, F::OBJECTIVES]),
    ("rate-limit", &[F::DIALLED, F::SENT, F::DELIVERED, F::OBJECTIVES]),
    ("rate-limit-isolation", &[F::DIALLED, F::SENT, F::DELIVERED, F::OBJECTIVES]),
    ("fresh-token-dial", &[F::IDENTITY, F::SENT, F::CLOSED, F::OBJECTIVES]),
    ("metric-exact", &[F::OPENED, F::CLOSED, F::SENT, F::DELIVERED, F::STATUS, F::OBJECTIVES]),
    ("alert-correct", &[F::DIALLED, F::OPENED, F::CLOSED, F::SENT, F::DELIVERED, F::OBJECTIVES]),
    ("slo-report", &[F::OPENED, F::CLOSED, F::GIVEN, F::STATUS, F::OBJECTIVES]),
    ("log-complete", &[F::OPENED, F::CLOSED, F::SENT, F::OBJECTIVES]),
    ("loop-responsive", &[F::OPENED, F::BUSY]),
    ("registry-exact", &[F::SENT, F::CLOSED, F::SIZES]),
    ("request-answered", &[F::SENT, F::DELIVERED, F::OBJECTIVES]),
    ("overload-recovers", &[F::SIZES]),
    ("secret-taint", &[F::WRITTEN]),
    ("schema-total", &[F::GIVEN, F::COMMITTED_OP, F::SCHEMA]),
    ("op-terminates", &[F::GIVEN, F::OBJECTIVES]),
    ("fallback-freshness", &[F::DIALLED, F::CLOSED, F::COMMITTED, F::CONTENT, F::OBJECTIVES]),
    ("tab-convergence", &[F::IDENTITY, F::CONTENT, F::STATUS, F::CLIENT_SENT, F::REST]),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::invariant::shipped;

    #[test]
    fn every_shipped_invariant_says_which_facts_it_needs() {
        let invariants =
            shipped(&crate::objectives::Objectives::default(), |f| f.to_string(), None);
        let names: BTreeSet<&str> = invariants.iter().map(|one| one.name()).collect();
        assert_eq!(NEEDS.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>(), names);
    }

    #[test]
    fn an_empty_recording_proves_nothing() {
        for (name, _) in NEEDS {
            assert!(!Facts::default().lacks(name).is_empty(), "{name}");
        }
    }
}
