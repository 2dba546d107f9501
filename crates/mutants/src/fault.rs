//! Which faults are there, and what does each break? One table, from which `faults()` and the parser are made.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

macro_rules! faults {
    ($($name:ident $id:literal $what:literal;)*) => {
        /// What is broken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault { None, $($name),* }

        /// Id, fault, and one sentence on what is wrong.
        const TABLE: &[(&str, Fault, &str)] = &[$(($id, Fault::$name, $what)),*];
    };
}

faults! {
    GilHeld "gil-held" "slow() waits for Tokio with the GIL held until the work has ended.";
    GilDeadlock "gil-deadlock" "slow() waits with the GIL held for work that needs the GIL, so it hangs for ever.";
    LoopBlocked "loop-blocked" "slow() blocks the thread that calls it; the GIL is released meanwhile.";
    GilHog "gil-hog" "Each completion holds the GIL for 50 ms.";
    CancelIgnored "cancel-ignored" "The work in Rust goes on after its awaitable was cancelled.";
    CancelNotSent "cancel-not-sent" "The pool sends no CancelRequest; the connection waits until the query has ended.";
    BusyConnectionReused "busy-connection-reused" "A cancelled query's connection serves others while the query runs.";
    PermitsLost "permits-lost" "A cancelled operation never gives its place in the pool back.";
    AnswersCrossed "answers-crossed" "Every 2,000th answer of echo() and fetch() is that of another caller.";
    ErrorSwallowed "error-swallowed" "An error gives None, or no rows.";
    BareBaseException "bare-base-exception" "fail() raises a BaseException that is no Exception.";
    SqlstateLost "sqlstate-lost" "A DatabaseError has no SQLSTATE.";
    PanicNeverResolves "panic-never-resolves" "After a panic the awaitable waits for ever.";
    ArcCycle "arc-cycle" "A cycle of Arcs keeps about 200 bytes per call.";
    ReferenceLeaked "reference-leaked" "A reference to a Python object is leaked per call.";
    BytesLeaked "bytes-leaked" "200 bytes are leaked per call.";
    BytesLeakedOnError "bytes-leaked-on-error" "200 bytes are leaked per error.";
    BytesLeakedOnCancel "bytes-leaked-on-cancel" "200 bytes are leaked per cancellation.";
    ThreadPerCall "thread-per-call" "Each call starts a thread that ends only with the process.";
    WakeUpLost "wake-up-lost" "Every 5,000th answer is never delivered.";
    CrashAtExit "crash-at-exit" "The process aborts if the interpreter exits while work is in flight.";
    InterruptSwallowedIdle "interrupt-swallowed-idle" "SIGINT is swallowed while slow() is at work.";
    InterruptSwallowedUnderLoad "interrupt-swallowed-under-load"
        "Completions come in batches whose callback swallows SIGINT, and then wakes none of its waiters.";
    ForkHangs "fork-hangs" "A forked child uses the runtime of its parent, and waits for ever.";
    ForkNever "fork-never" "A child that was forked after the first use can never use the module.";
    ContextLost "context-lost" "The awaitable ignores the context of its waiter, so a task goes on in another context.";
    WrongLoop "wrong-loop" "The event loop of the first call is used for ever.";
    StatementRetried "statement-retried" "A statement that failed after it ran is sent again.";
    SessionKept "session-kept" "The state of a session reaches the next caller.";
    DescriptorLeaked "descriptor-leaked" "Each connection that fails leaks a file descriptor.";
    ShortageRemembered "shortage-remembered" "A runtime that could not be made once is an error for ever after.";
    LockHeld "lock-held" "A lock of the module is held while Python code runs, so code that calls back in deadlocks.";
    BeginUndone "begin-undone" "A transaction that fetch() opened with BEGIN is rolled back in silence.";
    CommitRetried "commit-retried" "A COMMIT whose answer is lost is reported as a success.";
    SecondsAsMilliseconds "seconds-as-milliseconds" "slow() takes its seconds for milliseconds.";
    GilTakenOften "gil-taken-often" "Each completion takes the GIL 64 times.";
    LivingReferenceLeaked "living-reference-leaked" "A reference to an object that lives anyway is leaked per call.";
    RowsCrossed "rows-crossed" "Every 2,000th answer of a pool is that of another query.";
    RowLost "row-lost" "An answer of more than a thousand rows loses every thousandth.";
    BusyNotCounted "busy-not-counted" "Connections that are in use do not count, so a pool may open as many again.";
    SessionsLeft "sessions-left" "close() leaves the idle connections open.";
    LateErrorSwallowed "late-error-swallowed" "An error behind the first row gives the rows before it.";
    ShutdownSwallowed "shutdown-swallowed" "A query whose session the server ends gives no rows instead of an error.";
    LostConnectionSwallowed "lost-connection-swallowed" "A query whose connection breaks gives no rows instead of an error.";
    LostConnectionHangs "lost-connection-hangs" "A query whose connection breaks waits for ever.";
    EndUnnoticed "end-unnoticed" "The pool does not notice that the server has closed its half of a connection.";
    StatementResent "statement-resent" "A statement whose connection breaks is sent again on another connection.";
    DeadConnectionKept "dead-connection-kept" "A connection that broke serves the next caller, again and again.";
    RefusalRetried "refusal-retried" "A connection that is refused is tried again for ever.";
    LoginRetried "login-retried" "A login that the server refuses is tried again for ever.";
    ScramUnknown "scram-unknown" "The pool does not know the login by SCRAM.";
    HeaderInOneRead "header-in-one-read" "A message whose header comes in two reads is an error.";
    StatementsKept "statements-kept" "Each connection prepares a statement once, and never anew.";
    StatementNamesShared "statement-names-shared" "Statements of different connections have the same names.";
    ColumnsRemembered "columns-remembered" "The columns of a statement are those of its first answer, for ever.";
    TypesRemembered "types-remembered" "The number of a type is that of its first value, for ever.";
    TransactionLeftOpen "transaction-left-open" "A connection with an open transaction serves the next caller.";
    RollbackCommits "rollback-commits" "rollback() makes the changes last.";
    CommitErrorSwallowed "commit-error-swallowed" "A COMMIT that the server refuses is reported as a success.";
    GilSwitchedOn "gil-switched-on" "The import switches the GIL on (with BRIDGE_MUTANTS_GIL=on; free-threaded).";
    DataRace "data-race" "Threads that call at the same time get each other's answers (free-threaded).";
}

impl Fault {
    /// The fault of that id; no id is no fault.
    pub fn parse(id: Option<&str>) -> PyResult<Self> {
        let Some(id) = id else { return Ok(Self::None) };
        let found = TABLE.iter().find(|(known, ..)| *known == id);
        found.map(|(_, fault, _)| *fault).ok_or_else(|| {
            let known: Vec<_> = TABLE.iter().map(|(known, ..)| *known).collect();
            PyValueError::new_err(format!("unknown fault {id:?}; the faults are: {}", known.join(", ")))
        })
    }

    /// The id, if there is a fault.
    pub fn id(self) -> Option<&'static str> {
        TABLE.iter().find(|(_, fault, _)| *fault == self).map(|(id, ..)| *id)
    }
}

/// Each fault's id and one sentence on what it breaks.
#[pyfunction]
pub fn faults() -> BTreeMap<&'static str, &'static str> {
    TABLE.iter().map(|(id, _, what)| (*id, *what)).collect()
}

/// Counts in `counter`; true at each multiple of `period`.
pub fn every(counter: &AtomicUsize, period: usize) -> bool {
    (counter.fetch_add(1, Ordering::SeqCst) + 1) % period == 0
}
