//! How does a transaction begin and end on a connection that is held? The first one is one of the server's, and each inside
//! it is a savepoint.

use super::error::{Error, Kind};
use super::held::{Held, Place, Turn};
use crate::bridge;

/// How a transaction begins.
#[derive(Clone, Debug, Default)]
pub struct Begin {
    isolation: Option<&'static str>,
    readonly: bool,
    deferrable: bool,
}

const LEVELS: [(&str, &str); 4] = [
    ("serializable", "SERIALIZABLE"),
    ("repeatable_read", "REPEATABLE READ"),
    ("read_committed", "READ COMMITTED"),
    ("read_uncommitted", "READ UNCOMMITTED"),
];

impl Begin {
    /// Refuses an isolation level that does not exist.
    pub fn new(isolation: Option<&str>, readonly: bool, deferrable: bool) -> Result<Self, Error> {
        let level = |name: &str| {
            let found = LEVELS.iter().find(|(known, _)| *known == name).map(|(_, sql)| *sql);
            found.ok_or_else(|| {
                let names = LEVELS.map(|(known, _)| known).join(", ");
                Error::setting(format!("isolation must be one of {names}, got {name:?}"))
            })
        };
        Ok(Self { isolation: isolation.map(level).transpose()?, readonly, deferrable })
    }

    fn is_plain(&self) -> bool {
        self.isolation.is_none() && !self.readonly && !self.deferrable
    }

    /// The statement that begins it so many levels deep.
    fn sql(&self, level: usize) -> Result<String, Error> {
        if level > 0 && !self.is_plain() {
            return Err(Error::usage(
                "isolation, readonly and deferrable belong to the outermost transaction: one inside it is a savepoint",
            ));
        }
        if level > 0 {
            return Ok(format!("SAVEPOINT {}", name(level)));
        }
        let isolation = self.isolation.map_or_else(String::new, |level| format!(" ISOLATION LEVEL {level}"));
        let access = if self.readonly { " READ ONLY" } else { "" };
        let constraints = if self.deferrable { " DEFERRABLE" } else { "" };
        Ok(format!("BEGIN{isolation}{access}{constraints}"))
    }
}

fn name(level: usize) -> String {
    format!("fraiseql_{level}")
}

fn roll_back(level: usize) -> String {
    match level {
        0 => "ROLLBACK".to_owned(),
        _ => format!("ROLLBACK TO SAVEPOINT {0}; RELEASE SAVEPOINT {0}", name(level)),
    }
}

fn commit(level: usize) -> String {
    match level {
        0 => "COMMIT".to_owned(),
        _ => format!("RELEASE SAVEPOINT {}", name(level)),
    }
}

/// A transaction that has begun, and whose caller does not know it yet. No other statement runs before that. If this is
/// dropped, the transaction is rolled back, since its caller never will.
pub struct Open {
    turn: Option<Turn>,
    level: usize,
}

impl Open {
    /// Begins one.
    pub async fn begin(mut turn: Turn, begin: &Begin) -> Result<Self, Error> {
        let level = turn.slot().depth;
        let sql = begin.sql(level)?;
        let mut turn = turn.command(&sql, roll_back(level)).await.map_err(|(_, error)| error)?;
        turn.slot().depth = level + 1;
        Ok(Self { turn: Some(turn), level })
    }

    /// Leaves its end to the caller, who gets its level.
    pub fn into_level(mut self) -> usize {
        self.turn = None;
        self.level
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(turn) = self.turn.take() {
            let level = self.level;
            bridge::finish(async move { drop(end(turn, level, false).await) });
        }
    }
}

/// The end of a transaction. If this is dropped before its turn has come, the transaction is rolled back then.
pub struct Ending {
    place: Option<Place>,
    level: usize,
}

impl Ending {
    pub fn new(held: &Held, level: usize) -> Self {
        Self { place: Some(held.queue()), level }
    }

    /// Commits, or rolls back.
    pub async fn run(mut self, commits: bool) -> Result<(), Error> {
        let Some(place) = &mut self.place else { return Ok(()) };
        let turn = place.await;
        self.place = None;
        end(turn, self.level, commits).await
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            let level = self.level;
            bridge::finish(async move { drop(end(place.await, level, false).await) });
        }
    }
}

/// Ends the transaction of a level: commits it, or rolls it back.
async fn end(mut turn: Turn, level: usize, commits: bool) -> Result<(), Error> {
    if turn.slot().depth != level + 1 {
        return Err(Error::usage("a transaction ends after those inside it, and before those around it"));
    }
    // Whatever comes, it is over: where its end is not confirmed, it is rolled back.
    turn.slot().depth = level;
    let has_failed = turn.connection().is_ok_and(|connection| connection.status.has_failed());
    if commits && !has_failed {
        return match turn.command(&commit(level), roll_back(level)).await {
            Ok(_) => Ok(()),
            Err((turn, error)) => {
                // A savepoint that could not be released leaves the transaction around it failed.
                if level > 0 {
                    let _ = turn.command(&roll_back(level), roll_back(level)).await;
                }
                Err(error)
            }
        };
    }
    match turn.command(&roll_back(level), roll_back(level)).await {
        Ok(_) if commits => Err(Error::rolled_back()),
        Ok(_) => Ok(()),
        // The server has rolled back by itself. Who rolls back has an error at hand that says more.
        Err((_, error)) if !commits && error.kind == Kind::ConnectionLost => Ok(()),
        Err((_, error)) => Err(error),
    }
}
