//! Which version of the protocol is spoken with whom.

use super::Server;
use crate::message::Hello;
use crate::policy::Choice;

impl Server {
    /// The version that is spoken with a client that says this.
    pub(super) fn version(&self, hello: &Hello) -> u8 {
        let newest = self.config.versions.map_or(1, |versions| versions.server);
        match self.config.policy.server.version.choose {
            Choice::HighestCommon => newest.min(hello.version),
            Choice::Newest => newest,
        }
    }
}
