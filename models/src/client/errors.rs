//! What goes wrong: reported to monitoring, and shown to the person where it is about her work.

use wavetank::history::{Initiator, Refusal};
use wavetank::id::OpId;
use wavetank::protocol::{Closing, Outbox};
use wavetank::time::Now;

use super::Client;
use crate::protocol::DocSync;

/// The class of the notice that something failed.
const ERROR: &str = "error";

impl Client {
    /// The server says that something failed: an operation, or it does not say what.
    pub(super) fn failed(&mut self, op: Option<OpId>, code: u16, out: &mut Outbox<DocSync>) {
        if !(self.steps.shows_errors)() {
            return;
        }
        match op {
            Some(op) => self.rejected(op, code, out),
            None => {
                self.withdraw_error(out);
                self.closes.error = Some(code);
                out.show_notice(ERROR, code, None, true);
            }
        }
    }

    /// What the server said last that failed, without saying what, is over.
    pub(super) fn withdraw_error(&mut self, out: &mut Outbox<DocSync>) {
        if let Some(code) = self.closes.error.take() {
            out.show_notice(ERROR, code, None, false);
        }
    }

    /// A dial failed.
    pub(super) fn refused(&mut self, now: Now, refusal: Refusal, out: &mut Outbox<DocSync>) {
        self.report_refusal(refusal, out);
        self.attempt_failed(now, 0, out);
    }

    pub(super) fn report_refusal(&self, refusal: Refusal, out: &mut Outbox<DocSync>) {
        let status = if let Refusal::Status(status) = refusal { status } else { 0 };
        self.record("dial-refused", status, out);
    }

    /// A connection has ended.
    pub(super) fn report_end(&self, closing: Closing, out: &mut Outbox<DocSync>) {
        if closing.code == 1006 && closing.by != Initiator::Local {
            self.record("connection-lost", closing.code, out);
        }
    }

    pub(super) fn record(&self, what: &'static str, code: u16, out: &mut Outbox<DocSync>) {
        if (self.steps.reports_errors)() {
            let shown = self.shown.map_or("nothing", |shown| shown.connection.word());
            let conn = self.conn.map_or("no connection".to_owned(), |conn| conn.to_string());
            let (phase, doc) = (self.phase, self.doc);
            let context = format!("client, {phase:?}, shown as {shown}, {conn}, {doc}");
            out.report(what, code, context);
        }
    }
}
