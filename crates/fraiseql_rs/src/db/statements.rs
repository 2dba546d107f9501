//! Which statements has this connection prepared? The most recent ones, up to a bound. The server forgets the others.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio_postgres::types::{Kind, Type};
use tokio_postgres::{Client, Statement};

use super::error::Error;
use super::json::RowEncoder;
use super::python::RowDecoder;
use super::sql;

/// A prepared statement with the converters that its columns need, chosen at their first use.
pub struct Prepared {
    pub statement: Statement,
    /// Whether the session is afterwards as it was before, as far as the text shows.
    pub keeps_session: bool,
    encoder: OnceLock<Arc<RowEncoder>>,
    decoder: OnceLock<Arc<RowDecoder>>,
}

impl Prepared {
    /// The converter of its rows to JSON.
    pub fn encoder(&self) -> Result<Arc<RowEncoder>, Error> {
        if let Some(known) = self.encoder.get() {
            return Ok(Arc::clone(known));
        }
        let made = Arc::new(RowEncoder::new(self.statement.columns())?);
        Ok(Arc::clone(self.encoder.get_or_init(|| made)))
    }

    /// The converter of its rows to Python objects.
    pub fn decoder(&self) -> Result<Arc<RowDecoder>, Error> {
        if let Some(known) = self.decoder.get() {
            return Ok(Arc::clone(known));
        }
        let made = Arc::new(RowDecoder::new(self.statement.columns())?);
        Ok(Arc::clone(self.decoder.get_or_init(|| made)))
    }
}

/// What one connection keeps prepared at most. Bytes are those of the SQL text; what the server and the client hold for
/// a statement grows with them.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// With 0, each statement is prepared again for every use.
    pub count: usize,
    /// The bytes of all kept statements together.
    pub bytes: usize,
    /// The bytes of one kept statement.
    pub bytes_of_one: usize,
}

impl Bounds {
    /// `None` is no limit.
    pub fn new(count: usize, bytes: Option<usize>, bytes_of_one: Option<usize>) -> Self {
        Self { count, bytes: bytes.unwrap_or(usize::MAX), bytes_of_one: bytes_of_one.unwrap_or(usize::MAX) }
    }

    fn allow(&self, sql: &str) -> bool {
        self.count > 0 && sql.len() <= self.bytes.min(self.bytes_of_one)
    }
}

/// The statements of one connection, by their text. When a statement is dropped, the server closes it.
pub struct Statements {
    bounds: Bounds,
    held: Mutex<Held>,
    /// The preparations that began and did not finish. The server keeps these statements, and their names are lost.
    unfinished: AtomicUsize,
    /// The bytes of the unfinished ones.
    unfinished_bytes: AtomicUsize,
}

#[derive(Default)]
struct Held {
    by_text: HashMap<String, (u64, Arc<Prepared>)>,
    /// The bytes of all texts.
    bytes: usize,
    /// Counts uses, so that the least recent one is known.
    clock: u64,
}

impl Held {
    fn find(&mut self, sql: &str) -> Option<Arc<Prepared>> {
        self.clock += 1;
        let (used, prepared) = self.by_text.get_mut(sql)?;
        *used = self.clock;
        Some(Arc::clone(prepared))
    }

    fn keep(&mut self, sql: &str, prepared: &Arc<Prepared>, bounds: &Bounds) {
        self.remove(sql);
        while self.by_text.len() >= bounds.count || self.bytes + sql.len() > bounds.bytes {
            let oldest = self.by_text.iter().min_by_key(|(_, (used, _))| *used).map(|(text, _)| text.clone());
            let Some(oldest) = oldest else { break };
            self.remove(&oldest);
        }
        self.bytes += sql.len();
        self.by_text.insert(sql.to_owned(), (self.clock, Arc::clone(prepared)));
    }

    fn remove(&mut self, sql: &str) -> Option<Arc<Prepared>> {
        let (_, prepared) = self.by_text.remove(sql)?;
        self.bytes -= sql.len();
        Some(prepared)
    }
}

impl Statements {
    /// Makes a cache within `bounds`.
    pub fn new(bounds: Bounds) -> Self {
        let (unfinished, unfinished_bytes) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { bounds, held: Mutex::default(), unfinished, unfinished_bytes }
    }

    /// Returns the statement for `sql`, from the cache or from the server.
    pub async fn prepare(&self, client: &Client, sql: &str) -> Result<Arc<Prepared>, Error> {
        if let Some(known) = self.with(|held| held.find(sql)) {
            return Ok(known);
        }
        self.unfinished.fetch_add(1, Ordering::Relaxed);
        self.unfinished_bytes.fetch_add(sql.len(), Ordering::Relaxed);
        // On the heap, so that this rare case does not make every query's future larger.
        let statement = Box::pin(client.prepare(sql)).await;
        self.unfinished.fetch_sub(1, Ordering::Relaxed);
        self.unfinished_bytes.fetch_sub(sql.len(), Ordering::Relaxed);
        let prepared = Arc::new(Prepared {
            statement: statement?,
            keeps_session: sql::keeps_session(sql),
            encoder: OnceLock::new(),
            decoder: OnceLock::new(),
        });
        if has_composite(&prepared.statement) {
            // A composite type's columns can change while the plan stays valid, and the server reports no change. So
            // they are read again each time.
            client.clear_type_cache();
        } else if self.bounds.allow(sql) {
            self.with(|held| held.keep(sql, &prepared, &self.bounds));
        }
        Ok(prepared)
    }

    /// Whether cancelled preparations have left more statements on the server than the cache itself may hold.
    pub fn has_lost_too_many(&self) -> bool {
        self.unfinished.load(Ordering::Relaxed) > self.bounds.count
            || self.unfinished_bytes.load(Ordering::Relaxed) > self.bounds.bytes
    }

    /// Prepares `sql` again if the cache has it. Returns true if its parameters have other types now.
    pub async fn relearn(&self, client: &Client, sql: &str) -> Result<bool, Error> {
        let Some(known) = self.with(|held| held.remove(sql)) else { return Ok(false) };
        let anew = self.prepare(client, sql).await?;
        Ok(known.statement.params() != anew.statement.params())
    }

    /// Forgets the statement for `sql` and its types, because the schema has changed.
    pub fn forget(&self, client: &Client, sql: &str) {
        client.clear_type_cache();
        self.with(|held| held.remove(sql));
    }

    /// Runs `work` under the lock. The lock is never held across an await, so no task waits long for it.
    fn with<T>(&self, work: impl FnOnce(&mut Held) -> T) -> T {
        work(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether a parameter or a column has a composite type, or contains one.
fn has_composite(statement: &Statement) -> bool {
    let columns = statement.columns().iter().map(tokio_postgres::Column::type_);
    statement.params().iter().chain(columns).any(is_composite)
}

fn is_composite(type_: &Type) -> bool {
    match type_.kind() {
        Kind::Composite(_) => true,
        Kind::Array(inner) | Kind::Domain(inner) | Kind::Range(inner) | Kind::Multirange(inner) => {
            is_composite(inner)
        }
        _ => false,
    }
}
