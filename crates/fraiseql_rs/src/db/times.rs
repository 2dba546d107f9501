//! How long may a connection take to open, be waited for, lie unused and live?

use std::time::Duration;

use super::error::Error;

/// The pool's limits of time. `None` is no limit.
#[derive(Clone, Copy)]
pub struct Times {
    /// From dialling to the server's first `ReadyForQuery`.
    pub connect: Duration,
    /// How long a query waits for a connection.
    pub acquire: Option<Duration>,
    /// How long a connection may lie unused.
    pub idle: Option<Duration>,
    /// How long after its start a connection may still be lent.
    pub life: Option<Duration>,
}

impl Times {
    /// Reads the seconds that Python gives.
    pub fn new(
        connect_timeout: f64,
        acquire_timeout: Option<f64>,
        max_idle_time: Option<f64>,
        max_lifetime: Option<f64>,
    ) -> Result<Self, Error> {
        let limit = |name, value: Option<f64>| value.map(|value| seconds(name, value)).transpose();
        Ok(Self {
            connect: seconds("connect_timeout", connect_timeout)?,
            acquire: limit("acquire_timeout", acquire_timeout)?,
            idle: limit("max_idle_time", max_idle_time)?,
            life: limit("max_lifetime", max_lifetime)?,
        })
    }
}

fn seconds(name: &str, value: f64) -> Result<Duration, Error> {
    match Duration::try_from_secs_f64(value) {
        Ok(limit) if !limit.is_zero() => Ok(limit),
        _ => Err(Error::setting(format!("{name} must be a positive number of seconds, got {value}"))),
    }
}
