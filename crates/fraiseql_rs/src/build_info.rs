//! What was this module compiled from? The lock file that the build used, the compiler and the interpreter, as one
//! dictionary: the harness compares it with what the cell was asked to be.

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// What `build.rs` learned while this module was compiled.
const COMPILED_FROM: [(&str, &str); 8] = [
    ("pyo3", env!("LOCKED_PYO3")),
    ("pyo3_async_runtimes", env!("LOCKED_PYO3_ASYNC_RUNTIMES")),
    ("tokio", env!("LOCKED_TOKIO")),
    ("tokio_postgres", env!("LOCKED_TOKIO_POSTGRES")),
    ("deadpool_postgres", env!("LOCKED_DEADPOOL_POSTGRES")),
    ("rustc", env!("BUILT_BY")),
    ("profile", env!("BUILD_PROFILE")),
    ("line", env!("PYO3_LINE")),
];

/// Return the versions that this module was compiled from, by name.
///
/// Returns:
///     ``pyo3``, ``pyo3_async_runtimes``, ``tokio``, ``tokio_postgres``, ``deadpool_postgres`` and ``rustc``;
///     ``profile`` (cargo's), ``python_abi`` (the headers compiled against, such as ``cp312`` or ``abi3``) and ``line``
///     (the PyO3 line, such as ``0.30``).
#[pyfunction]
pub fn build_info(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let info = PyDict::new(py);
    for (key, value) in COMPILED_FROM {
        info.set_item(key, value)?;
    }
    info.set_item("python_abi", python_abi())?;
    Ok(info)
}

/// Whether the headers compiled against were at least those of Python 3.N.
const REACHED: [(bool, u8); 8] = [
    (cfg!(Py_3_9), 9),
    (cfg!(Py_3_10), 10),
    (cfg!(Py_3_11), 11),
    (cfg!(Py_3_12), 12),
    (cfg!(Py_3_13), 13),
    (cfg!(Py_3_14), 14),
    (cfg!(Py_3_15), 15),
    (cfg!(Py_3_16), 16),
];

/// The ABI that this module was compiled against. It is not inferred from the running interpreter.
fn python_abi() -> String {
    if cfg!(Py_LIMITED_API) {
        return "abi3".to_owned();
    }
    let minor = REACHED.iter().filter_map(|(reached, minor)| reached.then_some(*minor)).max();
    let threads = if cfg!(Py_GIL_DISABLED) { "t" } else { "" };
    format!("cp3{}{threads}", minor.unwrap_or_default())
}
