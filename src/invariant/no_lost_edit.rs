//! Every edit that was taken is somewhere: saved, or told off.

use super::ledger::Ledger;
use super::table::Table;
use super::{Horizon, Invariant, Ruling};
use crate::engine::Seen;
use crate::history::{Changes, Connection, Interest, Life, Observation, OpState, Request};
use crate::id::{NodeId, OpId};
use crate::time::Time;

/// Every edit that a person made is, in the end, in the store, or the person was told that it
/// is not. An edit may still wait at a client that does not show `live`. A crash of the client
/// may take only what was shown as not saved on the device. One may give way to another of the same
/// person, made later and to the same fields, which is judged in its place.
#[derive(Debug, Default)]
pub struct NoLostEdit {
    edits: Table<OpId, Edit>,
    clients: Table<NodeId, Client>,
    ledger: Ledger,
}

#[derive(Debug)]
struct Edit {
    author: NodeId,
    given: Time,
    shown: Option<OpState>,
    /// What it is to write.
    changes: Changes,
    /// The client died when nothing had promised that the edit would survive.
    excused: bool,
}

impl NoLostEdit {
    /// Whether a later edit of the same person, that was taken, writes all that this one was to.
    fn gave_way(&self, op: OpId, edit: &Edit) -> bool {
        let writes = |later: &Edit| {
            let fields = later.changes.iter().map(|change| change.field);
            edit.changes.iter().all(|change| fields.clone().any(|field| field == change.field))
        };
        let is_later = |(other, later): (&OpId, &Edit)| {
            *other != op
                && later.author == edit.author
                && later.given >= edit.given
                && !matches!(later.shown, None | Some(OpState::Refused))
                && writes(later)
        };
        self.edits.iter().any(is_later)
    }
}

#[derive(Debug, Default)]
struct Client {
    connection: Connection,
    down: bool,
}

impl Invariant for NoLostEdit {
    fn name(&self) -> &'static str {
        "no-lost-edit"
    }
    fn statement(&self) -> &'static str {
        "Every accepted edit is saved, waits at a client that is not live, was shown as not taken, \
         or gave way to a later one of the same fields; a crash takes only what was shown as not saved on the device."
    }
    fn interest(&self) -> Interest {
        Interest::GIVEN_WORK
            .and(Interest::OP)
            .and(Interest::STORED_OTHER)
            .and(Interest::NODE)
            .and(Interest::STATUS)
    }

    fn observe(&mut self, seen: &Seen<'_>, _ruling: &mut Ruling) {
        match seen.what {
            Observation::Given { op, request: Request::Edit, changes } => {
                let (author, given, changes) = (seen.node, seen.at, changes.clone());
                let edit = Edit { author, given, shown: None, changes, excused: false };
                self.edits.insert(*op, edit);
            }
            Observation::ShownOp { op, state } => {
                if let Some(edit) = self.edits.get_mut(op)
                    && edit.author == seen.node
                {
                    edit.shown = Some(*state);
                }
            }
            Observation::ShownStatus(status) => {
                self.clients.of(seen.node).connection = status.connection;
            }
            Observation::Node(Life::Crashed) => {
                let client = self.clients.of(seen.node);
                client.down = true;
                client.connection = Connection::Loading;
                for edit in self.edits.values_mut().filter(|edit| edit.author == seen.node) {
                    edit.excused |= matches!(edit.shown, None | Some(OpState::QueuedVolatile));
                }
            }
            Observation::Node(Life::Restarted) => {
                self.clients.of(seen.node).down = false;
            }
            what => {
                self.ledger.observe(what);
            }
        }
    }

    fn finish(&mut self, _at: Time, ruling: &mut Ruling) {
        for (op, edit) in self.edits.iter() {
            let told = edit.shown.is_some_and(OpState::is_told_off)
                && (edit.shown != Some(OpState::Superseded) || self.gave_way(*op, edit));
            let kept = self.ledger.has(*op) || self.ledger.was_undone(*op);
            if told || edit.excused || kept {
                continue;
            }
            let given = edit.given;
            if edit.shown == Some(OpState::Saved) {
                let message = format!("{op}, made at {given}, was shown as saved; no store has it");
                ruling.violated(edit.author, message);
                return;
            }
            let client = self.clients.get(&edit.author);
            if client.is_some_and(|c| !c.down && c.connection == Connection::Live) {
                let shown = edit
                    .shown
                    .map_or("not shown at all".to_owned(), |s| format!("last shown as `{s:?}`"));
                let message = format!("{op}, made at {given}, {shown}, is in no store");
                ruling.violated(edit.author, message);
                return;
            }
        }
    }
    fn forget(&mut self, horizon: &Horizon) {
        self.ledger.forget(horizon);
        self.edits.retain(|op, _| *op >= horizon.op);
    }
}
