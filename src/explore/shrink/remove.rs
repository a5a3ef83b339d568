//! Taking things out of a case: faults, operations, all that belongs together, whole clients.

use std::collections::{BTreeMap, BTreeSet};

use super::Search;
use crate::explore::case::Case;
use crate::fault::{Fault, Plan};
use crate::id::{NodeId, OpId};
use crate::invariant::Judged;

impl<P: Judged> Search<'_, P> {
    /// Takes out all that can be missed, until nothing more can.
    pub(super) fn remove(&mut self, case: &mut Case<P>) {
        loop {
            let before = case.clone();
            self.thin(case, |case| &mut case.plan.0);
            self.thin(case, |case| &mut case.operations);
            self.drop_groups(case);
            self.drop_clients(case);
            if *case == before || self.exhausted {
                return;
            }
        }
    }

    /// Takes elements out of a list: halves, quarters, down to single ones, from the back.
    fn thin<T>(&mut self, case: &mut Case<P>, list: impl Fn(&mut Case<P>) -> &mut Vec<T>) {
        let mut chunk = list(case).len();
        while chunk > 0 {
            let mut end = list(case).len();
            while end > 0 {
                let start = end.saturating_sub(chunk);
                let mut candidate = case.clone();
                list(&mut candidate).drain(start..end);
                self.accept(case, candidate);
                end = start;
            }
            chunk /= 2;
        }
    }

    /// Takes out some of `things`, in chunks as above; `without` says what a case is without
    /// them.
    fn thin_by<T>(
        &mut self,
        case: &mut Case<P>,
        mut things: Vec<T>,
        without: impl Fn(&Case<P>, &[T]) -> Case<P>,
    ) {
        let mut chunk = things.len();
        while chunk > 0 {
            let mut end = things.len();
            while end > 0 {
                let start = end.saturating_sub(chunk);
                let candidate = without(case, &things[start..end]);
                if self.accept(case, candidate) {
                    things.drain(start..end);
                }
                end = start;
            }
            chunk /= 2;
        }
    }

    /// Takes out operations that belong together and cannot be missed one by one: all of one
    /// sort, all that write one field, several of these.
    fn drop_groups(&mut self, case: &mut Case<P>) {
        let mut sorts: BTreeMap<_, BTreeSet<OpId>> = BTreeMap::new();
        let mut fields: BTreeMap<_, BTreeSet<OpId>> = BTreeMap::new();
        for operation in &case.operations {
            let (sort, changes) = P::request(operation.id, &operation.op);
            sorts.entry(sort).or_default().insert(operation.id);
            for change in changes {
                fields.entry(change.field).or_default().insert(operation.id);
            }
        }
        let without = |case: &Case<P>, groups: &[BTreeSet<OpId>]| {
            let mut case = case.clone();
            case.operations.retain(|one| !groups.iter().any(|group| group.contains(&one.id)));
            case
        };
        // Single operations were tried, and a whole list as well.
        let several = |group: &BTreeSet<OpId>| group.len() > 1;
        self.thin_by(case, sorts.into_values().filter(several).collect(), without);
        self.thin_by(case, fields.into_values().filter(several).collect(), without);
    }

    /// Takes out whole clients, with all that is asked of them and all that only hits them.
    fn drop_clients(&mut self, case: &mut Case<P>) {
        let clients = case.topology.nodes.iter().filter(|node| !P::serves(node.role));
        let clients: Vec<NodeId> = clients.map(|node| node.id).collect();
        self.thin_by(case, clients, without_nodes);
    }
}

/// A case without some nodes; the rest keep their names.
fn without_nodes<P: Judged>(case: &Case<P>, gone: &[NodeId]) -> Case<P> {
    let mut case = case.clone();
    case.topology.nodes.retain(|node| !gone.contains(&node.id));
    case.operations.retain(|operation| !gone.contains(&operation.node));
    let left = |fault: Fault| fault.kind.without(gone).map(|kind| Fault { kind, ..fault });
    case.plan = Plan(case.plan.0.into_iter().filter_map(left).collect());
    case
}
