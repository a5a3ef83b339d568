//! A trace that people can read: one line per event.

use std::fmt::Write as _;

use crate::history::{History, Life, Observation};
use crate::invariant::TraceLine;

/// The trace as text: time, node, what happened.
pub fn trace(lines: &[TraceLine]) -> String {
    let mut text = String::new();
    for TraceLine { at, node, text: what } in lines {
        let _ = writeln!(text, "{at:>14} {node:>5}  {what}");
    }
    text
}

/// A Mermaid sequence diagram of the messages of a history, for a pull request; at most
/// `limit` arrows.
pub fn sequence_diagram(history: &History, limit: usize) -> String {
    let mut text = String::from("sequenceDiagram\n");
    let mut arrows = 0;
    let mut ends = std::collections::BTreeMap::new();
    for record in history {
        let node = record.node;
        match &record.what {
            Observation::Dialled { conn, to, .. } => {
                ends.insert(*conn, (node, *to));
                let _ = writeln!(text, "    {node}-->>{to}: dial {conn}");
            }
            Observation::Delivered { conn, meaning, .. } => {
                let Some((a, b)) = ends.get(conn) else { continue };
                let from = if *a == node { b } else { a };
                let _ = write!(text, "    {from}->>{node}: {:?}", meaning.kind);
                if let Some(op) = meaning.op {
                    let _ = write!(text, " {op}");
                }
                if let Some(position) = meaning.position {
                    let _ = write!(text, " {position}");
                }
                text.push('\n');
            }
            Observation::Closed { conn, code, .. } => {
                let _ = writeln!(text, "    Note over {node}: {conn} closed {code}");
            }
            Observation::Node(life) if *life != Life::Started => {
                let _ = writeln!(text, "    Note over {node}: {life:?}");
            }
            Observation::Given { op, request, .. } => {
                let _ = writeln!(text, "    Note over {node}: {request:?} {op}");
            }
            _ => continue,
        }
        arrows += 1;
        if arrows >= limit {
            let _ = writeln!(text, "    Note over {node}: ... cut after {limit} steps");
            break;
        }
    }
    text
}
