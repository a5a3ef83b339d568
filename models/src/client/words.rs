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

/// The ids of the words that were shown last, oldest first.
#[derive(Debug)]
pub(super) struct Words {
    seen: VecDeque<u64>,
    /// The operations of the events that came last, where those are recognised by them.
    events: VecDeque<OpId>,
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
        let (seen, events) = (VecDeque::new(), VecDeque::new());
        Self { seen, events, limit, len_max: 0 }
    }

    pub(super) fn has_event(&self, op: OpId) -> bool {
        self.events.contains(&op)
    }

    pub(super) fn remember_event(&mut self, op: OpId) {
        if self.events.len() == *self.limit {
            self.events.pop_front();
        }
        self.events.push_back(op);
    }
}

impl Client {
    /// A word came.
    pub(super) fn notice(&mut self, notice: &Notice, out: &mut Outbox<DocSync>) {
        let key = (self.steps.notice_key)(notice);
        let known = key.is_some_and(|key| self.words.seen.contains(&key));
        if known && self.config.policy.client.dedup.unsequenced {
            out.mark("word-again");
            return;
        }
        if let Some(key) = key.filter(|_| !known) {
            if self.words.seen.len() == *self.words.limit {
                self.words.seen.pop_front();
            }
            self.words.seen.push_back(key);
            if self.words.seen.len() > self.words.len_max {
                self.words.len_max = self.words.seen.len();
                out.holds(SEEN, Size { len: self.words.len_max as u32, ..Size::default() });
            }
        }
        let code = u16::from(notice.word == Word::Done);
        out.show_notice("word", code, Some(notice.reply_to), true);
    }
}
