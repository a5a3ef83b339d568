//! The stages of a pipeline, where they have an order: reports come from workers that know nothing
//! of each other. One that comes too early waits, and one that comes again is passed over. Once a
//! stage is done the next one is under work, and what that makes is not people's to edit.

use std::collections::BTreeMap;

use wavetank::history::{Change, Changes, Position};
use wavetank::id::{Field, OpId};
use wavetank::protocol::Outbox;
use wavetank::time::Now;

use super::Server;
use crate::document::{self, STAGES, STATUS};
use crate::protocol::{DOC, DocSync, Op};

/// What a worker reports of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    Failed,
}

/// What is known of the stages.
#[derive(Debug, Default)]
pub(super) struct Pipeline {
    /// The stages in their order; none where it does not matter.
    order: Vec<Field>,
    /// Reports that wait, by the place of their stage.
    early: BTreeMap<usize, (OpId, Outcome)>,
}

impl Pipeline {
    pub(super) fn new(order: &[Field]) -> Self {
        Self { order: order.to_vec(), ..Self::default() }
    }

    /// Which stage a report is about, from 0: there may be fewer than it counts.
    pub(super) fn number(&self, stage: u32) -> u32 {
        let count = if self.order.is_empty() { STAGES } else { self.order.len() as u32 };
        stage % count
    }

    /// That the stage in a place of the order is under work, if there is one.
    fn begins(&self, place: usize, id: OpId) -> Change {
        let at_work = self.order.get(place).map(|stage| document::at_work(*stage, id));
        Change { field: STATUS, value: at_work }
    }

    /// What a report of the stage in a place of the order writes.
    fn wrote(&self, place: usize, id: OpId, outcome: Outcome) -> Changes {
        let stage = self.order[place];
        match outcome {
            Outcome::Done => {
                let done = Change::set(stage, document::value(id));
                Changes::from_iter([done, self.begins(place + 1, id)])
            }
            Outcome::Failed => {
                Changes::from_iter([Change::set(STATUS, document::failed(stage, id))])
            }
        }
    }
}

impl Server {
    /// A worker reports a stage.
    pub(super) fn report_stage(
        &mut self,
        now: Now,
        id: OpId,
        stage: u32,
        outcome: Outcome,
        out: &mut Outbox<DocSync>,
    ) {
        let stage = self.pipeline.number(stage);
        if self.pipeline.order.is_empty() {
            if outcome == Outcome::Done {
                self.produce(now, id, Op::Stage(stage).changes(id), None, out);
            }
            return;
        }
        let place = stage as usize;
        if !(self.steps.guards_stages)() {
            return self.produce(now, id, self.pipeline.wrote(place, id, outcome), None, out);
        }
        self.open_room(DOC, out);
        match self.stages_done() {
            Some(done) if place < done => out.report("stage-again", 0, "pipeline"),
            Some(done) if place == done => {
                self.produce_in_turn(now, id, place, outcome, out);
                self.go_on(now, out);
            }
            _ => {
                out.mark("stage-early");
                let waits = self.pipeline.early.entry(place).or_insert((id, outcome));
                if waits.1 == Outcome::Failed {
                    // A worker that tries again may succeed yet.
                    *waits = (id, outcome);
                }
            }
        }
    }

    /// A stage is in turn, going by what is known of the document: the store may have told what was
    /// old by then.
    fn produce_in_turn(
        &mut self,
        now: Now,
        id: OpId,
        place: usize,
        outcome: Outcome,
        out: &mut Outbox<DocSync>,
    ) {
        if outcome == Outcome::Failed {
            out.mark("stage-failed");
        }
        let known: Option<Position> = self.rooms.get(&DOC).and_then(|room| room.head);
        self.produce(now, id, self.pipeline.wrote(place, id, outcome), known, out);
    }

    /// The pipeline begins anew: no stage is done, and no report of the run before counts.
    pub(super) fn restart_pipeline(&mut self, now: Now, id: OpId, out: &mut Outbox<DocSync>) {
        self.pipeline.early.clear();
        let order = &self.pipeline.order;
        let anew = if order.is_empty() {
            Op::Restart.changes(id)
        } else {
            let undone = order.iter().copied().map(Change::removed);
            undone.chain([self.pipeline.begins(0, id)]).collect()
        };
        self.produce(now, id, anew, None, out);
    }

    /// How many stages are done, or about to be; nothing while that is not known: the document is
    /// being loaded, or another instance has begun anew, and what came before that is not there.
    fn stages_done(&self) -> Option<usize> {
        let room = self.rooms.get(&DOC).filter(|room| room.head.is_some())?;
        let order = &self.pipeline.order;
        let begins =
            |change: &Change| change.value.is_none() && order.first() == Some(&change.field);
        let mut others = room.untold().filter(|event| event.instance != self.own_instance);
        if others.any(|event| event.changes.iter().any(begins)) {
            return None;
        }
        let mut done = order.iter().take_while(|field| room.content.contains_key(field)).count();
        let in_line = self.lines.of(self.own_instance).map(|commit| commit.edit.changes());
        let untold = room.untold().map(|event| &event.changes[..]);
        for change in untold.chain(in_line).flatten() {
            if begins(change) {
                done = 0;
            } else if change.value.is_some() && order.get(done) == Some(&change.field) {
                done += 1;
            }
        }
        Some(done)
    }

    /// Takes the reports that waited, as far as they are in turn now.
    pub(super) fn go_on(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        while let Some(first) = self.pipeline.early.first_entry().map(|first| *first.key())
            && let Some(done) = self.stages_done().filter(|done| first <= *done)
            && let Some((id, outcome)) = self.pipeline.early.remove(&first)
        {
            if first < done {
                out.report("stage-again", 0, "pipeline");
            } else {
                self.produce_in_turn(now, id, first, outcome, out);
            }
        }
    }
}
