//! The pool, from Python's class down to the bytes on the wire:
//!
//! `prototype` (the Python class) → `pool` → `lease` (a connection on loan) → `query` → `json` (rows to text)
//! → `answer` (into Python). `error` is what goes wrong, `exceptions` how Python sees it.

mod answer;
mod cancel;
mod connection;
mod dial;
mod error;
mod exceptions;
mod json;
mod lease;
mod pool;
mod prototype;
mod query;
mod settings;
mod text;
mod wire;

pub use exceptions::add_exceptions;
pub use prototype::PrototypePool;
