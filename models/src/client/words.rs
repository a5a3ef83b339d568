//! Words of the server that are to be shown once each. It may say them again.

use std::collections::VecDeque;

use wavetank::history::Size;
use wavetank::id::OpId;
use wavetank::objectives::Objectives;
use wavetank::protocol::Outbox;

use super::Client;
use crate::message::{Notice, Word};
use crate::policy::Dedup;
use crate::probed::Probed;
use crate::protocol::DocSync;

/// What the words that were seen are called where sizes are told.
const SEEN: &str = "seen-ids";

/// The keys that came last, the one that did so longest ago first.
#[derive(Debug)]
struct Recent<K>(VecDeque<K>);

impl<K: PartialEq> Recent<K> {
    const fn new() -> Self {
        Self(VecDeque::new())
    }

    /// Whether a key came before and is remembered; it has come last from now on.
    fn knows(&mut self, key: &K) -> bool {
        // What comes again mostly came a moment ago.
        let Some(place) = self.0.iter().rposition(|known| known == key) else { return false };
        if let Some(known) = self.0.remove(place) {
            self.0.push_back(known);
        }
        true
    }

    fn remember(&mut self, key: K, limit: usize) {
        if self.0.len() >= limit {
            self.0.pop_front();
        }
        self.0.push_back(key);
    }
}

/// What has come and has no place in the order, or is not known by it.
#[derive(Debug)]
pub(super) struct Words {
    /// The ids of the words that were shown.
    seen: Recent<u64>,
    /// The operations of events, where those are recognised by them.
    events: Recent<OpId>,
    /// The smaller of the policy's and the objectives' limits.
    limit: Probed<usize>,
    len_max: usize,
}

impl Words {
    pub(super) fn new(objectives: &Objectives, policy: &Probed<Dedup>) -> Self {
        let most = objectives.table_max.get(SEEN).copied().unwrap_or(u32::MAX);
        let limit = policy.map(|policy| match policy.limit {
            0 => u32::MAX as usize,
            limit => limit.min(most) as usize,
        });
        Self { seen: Recent::new(), events: Recent::new(), limit, len_max: 0 }
    }

    pub(super) fn knows_event(&mut self, op: OpId) -> bool {
        self.events.knows(&op)
    }

    pub(super) fn remember_event(&mut self, op: OpId) {
        self.events.remember(op, *self.limit);
    }
}

impl Client {
    /// A word came.
    pub(super) fn notice(&mut self, notice: &Notice, out: &mut Outbox<DocSync>) {
        let key = (self.steps.notice_key)(notice);
        let known = key.is_some_and(|key| self.words.seen.knows(&key));
        if known && self.config.policy.client.dedup.unsequenced {
            out.mark("word-again");
            return;
        }
        if let Some(key) = key.filter(|_| !known) {
            self.words.seen.remember(key, *self.words.limit);
            let len = self.words.seen.0.len();
            if len > self.words.len_max {
                self.words.len_max = len;
                out.holds(SEEN, Size { len: len as u32, ..Size::default() });
            }
        }
        let code = u16::from(notice.word == Word::Done);
        out.show_notice("word", code, Some(notice.reply_to), true);
    }
}
