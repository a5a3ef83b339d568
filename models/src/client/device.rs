//! What waits is kept on the device, where the policy wants that: it outlives the page, and goes
//! from the next one under its old name.

use std::collections::{BTreeMap, BTreeSet};

use wavetank::history::OpState;
use wavetank::id::{OpId, Ticket};
use wavetank::protocol::{Outbox, StoreError};
use wavetank::time::Now;

use super::{Client, Phase};
use crate::policy::Storage;
use crate::protocol::DocSync;
use crate::store::{Commit, Reply, Request};

/// What an answer of the device is for.
#[derive(Clone, Copy, Debug)]
enum Wait {
    /// What an earlier page left there.
    Kept,
    /// This edit is written down.
    Keep(OpId),
    /// It will outlive a crash.
    Flush(OpId),
}

/// What the client knows of its device's storage.
#[derive(Debug, Default)]
pub(super) struct Device {
    awaiting: BTreeMap<Ticket, Wait>,
    /// Edits that are there, or on their way there.
    kept: BTreeSet<OpId>,
}

impl Device {
    pub(super) fn new(storage: Storage) -> Option<Box<Self>> {
        (storage == Storage::Device).then(Box::default)
    }
}

impl Client {
    /// The page opens: it dials, once it knows what an earlier one has left.
    pub(super) fn begin(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        match &mut self.device {
            Some(device) => {
                let ticket = out.store(Request::Kept(self.me));
                device.awaiting.insert(ticket, Wait::Kept);
            }
            None => self.dial(now, out),
        }
    }

    /// Writes the edit down that was made last.
    pub(super) fn keep_on_device(&mut self, out: &mut Outbox<DocSync>) {
        let Some(mut device) = self.device.take() else { return };
        if let Some(commit) = self.last_commit() {
            let op = commit.op;
            device.kept.insert(op);
            device.awaiting.insert(out.store(Request::Keep(commit)), Wait::Keep(op));
        }
        self.device = Some(device);
    }

    /// The device has answered. What it failed to keep is still shown as not saved there.
    pub(super) fn device_answers(
        &mut self,
        now: Now,
        ticket: Ticket,
        result: Result<Option<Reply>, StoreError>,
        out: &mut Outbox<DocSync>,
    ) {
        let Some(device) = &mut self.device else { return };
        match (device.awaiting.remove(&ticket), result) {
            (Some(Wait::Kept), result) => {
                if let Ok(Some(Reply::Kept(commits))) = result {
                    self.take_up(now, commits, out);
                }
                if self.phase == Phase::Idle && self.mounted {
                    self.dial(now, out);
                    self.show(out);
                }
            }
            (Some(Wait::Keep(op)), Ok(_)) => {
                device.awaiting.insert(out.flush(), Wait::Flush(op));
            }
            (Some(Wait::Flush(op)), Ok(_)) if self.waits_for(op) => {
                out.show_op(op, OpState::QueuedSafe);
            }
            _ => {}
        }
    }

    /// Goes on with what an earlier page has left: it was made before anything else.
    fn take_up(&mut self, now: Now, commits: Vec<Commit>, out: &mut Outbox<DocSync>) {
        for commit in &commits {
            out.show_op(commit.op, OpState::QueuedSafe);
        }
        if let Some(device) = &mut self.device {
            device.kept.extend(commits.iter().map(|commit| commit.op));
        }
        self.queue_earlier(now, commits);
        self.measure(out);
    }

    /// Lets go of what is on the device and does not wait any more.
    pub(super) fn tidy_device(&mut self, out: &mut Outbox<DocSync>) {
        let Some(mut device) = self.device.take() else { return };
        device.kept.retain(|op| {
            let waits = self.waits_for(*op);
            if !waits {
                out.store(Request::Forget(*op));
            }
            waits
        });
        self.device = Some(device);
    }
}
