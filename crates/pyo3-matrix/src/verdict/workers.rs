//! What became of the processes that ran a cell's tests? The events of pytest-xdist's workers in; which of them tested what
//! out, and how each that died ended.
//!
//! Without workers there is one process, which has no name here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::model::record::Observed;

/// The workers of a session. Empty where the session's own process ran its tests.
#[derive(Debug, Default)]
pub struct Workers {
    /// What each worker measured of itself before its first test.
    pub observed: BTreeMap<String, Identity>,
    /// Those that ran a test.
    tested: BTreeSet<String>,
    pub died: Vec<Died>,
    /// Tests that began and did not end, each with the worker that ran it.
    running: Vec<(Option<String>, String)>,
}

/// What a process is, as it says itself.
#[derive(Debug, Deserialize)]
pub struct Identity {
    #[serde(flatten)]
    pub observed: Observed,
    /// The files of the installed distribution: path → SHA-256 as it is on disk.
    #[serde(default)]
    pub installed: BTreeMap<String, String>,
}

/// A worker that ended without saying so.
#[derive(Debug, PartialEq, Eq)]
pub struct Died {
    pub worker: String,
    /// A signal is a negative number. None where it cannot be known.
    pub exit_code: Option<i32>,
    /// The tests that it was running.
    pub during: Vec<String>,
}

impl Workers {
    pub fn begins(&mut self, worker: Option<String>, test: &str) {
        self.tested.extend(worker.clone());
        self.running.push((worker, test.to_owned()));
    }

    pub fn ends(&mut self, worker: Option<String>, test: &str) {
        self.running.retain(|(by, name)| *by != worker || name != test);
        self.tested.extend(worker);
    }

    pub fn dies(&mut self, worker: String, exit_code: Option<i32>) {
        let of_it = self.running.iter().filter(|(by, _)| by.as_deref() == Some(&worker));
        let during = of_it.map(|(_, test)| test.clone()).collect();
        self.died.push(Died { worker, exit_code, during });
    }

    /// The tests that began and did not end.
    #[must_use]
    pub fn running(&self) -> Vec<&str> {
        self.running.iter().map(|(_, test)| test.as_str()).collect()
    }

    /// The workers that ran a test and never said what they are.
    #[must_use]
    pub fn unobserved(&self) -> Vec<&str> {
        let unseen = self.tested.iter().filter(|worker| !self.observed.contains_key(*worker));
        unseen.map(String::as_str).collect()
    }

    /// The first worker that a signal ended, and the signal.
    #[must_use]
    pub fn crashed(&self) -> Option<(&Died, i32)> {
        self.died
            .iter()
            .find_map(|died| Some((died, died.exit_code.filter(|code| *code < 0)?.saturating_neg())))
    }
}
