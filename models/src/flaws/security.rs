//! Mistakes in what the server takes, and from whom.

use wavetank::history::Change;
use wavetank::id::{NodeId, OpId};
use wavetank::time::Wall;

use super::{Flaw, Step};
use crate::document::{self, Attribute};
use crate::protocol::DOC;
use crate::store::{Commit, Edit, Manner};

/// What stands in bytes that are no message where the fields of an operation would be.
fn nonsense(bytes: u32) -> Commit {
    let op = OpId(u32::MAX - bytes);
    let change = Change::set(document::element(bytes, Attribute::Box), document::value(op));
    Commit {
        doc: DOC,
        op,
        author: NodeId(bytes),
        instance: u64::from(bytes),
        client_seq: 0,
        base: None,
        edit: Edit::Write([change].into_iter().collect()),
        made: Wall::START,
        manner: Manner::default(),
    }
}

pub(super) const FLAWS: &[Flaw] = &[
    Flaw {
        path: "server.commit.fields",
        right: "allow_list",
        wrong: "any",
        change: Step::Server(|steps| steps.takes_any_field.set(|| true)),
    },
    Flaw {
        path: "server.auth.register",
        right: "after_verify",
        wrong: "before_verify",
        change: Step::Server(|steps| steps.registers_first.set(|| true)),
    },
    Flaw {
        path: "server.fanout.sanitise",
        right: "true",
        wrong: "false",
        change: Step::Server(|steps| steps.sanitises.set(|| false)),
    },
    Flaw {
        path: "server.decode.validate",
        right: "true",
        wrong: "false",
        change: Step::Server(|steps| steps.reads_anyway.set(|bytes| Some(nonsense(bytes)))),
    },
    Flaw {
        path: "server.limits.refusal",
        right: "close_4003",
        wrong: "drop",
        // The transport ends without a close frame.
        change: Step::Server(|steps| {
            steps.close_code.set(|code| if code == 4003 { 1006 } else { code });
        }),
    },
    Flaw {
        path: "server.limits.check_at",
        right: "insert",
        wrong: "hello",
        change: Step::Server(|steps| steps.counts_on_arrival.set(|| true)),
    },
];
