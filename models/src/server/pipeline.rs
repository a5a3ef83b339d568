//! The stages of a pipeline, where they have an order: reports come from workers that know nothing
//! of each other. One that comes too early waits, and one that comes again is passed over.

use std::collections::BTreeMap;

use wavetank::id::{Field, OpId, Topic};
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
    /// How many are done, or about to be; nothing while the document is not known.
    done: Option<usize>,
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
        match self.pipeline.done {
            Some(done) if place < done => out.report("stage-again", 0, "pipeline"),
            Some(done) if place == done => {
                self.pipeline.done = Some(done + 1);
                self.produce(now, id, &op, out);
                self.go_on(now, out);
            }
            _ => {
                out.mark("stage-early");
                self.pipeline.early.entry(place).or_insert((id, op));
            }
        }
    }

    /// Takes the reports that waited, as far as they are in turn now.
    fn go_on(&mut self, now: Now, out: &mut Outbox<DocSync>) {
        while let Some(done) = self.pipeline.done
            && let Some((id, op)) = self.pipeline.early.remove(&done)
        {
            self.pipeline.done = Some(done + 1);
            self.produce(now, id, &op, out);
        }
    }

    /// The document is known: so is how many stages are done.
    pub(super) fn resume_pipeline(&mut self, now: Now, doc: Topic, out: &mut Outbox<DocSync>) {
        let Some(room) = self.rooms.get(&doc).filter(|_| !self.pipeline.order.is_empty()) else {
            return;
        };
        let content = &room.content;
        let order = self.pipeline.order.iter();
        self.pipeline.done = Some(order.take_while(|field| content.contains_key(field)).count());
        self.go_on(now, out);
    }
}
