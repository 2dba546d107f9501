//! stub
use super::*;
use std::path::PathBuf;
#[derive(Debug)]
pub struct Tools {
    pub fresh: bool,
}
impl std::fmt::Display for Tools {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}
impl Tools {
    pub fn tox(&self) -> PathBuf {
        todo!()
    }
    pub fn maturin(&self) -> PathBuf {
        todo!()
    }
    pub fn maturin_version(&self) -> &str {
        todo!()
    }
}
pub fn provide(_s: &Site) -> Result<Tools, ProvisionError> {
    todo!()
}
