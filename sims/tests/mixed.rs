//! The mixed scenario is what it says it is, and undo and redo in it bring back what they should.

use std::collections::{BTreeMap, BTreeSet};

use wavetank::explore::{Case, case_of_seed, run, run_recorded};
use wavetank::fault::FaultKind;
use wavetank::history::{
    Change, History, Life, Observation, OpState, Request, StoreOutcome, Value, Write,
};
use wavetank::id::{Field, NodeId, OpId};
use wavetank_models::{Config, DocSync, Op};
use wavetank_sims::scenarios::{self, SERVER};

fn cases(seeds: u64) -> impl Iterator<Item = Case<DocSync>> {
    let scenario = scenarios::named("mixed").expect("a known scenario");
    (0..seeds).map(move |seed| case_of_seed(scenario, &Config::default(), seed))
}

#[test]
fn three_people_and_a_pipeline_work_at_their_pace() {
    for case in cases(50) {
        let of = |node| case.operations.iter().filter(move |operation| operation.node == node);
        for node in (1..=3).map(NodeId) {
            // 0.8 a second for 59 s.
            assert!(of(node).count() == 47, "{node}: {}", of(node).count());
        }
        assert_eq!(of(SERVER).count(), 590);
        let reports = of(SERVER).map(|operation| &operation.op);
        assert!(reports.clone().any(|op| matches!(op, Op::Stage(_))));
        assert!(reports.clone().any(|op| matches!(op, Op::Progress(_))));
    }
}

#[test]
fn everybody_is_quiet_now_and_then_for_two_to_five_seconds() {
    for case in cases(50) {
        let times: Vec<_> = case.operations.iter().map(|operation| operation.at).collect();
        let gaps = times.windows(2).map(|pair| pair[1].since(pair[0]).as_millis());
        let gaps: Vec<_> = gaps.filter(|gap| *gap >= 1_000).collect();
        assert!(gaps.len() >= 3, "{gaps:?}");
        assert!(gaps.iter().all(|gap| (2_000..6_000).contains(gap)), "{gaps:?}");
    }
}

#[test]
fn one_act_in_twenty_is_too_large_or_not_allowed() {
    let mut acts = BTreeMap::new();
    for operation in cases(100).flat_map(|case| case.operations) {
        let kind = match operation.op {
            Op::Stage(_) | Op::Progress(_) | Op::Restart => continue,
            Op::Paste(..) => "too large",
            Op::SetStage(_) => "not allowed",
            Op::Undo => "undo",
            Op::Redo => "redo",
            _ => "edit",
        };
        *acts.entry(kind).or_insert(0u32) += 1;
    }
    let all: u32 = acts.values().sum();
    let refused = acts["too large"] + acts["not allowed"];
    assert!((40..=60).contains(&(refused * 1000 / all)), "{acts:?}");
    assert!(acts["undo"] * 20 > all && acts["redo"] * 20 > all, "{acts:?}");
}

#[test]
fn there_are_two_faults_a_minute_of_every_kind() {
    let mut count = 0;
    let mut found = BTreeSet::new();
    for fault in cases(600).flat_map(|case| case.plan.0) {
        count += 1;
        found.insert(fault.kind.name());
    }
    assert!((1_000..=1_400).contains(&count), "{count} faults in 600 minutes");
    // No protocol survives a store that lies; a tab to fork into, and topics that can be taken
    // from somebody, are in other scenarios.
    let foreign = ["store-lying", "fork", "rights-withdrawn"];
    let names = FaultKind::NAMES.into_iter().filter(|name| !foreign.contains(name));
    let missed: Vec<_> = names.filter(|name| !found.contains(name)).collect();
    assert!(missed.is_empty(), "never: {missed:?}");
}

#[test]
fn a_hundred_things_happen_in_a_second() {
    let (mut happened, mut micros) = (0, 0);
    for case in cases(50) {
        let counts = run(&case).counts;
        happened += counts.events + counts.sent + counts.stored;
        micros += case.horizon.as_micros();
    }
    // Of the time in which there is work; the time to settle after it is idle.
    assert!(happened >= 100 * (micros / 1_000_000), "{happened} in {micros} us");
}

/// What a page showed before each edit of its person, and what was written by whom.
#[derive(Default)]
struct Told {
    pages: BTreeMap<NodeId, BTreeMap<Field, Value>>,
    /// What the page showed when it took an edit, by the edit.
    before: BTreeMap<OpId, (NodeId, BTreeMap<Field, Value>)>,
    /// Undos and redos.
    steps: BTreeMap<OpId, Request>,
    writes: Vec<Write>,
}

impl Told {
    fn by(history: &History) -> Self {
        let mut told = Self::default();
        // What each person did last.
        let mut last = BTreeMap::new();
        for record in history {
            let page = told.pages.entry(record.node).or_default();
            match &record.what {
                // A page that was held up makes of an edit what it can only when it goes on.
                // One that gives way to what she did next is taken back with that.
                Observation::ShownOp { op, state: OpState::Superseded } => {
                    let earlier = told.before.remove(op).expect("it was taken");
                    let next = last.get(&record.node).expect("something was done next");
                    told.before.insert(*next, earlier);
                }
                Observation::ShownOp { op, .. } => {
                    told.before.entry(*op).or_insert_with(|| {
                        last.insert(record.node, *op);
                        (record.node, page.clone())
                    });
                }
                Observation::Given { op, request, .. }
                    if matches!(request, Request::Undo | Request::Redo) =>
                {
                    told.steps.insert(*op, *request);
                }
                Observation::ShownContent(reading) if reading.part == 0 => {
                    if reading.whole {
                        page.clear();
                    }
                    for Change { field, value } in &reading.changes {
                        match value {
                            Some(value) => page.insert(*field, *value),
                            None => page.remove(field),
                        };
                    }
                }
                Observation::Node(Life::Crashed) => page.clear(),
                Observation::Stored { outcome: StoreOutcome::Executed, write, .. } => {
                    let write = write.as_deref().filter(|write| !write.changes.is_empty());
                    told.writes.extend(write.cloned());
                }
                _ => {}
            }
        }
        told
    }

    /// Whether the write of an undo puts back what was shown before an earlier edit of the
    /// same person, or that of a redo what was shown before an undo, and nobody else has written
    /// there since.
    fn is_right(&self, nth: usize, request: Request) -> bool {
        let undo = &self.writes[nth];
        let fields = |write: &Write| write.changes.iter().map(|c| c.field).collect::<BTreeSet<_>>();
        self.writes[..nth].iter().enumerate().any(|(edit_nth, edit)| {
            let Some((author, before)) = edit.op.and_then(|op| self.before.get(&op)) else {
                return false;
            };
            let undid = edit.op.and_then(|op| self.steps.get(&op)) == Some(&Request::Undo);
            let others = self.writes[edit_nth..nth].iter().filter(|w| w.author != undo.author);
            let mut others = others.flat_map(fields);
            Some(*author) == undo.author
                && undid == (request == Request::Redo)
                && fields(edit) == fields(undo)
                && undo.changes.iter().all(|c| before.get(&c.field).copied() == c.value)
                && !others.any(|field| fields(undo).contains(&field))
        })
    }
}

#[test]
fn an_undo_or_redo_writes_what_was_shown_before_and_never_over_somebody_else() {
    let mut done = BTreeMap::from([(Request::Undo, 0), (Request::Redo, 0)]);
    let mut given = done.clone();
    for case in cases(150) {
        let (_, recording) = run_recorded(&case);
        let told = Told::by(&recording.history);
        for request in told.steps.values() {
            *given.entry(*request).or_default() += 1;
        }
        for (nth, write) in told.writes.iter().enumerate() {
            if let Some(request) = write.op.and_then(|op| told.steps.get(&op)) {
                *done.entry(*request).or_default() += 1;
                assert!(told.is_right(nth, *request), "seed {:?}: {write:?}", case.origin.seed);
            }
        }
    }
    let most = |request| done[&request] * 2 > given[&request] && done[&request] < given[&request];
    assert!(most(Request::Undo) && done[&Request::Redo] * 4 > given[&Request::Redo], "{done:?}");
}
