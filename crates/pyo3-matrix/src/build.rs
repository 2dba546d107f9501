//! How does an extension become something that a cell can import? Line → project → wheel → tox environment.

mod artifacts;
pub mod audit;
pub mod cell_files;
pub mod check;
pub mod environment;
pub mod knowledge;
pub mod line;
pub mod lock;
mod manifest;
mod members;
mod needs;
pub mod probe;
mod progress;
mod stable;
mod variables;
pub mod wheel;
pub mod workspace;
