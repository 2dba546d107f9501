//! How does an extension become something that a cell can import? Line → project → wheel → tox environment.

mod artifacts;
pub mod audit;
pub mod cell_files;
pub mod check;
pub mod derived;
pub mod environment;
pub mod knowledge;
pub mod line;
pub mod lock;
pub mod manifest;
mod members;
mod needs;
pub mod packages;
pub mod probe;
mod progress;
pub mod rehearsal;
mod stable;
mod variables;
pub mod wheel;
pub mod workspace;
