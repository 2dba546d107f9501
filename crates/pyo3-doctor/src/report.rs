//! How are findings shown? As text for people, as JSON for programs, as annotations for GitHub.

pub mod github;
pub mod json;
pub mod text;
