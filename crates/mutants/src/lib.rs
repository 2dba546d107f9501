//! Which classes does the module have? Each takes `fault="…"`, which breaks one thing in otherwise clean code.

mod answer;
mod awaitables;
mod bridge;
mod courier;
mod error;
mod exit;
mod fault;
mod future_like;
mod gate;
mod gil;
mod interrupt;
mod leak;
mod machine;
mod per_process;
mod pool;
mod resolve;
mod works;

use pyo3::prelude::*;

/// An asyncio bridge and a Postgres pool that break on demand.
#[pymodule(gil_used = false)]
mod bridge_mutants {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::awaitables::Awaitables;
    #[pymodule_export]
    use crate::error::{BareMutantError, DatabaseError, MutantError};
    #[pymodule_export]
    use crate::fault::faults;
    #[pymodule_export]
    use crate::pool::{Pool, Transaction};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let py = module.py();
        py.get_type::<DatabaseError>().setattr("sqlstate", py.None())?;
        crate::exit::register(module)?;
        crate::gil::switch_on_if_asked(module)
    }
}

/// It declares that it needs the GIL, so a free-threaded interpreter that imports it switches the GIL on.
#[pymodule(gil_used = true)]
mod bridge_mutants_gil {}
