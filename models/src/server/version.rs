//! Which version of the protocol is spoken with whom.

use wavetank::id::ConnId;
use wavetank::protocol::Outbox;

use super::Server;
use crate::message::{Hello, UNSUPPORTED};
use crate::policy::Choice;
use crate::protocol::DocSync;

impl Server {
    /// The version that is spoken with a client that says this, if there is one.
    pub(super) fn version(&self, hello: &Hello) -> Option<u8> {
        let spoken = self.config.versions.unwrap_or_default().server;
        match self.config.policy.server.version.choose {
            Choice::HighestCommon => spoken.common(hello.versions),
            Choice::Newest => Some(spoken.newest),
        }
    }

    /// Ends a connection on which no version can be spoken. It is accepted first: a page is not
    /// told why it was not.
    pub(super) fn cannot_speak(&mut self, conn: ConnId, out: &mut Outbox<DocSync>) {
        out.mark("no-common-version");
        self.end(conn, UNSUPPORTED, "no common version of the protocol", out);
    }
}
