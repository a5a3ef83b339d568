//! Scenarios, one file each: situations from practice, as strategies for cases.
//!
//! A scenario knows topology, work and what may go wrong, and nothing of policies: the same
//! cases are run on every one of them.

mod blocked_sockets;
mod busy_page;
mod chaotic_links;
mod coming_and_going;
mod crowded_device;
mod crowded_outbox;
mod disconnect_during_edit;
mod drifting_tabs;
mod edit_while_updates;
mod editing_disabled;
mod failures_told;
mod flooded;
mod hostile_page;
mod idle_pages;
mod long_session;
mod lossy_links;
mod many_rooms;
mod mixed;
mod monitored;
mod newer_server;
mod offline_editing;
mod old_document;
mod one_element;
mod open_panel;
mod other_demands;
mod outage;
mod rapid_stages;
mod replay_above_limit;
mod replay_cut_short;
mod restored_store;
mod retry_by_hand;
mod return_after_30s;
mod return_after_5min;
mod rush_hour;
mod server_restart_herd;
mod several_documents;
mod several_tabs;
mod signed_in;
mod signing_in;
mod slow_consumer;
mod slow_network;
mod small_pages;
mod store_trouble;
mod thin_links;
mod turned_away;
mod two_servers;
mod watched_trouble;
mod whole_day;
mod workers_race;
mod working_day;

use std::collections::BTreeSet;

pub use mixed::Mixed;
use proptest::prelude::*;
use wavetank::engine::{NodeSpec, Topology};
use wavetank::explore::{Case, Scenario, Work, Workload, operations, work};
use wavetank::fault::generate::Menu;
use wavetank::fault::{ConnectionFault, Fault, FaultKind};
use wavetank::id::{NodeId, StoreId};
use wavetank::time::{Span, Time};
use wavetank_models::document::{self, Attribute, STAGES};
use wavetank_models::{Config, DocSync, Op, Role};

/// The server of every scenario.
pub const SERVER: NodeId = NodeId(0);
/// Its store.
pub const STORE: StoreId = StoreId(1);

/// All scenarios, cheap ones first.
pub fn all() -> Vec<&'static dyn Scenario<DocSync>> {
    vec![
        &edit_while_updates::EditWhileUpdates,
        &rapid_stages::RapidStages,
        &disconnect_during_edit::DisconnectDuringEdit,
        &offline_editing::OfflineEditing,
        &return_after_30s::ReturnAfter30s,
        &return_after_5min::ReturnAfter5Min,
        &several_tabs::SeveralTabs,
        &several_documents::SeveralDocuments,
        &slow_network::SlowNetwork,
        &one_element::OneElement,
        &lossy_links::LossyLinks,
        &newer_server::NewerServer,
        &slow_consumer::SlowConsumer,
        &replay_cut_short::ReplayCutShort,
        &idle_pages::IdlePages,
        &old_document::OldDocument,
        &chaotic_links::ChaoticLinks,
        &store_trouble::StoreTrouble,
        &restored_store::RestoredStore,
        &coming_and_going::ComingAndGoing,
        &retry_by_hand::RetryByHand,
        &turned_away::TurnedAway,
        &two_servers::TwoServers,
        &editing_disabled::EditingDisabled,
        &other_demands::OtherDemands,
        &failures_told::FailuresTold,
        &busy_page::BusyPage,
        &workers_race::WorkersRace,
        &small_pages::SmallPages,
        &thin_links::ThinLinks,
        &crowded_outbox::CrowdedOutbox,
        &open_panel::OpenPanel,
        &crowded_device::CrowdedDevice,
        &drifting_tabs::DriftingTabs,
        &blocked_sockets::BlockedSockets,
        &hostile_page::HostilePage,
        &signed_in::SignedIn,
        &signing_in::SigningIn,
        &replay_above_limit::ReplayAboveLimit,
        &flooded::Flooded,
        &long_session::LongSession,
        &monitored::Monitored,
        &watched_trouble::WatchedTrouble,
        &working_day::WorkingDay,
        &whole_day::WholeDay,
        &mixed::Mixed,
        &many_rooms::ManyRooms,
        &server_restart_herd::ServerRestartHerd,
        &rush_hour::RushHour,
    ]
}

/// The scenario of a name.
pub fn named(name: &str) -> Option<&'static dyn Scenario<DocSync>> {
    all().into_iter().find(|scenario| scenario.name() == name)
}

/// A time of the run in seconds.
pub(crate) const fn at(seconds: u64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

/// A server with its store, and browsers from `n1` on, each on a device of its own.
pub(crate) fn room(browsers: u32) -> Topology<Role> {
    let browser = |id| NodeSpec::new(NodeId(id), Role::Browser);
    let server = NodeSpec::new(SERVER, Role::Server).with_store(STORE);
    let nodes = std::iter::once(server).chain((1..=browsers).map(browser)).collect();
    Topology { nodes, stores: vec![STORE] }
}

/// The same with its first browsers as tabs of one device.
fn with_tabs(mut topology: Topology<Role>, tabs: u32) -> Topology<Role> {
    for node in topology.nodes.iter_mut().filter(|node| (1..=tabs).contains(&node.id.0)) {
        node.device = Some(1);
    }
    topology
}

/// A case of a topology, that lasts this long, in which the stages of a pipeline have their order.
pub(crate) fn case(topology: Topology<Role>, config: &Config, seconds: u64) -> Case<DocSync> {
    let mut case = Case { horizon: at(seconds), ..Case::new(topology, config.clone()) };
    case.objectives.stages = document::stages(STAGES).collect();
    case
}

/// The clients of a case.
fn clients(browsers: u32) -> Vec<NodeId> {
    (1..=browsers).map(NodeId).collect()
}

/// A menu of faults for browsers and the one server.
fn menu(browsers: u32, kinds: &[&'static str], until: u64, most: usize) -> Menu {
    Menu {
        clients: clients(browsers),
        servers: vec![SERVER],
        stores: vec![STORE],
        kinds: kinds.to_vec(),
        from: at(2),
        until: at(until),
        most,
        outside: clients(browsers).into_iter().skip(1).last().into_iter().collect(),
        ..Menu::default()
    }
}

/// The connection of a browser breaks.
fn reset(at: Time, browser: NodeId) -> Fault {
    Fault::at(at, FaultKind::Connection(ConnectionFault::Reset(browser, SERVER)))
}

/// What a person does to the document.
fn edit() -> impl Strategy<Value = Op> {
    let attribute =
        prop_oneof![Just(Attribute::Label), Just(Attribute::Box), Just(Attribute::Order)];
    prop_oneof![
        10 => (0u32..8, attribute).prop_map(|(element, attribute)| Op::Set(element, attribute)),
        6 => Just(Op::Insert),
        2 => (0u32..8).prop_map(Op::Delete),
        2 => Just(Op::Undo),
        1 => Just(Op::Redo),
    ]
}

/// Whoever has taken something back may want it again at once, if she wavers: after anything
/// else there is mostly nothing to redo.
fn wavering(mut work: Work<(Op, bool)>) -> Work<Op> {
    work.sort_by_key(|(at, ..)| *at);
    let mut undid = BTreeSet::new();
    let mut act = |node, op, wavers| {
        let op = if undid.remove(&node) && wavers { Op::Redo } else { op };
        if op == Op::Undo {
            undid.insert(node);
        }
        op
    };
    work.into_iter().map(|(at, node, (op, wavers))| (at, node, act(node, op, wavers))).collect()
}

/// A time between two seconds, in milliseconds: now and then within a short burst.
fn moment(from: u64, until: u64) -> impl Strategy<Value = Time> {
    let uniform = from * 1000..until * 1000;
    let burst = (from..until, 0u64..150).prop_map(|(second, offset)| second * 1000 + offset);
    prop_oneof![2 => uniform, 1 => burst].prop_map(|millis| Time::from_micros(millis * 1000))
}

/// Up to `most` edits by the browsers between two seconds, in some of the shapes of work.
fn edits(browsers: u32, most: usize, from: u64, until: u64) -> BoxedStrategy<Work<Op>> {
    let lasts = at(until).since(at(from)).as_millis() * u64::from(browsers);
    let pace = Span::millis(lasts / most as u64);
    let people = Workload::new(clients(browsers), at(from), at(until), pace);
    work(Workload { most, ..people }, (edit(), any::<bool>())).prop_map(wavering).boxed()
}

/// A person drags an element: it is moved ten times a second.
fn drag(who: NodeId, from: Time, element: u32, moves: u64) -> Work<Op> {
    let op = Op::Set(element, Attribute::Box);
    (0..moves).map(|nth| (from + Span::millis(100 * nth), who, op.clone())).collect()
}

/// What a pipeline that does its stages over and over reports, from its first report on.
fn report(nth: u32) -> Op {
    match nth % (STAGES + 1) {
        STAGES => Op::Restart,
        stage => Op::Stage(stage),
    }
}

/// Reports of stages to the server, `gap` apart, from a given second on.
fn stages(count: u32, from: u64, gap: Span) -> Work<Op> {
    (0..count).map(|i| (at(from) + gap * u64::from(i), SERVER, report(i))).collect()
}

/// The same, where a worker may say of one of them that it failed: what follows waits until the
/// pipeline begins anew.
fn shaky_stages(count: u32, from: u64, gap: Span, failed: Option<u32>) -> Work<Op> {
    let mut work = stages(count, from, gap);
    if let Some((.., op)) = failed.and_then(|failed| work.get_mut(failed as usize))
        && let Op::Stage(stage) = *op
    {
        *op = Op::Fail(stage);
    }
    work
}

/// Reports of progress to the server, one half a `gap` after each of as many stages.
fn progress(count: u32, from: u64, gap: Span) -> Work<Op> {
    let after = gap.percent(50);
    (0..count).map(|i| (at(from) + gap * u64::from(i) + after, SERVER, Op::Progress(i))).collect()
}

/// Puts work into a case.
pub(crate) fn give(case: &mut Case<DocSync>, work: Work<Op>) {
    case.operations = operations(work);
}
