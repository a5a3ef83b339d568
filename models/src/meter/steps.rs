//! Steps of the meter that can be done wrong. The defaults are the reference.

use wavetank::history::metrics;
use wavetank::time::{Now, Span};

use crate::probed::Probed;

/// The steps, each named after the path that chooses it, on either side.
#[derive(Clone, Copy)]
#[allow(clippy::type_complexity, reason = "the names say what a step is given")]
pub struct Steps {
    /// `metrics.enabled`: whether anything is counted.
    pub counts: Probed<fn() -> bool>,
    /// `metrics.gauge_down`: whether the gauge of open connections falls after this code.
    pub gauge_falls: Probed<fn(code: u16) -> bool>,
    /// `metrics.close_label`: the code under which an end is counted.
    pub close_label: Probed<fn(code: u16) -> Option<u16>>,
    /// `metrics.duration_clock`: how long a connection lasted.
    pub duration: Probed<fn(opened: Now, ended: Now) -> Span>,
    /// `metrics.send_errors`: whether a message is counted as sent, given whether the connection
    /// took it.
    pub is_sent: Probed<fn(taken: bool) -> bool>,
    /// `metrics.latency`: how long an ack took.
    pub latency: Probed<fn(given: Now, acked: Now) -> Span>,
    /// `metrics.anomalies`: whether repairs, conflicts and disorder are counted.
    pub counts_anomalies: Probed<fn() -> bool>,
    /// `metrics.buffers`: how many durations are kept, given the limit.
    pub kept: Probed<fn(limit: usize) -> usize>,
    /// `logs.close_fields`: the code and the fields of the record of an end.
    pub close_fields: Probed<fn(code: u16, fields: String) -> (u16, String)>,
    /// `alerts.reconnect_rate`: whether an attempt counts, given whether it was welcomed.
    pub attempt_counts: Probed<fn(welcomed: bool) -> bool>,
    /// `alerts.heartbeat_base`: what missed pings are a share of, given those that were due in
    /// the window, and all connections that ever were.
    pub heartbeat_base: Probed<fn(due: i64, connections: i64) -> i64>,
    /// `alerts.queue_sample`: the depth that counts, given the greatest of the window and that
    /// of now.
    pub depth: Probed<fn(greatest: i64, now: i64) -> i64>,
    /// `alerts.latency_includes`: whether what still waits counts.
    pub waiting_counts: Probed<fn() -> bool>,
    /// `alerts.error_base`: whether a handshake counts, given whether it was welcomed.
    pub handshake_counts: Probed<fn(welcomed: bool) -> bool>,
    /// `alerts.close_spike`: what ends with this code are counted as, if they are.
    pub counted_as: Probed<fn(code: u16) -> Option<u16>>,
    /// `alerts.mass_disconnect`: what must not fall, given the open connections and all that ever
    /// were.
    pub watched: Probed<fn(active: i64, connections: i64) -> i64>,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            counts: Probed::right(|| true),
            gauge_falls: Probed::right(|_| true),
            close_label: Probed::right(Some),
            duration: Probed::right(|opened, ended| ended.mono.since(opened.mono)),
            is_sent: Probed::right(|taken| taken),
            latency: Probed::right(|given, acked| acked.mono.since(given.mono)),
            counts_anomalies: Probed::right(|| true),
            kept: Probed::right(|limit| limit),
            close_fields: Probed::right(|code, fields| (code, fields)),
            attempt_counts: Probed::right(|_| true),
            heartbeat_base: Probed::right(|due, _| due),
            depth: Probed::right(|greatest, _| greatest),
            waiting_counts: Probed::right(|| true),
            handshake_counts: Probed::right(|_| true),
            counted_as: Probed::right(|code| metrics::TROUBLE.contains(&code).then_some(code)),
            watched: Probed::right(|active, _| active),
        }
    }
}
