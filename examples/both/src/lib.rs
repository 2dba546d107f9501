//! `both`: one function from Rust, by the stable ABI that Pythons with and without the GIL share.

use pyo3::prelude::*;

/// Return the sum.
#[pyfunction]
fn plus(a: u32, b: u32) -> Option<u32> {
    a.checked_add(b)
}

#[pymodule(name = "both", gil_used = false)]
fn exports(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(plus, module)?)
}
