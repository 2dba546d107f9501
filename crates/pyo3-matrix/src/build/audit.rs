//! Does a wheel keep to the stable ABI that its tag claims? A wheel in, what abi3audit says of it out.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::model::stable::{Abi, Stable};
use crate::process::{Command, Exit, ProcessError, Processes};
use crate::provision::tools::Tools;

/// The export by which Python 3.15 and newer find a module (PEP 793). abi3audit passes over `PyInit_` alone, and would take
/// it for a function of Python.
const EXPORT: &str = "PyModExport_";

/// What is known of a wheel after the audit.
#[derive(Debug, PartialEq, Eq)]
pub enum Audit {
    /// Why it breaks its promise.
    Violates(String),
    Keeps,
    /// Why abi3audit cannot look at such a wheel.
    Unknown(String),
    /// Why there is no abi3audit.
    NoTool(String),
    /// What abi3audit said instead of its report.
    NoReport(String),
}

/// The name of the tool among the locked ones.
pub const TOOL: &str = "abi3audit";

/// The report of `abi3audit --report`.
#[derive(Deserialize)]
struct Report {
    specs: BTreeMap<String, Spec>,
}

#[derive(Deserialize)]
struct Spec {
    wheel: Vec<Audited>,
}

/// One shared object.
#[derive(Deserialize)]
struct Audited {
    name: String,
    result: Findings,
}

#[derive(Deserialize)]
struct Findings {
    baseline: String,
    non_abi3_symbols: Vec<String>,
    /// Name → the Python that added it.
    future_abi3_objects: BTreeMap<String, String>,
}

/// Audits `wheel`. abi3audit exits with 1 for a violation and for a wheel that it cannot read: its report tells which.
pub fn audit(
    wheel: &Path,
    stable: &Stable,
    tools: &Tools,
    processes: &Processes,
) -> Result<Audit, ProcessError> {
    if !stable.abis.contains(&Abi::Abi3) {
        return Ok(Audit::Unknown(format!("abi3audit knows no abi3t, and the tag is {stable}")));
    }
    if tools.version(TOOL).is_none() {
        let reason = format!(
            "abi3audit is not among the tools on Python {}; it needs Python 3.10",
            tools.python_version()
        );
        return Ok(Audit::NoTool(reason));
    }
    let command = Command::new(tools.program(TOOL)).args(["--strict", "--report"]).arg(wheel);
    let finished = command.run(processes)?;
    if finished.exit == Exit::Interrupted {
        return Err(ProcessError::Interrupted);
    }
    Ok(of_report(&finished.stdout).unwrap_or(Audit::NoReport(finished.tail)))
}

fn of_report(text: &str) -> Option<Audit> {
    let report: Report = serde_json::from_str(text.trim()).ok()?;
    let objects: Vec<Audited> = report.specs.into_values().flat_map(|spec| spec.wheel).collect();
    if objects.is_empty() {
        return None;
    }
    let found: Vec<String> = objects.iter().flat_map(violations).collect();
    Some(if found.is_empty() { Audit::Keeps } else { Audit::Violates(found.join("; ")) })
}

fn violations(object: &Audited) -> Vec<String> {
    let Audited { name, result: Findings { baseline, non_abi3_symbols, future_abi3_objects } } = object;
    let foreign = non_abi3_symbols.iter().filter(|symbol| !symbol.starts_with(EXPORT));
    let mut found: Vec<String> =
        foreign.map(|symbol| format!("{name} uses {symbol}, which is in no stable ABI")).collect();
    found.sort();
    let later = future_abi3_objects.iter();
    found.extend(later.map(|(symbol, added)| {
        format!("{name} uses {symbol}, which Python {added} added, and its tag promises {baseline}")
    }));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(symbols: &str, later: &str) -> String {
        format!(
            r#"{{"specs": {{"/w/x-1-cp311-abi3-l.whl": {{"kind": "wheel", "wheel": [{{"name": "x.abi3.so", "result":
            {{"is_abi3": false, "is_abi3_baseline_compatible": true, "baseline": "3.11", "computed": "3.11",
            "non_abi3_symbols": [{symbols}], "future_abi3_objects": {{{later}}}}}}}]}}}}}}"#
        )
    }

    #[test]
    fn each_symbol_that_breaks_the_promise_is_named() {
        let of = |symbols: &str, later: &str| of_report(&report(symbols, later));
        assert_eq!(of("", ""), Some(Audit::Keeps));
        assert_eq!(of("\"PyModExport_x\"", ""), Some(Audit::Keeps));
        let found = "x.abi3.so uses _PyObject_New, which is in no stable ABI; \
                     x.abi3.so uses PyList_GetItemRef, which Python 3.13 added, and its tag promises 3.11";
        assert_eq!(
            of("\"PyModExport_x\", \"_PyObject_New\"", "\"PyList_GetItemRef\": \"3.13\""),
            Some(Audit::Violates(found.into()))
        );
    }

    #[test]
    fn a_report_that_looked_at_nothing_is_none() {
        assert_eq!(of_report(""), None);
        assert_eq!(of_report(r#"{"specs": {}}"#), None);
        assert_eq!(of_report(r#"{"specs": {"x": {"kind": "wheel", "wheel": []}}}"#), None);
    }
}
