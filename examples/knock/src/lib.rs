//! `knock`: an awaitable that asks a server, and ends with its answer.

use pyo3::prelude::*;
use pyo3_async_runtimes::tokio::future_into_py;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Await the first line that an HTTP server has for a path.
#[pyfunction]
fn knock<'py>(py: Python<'py>, address: String, path: String) -> PyResult<Bound<'py, PyAny>> {
    future_into_py(py, async move {
        let (mut stream, mut answer) = (TcpStream::connect(address).await?, String::new());
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await?;
        stream.read_to_string(&mut answer).await?;
        Ok(answer.lines().next().unwrap_or_default().to_owned())
    })
}

#[pymodule(name = "knock")]
fn exports(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(knock, module)?)
}
