//! How does the live area stand at the bottom of a terminal? A view in, drawn by indicatif; it goes without a trace.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike};

use crate::report::live::{Bar, Room, View};

/// The area is drawn once in this time at most, but where a line scrolls above it: cells are measured on the same machine.
pub const BEAT: Duration = Duration::from_secs(1);

/// The area is not wider, so that nothing of it wraps where a wide terminal becomes a narrow one.
const WIDEST: usize = 77;

/// What a terminal writes itself at the cursor, which stands at the end of the area: `^C`.
const ECHO: usize = 2;

/// What stands at the bottom of the terminal.
#[derive(Debug, Default)]
pub struct Area {
    bar: Option<ProgressBar>,
    drawn: Option<Instant>,
}

impl Area {
    /// Whether it was drawn long enough ago to be drawn again.
    pub fn is_due(&self, now: Instant) -> bool {
        self.drawn.is_none_or(|drawn| now.saturating_duration_since(drawn) >= BEAT)
    }

    /// Draws `view` in place of what stands there.
    pub fn draw(&mut self, view: View, now: Instant) {
        self.drawn = Some(now);
        let bar = self.bar.get_or_insert_with(|| {
            // Not indicatif's own terminal: that one shows nothing at all where NO_COLOR is set.
            let target = ProgressDrawTarget::term_like(Box::new(Screen::default()));
            ProgressBar::with_draw_target(None, target)
        });
        let View { lines, cells } = view;
        let (done, of) = cells.as_ref().map_or((0, 0), |bar| (bar.done, bar.of));
        bar.set_style(style(&lines, cells));
        bar.update(|state| {
            state.set_len(of.try_into().unwrap_or_default());
            state.set_pos(done.try_into().unwrap_or_default());
        });
    }

    /// Makes room for other lines, or for good.
    pub fn take_away(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// The lines, and below them the bar with its words.
fn style(lines: &[String], cells: Option<Bar>) -> ProgressStyle {
    let mut text = lines.join("\n");
    if cells.is_some() && !text.is_empty() {
        text.push('\n');
    }
    let template = match cells.as_ref().map(|bar| bar.columns) {
        None => "{lines}".to_owned(),
        Some(0) => "{lines}{words}".to_owned(),
        Some(columns) => format!("{{lines}}[{{bar:{columns}}}] {{words}}"),
    };
    let words = cells.map(|bar| bar.words).unwrap_or_default();
    let said = |text: String| {
        move |_: &ProgressState, to: &mut dyn std::fmt::Write| {
            let _ = to.write_str(&text);
        }
    };
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("=> ").with_key("lines", said(text)).with_key("words", said(words))
}

/// How much of the terminal on standard error the area may take, if it is one where lines can be replaced.
pub fn room() -> Option<Room> {
    let (columns, rows) = size()?;
    let columns = usize::from(columns).saturating_sub(ECHO + 1).min(WIDEST);
    Some(Room { columns, lines: usize::from(rows / 2).clamp(1, 12) })
}

/// The size of that terminal.
fn size() -> Option<(u16, u16)> {
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    if is_dumb || !io::IsTerminal::is_terminal(&io::stderr()) {
        return None;
    }
    let (terminal_size::Width(columns), terminal_size::Height(rows)) =
        terminal_size::terminal_size_of(io::stderr())?;
    Some((columns, rows))
}

/// The terminal on standard error, which is written to once for each drawing.
///
/// indicatif ends each line with blanks up to the last column, and lets the terminal wrap. Such a line would become two where the
/// terminal becomes narrower, and so would the last one by what the terminal echoes. Here the blanks stand for the end of a
/// line, and nothing follows the last one.
#[derive(Debug, Default)]
struct Screen {
    drawing: Mutex<Drawing>,
}

#[derive(Debug, Default)]
struct Drawing {
    text: String,
    /// Whether a line has ended, so that the next one is a new one.
    ended: bool,
}

impl Screen {
    fn drawing(&self) -> MutexGuard<'_, Drawing> {
        self.drawing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, text: std::fmt::Arguments<'_>) -> io::Result<()> {
        self.drawing().text.write_fmt(text).map_err(io::Error::other)
    }

    /// Adds a movement of the cursor, in which no step would be one step.
    fn step(&self, steps: usize, direction: char) -> io::Result<()> {
        if steps == 0 { Ok(()) } else { self.add(format_args!("\x1b[{steps}{direction}")) }
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        size().map_or(80, |(columns, _)| columns)
    }

    fn height(&self) -> u16 {
        size().map_or(24, |(_, rows)| rows)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.step(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.step(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.step(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.step(n, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.add(format_args!("{text}\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        let is_end = text.trim_matches(' ').is_empty();
        let ended = std::mem::replace(&mut self.drawing().ended, is_end);
        match (is_end, ended) {
            (true, _) => Ok(()),
            (false, true) => self.add(format_args!("\n{text}")),
            (false, false) => self.add(format_args!("{text}")),
        }
    }

    fn clear_line(&self) -> io::Result<()> {
        self.add(format_args!("\r\x1b[2K"))
    }

    fn flush(&self) -> io::Result<()> {
        let Drawing { text, .. } = std::mem::take(&mut *self.drawing());
        let mut to = io::stderr().lock();
        to.write_all(text.as_bytes())?;
        to.flush()
    }
}
