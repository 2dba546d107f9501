//! Findings for people: grouped by id, at most 80 columns wide but for what has to be copied whole.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::doctor::Diagnosis;
use crate::doctor::finding::{Finding, Severity, Step};

const WIDTH: usize = 80;
const INDENT: usize = 4;
const LABEL: usize = 7;

/// Renders a diagnosis; the last line sums it up.
#[must_use]
pub fn render(diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    let mut id = None;
    for finding in &diagnosis.findings {
        if id == Some(finding.id) {
            text.push('\n');
        } else {
            heading(&mut text, finding);
        }
        id = Some(finding.id);
        body(&mut text, finding);
    }
    if !diagnosis.findings.is_empty() {
        text.push('\n');
    }
    text + &summary(diagnosis)
}

fn heading(text: &mut String, finding: &Finding) {
    let bold = Style::new().bold();
    let separator = if text.is_empty() { "" } else { "\n" };
    let _ = writeln!(text, "{separator}{bold}{:<4}{}{bold:#}", finding.id.to_string(), finding.title);
}

fn body(text: &mut String, finding: &Finding) {
    let (word, color) = match finding.severity {
        Severity::Error => ("error", AnsiColor::Red),
        Severity::Warning => ("warning", AnsiColor::Yellow),
    };
    let style = color.on_default();
    let _ = writeln!(text, "{:INDENT$}{style}{word}{style:#} at {}", "", finding.place);
    paragraph(text, "found", &finding.found);
    paragraph(text, "why", &finding.why);
    if let Some(says) = finding.says.as_ref().filter(|says| !finding.found.contains(says.as_str())) {
        paragraph(text, "says", &format!("\"{says}\""));
    }
    let mut steps = finding.mend.clone();
    // A name that stands twice on a line is replaced twice, and said once.
    steps.dedup();
    for (at, step) in steps.iter().enumerate() {
        let label = if at == 0 { "fix" } else { "" };
        match step {
            // A command is copied whole.
            Step::Run { .. } => {
                let _ = writeln!(text, "{:INDENT$}{label:<LABEL$}{step}", "");
            }
            step => paragraph(text, label, &step.to_string()),
        }
    }
}

/// A label, and its text beside it.
fn paragraph(text: &mut String, label: &str, body: &str) {
    for (at, line) in wrapped(body, WIDTH - INDENT - LABEL).into_iter().enumerate() {
        let label = if at == 0 { label } else { "" };
        let _ = writeln!(text, "{:INDENT$}{label:<LABEL$}{line}", "");
    }
}

/// Lines no wider than `width`, but for a word that is wider itself. What stands between backticks or quotes is broken as
/// any other text.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        let line = &mut lines[last];
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

fn summary(diagnosis: &Diagnosis) -> String {
    let count = |severity| diagnosis.findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if errors + warnings == 0 {
        return format!("clean: {}\n", diagnosis.examined);
    }
    let counted = |count, noun| match count {
        0 => None,
        1 => Some(format!("1 {noun}")),
        count => Some(format!("{count} {noun}s")),
    };
    let parts: Vec<String> =
        [counted(errors, "error"), counted(warnings, "warning")].into_iter().flatten().collect();
    format!("{} in {}\n", parts.join(", "), diagnosis.examined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_broken_between_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a-word-too-long b", 4), ["a-word-too-long", "b"]);
        assert_eq!(wrapped("", 4), [""]);
    }
}
