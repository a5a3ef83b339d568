//! Documents as they are written down: what can be told from the log is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wavetank::id::{OpId, Topic};

use super::{Commit, Doc, Documents, Event};
use crate::document;

/// [`Documents`] as they are written down.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    epoch: u32,
    docs: BTreeMap<Topic, KeptDoc>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    outbox: BTreeMap<OpId, Commit>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptDoc {
    /// The number before that of the first event.
    #[serde(default)]
    after: u64,
    log: Vec<Arc<Event>>,
    refused: BTreeSet<OpId>,
    inserted: u32,
}

/// A log with a hole, or with an event that does not belong there.
#[derive(Debug, thiserror::Error)]
#[error("{doc}: event {place} of the log is out of its turn")]
pub(super) struct OutOfTurn {
    doc: Topic,
    place: u64,
}

impl From<Documents> for Kept {
    fn from(documents: Documents) -> Self {
        let keep = |(topic, doc)| {
            let Doc { after, log, refused, inserted, .. } = doc;
            (topic, KeptDoc { after, log, refused, inserted })
        };
        let Documents { epoch, docs, outbox } = documents;
        Self { epoch, docs: docs.into_iter().map(keep).collect(), outbox }
    }
}

impl TryFrom<Kept> for Documents {
    type Error = OutOfTurn;

    fn try_from(kept: Kept) -> Result<Self, OutOfTurn> {
        let epoch = kept.epoch.max(1);
        let docs = kept.docs.into_iter().map(|(topic, doc)| Ok((topic, doc.told(topic, epoch)?)));
        Ok(Self { epoch, docs: docs.collect::<Result<_, _>>()?, outbox: kept.outbox })
    }
}

impl KeptDoc {
    /// The document that the log tells of.
    fn told(self, topic: Topic, epoch: u32) -> Result<Doc, OutOfTurn> {
        let Self { after, log, refused, inserted } = self;
        let mut doc = Doc { after, seq: after, refused, inserted, ..Doc::default() };
        for event in &log {
            doc.seq += 1;
            let at = event.position;
            if at.seq != doc.seq || at.epoch.get() > epoch || event.doc != topic {
                return Err(OutOfTurn { doc: topic, place: doc.seq });
            }
            document::apply(&mut doc.content, &event.changes);
            doc.done.insert(event.op, Arc::clone(event));
            doc.seen.entry(event.instance).or_default().add(event.client_seq);
        }
        Ok(Doc { log, ..doc })
    }
}

#[cfg(test)]
mod tests {
    use wavetank::history::{Change, Changes};
    use wavetank::protocol::Store;
    use wavetank::time::Wall;

    use super::super::{Commit, Edit, Manner, Reply, Request, Restore};
    use super::*;
    use crate::document::Attribute;
    use crate::protocol::DOC;

    fn commit(op: u32, edit: Edit) -> Request {
        let (op, author) = (OpId(op), wavetank::id::NodeId(3));
        let client_seq = op.0;
        let manner = Manner::default();
        Request::Commit(Commit {
            doc: DOC,
            op,
            author,
            instance: 9,
            client_seq,
            base: None,
            edit,
            made: Wall::START,
            manner,
        })
    }

    fn write(op: u32, number: u32) -> Request {
        let field = document::element(number, Attribute::Label);
        commit(op, Edit::Write(Changes::from_iter([Change::set(field, document::value(OpId(op)))])))
    }

    fn documents() -> Documents {
        let mut documents = Documents::default();
        documents.restored(7);
        documents.apply(write(1, 2));
        documents.apply(commit(2, Edit::Insert));
        documents.apply(write(4, 2));
        let restore = Restore { of: OpId(99), wrote: Changes::new(), before: Changes::new() };
        documents.apply(commit(5, Edit::Restore(Box::new(restore))));
        documents
    }

    #[test]
    fn what_was_written_down_goes_on_where_it_was() {
        let before = documents();
        let text = serde_json::to_string(&before).expect("written");
        let mut after: Documents = serde_json::from_str(&text).expect("read");
        assert_eq!(format!("{after:?}"), format!("{before:?}"));
        assert!(matches!(after.apply(write(4, 2)), Reply::Duplicate(_)), "it was done before");
        let again = Edit::Restore(Box::new(Restore {
            of: OpId(1),
            wrote: Changes::new(),
            before: Changes::new(),
        }));
        assert!(matches!(after.apply(commit(5, again)), Reply::Refused), "it was refused before");
        let Reply::Committed(event) = after.apply(commit(6, Edit::Insert)) else {
            panic!("not done")
        };
        assert_eq!(event.position.seq, 4);
        let second = document::element(document::ELEMENTS + 2, Attribute::Label);
        assert_eq!(event.changes[0].field, second, "no two elements have one number");
    }

    #[test]
    fn a_document_that_is_older_than_its_log_goes_on_from_its_number() {
        let mut before = Documents::default();
        before.apply(Request::Load(DOC, 40));
        before.apply(write(1, 2));
        let text = serde_json::to_string(&before).expect("written");
        let mut after: Documents = serde_json::from_str(&text).expect("read");
        assert_eq!(format!("{after:?}"), format!("{before:?}"));
        let Reply::Committed(event) = after.apply(write(2, 2)) else { panic!("not done") };
        assert_eq!(event.position.seq, 42);
    }

    #[test]
    fn a_log_with_a_hole_is_no_document() {
        let text = serde_json::to_string(&documents()).expect("written");
        let holed = text.replace("\"seq\":2}", "\"seq\":3}");
        let error = serde_json::from_str::<Documents>(&holed).expect_err("a hole");
        assert!(error.to_string().contains("event 2 of the log is out of its turn"), "{error}");
    }
}
