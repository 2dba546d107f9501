//! How is told what nobody wrote down? Inferred values with their sources in, text out.

use std::fmt::Write as _;
use std::path::Path;

use crate::infer::Fact;
use pyo3_doctor::words::wrapped;

/// That there was no file, and where everything is kept instead.
#[must_use]
pub fn inferred(root: &Path, target: &Path) -> String {
    let unchanged = if target.starts_with(root) { "" } else { ", where nothing is changed" };
    let text = format!(
        "no matrix.toml: inferred one for {}{unchanged}; what is kept stands in {}. `plan --explain` says where each value comes \
         from, and `init` writes the file",
        root.display(),
        target.display()
    );
    wrapped(&text, "", "  ")
}

/// Each inferred value with its source, or that there is nothing to explain; and which of the variables that `[suite] pass_env`
/// names the tests would see now.
#[must_use]
pub fn explained(facts: Option<&[Fact]>, named: &[String], set: &[&str]) -> String {
    let text = match facts {
        None => "nothing is inferred: every value stands in matrix.toml\n".to_owned(),
        Some(facts) => table(facts),
    };
    if named.is_empty() {
        return text;
    }
    let set = if set.is_empty() { "none that is set".to_owned() } else { set.join(", ") };
    let of = format!("your shell, as [suite] pass_env asks for: {}", named.join(", "));
    text + &table(&[Fact { key: "passed", value: set, source: of }])
}

/// What was written, and where.
#[must_use]
pub fn initiated(file: &Path, facts: &[Fact]) -> String {
    format!("wrote {}\n{}", file.display(), table(facts))
}

fn table(facts: &[Fact]) -> String {
    let widest = facts.iter().map(|fact| fact.key.len()).max().unwrap_or_default();
    let mut text = String::new();
    for Fact { key, value, source } in facts {
        let (first, rest) = (format!("{key:<widest$}  "), " ".repeat(widest + 2));
        let _ = writeln!(text, "{}", wrapped(value, &first, &rest));
        let _ = writeln!(text, "{}", wrapped(&format!("from {source}"), &rest, &rest));
    }
    text
}
