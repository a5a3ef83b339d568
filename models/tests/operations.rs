//! What operators and other teams are given says what the code does.

#[path = "../../tests/renewing/mod.rs"]
mod renewing;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wavetank::engine::{NodeSpec, Topology};
use wavetank::explore::{Case, run_recorded};
use wavetank::fault::{ConnectionFault, Fault, FaultKind, Plan};
use wavetank::history::{Change, Changes, Connection, Observation, Position, metrics};
use wavetank::id::{NodeId, OpId, StoreId, Topic};
use wavetank::protocol::{Credential, Protocol};
use wavetank::time::{Span, Time, Wall};
use wavetank_models::between::Between;
use wavetank_models::document::{self, Attribute};
use wavetank_models::message::{
    Account, FORBIDDEN, Message, Notice, Part, Since, UNREADABLE, Word,
};
use wavetank_models::store::{Commit, Edit, Event, Manner, Seen};
use wavetank_models::{Config, DocSync, Role, catalogue, flaws};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("operations").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The line below which a document is written by hand, if it has one.
const BY_HAND: &str = "\n<!-- From here on written by hand. -->\n";

/// Holds a document against what it must say, above what is written by hand. `WAVETANK_RENEW=1`
/// writes it.
fn documented(name: &str, now: &str) {
    let there = text(name);
    let by_hand = there.find(BY_HAND).map_or("", |begin| &there[begin..]);
    let now = format!("{now}{by_hand}");
    if renewing::is_renewing() {
        std::fs::write(path(name), &now).expect("a file that can be written");
    }
    assert_eq!(text(name), now, "{name} is out of date; WAVETANK_RENEW=1 writes it anew");
}

/// The words of a text that begin like this.
fn words<'a>(text: &'a str, prefix: &'a str) -> BTreeSet<&'a str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
        .filter(|word| word.starts_with(prefix))
        .collect()
}

#[test]
fn the_dashboard_draws_every_metric_and_alert_and_nothing_else() {
    let text = text("dashboard.json");
    let value: serde_json::Value = serde_json::from_str(&text).expect("Grafana imports JSON");
    let panels = value["panels"].as_array().expect("a dashboard has panels");
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64()).collect();
    assert!(panels.len() >= 5 && ids.len() == panels.len());
    for panel in panels {
        assert!(panel["targets"].as_array().is_some_and(|all| !all.is_empty()), "{panel}");
    }
    let known: BTreeSet<&str> = metrics::METRICS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(words(&text, "websocket_"), known);
    for (alert, _) in metrics::ALERTS {
        assert!(text.contains(alert), "{alert}");
    }
}

/// All metrics and other names of theirs, as whoever looks for one finds it.
#[test]
fn the_metrics_are_documented_with_their_other_names() {
    let names: BTreeSet<&str> = metrics::METRICS.iter().map(|(name, ..)| *name).collect();
    let mut page =
        "# Metrics\n\nWhat each node of the reference gives a sample of at each scrape, \
                    where it is watched.\n\n| metric | label | what it is |\n|---|---|---|\n"
            .to_owned();
    for (name, label, about) in metrics::METRICS {
        page.push_str(&format!("| `{name}` | {label} | {about} |\n"));
    }
    page.push_str(
        "\n## Other names\n\nWhat other documents call them. Where such a name ends in seconds, the \
         metric is in milliseconds.\n\n| other name | metric |\n|---|---|\n",
    );
    let mut aliases = BTreeSet::new();
    for (alias, name) in metrics::ALIASES {
        assert!(names.contains(name), "{alias} stands for {name}, which nobody gives");
        assert!(!names.contains(alias) && aliases.insert(alias), "{alias} is taken");
        page.push_str(&format!("| `{alias}` | `{name}` |\n"));
    }
    documented("metrics.md", &page);
}

#[test]
fn the_runbook_has_a_section_for_every_alert_and_names_what_there_is() {
    let text = text("runbook.md");
    for (alert, _) in metrics::ALERTS {
        let (_, section) =
            text.split_once(&format!("\n## {alert}\n")).unwrap_or_else(|| panic!("{alert}"));
        let section = section.split("\n## ").next().unwrap_or_default();
        for word in ["**Look at**", "**Do**", "**May be**"] {
            assert!(section.contains(word), "{alert}: {word}");
        }
    }
    let known: BTreeSet<&str> = catalogue::entries().iter().map(|entry| &*entry.id).collect();
    let may_be = text.lines().filter(|line| line.starts_with("- **May be**"));
    for id in may_be.flat_map(|line| line.split('`').skip(1).step_by(2)) {
        assert!(known.contains(id), "{id} is no failure mode");
    }
}

#[test]
fn the_catalogue_names_metrics_by_the_published_prefix() {
    for entry in catalogue::entries() {
        for metric in &entry.metrics {
            assert!(words(metric, "ws_").is_empty(), "{}: {metric}", entry.id);
        }
    }
}

#[test]
fn every_wrong_way_to_do_a_step_is_a_failure_mode() {
    let entries = catalogue::entries();
    let shown = |path: &str, wrong: &str| {
        entries.iter().any(|entry| entry.knob == path && entry.patch == *wrong)
    };
    let unseen: Vec<_> = flaws::paths()
        .filter(|(path, _, wrong)| !shown(path, wrong))
        .map(|(path, _, wrong)| format!("{path} = {wrong}"))
        .collect();
    assert_eq!(unseen, [""; 0]);
}

const DOC: Topic = Topic(1);

fn changes() -> Changes {
    [Change::set(document::element(1, Attribute::Label), document::value(OpId(7)))]
        .into_iter()
        .collect()
}

fn event() -> Arc<Event> {
    Arc::new(Event {
        doc: DOC,
        position: Position::new(1, 12),
        op: OpId(7),
        author: NodeId(2),
        instance: 2 << 16,
        client_seq: 3,
        changes: changes(),
    })
}

fn commit() -> Commit {
    Commit {
        doc: DOC,
        op: OpId(7),
        author: NodeId(2),
        instance: 2 << 16,
        client_seq: 3,
        base: Some(Position::new(1, 9)),
        edit: Edit::Write(changes()),
        made: Wall::START,
        manner: Manner::default(),
    }
}

/// The messages of every connection, each once: which way it goes, what it is for, and an example.
fn messages() -> Vec<(&'static str, &'static str, Message)> {
    let (head, cursor) = (Position::new(1, 12), Position::new(1, 9));
    let subscribe =
        Message::Subscribe { doc: DOC, instance: 2 << 16, since: Since::Position(cursor) };
    let notice = Notice { id: Some(15), reply_to: OpId(7), word: Word::Done };
    let snapshot =
        Message::Snapshot { doc: DOC, at: head, seen: Seen::default(), content: changes() };
    vec![
        ("client to server", "asks for a document, first on every connection", subscribe),
        (
            "client to server",
            "asks for what is missing, on a live connection",
            Message::SyncRequest { doc: DOC, since: Since::Position(cursor) },
        ),
        (
            "server to client",
            "says where the document is",
            Message::Welcome { doc: DOC, head, version: 1 },
        ),
        ("server to client", "is the whole document", snapshot),
        (
            "server to client",
            "holds the events that were missed",
            Message::Delta { doc: DOC, to: head, events: vec![event()] },
        ),
        ("server to client", "is one event, in its place", Message::Event(event())),
        ("client to server", "asks for an edit, again until it is answered", Message::Op(commit())),
        (
            "server to client",
            "says that an edit is durable, and its place",
            Message::Ack { op: OpId(7), position: Some(head), doc: Some(DOC) },
        ),
        (
            "server to client",
            "says that an edit will not be done, and why: 403 or 409",
            Message::nack(OpId(7), DOC, FORBIDDEN),
        ),
        (
            "either to the other",
            "asks for a sign of life",
            Message::Ping { stamp: 30_000_000, doc: Some(DOC), head: Some(head) },
        ),
        (
            "either to the other",
            "answers a ping with its stamp",
            Message::Pong { stamp: 30_000_000, cursor: Some(cursor) },
        ),
        (
            "tab to tab",
            "passes on an event that was applied",
            Message::Tab { version: 1, event: event() },
        ),
        (
            "server to client",
            "tells of progress; may be left out",
            Message::Progress { doc: DOC, op: OpId(8), stage: 4 },
        ),
        ("server to client", "holds changes without a place; never sent by the reference", {
            Message::Bare(DOC, changes())
        }),
        (
            "server to client",
            "is an event of a kind that this version does not know",
            Message::Novel { doc: DOC, position: head },
        ),
        (
            "server to client",
            "is a word to the author of an edit, to be shown once",
            Message::Notice(notice),
        ),
    ]
}

/// Those of errors, parts, access, and of several documents and instances.
fn rarer_messages() -> Vec<(&'static str, &'static str, Message)> {
    let text = "{\"delta\":".to_owned();
    let to = Some(Position::new(1, 12));
    let part = Part { of: 3, doc: Some(DOC), index: 0, count: 2, snapshot: false, to, text };
    let credential = Credential { id: 4, user: NodeId(2), expires: Wall::START };
    let mail = "somebody@example.org".to_owned();
    vec![
        (
            "server to client",
            "says that something failed that is no edit, or nobody knows which",
            Message::error(UNREADABLE, Some(DOC)),
        ),
        ("server to client", "is one event, in the form of version 2", Message::Packed(event())),
        ("server to client", "is a part of a snapshot or of a delta", Message::Part(part)),
        ("client to server", "says that a part has come", Message::Got),
        (
            "either to the other",
            "says that somebody points at something; may be left out",
            Message::Pointer { doc: DOC, op: OpId(9) },
        ),
        ("client to server", "shows who is there", Message::Credential(credential)),
        (
            "server to client",
            "says that an edit, or a question, came too soon",
            Message::Later { doc: DOC, op: Some(OpId(7)), retry_after: Span::secs(5), head: None },
        ),
        ("client to server", "asks for no more of a document", Message::Unsubscribe { doc: DOC }),
        (
            "instance to instance",
            "tells of an event that will outlive a crash",
            Message::Published(event()),
        ),
        (
            "server to client",
            "is one event, with the account of its author; never sent by the reference",
            Message::Authored(event(), Box::new(Account { credential, mail })),
        ),
        (
            "server to client",
            "says that an edit is not done, and what was thrown; never sent by the reference",
            Message::Failed { op: OpId(7), code: FORBIDDEN, text: "cannot write".to_owned() },
        ),
        ("tab to tab", "asks for a document, holds one, or says where its sender is", {
            let said = Box::new(Between::Ask { doc: DOC, since: to });
            Message::Between { version: 1, said }
        }),
    ]
}

/// How many messages there are. Whoever adds one is told here by the compiler.
const fn count(message: &Message) -> usize {
    match message {
        Message::Subscribe { .. }
        | Message::SyncRequest { .. }
        | Message::Welcome { .. }
        | Message::Snapshot { .. }
        | Message::Delta { .. }
        | Message::Event(_)
        | Message::Op(_)
        | Message::Ack { .. }
        | Message::Nack { .. }
        | Message::Ping { .. }
        | Message::Pong { .. }
        | Message::Tab { .. }
        | Message::Progress { .. }
        | Message::Bare(..)
        | Message::Novel { .. }
        | Message::Notice(_)
        | Message::Error { .. }
        | Message::Packed(_)
        | Message::Part(_)
        | Message::Got
        | Message::Pointer { .. }
        | Message::Credential(_)
        | Message::Later { .. }
        | Message::Unsubscribe { .. }
        | Message::Published(_)
        | Message::Authored(..)
        | Message::Failed { .. }
        | Message::Between { .. } => 28,
    }
}

#[test]
fn the_messages_are_documented_as_they_are() {
    let mut page = "# Messages\n\nEach is one JSON text in one WebSocket message. A place in the \
                    order is an epoch and a number;\na field is a number, and so is a value. An \
                    example of each:\n"
        .to_owned();
    let messages = [messages(), rarer_messages()].concat();
    assert_eq!(messages.len(), count(&messages[0].2));
    let mut names = BTreeSet::new();
    for (way, about, message) in &messages {
        let value = serde_json::to_value(message).expect("messages are JSON");
        let first = value.as_object().and_then(|map| map.keys().next());
        let name = first.map(String::as_str).or(value.as_str()).expect("its name").to_owned();
        let kind = DocSync::meaning(message).kind.word();
        let example = serde_json::to_string_pretty(&value).expect("messages are JSON");
        let back: Message = serde_json::from_value(value).expect("what is written can be read");
        assert_eq!(back, *message);
        page.push_str(&format!(
            "\n## {name}\n\nFrom {way}: it {about}. Counted as `{kind}`.\n\n```json\n{example}\n```\n"
        ));
        assert!(names.insert(name), "twice");
    }
    documented("messages.md", &page);
}

/// Each close code, what it means, and who says it.
const CODES: [(u16, &str, &str); 17] = [
    (1000, "the session is over, or the page goes away", "either"),
    (1001, "the server goes away", "server"),
    (1003, "there is no version of the protocol that both speak", "either"),
    (1006, "no close frame came; never sent", "nobody"),
    (1008, "a rule was broken", "server"),
    (1009, "a message was too large", "either"),
    (1011, "a handler failed", "server"),
    (1012, "the server restarts", "server"),
    (1013, "the client is too slow, or the server has too much to do", "server"),
    (3000, "anything else that is registered", "server"),
    (4000, "a newer connection of the same client has taken its place", "server"),
    (4001, "the credential is not good (an older form of 4401)", "server"),
    (4003, "too many connections", "server"),
    (4401, "the credential is not good", "server"),
    (4408, "nothing was heard for 40 s", "either"),
    (4409, "an answer did not come", "client"),
    (4999, "any other code", "server"),
];

/// The word for a state of the connection.
fn state(shown: Connection) -> String {
    let word = serde_json::to_value(shown).expect("JSON");
    word.as_str().expect("a word").to_owned()
}

/// What a client shows whose connection ends with a code, and when it dials again, if it does.
fn comes_of(code: u16) -> (Connection, Option<Span>) {
    let (server, client) = (NodeId(0), NodeId(1));
    let nodes = vec![
        NodeSpec::new(server, Role::Server).with_store(StoreId(1)),
        NodeSpec::new(client, Role::Browser),
    ];
    let topology = Topology { nodes, stores: vec![StoreId(1)] };
    let case: Case<DocSync> = Case::new(topology, Config::default());
    let ends = Time::from_micros(20_000_000);
    let close = ConnectionFault::Close(client, server, code);
    let plan = Plan::new(vec![Fault::at(ends, FaultKind::Connection(close))]);
    let horizon = Time::from_micros(60_000_000);
    let (_, recording) = run_recorded(&Case { plan, horizon, ..case });
    let later = || recording.history.iter().filter(|one| one.at > ends);
    let shows = |what: &Observation| match what {
        Observation::ShownStatus(status) => Some(status.connection),
        _ => None,
    };
    let shown = later().find_map(|one| shows(&one.what)).expect("it shows that it ended");
    let mut dials = later().filter(|one| matches!(one.what, Observation::Dialled { .. }));
    (shown, dials.next().map(|one| one.at.since(ends)))
}

#[test]
fn the_close_codes_are_documented_with_what_a_client_does() {
    let mut page =
        "# Close codes\n\nWhat a client of the reference does that is told of the end of \
                    its connection with a code.\n\n| code | meaning | sent by | the client | \
                    the page shows |\n|---|---|---|---|---|\n"
            .to_owned();
    for (code, meaning, by) in CODES {
        let (shown, again) = comes_of(code);
        let does = match again {
            None => "stays away until the person acts",
            Some(after) if after > Span::millis(1_500) => "comes back after twice the usual delay",
            Some(_) => "comes back after the usual delay",
        };
        let shown = state(shown);
        page.push_str(&format!("| {code} | {meaning} | {by} | {does} | `{shown}` |\n"));
    }
    documented("close-codes.md", &page);
    let rows = text("close-codes.md");
    let told = |shown: Connection| rows.contains(&format!("\n| `{}` | ", state(shown)));
    assert!(CODES.iter().all(|(code, ..)| told(comes_of(*code).0)), "a state without a text");
}
