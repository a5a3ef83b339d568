//! Lines of a foreign log as observations.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_64;

use super::mapping::{HAPPENINGS, Happening};
use super::names::{Names, Recent, Values};
use super::row::{Row, Wrong, full, missing, wrong};
use super::sane::NAME_BYTES_MAX;
use super::{Limits, Mapping, Unknown, instant};
use crate::history::{
    Caller, Change, Changes, Channel, Initiator, Kind, Life, Meaning, Observation, Phase, Reading,
    Refusal, Request, Side, Status, StoreOutcome, Value, Write,
};
use crate::id::{ConnId, Field, NodeId, OpId, StoreId, Ticket, Topic};
use crate::time::Time;

/// What one line tells.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) at: Time,
    pub(super) node: NodeId,
    pub(super) what: SmallVec<[Observation; 2]>,
}

/// The names of a foreign log, and what has to be known of it to read on.
#[derive(Debug)]
pub(super) struct Foreign {
    pub(super) mapping: Mapping,
    limits: Limits,
    pub(super) nodes: Names,
    pub(super) documents: Names,
    pub(super) fields: Names,
    pub(super) ops: Recent,
    pub(super) conns: Recent,
    pub(super) values: Values,
    /// Connections that are over for a node.
    ended: BTreeSet<(ConnId, NodeId)>,
    start: Option<u64>,
    pub(super) ticket: u32,
    /// Lines that were passed over.
    pub(super) skipped: u64,
    /// Some commit or content came without its values.
    pub(super) valueless: bool,
}

impl Foreign {
    pub(super) fn new(mapping: Mapping, limits: Limits) -> Self {
        Self {
            mapping,
            limits,
            nodes: Names::default(),
            documents: Names::default(),
            fields: Names::default(),
            ops: Recent::new(limits.window, 1),
            conns: Recent::new(limits.connections, 0),
            values: Values::default(),
            ended: BTreeSet::new(),
            start: None,
            ticket: 0,
            skipped: 0,
            valueless: false,
        }
    }

    pub(super) const fn limits(&self) -> Limits {
        self.limits
    }

    /// What a number of ours, such as `op7` or `v123`, is called in the log, if it is one.
    pub(super) fn name(&self, word: &str) -> Option<&str> {
        let digits = word.find(|c: char| c.is_ascii_digit())?;
        let (prefix, number) = word.split_at(digits);
        if prefix == "v" {
            return self.values.text(number.parse().ok()?);
        }
        let number: u32 = number.parse().ok()?;
        match prefix {
            "n" => self.nodes.name(number),
            "doc" => self.documents.name(number),
            "f" => self.fields.name(number),
            "op" => self.ops.name(number),
            "c" => self.conns.name(number),
            _ => None,
        }
    }

    /// What a line tells; nothing where it is passed over.
    pub(super) fn read(&mut self, line: &Json) -> Result<Option<Told>, Wrong> {
        let Json::Object(map) = line else {
            return Err((None, "expected a JSON object: one line, one object".to_owned()));
        };
        // The mapping is lent to the row while names are given numbers.
        let mapping = std::mem::take(&mut self.mapping);
        let told = self.row(&Row { map, mapping: &mapping });
        self.mapping = mapping;
        if matches!(told, Ok(None)) {
            self.skipped += 1;
        }
        told
    }

    fn row(&mut self, row: &Row<'_>) -> Result<Option<Told>, Wrong> {
        let (mapping, fields) = (row.mapping, &row.mapping.fields);
        let kind = row.text(&fields.kind)?;
        let skips = mapping.unknown == Unknown::Skip;
        let Some(kind) = kind else {
            let missing = || missing(&fields.kind, "which says what happened");
            return if skips { Ok(None) } else { Err(missing()) };
        };
        let (happening, carried) = match mapping.kind(&kind) {
            Some((Happening::Skip, _)) => return Ok(None),
            Some(known) => known,
            None if skips => return Ok(None),
            None => {
                let remedy = "map it under [kinds], or set unknown = \"skip\" in the mapping";
                let message = format!("`{kind}` is not known; expected {HAPPENINGS}; {remedy}");
                return Err(wrong(&fields.kind, &message));
            }
        };
        let at = self.time(row)?;
        let name = row.text(&fields.node)?.unwrap_or_else(|| mapping.node.clone());
        let node = self.node(&name)?;
        let acceptor = mapping.servers.contains(&name);
        let what = self.what(row, node, acceptor, (happening, carried))?;
        Ok(Some(Told { at, node, what }))
    }

    fn time(&mut self, row: &Row<'_>) -> Result<Time, Wrong> {
        let (name, unit) = (&row.mapping.fields.time, row.mapping.unit);
        let micros = match row.get(name) {
            None => return Err(missing(name, "the time")),
            Some(Json::Number(number)) => instant::of_number(number, unit),
            Some(Json::String(text)) => instant::of_text(text),
            Some(_) => None,
        };
        let micros = micros.ok_or_else(|| {
            let message = "expected a time in the unit that the mapping says: a number, or a text \
                 such as 2026-01-31T12:00:00.5Z with unit = \"rfc3339\"";
            wrong(name, message)
        })?;
        let start = *self.start.get_or_insert(micros);
        Ok(Time::from_micros(micros.saturating_sub(start)))
    }

    fn node(&mut self, name: &str) -> Result<NodeId, Wrong> {
        let most = self.limits.names;
        self.nodes.number(name, most).map(NodeId).ok_or_else(|| full("nodes", most))
    }

    fn what(
        &mut self,
        row: &Row<'_>,
        node: NodeId,
        acceptor: bool,
        (happening, carried): (Happening, Option<&str>),
    ) -> Result<SmallVec<[Observation; 2]>, Wrong> {
        use smallvec::smallvec;
        let life = |life| Ok(smallvec![Observation::Node(life)]);
        match happening {
            Happening::Started => life(Life::Started),
            Happening::Crashed => life(Life::Crashed),
            Happening::Restarted => life(Life::Restarted),
            Happening::Paused => life(Life::Paused),
            Happening::Resumed => life(Life::Resumed),
            Happening::Quiet => Ok(smallvec![Observation::Phase(Phase::Quiet)]),
            Happening::Dialled | Happening::Opened | Happening::Refused | Happening::Closed => {
                let one = self.connection(row, node, acceptor, (happening, carried))?;
                Ok(smallvec![one])
            }
            Happening::Sent | Happening::Delivered => {
                let one = self.message(row, node, acceptor, (happening, carried))?;
                Ok(smallvec![one])
            }
            Happening::Committed | Happening::Executed => self.write(row, happening),
            Happening::Flushed => Ok(smallvec![flushed(Ticket(self.ticket))]),
            Happening::Given => {
                let expected = "a request such as edit, undo, query or open";
                let request = row.word(&row.mapping.fields.state, carried, expected)?;
                let request = request.unwrap_or(Request::Edit);
                let op = self.operation(row, true)?.ok_or_else(|| {
                    missing(&row.mapping.fields.operation, "which names what was made")
                })?;
                let changes = self.changes(row)?.unwrap_or_default();
                Ok(smallvec![Observation::Given { op, request, changes }])
            }
            Happening::Shown => Ok(smallvec![self.shown(row)?]),
            Happening::Told => {
                let expected = "pending, queued-safe, queued-volatile, saved, refused, rejected, \
                     conflict, dropped, failed or superseded";
                let state = row.word(&row.mapping.fields.state, carried, expected)?;
                let Some(state) = state else {
                    return Err(missing(&row.mapping.fields.state, "what the person was told"));
                };
                let op = self.operation(row, false)?;
                Ok(op.map(|op| Observation::ShownOp { op, state }).into_iter().collect())
            }
            Happening::Status => {
                let fields = &row.mapping.fields;
                let expected =
                    "loading, live, reconnecting, offline, failed, sign-in, limit or closed";
                let connection = row.word(&fields.state, carried, expected)?;
                let Some(connection) = connection else {
                    return Err(missing(&fields.state, "the state of the connection"));
                };
                // What a page does not say of freshness is not held against it.
                let stale = row.flag(&fields.stale)?.unwrap_or(true);
                let status = Status { connection, stale, ..Status::default() };
                Ok(smallvec![Observation::ShownStatus(status)])
            }
            Happening::Skip => Ok(SmallVec::new()),
        }
    }

    fn side(row: &Row<'_>, acceptor: bool) -> Result<Side, Wrong> {
        let side = row.word(&row.mapping.fields.side, None, "dialler or acceptor")?;
        Ok(side.unwrap_or(if acceptor { Side::Acceptor } else { Side::Dialler }))
    }

    fn conn(&mut self, row: &Row<'_>, node: NodeId, anew: bool) -> Result<ConnId, Wrong> {
        let fields = &row.mapping.fields;
        let named = row.text(&fields.connection)?;
        let name = match named {
            Some(name) => name,
            None => row.text(&fields.client)?.unwrap_or_else(|| format!("of {node}")),
        };
        let of = |serial| ConnId::new(serial, serial);
        let known = self.conns.known(&name).map(of);
        if let Some(conn) = known.filter(|conn| !anew || !self.ended.contains(&(*conn, node))) {
            return Ok(conn);
        }
        let conn = self.conns.add(&name).map(of).ok_or_else(|| full("connections", u32::MAX))?;
        let first = (of(self.conns.first()), NodeId(0));
        while self.ended.first().is_some_and(|one| *one < first) {
            self.ended.pop_first();
        }
        Ok(conn)
    }

    fn connection(
        &mut self,
        row: &Row<'_>,
        node: NodeId,
        acceptor: bool,
        (happening, carried): (Happening, Option<&str>),
    ) -> Result<Observation, Wrong> {
        let fields = &row.mapping.fields;
        let side = Self::side(row, acceptor)?;
        let conn =
            self.conn(row, node, matches!(happening, Happening::Dialled | Happening::Opened))?;
        let code = row.count(&fields.code)?.and_then(|code| u16::try_from(code).ok());
        Ok(match happening {
            Happening::Dialled => {
                let to = match row.text(&fields.to)? {
                    Some(name) => self.node(&name)?,
                    None => {
                        let first = row.mapping.servers.first();
                        self.node(first.unwrap_or(&row.mapping.node))?
                    }
                };
                let (channel, caller) = (Channel::Socket, Caller::default());
                Observation::Dialled { conn, to, channel, caller }
            }
            Happening::Opened => Observation::Opened { conn, side },
            Happening::Refused => {
                self.ended.insert((conn, node));
                let refusal = code.map_or(Refusal::Unreachable, Refusal::Status);
                Observation::Refused { conn, refusal }
            }
            _ => {
                self.ended.insert((conn, node));
                let by = row.word(&fields.by, carried, "local, remote or network")?;
                let by = by.unwrap_or(Initiator::Network);
                Observation::Closed { conn, side, code: code.unwrap_or(1006), by }
            }
        })
    }

    fn message(
        &mut self,
        row: &Row<'_>,
        node: NodeId,
        acceptor: bool,
        (happening, carried): (Happening, Option<&str>),
    ) -> Result<Observation, Wrong> {
        let fields = &row.mapping.fields;
        let expected = "hello, welcome, subscribe, unsubscribe, sync-request, snapshot, delta, \
             event, op, ack, nack, ping, pong, error, ephemeral, notice or other";
        let kind: Kind = row.word(&fields.message, carried, expected)?.unwrap_or_default();
        let side = Self::side(row, acceptor)?;
        let conn = self.conn(row, node, false)?;
        let mut meaning = Meaning::of(kind);
        meaning.topic = self.document(row)?;
        meaning.position = row.position(&fields.seq)?;
        meaning.cursor = row.position(&fields.cursor)?;
        meaning.op = self.operation(row, kind == Kind::Op)?;
        if happening == Happening::Delivered {
            return Ok(Observation::Delivered { conn, side, meaning });
        }
        let live = row.flag(&fields.live)?;
        let live = live.unwrap_or_else(|| !self.ended.contains(&(conn, node)));
        Ok(Observation::Sent { conn, side, live, meaning })
    }

    fn write(
        &mut self,
        row: &Row<'_>,
        happening: Happening,
    ) -> Result<SmallVec<[Observation; 2]>, Wrong> {
        let fields = &row.mapping.fields;
        let topic = self.document(row)?;
        let topic = topic.ok_or_else(|| missing(&fields.document, "what was written to"))?;
        let position = row.position(&fields.seq)?;
        let position = position.ok_or_else(|| missing(&fields.seq, "the number of the event"))?;
        let op = self.operation(row, true)?;
        let author = row.text(&fields.client)?.map(|name| self.node(&name)).transpose()?;
        let changes = self.changes(row)?.unwrap_or_else(|| {
            // Something was written, and the log does not say what.
            self.valueless = true;
            Changes::from_iter([Change::set(Field(u32::MAX), Value::new(u64::MAX))])
        });
        self.ticket = self.ticket.checked_add(1).ok_or_else(|| full("commits", u32::MAX))?;
        let ticket = Ticket(self.ticket);
        let write = Some(Box::new(Write { topic, position, op, author, base: None, changes }));
        let (store, outcome) = (StoreId(0), StoreOutcome::Executed);
        let executed = Observation::Stored { store, ticket, outcome, write };
        let flush = (happening == Happening::Committed).then(|| flushed(ticket));
        Ok(std::iter::once(executed).chain(flush).collect())
    }

    fn shown(&mut self, row: &Row<'_>) -> Result<Observation, Wrong> {
        let fields = &row.mapping.fields;
        let topic = self.document(row)?;
        let topic = topic.ok_or_else(|| missing(&fields.document, "what was shown"))?;
        let position = row.position(&fields.seq)?;
        let position = position.ok_or_else(|| {
            missing(&fields.seq, "the number of the last event that the content holds")
        })?;
        let pending = row.count(&fields.pending)?.unwrap_or(0);
        let whole = row.flag(&fields.whole)?.unwrap_or(false);
        let changes = self.changes(row)?;
        self.valueless |= changes.is_none();
        let (pending, changes) = (pending.min(u32::MAX.into()) as u32, changes.unwrap_or_default());
        let reading = Reading { topic, position, part: 0, pending, whole, changes };
        Ok(Observation::ShownContent(reading))
    }

    fn document(&mut self, row: &Row<'_>) -> Result<Option<Topic>, Wrong> {
        let Some(name) = row.text(&row.mapping.fields.document)? else { return Ok(None) };
        let most = self.limits.names;
        let number = self.documents.number(&name, most).ok_or_else(|| full("documents", most))?;
        Ok(Some(Topic(number)))
    }

    /// The operation that a line names. Only some lines make one known: an answer to one that was
    /// made before the recording began, or beyond the window, is an answer to nothing known.
    fn operation(&mut self, row: &Row<'_>, makes: bool) -> Result<Option<OpId>, Wrong> {
        let Some(name) = row.text(&row.mapping.fields.operation)? else { return Ok(None) };
        if !makes {
            return Ok(self.ops.known(&name).map(OpId));
        }
        let number = self.ops.number(&name).ok_or_else(|| full("operations", u32::MAX))?;
        Ok(Some(OpId(number)))
    }

    fn changes(&mut self, row: &Row<'_>) -> Result<Option<Changes>, Wrong> {
        let name = &row.mapping.fields.values;
        let map = match row.get(name) {
            None => return Ok(None),
            Some(Json::Object(map)) => map,
            Some(_) => return Err(wrong(name, "expected an object: fields and their values")),
        };
        let document = row.text(&row.mapping.fields.document)?.unwrap_or_default();
        let most = self.limits.names;
        let mut changes = Changes::new();
        for (field, value) in map {
            if field.len() > NAME_BYTES_MAX {
                let most = format!("expected names of fields of at most {NAME_BYTES_MAX} bytes");
                return Err(wrong(name, &most));
            }
            let number = self.fields.number(field, most).ok_or_else(|| full("fields", most))?;
            let value = (!value.is_null()).then(|| {
                let text = value.to_string();
                let hash = if row.mapping.unique_values {
                    xxh3_64(text.as_bytes())
                } else {
                    // The same text in two places may well be two values.
                    xxh3_64(format!("{document}\0{field}\0{text}").as_bytes())
                };
                self.values.keep(hash.max(1), &text, self.limits.window);
                Value::new(hash.max(1))
            });
            changes.push(Change { field: Field(number), value });
        }
        Ok(Some(changes))
    }
}

const fn flushed(ticket: Ticket) -> Observation {
    let (store, outcome) = (StoreId(0), StoreOutcome::Flushed);
    Observation::Stored { store, ticket, outcome, write: None }
}
