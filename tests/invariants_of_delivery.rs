//! What is said of transfers, of updates that belong together, and of words that have no place in
//! the order, broken and held.

mod told;

use told::{CLIENT, Happened, SERVER, Told, conn, op, position};
use wavetank::history::{
    Change, Changes, Connection, Initiator, Kind, Life, Meaning, Observation, Path, Reading, Side,
    Value,
};
use wavetank::id::{Field, Topic};
use wavetank::time::{Span, Time};

const TITLE: Field = Field(1);
const PLACE: Field = Field(2);

fn shown(seq: u64, whole: bool, changes: &[Change]) -> Observation {
    let (topic, position, changes) = (Topic(1), position(seq), changes.iter().copied().collect());
    Observation::ShownContent(Reading { topic, position, part: 0, pending: 0, whole, changes })
}

fn all(value: u64) -> Changes {
    [TITLE, PLACE].into_iter().map(|field| Change::set(field, Value::new(value))).collect()
}

#[test]
fn what_was_done_in_one_piece_is_shown_in_one_piece() {
    let told = Told::of("atomic-apply");
    let page = |seen: &[Observation]| {
        let stored = [(0, SERVER, Told::stored(1, all(7))), (1, SERVER, Told::stored(2, all(8)))];
        let seen = seen.iter().cloned().zip(10..);
        let seen = seen.map(|(what, at)| (at, CLIENT, what));
        told.broken(stored.into_iter().chain(seen).collect())
    };
    let [title, place] = [TITLE, PLACE].map(|field| Change::set(field, Value::new(8)));
    let first = shown(1, true, &all(7));
    assert!(!page(&[first.clone(), shown(2, false, &[title, place])]));
    assert!(page(&[first.clone(), shown(2, false, &[title])]));
    assert!(page(&[first.clone(), shown(2, false, &[place]), shown(2, false, &[title])]));
    let half = [title, Change::set(PLACE, Value::new(7))];
    assert!(page(&[first.clone(), shown(2, true, &half)]));
    // Nothing of it is shown, which is another matter.
    assert!(!page(&[first, shown(2, false, &[])]));
    // What was shown before is not known.
    assert!(!page(&[shown(2, false, &[title])]));
}

#[test]
fn what_a_later_event_wrote_need_not_be_shown_first() {
    let told = Told::of("atomic-apply");
    let moved = Changes::from_iter([Change::set(PLACE, Value::new(9))]);
    let both = [Change::set(TITLE, Value::new(8)), Change::set(PLACE, Value::new(9))];
    let page = |last: &[Change]| {
        told.broken(vec![
            (0, SERVER, Told::stored(1, all(7))),
            (1, SERVER, Told::stored(2, all(8))),
            (2, SERVER, Told::stored(3, moved.clone())),
            (3, CLIENT, shown(1, true, &all(7))),
            (4, CLIENT, shown(3, false, last)),
        ])
    };
    assert!(!page(&both));
    assert!(page(&both[..1]));
}

#[test]
fn what_an_old_connection_brought_is_not_taken_in_on_a_new_one() {
    let told = Told::of("current-generation-only");
    let opened = |number| Observation::Opened { conn: conn(number), side: Side::Dialler };
    let event = |number, seq| {
        let meaning = Meaning::of(Kind::Event).topic(Topic(1)).position(position(seq));
        Observation::Delivered { conn: conn(number), side: Side::Dialler, meaning }
    };
    let page = |seen: &[Observation]| {
        let begins = [Told::dialled(1), opened(1), event(1, 1), shown(1, true, &[]), event(1, 2)];
        let seen = begins.iter().chain(seen).cloned().zip(0..);
        told.broken(seen.map(|(what, at)| (at, CLIENT, what)).collect())
    };
    let news = shown(2, false, &[]);
    assert!(!page(std::slice::from_ref(&news)));
    assert!(page(&[Told::dialled(2), opened(2), news.clone()]));
    // It has come again, or had been shown before, or is about to be left.
    assert!(!page(&[Told::dialled(2), opened(2), event(2, 2), news.clone()]));
    assert!(!page(&[news.clone(), Told::dialled(2), opened(2), news.clone()]));
    assert!(!page(&[Told::dialled(2), news]));
}

/// A server sends something long on a connection that ends for silence 45 seconds later.
fn transfer(until: u64, between: &[Happened], by: Side) -> Vec<Happened> {
    let conn = conn(1);
    let ping = || Meaning::of(Kind::Ping).stamp(1);
    let until = Time::ZERO + Span::secs(until);
    let mut all = vec![
        (0, SERVER, Observation::Link { to: CLIENT, path: Path::Up }),
        (0, CLIENT, Told::dialled(1)),
        (1, SERVER, Observation::Opened { conn, side: Side::Acceptor }),
        (2, CLIENT, Observation::Opened { conn, side: Side::Dialler }),
        (3, CLIENT, Told::status(Connection::Live)),
        (4, SERVER, Observation::Carrying { conn, side: Side::Acceptor, until }),
        (5, SERVER, Observation::Sent { conn, side: Side::Acceptor, live: true, meaning: ping() }),
    ];
    all.extend_from_slice(between);
    let node = if by == Side::Dialler { CLIENT } else { SERVER };
    let ended = Observation::Closed { conn, side: by, code: 4408, by: Initiator::Local };
    all.push((45_000, node, ended));
    all
}

#[test]
fn a_connection_is_not_ended_for_silence_while_a_message_is_under_way() {
    let told = Told::of("hb-no-false-positive");
    for by in [Side::Dialler, Side::Acceptor] {
        assert!(told.broken(transfer(90, &[], by)));
        assert!(!told.broken(transfer(40, &[], by)));
        // The path is no longer what it was, or there is nobody to be heard.
        let cut = Observation::Link { to: CLIENT, path: Path::Down };
        assert!(!told.broken(transfer(90, &[(20_000, SERVER, cut)], by)));
        let peer = if by == Side::Dialler { SERVER } else { CLIENT };
        let hangs = Observation::Node(Life::Paused);
        assert!(!told.broken(transfer(90, &[(20_000, peer, hangs)], by)));
    }
}

#[test]
fn a_word_that_came_is_shown_within_a_second() {
    let told = Told::of("no-lost-event");
    let word = |at, id| {
        let meaning = Meaning::of(Kind::Notice).op(Some(op(1))).stamp(id);
        let delivered = Observation::Delivered { conn: conn(1), side: Side::Dialler, meaning };
        (at, CLIENT, delivered)
    };
    let shows = |at| {
        let (class, op) = ("edit".into(), Some(op(1)));
        (at, CLIENT, Observation::ShownNotice { class, code: 0, op, on: true })
    };
    let life = |at, life| (at, CLIENT, Observation::Node(life));
    let page = |seen: &[Happened]| {
        let until = (9_000, CLIENT, shown(1, true, &[]));
        told.broken([&[life(0, Life::Started)], seen, &[until]].concat())
    };
    assert!(!page(&[word(100, 7), shows(900)]));
    assert!(page(&[word(100, 7), shows(1_200)]));
    // The same word again is the same word, and another is another.
    assert!(!page(&[word(100, 7), shows(200), word(300, 7)]));
    assert!(page(&[word(100, 7), shows(200), word(300, 8)]));
    // Whoever hangs cannot show anything, nor can who is gone.
    assert!(!page(&[word(100, 7), life(200, Life::Paused)]));
    assert!(!page(&[word(100, 7), life(200, Life::Crashed)]));
}

#[test]
fn what_is_told_in_passing_is_shown_as_it_was_told_and_not_for_ever() {
    let told = Told::of("ephemeral-truthful");
    let progress = |at, value| {
        let meaning = Meaning::of(Kind::Ephemeral).topic(Topic(1)).stamp(value);
        (at, CLIENT, Observation::Delivered { conn: conn(1), side: Side::Dialler, meaning })
    };
    let beside = |at, value: Option<u64>| {
        let change =
            value.map_or(Change::removed(TITLE), |value| Change::set(TITLE, Value::new(value)));
        let changes = [change].into_iter().collect();
        let position = position(1);
        let reading =
            Reading { topic: Topic(1), position, part: 1, pending: 0, whole: false, changes };
        (at, CLIENT, Observation::ShownContent(reading))
    };
    let page = |seen: &[Happened]| {
        let begins = (0, CLIENT, Observation::Node(Life::Started));
        let until = (60_000, CLIENT, shown(1, true, &[]));
        told.broken([&[begins], seen, &[until]].concat())
    };
    let expiry = 10_000;
    assert!(!page(&[progress(100, 3), beside(100, Some(3)), beside(expiry, None)]));
    // It counts by itself.
    assert!(page(&[progress(100, 3), beside(100, Some(4)), beside(expiry, None)]));
    assert!(page(&[progress(100, 3), beside(100, Some(3)), beside(3 * expiry, None)]));
    // Each time that it is told, it lasts as long again.
    let again = [progress(100, 3), beside(100, Some(3)), progress(expiry - 100, 5)];
    let shows = [beside(expiry - 100, Some(5)), beside(2 * expiry - 200, None)];
    assert!(!page(&[&again[..], &shows[..]].concat()));
}
