//! Which classes of Python's library do the values need? They are imported once, at the first use.

use pyo3::prelude::*;
use pyo3::types::PyTzInfo;

use crate::compat::Once;

/// See the module.
pub struct Classes {
    pub decimal: Py<PyAny>,
    pub uuid: Py<PyAny>,
    pub json_loads: Py<PyAny>,
    pub utc: Py<PyTzInfo>,
    pub timezone: Py<PyAny>,
    /// The classes of addresses, each by version: of a host, of a host in its network, of a network.
    pub host: [Py<PyAny>; 2],
    pub interface: [Py<PyAny>; 2],
    pub network: [Py<PyAny>; 2],
    memoryview: Py<PyAny>,
}

static CLASSES: Once<Classes> = Once::new();

impl Classes {
    pub fn get(py: Python<'_>) -> PyResult<&Self> {
        CLASSES.get_or_try_init(py, || Self::import(py))
    }

    fn import(py: Python<'_>) -> PyResult<Self> {
        let get = |module: &str, name: &str| py.import(module)?.getattr(name).map(Bound::unbind);
        let addresses = |v4: &str, v6: &str| PyResult::Ok([get("ipaddress", v4)?, get("ipaddress", v6)?]);
        Ok(Self {
            decimal: get("decimal", "Decimal")?,
            uuid: get("uuid", "UUID")?,
            json_loads: get("json", "loads")?,
            utc: py.import("datetime")?.getattr("timezone")?.getattr("utc")?.extract()?,
            timezone: get("datetime", "timezone")?,
            host: addresses("IPv4Address", "IPv6Address")?,
            interface: addresses("IPv4Interface", "IPv6Interface")?,
            network: addresses("IPv4Network", "IPv6Network")?,
            memoryview: get("builtins", "memoryview")?,
        })
    }

    pub fn is_decimal(&self, object: &Bound<'_, PyAny>) -> PyResult<bool> {
        object.is_instance(self.decimal.bind(object.py()))
    }

    pub fn is_memoryview(&self, object: &Bound<'_, PyAny>) -> PyResult<bool> {
        object.is_instance(self.memoryview.bind(object.py()))
    }

    /// Whether `str(object)` is the text that PostgreSQL reads.
    pub fn is_literal(&self, object: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = object.py();
        // In Python an interface is a subclass of its address.
        let mut classes = std::iter::once(&self.uuid).chain(&self.host).chain(&self.network);
        classes.try_fold(false, |found, class| Ok(found || object.is_instance(class.bind(py))?))
    }
}
