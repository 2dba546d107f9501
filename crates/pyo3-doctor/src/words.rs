//! How are sentences for people put together? Lines that fit a terminal, and counted nouns.

use std::sync::atomic::{AtomicUsize, Ordering};

use textwrap::{Options, WordSplitter, fill};

/// How wide an answer is, in columns. 80 where it goes to no terminal.
static WIDTH: AtomicUsize = AtomicUsize::new(80);

/// Fits answers to a terminal of so many columns, as far as lines of 60 to 120 do.
pub fn fit(columns: usize) {
    WIDTH.store(columns.clamp(60, 120), Ordering::Relaxed);
}

/// How wide an answer is, in columns.
#[must_use]
pub fn width() -> usize {
    WIDTH.load(Ordering::Relaxed)
}

/// `text` in lines that are no wider than a terminal, broken between words and nowhere else: a path, an id or a URL stays
/// whole. `first` stands before the first line, `rest` before all others.
#[must_use]
pub fn wrapped(text: &str, first: &str, rest: &str) -> String {
    let options = Options::new(width())
        .initial_indent(first)
        .subsequent_indent(rest)
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation);
    fill(text, options)
}

/// `1 cell`, `2 cells`.
#[must_use]
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_longer_than_a_terminal_and_no_word_is_lost() {
        let text = "a word ".repeat(40);
        let lines = wrapped(text.trim(), "> ", "      ");
        assert!(lines.lines().all(|line| line.len() <= 80), "{lines}");
        assert!(
            lines.starts_with("> a word") && lines.lines().skip(1).all(|line| line.starts_with("      "))
        );
        assert_eq!(lines.split_whitespace().count(), 81);
    }

    #[test]
    fn a_word_is_never_broken() {
        let path = format!("/a-path/{}", "x".repeat(90));
        assert_eq!(wrapped(&format!("in {path} or"), "", "  "), format!("in\n  {path}\n  or"));
    }
}
