//! What the application demands of a sync protocol: the numbers and product choices that
//! invariants judge by. A case carries them, and its nodes are given the same values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::history::Connection;
use crate::id::Field;
use crate::time::Span;

/// What editing is allowed while the connection is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EditPolicy {
    /// Edits are taken and kept until they can be sent, but where nothing will send them before the
    /// person has done something: retried what failed, or signed in.
    Queue,
    /// Edits are refused, visibly.
    Disable,
}

impl EditPolicy {
    /// Whether a page that shows this may take edits.
    pub fn allows(self, shown: Connection) -> bool {
        match self {
            Self::Queue => !matches!(shown, Connection::Failed | Connection::SignIn),
            Self::Disable => shown == Connection::Live,
        }
    }
}

/// What tabs of one device show of one topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TabPolicy {
    /// The same.
    Sync,
    /// What each was told, and that it may not be the same.
    Accept,
}

/// What a client does that cannot have a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fallback {
    /// It asks for its topic over other channels now and then.
    Poll,
    /// It waits until it can have one.
    None,
}

/// Who may have documents open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Everybody.
    Open,
    /// Those who show a credential that is good, and may see the document.
    SignedIn,
}

/// The demands of one case. The defaults are the reference values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Objectives {
    /// A silent peer is noticed within this time after its last sign of life.
    pub detection: Span,
    /// A short outage is over for the person within this time.
    pub recovery: Span,
    /// A dial that nobody answers is given up after this time.
    pub connect_timeout: Span,
    /// The longest nominal delay between two attempts to connect.
    pub retry_cap: Span,
    /// How far an attempt may lie off its nominal delay, in percent of it.
    pub retry_jitter_percent: u32,
    /// The pause between attempts once the person was told that connecting failed.
    pub probe: Span,
    /// No queue of a node grows longer than this many entries.
    pub queue_max: u32,
    /// At most this share of a herd's dials fall into one tenth of a second.
    pub herd_percent: u32,
    /// Everybody who lost a server is served again this soon after it came back.
    pub overload_recovery: Span,
    /// What is missing between two events is asked for within this time.
    pub gap_repair: Span,
    /// An edit of a client that is live is saved, or shown as not taken, within this time.
    pub outbox_drain: Span,
    /// A healthy client shows an event this soon after anybody was told of it.
    pub event_latency: Span,
    /// What editing is allowed while the connection is down.
    pub edit_policy: EditPolicy,
    /// What tabs of one device show of one topic.
    pub tabs: TabPolicy,
    /// What a client does that has given up on sockets.
    pub fallback: Fallback,
    /// The pause between its requests for its topic, where it makes some.
    pub poll: Span,
    /// The longest pause between two frames of a server on one connection.
    pub heartbeat_interval: Span,
    /// How long after that the answer may take before the peer counts as silent.
    pub heartbeat_timeout: Span,
    /// A connection is over this long after one side has closed it.
    pub close_timeout: Span,
    /// An operation that is not answered within this time may be taken for lost.
    pub ack_timeout: Span,
    /// The nominal delay before the first attempt to connect again; it doubles with each.
    pub retry_base: Span,
    /// Whether no delay may exceed the cap, jitter included.
    pub strict_cap: bool,
    /// A connection that was live for this long ends the count of failed attempts.
    pub stable: Span,
    /// Attempts before the person is told that connecting failed.
    pub attempts_max: u32,
    /// Whether a person is told which attempt to connect again is under way or awaited.
    pub attempts_shown: bool,
    /// What is shown in passing is gone this long after it was last told.
    pub ephemeral_expiry: Span,
    /// Whether content that may be old is marked wherever that matters.
    pub stale_marked: bool,
    /// The fields of a pipeline's stages in the order in which they are done, where it matters.
    pub stages: Vec<Field>,
    /// Whether nodes report to monitoring what they are told of failures.
    pub errors_reported: bool,
    /// The most entries of tables that a node says it holds, by their names.
    pub table_max: BTreeMap<String, u32>,
    /// The most instances of one client that are connected at a time; 0 is no limit.
    pub per_client: u32,
    /// The most instances of one person's clients; 0 is no limit.
    pub per_user: u32,
    /// The most instances at one network address; 0 is no limit.
    pub per_address: u32,
    /// The most bytes that one message to a server may have.
    pub message_bytes: u32,
    /// Who may have documents open.
    pub access: Access,
    /// The only site whose pages may connect where people have to sign in; 0 is any.
    pub origin: u64,
    /// The longest time between two looks at whether a credential is still good.
    pub revalidate: Span,
    /// The operations of one client that are taken in a minute; 0 is no limit.
    pub ops_per_minute: u32,
    /// The whole documents that one client is sent in a minute; 0 is no limit.
    pub wholes_per_minute: u32,
    /// The close codes of the application's own that it publishes; none is any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub close_codes: Vec<u16>,
    /// What the operator watches; nothing is no metrics, no alerts and no logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monitoring: Option<Monitoring>,
    /// The level of service that a run must come to; nothing asks for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// What work takes of a server's time; nothing is no time at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
}

impl Default for Objectives {
    fn default() -> Self {
        Self {
            detection: Span::secs(41),
            recovery: Span::secs(5),
            connect_timeout: Span::secs(10),
            retry_cap: Span::secs(30),
            retry_jitter_percent: 20,
            probe: Span::secs(60),
            queue_max: 1000,
            herd_percent: 40,
            overload_recovery: Span::secs(120),
            gap_repair: Span::millis(2500),
            outbox_drain: Span::secs(15),
            event_latency: Span::secs(1),
            edit_policy: EditPolicy::Queue,
            tabs: TabPolicy::Sync,
            fallback: Fallback::None,
            poll: Span::secs(30),
            heartbeat_interval: Span::secs(30),
            heartbeat_timeout: Span::secs(10),
            close_timeout: Span::secs(5),
            ack_timeout: Span::secs(10),
            retry_base: Span::secs(1),
            strict_cap: false,
            stable: Span::secs(10),
            attempts_max: 10,
            attempts_shown: false,
            ephemeral_expiry: Span::secs(10),
            stale_marked: false,
            stages: Vec::new(),
            errors_reported: false,
            table_max: [
                ("attempts", 100),
                ("close-codes", 100),
                ("durations", 50),
                ("seen-ids", 200),
            ]
            .map(|(name, most)| (name.to_owned(), most))
            .into(),
            per_client: 3,
            per_user: 10,
            per_address: 100,
            message_bytes: 1 << 20,
            access: Access::Open,
            origin: 1,
            revalidate: Span::secs(60),
            ops_per_minute: 0,
            wholes_per_minute: 0,
            close_codes: Vec::new(),
            monitoring: None,
            service: None,
            capacity: None,
        }
    }
}

/// What an operator watches, and from where on an alert is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Monitoring {
    /// Nodes give a sample of each metric this often.
    pub scrape: Span,
    /// How much of the past alerts are about.
    pub window: Span,
    /// Attempts of one client to connect, in a minute.
    pub attempts_per_minute: u32,
    /// Pings without an answer in time, in percent.
    pub unanswered_percent: u32,
    /// Messages that wait for one connection.
    pub queue: u32,
    /// The mean time that a message takes.
    pub latency: Span,
    /// Handshakes that came to nothing, in percent.
    pub failed_percent: u32,
    /// Closes with one of the codes that mean trouble, as a multiple of what is usual.
    pub spike_times: u32,
    /// Connections that went away within a minute, in percent.
    pub drop_percent: u32,
}

impl Default for Monitoring {
    fn default() -> Self {
        Self {
            scrape: Span::secs(15),
            window: Span::secs(300),
            attempts_per_minute: 10,
            unanswered_percent: 5,
            queue: 100,
            latency: Span::secs(1),
            failed_percent: 10,
            spike_times: 5,
            drop_percent: 50,
        }
    }
}

/// What work takes of a server's time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Capacity {
    /// To serve a connection for the first time.
    pub handshake: Span,
    /// To look at one connection when something is told.
    pub look: Span,
}

/// What is promised of a service over days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Service {
    /// Half of the connections that the server ends have lasted this long.
    pub uptime_p50: Span,
    /// One in twenty of them has lasted this long.
    pub uptime_p95: Span,
    /// Of a hundred connections that are open for an hour the server ends at most so many.
    pub ended_percent_per_hour: u32,
    /// Of a hundred connections that are open for an hour at most so many are made anew, whoever
    /// or whatever ended the one before.
    pub reconnects_percent_per_hour: u32,
    /// In 95 of a hundred cases somebody who is connected is told of an edit this soon after it has
    /// reached a server.
    pub latency_p95: Span,
    /// Attempts to connect that are refused for want of a good credential.
    pub refusals_per_day: u32,
    /// How often one person has to try again by hand.
    pub retries_per_day: u32,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            uptime_p50: Span::secs(1_800),
            uptime_p95: Span::secs(7_200),
            ended_percent_per_hour: 5,
            reconnects_percent_per_hour: 5,
            latency_p95: Span::millis(200),
            refusals_per_day: 1,
            retries_per_day: 5,
        }
    }
}
