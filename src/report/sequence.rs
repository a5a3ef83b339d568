//! A run as a Mermaid sequence diagram, for a pull request.

use std::fmt::Write as _;

use super::steps::{Step, What, steps};
use super::trace::named;
use crate::explore::{Case, Outcome, Recording};
use crate::id::NodeId;
use crate::protocol::Protocol;

/// A Mermaid sequence diagram of a run up to its last violation: who takes part, what is asked,
/// what goes wrong, the messages, and the violations as notes at the end; at most `limit` steps
/// besides those. Signs of life are left out, unless there are no other messages.
pub fn sequence_diagram<P: Protocol>(
    case: &Case<P>,
    outcome: &Outcome,
    recording: &Recording,
    limit: usize,
) -> String {
    let mut text = String::from("sequenceDiagram\n");
    let nodes: Vec<NodeId> = case.topology.nodes.iter().map(|node| node.id).collect();
    for node in &case.topology.nodes {
        let _ = writeln!(text, "    participant {} as {}", node.id, named(node.id, node.role));
    }
    let steps = steps(case, &recording.history, outcome.verdict.violations());
    let is_broken = |step: &&Step| matches!(step.what, What::Broken(_));
    let last = steps.iter().filter(is_broken).map(|step| step.at).max();
    let seen = steps.iter().filter(|step| last.is_none_or(|last| step.at <= last));
    let signs = !steps.iter().any(|step| is_message(&step.what, false));
    let lines: Vec<String> = seen
        .filter(|step| signs || !is_message(&step.what, true))
        .filter_map(|step| arrow(step, &nodes))
        .collect();
    for line in lines.iter().take(limit) {
        let _ = writeln!(text, "    {line}");
    }
    if lines.len() > limit {
        let hidden = format!("... and {} steps more", lines.len() - limit);
        let _ = writeln!(text, "    {}", note(&nodes, &[], &hidden));
    }
    for step in steps.iter().filter(is_broken) {
        let What::Broken(node) = step.what else { continue };
        let places: Vec<NodeId> = node.into_iter().collect();
        let what = format!("broken at {}: {}", step.at, step.text);
        let _ = writeln!(text, "    {}", note(&nodes, &places, &what));
    }
    text
}

/// Whether a step is a message that is a sign of life, or one that is none.
fn is_message(what: &What, life: bool) -> bool {
    match what {
        What::Sent { sign_of_life, .. } | What::Came { sign_of_life, .. } => *sign_of_life == life,
        _ => false,
    }
}

/// A step as a line of the diagram, if it has one: a message is drawn where it comes out, or
/// where it was handed in if it never does.
fn arrow(step: &Step, nodes: &[NodeId]) -> Option<String> {
    let text = clean(&step.text);
    Some(match &step.what {
        What::Came { from, to, .. } => format!("{from}->>{to}: {text}"),
        What::Sent { from, to, lost: true, .. } => format!("{from}-x{to}: {text}, lost"),
        What::Dialled { from, to } => format!("{from}-->>{to}: {text}"),
        What::Refused { from, to } => format!("{to}--x{from}: {text}"),
        What::Asked(node) | What::Closed(node) | What::Life(node) => {
            note(nodes, &[*node], &step.text)
        }
        What::Fault(places) => note(nodes, places, &step.text),
        What::Sent { .. } | What::Detail(_) | What::Stage | What::Broken(_) => return None,
    })
}

/// A note over one node, over two, or over all of them.
fn note(nodes: &[NodeId], places: &[NodeId], text: &str) -> String {
    let over = match (places, nodes) {
        ([one], _) | ([], [one]) => one.to_string(),
        ([one, other], _) => format!("{one},{other}"),
        (_, [first, .., last]) => format!("{first},{last}"),
        (_, [one]) => one.to_string(),
        (_, []) => String::new(),
    };
    format!("Note over {over}: {}", clean(text))
}

/// Text that ends neither a statement nor a line of the diagram, nor starts an entity.
fn clean(text: &str) -> String {
    text.replace(['\n', '\r'], " ").replace(';', ",").replace('#', "no. ")
}
