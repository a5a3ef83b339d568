//! The only way out of a node.

use std::fmt;
use std::ops::Range;

use super::{Close, Dial, Inquiry, Protocol, Store};
use crate::history::{
    Change, Channel, Connection, Name, Observation, OpState, Position, Reading, Size, Status,
};
use crate::id::{ConnId, NodeId, OpId, Ticket, Topic};
use crate::time::{Mono, Span};

/// What a node asked for, as plain data.
pub enum Effect<P: Protocol> {
    /// Start a connection.
    Dial(Box<Dial<P::Hello>>),
    /// Answer a handshake with this status.
    Refuse(ConnId, u16),
    /// End a connection.
    Close(Close),
    /// Send to one connection.
    Send(ConnId, P::Message),
    /// Send one message to the connections of this range of [`Outbox::fan`].
    SendAll(Range<u32>, P::Message),
    /// Send to a tab or an instance outside any connection.
    Cast(NodeId, P::Message),
    /// Set or move a timer.
    Timer(P::Timer, Mono),
    /// Forget a timer.
    Cancel(P::Timer),
    /// Ask the node's store.
    Store(Ticket, <P::Store as Store>::Request),
    /// Ask that all executed requests become durable.
    Flush(Ticket),
    /// Ask the issuer of credentials.
    Ask(Ticket, Inquiry),
    /// Go on with this after an await point.
    Later(P::Task),
    /// Handle nothing for this long.
    Busy(Span),
    /// Say something that a person or a peer can see.
    Claim(Observation),
    /// A state that a campaign must reach. Never read by an invariant.
    Mark(&'static str),
}

impl<P: Protocol> fmt::Debug for Effect<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dial(dial) => write!(f, "dial {} as {}: {:?}", dial.to, dial.conn, dial.hello),
            Self::Refuse(conn, status) => write!(f, "refuse {conn} with {status}"),
            Self::Close(close) => write!(f, "close {} with {}", close.conn, close.code),
            Self::Send(conn, message) => write!(f, "send {conn} {message:?}"),
            Self::SendAll(conns, message) => write!(f, "send {} {message:?}", conns.len()),
            Self::Cast(to, message) => write!(f, "cast {to} {message:?}"),
            Self::Timer(timer, at) => write!(f, "timer {timer:?} at {at:?}"),
            Self::Cancel(timer) => write!(f, "cancel {timer:?}"),
            Self::Store(ticket, request) => write!(f, "store {ticket} {request:?}"),
            Self::Flush(ticket) => write!(f, "flush {ticket}"),
            Self::Ask(ticket, inquiry) => write!(f, "ask issuer {ticket} {inquiry:?}"),
            Self::Later(task) => write!(f, "later {task:?}"),
            Self::Busy(span) => write!(f, "busy {span}"),
            Self::Claim(claim) => write!(f, "claim {claim:?}"),
            Self::Mark(mark) => write!(f, "mark {mark}"),
        }
    }
}

/// Whether a connection's send buffer takes more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Buffer {
    /// There is room.
    Free,
    /// It holds its limit or more. Nothing is refused: what is sent now is queued as well, and
    /// [`Event::Writable`](super::Event::Writable) tells when half of it has left.
    Full,
}

impl Buffer {
    /// Says that the answer does not matter here: what is queued is bounded in another way.
    pub const fn whatever(self) {}
}

/// Bytes and messages that are in the two send buffers of a connection, by its slot.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Account {
    pub(crate) serial: u32,
    pub(crate) dialler: u32,
    pub(crate) used: [u32; 2],
    pub(crate) queued: [u32; 2],
    /// Which ends take nothing more.
    pub(crate) ended: [bool; 2],
}

/// The effects of one event, in the order in which they were asked for.
pub struct Outbox<P: Protocol> {
    pub(crate) me: NodeId,
    pub(crate) effects: Vec<Effect<P>>,
    pub(crate) fan: Vec<ConnId>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) free: Vec<u32>,
    pub(crate) next_conn: u32,
    pub(crate) next_ticket: u32,
    pub(crate) buffer_limit: u32,
}

impl<P: Protocol> Outbox<P> {
    /// An outbox for node `me` with nothing in it, for a driver or a unit test. Send buffers
    /// are full at `buffer_limit` bytes.
    pub fn new(me: NodeId, buffer_limit: u32) -> Self {
        Self {
            me,
            effects: Vec::with_capacity(16),
            fan: Vec::new(),
            accounts: Vec::new(),
            free: Vec::new(),
            next_conn: 0,
            next_ticket: 0,
            buffer_limit,
        }
    }

    /// What was asked for so far.
    pub fn effects(&self) -> &[Effect<P>] {
        &self.effects
    }

    /// The connections that a [`Effect::SendAll`] names.
    pub fn fan(&self, range: &Range<u32>) -> &[ConnId] {
        &self.fan[range.start as usize..range.end as usize]
    }

    /// Takes all effects out, for a driver.
    pub fn take(&mut self) -> Vec<Effect<P>> {
        std::mem::take(&mut self.effects)
    }

    /// Dials `to` over a socket. The answer is `Opened` or `Refused`, or nothing for as long
    /// as the path is silent: whoever dials keeps a timer.
    pub fn dial(&mut self, to: NodeId, hello: P::Hello) -> ConnId {
        self.dial_over(Channel::Socket, to, hello)
    }

    /// Dials `to` over a channel of the given kind.
    pub fn dial_over(&mut self, channel: Channel, to: NodeId, hello: P::Hello) -> ConnId {
        let conn = self.new_conn(self.me);
        self.effects.push(Effect::Dial(Box::new(Dial { conn, to, channel, hello })));
        conn
    }

    pub(crate) fn new_conn(&mut self, dialler: NodeId) -> ConnId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.accounts.push(Account::default());
            self.accounts.len() as u32 - 1
        });
        let serial = self.next_conn;
        self.next_conn += 1;
        self.accounts[slot as usize] = Account { serial, dialler: dialler.0, ..Account::default() };
        ConnId { serial, slot }
    }

    /// Refuses a connection with an HTTP status. Only within the handler of `Accepted`.
    pub fn refuse(&mut self, conn: ConnId, status: u16) {
        self.effects.push(Effect::Refuse(conn, status));
    }

    /// Ends a connection: what was sent before still goes out, then a close frame. A dial that
    /// was not answered is abandoned.
    pub fn close(&mut self, conn: ConnId, code: u16, reason: impl Into<Name>) {
        self.effects.push(Effect::Close(Close { conn, code, reason: reason.into() }));
    }

    /// Sends one message. On a connection that has ended it is lost, and counted.
    pub fn send(&mut self, conn: ConnId, message: P::Message) -> Buffer {
        let size = P::size(&message);
        self.effects.push(Effect::Send(conn, message));
        self.charge(conn, size)
    }

    /// Sends one message to many connections; they share the one copy.
    pub fn send_all(&mut self, conns: impl IntoIterator<Item = ConnId>, message: P::Message) {
        let size = P::size(&message);
        let start = self.fan.len();
        self.fan.extend(conns);
        let end = self.fan.len();
        for i in start..end {
            self.charge(self.fan[i], size).whatever();
        }
        if end > start {
            self.effects.push(Effect::SendAll(start as u32..end as u32, message));
        }
    }

    fn charge(&mut self, conn: ConnId, size: u32) -> Buffer {
        let me = self.me.0;
        match self.accounts.get(conn.slot()) {
            Some(account) if account.serial == conn.serial => {
                self.charge_end(conn, usize::from(account.dialler != me), size)
            }
            _ => Buffer::Free,
        }
    }

    /// Charges the send buffer of one end of a known connection.
    #[inline]
    pub(crate) fn charge_end(&mut self, conn: ConnId, end: usize, size: u32) -> Buffer {
        let account = &mut self.accounts[conn.slot()];
        account.queued[end] += 1;
        let used = &mut account.used[end];
        *used = used.saturating_add(size);
        if *used >= self.buffer_limit { Buffer::Full } else { Buffer::Free }
    }

    /// Takes a message that has left off a send buffer, and says whether half of it is free.
    #[inline]
    pub(crate) fn discharge(&mut self, conn: ConnId, end: usize, size: u32) -> bool {
        let account = &mut self.accounts[conn.slot()];
        account.queued[end] = account.queued[end].saturating_sub(1);
        let used = &mut account.used[end];
        *used = used.saturating_sub(size);
        *used < self.buffer_limit / 2
    }

    /// How many messages wait in this node's send buffer of a connection.
    pub fn queued(&self, conn: ConnId) -> u32 {
        match self.accounts.get(conn.slot()) {
            Some(account) if account.serial == conn.serial => {
                account.queued[usize::from(account.dialler != self.me.0)]
            }
            _ => 0,
        }
    }

    /// Whether a connection takes what this node sends. One that has ended does not, even where
    /// the news of it still waits for the node: a write on it fails.
    pub fn takes(&self, conn: ConnId) -> bool {
        self.accounts.get(conn.slot()).is_some_and(|account| {
            let end = usize::from(account.dialler != self.me.0);
            account.serial == conn.serial && !account.ended[end]
        })
    }

    /// Notes that one end of a connection takes nothing more.
    pub(crate) fn end(&mut self, conn: ConnId, end: usize) {
        if let Some(account) = self.accounts.get_mut(conn.slot())
            && account.serial == conn.serial
        {
            account.ended[end] = true;
        }
    }

    /// Sends a message to a node outside any connection: to another tab, another instance.
    pub fn cast(&mut self, to: NodeId, message: P::Message) {
        self.effects.push(Effect::Cast(to, message));
    }

    /// Sets a timer on the node's monotonic clock; setting it again moves it.
    pub fn timer(&mut self, timer: P::Timer, at: Mono) {
        self.effects.push(Effect::Timer(timer, at));
    }

    /// Forgets a timer; nothing happens if it is not set.
    pub fn cancel(&mut self, timer: P::Timer) {
        self.effects.push(Effect::Cancel(timer));
    }

    fn ticket(&mut self) -> Ticket {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        ticket
    }

    /// Asks the node's store; the answer is `Stored` with this ticket. Requests of one node
    /// are executed and answered in order.
    pub fn store(&mut self, request: <P::Store as Store>::Request) -> Ticket {
        let ticket = self.ticket();
        self.effects.push(Effect::Store(ticket, request));
        ticket
    }

    /// Asks that everything executed so far outlives a crash of the store.
    pub fn flush(&mut self) -> Ticket {
        let ticket = self.ticket();
        self.effects.push(Effect::Flush(ticket));
        ticket
    }

    /// Asks the issuer for a new credential. The answer is `Issuer` with this ticket, or nothing
    /// for as long as the issuer is silent: whoever asks keeps a timer.
    pub fn ask_credential(&mut self) -> Ticket {
        self.ask(Inquiry::Issue)
    }

    /// Asks the issuer whether the credential with this number is good.
    pub fn check_credential(&mut self, credential: u64) -> Ticket {
        self.ask(Inquiry::Check(credential))
    }

    fn ask(&mut self, inquiry: Inquiry) -> Ticket {
        let ticket = self.ticket();
        self.effects.push(Effect::Ask(ticket, inquiry));
        ticket
    }

    /// Goes on with `task` after a delay that the engine draws: an `await` in a handler.
    pub fn later(&mut self, task: P::Task) {
        self.effects.push(Effect::Later(task));
    }

    /// Handles nothing for this long, while the inbox grows.
    pub fn busy(&mut self, span: Span) {
        self.effects.push(Effect::Busy(span));
    }

    /// Says that a campaign reached a state. For coverage; no invariant reads it.
    pub fn mark(&mut self, mark: &'static str) {
        self.effects.push(Effect::Mark(mark));
    }

    /// Shows the state of the connection.
    pub fn show_status(&mut self, status: Status) {
        self.effects.push(Effect::Claim(Observation::ShownStatus(status)));
    }

    /// Shows changes of a topic's content, complete up to `position`, with `pending` own
    /// operations on top.
    pub fn show_changes(
        &mut self,
        topic: Topic,
        position: Position,
        pending: u32,
        changes: impl IntoIterator<Item = Change>,
    ) {
        let changes = changes.into_iter().collect();
        self.show(Reading { topic, position, part: 0, pending, whole: false, changes });
    }

    /// Shows a topic's content as a whole.
    pub fn show_whole(
        &mut self,
        topic: Topic,
        position: Position,
        pending: u32,
        content: impl IntoIterator<Item = Change>,
    ) {
        let changes = content.into_iter().collect();
        self.show(Reading { topic, position, part: 0, pending, whole: true, changes });
    }

    /// Shows content; the two methods above are this for the main part of a page.
    pub fn show(&mut self, reading: Reading) {
        self.effects.push(Effect::Claim(Observation::ShownContent(reading)));
    }

    /// Shows what became of an operation.
    pub fn show_op(&mut self, op: OpId, state: OpState) {
        self.effects.push(Effect::Claim(Observation::ShownOp { op, state }));
    }

    /// Shows a notice, or takes it away.
    pub fn show_notice(&mut self, class: &'static str, code: u16, op: Option<OpId>, on: bool) {
        let class = class.into();
        self.effects.push(Effect::Claim(Observation::ShownNotice { class, code, op, on }));
    }

    /// Answers a query.
    pub fn show_answer(&mut self, op: OpId, position: Option<Position>, stale: bool) {
        self.effects.push(Effect::Claim(Observation::ShownAnswer { op, position, stale }));
    }

    /// Says how much the node holds under a name; called when it reaches a new maximum.
    pub fn holds(&mut self, what: &'static str, size: Size) {
        self.effects.push(Effect::Claim(Observation::Holds { what: what.into(), size }));
    }

    /// Gives a sample of a metric.
    pub fn metric(&mut self, name: &'static str, labels: impl Into<Name>, value: i64) {
        let labels = labels.into();
        self.effects.push(Effect::Claim(Observation::Metric { name: name.into(), labels, value }));
    }

    /// Turns an alert on or off.
    pub fn alert(&mut self, name: &'static str, on: bool) {
        self.effects.push(Effect::Claim(Observation::Alert { name: name.into(), on }));
    }

    /// Writes a log record.
    pub fn log(
        &mut self,
        event: &'static str,
        conn: Option<ConnId>,
        code: u16,
        fields: impl Into<Name>,
    ) {
        let (event, fields) = (event.into(), fields.into());
        self.effects.push(Effect::Claim(Observation::Log { event, conn, code, fields }));
    }

    /// Reports an error to monitoring.
    pub fn report(&mut self, kind: &'static str, code: u16, context: impl Into<Name>) {
        let (kind, context) = (kind.into(), context.into());
        self.effects.push(Effect::Claim(Observation::Report { kind, code, context }));
    }

    /// Claims something in the protocol's own words.
    pub fn own(&mut self, name: &'static str, values: &[u64]) {
        let values = values.to_vec();
        self.effects.push(Effect::Claim(Observation::Own { name: name.into(), values }));
    }

    /// Shows only the connection's state, for protocols that show no more. Content that does
    /// not follow the server is possibly old.
    pub fn show_connection(&mut self, connection: Connection) {
        let stale = connection != Connection::Live;
        self.show_status(Status { connection, stale, ..Status::default() });
    }
}
