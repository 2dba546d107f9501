//! How does GitHub fold a log? Phases and lines in, what to write around them out. Pure. GitHub does not nest groups, so one
//! is closed before the next one opens. A fold hides what is red, so that is told again behind it.

/// The group that is open, and what it hides.
#[derive(Debug, Default)]
pub struct Folds {
    is_open: bool,
    red: String,
}

impl Folds {
    /// What to write where a group of this title begins.
    pub fn begin(&mut self, title: &str) -> String {
        let end = self.end();
        self.is_open = true;
        // The escapes of a command's message.
        let title = title.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
        format!("{end}::group::{title}\n")
    }

    /// Keeps a line that has to be seen where a group hides it.
    pub fn keep(&mut self, line: &str) {
        if self.is_open {
            self.red.push_str(line);
            self.red.push('\n');
        }
    }

    /// What to write so that no group is open.
    pub fn end(&mut self) -> String {
        let red = std::mem::take(&mut self.red);
        if std::mem::take(&mut self.is_open) { format!("::endgroup::\n{red}") } else { String::new() }
    }
}

/// `text` without a line that GitHub takes for a command: what a test printed opens no group and hides nothing. A blank comes
/// between the signs by which GitHub knows a command: two colons at the start of a line, or `##[` anywhere.
#[must_use]
pub fn harmless(text: &str) -> String {
    // A carriage return ends a line there too.
    let lines = text.split_inclusive(['\n', '\r']).map(|line| {
        // A log has no colours, so what they hide comes to the start.
        let mut bare = anstream::adapter::strip_str(line).to_string();
        let is_command = bare.trim_start().starts_with("::");
        if !is_command && !bare.contains("##[") {
            return line.to_owned();
        }
        if is_command {
            bare = bare.replacen("::", ": :", 1);
        }
        bare.replace("##[", "## [")
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_closed_before_the_next_one_and_once() {
        let mut folds = Folds::default();
        assert_eq!(folds.end(), "");
        assert_eq!(folds.begin("2 cells"), "::group::2 cells\n");
        assert_eq!(folds.begin("100%\nb"), "::endgroup::\n::group::100%25%0Ab\n");
        assert_eq!((folds.end(), folds.end()), ("::endgroup::\n".to_owned(), String::new()));
    }

    #[test]
    fn what_is_red_is_told_again_behind_the_group_that_hides_it() {
        let mut folds = Folds::default();
        folds.keep("seen already");
        folds.begin("cells");
        folds.keep("py3.12-pyo3_0.30 crashed");
        assert_eq!(
            folds.begin("benchmarks"),
            "::endgroup::\npy3.12-pyo3_0.30 crashed\n::group::benchmarks\n"
        );
        assert_eq!(folds.end(), "::endgroup::\n");
    }

    #[test]
    fn no_line_of_a_text_is_a_command() {
        for (text, expected) in [
            ("a\n  ::set-output name=x::y\n", "a\n  : :set-output name=x::y\n"),
            ("::endgroup::", ": :endgroup::"),
            ("a\r::error::b", "a\r: :error::b"),
            ("\u{1b}[31m::error::b\u{1b}[0m", ": :error::b"),
            ("\u{a0}::error::b", "\u{a0}: :error::b"),
            ("a ##[group]b", "a ## [group]b"),
            ("  :: ##[group]b", "  : : ## [group]b"),
        ] {
            assert_eq!(harmless(text), expected, "{text:?}");
        }
        let kept = "tests/a.py::test_b \u{1b}[31mfailed\u{1b}[0m\n# a ##\n";
        assert_eq!(harmless(kept), kept);
    }
}
