//! What is on disk, and which runs belong together? Run folders, what their cells were made from, and how runs are merged.

pub mod alive;
pub mod basis;
pub mod checkout;
pub mod costs;
pub mod disk;
pub mod earlier;
pub mod folder;
pub mod intent;
pub mod left;
mod loaded;
pub mod merge;
pub mod named;
pub mod retention;
