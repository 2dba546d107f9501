//! Findings for programs, held to a schema in the repository.

use std::io;

use crate::Diagnosis;

/// The diagnosis as one document.
pub fn render(diagnosis: &Diagnosis) -> io::Result<String> {
    Ok(serde_json::to_string_pretty(diagnosis)? + "\n")
}
