//! The report for machines: `report.json` in the run's folder, held to a schema in the repository.

use std::io;

use crate::report::Report;

/// The name of the report in a run's folder.
pub const FILE: &str = "report.json";

/// The report as one document.
pub fn render(report: &Report) -> io::Result<String> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}

#[cfg(test)]
mod tests {
    use fs_err as fs;

    use schemars::JsonSchema;

    use super::*;
    use crate::model::record::Record;

    /// The schema in the repository is the one of the type. `PYO3_MATRIX_BLESS=1 cargo test` writes it anew.
    fn check<T: JsonSchema>(name: &str) {
        let path = format!("{}/schemas/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
        let schema = serde_json::to_string_pretty(&schemars::schema_for!(T)).expect("a schema") + "\n";
        if std::env::var_os("PYO3_MATRIX_BLESS").is_some() {
            fs::write(&path, &schema).expect("written");
        }
        let there = fs::read_to_string(&path).unwrap_or_default();
        assert!(there == schema, "{path} is stale; PYO3_MATRIX_BLESS=1 cargo test writes it anew");
    }

    #[test]
    fn the_schemas_in_the_repository_are_those_of_the_types() {
        check::<Record>("record");
        check::<Report>("report");
        check::<crate::report::compare::Compared>("comparison");
        check::<crate::report::history::History>("history");
        check::<crate::model::negative::NegativeRecord>("negative");
        check::<crate::plan::forecast::Forecast>("forecast");
        check::<crate::plan::cost::Costs>("costs");
        check::<crate::store::intent::Intent>("plan");
        check::<crate::model::ledger::Ledger>("ledger");
        check::<pyo3_doctor::Diagnosis>("diagnosis");
    }
}
