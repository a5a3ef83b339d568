//! Progress on a terminal, nothing in a pipe; and a word on runs that take too long.

use std::cell::OnceCell;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use crate::explore::{SweepProgress, Watchdog};
use indicatif::{ProgressBar, ProgressStyle};

/// A run takes milliseconds. One that takes this long most likely never ends.
const LATE: Duration = Duration::from_secs(60);

/// Says on standard error which runs take too long, until it is dropped.
pub(super) fn watch() -> Watchdog {
    Bar(ProgressBar::hidden()).watch()
}

/// A progress bar on standard error, if that is a terminal.
pub struct Bar(ProgressBar);

impl Default for Bar {
    fn default() -> Self {
        Self::new()
    }
}

impl Bar {
    /// A bar that counts runs.
    pub fn new() -> Self {
        let bar = if std::io::stderr().is_terminal() {
            ProgressBar::new(0)
        } else {
            ProgressBar::hidden()
        };
        Self(bar).styled("{msg:28} {wide_bar} {pos}/{len} runs, {per_sec}, {eta} left")
    }

    /// A bar that counts something else.
    pub fn of(what: &str) -> Self {
        Self::new().styled(&format!("{{msg:28}} {{wide_bar}} {{pos}}/{{len}} {what}, {{elapsed}}"))
    }

    pub(super) fn styled(self, template: &str) -> Self {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
        self
    }

    /// Begins to count `of` steps, called `what`.
    pub fn begin(&self, what: impl Into<String>, of: u64) {
        self.0.set_length(of);
        self.0.set_position(0);
        self.0.set_message(what.into());
    }

    /// One more step is done.
    pub fn step(&self) {
        self.0.inc(1);
    }

    /// Says what is being done.
    pub fn say(&self, what: impl Into<String>) {
        self.0.set_message(what.into());
    }

    /// Says where it is, unless nobody sees it.
    pub(super) fn tell(&self, of: u64, at: u64, what: impl FnOnce() -> String) {
        if !self.0.is_hidden() {
            self.0.set_length(of);
            self.0.set_position(at);
            self.0.set_message(what());
        }
    }

    /// How long it has been there.
    pub(super) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// Says so above the bar when a run takes too long.
    pub fn watch(&self) -> Watchdog {
        let bar = self.0.clone();
        Watchdog::new(LATE, move |late| {
            bar.suspend(|| {
                let _ = writeln!(anstream::stderr(), "{late}");
            });
        })
    }

    /// Takes the bar away.
    pub fn done(&self) {
        self.0.finish_and_clear();
    }
}

/// The progress of a sweep on standard error, if that is a terminal: of its runs or, where a
/// time ends it, of that time.
pub(super) struct SweepBar {
    bar: Bar,
    time: Option<Duration>,
    /// The runs that were done before this process began.
    before: OnceCell<u64>,
}

impl SweepBar {
    pub(super) fn new(time: Option<Duration>) -> Self {
        let bar = Bar::new().styled("{wide_bar} {msg}, {eta} left");
        bar.0.set_message("the first run");
        if let Some(time) = time {
            bar.0.set_length(time.as_millis() as u64);
        }
        Self { bar, time, before: OnceCell::new() }
    }

    pub(super) fn show(&self, progress: &SweepProgress) {
        let SweepProgress { done, of, events, findings, marks, marks_of } = *progress;
        let bar = &self.bar.0;
        let elapsed = bar.elapsed();
        match of {
            Some(of) => {
                bar.set_length(of);
                bar.set_position(done);
            }
            None => bar.set_position(elapsed.min(self.time.unwrap_or_default()).as_millis() as u64),
        }
        let before = *self.before.get_or_init(|| {
            // What an earlier process did says nothing about how quick this one is.
            bar.reset_eta();
            done
        });
        let rate = u128::from(done - before) * 1000 / elapsed.as_millis().max(1);
        let of = of.map_or_else(String::new, |of| format!("/{of}"));
        bar.set_message(format!(
            "{done}{of} runs, {rate}/s, {events} events, {marks}/{marks_of} marks, \
             {findings} findings"
        ));
    }

    /// Says so above the bar when a run takes too long.
    pub(super) fn watch(&self) -> Watchdog {
        self.bar.watch()
    }

    pub(super) fn done(&self) {
        self.bar.done();
    }
}
