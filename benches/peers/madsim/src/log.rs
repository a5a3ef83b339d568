//! What is seen of a run: the property, a digest, and counts.

use std::sync::{Arc, Mutex};

use wavetank::digest::Digester;
use wavetank_sims::w::{Gapless, Message};

/// What is seen of a run, by all nodes.
#[derive(Default)]
pub struct Log {
    gapless: Gapless,
    pub digest: Digester,
    pub events: u64,
    pub joins: u64,
    pub broken: Option<String>,
}

pub type SharedLog = Arc<Mutex<Log>>;

/// Notes an event that a state machine is about to handle.
pub fn event(log: &SharedLog, host: u32, code: u64) {
    let mut log = log.lock().expect("nobody panicked");
    log.note(host, code);
}

/// Notes a message that a state machine is about to handle.
pub fn message(log: &SharedLog, host: u32, message: &Message) {
    let mut log = log.lock().expect("nobody panicked");
    log.note(host, 1);
    log.digest.value(message);
    log.joins += u64::from(matches!(message, Message::Missed(_)));
}

/// Notes what a client shows.
pub fn show(log: &SharedLog, client: u32, seq: u64) {
    let mut log = log.lock().expect("nobody panicked");
    if let Err(due) = log.gapless.show(client, seq) {
        let broken = format!("client {client} showed {seq} where {due} was due");
        log.broken.get_or_insert(broken);
    }
}

impl Log {
    fn note(&mut self, host: u32, code: u64) {
        self.events += 1;
        let at = madsim::time::TimeHandle::current().elapsed().as_micros() as u64;
        self.digest.words([at, u64::from(host), code, 0]);
    }
}
