//! What the person is told of the end of a connection, and what the client remembers of it.

use std::collections::{BTreeMap, VecDeque};

use wavetank::history::Size;
use wavetank::objectives::Objectives;
use wavetank::protocol::Outbox;

use super::Client;
use crate::protocol::DocSync;

/// The most closes that are remembered. The objectives' limit holds as well.
const MOST: u32 = 100;
/// What the memory of closes is called.
const TABLE: &str = "close-codes";

/// The class of the notice after a close with this code; empty where nothing need be said.
pub(super) const fn class(code: u16) -> &'static str {
    match code {
        1000 => "",
        4001 | 4401 => "auth",
        1003 | 1008 | 4003 => "blocked",
        _ => "transient",
    }
}

/// The codes that connections ended with, and the notice of the last one.
#[derive(Debug)]
pub(super) struct Closes {
    codes: VecDeque<u16>,
    codes_max: usize,
    limit: usize,
    /// The class and the code of the notice that is shown.
    notice: Option<(&'static str, u16)>,
    /// The code of the error that is shown.
    pub(super) error: Option<u16>,
}

impl Closes {
    pub(super) fn new(objectives: &Objectives) -> Self {
        let demanded: &BTreeMap<String, u32> = &objectives.table_max;
        let limit = demanded.get(TABLE).map_or(MOST, |most| MOST.min(*most)) as usize;
        Self { codes: VecDeque::new(), codes_max: 0, limit, notice: None, error: None }
    }
}

impl Client {
    /// A connection has ended, not at the client's wish.
    pub(super) fn note_close(&mut self, code: u16, out: &mut Outbox<DocSync>) {
        let closes = &mut self.closes;
        closes.codes.push_back(code);
        while closes.codes.len() > (self.steps.remembered)(closes.limit) {
            closes.codes.pop_front();
        }
        if closes.codes.len() > closes.codes_max {
            closes.codes_max = closes.codes.len();
            let len = closes.codes_max as u32;
            out.holds(TABLE, Size { len, ..Size::default() });
        }
        self.withdraw_notice(out);
        let class = (self.steps.notice)(code);
        if !class.is_empty() {
            self.closes.notice = Some((class, code));
            out.show_notice(class, code, None, true);
        }
    }

    /// What the notice was about is over.
    pub(super) fn withdraw_notice(&mut self, out: &mut Outbox<DocSync>) {
        if let Some((class, code)) = self.closes.notice.take() {
            out.show_notice(class, code, None, false);
        }
    }
}
