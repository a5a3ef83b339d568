//! A node by hand, told this and that.

#![allow(dead_code, reason = "no file of tests needs all of it")]

use std::collections::VecDeque;
use std::sync::Arc;

use wavetank::history::{Caller, Change, Observation, OpState, Position};
use wavetank::id::{ConnId, NodeId, OpId, Ticket, Topic};
use wavetank::objectives::Objectives;
use wavetank::protocol::{Boot, Effect, Event, Node, Outbox, Peer, Store};
use wavetank::rng::{Draw, Rng};
use wavetank::time::{Mono, Now, Span, Wall};
use wavetank_models::client::Client;
use wavetank_models::document::{self, Attribute};
use wavetank_models::message::{Hello, Message};
use wavetank_models::protocol::DOC;
use wavetank_models::server::Server;
use wavetank_models::store::{Commit, Documents, Edit, Loaded, Manner, Reply, Request, Seen};
use wavetank_models::versions::Spoken;
use wavetank_models::{Config, DocSync, Op, Role};

pub(crate) const SERVER: NodeId = NodeId(0);
pub(crate) const PAGE: NodeId = NodeId(1);
pub(crate) const TAB: NodeId = NodeId(2);

/// A node and what it asks for.
pub(crate) struct Driven<N> {
    node: N,
    out: Outbox<DocSync>,
    ops: u32,
}

impl<N: Node<DocSync>> Driven<N> {
    pub(crate) fn new(
        me: NodeId,
        config: Config,
        objectives: &Objectives,
        made: fn(Boot<'_, DocSync>) -> N,
    ) -> Self {
        let peer = |id, role, same_device| Peer { id, role, same_device };
        let all = [peer(SERVER, Role::Server, false), peer(TAB, Role::Browser, true)];
        let (role, peers) =
            if me == SERVER { (Role::Server, &all[..0]) } else { (Role::Browser, &all[..]) };
        let rng = Rng::new(Draw::seeded(1));
        let config = &Arc::new(config);
        let node = made(Boot { me, role, incarnation: 0, peers, config, objectives, rng });
        Self { node, out: Outbox::new(me, u32::MAX), ops: 0 }
    }

    /// What comes of something that happens in this second.
    pub(crate) fn told(&mut self, second: u64, event: Event<'_, DocSync>) -> Vec<Effect<DocSync>> {
        let since = Span::secs(second);
        let now = Now { mono: Mono::default() + since, wall: Wall::START + since };
        self.node.on_event(now, event, &mut self.out);
        self.out.take()
    }

    pub(crate) fn gets(
        &mut self,
        second: u64,
        conn: ConnId,
        message: &Message,
    ) -> Vec<Effect<DocSync>> {
        self.told(second, Event::Message(conn, message))
    }

    pub(crate) fn given(&mut self, second: u64, op: &Op) -> Vec<Effect<DocSync>> {
        self.ops += 1;
        self.told(second, Event::Op(OpId(self.ops), op))
    }
}

pub(crate) fn server(config: Config, objectives: &Objectives) -> Driven<Server> {
    Driven::new(SERVER, config, objectives, Server::new)
}

pub(crate) fn page(config: Config, objectives: &Objectives) -> Driven<Client> {
    Driven::new(PAGE, config, objectives, Client::new)
}

pub(crate) fn hello() -> Hello {
    let caller = Caller { client: 7, origin: 1, ..Caller::default() };
    Hello { path: "/".to_owned(), instance: 1, versions: Spoken::FIRST, caller }
}

pub(crate) fn op(number: u32) -> Message {
    let change = Change::set(document::element(1, Attribute::Label), document::value(OpId(number)));
    Message::Op(Commit {
        doc: DOC,
        op: OpId(number),
        author: PAGE,
        instance: 1,
        client_seq: number,
        base: None,
        edit: Edit::Write([change].into_iter().collect()),
        made: Wall::START,
        manner: Manner::default(),
    })
}

pub(crate) fn snapshot() -> Message {
    let at = Position::new(1, 1);
    Message::Snapshot { doc: DOC, at, seen: Seen::default(), content: [].into_iter().collect() }
}

/// The connection that is dialled, if any is.
pub(crate) fn dialled(effects: &[Effect<DocSync>]) -> Option<ConnId> {
    effects.iter().find_map(|effect| match effect {
        Effect::Dial(dial) => Some(dial.conn),
        _ => None,
    })
}

/// What is asked of the store, or of the issuer.
pub(crate) fn asked(effects: &[Effect<DocSync>]) -> Option<Ticket> {
    effects.iter().find_map(|effect| match effect {
        Effect::Store(ticket, _) | Effect::Flush(ticket) | Effect::Ask(ticket, _) => Some(*ticket),
        _ => None,
    })
}

/// An empty document that has come this far, as the store tells of it.
pub(crate) fn loaded(head: Position) -> Reply {
    empty(DOC, head)
}

fn empty(doc: Topic, head: Position) -> Reply {
    let (content, log, seen) = ([].into(), Vec::new(), [].into());
    Reply::Loaded(Box::new(Loaded { doc, head, content, log, seen }))
}

/// The document that is loaded, if any is.
pub(crate) fn loads(effects: &[Effect<DocSync>]) -> Option<(Ticket, Topic)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Store(ticket, Request::Load(doc, _)) => Some((*ticket, *doc)),
        _ => None,
    })
}

/// What a server does that has asked for a document, as soon as it has it.
pub(crate) fn settles(
    server: &mut Driven<Server>,
    second: u64,
    effects: &[Effect<DocSync>],
) -> Vec<Effect<DocSync>> {
    let (ticket, doc) = loads(effects).expect("a document is asked for");
    let found = Ok(Some(empty(doc, Position::new(1, 1))));
    let read = server.told(second, Event::Stored(ticket, found));
    let flush = asked(&read).expect("what was read has to last");
    server.told(second, Event::Stored(flush, Ok(None)))
}

/// A page that is connected, and has what there is.
pub(crate) fn live(config: Config, objectives: &Objectives) -> (Driven<Client>, ConnId) {
    let mut page = page(config, objectives);
    let conn = dialled(&page.told(0, Event::Start)).expect("a page dials");
    page.told(0, Event::Opened(conn));
    page.gets(0, conn, &snapshot());
    (page, conn)
}

/// What becomes of the edit that these effects are about.
pub(crate) fn shown_op(effects: &[Effect<DocSync>]) -> Option<OpState> {
    effects.iter().find_map(|effect| match effect {
        Effect::Claim(Observation::ShownOp { state, .. }) => Some(*state),
        _ => None,
    })
}

/// All that comes of these effects of a server whose store works: what it answers among it.
pub(crate) fn settled(
    server: &mut Driven<Server>,
    documents: &mut Documents,
    effects: Vec<Effect<DocSync>>,
) -> Vec<Effect<DocSync>> {
    let mut all = Vec::new();
    let mut rest = VecDeque::from(effects);
    while let Some(effect) = rest.pop_front() {
        let stored = match &effect {
            Effect::Store(ticket, request) => {
                Some((*ticket, Some(documents.apply(request.clone()))))
            }
            Effect::Flush(ticket) => Some((*ticket, None)),
            _ => None,
        };
        if let Some((ticket, reply)) = stored {
            rest.extend(server.told(0, Event::Stored(ticket, Ok(reply))));
        }
        all.push(effect);
    }
    all
}
