//! Lines as observations, whichever form they have.

use serde_json::Value as Json;
use smallvec::{SmallVec, smallvec};

use super::foreign::{Foreign, Told};
use super::{LINE_BYTES_MAX, Limits, Line, Mapping, sane};
use crate::history::log::{LogError, parse};
use crate::history::{Observation, Record};
use crate::id::{ConnId, NodeId, OpId, Ticket};
use crate::invariant::Horizon;
use crate::time::{Mono, Now, Span, Wall};

/// A line that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct BadLine {
    /// Which line, from 1.
    pub line: u64,
    /// Where in it, from 1.
    pub column: usize,
    /// What was expected, and what to do about it.
    pub message: String,
}

/// The greatest numbers that records have used.
#[derive(Debug, Default)]
pub(super) struct Used {
    op: u32,
    ticket: u32,
    conn: u32,
}

/// What is known of the form of the lines.
#[derive(Debug)]
pub(super) enum Reader {
    /// Nothing yet: the first line that can be used decides.
    Undecided(Limits),
    /// The engine's own records.
    Records(Used, Limits),
    /// Lines of somebody else's.
    Foreign(Box<Foreign>),
}

/// One or two observations of one instant.
pub(super) struct Seen {
    pub(super) node: NodeId,
    pub(super) at: crate::time::Time,
    pub(super) now: Now,
    pub(super) what: SmallVec<[Observation; 2]>,
}

impl Reader {
    pub(super) fn new(mapping: Option<Mapping>, limits: Limits) -> Self {
        let foreign = |mapping| Self::Foreign(Box::new(Foreign::new(mapping, limits)));
        mapping.map_or(Self::Undecided(limits), foreign)
    }

    /// Reads a line; nothing where it is empty or passed over.
    pub(super) fn read(&mut self, number: u64, line: Line<'_>) -> Result<Option<Seen>, BadLine> {
        let bad = |column, message: &str| {
            Err(BadLine { line: number, column, message: message.to_owned() })
        };
        let Line::Text(bytes) = line else {
            let most = format!(
                "expected at most {LINE_BYTES_MAX} bytes; record names and numbers, not contents"
            );
            return bad(LINE_BYTES_MAX, &most);
        };
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                return bad(error.valid_up_to() + 1, "expected UTF-8; convert the file first");
            }
        };
        let text = text.strip_prefix('\u{feff}').filter(|_| number == 1).unwrap_or(text);
        if text.trim().is_empty() {
            return Ok(None);
        }
        if let Self::Records(used, _) = self {
            return used.read(number, text).map(Some);
        }
        let json: Json = match serde_json::from_str(text) {
            Ok(json) => json,
            Err(error) => {
                let place = format!(" at line {} column {}", error.line(), error.column());
                let message = error.to_string().replace(&place, "");
                return bad(error.column(), &format!("{message}; expected one JSON object a line"));
            }
        };
        if let Self::Undecided(limits) = *self {
            if json.get("what").is_some() && json.get("at").is_some() {
                *self = Self::Records(Used::default(), limits);
                return self.read(number, line);
            }
            *self = Self::Foreign(Box::new(Foreign::new(Mapping::default(), limits)));
        }
        let Self::Foreign(foreign) = self else { return Ok(None) };
        let told = foreign.read(&json).map_err(|(field, message)| {
            let inner = field.as_deref().and_then(|field| field.rsplit('.').next());
            let column = inner.and_then(|field| text.find(&format!("\"{field}\"")));
            BadLine { line: number, column: column.map_or(1, |at| at + 1), message }
        })?;
        Ok(told.map(|Told { at, node, what }| {
            let mono = Mono::from_micros(at.as_micros());
            let wall = Wall::START + Span::micros(at.as_micros());
            Seen { node, at, now: Now { mono, wall }, what }
        }))
    }

    /// The first things that are still remembered.
    pub(super) fn horizon(&self) -> Horizon {
        let (op, ticket, conn) = match self {
            Self::Undecided(_) => (0, 0, 0),
            Self::Records(used, limits) => (
                used.op.saturating_sub(limits.window),
                used.ticket.saturating_sub(limits.window),
                used.conn.saturating_sub(limits.connections),
            ),
            Self::Foreign(foreign) => (
                foreign.ops.first(),
                foreign.ticket.saturating_sub(foreign.limits().window),
                foreign.conns.first(),
            ),
        };
        Horizon { op: OpId(op), ticket: Ticket(ticket), conn: ConnId::new(conn, 0) }
    }

    pub(super) const fn foreign(&self) -> Option<&Foreign> {
        match self {
            Self::Foreign(foreign) => Some(foreign),
            _ => None,
        }
    }

    /// A message with the names of the log in place of numbers.
    pub(super) fn named(&self, message: &str) -> String {
        let Some(foreign) = self.foreign() else { return message.to_owned() };
        let mut named = String::with_capacity(message.len());
        let mut rest = message;
        while !rest.is_empty() {
            let is_word = |c: char| c.is_ascii_alphanumeric();
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            match foreign.name(word) {
                Some(name) => named.push_str(name),
                None => named.push_str(word),
            }
            let next = after.find(is_word).unwrap_or(after.len());
            named.push_str(&after[..next]);
            rest = &after[next..];
        }
        named
    }

    pub(super) fn node(&self, node: NodeId) -> String {
        let name = self.foreign().and_then(|foreign| foreign.nodes.name(node.0));
        name.map_or_else(|| node.to_string(), str::to_owned)
    }
}

impl Used {
    fn read(&mut self, number: u64, text: &str) -> Result<Seen, BadLine> {
        let bad = |column, message| BadLine { line: number, column, message };
        let record = parse(number, text).map_err(|error| match error {
            LogError::Json { column, message, .. } => {
                let expected = "expected a record, as the first line is: at, node, now and what";
                bad(column, format!("{message}; {expected}"))
            }
            LogError::Io { source, .. } => bad(1, source.to_string()),
        })?;
        if let Some(fault) = sane::fault(&record) {
            return Err(bad(1, fault));
        }
        let Record { at, node, now, what } = record;
        let (op, ticket, conn) = match &what {
            Observation::Given { op, .. } => (Some(*op), None, None),
            Observation::Stored { ticket, write, .. } => {
                (write.as_ref().and_then(|write| write.op), Some(*ticket), None)
            }
            Observation::Dialled { conn, .. } | Observation::Opened { conn, .. } => {
                (None, None, Some(*conn))
            }
            _ => (None, None, None),
        };
        self.op = op.map_or(self.op, |op| op.0.max(self.op));
        self.ticket = ticket.map_or(self.ticket, |ticket| ticket.0.max(self.ticket));
        self.conn = conn.map_or(self.conn, |conn| conn.serial().max(self.conn));
        Ok(Seen { node, at, now, what: smallvec![what] })
    }
}
