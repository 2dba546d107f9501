//! What does a pool remember of earlier answers, for the faults that are about that? A clean pool remembers nothing.

use std::collections::HashMap;
use std::mem;
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, PoisonError};

use tokio_postgres::types::Type;
use tokio_postgres::Row;

use crate::answer::Value;
use crate::error::Failure;
use crate::fault::every;

type Rows = Vec<Vec<Value>>;

#[derive(Default)]
pub struct Memory {
    answers: AtomicUsize,
    last: Mutex<Rows>,
    columns: Mutex<HashMap<String, Vec<Type>>>,
    numbers: Mutex<HashMap<String, u32>>,
}

impl Memory {
    /// The query's own rows, or at every 2,000th query those of the one before.
    pub fn crossed(&self, own: Rows) -> Rows {
        let before = mem::replace(&mut *guard(&self.last), own.clone());
        if every(&self.answers, 2_000) {
            before
        } else {
            own
        }
    }

    /// The columns that the first answer to this statement had.
    pub fn columns(&self, sql: &str, now: Vec<Type>) -> Vec<Type> {
        guard(&self.columns).entry(sql.to_owned()).or_insert(now).clone()
    }

    /// An error if a type of the database's own has another number than in the first answer that had it.
    pub fn check_numbers(&self, rows: &[Row]) -> Result<(), Failure> {
        let mut numbers = guard(&self.numbers);
        for column in rows.first().map_or(&[][..], Row::columns) {
            let (name, number) = (column.type_().name(), column.type_().oid());
            let known = *numbers.entry(name.to_owned()).or_insert(number);
            if known != number {
                return Err(Failure::of_pool(format!(
                    "the type {name} has the number {number}, not {known}"
                )));
            }
        }
        Ok(())
    }
}

fn guard<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
