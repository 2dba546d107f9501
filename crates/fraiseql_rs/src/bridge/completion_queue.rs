//! How does a result cost no fight for the GIL? Tokio's threads work and never touch Python. The loop's own thread
//! makes the objects and resolves the futures, many at a time (`mailbox`), so a result often needs no wake-up of its
//! own.

use std::future::Future;
use std::sync::Arc;

use pyo3::prelude::*;

use super::event_loop::EventLoop;
use super::mailbox::Mailbox;
use super::output::Output;
use super::{runtime, stop};

/// See the contract in [`super`].
pub fn awaitable<'py, F, T>(
    event_loop: &Bound<'py, EventLoop>,
    mailbox: &Arc<Mailbox>,
    work: F,
) -> PyResult<Bound<'py, PyAny>>
where
    F: Future<Output = T> + Send + 'static,
    T: Output,
{
    let (future, delivery) = EventLoop::addressed(event_loop, mailbox, work)?;
    stop::when_cancelled(&future, Arc::new(runtime::spawn_bounded(delivery)))?;
    Ok(future)
}
