//! Mistakes in what nodes count, log and sound the alarm for.

use super::{Flaw, Step};
use crate::meter::Steps;

/// Chosen for a server.
const fn server(
    path: &'static str,
    right: &'static str,
    wrong: &'static str,
    change: fn(&mut Steps),
) -> Flaw {
    Flaw { path, right, wrong, change: Step::ServerMeter(change) }
}

/// Chosen for a client.
const fn client(
    path: &'static str,
    right: &'static str,
    wrong: &'static str,
    change: fn(&mut Steps),
) -> Flaw {
    Flaw { path, right, wrong, change: Step::ClientMeter(change) }
}

/// The codes of ends that both sides wanted.
const fn is_clean(code: u16) -> bool {
    matches!(code, 1000 | 1001)
}

pub(super) const FLAWS: &[Flaw] = &[
    server("server.metrics.enabled", "yes", "no", |steps| steps.counts.set(|| false)),
    server("server.metrics.gauge_down", "any_end", "clean_close", |steps| {
        steps.gauge_falls.set(is_clean);
    }),
    server("server.metrics.close_label", "code", "none", |steps| steps.close_label.set(|_| None)),
    server("server.metrics.duration_clock", "monotonic", "wall", |steps| {
        steps.duration.set(|opened, ended| ended.wall.since(opened.wall));
    }),
    server("server.metrics.send_errors", "counted", "as_sent", |steps| steps.is_sent.set(|_| true)),
    server("server.logs.close_fields", "all", "reason_only", |steps| {
        steps.close_fields.set(|_, _| (0, "reason=closed".to_owned()));
    }),
    server("server.alerts.reconnect_rate", "attempts", "successes", |steps| {
        steps.attempt_counts.set(|welcomed| welcomed);
    }),
    server("server.alerts.heartbeat_base", "expected_in_window", "lifetime_connections", |steps| {
        steps.heartbeat_base.set(|_, connections| connections);
    }),
    server("server.alerts.queue_sample", "window_max", "after_drain", |steps| {
        steps.depth.set(|_, now| now);
    }),
    server("server.alerts.latency_includes", "pending", "delivered_only", |steps| {
        steps.waiting_counts.set(|| false);
    }),
    server("server.alerts.error_base", "dials", "established", |steps| {
        steps.handshake_counts.set(|welcomed| welcomed);
    }),
    server("server.alerts.close_spike", "per_code", "total", |steps| {
        steps.counted_as.set(|_| Some(0));
    }),
    server("server.alerts.mass_disconnect", "active_gauge", "connections_total", |steps| {
        steps.watched.set(|_, connections| connections);
    }),
    client("client.metrics.latency", "one_clock", "wall_clock", |steps| {
        steps.latency.set(|given, acked| acked.wall.since(given.wall));
    }),
    client("client.metrics.anomalies", "counted", "silent", |steps| {
        steps.counts_anomalies.set(|| false);
    }),
    client("client.metrics.buffers", "ring", "unbounded", |steps| {
        steps.kept.set(|_| usize::MAX);
    }),
];
