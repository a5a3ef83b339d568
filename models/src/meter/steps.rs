//! Steps of the meter that can be done wrong. The defaults are the reference.

use wavetank::history::metrics;
use wavetank::time::{Now, Span};

/// The steps, each named after the path that chooses it, on either side.
#[derive(Clone, Copy)]
pub struct Steps {
    /// `metrics.enabled`: whether anything is counted.
    pub counts: fn() -> bool,
    /// `metrics.gauge_down`: whether the gauge of open connections falls after this code.
    pub gauge_falls: fn(code: u16) -> bool,
    /// `metrics.close_label`: the code under which an end is counted.
    pub close_label: fn(code: u16) -> Option<u16>,
    /// `metrics.duration_clock`: how long a connection lasted.
    pub duration: fn(opened: Now, ended: Now) -> Span,
    /// `metrics.send_errors`: whether a message is counted as sent, given whether the connection
    /// took it.
    pub is_sent: fn(taken: bool) -> bool,
    /// `metrics.latency`: how long an ack took.
    pub latency: fn(given: Now, acked: Now) -> Span,
    /// `metrics.anomalies`: whether repairs, conflicts and disorder are counted.
    pub counts_anomalies: fn() -> bool,
    /// `metrics.buffers`: how many durations are kept, given the limit.
    pub kept: fn(limit: usize) -> usize,
    /// `logs.close_fields`: the code and the fields of the record of an end.
    pub close_fields: fn(code: u16, lasted: Span) -> (u16, String),
    /// `alerts.reconnect_rate`: whether an attempt counts, given whether it was welcomed.
    pub attempt_counts: fn(welcomed: bool) -> bool,
    /// `alerts.heartbeat_base`: what missed pings are a share of, given those that were due in
    /// the window, and all connections that ever were.
    pub heartbeat_base: fn(due: i64, connections: i64) -> i64,
    /// `alerts.queue_sample`: the depth that counts, given the greatest of the window and that
    /// of now.
    pub depth: fn(greatest: i64, now: i64) -> i64,
    /// `alerts.latency_includes`: whether what still waits counts.
    pub waiting_counts: fn() -> bool,
    /// `alerts.error_base`: whether a handshake counts, given whether it was welcomed.
    pub handshake_counts: fn(welcomed: bool) -> bool,
    /// `alerts.close_spike`: what ends with this code are counted as, if they are.
    pub counted_as: fn(code: u16) -> Option<u16>,
    /// `alerts.mass_disconnect`: what must not fall, given the open connections and all that ever
    /// were.
    pub watched: fn(active: i64, connections: i64) -> i64,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            counts: || true,
            gauge_falls: |_| true,
            close_label: Some,
            duration: |opened, ended| ended.mono.since(opened.mono),
            is_sent: |taken| taken,
            latency: |given, acked| acked.mono.since(given.mono),
            counts_anomalies: || true,
            kept: |limit| limit,
            close_fields: |code, lasted| (code, format!("lasted={lasted}")),
            attempt_counts: |_| true,
            heartbeat_base: |due, _| due,
            depth: |greatest, _| greatest,
            waiting_counts: || true,
            handshake_counts: |_| true,
            counted_as: |code| metrics::TROUBLE.contains(&code).then_some(code),
            watched: |active, _| active,
        }
    }
}
