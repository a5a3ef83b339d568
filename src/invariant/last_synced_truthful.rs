//! The time of the last sync that a person sees is when it was.

use super::open_topics::OpenTopics;
use super::presence::{Dues, Presence, TICK};
use super::table::Table;
use super::{Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Interest, Kind, Life, Observation, Position, Side};
use crate::id::NodeId;
use crate::time::{Mono, Span, Time};

/// How far the time shown may be off.
const TOLERANCE: Span = Span::secs(1);

/// The last-synced time that a client shows is, within a second, the arrival of the latest
/// frame that showed the content to be at the server's head or brought it there. Frames that
/// tell a place in the order are looked at (welcome, snapshot, delta, event, ping). One that
/// came by way of another tab, tells of an older place while the content is at the head, or
/// waits for a page that may end the connection before it comes to it, may count or not. Judged
/// where a time is shown, for the one topic that a page has open.
#[derive(Debug, Default)]
pub struct LastSyncedTruthful {
    presence: Presence,
    topics: OpenTopics,
    pages: Table<NodeId, Page>,
    dues: Dues<NodeId>,
}

#[derive(Debug, Default)]
struct Page {
    cursor: Option<Position>,
    /// The highest position that the server told.
    head: Option<Position>,
    /// The newest frame, which may yet bring the content to the head.
    frame: Mono,
    is_doubtful: bool,
    /// When the content was last level with the head: the earliest and the latest time that
    /// the client may take for it.
    level: Option<(Mono, Mono)>,
    /// The same by a frame after that which may count or not.
    doubtful: Option<(Mono, Mono)>,
    paused: Option<Mono>,
    claimed: Option<Mono>,
}

impl Page {
    fn is_level(&self) -> bool {
        self.cursor.is_some() && self.cursor >= self.head
    }

    /// The frame showed, or made, the content level.
    fn leveled(&mut self, handled: Mono) {
        let level = Some((self.frame, handled.max(self.frame)));
        if self.is_doubtful {
            self.doubtful = level;
        } else {
            (self.level, self.doubtful) = (level, None);
        }
    }

    fn frame(&mut self, now: Mono, position: Position, from_tab: bool, waits: bool) {
        // A tab may tell of what the client, for want of all before it, does not take in.
        if !from_tab {
            self.head = self.head.max(Some(position));
        }
        (self.frame, self.is_doubtful) = (now, from_tab || waits);
        if self.is_level() {
            self.is_doubtful |= self.head != Some(position);
            self.leveled(now);
        }
    }

    fn content(&mut self, now: Mono, position: Position) {
        let was = self.cursor.replace(position);
        if was != self.cursor && self.is_level() {
            self.leveled(now);
        }
    }

    fn lie(&self) -> Option<(Mono, Option<Mono>)> {
        let claimed = self.claimed?;
        let fits = |level: Option<(Mono, Mono)>| {
            level.is_some_and(|(low, high)| {
                claimed + TOLERANCE >= low && claimed <= high + TOLERANCE
            })
        };
        let lies = !fits(self.level) && !fits(self.doubtful);
        lies.then_some((claimed, self.level.or(self.doubtful).map(|(low, _)| low)))
    }
}

impl Invariant for LastSyncedTruthful {
    fn name(&self) -> &'static str {
        "last-synced-truthful"
    }
    fn statement(&self) -> &'static str {
        "The last-synced time shown is, within 1 s, the arrival of the latest frame that showed \
         the content to be at the server's head or made it so."
    }
    fn interest(&self) -> Interest {
        Presence::INTEREST
            .and(OpenTopics::INTEREST)
            .and(Interest::DELIVERED_EVENT)
            .and(Interest::DELIVERED_OTHER)
            .and(Interest::CAST)
            .and(Interest::STATUS)
            .and(Interest::CONTENT_MAIN)
    }
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling) {
        let (node, now) = (seen.node, seen.now.mono);
        match seen.what {
            Observation::Delivered { side: Side::Dialler, meaning, .. }
            | Observation::CastDelivered { meaning, .. } => {
                let telling = matches!(
                    meaning.kind,
                    Kind::Welcome | Kind::Snapshot | Kind::Delta | Kind::Event | Kind::Ping
                );
                let heard =
                    telling && !self.presence.is_down(node) && self.topics.has(node, meaning.topic);
                if let Some(position) = meaning.position.filter(|_| heard) {
                    let from_tab = matches!(seen.what, Observation::CastDelivered { .. });
                    let waits = !self.presence.is_free(node, seen.at);
                    self.pages.of(node).frame(now, position, from_tab, waits);
                }
            }
            Observation::ShownContent(reading) if reading.part == 0 => {
                self.pages.of(node).content(now, reading.position);
            }
            Observation::ShownStatus(status) => {
                self.pages.of(node).claimed = status.last_synced;
                if status.last_synced.is_some() {
                    self.dues.add(seen.at + TICK, node, ruling);
                }
            }
            Observation::Sent { .. } | Observation::Given { .. } => {
                if self.topics.observe(seen) {
                    self.pages.remove(&node);
                }
            }
            Observation::Node(life) => {
                self.presence.observe(seen);
                let page = self.pages.of(node);
                match life {
                    Life::Paused | Life::Burdened => page.paused = page.paused.or(Some(now)),
                    Life::Resumed | Life::Relieved if self.presence.runs(node) => {
                        // What came meanwhile is handled only now.
                        let since = page.paused.take().unwrap_or(now);
                        let levels = [&mut page.level, &mut page.doubtful];
                        for (low, high) in levels.into_iter().flatten() {
                            if *low >= since {
                                *high = now;
                            }
                        }
                        // The page may find one by one that it is level, and take in no more.
                        if page.frame >= since {
                            page.doubtful = Some((since, now));
                        }
                    }
                    Life::Crashed => drop(self.pages.remove(&node)),
                    _ => {}
                }
            }
            _ => self.presence.observe(seen),
        }
    }
    fn wake(&mut self, at: Time, ruling: &mut Ruling) {
        while let Some(node) = self.dues.take(at, ruling) {
            let page = self.pages.get(&node).filter(|_| self.presence.runs(node));
            let Some((claimed, level)) = page.and_then(Page::lie) else { continue };
            let truth =
                level.map_or("it never was".to_owned(), |level| format!("it was {level:?}"));
            ruling.violated(node, format!("shows that it was in sync at {claimed:?}; {truth}"));
        }
    }
}
