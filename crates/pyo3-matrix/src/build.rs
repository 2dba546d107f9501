//! How does an extension become something that a cell can import? Line → project → wheel → tox environment.

mod artifacts;
pub mod environment;
pub mod fingerprint;
pub mod line;
pub mod wheel;
