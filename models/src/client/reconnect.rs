//! Dialling, and when to try again.

use wavetank::history::{Connection, Initiator};
use wavetank::id::ConnId;
use wavetank::protocol::{Closing, Outbox};
use wavetank::time::{Now, Span};

use super::{Client, Cue, Phase};
use crate::policy::{Clamp, FailedExit, OnClose, ResetOn, Schedule};
use crate::protocol::{DocSync, Timer};

/// The code that the client ends a connection with on which it heard nothing for too long.
pub(super) const SILENT: u16 = 4408;

/// The code for a message that is too large.
const TOO_BIG: u16 = 1009;

/// The code that the client ends a connection with on which an answer did not come.
const UNANSWERED: u16 = 4409;

const TRANSIENT: [u16; 6] = [1001, 1006, 1011, 1012, 1013, 4408];

impl Client {
    pub(super) fn dial(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        if self.servers.is_empty() {
            return;
        }
        if (self.steps.dials_alone)() {
            self.leave(out, 1000);
        }
        self.disarm(out);
        self.phase = Phase::Dialling;
        if self.fetches(now, out) {
            self.wait_for_dial(now, out);
        } else {
            self.call(now, out);
        }
    }

    /// Dials, with all that it takes at hand.
    pub(super) fn call(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        let Some(turn) = self.dials.checked_rem(self.servers.len()) else { return };
        let server = self.servers[turn];
        self.dials += 1;
        self.conn = Some(out.dial(server, self.hello()));
        self.wait_for_dial(now, out);
    }

    fn wait_for_dial(&self, now: Now, out: &mut Outbox<DocSync>) {
        let timeout = self.config.policy.client.dial.timeout;
        if !timeout.is_zero() {
            out.timer(Timer::DialTimeout, now.mono + timeout);
        }
    }

    /// The attempt that was planned is not made.
    fn disarm(&self, out: &mut Outbox<DocSync>) {
        if (self.steps.dials_alone)() {
            out.cancel(Timer::Retry);
        }
    }

    /// Lets go of the connection, if there is one.
    pub(super) fn leave(&mut self, out: &mut Outbox<DocSync>, code: u16) {
        if let Some(conn) = self.conn.take()
            && (self.steps.closes_when_left)()
        {
            out.close(conn, code, "left by the client");
        }
        self.unwatch(out);
    }

    pub(super) fn unwatch(&mut self, out: &mut Outbox<DocSync>) {
        self.drop_work();
        self.forget_progress(out);
        self.drop_papers(out);
        self.later = None;
        self.was_live = false;
        for timer in [
            Timer::DialTimeout,
            Timer::SyncTimeout,
            Timer::Stable,
            Timer::Silence,
            Timer::ClientPing,
            Timer::Gap,
            Timer::AckTimeout,
            Timer::Later,
        ] {
            out.cancel(timer);
        }
        self.gap_armed = false;
        self.ack_armed = false;
    }

    pub(super) fn opened(&mut self, now: Now, conn: ConnId, out: &mut Outbox<DocSync>) {
        out.cancel(Timer::DialTimeout);
        self.drop_parts();
        if self.reconnect.reset_on == ResetOn::Open {
            self.attempts = 0;
        }
        self.phase = Phase::Syncing;
        self.watch(now, out);
        self.comes_in(now, conn, out);
        self.cued(now, Cue::Opened, conn, out);
        if (self.steps.flushes_on_open)() {
            self.flush(now, out);
        }
    }

    pub(super) fn dial_timed_out(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        if self.phase == Phase::Dialling {
            self.attempt_failed(now, 0, out);
        }
    }

    pub(super) fn stable(&mut self) {
        if self.reconnect.reset_on == ResetOn::Stable {
            self.attempts = 0;
        }
    }

    /// The server, or the network, has ended the connection.
    pub(super) fn closed(&mut self, now: Now, closing: Closing, out: &mut Outbox<DocSync>) {
        self.conn = None;
        self.unwatch(out);
        out.mark("connection-lost");
        // What the page itself closed it has left. This is its codec, which met what breaks the
        // rules; a page is told 1006 of that.
        let code = if closing.by == Initiator::Local { 1006 } else { closing.code };
        self.ended(now, code, out);
    }

    /// A connection has ended with this code: stays away, or tries again.
    pub(super) fn ended(&mut self, now: Now, code: u16, out: &mut Outbox<DocSync>) {
        self.note_close(code, out);
        if code == TOO_BIG {
            self.gives_up_largest(out);
        }
        let policy = &self.config.policy.client.close_policy;
        let stop = match code {
            4401 | 4001 if policy.auth == OnClose::Final => Some(Connection::SignIn),
            4003 if policy.limit == OnClose::Final => Some((self.steps.shown_when_limited)()),
            1003 | 1008 if policy.policy == OnClose::Final => Some(Connection::Failed),
            1000 if policy.normal == OnClose::Final => Some(Connection::Closed),
            code if TRANSIENT.contains(&code) && policy.transient == OnClose::Final => {
                Some(Connection::Failed)
            }
            code if !TRANSIENT.contains(&code) && !(self.steps.retries_unknown)() => {
                Some(Connection::Closed)
            }
            _ => None,
        };
        match stop {
            Some(shown) => {
                self.phase = Phase::Stopped(shown);
                self.turns_to_tabs(now, out);
            }
            None => self.attempt_failed(now, code, out),
        }
    }

    /// The connection, or the attempt at one, is over: plans the next attempt.
    pub(super) fn attempt_failed(&mut self, now: Now, code: u16, out: &mut Outbox<DocSync>) {
        self.leave(out, UNANSWERED);
        self.plan_attempt(now, code, out);
        self.turns_to_tabs(now, out);
        self.falls_back(now, out);
    }

    fn plan_attempt(&mut self, now: Now, code: u16, out: &mut Outbox<DocSync>) {
        let policy = &self.reconnect;
        if !policy.enabled {
            self.phase = Phase::Stopped(Connection::Failed);
            return;
        }
        if !self.online && policy.pause_offline {
            self.phase = Phase::Offline;
            return;
        }
        if self.has_given_up() {
            self.phase = Phase::Failed;
            if policy.failed_exits.contains(&FailedExit::Probe) {
                let delay = self.jittered(self.reconnect.probe);
                out.timer(Timer::Retry, now.mono + delay);
            }
            return;
        }
        let delay = self.next_delay(code);
        self.attempts += 1;
        self.phase = Phase::Waiting;
        out.timer(Timer::Retry, now.mono + delay);
    }

    /// Whether the person was told that connecting failed, and nothing has succeeded since.
    pub(super) fn has_given_up(&self) -> bool {
        self.attempts > 0 && (1..=self.attempts).contains(&self.reconnect.attempts_max)
    }

    /// The delay before the next attempt, given how the last one ended.
    fn next_delay(&mut self, code: u16) -> Span {
        let clamp = self.reconnect.clamp;
        let mut delay = self.nominal_delay();
        if matches!(code, 1011 | 1013) {
            delay =
                delay * u64::from(self.config.policy.client.close_policy.server_error_multiplier);
            if clamp == Clamp::BeforeJitter {
                delay = self.capped(delay);
            }
        }
        let delay = self.jittered(delay);
        if clamp == Clamp::AfterJitter { self.capped(delay) } else { delay }
    }

    fn nominal_delay(&self) -> Span {
        let policy = &self.reconnect;
        match policy.schedule {
            Schedule::Immediate => Span::ZERO,
            Schedule::Constant => policy.base,
            Schedule::Exponential => {
                let grown = policy.base * (1 << (self.steps.doublings)(self.attempts).min(20));
                if policy.clamp == Clamp::BeforeJitter { self.capped(grown) } else { grown }
            }
            Schedule::Table => {
                let last = policy.table.len().saturating_sub(1);
                policy.table.get((self.attempts as usize).min(last)).copied().unwrap_or_default()
            }
        }
    }

    fn capped(&self, delay: Span) -> Span {
        let cap = self.reconnect.cap;
        if cap.is_zero() { delay } else { delay.min(cap) }
    }

    fn jittered(&mut self, delay: Span) -> Span {
        let percent = u64::from(self.reconnect.jitter_percent);
        self.jitter.span(delay.percent(100 - percent), delay.percent(100 + percent))
    }

    pub(super) fn retry_by_hand(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        let policy = &self.reconnect;
        let wanted = match self.phase {
            Phase::Failed => policy.failed_exits.contains(&FailedExit::Manual),
            Phase::Waiting | Phase::Stopped(Connection::Failed | Connection::Limit) => true,
            _ => false,
        };
        if wanted {
            self.dial_anew(now, out);
        }
    }

    /// Forgets what failed before, and dials: at once, or when there is a network again.
    pub(super) fn dial_anew(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        self.attempts = 0;
        if self.online || !self.reconnect.pause_offline {
            self.dial(now, out);
        } else {
            self.phase = Phase::Offline;
        }
    }

    /// The device says something of its network.
    pub(super) fn device(&mut self, now: Now, online: bool, out: &mut Outbox<DocSync>) {
        self.online = online;
        let policy = &self.reconnect;
        if !online {
            if policy.pause_offline && !matches!(self.phase, Phase::Stopped(_)) {
                self.leave(out, 1000);
                self.disarm(out);
                self.phase = Phase::Offline;
                self.drop_request(out);
                self.turns_to_tabs(now, out);
            }
            return;
        }
        let wanted = match self.phase {
            Phase::Offline => true,
            Phase::Waiting => policy.online_hint,
            Phase::Failed => policy.failed_exits.contains(&FailedExit::Online),
            _ => false,
        };
        if wanted && policy.online_hint {
            self.attempts = 0;
            self.dial(now, out);
        } else if wanted {
            self.attempt_failed(now, 0, out);
        }
    }
}
