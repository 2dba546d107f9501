//! When did a statement fail: before it ran, or while it ran? Only before it ran may it be sent again.

use super::error::{Error, Left};

/// The error of a statement, with the time of the failure. Neither the SQLSTATE nor the routine tells the time. A body
/// of PL/pgSQL can commit, and then raise each error that the server raises for an outdated statement.
#[derive(Debug)]
pub struct Failure {
    pub error: Error,
    /// False if the server refused the statement at the latest when it bound the parameters. True if the statement may
    /// have done a part of its work.
    has_run: bool,
}

impl Failure {
    /// The statement has done nothing.
    pub fn before_it_ran(error: Error) -> Self {
        Self { error, has_run: false }
    }

    /// The statement may have done anything.
    pub fn while_it_ran(error: Error) -> Self {
        Self { error, has_run: true }
    }

    /// Whether the statement still runs only once if it is sent again.
    pub fn allows_another_attempt(&self) -> bool {
        !self.has_run
    }

    /// The state in which the failure leaves the connection.
    pub fn leaves(&self) -> Left {
        // The statement was prepared again and was still missing. So the statements with which tokio-postgres asks for
        // types are gone.
        if !self.has_run && self.error.is_missing_statement() {
            return Left::Broken;
        }
        self.error.leaves()
    }
}
