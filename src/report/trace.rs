//! A trace that people can read: one line per event, a column per node.

use std::fmt::Write as _;

use super::steps::{Step, What, steps};
use crate::explore::{Case, Outcome, Recording};
use crate::id::NodeId;
use crate::invariant::TraceLine;
use crate::protocol::Protocol;

/// More nodes than this get no column each, but their names in front.
const COLUMNS: usize = 6;
/// From the start of one column to the next. What is longer reaches over, since nothing else
/// stands on its line.
const WIDTH: usize = 22;

/// Every event, as the engine puts it: time, node, what happened.
pub fn full_trace(lines: &[TraceLine]) -> String {
    let mut text = String::new();
    for TraceLine { at, node, text: what } in lines {
        let _ = writeln!(text, "{at:>14} {node:>5}  {what}");
    }
    text
}

/// The events that a reader wants to know of: operations, faults, messages and which way they
/// go, connections, what stores wrote, what was shown anew, and violations in their place.
pub fn trace<P: Protocol>(case: &Case<P>, outcome: &Outcome, recording: &Recording) -> String {
    let nodes: Vec<NodeId> = case.topology.nodes.iter().map(|node| node.id).collect();
    let columns = nodes.len() <= COLUMNS;
    let mut text = String::new();
    if columns {
        let heading = |text: String| format!("{text:WIDTH$}");
        let names = case.topology.nodes.iter().map(|node| named(node.id, node.role));
        let line: String = names.map(heading).collect();
        let _ = writeln!(text, "{:>14}  {}", "", line.trim_end());
    }
    for step in steps(case, &recording.history, outcome.verdict.violations()) {
        let (node, line) = line(&step);
        let place = match node {
            None => String::new(),
            Some(node) if columns => {
                let column = nodes.iter().position(|one| *one == node).unwrap_or_default();
                " ".repeat(column * WIDTH)
            }
            Some(node) => format!("{node:>5}  "),
        };
        let _ = writeln!(text, "{:>14}  {place}{line}", step.at.to_string());
    }
    text
}

/// A node and its role, as a heading.
pub(super) fn named(node: NodeId, role: impl std::fmt::Debug) -> String {
    format!("{node} {}", format!("{role:?}").to_lowercase())
}

/// Where a step is written, and what is written there.
fn line(step: &Step) -> (Option<NodeId>, String) {
    let text = &step.text;
    match &step.what {
        What::Asked(node) | What::Closed(node) | What::Life(node) | What::Detail(node) => {
            (Some(*node), text.clone())
        }
        What::Dialled { from, .. } | What::Refused { from, .. } => (Some(*from), text.clone()),
        What::Sent { from, to, lost, .. } => {
            let lost = if *lost { ", lost" } else { "" };
            (Some(*from), format!("-> {to} {text}{lost}"))
        }
        What::Came { from, to, .. } => (Some(*to), format!("<- {from} {text}")),
        What::Fault(_) | What::Stage => (None, format!("--- {text}")),
        What::Broken(node) => {
            let at = node.map_or(String::new(), |node| format!(" at {node}"));
            (None, format!("*** broken{at}: {text}"))
        }
    }
}
