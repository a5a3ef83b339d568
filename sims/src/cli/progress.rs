//! Progress on a terminal, nothing in a pipe; and a word on runs that take too long.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use wavetank::explore::Watchdog;

use crate::audit::Progress;

/// A run takes milliseconds. One that takes this long most likely never ends.
const LATE: Duration = Duration::from_secs(60);

/// Says on standard error which runs take too long, until it is dropped.
pub(super) fn watch() -> Watchdog {
    Bar(ProgressBar::hidden()).watch()
}

/// A progress bar on standard error, if that is a terminal.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Self {
        let bar = if std::io::stderr().is_terminal() {
            ProgressBar::new(0)
        } else {
            ProgressBar::hidden()
        };
        let template = "{msg:28} {wide_bar} {pos}/{len} runs, {per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub(super) fn show(&self, progress: Progress) {
        match progress {
            Progress::Campaign(round, runs) => {
                self.0.set_length(runs);
                self.0.set_position(0);
                self.0.set_message(match round {
                    0 => "running all scenarios".to_owned(),
                    round => format!("again, {round} times mended"),
                });
            }
            Progress::Rechecking(runs) => {
                self.0.set_length(runs);
                self.0.set_position(0);
                self.0.set_message("some of them again");
            }
            Progress::Run => self.0.inc(1),
            Progress::Searching(_) => self.0.set_message("looking for causes"),
        }
    }

    /// Says so above the bar when a run takes too long.
    pub(super) fn watch(&self) -> Watchdog {
        let bar = self.0.clone();
        Watchdog::new(LATE, move |late| {
            bar.suspend(|| {
                let _ = writeln!(anstream::stderr(), "{late}");
            });
        })
    }

    pub(super) fn done(&self) {
        self.0.finish_and_clear();
    }
}
