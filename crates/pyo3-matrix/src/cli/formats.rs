//! In which forms can an answer be had? One enum for each verb that has a choice.

use clap::ValueEnum;

/// How a plan is written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    Text,
    Json,
    /// Lines for a workflow's outputs: a job per wheel, and one per shard or per cell
    Github,
}

/// How a report is written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    Text,
    Json,
    /// For a step summary or a pull request
    Markdown,
    /// What was gained, what breaks and where, what the alternatives do, and the decision, as a document in Markdown
    Findings,
    /// One page that loads nothing: a heat map, and each cell
    Html,
    /// JUnit XML: a suite per cell
    Junit,
    /// badge.json, for the endpoint of shields.io
    BadgeJson,
    /// badge.svg
    BadgeSvg,
}

/// How a comparison is written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ComparisonFormat {
    Text,
    /// For a pull request
    Markdown,
    Json,
}

/// How findings are written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Notation {
    Text,
    Json,
    /// Workflow commands, which GitHub shows at their lines
    Github,
}
