//! `fraiseql._fraiseql_rs`: what Python sees of this crate, and nothing else.

#![expect(clippy::doc_markdown, reason = "docstrings speak to Python's users, in their markup")]

mod bridge;
mod build_info;
mod compat;
mod db;

use pyo3::prelude::*;

/// An asyncio pool of PostgreSQL connections, written in Rust.
// On a free-threaded Python the import turns the GIL on: that the module holds without it is not proven yet. PyO3's own
// default differs from line to line.
#[pymodule(gil_used = true)]
fn _fraiseql_rs(module: &Bound<'_, PyModule>) -> PyResult<()> {
    bridge::install(module)?;
    module.add_function(wrap_pyfunction!(build_info::build_info, module)?)?;
    #[cfg(feature = "faults")]
    module.add_function(wrap_pyfunction!(db::_panic, module)?)?;
    module.add_function(wrap_pyfunction!(db::_record, module)?)?;
    module.add_class::<db::Acquiring>()?;
    module.add_class::<db::Connection>()?;
    module.add_class::<db::PrototypePool>()?;
    module.add_class::<db::Interval>()?;
    module.add_class::<db::Range>()?;
    module.add_class::<db::Record>()?;
    module.add_class::<db::Transaction>()?;
    db::add_exceptions(module)
}
