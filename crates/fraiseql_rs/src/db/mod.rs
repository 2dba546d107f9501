//! The pool, from Python's class down to the bytes on the wire:
//!
//! `prototype` (the Python class; `arguments` for a connection string) → `param` (arguments in) → `pool` (with its
//! `upkeep`) → `lease` (a connection on loan) → `query` (prepare, run) → `sieve` and `arriving` (the rows as they come) →
//! `reader` (the form that was asked for) → `json` (rows as text) or `python` (rows as objects) → `answer` (into
//! Python).
//! `acquired` and `block` are a held connection and its transactions in Python → `held` (statements in their order) and
//! `transaction`, to the same `query`.
//! `reset` and `encoding` keep one caller's session from the next. `error` is what goes wrong, `exceptions` how Python
//! sees it; `text` and `wire` know PostgreSQL's formats.

mod acquired;
mod answer;
mod arguments;
mod arriving;
mod block;
mod cancel;
mod connection;
mod depth;
mod dial;
mod dsn;
mod encoding;
mod environment;
mod error;
mod exceptions;
mod failure;
#[cfg(feature = "faults")]
mod fault;
mod figures;
mod held;
mod json;
mod lease;
mod lock;
mod opening;
mod options;
mod param;
mod passfile;
mod pool;
mod prototype;
mod python;
mod query;
mod reader;
mod reset;
mod server;
mod session;
mod settings;
mod sieve;
mod size;
mod sql;
mod statements;
mod states;
mod status;
mod text;
mod times;
mod transaction;
mod type_name;
mod upkeep;
mod wire;

pub use acquired::{Acquiring, Connection};
pub use block::Transaction;
pub use exceptions::add_exceptions;
#[cfg(feature = "faults")]
pub use fault::_panic;
pub use prototype::PrototypePool;
pub use python::{_record, Interval, Range, Record};
