//! What is a cell, and what is kept of it? Ids, records, accounts and hashes: values that every other room speaks of.

pub mod cell;
pub mod detection;
pub mod document;
pub mod event;
pub mod failure;
pub mod fingerprint;
pub mod kit;
pub mod ledger;
pub mod negative;
pub mod noise;
pub mod origin;
pub mod outcome;
pub mod program;
pub mod record;
pub mod rehearsal;
pub mod secrets;
pub mod stable;
pub mod versions;
