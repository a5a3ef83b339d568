//! What the page around it does to a client: it comes and goes, and so does the wish for a
//! connection.

use wavetank::history::{Connection, OpState};
use wavetank::protocol::{Event, Outbox};
use wavetank::time::Now;

use super::{Client, Phase};
use crate::protocol::{DocSync, Op, Timer};

impl Client {
    /// The page opens. What it held before it went away is still there.
    pub(super) fn mount(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        self.mounted = true;
        self.is_here(now, true, out);
        self.connect(now, out);
        self.show(out);
    }

    /// The page goes away: its connection is closed, and nothing that was planned happens.
    pub(super) fn unmount(&mut self, out: &mut Outbox<DocSync>) {
        if !(self.steps.is_deaf_when_unmounted)() {
            if let Some(conn) = self.conn.take() {
                out.close(conn, 1000, "the page goes away");
            }
            self.phase = Phase::Waiting;
            return;
        }
        if !(self.steps.closes_when_unmounted)() {
            self.conn = None;
        }
        self.retire(out);
        self.says_goodbye(out);
        self.stop_work(out);
        self.mounted = false;
    }

    /// The person wants no connection.
    pub(super) fn disconnect(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        self.retire(out);
        if !(self.steps.stays_away)() {
            self.attempt_failed(now, 1000, out);
        }
    }

    fn retire(&mut self, out: &mut Outbox<DocSync>) {
        self.leave(out, 1000);
        out.cancel(Timer::Retry);
        self.withdraw_notice(out);
        self.drop_request(out);
        self.phase = Phase::Stopped(Connection::Closed);
    }

    /// The person wants a connection.
    pub(super) fn connect(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        let idle = [Phase::Idle, Phase::Waiting, Phase::Failed].contains(&self.phase);
        if !idle && !matches!(self.phase, Phase::Stopped(_)) {
            return;
        }
        self.dial_anew(now, out);
    }

    /// The page draws itself anew: what it draws has changed, and nothing else.
    pub(super) fn rerender(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        if !(self.steps.keeps_when_drawn)() && self.phase == Phase::Live {
            self.dial(now, out);
        }
    }

    /// Something reaches a page that is not there.
    pub(super) fn away(&mut self, now: Now, event: Event<'_, DocSync>, out: &mut Outbox<DocSync>) {
        match event {
            Event::Op(_, Op::Mount) => self.mount(now, out),
            Event::Op(_, Op::Open(number)) => self.open(now, Op::document(*number), out),
            Event::Op(id, op)
                if !op.changes(id).is_empty() || matches!(op, Op::Undo | Op::Redo) =>
            {
                out.show_op(id, OpState::Refused);
            }
            Event::Device(online) => self.online = online,
            _ => {}
        }
    }
}
