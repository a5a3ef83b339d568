//! What travels between clients, servers and tabs.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wavetank::history::{Caller, Changes, Kind, Meaning, Name, Position};
use wavetank::id::{OpId, Topic};
use wavetank::protocol::Credential;
use wavetank::time::{Span, Wall};

use crate::between::Between;
use crate::document;
use crate::protocol::DOC;
use crate::store::{Commit, Event, Seen};
use crate::versions::{self, Spoken};

/// The most bytes that a message may have.
pub const SIZE_MAX: u32 = 1 << 20;
/// What a message takes on the wire beside what it is about.
pub(crate) const ENVELOPE: u32 = 48;
/// The code for an operation that its author has no right to.
pub const FORBIDDEN: u16 = 403;
/// The code for an operation that somebody else's change stands in the way of.
pub const CONFLICT: u16 = 409;
/// The close code for a peer that speaks no version of the protocol that one does oneself.
pub const UNSUPPORTED: u16 = 1003;
/// The code for a frame that is no message.
pub const UNREADABLE: u16 = 400;

/// The code for what came too soon.
pub const TOO_SOON: u16 = 429;
/// The code of an operation that is too large.
pub const TOO_LARGE: u16 = 413;

/// What a client says that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Since {
    /// Nothing: it wants all there is.
    Nothing,
    /// Everything up to this position.
    Position(Position),
    /// Everything up to this time of its own clock.
    Time(Wall),
    /// It does not care: it goes on with what comes next.
    Whatever,
}

/// What a dial carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The path that is asked for.
    pub path: String,
    /// The instance of the client.
    pub instance: u64,
    /// The versions of the protocol that the client speaks; the first where it does not say.
    #[serde(default)]
    pub versions: Spoken,
    /// Who dials, as it says of itself.
    #[serde(default)]
    pub caller: Caller,
}

/// A message of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// Asks for a document and what was missed of it.
    Subscribe {
        /// The document.
        doc: Topic,
        /// The instance of the client.
        instance: u64,
        /// What it has.
        since: Since,
    },
    /// Asks for what is missing, on a connection that is live.
    SyncRequest {
        /// The document.
        doc: Topic,
        /// What the client has.
        since: Since,
    },
    /// Answers a subscription: where the document is.
    Welcome {
        /// The document.
        doc: Topic,
        /// Its last event.
        head: Position,
        /// The version of the protocol that is spoken on the connection.
        #[serde(default = "versions::first")]
        version: u8,
    },
    /// The whole document.
    Snapshot {
        /// The document.
        doc: Topic,
        /// The event up to which it is complete.
        at: Position,
        /// Which operations of this client instance are in it.
        seen: Seen,
        /// Its fields.
        content: Changes,
    },
    /// The events that were missed.
    Delta {
        /// The document.
        doc: Topic,
        /// The event up to which they are complete.
        to: Position,
        /// The events.
        events: Vec<Arc<Event>>,
    },
    /// One event.
    Event(Arc<Event>),
    /// An operation.
    Op(Commit),
    /// An operation is done.
    Ack {
        /// Which.
        op: OpId,
        /// Its event.
        position: Option<Position>,
        /// Its document.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        doc: Option<Topic>,
    },
    /// An operation is not done.
    Nack {
        /// Which.
        op: OpId,
        /// Why.
        code: u16,
        /// Why, for people.
        #[serde(default)]
        message: Name,
        /// Its document.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        doc: Option<Topic>,
    },
    /// A sign of life is asked for.
    Ping {
        /// To be repeated in the answer.
        stamp: u64,
        /// The document that was subscribed to last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        doc: Option<Topic>,
        /// Its last event.
        head: Option<Position>,
    },
    /// A sign of life.
    Pong {
        /// The stamp of the ping.
        stamp: u64,
        /// What the sender has.
        cursor: Option<Position>,
    },
    /// A tab passes on an event that it has applied.
    Tab {
        /// The version in whose form the event is.
        version: u8,
        /// The event.
        event: Arc<Event>,
    },
    /// The pipeline has made progress. Unnumbered; left out where a connection is slow.
    Progress {
        /// The document.
        doc: Topic,
        /// The report.
        op: OpId,
        /// The stage that it is about.
        stage: u32,
    },
    /// Changes without a word of what they are.
    Bare(Topic, Changes),
    /// An event of a kind that this version does not know.
    Novel {
        /// The document.
        doc: Topic,
        /// Its place.
        position: Position,
    },
    /// A word to the author of an operation, to be shown once. It has no place in the order.
    Notice(Notice),
    /// Something failed that is not an operation, or not known by which.
    Error {
        /// Why.
        code: u16,
        /// Why, for people.
        #[serde(default)]
        message: Name,
        /// The document that was open on the connection, if it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        doc: Option<Topic>,
    },
    /// One event, in the form that it has from version 2 on.
    Packed(Arc<Event>),
    /// A part of a message that is too large for one.
    Part(Part),
    /// A part has come.
    Got,
    /// Somebody points at something. The server passes it on; it may be lost.
    Pointer {
        /// The document.
        doc: Topic,
        /// What she did.
        op: OpId,
    },
    /// Shows who is there, first and whenever the last one is about to expire.
    Credential(Credential),
    /// An operation, or the question for a whole document, came too soon.
    Later {
        /// The document.
        doc: Topic,
        /// Which operation.
        op: Option<OpId>,
        /// When to ask again.
        retry_after: Span,
        /// The last event of the document that is put off.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        head: Option<Position>,
    },
    /// Asks for no more of a document.
    Unsubscribe {
        /// The document.
        doc: Topic,
    },
    /// An instance tells another of an event that will outlive a crash.
    Published(Arc<Event>),
    /// One event, and the account of its author.
    Authored(Arc<Event>, Box<Account>),
    /// An operation is not done, and what was thrown over it.
    Failed {
        /// Which.
        op: OpId,
        /// Why.
        code: u16,
        /// What the exception says.
        text: String,
    },
    /// A tab tells another of anything else.
    Between {
        /// The version in whose form it is.
        version: u8,
        /// What it tells.
        said: Box<Between>,
    },
}

/// What a server knows of somebody who has signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// What she showed last.
    pub credential: Credential,
    /// Where she is written to.
    pub mail: String,
}

/// A part of a snapshot or of a delta.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Which message it is a part of.
    pub of: u64,
    /// The document that the message is about.
    pub doc: Option<Topic>,
    /// Which part it is, from 0.
    pub index: u32,
    /// How many there are.
    pub count: u32,
    /// Whether the message is a snapshot.
    pub snapshot: bool,
    /// The place in the order up to which the message tells.
    pub to: Option<Position>,
    /// What it says of the message.
    pub text: String,
}

impl Part {
    /// Cuts a message into parts of so many bytes.
    pub fn cut(of: u64, message: &Message, bytes: usize) -> VecDeque<Self> {
        let text = serde_json::to_string(message).expect("a message can be written as JSON");
        let letters: Vec<char> = text.chars().collect();
        let count = letters.chunks(bytes.max(1)).count() as u32;
        let snapshot = matches!(message, Message::Snapshot { .. });
        let doc = message.meaning().topic;
        let part = |(index, text): (u32, &[char])| Self {
            of,
            doc,
            index,
            count,
            snapshot,
            to: message.place(),
            text: text.iter().collect(),
        };
        (0..).zip(letters.chunks(bytes.max(1))).map(part).collect()
    }

    /// The last part counts as the message.
    fn meaning(&self) -> Meaning {
        let kind = match (self.index + 1 == self.count, self.snapshot) {
            (false, _) => Kind::Fragment,
            (true, true) => Kind::Snapshot,
            (true, false) => Kind::Delta,
        };
        let stamp = u64::from(self.count - self.index);
        let whole = kind != Kind::Fragment;
        let position = self.to.filter(|_| whole);
        Meaning { position, topic: self.doc, ..Meaning::of(kind) }.stamp(stamp)
    }
}

/// A word about an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What tells it from every other.
    pub id: Option<u64>,
    /// The operation that it is about.
    pub reply_to: OpId,
    /// What is said.
    pub word: Word,
}

/// What is said of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Word {
    /// It has come, and waits for its turn.
    Taken,
    /// It is done.
    Done,
}

/// What people are told of a code. It says nothing of whose work it is about, nor of how the server
/// is made.
const fn text_of(code: u16) -> &'static str {
    match code {
        UNREADABLE => "this could not be read",
        FORBIDDEN => "this is not yours to change",
        CONFLICT => "somebody else has changed this, or is at work on it",
        TOO_LARGE => "this is too large",
        _ => "something has failed",
    }
}

impl Message {
    /// That an operation is not done.
    pub const fn nack(op: OpId, doc: Topic, code: u16) -> Self {
        Self::Nack { op, code, message: Name::Borrowed(text_of(code)), doc: Some(doc) }
    }

    /// That something failed, with the document that it may be about.
    pub const fn error(code: u16, doc: Option<Topic>) -> Self {
        Self::Error { code, message: Name::Borrowed(text_of(code)), doc }
    }

    /// Bytes on the wire: an envelope, and what each field takes as text.
    pub fn size(&self) -> u32 {
        const CHANGE: u32 = 24;
        let changes = |changes: &Changes| changes.len() as u32 * CHANGE;
        let body = match self {
            Self::Snapshot { content, .. } => changes(content),
            Self::Delta { events, .. } => {
                events.iter().map(|event| ENVELOPE + changes(&event.changes)).sum()
            }
            Self::Event(event)
            | Self::Tab { event, .. }
            | Self::Packed(event)
            | Self::Published(event) => changes(&event.changes),
            Self::Authored(event, account) => {
                changes(&event.changes) + ENVELOPE + account.mail.len() as u32
            }
            Self::Failed { text, .. } => text.len() as u32,
            Self::Bare(_, content) => changes(content),
            Self::Between { said, .. } => said.content().len() as u32 * CHANGE,
            Self::Op(commit) => commit.edit.size(),
            Self::Part(part) => part.text.len() as u32,
            Self::Nack { message, .. } | Self::Error { message, .. } => 16 + message.len() as u32,
            _ => 16,
        };
        ENVELOPE + body
    }

    /// The document of which the message tells one event, in whatever form.
    pub fn tells_of(&self) -> Option<Topic> {
        match self {
            Self::Event(event) | Self::Packed(event) | Self::Authored(event, _) => Some(event.doc),
            Self::Novel { doc, .. } | Self::Bare(doc, _) => Some(*doc),
            _ => None,
        }
    }

    /// The place in the order up to which the server has told of events, where it says so.
    pub fn place(&self) -> Option<Position> {
        match self {
            Self::Welcome { head, .. } => Some(*head),
            Self::Snapshot { at, .. } => Some(*at),
            Self::Delta { to, .. } => Some(*to),
            Self::Event(event) | Self::Packed(event) | Self::Authored(event, _) => {
                Some(event.position)
            }
            Self::Novel { position, .. } => Some(*position),
            Self::Ping { head, .. } => *head,
            _ => None,
        }
    }

    /// The message in plain fields.
    pub fn meaning(&self) -> Meaning {
        let cursor = |since: &Since| match since {
            Since::Position(position) => Some(*position),
            _ => None,
        };
        match self {
            Self::Subscribe { doc, since, .. } => {
                Meaning::of(Kind::Hello).topic(*doc).cursor(cursor(since))
            }
            Self::SyncRequest { doc, since } => {
                Meaning::of(Kind::SyncRequest).topic(*doc).cursor(cursor(since))
            }
            Self::Welcome { doc, head, .. } => {
                Meaning::of(Kind::Welcome).topic(*doc).position(*head)
            }
            Self::Snapshot { doc, at, .. } => Meaning::of(Kind::Snapshot).topic(*doc).position(*at),
            Self::Delta { doc, to, .. } => Meaning::of(Kind::Delta).topic(*doc).position(*to),
            Self::Event(event)
            | Self::Tab { event, .. }
            | Self::Published(event)
            | Self::Authored(event, _) => in_order(event),
            Self::Op(commit) => {
                Meaning::of(Kind::Op).topic(commit.doc).op(Some(commit.op)).cursor(commit.base)
            }
            Self::Ack { op, position, doc } => {
                Meaning { position: *position, topic: *doc, ..Meaning::of(Kind::Ack) }.op(Some(*op))
            }
            Self::Nack { op, code, doc, .. } => {
                Meaning { topic: *doc, ..Meaning::of(Kind::Nack) }.op(Some(*op)).code(*code)
            }
            Self::Failed { op, code, .. } => Meaning::of(Kind::Nack).op(Some(*op)).code(*code),
            Self::Ping { stamp, doc, head } => {
                Meaning { position: *head, topic: *doc, ..Meaning::of(Kind::Ping) }.stamp(*stamp)
            }
            Self::Pong { stamp, cursor } => Meaning::of(Kind::Pong).cursor(*cursor).stamp(*stamp),
            Self::Progress { doc, op, stage } => {
                Meaning { lossy: true, ..Meaning::of(Kind::Ephemeral) }
                    .topic(*doc)
                    .op(Some(*op))
                    .stamp(document::progress_of(*stage).0.get())
            }
            Self::Notice(Notice { id, reply_to, .. }) => {
                let schema = u8::from(id.is_some());
                Meaning { schema, ..Meaning::of(Kind::Notice) }
                    .topic(DOC)
                    .op(Some(*reply_to))
                    .stamp(id.unwrap_or_default())
            }
            Self::Part(part) => part.meaning(),
            Self::Got => Meaning::of(Kind::Other),
            Self::Pointer { doc, op } => {
                Meaning { lossy: true, ..Meaning::of(Kind::Ephemeral) }.topic(*doc).op(Some(*op))
            }
            Self::Packed(event) => Meaning { schema: 2, ..in_order(event) },
            Self::Error { code, doc, .. } => {
                Meaning { topic: *doc, ..Meaning::of(Kind::Error) }.code(*code)
            }
            Self::Credential(credential) => Meaning::of(Kind::Credential).stamp(credential.id),
            Self::Later { doc, op, retry_after, head } => {
                let kind = if op.is_some() { Kind::Nack } else { Kind::Error };
                let meaning = Meaning { position: *head, ..Meaning::of(kind) };
                meaning.topic(*doc).op(*op).code(TOO_SOON).retry_after(Some(*retry_after))
            }
            Self::Unsubscribe { doc } => Meaning::of(Kind::Unsubscribe).topic(*doc),
            Self::Between { said, .. } => said.meaning(),
            Self::Bare(doc, _) => Meaning::default().topic(*doc),
            Self::Novel { doc, position } => {
                Meaning::of(Kind::Event).topic(*doc).position(*position)
            }
        }
    }
}

/// What an event means, whatever it comes in.
fn in_order(event: &Event) -> Meaning {
    Meaning::of(Kind::Event).topic(event.doc).position(event.position).op(Some(event.op))
}
