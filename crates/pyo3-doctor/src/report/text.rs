//! Findings for people: grouped by id, no wider than the terminal but for what has to be copied whole.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::finding::{Finding, Severity, Step};
use crate::unseen::Unseen;
use crate::words::{counted, wrapped};
use crate::{Diagnosis, Subject};

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
        body(&mut text, finding, diagnosis.subject);
    }
    unseen(&mut text, &diagnosis.unseen);
    if !text.is_empty() {
        text.push('\n');
    }
    text + &summary(diagnosis)
}

fn heading(text: &mut String, finding: &Finding) {
    let bold = Style::new().bold();
    let separator = if text.is_empty() { "" } else { "\n" };
    let _ = writeln!(text, "{separator}{bold}{:<4}{}{bold:#}", finding.id.to_string(), finding.title);
}

fn body(text: &mut String, finding: &Finding, subject: Subject) {
    let (word, color) = match finding.severity {
        Severity::Error => ("error", AnsiColor::Red),
        Severity::Warning => ("warning", AnsiColor::Yellow),
    };
    let style = color.on_default();
    let _ = writeln!(text, "{:INDENT$}{style}{word}{style:#} at {}", "", finding.place);
    paragraph(text, "found", &finding.found);
    paragraph(text, "why", &finding.why);
    if let Some(says) = finding.says.as_ref().filter(|says| !finding.found.contains(says.as_str())) {
        // Nothing has been built yet where a project is examined.
        let label = if subject == Subject::Log { "says" } else { "expect" };
        paragraph(text, label, &format!("\"{says}\""));
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

fn unseen(text: &mut String, parts: &[Unseen]) {
    if parts.is_empty() {
        return;
    }
    let bold = Style::new().bold();
    let separator = if text.is_empty() { "" } else { "\n" };
    let _ = writeln!(text, "{separator}{bold}not looked at{bold:#}");
    for (at, Unseen { what, why, hint }) in parts.iter().enumerate() {
        let indent = " ".repeat(INDENT);
        text.push_str(if at == 0 { "" } else { "\n" });
        let _ = writeln!(text, "{}", wrapped(what, &indent, &indent));
        paragraph(text, "why", why);
        paragraph(text, "fix", hint);
    }
}

/// A label, and its text beside it.
fn paragraph(text: &mut String, label: &str, body: &str) {
    let rest = " ".repeat(INDENT + LABEL);
    let _ = writeln!(text, "{}", wrapped(body, &format!("{:INDENT$}{label:<LABEL$}", ""), &rest));
}

fn summary(diagnosis: &Diagnosis) -> String {
    let count = |severity| diagnosis.findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if errors + warnings == 0 {
        let word = match diagnosis.subject {
            Subject::Project if !diagnosis.unseen.is_empty() => "nothing found in the rest",
            Subject::Project => "clean",
            Subject::Log => "nothing known found",
        };
        return format!("{}\n", wrapped(&format!("{word}: {}", diagnosis.examined), "", "  "));
    }
    let parts = [(errors, "error"), (warnings, "warning")].into_iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(count, noun)| counted(count, noun)).collect();
    format!("{}\n", wrapped(&format!("{} in {}", parts.join(", "), diagnosis.examined), "", "  "))
}
