//! With which arguments does `from_dsn` make the pool? A keyword wins over the connection string, the string over
//! libpq's variables, and these over the defaults of the class. The password file is asked last.

use std::collections::BTreeMap;
use std::ffi::CString;

use pyo3::exceptions::PyUserWarning;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::dsn::Parts;
use super::environment;
use super::error::Error;
use super::options::settings_of;
use super::passfile::{self, Found};

/// The defaults of the class that the password file is asked for.
const HOST: &str = "localhost";
const PORT: u16 = 5432;
const USERNAME: &str = "postgres";

/// Returns the keywords for the class.
pub fn of_dsn<'py>(
    py: Python<'py>,
    dsn: &str,
    keywords: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyDict>> {
    let parts = Parts::of(dsn).and_then(environment::complete).map_err(|error| error.into_exception(py))?;
    let arguments = named_by(&parts, py)?;
    let keywords = keywords.map_or_else(|| PyDict::new(py), Clone::clone);
    if let Some(options) = &parts.options {
        let mut settings = settings_of(options).map_err(|error| error.into_exception(py))?;
        match keywords.get_item("server_settings")?.map(|more| more.extract::<Option<BTreeMap<_, _>>>()) {
            // The class refuses it.
            Some(Err(_)) => {}
            more => {
                settings.extend(more.transpose()?.flatten().unwrap_or_default());
                keywords.set_item("server_settings", settings)?;
            }
        }
    }
    arguments.update(keywords.as_mapping())?;
    if !arguments.contains("database")? {
        arguments.set_item("database", arguments.get_item("username")?)?;
    }
    if !arguments.contains("password")? {
        let name = if keywords.contains("host")? { None } else { parts.host };
        if let Some(password) = password_for(name, &arguments)? {
            arguments.set_item("password", password)?;
        }
    }
    Ok(arguments)
}

/// Returns the arguments that the connection string and the environment name. Three of them have to be known here.
fn named_by<'py>(parts: &Parts, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
    let arguments = PyDict::new(py);
    arguments
        .set_item("host", parts.address.as_ref().or(parts.host.as_ref()).map_or(HOST, String::as_str))?;
    arguments.set_item("port", parts.port.unwrap_or(PORT))?;
    arguments.set_item("username", parts.username.as_deref().unwrap_or(USERNAME))?;
    let texts = [
        ("database", &parts.database),
        ("password", &parts.password),
        ("application_name", &parts.application_name),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            arguments.set_item(name, text)?;
        }
    }
    if let Some(limit) = parts.connect_timeout {
        arguments.set_item("connect_timeout", limit.as_secs_f64())?;
    }
    Ok(arguments)
}

/// Asks the password file about the server that `arguments` name. `host` is its name, if they hold its address.
fn password_for(host: Option<String>, arguments: &Bound<'_, PyDict>) -> PyResult<Option<String>> {
    let py = arguments.py();
    let raise = |error: Error| error.into_exception(py);
    let Some(path) = environment::passfile().map_err(raise)? else { return Ok(None) };
    let text = |name| arguments.get_item(name).map(|found| found.and_then(|found| found.extract().ok()));
    let port = arguments.get_item("port")?.and_then(|port| port.extract().ok());
    let host = host.map_or_else(|| text("host"), |name| Ok(Some(name)))?;
    let (Some(host), Some(port), Some(database), Some(username)) =
        (host, port, text("database")?, text("username")?)
    else {
        // An argument of another type, which the class refuses.
        return Ok(None);
    };
    match passfile::look_up(&path, &host, port, &database, &username) {
        Found::Password(password) => Ok(Some(password)),
        Found::Nothing => Ok(None),
        Found::NotPrivate => {
            let path = path.display();
            let message =
                format!("the password file {path} was not read, because others can: its mode must be 0600");
            PyErr::warn(py, &py.get_type::<PyUserWarning>(), &CString::new(message)?, 1)?;
            Ok(None)
        }
    }
}
