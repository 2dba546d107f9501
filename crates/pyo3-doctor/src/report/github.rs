//! Findings as GitHub's workflow commands: each becomes an annotation at its line.

use std::fmt::Write as _;

use crate::Diagnosis;
use crate::finding::{Finding, Severity};
use crate::unseen::Unseen;

/// One command per finding, and per part that could not be looked at.
#[must_use]
pub fn render(diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    for finding in &diagnosis.findings {
        let Finding { id, severity, title, place, found, why, mend, .. } = finding;
        let word = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let mut message = format!("{found}\n{why}");
        for step in mend {
            let _ = write!(message, "\nfix: {step}");
        }
        let line = place.line.map(|line| format!(",line={line}")).unwrap_or_default();
        let (file, title) = (property(&place.file.to_string_lossy()), property(&format!("{id}: {title}")));
        let _ = writeln!(text, "::{word} file={file}{line},title={title}::{}", data(&message));
    }
    for Unseen { what, why, hint } in &diagnosis.unseen {
        let message = data(&format!("{what}\n{why}\nfix: {hint}"));
        let _ = writeln!(text, "::warning title=not looked at::{message}");
    }
    text
}

/// The escapes of a command's message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The escapes of a command's properties: those of the message, and what ends a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Subject;
    use crate::finding::{Id, Place, Step};

    #[test]
    fn what_would_end_a_property_or_a_message_is_escaped() {
        let place = Place { file: "a,b:c.toml".into(), line: Some(3) };
        let finding = Finding::new(Id::A9, place, "100%", "a\nb").mend([Step::advise("c::d")]);
        let diagnosis = Diagnosis::new(Subject::Project, "here".into(), vec![finding]);
        assert_eq!(
            render(&diagnosis),
            "::error file=a%2Cb%3Ac.toml,line=3,title=A9%3A a name that the line removed::100%25%0Aa%0Ab%0Afix: c::d\n"
        );
    }

    #[test]
    fn a_place_without_a_line_has_no_line() {
        let finding = Finding::new(Id::A6, Place { file: "environment".into(), line: None }, "x", "y");
        let shown = render(&Diagnosis::new(Subject::Project, "here".into(), vec![finding]));
        assert!(shown.starts_with("::warning file=environment,title=A6%3A "), "{shown}");
    }
}
