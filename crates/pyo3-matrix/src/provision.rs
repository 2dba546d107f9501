//! stub
pub mod postgres;
pub mod python;
pub mod tools;
use crate::config::Config;
use crate::process::{ProcessError, Processes};
pub struct Site<'a> {
    pub config: &'a Config,
    pub processes: &'a Processes,
    pub say: &'a (dyn Fn(&str) + Sync),
}
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    #[error(transparent)]
    Process(#[from] ProcessError),
}
pub fn cache_folders(_c: &Config) -> Vec<std::path::PathBuf> {
    vec![]
}
