//! The board's client.

use wavetank::history::{Change, Connection, OpState, Position, Refusal, Value};
use wavetank::id::{ConnId, Field, NodeId, OpId};
use wavetank::protocol::{Boot, Event, Node, Outbox};
use wavetank::rng::Rng;
use wavetank::time::{Mono, Now, Span};

use super::{BOARD, Board, Edit, Message, Mistake, Op, Role, SILENCE, Timer, value};

/// Sets fields, and shows the board.
pub(crate) struct Client {
    me: NodeId,
    tab: Option<NodeId>,
    server: NodeId,
    deaf: bool,
    mistake: Option<Mistake>,
    /// How many connections showed it the board.
    lives: u32,
    rng: Rng,
    conn: Option<ConnId>,
    joined: bool,
    seq: u64,
    pending: Vec<Edit>,
}

impl Client {
    pub(super) fn new(boot: Boot<'_, Board>) -> Self {
        let tab = boot.peers.iter().find(|peer| peer.same_device).map(|peer| peer.id);
        let server = boot.peers.iter().find(|peer| peer.role == Role::Server);
        Self {
            me: boot.me,
            tab,
            server: server.expect("a case with a server").id,
            deaf: boot.config.deaf,
            mistake: boot.config.mistake,
            lives: 0,
            rng: boot.rng,
            conn: None,
            joined: false,
            seq: 0,
            pending: Vec::new(),
        }
    }
    fn dial(&mut self, now: Now, out: &mut Outbox<Board>) {
        let conn = out.dial(self.server, format!("client {}", self.me));
        self.conn = Some(conn);
        out.show_connection(Connection::Reconnecting);
        out.timer(Timer::Silence(conn), now.mono + SILENCE);
    }
    fn is_deaf_to_silence(&self) -> bool {
        self.mistake == Some(Mistake::DeafToSilence) && self.lives > 1
    }
    fn lost(&mut self, now: Mono, out: &mut Outbox<Board>) {
        if let Some(conn) = self.conn.take() {
            out.cancel(Timer::Silence(conn));
        }
        self.joined = false;
        out.show_connection(Connection::Reconnecting);
        let delay = self.rng.span(Span::millis(300), Span::millis(900));
        out.timer(Timer::Retry, now + delay);
    }
    fn whole(
        &mut self,
        conn: ConnId,
        seq: u64,
        fields: &[(Field, Value)],
        out: &mut Outbox<Board>,
    ) {
        if self.seq > 0 {
            out.mark("resync");
        }
        if self.joined && seq < self.seq {
            return;
        }
        self.lives += u32::from(!self.joined);
        (self.joined, self.seq) = (true, seq);
        let content = fields.iter().map(|(field, value)| Change::set(*field, *value));
        out.show_whole(BOARD, Position::new(1, seq), 0, content);
        out.show_connection(Connection::Live);
        if self.is_deaf_to_silence() {
            out.cancel(Timer::Silence(conn));
        }
        for edit in &self.pending {
            out.send(conn, Message::Set(*edit)).whatever();
        }
    }
    fn op(&mut self, now: Now, op: OpId, operation: &Op, out: &mut Outbox<Board>) {
        match operation {
            Op::Set(field) => {
                let edit = Edit { op, author: self.me, field: *field, value: value(op) };
                self.pending.push(edit);
                out.show_op(op, OpState::Pending);
                if let Some(conn) = self.conn.filter(|_| self.joined) {
                    out.send(conn, Message::Set(edit)).whatever();
                }
            }
            Op::Whisper => {
                if let Some(tab) = self.tab {
                    out.cast(tab, Message::Whisper(op));
                }
            }
            Op::Leave => {
                if let Some(conn) = self.conn.take() {
                    out.close(conn, 4001, "bye");
                    out.cancel(Timer::Silence(conn));
                }
                out.show_connection(Connection::Closed);
            }
            Op::Trip => panic!("Bob tripped"),
            Op::Spin => out.timer(Timer::Spin, now.mono),
        }
    }
}

impl Node<Board> for Client {
    fn on_event(&mut self, now: Now, event: Event<'_, Board>, out: &mut Outbox<Board>) {
        if event.conn().is_some_and(|conn| self.conn != Some(conn)) {
            return;
        }
        if let Event::Message(conn, _) = event
            && !self.is_deaf_to_silence()
        {
            out.timer(Timer::Silence(conn), now.mono + SILENCE);
        }
        match event {
            Event::Refused(conn, Refusal::Status(_))
                if self.lives > 0 && self.mistake == Some(Mistake::GivesUp) =>
            {
                out.cancel(Timer::Silence(conn));
            }
            Event::Start => self.dial(now, out),
            Event::Op(id, op) => self.op(now, id, op, out),
            Event::Opened(conn) => out.send(conn, Message::Join).whatever(),
            Event::Message(conn, Message::Whole(seq, fields)) => {
                self.whole(conn, *seq, fields, out);
            }
            Event::Message(conn, Message::Event(seq, edit)) if self.joined => {
                if *seq > self.seq + 1 {
                    return out.send(conn, Message::Join).whatever();
                }
                if *seq <= self.seq {
                    return;
                }
                self.seq = *seq;
                let change = Change::set(edit.field, edit.value);
                let shown = (!self.deaf || seq % 3 != 0).then_some(change);
                out.show_changes(BOARD, Position::new(1, *seq), 0, shown);
            }
            Event::Message(_, Message::Saved(op)) => {
                self.pending.retain(|edit| edit.op != *op);
                out.show_op(*op, OpState::Saved);
            }
            Event::Message(conn, Message::Ping) => out.send(conn, Message::Pong).whatever(),
            Event::Timer(Timer::Silence(conn)) if self.conn == Some(conn) => {
                out.close(conn, 4000, "silent");
                self.lost(now.mono, out);
            }
            Event::Timer(Timer::Retry) => self.dial(now, out),
            Event::Timer(Timer::Spin) => out.timer(Timer::Spin, now.mono),
            Event::Refused(_, Refusal::Status(_))
                if self.lives > 0 && self.mistake == Some(Mistake::DropsWaiting) =>
            {
                self.pending.clear();
                self.lost(now.mono, out);
            }
            Event::Refused(..) | Event::Closed(..) => self.lost(now.mono, out),
            _ => {}
        }
    }
}
