//! A small protocol to try the invariants of connections with: clients keep a line to a server,
//! which counts, and tells them how far it has come. Each client, or the server, has one habit.

mod client;
pub(crate) mod trouble;

use serde::{Deserialize, Serialize};
use wavetank::history::{Changes, Kind, Meaning, Position, Request as Sort, Write};
use wavetank::id::{ConnId, NodeId, OpId, Topic};
use wavetank::invariant::Judged;
use wavetank::protocol::{Boot, Conns, Event, Node, Outbox, Protocol, Store};
use wavetank::time::{Mono, Now, Span};

use client::Client;

/// What is counted.
pub(crate) const COUNT: Topic = Topic(1);
/// The code of a connection that was ended for silence.
pub(crate) const SILENT: u16 = 4408;

/// The protocol.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Phone;

/// What a node does otherwise than it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Habit {
    /// Nothing.
    Good,
    /// The client says goodbye on a connection that has ended.
    TalksAfterClose,
    /// The client keeps its old connection when it dials a new one.
    DialsTwice,
    /// The client goes on as if its device had said nothing of being offline.
    IgnoresOffline,
    /// The client waits for an answer to its dial for ever.
    NeverHangsUp,
    /// The client shows `live` while it reconnects.
    ShowsLive,
    /// The client never marks content as old.
    NeverStale,
    /// The client shows the present as the time of its last sync.
    SyncedByGuess,
    /// The client leaves pings unanswered.
    NoPong,
    /// The server sends a ping only every minute.
    SlowPing,
    /// The client tries again whatever it was told.
    RetriesAlways,
    /// The client always waits for three seconds.
    FixedDelay,
    /// The client's delays are exact.
    NoJitter,
    /// The client never tells that connecting failed.
    NeverGivesUp,
    /// The client lets its timer run when its device is online again.
    IgnoresOnline,
    /// The client greets eight seconds after its connection opened.
    LateHello,
    /// The client remembers all that it ever saw.
    KeepsAll,
    /// The client takes a new connection whenever the page is drawn.
    RedialsOnDraw,
    /// The client lets go of its connection without closing it when the page goes away.
    ForgetsOnLeave,
    /// The client never tries again.
    GivesUp,
    /// The client does not mind silence.
    NeverListens,
    /// The client takes any number of words.
    Hoards,
    /// The client does not mind the retry button once it has given up.
    IgnoresRetry,
    /// The client shows `reconnecting` whenever the page is drawn.
    LosesHeart,
    /// The client dials again when its person wanted no connection.
    ComesUninvited,
    /// The client dials again when its page went away.
    Haunts,
    /// The client keeps its old connection when it dials a new one, and listens to it.
    HearsOld,
    /// The client says hello on its first connection only, and asks for the count on others.
    GreetsOnce,
    /// The client shows nothing of words that it cannot send.
    Swallows,
    /// The client takes words whatever the application demands.
    AlwaysTakes,
    /// The client says that it takes words whatever the application demands.
    AlwaysInviting,
    /// The client draws the count only when the page is drawn anew.
    DrawsLate,
    /// The client asks for the count whenever the page is drawn.
    AsksOnDraw,
    /// The client has the same to say of every end of a connection.
    OneNotice,
}

/// The kinds of node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Role {
    Server,
    Client,
}

/// What is asked of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Op {
    /// The server counts one.
    Count,
    /// The server ends all connections with this code.
    HangUp(u16),
    /// The person says something.
    Say,
    Leave,
    Enter,
    Retry,
    Draw,
    Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Message {
    Hello,
    Welcome(Position),
    Whole(Position),
    Counted(Position),
    Ping(u64, Position),
    Pong(u64),
    Say(OpId),
    Heard(OpId),
    /// What was missed since there.
    Ask(Option<Position>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Timer {
    Retry,
    Limit,
    Stable,
    Silence,
    Hello,
    Ping(ConnId),
    Deadline(ConnId),
}

/// Nothing is kept.
#[derive(Clone, Default)]
pub(crate) struct Nothing;

impl Store for Nothing {
    type Request = ();
    type Reply = ();
    fn apply(&mut self, (): ()) {}
    fn restored(&mut self, _lineage: u32) {}
}

impl Protocol for Phone {
    const NAME: &'static str = "phone";
    type Message = Message;
    type Op = Op;
    type Hello = ();
    type Config = Habit;
    type Role = Role;
    type Timer = Timer;
    type Task = ();
    type Store = Nothing;
    type Server = Server;
    type Client = Client;

    fn serves(role: Role) -> bool {
        role == Role::Server
    }
    fn server(boot: Boot<'_, Self>) -> Server {
        let slow = **boot.config == Habit::SlowPing;
        let interval = if slow { Span::secs(60) } else { boot.objectives.heartbeat_interval };
        Server {
            interval,
            patience: interval + boot.objectives.heartbeat_timeout,
            count: Position::new(boot.incarnation + 1, 0),
            lines: Conns::default(),
        }
    }
    fn client(boot: Boot<'_, Self>) -> Client {
        Client::new(boot)
    }
    fn size(_message: &Message) -> u32 {
        24
    }
    fn meaning(message: &Message) -> Meaning {
        let of = |kind| Meaning::of(kind).topic(COUNT);
        match message {
            Message::Hello => of(Kind::Hello),
            Message::Welcome(head) => of(Kind::Welcome).position(*head),
            Message::Whole(at) => of(Kind::Snapshot).position(*at),
            Message::Counted(at) => of(Kind::Event).position(*at),
            Message::Ping(stamp, head) => of(Kind::Ping).position(*head).stamp(*stamp),
            Message::Pong(stamp) => of(Kind::Pong).stamp(*stamp),
            Message::Say(op) => of(Kind::Op).op(Some(*op)),
            Message::Heard(op) => of(Kind::Ack).op(Some(*op)),
            Message::Ask(since) => Meaning { cursor: *since, ..of(Kind::SyncRequest) },
        }
    }
    fn request(_op: OpId, operation: &Op) -> (Sort, Changes) {
        let sort = match operation {
            Op::Count => Sort::Produce,
            Op::HangUp(_) => Sort::Shutdown,
            Op::Say => Sort::Edit,
            Op::Leave => Sort::Unmount,
            Op::Enter => Sort::Mount,
            Op::Retry => Sort::Retry,
            Op::Draw => Sort::Rerender,
            Op::Part => Sort::Disconnect,
        };
        (sort, Changes::new())
    }
    fn write(_request: &(), _reply: &()) -> Option<Write> {
        None
    }
}

impl Judged for Phone {}

/// What the server keeps of a connection.
struct Line {
    greeted: bool,
    heard: Mono,
    pinged: u64,
}

/// Counts, and tells everybody.
pub(crate) struct Server {
    interval: Span,
    patience: Span,
    count: Position,
    lines: Conns<Line>,
}

impl Server {
    fn message(&mut self, now: Now, conn: ConnId, message: Message, out: &mut Outbox<Phone>) {
        let Some(line) = self.lines.get_mut(conn) else { return };
        match message {
            Message::Pong(stamp) if stamp != line.pinged => return,
            Message::Hello | Message::Ask(_) => {
                line.greeted = true;
                out.send(conn, Message::Welcome(self.count)).whatever();
                out.send(conn, Message::Whole(self.count)).whatever();
            }
            Message::Say(op) => out.send(conn, Message::Heard(op)).whatever(),
            _ => {}
        }
        line.heard = now.mono;
    }

    fn hang_up(&mut self, conn: ConnId, code: u16, out: &mut Outbox<Phone>) {
        out.close(conn, code, "the server hangs up");
        self.forget(conn, out);
    }

    fn forget(&mut self, conn: ConnId, out: &mut Outbox<Phone>) {
        self.lines.remove(conn);
        out.cancel(Timer::Ping(conn));
        out.cancel(Timer::Deadline(conn));
    }
}

impl Node<Phone> for Server {
    fn on_event(&mut self, now: Now, event: Event<'_, Phone>, out: &mut Outbox<Phone>) {
        match event {
            Event::Accepted(conn, ()) => {
                self.lines.insert(conn, Line { greeted: false, heard: now.mono, pinged: 0 });
                out.timer(Timer::Ping(conn), now.mono + self.interval);
                out.timer(Timer::Deadline(conn), now.mono + self.patience);
            }
            Event::Message(conn, message) => self.message(now, conn, *message, out),
            Event::Closed(conn, _) => self.forget(conn, out),
            Event::Op(_, Op::Count) => {
                self.count = self.count.next();
                let greeted = self.lines.iter().filter(|(_, line)| line.greeted);
                let greeted: Vec<ConnId> = greeted.map(|(conn, _)| conn).collect();
                out.send_all(greeted, Message::Counted(self.count));
            }
            Event::Op(_, Op::HangUp(code)) => {
                let all: Vec<ConnId> = self.lines.iter().map(|(conn, _)| conn).collect();
                for conn in all {
                    self.hang_up(conn, *code, out);
                }
            }
            Event::Timer(Timer::Ping(conn)) => {
                let Some(line) = self.lines.get_mut(conn) else { return };
                line.pinged = now.mono.as_micros();
                out.send(conn, Message::Ping(line.pinged, self.count)).whatever();
                out.timer(Timer::Ping(conn), now.mono + self.interval);
            }
            Event::Timer(Timer::Deadline(conn)) => {
                let Some(line) = self.lines.get(conn) else { return };
                let limit = line.heard + self.patience;
                if now.mono < limit {
                    out.timer(Timer::Deadline(conn), limit);
                } else {
                    self.hang_up(conn, SILENT, out);
                }
            }
            _ => {}
        }
    }
}

/// The server of every case.
pub(crate) const SERVER: NodeId = NodeId(0);
