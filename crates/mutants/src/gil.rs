//! How does an import switch the GIL on (fault `gil-switched-on`)? A module says at its import whether it needs the
//! GIL, before any argument can be read. So an environment variable asks for it, and a second module in the same
//! shared object says it.

use std::env;

use pyo3::prelude::*;

/// With the value `on`, the import of the module switches the GIL on.
const VARIABLE: &str = "BRIDGE_MUTANTS_GIL";

/// Imports the second module if the environment asks for it.
pub fn switch_on_if_asked(module: &Bound<'_, PyModule>) -> PyResult<()> {
    if env::var_os(VARIABLE).is_none_or(|value| value != "on") {
        return Ok(());
    }
    let py = module.py();
    let origin = module.getattr("__spec__")?.getattr("origin")?;
    let name = "bridge_mutants_gil";
    let loader = py.import("importlib.machinery")?.call_method1("ExtensionFileLoader", (name, origin))?;
    let util = py.import("importlib.util")?;
    let spec = util.call_method1("spec_from_loader", (name, &loader))?;
    let second = util.call_method1("module_from_spec", (spec,))?;
    loader.call_method1("exec_module", (second,)).map(drop)
}
