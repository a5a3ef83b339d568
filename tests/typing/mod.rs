//! A scenario of one's own, for a protocol of one's own.

use proptest::prelude::*;
use wavetank::explore::{Case, Operation, Scenario};
use wavetank::fault::generate::{Menu, plan};
use wavetank::id::{Field, NodeId, OpId};
use wavetank::time::{Span, Time};

use crate::board::{Board, Config, Op, two_clients};

/// Two people set fields of a board while their connections break.
pub(crate) struct Typing;

fn at(seconds: u64) -> Time {
    Time::ZERO + Span::secs(seconds)
}

impl Scenario<Board> for Typing {
    fn name(&self) -> &'static str {
        "typing"
    }
    fn about(&self) -> &'static str {
        "Two people set fields of a board while their connections break."
    }
    fn must_reach(&self) -> &'static [&'static str] {
        &["resync"]
    }
    fn cases(&self, config: &Config) -> BoxedStrategy<Case<Board>> {
        let case = two_clients(config);
        let menu = Menu {
            clients: vec![NodeId(1), NodeId(2)],
            servers: vec![NodeId(0)],
            kinds: vec!["reset", "partition"],
            from: at(1),
            until: at(9),
            most: 3,
            ..Menu::default()
        };
        let edits = proptest::collection::vec((1u64..10, 1u32..=2), 2..12);
        (edits, plan(menu))
            .prop_map(move |(edits, plan)| {
                let edit = |(number, (second, node)): (u32, (u64, u32))| Operation {
                    id: OpId(number),
                    at: at(second),
                    node: NodeId(node),
                    op: Op::Set(Field(number % 3)),
                };
                let operations = (0..).zip(edits).map(edit).collect();
                Case { operations, plan, horizon: at(10), ..case.clone() }
            })
            .boxed()
    }
}
