//! Noticing a dead connection.

use wavetank::protocol::Outbox;
use wavetank::time::{Now, Span};

use super::reconnect::SILENT;
use super::{Client, Expiry, Phase};
use crate::message::Message;
use crate::policy::SignOfLife;
use crate::protocol::{DocSync, Timer};

impl Client {
    /// How long nothing may be heard: as the operator's heartbeat asks for, or the policy.
    fn patience(&self) -> Span {
        let set = self.config.beat.map(|beat| beat.interval + beat.timeout);
        set.unwrap_or(self.config.policy.client.heartbeat.timeout)
    }

    /// Starts to listen for signs of life on a new connection.
    pub(super) fn watch(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        self.heard = now.mono;
        self.pinged = None;
        let policy = &self.config.policy.client.heartbeat;
        if policy.watch {
            out.timer(Timer::Silence, now.mono + self.patience());
        }
        if !policy.interval.is_zero() {
            out.timer(Timer::ClientPing, now.mono + policy.interval);
        }
    }

    /// Any frame of the current connection is a sign of life, but a pong that answers an older
    /// ping: it may have lain anywhere. The timer is left as it is, and looks at the time again
    /// when it goes off: one timer a silence, not one a frame.
    pub(super) fn heard(&mut self, now: Now, message: &Message) {
        if matches!(message, Message::Pong { stamp, .. } if self.pinged != Some(*stamp)) {
            return;
        }
        self.heard = now.mono;
        self.heard_wall = now.wall;
    }

    pub(super) fn silence(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        let Some(conn) = self.conn else { return };
        let sign = self.config.policy.client.heartbeat.sign_of_life;
        if out.queued(conn) == 0 && sign == SignOfLife::TransportAck {
            self.heard = now.mono;
        }
        let limit = self.heard + self.patience();
        if now.mono < limit {
            out.timer(Timer::Silence, limit);
            return;
        }
        match (self.steps.on_silence)() {
            Expiry::Leave => {
                self.leave(out, SILENT);
                self.attempt_failed(now, 1006, out);
            }
            Expiry::OnlyShow => self.phase = Phase::Waiting,
            Expiry::AwaitEcho => {
                out.close(conn, SILENT, "heartbeat timeout");
                self.phase = Phase::Waiting;
            }
        }
    }

    pub(super) fn client_ping(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        let Some(conn) = self.conn else { return };
        let stamp = now.mono.as_micros();
        self.pinged = Some(stamp);
        out.send(conn, Message::Ping { stamp, doc: None, head: None }).whatever();
        let interval = self.config.policy.client.heartbeat.interval;
        out.timer(Timer::ClientPing, now.mono + interval);
    }
}
