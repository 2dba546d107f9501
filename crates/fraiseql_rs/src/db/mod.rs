//! The pool, from Python's class down to the bytes on the wire:
//!
//! `prototype` (the Python class) → `param` (arguments in) → `pool` → `lease` (a connection on loan) → `query`
//! (prepare, run) → `reader` (the form that was asked for) → `json` (rows as text) or `python` (rows as objects) →
//! `answer` (into Python).
//! `reset` and `encoding` keep one caller's session from the next. `error` is what goes wrong, `exceptions` how Python
//! sees it; `text` and `wire` know PostgreSQL's formats.

mod answer;
mod cancel;
mod connection;
mod depth;
mod dial;
mod encoding;
mod error;
mod exceptions;
mod failure;
mod fault;
mod field;
mod figures;
mod json;
mod lease;
mod param;
mod pool;
mod prototype;
mod python;
mod query;
mod reader;
mod reset;
mod server;
mod settings;
mod sieve;
mod sql;
mod statements;
mod text;
mod times;
mod wire;

pub use exceptions::add_exceptions;
pub use fault::_panic;
pub use prototype::PrototypePool;
pub use python::{_record, Interval, Range, Record};
