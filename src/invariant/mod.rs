//! Invariants: checkers that find the contradiction between facts and claims.
//!
//! An [`Invariant`] reads the history alone, so it works on every engine and on a recorded log;
//! a [`StateInvariant`] reads the nodes' own state. Both judge by the
//! [objectives](crate::objectives) and never change anything. One file holds one property,
//! named after the sentence that it keeps.

mod admitted;
mod alarm;
mod alert_correct;
mod apply_to_right_document;
mod at_most_once_effect;
mod at_most_one_live_socket;
mod atomic_apply;
mod attempt_limit;
mod auth_before_state;
mod auth_freshness;
mod authors;
mod backoff_envelope;
mod bench;
mod bounded_queue;
mod bounded_state;
mod causal_lww;
mod close_code_correct;
mod conflict_surfaced;
mod conn_limit;
mod contiguous_apply;
mod convergence;
mod covered;
mod current_generation_only;
mod degraded_usable;
mod delay_spread;
mod delivery_to_all_subscribers;
mod derived_consistent;
mod edit_gate;
mod ephemeral_truthful;
mod error_accounted;
mod error_context;
mod error_surfaced;
mod eventual_reconnect;
mod fairness;
mod fallback_freshness;
mod fifo_per_client;
mod fragment_reassembly;
mod fresh_token_dial;
mod gap_repaired;
mod hb_detection_bound;
mod hb_no_false_positive;
mod hb_pong_latency;
mod herd_spread;
mod idle_gap_bound;
mod judge;
mod last_synced_truthful;
mod latency_bound;
mod ledger;
mod legal_stage_transition;
mod lifecycle_legal;
mod limit_refusal_justified;
mod log_complete;
mod loop_responsive;
mod manual_retry_works;
mod metered;
mod metric_exact;
mod no_activity_after_dispose;
mod no_cross_room_leak;
mod no_dial_after_intent_close;
mod no_dial_offline;
mod no_false_ack;
mod no_lost_edit;
mod no_lost_event;
mod no_needless_reconnect;
mod no_retry_on_permanent;
mod no_send_after_close;
mod no_state_regression;
mod no_zombie_transport;
mod online_triggers_dial;
mod op_terminates;
mod open_topics;
mod optimistic_preserved;
mod outbox_drains;
mod overload_recovers;
mod paces;
mod page;
mod passes;
mod phase_timeout;
mod poison_tolerant;
mod presence;
mod priority_eviction;
mod protected_fields;
mod rate_limit;
mod rate_limit_isolation;
mod recovery_bound;
mod registry_exact;
mod request_answered;
mod resync_justified;
mod retries;
mod rooms;
mod schema_conformant;
mod schema_total;
mod secret_taint;
mod seq_well_formed;
mod single_source;
mod size_limit;
mod slo_report;
mod sockets;
mod stale_truthful;
mod state_matches_cursor;
mod status_truthful;
mod subscription_exact;
mod sync_before_replay;
mod tab_convergence;
mod table;
mod tabs;
mod ui_responsive;
mod undo_validity;
mod view_follows_store;
mod words;
mod writes_follow_reads;

pub use alert_correct::AlertCorrect;
pub use apply_to_right_document::ApplyToRightDocument;
pub use at_most_once_effect::AtMostOnceEffect;
pub use at_most_one_live_socket::AtMostOneLiveSocket;
pub use atomic_apply::AtomicApply;
pub use attempt_limit::AttemptLimit;
pub use auth_before_state::AuthBeforeState;
pub use auth_freshness::AuthFreshness;
pub use backoff_envelope::BackoffEnvelope;
pub(crate) use bench::Bench;
pub use bounded_queue::BoundedQueue;
pub use bounded_state::BoundedState;
pub use causal_lww::CausalLww;
pub use close_code_correct::CloseCodeCorrect;
pub use conflict_surfaced::ConflictSurfaced;
pub use conn_limit::ConnLimit;
pub use contiguous_apply::ContiguousApply;
pub use convergence::Convergence;
pub use current_generation_only::CurrentGenerationOnly;
pub use degraded_usable::DegradedUsable;
pub use delay_spread::DelaySpread;
pub use delivery_to_all_subscribers::DeliveryToAllSubscribers;
pub use derived_consistent::DerivedConsistent;
pub use edit_gate::EditGate;
pub use ephemeral_truthful::EphemeralTruthful;
pub use error_accounted::ErrorAccounted;
pub use error_context::ErrorContext;
pub use error_surfaced::ErrorSurfaced;
pub use eventual_reconnect::EventualReconnect;
pub use fallback_freshness::FallbackFreshness;
pub use fifo_per_client::FifoPerClient;
pub use fragment_reassembly::FragmentReassembly;
pub use fresh_token_dial::FreshTokenDial;
pub use gap_repaired::GapRepaired;
pub use hb_detection_bound::HbDetectionBound;
pub use hb_no_false_positive::HbNoFalsePositive;
pub use hb_pong_latency::HbPongLatency;
pub use herd_spread::HerdSpread;
pub use idle_gap_bound::IdleGapBound;
pub use judge::{Judge, TraceLine};
pub use last_synced_truthful::LastSyncedTruthful;
pub use latency_bound::LatencyBound;
pub use legal_stage_transition::LegalStageTransition;
pub use lifecycle_legal::LifecycleLegal;
pub use limit_refusal_justified::LimitRefusalJustified;
pub use log_complete::LogComplete;
pub use loop_responsive::LoopResponsive;
pub use manual_retry_works::ManualRetryWorks;
pub use metric_exact::MetricExact;
pub use no_activity_after_dispose::NoActivityAfterDispose;
pub use no_cross_room_leak::NoCrossRoomLeak;
pub use no_dial_after_intent_close::NoDialAfterIntentClose;
pub use no_dial_offline::NoDialOffline;
pub use no_false_ack::NoFalseAck;
pub use no_lost_edit::NoLostEdit;
pub use no_lost_event::NoLostEvent;
pub use no_needless_reconnect::NoNeedlessReconnect;
pub use no_retry_on_permanent::NoRetryOnPermanent;
pub use no_send_after_close::NoSendAfterClose;
pub use no_state_regression::NoStateRegression;
pub use no_zombie_transport::NoZombieTransport;
pub use online_triggers_dial::OnlineTriggersDial;
pub use op_terminates::OpTerminates;
pub use optimistic_preserved::OptimisticPreserved;
pub use outbox_drains::OutboxDrains;
pub use overload_recovers::OverloadRecovers;
pub use phase_timeout::PhaseTimeout;
pub use poison_tolerant::PoisonTolerant;
pub use priority_eviction::PriorityEviction;
pub use protected_fields::ProtectedFields;
pub use rate_limit::RateLimit;
pub use rate_limit_isolation::RateLimitIsolation;
pub use recovery_bound::RecoveryBound;
pub use registry_exact::RegistryExact;
pub use request_answered::RequestAnswered;
pub use resync_justified::ResyncJustified;
pub use schema_conformant::SchemaConformant;
pub use schema_total::SchemaTotal;
pub use secret_taint::SecretTaint;
pub use seq_well_formed::SeqWellFormed;
pub use single_source::SingleSource;
pub use size_limit::SizeLimit;
pub use slo_report::SloReport;
pub use stale_truthful::StaleTruthful;
pub use state_matches_cursor::StateMatchesCursor;
pub use status_truthful::StatusTruthful;
pub use subscription_exact::SubscriptionExact;
pub use sync_before_replay::SyncBeforeReplay;
pub use tab_convergence::TabConvergence;
pub use ui_responsive::UiResponsive;
pub use undo_validity::UndoValidity;
pub use view_follows_store::ViewFollowsStore;
pub use writes_follow_reads::WritesFollowReads;

use serde::{Deserialize, Serialize};

use crate::engine::{Seen, View};
use crate::history::Interest;
use crate::id::{ConnId, Field, NodeId, OpId, Ticket};
use crate::objectives::Objectives;
use crate::protocol::{Gate, Protocol};
use crate::time::Time;

/// A broken invariant: a finding, in data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Which one.
    pub invariant: String,
    /// When it was seen to be broken, in true time.
    pub at: Time,
    /// Where.
    pub node: Option<NodeId>,
    /// What was seen.
    pub message: String,
}

/// What an invariant says after looking at something.
#[derive(Debug, Default)]
pub struct Ruling {
    pub(crate) violation: Option<(Option<NodeId>, String)>,
    pub(crate) wake: Option<Time>,
}

impl Ruling {
    /// The invariant is broken. The first word counts.
    pub fn violated(&mut self, node: NodeId, message: impl Into<String>) {
        if self.violation.is_none() {
            self.violation = Some((Some(node), message.into()));
        }
    }
    /// Asks to be woken at a time, to look again; an earlier wish stands.
    pub fn wake_at(&mut self, at: Time) {
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
    }
}

/// How far back a recording that has no end is remembered. What lies beyond is the start of it:
/// operations, requests and connections that are numbered below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Horizon {
    /// The first operation that is remembered.
    pub op: OpId,
    /// The first store request that is remembered.
    pub ticket: Ticket,
    /// The first connection that is remembered.
    pub conn: ConnId,
}

/// A property of histories. It is told only of the kinds of observation that it takes, and is
/// built fresh for every run.
///
/// `AnswersFollowQuestions` of the example is one:
///
/// ```
#[doc = include_str!("../../tests/examples/counter.rs")]
/// ```
pub trait Invariant: Send {
    /// What reports call it.
    fn name(&self) -> &'static str;
    /// What it holds, in a sentence.
    fn statement(&self) -> &'static str;
    /// The kinds of observation that it takes.
    fn interest(&self) -> Interest;
    /// Looks at an observation.
    fn observe(&mut self, seen: &Seen<'_>, ruling: &mut Ruling);
    /// The time that it asked for has come.
    fn wake(&mut self, _at: Time, _ruling: &mut Ruling) {}
    /// The run is over, after chaos, healing and settling.
    fn finish(&mut self, _at: Time, _ruling: &mut Ruling) {}
    /// Forgets what lies beyond the horizon, and from then on judges nothing by it. Asked only of
    /// recordings, which may be endless; a run is remembered whole.
    fn forget(&mut self, _horizon: &Horizon) {}
}

/// A property of the nodes' own state, looked at after every event.
///
/// `NobodyWaitsForMany` of the example is one:
///
/// ```
#[doc = include_str!("../../tests/examples/counter.rs")]
/// ```
pub trait StateInvariant<P: Protocol>: Send {
    /// What reports call it.
    fn name(&self) -> &'static str;
    /// What it holds, in a sentence.
    fn statement(&self) -> &'static str;
    /// Looks at the running nodes.
    fn look(&mut self, view: &View<'_, P>, ruling: &mut Ruling);
}

/// The invariants of one run.
pub struct Suite<P: Protocol> {
    /// Those over histories.
    pub history: Vec<Box<dyn Invariant>>,
    /// Those over typed state.
    pub state: Vec<Box<dyn StateInvariant<P>>>,
}

impl<P: Protocol> Suite<P> {
    /// All that the framework ships, judging by these objectives.
    pub fn shipped(objectives: &Objectives) -> Self {
        Self { history: shipped(objectives, P::field, P::GATE), state: Vec::new() }
    }

    /// One more, over histories.
    pub fn and(mut self, invariant: impl Invariant + 'static) -> Self {
        self.history.push(Box::new(invariant));
        self
    }

    /// One more, over typed state.
    pub fn and_state(mut self, invariant: impl StateInvariant<P> + 'static) -> Self {
        self.state.push(Box::new(invariant));
        self
    }
}

/// A protocol that says which invariants hold for it.
///
/// `Counter` of the example says which:
///
/// ```
#[doc = include_str!("../../tests/examples/counter.rs")]
/// ```
pub trait Judged: Protocol {
    /// The invariants, built fresh for one run.
    fn invariants(objectives: &Objectives) -> Suite<Self> {
        Suite::shipped(objectives)
    }
}

/// The shipped invariants over histories. `field` gives fields names for people.
pub fn shipped(
    objectives: &Objectives,
    field: fn(Field) -> String,
    gate: Option<Gate>,
) -> Vec<Box<dyn Invariant>> {
    let mut all = of_sync(objectives, field, gate);
    all.extend(of_service(objectives));
    all
}

/// Those of content, edits, connections and pages.
fn of_sync(
    objectives: &Objectives,
    field: fn(Field) -> String,
    gate: Option<Gate>,
) -> Vec<Box<dyn Invariant>> {
    vec![
        Box::new(NoStateRegression::default()),
        Box::new(NoLostEdit::default()),
        Box::new(BoundedQueue::new(objectives)),
        Box::new(Convergence::new(field)),
        Box::new(AtMostOnceEffect::default()),
        Box::new(HerdSpread::new(objectives)),
        Box::new(HbDetectionBound::new(objectives)),
        Box::new(EventualReconnect::new(objectives)),
        Box::new(NoSendAfterClose::default()),
        Box::new(AtMostOneLiveSocket::default()),
        Box::new(NoDialOffline::default()),
        Box::new(PhaseTimeout::new(objectives)),
        Box::new(StatusTruthful::new(objectives)),
        Box::new(StaleTruthful::new(objectives)),
        Box::new(LastSyncedTruthful::default()),
        Box::new(HbNoFalsePositive::new(objectives)),
        Box::new(IdleGapBound::new(objectives)),
        Box::new(NoRetryOnPermanent::default()),
        Box::new(BackoffEnvelope::new(objectives)),
        Box::new(DelaySpread::new(objectives)),
        Box::new(AttemptLimit::new(objectives)),
        Box::new(OnlineTriggersDial::new(objectives)),
        Box::new(RecoveryBound::new(objectives)),
        Box::new(BoundedState::new(objectives)),
        Box::new(NoNeedlessReconnect::new(objectives)),
        Box::new(NoZombieTransport::new(objectives)),
        Box::new(NoFalseAck::default()),
        Box::new(ApplyToRightDocument::default()),
        Box::new(ContiguousApply::default()),
        Box::new(GapRepaired::new(objectives)),
        Box::new(WritesFollowReads::default()),
        Box::new(SeqWellFormed::default()),
        Box::new(AtomicApply::new(field)),
        Box::new(StateMatchesCursor::new(field)),
        Box::new(OptimisticPreserved::new(field)),
        Box::new(FifoPerClient::default()),
        Box::new(NoCrossRoomLeak::default()),
        Box::new(OutboxDrains::new(objectives)),
        Box::new(LatencyBound::new(objectives)),
        Box::new(ManualRetryWorks::new(objectives)),
        Box::new(LifecycleLegal::new(objectives)),
        Box::new(NoDialAfterIntentClose::default()),
        Box::new(NoActivityAfterDispose::default()),
        Box::new(CurrentGenerationOnly::default()),
        Box::new(SubscriptionExact::default()),
        Box::new(EditGate::new(objectives, gate)),
        Box::new(DerivedConsistent::new(objectives)),
        Box::new(ViewFollowsStore::default()),
        Box::new(ErrorSurfaced::default()),
        Box::new(SyncBeforeReplay::default()),
        Box::new(NoLostEvent::default()),
        Box::new(SchemaConformant::default()),
        Box::new(EphemeralTruthful::new(objectives)),
        Box::new(UndoValidity::default()),
        Box::new(ConflictSurfaced::default()),
        Box::new(CausalLww::default()),
        Box::new(ResyncJustified::new(objectives)),
        Box::new(DeliveryToAllSubscribers::default()),
    ]
}

/// Those of errors, limits, access and what operators watch.
fn of_service(objectives: &Objectives) -> Vec<Box<dyn Invariant>> {
    vec![
        Box::new(PoisonTolerant::default()),
        Box::new(UiResponsive::default()),
        Box::new(LegalStageTransition::new(objectives)),
        Box::new(FragmentReassembly::default()),
        Box::new(PriorityEviction::default()),
        Box::new(SingleSource::default()),
        Box::new(HbPongLatency::default()),
        Box::new(ErrorContext::default()),
        Box::new(ErrorAccounted::new(objectives)),
        Box::new(DegradedUsable::default()),
        Box::new(CloseCodeCorrect::new(objectives)),
        Box::new(ConnLimit::new(objectives)),
        Box::new(LimitRefusalJustified::new(objectives)),
        Box::new(SizeLimit::new(objectives)),
        Box::new(AuthBeforeState::new(objectives)),
        Box::new(AuthFreshness::new(objectives)),
        Box::new(FreshTokenDial::new(objectives)),
        Box::new(RateLimit::new(objectives)),
        Box::new(RateLimitIsolation::new(objectives)),
        Box::new(MetricExact::new(objectives)),
        Box::new(LogComplete::new(objectives)),
        Box::new(AlertCorrect::new(objectives)),
        Box::new(SloReport::new(objectives)),
        Box::new(LoopResponsive::default()),
        Box::new(RegistryExact::default()),
        Box::new(RequestAnswered::new(objectives)),
        Box::new(OverloadRecovers::default()),
        Box::new(SecretTaint::default()),
        Box::new(SchemaTotal::default()),
        Box::new(TabConvergence::new(objectives)),
        Box::new(OpTerminates::default()),
        Box::new(FallbackFreshness::new(objectives)),
    ]
}
