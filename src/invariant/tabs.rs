//! Which pages are tabs of one client, and what they have open.

use super::presence::Hindrance;
use super::table::Table;
use crate::engine::Seen;
use crate::history::{Interest, Kind, Observation, Request, Side};
use crate::id::{NodeId, Topic};

/// A page that has dialled.
#[derive(Clone, Copy, Debug, Default)]
struct Tab {
    /// The client that it said it is; zero says nothing.
    client: u64,
    topic: Option<Topic>,
    /// Whether the page is not there: it was put away, or its process is down or frozen.
    away: bool,
    held_up: Hindrance,
}

/// The pages of a run by the client that they are of.
#[derive(Debug, Default)]
pub(crate) struct Tabs {
    tabs: Table<NodeId, Tab>,
    several: bool,
}

impl Tabs {
    /// The kinds of observation that it must be told of.
    pub(crate) const INTEREST: Interest =
        Interest::DIALLED.and(Interest::GIVEN_OTHER).and(Interest::SENT_PLAIN).and(Interest::NODE);

    pub(crate) fn observe(&mut self, seen: &Seen<'_>) {
        let node = seen.node;
        match *seen.what {
            Observation::Sent { side: Side::Dialler, ref meaning, .. } => {
                if let (Kind::Hello | Kind::Subscribe, Some(_)) = (meaning.kind, meaning.topic) {
                    self.tabs.of(node).topic = meaning.topic;
                }
            }
            Observation::Dialled { caller, .. } => {
                self.tabs.of(node).client = caller.client;
                let same = self.tabs.values().filter(|tab| tab.client == caller.client).count();
                self.several |= caller.client != 0 && same > 1;
            }
            Observation::Given { request, .. } => match request {
                Request::Mount => self.tabs.of(node).away = false,
                Request::Unmount => self.tabs.of(node).away = true,
                Request::Open => self.tabs.of(node).topic = None,
                _ => {}
            },
            Observation::Node(life) => {
                let tab = self.tabs.of(node);
                if life.starts_or_ends() {
                    *tab = Tab { client: tab.client, ..Tab::default() };
                }
                tab.held_up.observe(life);
            }
            _ => {}
        }
    }

    /// Whether any client has more than one page.
    #[inline]
    pub(crate) const fn several(&self) -> bool {
        self.several
    }

    /// The pages that are there and have something open, each with its client and that.
    pub(crate) fn open(&self) -> impl Iterator<Item = (NodeId, (u64, Topic))> {
        self.tabs.iter().filter_map(|(node, tab)| {
            let open = (tab.client, tab.topic?);
            (tab.client != 0 && !tab.away && !tab.held_up.is_there()).then_some((*node, open))
        })
    }
}
