//! Which way do the results of one pool take to asyncio? The way that was asked for; where the running loop does not
//! allow it, the reference way (`future_into_py`).

use std::future::Future;
use std::sync::atomic::{AtomicU8, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use super::event_loop::EventLoop;
use super::inside::Inside;
use super::output::Output;
use super::per_process::Home;
use super::{completion_queue, future_into_py, loop_native, runtime, scarce};

/// A way from Rust to asyncio. Each has its own file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Strategy {
    FutureIntoPy,
    CompletionQueue,
    LoopNative,
}

impl Strategy {
    pub const ALL: [Self; 3] = [Self::FutureIntoPy, Self::CompletionQueue, Self::LoopNative];

    pub fn name(self) -> &'static str {
        match self {
            Self::FutureIntoPy => "future_into_py",
            Self::CompletionQueue => "completion_queue",
            Self::LoopNative => "loop_native",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.name() == name)
    }
}

/// A pool's way to asyncio: the one that was requested, and the one that is in use.
#[derive(Debug)]
pub struct Bridge {
    requested: Strategy,
    in_use: AtomicU8,
    home: Home,
}

impl Bridge {
    pub fn new(requested: Strategy) -> Self {
        Self { requested, in_use: AtomicU8::new(requested as u8), home: Home::nowhere() }
    }

    pub fn requested(&self) -> Strategy {
        self.requested
    }

    /// The way that the last awaitable took; before the first awaitable, the requested one.
    pub fn in_use(&self) -> Strategy {
        let number = self.in_use.load(Ordering::Relaxed);
        Strategy::ALL.into_iter().find(|strategy| *strategy as u8 == number).unwrap_or(self.requested)
    }

    /// True in a child that was forked after the pool was first used. The pool then belongs to the parent.
    pub fn is_elsewhere(&self) -> bool {
        self.home.is_elsewhere()
    }

    /// Raises `RuntimeError` in a child of the pool's process, where nothing of the pool may be touched.
    pub fn claim(&self) -> PyResult<()> {
        self.home.claim(foreign)
    }

    /// Returns an awaitable for `work`, bound to the running event loop. It raises `RuntimeError` without a running loop
    /// and in a child of the pool's process, and `OSError` if the process lacks a file or a thread for it.
    pub fn awaitable<'py, F, T>(&self, py: Python<'py>, work: F) -> PyResult<Bound<'py, PyAny>>
    where
        F: Future<Output = T> + Send + 'static,
        T: Output,
    {
        let _inside = Inside::enter()?;
        self.claim()?;
        runtime::start().map_err(|error| scarce(&error))?;
        let event_loop = EventLoop::running(py)?;
        // The work moves to the heap once. Otherwise each layer above would move all of it (measured: a quarter of
        // the CPU time).
        let work = Box::pin(work);
        let mailbox = match self.requested {
            Strategy::FutureIntoPy => None,
            Strategy::CompletionQueue => EventLoop::mailbox(&event_loop)?,
            Strategy::LoopNative => loop_native::mailbox(&event_loop)?,
        };
        let taken = if mailbox.is_some() { self.requested } else { Strategy::FutureIntoPy };
        self.in_use.store(taken as u8, Ordering::Relaxed);
        match (mailbox, self.requested) {
            (Some(mailbox), Strategy::CompletionQueue) => {
                completion_queue::awaitable(&event_loop, mailbox, work)
            }
            (Some(mailbox), Strategy::LoopNative) => loop_native::awaitable(&event_loop, mailbox, work),
            // The pool's connections may have been opened for another loop, which could watch them.
            (None, Strategy::LoopNative) => {
                future_into_py::awaitable(&event_loop, loop_native::assisted(work))
            }
            (_, _) => future_into_py::awaitable(&event_loop, work),
        }
    }
}

fn foreign() -> PyErr {
    PyRuntimeError::new_err(
        "the pool was used before this process was forked, and its connections belong to the parent\n\
         hint: make a pool in each process, after the fork",
    )
}
