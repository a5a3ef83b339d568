//! Who a page says that it is, truly or not.

use serde::{Deserialize, Serialize};
use wavetank::history::Caller;
use wavetank::id::NodeId;
use wavetank::protocol::{Boot, Outbox};
use wavetank::time::Now;

use super::Client;
use crate::protocol::DocSync;

/// The site that pages are of.
pub(crate) const HOME: u64 = 1;

/// Whom a page poses as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guise {
    /// Nobody else.
    #[default]
    None,
    /// A client of its own, as a private window is, at the same device.
    Private,
    /// Somebody who shows no credential.
    Anonymous,
    /// Somebody who shows one that was made up.
    Forged,
    /// Another site, whose page dials from the person's browser.
    Foreign,
}

/// Who a page is: tabs of one device are one client, of one person, at one address.
pub(super) fn identity(boot: &Boot<'_, DocSync>) -> Caller {
    let tabs = boot.peers.iter().filter(|peer| peer.same_device).map(|peer| peer.id);
    let device = number(tabs.chain([boot.me]).min().unwrap_or(boot.me));
    Caller {
        client: device,
        user: device,
        address: device,
        origin: HOME,
        instance: number(boot.me),
        ..Caller::default()
    }
}

/// A node as a number that is not zero, which stands for nothing.
const fn number(node: NodeId) -> u64 {
    node.0 as u64 + 1
}

impl Client {
    /// What a dial says of the page.
    pub(super) fn caller(&self) -> Caller {
        match self.guise {
            Guise::None | Guise::Anonymous | Guise::Forged => self.identity,
            Guise::Foreign => Caller { origin: HOME + 1, ..self.identity },
            // No device, and no other tab, has the number of a tab with this on top.
            Guise::Private => {
                let apart = self.identity.instance << 32;
                Caller { client: apart, instance: apart, ..self.identity }
            }
        }
    }

    /// The page is opened anew by somebody else.
    pub(super) fn pose(&mut self, now: Now, guise: Guise, out: &mut Outbox<DocSync>) {
        self.guise = guise;
        self.dial_anew(now, out);
    }
}
