//! Steps of the server that can be done wrong. The defaults are the reference.

use wavetank::history::{Changes, Position};
use wavetank::id::{ConnId, Field, Topic};
use wavetank::time::{Mono, Now, Span};

use crate::config::Beat;
use crate::document::Content;
use crate::message::{Message, Since, Word};
use crate::probed::Probed;
use crate::store::{Commit, Event};

/// When a connection that is welcomed enters the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entering {
    /// Before it is sent the document.
    AtOnce,
    /// When its next message comes.
    WithNextMessage,
    /// When the store has answered once more.
    OnceRead,
}

/// The steps, each named after the path that chooses it.
#[derive(Clone, Copy)]
#[allow(clippy::type_complexity, reason = "the names say what a step is given")]
pub struct Steps {
    /// `server.heartbeat.settings`: the heartbeat where one was set, given the policy's
    /// and that one.
    pub beat: Probed<fn(stated: &Probed<Beat>, set: Beat) -> Beat>,
    /// `server.heartbeat.clock`: for how long nothing was heard.
    pub silence: Probed<fn(heard: Now, now: Now) -> Span>,
    /// `server.heartbeat.check`: when to look whether a connection is silent, given when it
    /// would be too long and when the next ping is due.
    pub check_silence: Probed<fn(limit: Mono, next_ping: Mono) -> Mono>,
    /// `server.heartbeat.pong_match`: whether a pong with this stamp is a sign of life.
    pub pong_counts: Probed<fn(stamp: u64, newest: Option<u64>) -> bool>,
    /// `server.heartbeat.timer_key`: whether the deadline of a connection ends with it.
    pub deadline_ends: Probed<fn() -> bool>,
    /// `server.heartbeat.timer_key`: which connection is ended when a deadline has passed, given
    /// the one that it was set for, if that is still there, and the one of the same client.
    pub overdue: Probed<fn(of: Option<ConnId>, of_client: Option<ConnId>) -> Option<ConnId>>,
    /// `server.sync.resume_from`: where to resume, given what the client says that it has and
    /// what was written to it so far.
    pub resume_from: Probed<fn(stated: Since, written: Option<Position>) -> Since>,
    /// `server.log.covers`: whether an event is told to the room.
    pub covers: Probed<fn(&Event) -> bool>,
    /// `server.log.seq_at`: the position under which an event is told on a connection on which
    /// so many were told before.
    pub numbered: Probed<fn(committed: Position, told: u64) -> Position>,
    /// `server.log.seq_bits`: how many bits the number of an event has.
    pub seq_bits: Probed<fn() -> u32>,
    /// `server.fanout.audience`: whether somebody is told, given whether it is the author.
    pub is_told: Probed<fn(is_author: bool) -> bool>,
    /// `server.fanout.content`: what is told of an event in place of what it wrote.
    pub reads_again: Probed<fn(&Event, &Content) -> Option<Changes>>,
    /// `server.events.envelope`: whether an event is told as one, with its place.
    pub has_envelope: Probed<fn(&Event) -> bool>,
    /// `server.ids.omit_on`: the id under which a word is said, given the one that it has.
    pub notice_id: Probed<fn(id: u64, word: Word) -> Option<u64>>,
    /// `server.sync.snapshot_parts`: whether a field is part of a snapshot.
    pub snapshot_holds: Probed<fn(Field) -> bool>,
    /// `server.commit.fields`: whether people may write what only the pipeline may.
    pub takes_any_field: Probed<fn() -> bool>,
    /// `server.auth.register`: whether a client is served before its credential was checked.
    pub registers_first: Probed<fn() -> bool>,
    /// `server.pages.overflow`: how much of a document is sent.
    pub page: Probed<fn(Changes) -> Changes>,
    /// `server.close.codes`: the code that a connection is ended with, given that of the cause.
    pub close_code: Probed<fn(u16) -> u16>,
    /// `server.decode.on_error`: whether a connection outlives a frame that is no message.
    pub survives_unreadable: Probed<fn() -> bool>,
    /// `server.decode.on_disconnect`: whether the end of a connection is no error like others.
    pub cleans_up: Probed<fn() -> bool>,
    /// `server.errors.record`: whether what goes wrong is reported.
    pub records: Probed<fn() -> bool>,
    /// `server.errors.context` and `server.errors.text`: what the author of an operation is
    /// told that is not done.
    pub refusal: Probed<fn(&Commit, code: u16) -> Option<Message>>,
    /// `server.pipeline.guard`: whether a stage waits for those before it.
    pub guards_stages: Probed<fn() -> bool>,
    /// `server.registry.insert_on` and `server.sync.join`: when a connection that is welcomed
    /// enters the room.
    pub enters: Probed<fn() -> Entering>,
    /// `server.registry.remove_on` and `server.registry.remove_key`: which connection is forgotten
    /// when one has ended with a code, given the one that is held of the same client.
    pub forgets: Probed<fn(ended: ConnId, of_client: Option<ConnId>, code: u16) -> Option<ConnId>>,
    /// `server.rooms.slots`: whether those who are in a room stay when another enters.
    pub shares_room: Probed<fn() -> bool>,
    /// `server.fanout.lookup`: how many connections are looked at to tell so many of all.
    pub looks_at: Probed<fn(told: usize, all: usize) -> usize>,
    /// `server.fanout.filter`: whether an event of a document is told to who is subscribed to
    /// these.
    pub is_member: Probed<fn(docs: &[Topic], doc: Topic) -> bool>,
    /// `server.fanout.on_error`: whether the others are told when one cannot be.
    pub goes_on: Probed<fn() -> bool>,
    /// `server.commit.store`: for how long the server does nothing else, given what the store
    /// took.
    pub blocks: Probed<fn(took: Span) -> Span>,
    /// `server.fanout.sanitise`: whether what is known of an author is left out of what others
    /// are told.
    pub sanitises: Probed<fn() -> bool>,
    /// `server.limits.check_at`: whether a caller that is one too many is looked for when it asks
    /// for a document, though it is let in later.
    pub counts_on_arrival: Probed<fn() -> bool>,
    /// `server.decode.validate`: what is made of so many bytes that are no message.
    pub reads_anyway: Probed<fn(bytes: u32) -> Option<Commit>>,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            beat: Probed::right(|_, set| set),
            silence: Probed::right(|heard, now| now.mono.since(heard.mono)),
            check_silence: Probed::right(|limit, _| limit),
            pong_counts: Probed::right(|stamp, newest| newest == Some(stamp)),
            deadline_ends: Probed::right(|| true),
            overdue: Probed::right(|of, _| of),
            resume_from: Probed::right(|stated, _| stated),
            covers: Probed::right(|_| true),
            numbered: Probed::right(|committed, _| committed),
            seq_bits: Probed::right(|| u64::BITS),
            is_told: Probed::right(|_| true),
            reads_again: Probed::right(|_, _| None),
            has_envelope: Probed::right(|_| true),
            notice_id: Probed::right(|id, _| Some(id)),
            snapshot_holds: Probed::right(|_| true),
            takes_any_field: Probed::right(|| false),
            registers_first: Probed::right(|| false),
            page: Probed::right(|content| content),
            close_code: Probed::right(|code| code),
            survives_unreadable: Probed::right(|| true),
            cleans_up: Probed::right(|| true),
            records: Probed::right(|| true),
            refusal: Probed::right(|of, code| Some(Message::nack(of.op, of.doc, code))),
            guards_stages: Probed::right(|| true),
            enters: Probed::right(|| Entering::AtOnce),
            forgets: Probed::right(|ended, _, _| Some(ended)),
            shares_room: Probed::right(|| true),
            looks_at: Probed::right(|told, _| told),
            is_member: Probed::right(|docs, doc| docs.contains(&doc)),
            goes_on: Probed::right(|| true),
            blocks: Probed::right(|_| Span::ZERO),
            sanitises: Probed::right(|| true),
            counts_on_arrival: Probed::right(|| false),
            reads_anyway: Probed::right(|_| None),
        }
    }
}
