//! stub
use super::*;
use crate::cell::Python;
use std::path::PathBuf;
#[derive(Debug)]
pub struct Interpreter {
    pub path: PathBuf,
    pub version: String,
    pub soabi: String,
}
impl std::fmt::Display for Interpreter {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}
pub fn provide(_p: Python, _t: &tools::Tools, _s: &Site) -> Result<Interpreter, ProvisionError> {
    todo!()
}
