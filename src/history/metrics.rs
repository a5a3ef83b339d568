//! The published names of metrics and alerts, so that whoever judges them, draws them or is woken
//! by them means the same.

/// The connections that are open now.
pub const CONNECTIONS_ACTIVE: &str = "websocket_connections_active";
/// The connections that were opened.
pub const CONNECTIONS: &str = "websocket_connections_total";
/// The connections of a client that opened after an earlier one of it.
pub const RECONNECTIONS: &str = "websocket_reconnections_total";
/// How often the state of the connection that a page shows became another, by what it became.
pub const STATE_CHANGES: &str = "websocket_connection_state_changes_total";
/// The connections that have ended, by close code.
pub const DISCONNECTS: &str = "websocket_disconnects_total";
/// The connections whose duration was taken.
pub const DURATIONS: &str = "websocket_connection_duration_milliseconds_count";
/// How long these lasted together.
pub const DURATION: &str = "websocket_connection_duration_milliseconds_sum";
/// The messages that came, by kind.
pub const RECEIVED: &str = "websocket_messages_received_total";
/// The messages that were sent, by kind.
pub const SENT: &str = "websocket_messages_sent_total";
/// The operations that came to a server and of which it has told.
pub const BROADCASTS: &str = "websocket_broadcast_duration_milliseconds_count";
/// How long it took from their coming until that, together.
pub const BROADCAST: &str = "websocket_broadcast_duration_milliseconds_sum";
/// The messages that could not be sent.
pub const SEND_ERRORS: &str = "websocket_send_errors_total";
/// The pings that were not answered in time.
pub const HEARTBEAT_FAILURES: &str = "websocket_heartbeat_failures_total";
/// The attempts to connect.
pub const ATTEMPTS: &str = "websocket_connection_attempts_total";
/// How long it took from an operation to its ack, by quantile.
pub const LATENCY: &str = "websocket_message_latency_milliseconds";
/// How long the last connections of a client lasted, by quantile.
pub const UPTIME: &str = "websocket_connection_duration_milliseconds";
/// The questions for what was missing on a connection that was live.
pub const RESYNCS: &str = "websocket_resyncs_total";
/// The operations that were refused as conflicts.
pub const CONFLICTS: &str = "websocket_conflicts_total";
/// The events that came again.
pub const DUPLICATES: &str = "websocket_duplicates_total";
/// The events that came ahead of others.
pub const OUT_OF_ORDER: &str = "websocket_out_of_order_total";

/// All metrics: the name, its label if it has one, and what is counted.
pub const METRICS: [(&str, &str, &str); 20] = [
    (CONNECTIONS_ACTIVE, "", "connections that are open now"),
    (CONNECTIONS, "", "connections that were opened"),
    (RECONNECTIONS, "", "connections of a client that opened after an earlier one of it"),
    (STATE_CHANGES, "state", "times that a page began to show this state of its connection"),
    (DISCONNECTS, "code", "connections that have ended"),
    (DURATIONS, "", "connections whose duration was taken"),
    (DURATION, "", "how long these lasted together"),
    (RECEIVED, "kind", "messages that came"),
    (SENT, "kind", "messages that were sent"),
    (BROADCASTS, "", "operations that came to a server and of which it has told"),
    (BROADCAST, "", "how long it took from their coming until that, together"),
    (SEND_ERRORS, "", "messages that could not be sent"),
    (HEARTBEAT_FAILURES, "", "pings that were not answered in time"),
    (ATTEMPTS, "", "attempts of a client to connect"),
    (LATENCY, "quantile", "time from an operation to its ack at a client"),
    (UPTIME, "quantile", "how long the last connections of a client lasted"),
    (RESYNCS, "", "questions of a client for what was missing on a live connection"),
    (CONFLICTS, "", "operations of a client that were refused as conflicts"),
    (DUPLICATES, "", "events that came to a client again"),
    (OUT_OF_ORDER, "", "events that came to a client ahead of others"),
];

/// Other names that these metrics go by, and the name that each of them has here. Where another
/// name ends in seconds, the metric here is in milliseconds.
pub const ALIASES: [(&str, &str); 10] = [
    ("ws_connections_active", CONNECTIONS_ACTIVE),
    ("ws_closes_total", DISCONNECTS),
    ("ws_connection_duration_seconds", UPTIME),
    ("ws_frames_sent_total", SENT),
    ("ws_message_send_errors_total", SEND_ERRORS),
    ("ws_reconnect_advice_total", RECONNECTIONS),
    ("websocket_message_latency_seconds", LATENCY),
    ("websocket_broadcast_duration_seconds_count", BROADCASTS),
    ("websocket_broadcast_duration_seconds_sum", BROADCAST),
    ("websocket_connection_duration_seconds", UPTIME),
];

/// The quantiles of latency that are given, in percent.
pub const QUANTILES: [u32; 3] = [50, 95, 99];

/// The bounds of the buckets that latencies are counted in, in milliseconds.
pub const BUCKETS: [i64; 15] =
    [5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 60_000, 300_000, 3_600_000];

/// The bucket that a time in milliseconds falls into.
pub fn bucket(millis: i64) -> usize {
    BUCKETS.partition_point(|bound| *bound < millis).min(BUCKETS.len() - 1)
}

/// One client attempts to connect too often.
pub const RECONNECT_RATE: &str = "ReconnectRate";
/// Too many pings go unanswered.
pub const HEARTBEAT_FAILURE_RATE: &str = "HeartbeatFailureRate";
/// Too much waits for one connection.
pub const QUEUE_DEPTH: &str = "QueueDepth";
/// Messages take too long.
pub const MESSAGE_LATENCY: &str = "MessageLatency";
/// Too many handshakes come to nothing.
pub const CONNECTION_ERROR_RATE: &str = "ConnectionErrorRate";
/// Connections end as they do when something is broken.
pub const CLOSE_CODE_SPIKE: &str = "CloseCodeSpike";
/// Many connections have gone away at once.
pub const MASS_DISCONNECT: &str = "MassDisconnect";

/// All alerts, and what each means.
pub const ALERTS: [(&str, &str); 7] = [
    (RECONNECT_RATE, "one client attempts to connect too often"),
    (HEARTBEAT_FAILURE_RATE, "too many pings go unanswered"),
    (QUEUE_DEPTH, "too much waits for one connection"),
    (MESSAGE_LATENCY, "messages take too long"),
    (CONNECTION_ERROR_RATE, "too many handshakes come to nothing"),
    (CLOSE_CODE_SPIKE, "connections end as they do when something is broken"),
    (MASS_DISCONNECT, "many connections have gone away at once"),
];

/// The close codes that mean that something is broken: sign-in, or the server.
pub const TROUBLE: [u16; 2] = [4401, 1011];

/// The log records of the beginning and the end of a connection.
pub const LOG_OPENED: &str = "connection-opened";
/// See [`LOG_OPENED`].
pub const LOG_CLOSED: &str = "connection-closed";
/// The log records of a question for what is missing, and of its answer.
pub const LOG_SYNC_ASKED: &str = "sync-asked";
/// See [`LOG_SYNC_ASKED`].
pub const LOG_SYNC_ANSWERED: &str = "sync-answered";
/// The log record of an operation that is not done.
pub const LOG_REFUSED: &str = "operation-refused";
