//! Which version of the protocol is spoken with the server.

use wavetank::history::Position;
use wavetank::protocol::Outbox;
use wavetank::time::Now;

use super::Client;
use crate::message::UNSUPPORTED;
use crate::protocol::DocSync;
use crate::versions::Spoken;

impl Client {
    /// The versions that the page speaks.
    pub(super) fn versions(&self) -> Spoken {
        self.config.versions.unwrap_or_default().client
    }

    /// The server tells where the document is, and the version that it speaks from now on.
    pub(super) fn welcome(
        &mut self,
        now: Now,
        head: Position,
        version: u8,
        out: &mut Outbox<DocSync>,
    ) {
        self.version = version;
        if self.head.is_some_and(|known| known.epoch < head.epoch) {
            out.mark("store-went-back");
        }
        if !self.versions().has(version) {
            out.mark("no-common-version");
            self.leave(out, UNSUPPORTED);
            self.ended(now, UNSUPPORTED, out);
        }
    }
}
