//! The protocol's types in one place, as the framework wants them.

use serde::{Deserialize, Serialize};
use wavetank::history::{Caller, Canaries, Change, Changes, Meaning, Request as Sort, Write};
use wavetank::id::{ConnId, Field, OpId, Topic};
use wavetank::invariant::{Judged, ProtectedFields, Suite};
use wavetank::objectives::Objectives;
use wavetank::protocol::{Boot, Gate, Mark, Protocol};

use crate::client::{Client, Guise};
use crate::config::Config;
use crate::document::{self, Attribute};
use crate::message::{Hello, Message};
use crate::secrets;
use crate::server::Server;
use crate::store::{Documents, Reply, Request};

/// The reference document-sync protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocSync;

/// The kinds of node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A server instance.
    Server,
    /// A tab of a browser.
    Browser,
}

/// What is asked of a node. Elements and stages are named by ordinal, so that an operation
/// means something whatever else was taken out of the case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Op {
    /// A person writes an attribute of one of the document's own elements.
    Set(u32, Attribute),
    /// A person inserts an element. Doing it twice shows.
    Insert,
    /// A person deletes one of the document's own elements.
    Delete(u32),
    /// The pipeline reports a stage to the server.
    Stage(u32),
    /// The person presses the retry button.
    Retry,
    /// A person takes her own last edit back.
    Undo,
    /// A person wants the edit again that she took back last.
    Redo,
    /// A person writes an element's label with a text of this many KiB.
    Paste(u32, u32),
    /// A person writes a stage, which only the pipeline may.
    SetStage(u32),
    /// The pipeline reports progress within a stage to the server. Nothing is kept of it.
    Progress(u32),
    /// The page opens.
    Mount,
    /// The page goes away.
    Unmount,
    /// The person wants a connection.
    Connect,
    /// The person wants none.
    Disconnect,
    /// The page draws itself anew.
    Rerender,
    /// The pipeline passes over a stage, which only newer versions know to happen.
    Skip(u32),
    /// The person asks what there is.
    Query,
    /// The operator stops the server; its process ends soon.
    Shutdown,
    /// A person points at something.
    Point(u32),
    /// A person opens the panel of one of the document's own elements.
    Panel(u32),
    /// The page is opened anew, by somebody who is not whom the client takes her for.
    Pose(Guise),
    /// The page goes to another document.
    Open(u32),
    /// The person asks for fresh content.
    Refresh,
    /// The pipeline begins anew, with no stage done.
    Restart,
    /// The pipeline reports to the server that a stage has failed.
    Fail(u32),
}

/// The document that a page has open at first.
pub const DOC: Topic = Topic(1);

/// The timers of both kinds of node, as traces name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Timer {
    /// The client's next attempt.
    Retry,
    /// A dial has taken too long.
    DialTimeout,
    /// An answer to a subscription has taken too long.
    SyncTimeout,
    /// The connection has been live for long enough to be called stable.
    Stable,
    /// The client has heard nothing for too long.
    Silence,
    /// The client's own ping is due.
    ClientPing,
    /// What is missing has not come by itself.
    Gap,
    /// An ack has taken too long.
    AckTimeout,
    /// The server's ping to a connection is due.
    Ping(ConnId),
    /// A connection of the server, of this client instance, has been silent for too long.
    Deadline(ConnId, u64),
    /// Events that were gathered are to be told.
    Batch,
    /// The client is done with an event on which it has worked.
    Work(u64),
    /// The client looks at what has come.
    Look,
    /// What is shown for a while only is no longer true.
    Ephemeral,
    /// The client goes on with what waits to be taken in.
    Slice,
    /// The server looks at who is behind a connection.
    Door(ConnId),
    /// The client's credential is about to expire.
    Renew,
    /// What the server has put off may be asked again.
    Later,
    /// Metrics are to be given.
    Scrape,
    /// An instance has been behind the others in a document for a while.
    Level(Topic),
    /// A connection of the server has lasted for as long as any may.
    Age(ConnId),
    /// The client is to ask other tabs again, or to tell them again that it is there.
    Tabs,
    /// The client is to ask for the document, since it has no socket.
    Poll,
    /// A request has taken too long.
    Request,
    /// The server is to ask its store again for what that has failed to do.
    Again,
}

const fn mark(name: &'static str, about: &'static str) -> Mark {
    Mark { name, about }
}

/// What befalls a node, and then what it does about it.
const MARKS: [Mark; 37] = [
    mark("connection-lost", "A client is told that its connection has ended."),
    mark("edit-while-away", "A person edits while the client is not live."),
    mark("event-ahead", "An event comes before one that it follows."),
    mark("event-over-pending", "Somebody else's event comes while the client's own edits wait."),
    mark("store-failed", "The store reports a failure to the server."),
    mark("store-went-back", "A client returns to a server whose store began a new lineage."),
    mark("edit-oversized", "A person's edit is refused, since it is too large to be sent."),
    mark("edit-rejected", "The server does not take a person's edit."),
    mark("edit-undone", "A person's edit is taken back at her wish."),
    mark("undo-refused", "A person's edit is not taken back, since others have gone on from it."),
    mark("progress-shed", "A full queue lets go of progress, which may be lost."),
    mark("edit-refused", "A person's edit is refused, since too many wait."),
    mark("edit-resent", "An edit is sent after the client has caught up."),
    mark("event-from-tab", "A tab takes an event from another tab of its device."),
    mark("novel-event", "A client is told of an event of a kind that it does not know."),
    mark("frame-unreadable", "A frame comes to a client that is no message."),
    mark("word-again", "A word of the server comes to a client that has shown it."),
    mark("gap-repaired", "A client asks for events that did not come by themselves."),
    mark("silent-client-closed", "The server closes a connection that has been silent."),
    mark(
        "slow-consumer-closed",
        "The server closes a connection that does not take what it sends.",
    ),
    mark("snapshot-sent", "The server sends a whole document."),
    mark("sent-in-parts", "The server sends a large message in parts."),
    mark("stage-early", "A worker reports a stage before those that come before it."),
    mark("work-given-up", "A client that cannot keep up asks for the whole document."),
    mark("caller-turned-away", "The server closes a connection that is one too many."),
    mark("put-off", "The server puts off what comes too soon."),
    mark("caller-shown-out", "The server closes a connection to which its caller has no right."),
    mark("written-not-arrived", "A client returns without events that were written to it."),
    mark("document-polled", "A client without a socket is sent the document as it is."),
    mark("fed-by-tab", "A tab without a connection takes the document over from another tab."),
    mark("overload-shed", "The server turns a connection away that is more than it can serve."),
    mark("edit-redone", "A person has an edit again that she took back."),
    mark("redo-refused", "An edit does not come back, since others have gone on from its undo."),
    mark("edit-under-work", "A person edits an element that the pipeline is at work on."),
    mark("stage-failed", "A stage fails that the pipeline is at work on."),
    mark("edit-superseded", "A move is not sent, since a later one of the same stands for it."),
    mark(
        "no-common-version",
        "A client and the server are of releases that do not understand each other.",
    ),
];

impl Op {
    /// The fields that the operation is to write.
    pub fn changes(&self, op: OpId) -> Changes {
        let value = document::value(op);
        let own = |number: &u32| number % document::ELEMENTS + 1;
        match self {
            Self::Set(number, attribute) => {
                let field = document::element(own(number), *attribute);
                [Change::set(field, value)].into_iter().collect()
            }
            Self::Insert => [Change::set(document::unnumbered(op), value)].into_iter().collect(),
            Self::Delete(number) => [Attribute::Label, Attribute::Box, Attribute::Order]
                .into_iter()
                .map(|attribute| Change::removed(document::element(own(number), attribute)))
                .collect(),
            Self::Paste(number, _) => {
                let field = document::element(own(number), Attribute::Label);
                [Change::set(field, value)].into_iter().collect()
            }
            Self::Stage(number) | Self::SetStage(number) => {
                [Change::set(document::stage(*number), value)].into_iter().collect()
            }
            Self::Retry
            | Self::Undo
            | Self::Redo
            | Self::Progress(_)
            | Self::Mount
            | Self::Unmount
            | Self::Connect
            | Self::Disconnect
            | Self::Rerender
            | Self::Query
            | Self::Shutdown
            | Self::Point(_)
            | Self::Panel(_)
            | Self::Pose(_)
            | Self::Open(_)
            | Self::Refresh
            | Self::Fail(_) => Changes::new(),
            Self::Skip(number) => Changes::from_iter([Change::removed(document::stage(*number))]),
            Self::Restart => document::stages(document::STAGES).map(Change::removed).collect(),
        }
    }

    /// The document of a number.
    pub const fn document(number: u32) -> Topic {
        Topic(DOC.0.saturating_add(number))
    }

    /// Whether it puts an element in another place.
    pub const fn moves(&self) -> bool {
        matches!(self, Self::Set(_, Attribute::Box | Attribute::Order))
    }

    /// The same with lower numbers, and a short text for a long one: a lower number names an
    /// earlier element or stage. Half comes last, since what depends on a size needs some.
    fn simpler(&self) -> Vec<Self> {
        let lower = |number: u32| {
            let mut lower = vec![0, number / 2];
            lower.retain(|one| *one < number);
            lower.dedup();
            lower
        };
        match *self {
            Self::Set(number, attribute) => {
                let mut found: Vec<Self> =
                    lower(number).into_iter().map(|lower| Self::Set(lower, attribute)).collect();
                if attribute != Attribute::Label {
                    found.push(Self::Set(number, Attribute::Label));
                }
                found
            }
            Self::Delete(number) => lower(number).into_iter().map(Self::Delete).collect(),
            Self::Stage(number) => lower(number).into_iter().map(Self::Stage).collect(),
            Self::SetStage(number) => lower(number).into_iter().map(Self::SetStage).collect(),
            Self::Progress(number) => lower(number).into_iter().map(Self::Progress).collect(),
            Self::Skip(number) => lower(number).into_iter().map(Self::Skip).collect(),
            Self::Fail(number) => lower(number).into_iter().map(Self::Fail).collect(),
            Self::Open(number) => lower(number).into_iter().map(Self::Open).collect(),
            Self::Paste(number, kib) => {
                let mut found = vec![Self::Set(number, Attribute::Label)];
                found.extend(lower(number).into_iter().map(|lower| Self::Paste(lower, kib)));
                let shorter = lower(kib).into_iter().filter(|kib| *kib > 0);
                found.extend(shorter.map(|kib| Self::Paste(number, kib)));
                found
            }
            Self::Point(number) => lower(number).into_iter().map(Self::Point).collect(),
            Self::Panel(number) => lower(number).into_iter().map(Self::Panel).collect(),
            Self::Insert
            | Self::Retry
            | Self::Undo
            | Self::Redo
            | Self::Mount
            | Self::Unmount
            | Self::Connect
            | Self::Disconnect
            | Self::Rerender
            | Self::Query
            | Self::Shutdown
            | Self::Refresh
            | Self::Restart
            | Self::Pose(_) => Vec::new(),
        }
    }
}

impl Protocol for DocSync {
    const NAME: &'static str = "document-sync";
    const MARKS: &'static [Mark] = &MARKS;
    const GATE: Option<Gate> = Some(document::GATE);

    type Message = Message;
    type Op = Op;
    type Hello = Hello;
    type Config = Config;
    type Role = Role;
    type Timer = Timer;
    type Task = ();
    type Store = Documents;
    type Server = Server;
    type Client = Client;

    fn serves(role: Role) -> bool {
        role == Role::Server
    }
    fn server(boot: Boot<'_, Self>) -> Server {
        Server::new(boot)
    }
    fn client(boot: Boot<'_, Self>) -> Client {
        Client::new(boot)
    }
    fn size(message: &Message) -> u32 {
        message.size()
    }
    fn meaning(message: &Message) -> Meaning {
        message.meaning()
    }
    fn request(id: OpId, op: &Op) -> (Sort, Changes) {
        let sort = match op {
            Op::Stage(_) | Op::Progress(_) | Op::Skip(_) | Op::Restart | Op::Fail(_) => {
                Sort::Produce
            }
            Op::Retry => Sort::Retry,
            Op::Undo => Sort::Undo,
            Op::Redo => Sort::Redo,
            Op::Mount => Sort::Mount,
            Op::Unmount => Sort::Unmount,
            Op::Connect => Sort::Connect,
            Op::Disconnect => Sort::Disconnect,
            Op::Rerender => Sort::Rerender,
            Op::Query => Sort::Query,
            Op::Shutdown => Sort::Shutdown,
            Op::Point(_) => Sort::Signal,
            Op::Panel(_) => Sort::Look,
            Op::Pose(_) => Sort::SignIn,
            Op::Open(_) => Sort::Open,
            Op::Refresh => Sort::Refresh,
            Op::Set(..) | Op::Insert | Op::Delete(_) | Op::Paste(..) | Op::SetStage(_) => {
                Sort::Edit
            }
        };
        (sort, op.changes(id))
    }
    fn caller(hello: &Hello) -> Caller {
        Caller { version: hello.versions.newest, ..hello.caller }
    }
    fn address(hello: &Hello) -> Option<&str> {
        Some(&hello.path)
    }
    fn canaries(message: &Message) -> Canaries {
        secrets::of(message)
    }
    fn simpler(op: &Op) -> Vec<Op> {
        op.simpler()
    }
    fn write(request: &Request, reply: &Reply) -> Option<Write> {
        let Request::Commit(commit) = request else { return None };
        let (position, changes) = match reply {
            Reply::Committed(event) => (event.position, event.changes.clone()),
            Reply::Duplicate(event) => (event.position, Changes::new()),
            Reply::Loaded(_) | Reply::Refused | Reply::Head(_) | Reply::Kept(_) | Reply::Noted => {
                return None;
            }
        };
        Some(Write {
            topic: commit.doc,
            position,
            op: Some(commit.op),
            author: Some(commit.author),
            base: commit.base,
            changes,
        })
    }
    fn field(field: Field) -> String {
        document::name(field)
    }
}

impl Judged for DocSync {
    fn invariants(objectives: &Objectives) -> Suite<Self> {
        Suite::shipped(objectives).and(ProtectedFields::new(document::is_of_pipeline, Self::GATE))
    }
}
