//! stub
use super::*;
use crate::config::PostgresSpec;
use std::path::PathBuf;
#[derive(Debug)]
pub struct Binaries {
    pub bin: PathBuf,
}
impl std::fmt::Display for Binaries {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}
pub fn provide(_s: &PostgresSpec, _site: &Site) -> Result<Binaries, ProvisionError> {
    todo!()
}
#[derive(Debug)]
pub struct Cluster<'p> {
    pub p: &'p Processes,
}
pub struct Database {
    pub password: String,
}
impl Database {
    pub fn env(&self) -> [(&str, String); 5] {
        todo!()
    }
}
impl<'p> Cluster<'p> {
    pub fn start(_b: &Binaries, _s: &PostgresSpec, site: &Site<'p>) -> Result<Self, ProvisionError> {
        Ok(Cluster { p: site.processes })
    }
    pub fn fresh_database(&self, _n: &str) -> Result<Database, ProvisionError> {
        todo!()
    }
    pub fn superuser(&self) -> Database {
        todo!()
    }
    pub fn port(&self) -> u16 {
        0
    }
}
