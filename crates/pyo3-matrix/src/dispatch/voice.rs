//! How does the harness speak? Answers on standard output, progress and errors on standard error, no secret in either.
//!
//! The only place that prints: `clippy.toml` holds the code to it. On a terminal, what goes on stands below the lines; in a
//! log on GitHub, the lines of a phase are folded.

#![expect(clippy::disallowed_methods, reason = "this is the place that prints")]

mod area;
mod folds;
mod silence;

use std::io::{self, IsTerminal, Write};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::model::event::Event;
use crate::model::secrets::{self, Kind};
use crate::report::live::{Expected, Live};
use crate::report::message;
use area::Area;
use folds::Folds;
use silence::Silence;

static VOICE: LazyLock<Mutex<Voice>> = LazyLock::new(Mutex::default);

/// What stands around the lines.
#[derive(Debug, Default)]
struct Voice {
    live: Live,
    area: Area,
    /// Whether a thread draws what goes on, second by second.
    beats: bool,
    folds: Folds,
    silence: Silence,
}

/// What goes on is shown as long as this lives.
#[must_use]
pub struct Watch(());

/// Shows from here on what goes on. `expected` reads earlier runs, so it is called only where a terminal shows its answer.
pub fn watch(expected: impl FnOnce() -> Expected) -> Watch {
    // Before the voice is taken, so that others can speak meanwhile.
    let live = if area::room().is_some() { Live::of(expected()) } else { Live::default() };
    let mut voice = voice();
    voice.rest();
    voice.live = live;
    Watch(())
}

impl Drop for Watch {
    fn drop(&mut self) {
        voice().rest();
    }
}

/// An answer, for standard output. It is the end of what was going on.
pub fn answer(text: &str) -> io::Result<()> {
    let text = secrets::redacted(text);
    let text = if is_on_github(&io::stdout()) { folds::harmless(&text) } else { text };
    let _alone = at_rest();
    print(&mut anstream::stdout(), &text)
}

/// An answer that is made of GitHub's commands.
pub fn commands(text: &str) -> io::Result<()> {
    let _alone = at_rest();
    print(&mut anstream::stdout(), &secrets::redacted(text))
}

/// An answer that another program reads.
pub fn document(text: &str, kind: Kind) -> io::Result<()> {
    let _alone = at_rest();
    print(&mut anstream::stdout(), &secrets::redacted_document(text, kind))
}

/// Prints all of `text`. A reader such as `head` may go away once it has what it wants, which is no fault of the answer.
fn print(to: &mut impl Write, text: &str) -> io::Result<()> {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

/// A line of progress. It goes to standard error, so that standard output holds the answer alone.
pub fn say(line: &str) {
    voice().line(line);
}

/// What ended the harness.
pub fn fail(error: &Error) {
    // Before it is broken into lines: a secret with blanks in it would be broken too.
    let text = secrets::redacted(&error.to_string());
    // The exit code says it too.
    at_rest().line(&message::error(&text, error.hint().as_deref()));
}

/// A step of the harness: a line, or a part of what is shown of the work under way.
pub fn tell(event: &Event<'_>) {
    let (words, now) = (message::progress(event), Instant::now());
    let mut voice = voice();
    if area::room().is_some() {
        voice.live.take(event, now);
        // How far a build is stands in the area alone.
        match words.filter(|_| !matches!(event, Event::Compiling { .. })) {
            Some(words) => drop(voice.line(&words)),
            None => voice.draw_if_due(now),
        }
        return voice.beat();
    }
    let words = match event {
        Event::Compiling { id, .. } => words.filter(|_| voice.silence.is_over(&id.to_string(), now)),
        _ => words,
    };
    if let (Event::Begins(phase), true) = (event, is_on_github(&io::stderr())) {
        let begin = voice.folds.begin(&message::phase(*phase));
        raw(&begin);
    }
    if let Some(words) = words {
        let line = voice.line(&words);
        if message::is_red(event) {
            voice.folds.keep(&line);
        }
    }
}

/// Ends what is shown of the work under way, for a program that gets the terminal.
pub fn rest() {
    voice().rest();
}

/// The same where the process ends at once. Nothing is said after it.
pub fn leave() {
    // Another thread has it for as long as a line takes, but for ever where the terminal takes no more.
    for _ in 0..20 {
        let mut voice = match VOICE.try_lock() {
            Ok(voice) => voice,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                std::thread::sleep(Duration::from_millis(5));
                continue;
            }
        };
        voice.rest();
        return std::mem::forget(voice);
    }
}

fn voice() -> MutexGuard<'static, Voice> {
    VOICE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The voice, with nothing around it.
fn at_rest() -> MutexGuard<'static, Voice> {
    let mut voice = voice();
    voice.rest();
    voice
}

/// Writes what is no line of progress.
fn raw(text: &str) {
    let _ = write!(anstream::stderr(), "{text}");
}

/// Whether a stream is the log of a step on GitHub.
fn is_on_github(stream: &impl IsTerminal) -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some_and(|set| set == "true") && !stream.is_terminal()
}

impl Voice {
    /// Writes a line, and returns it as it was written.
    fn line(&mut self, line: &str) -> String {
        let line = secrets::redacted(line);
        let line = if is_on_github(&io::stderr()) { folds::harmless(&line) } else { line };
        self.area.take_away();
        // A terminal that is gone must not end the run.
        let _ = writeln!(anstream::stderr(), "{line}");
        self.draw(Instant::now());
        line
    }

    fn draw_if_due(&mut self, now: Instant) {
        if self.live.is_empty() || self.area.is_due(now) {
            self.draw(now);
        }
    }

    fn draw(&mut self, now: Instant) {
        let Some(room) = area::room().filter(|_| !self.live.is_empty()) else { return self.area.take_away() };
        let mut view = self.live.view(now, room);
        for line in &mut view.lines {
            *line = secrets::redacted(line).chars().take(room.columns).collect();
        }
        if anstream::AutoStream::choice(&io::stderr()) == anstream::ColorChoice::Never {
            view.cells = view.cells.map(|mut bar| {
                bar.words = anstream::adapter::strip_str(&bar.words).to_string();
                bar
            });
        }
        self.area.draw(view, now);
    }

    /// Has a thread draw what goes on, until nothing does.
    fn beat(&mut self) {
        if self.beats || self.live.is_empty() {
            return;
        }
        self.beats = true;
        std::thread::spawn(|| {
            loop {
                std::thread::sleep(area::BEAT);
                let mut voice = voice();
                if voice.live.is_empty() {
                    voice.beats = false;
                    return;
                }
                voice.draw_if_due(Instant::now());
            }
        });
    }

    /// Takes away what stands around the lines.
    fn rest(&mut self) {
        self.live = Live::default();
        self.area.take_away();
        raw(&self.folds.end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream that fails in this way.
    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_is_gone_is_no_fault_and_a_full_disk_is() {
        let printed = |kind| print(&mut Failing(kind), "text").map_err(|error| error.kind());
        assert_eq!(printed(io::ErrorKind::BrokenPipe), Ok(()));
        assert_eq!(printed(io::ErrorKind::StorageFull), Err(io::ErrorKind::StorageFull));
    }
}
