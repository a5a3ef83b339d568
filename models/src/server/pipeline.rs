//! The stages of a pipeline, where they have an order: reports come from workers that know nothing
//! of each other. One that comes too early waits, and one that comes again is passed over.

use std::collections::BTreeMap;

use wavetank::history::{Change, Position};
use wavetank::id::{Field, OpId};
use wavetank::protocol::Outbox;
use wavetank::time::Now;

use super::Server;
use crate::document;
use crate::protocol::{DOC, DocSync, Op};

/// What is known of the stages.
#[derive(Debug, Default)]
pub(super) struct Pipeline {
    /// The stages in their order; none where it does not matter.
    order: Vec<Field>,
    /// Reports that wait, by the place of their stage.
    early: BTreeMap<usize, (OpId, Op)>,
}

impl Pipeline {
    pub(super) fn new(order: &[Field]) -> Self {
        Self { order: order.to_vec(), ..Self::default() }
    }
}

impl Server {
    /// A worker reports a stage.
    pub(super) fn report_stage(
        &mut self,
        now: Now,
        id: OpId,
        stage: u32,
        out: &mut Outbox<DocSync>,
    ) {
        let op = Op::Stage(stage);
        let place = self.pipeline.order.iter().position(|field| *field == document::stage(stage));
        let Some(place) = place.filter(|_| (self.steps.guards_stages)()) else {
            return self.produce(now, id, &op, out);
        };
        if !self.rooms.contains_key(&DOC) {
            self.rooms.entry(DOC).or_default();
            self.load(DOC, out);
        }
        match self.stages_done() {
            Some(done) if place < done => out.report("stage-again", 0, "pipeline"),
            Some(done) if place == done => {
                self.produce(now, id, &op, out);
                self.go_on(now, out);
            }
            _ => {
                out.mark("stage-early");
                self.pipeline.early.entry(place).or_insert((id, op));
            }
        }
    }

    /// The pipeline begins anew: no stage is done, and no report of the run before counts.
    pub(super) fn restart_pipeline(&mut self, now: Now, id: OpId, out: &mut Outbox<DocSync>) {
        self.pipeline.early.clear();
        self.produce(now, id, &Op::Restart, out);
    }

    /// What was known of the document when a stage was found to be in turn: the store may have told
    /// what was old by then.
    pub(super) fn pipeline_base(&self, op: &Op) -> Option<Position> {
        let in_turn = matches!(op, Op::Stage(_)) && !self.pipeline.order.is_empty();
        self.rooms.get(&DOC).filter(|_| in_turn && (self.steps.guards_stages)())?.head
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
            && let Some((id, op)) = self.pipeline.early.remove(&first)
        {
            if first < done {
                out.report("stage-again", 0, "pipeline");
            } else {
                self.produce(now, id, &op, out);
            }
        }
    }
}
