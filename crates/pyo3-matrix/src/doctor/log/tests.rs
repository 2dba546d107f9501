//! Messages as the programs wrote them, older wordings included.

use super::*;

/// `id place: first step` of each finding.
fn check(log: &str) -> Vec<String> {
    let findings = examine(TextFile::new("build.log", log));
    let shown = findings.iter().map(|finding| {
        let step = finding.mend.first().map(ToString::to_string).unwrap_or_default();
        format!("{} {}: {step}", finding.id, finding.place)
    });
    shown.collect()
}

fn first(log: &str) -> String {
    check(log).into_iter().next().unwrap_or_default()
}
