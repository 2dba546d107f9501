//! What do a cell's tests talk to? A release asked for in, a server with a database for each cell out.

pub mod cluster;
pub mod database;
pub mod external;
mod log;
pub mod npm;
pub mod postgres;
mod presence;
pub mod server;
mod superuser;
