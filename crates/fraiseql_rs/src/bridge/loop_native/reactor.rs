//! Which sockets are ready, and which tasks have to be polled? The process has one reactor. Any thread may drive it,
//! and several may at once: one of them looks at the sockets, and each polls tasks. Usually they are threads of loops,
//! because every loop with work watches the reactor's descriptor. Tokio's thread drives it where no loop would: after
//! the last loop is closed, while the interpreter exits, and while a loop's thread is held up in Python code.
//!
//! A driving thread holds no lock while it polls a task, because the task may call Python code. It never waits for
//! another driving thread, because it may hold the GIL, which the other one may be waiting for.

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::{select, Either};
use mio::event::{Event, Source};
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use tokio::runtime::Runtime;
use tokio::time::sleep;

use super::super::per_process::PerProcess;
use super::super::runtime;
use super::socket::Readiness;
use super::task::Task;

/// How many polls of tasks happen before the loop gets its turn, and how long they may take in all. The clock is read
/// after a poll that has made rows, and else once for so many polls.
const BUDGET: usize = 128;
const TIME: Duration = Duration::from_millis(2);
const POLLS: usize = 8;

/// How many events are taken at once; the next look takes the others.
const EVENTS: usize = 256;

/// A loop has this long to drive the reactor. After that Tokio's thread does it.
const PATIENCE: Duration = Duration::from_millis(5);

/// How often Tokio's thread looks at the sockets while its work needs them.
const ASSISTANCE: Duration = Duration::from_millis(1);

/// A query may begin without a new look at the sockets if the last look is not older than this.
const FRESH: Duration = Duration::from_millis(1);

const ALARM: Token = Token(0);

static REACTOR: PerProcess<Reactor> = PerProcess::new();

thread_local! {
    /// What this thread is doing for the reactor.
    static TURN: Cell<Turn> = const { Cell::new(Turn::None) };
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// It does not drive.
    None,
    /// It drives. It polls what it queues itself, so it need not be called for that.
    Driving,
    /// It drives, and Tokio's thread knows that the task at hand may take long.
    Delayed,
}

/// See the module.
pub struct Reactor {
    runtime: &'static Runtime,
    /// Held for a look at the sockets, and never while a task is polled.
    io: Mutex<Io>,
    registry: Registry,
    descriptor: RawFd,
    /// Makes the descriptor readable.
    alarm: Waker,
    ready: Mutex<VecDeque<Arc<Task>>>,
    sockets: Mutex<HashMap<Token, Arc<Readiness>>>,
    next: AtomicUsize,
    is_assistant_called: AtomicBool,
    /// How many times a thread has driven the reactor.
    turns: AtomicU64,
    begun: Instant,
    /// When a thread last looked at the sockets, in microseconds since `begun`.
    looked: AtomicU64,
}

struct Io {
    poll: Poll,
    events: Events,
}

impl Reactor {
    /// The reactor of this process, made at its first use. An error means that the process may open no more files; a
    /// later call tries again.
    pub fn get() -> io::Result<&'static Self> {
        REACTOR.get_or_try_make(Self::new)
    }

    /// The reactor, if it has been used before.
    pub fn known() -> Option<&'static Self> {
        REACTOR.get()
    }

    fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let alarm = Waker::new(&registry, ALARM)?;
        let descriptor = poll.as_raw_fd();
        Ok(Self {
            runtime: runtime::start()?,
            io: Mutex::new(Io { poll, events: Events::with_capacity(EVENTS) }),
            registry,
            descriptor,
            alarm,
            ready: Mutex::default(),
            sockets: Mutex::default(),
            next: AtomicUsize::new(ALARM.0 + 1),
            is_assistant_called: AtomicBool::new(false),
            turns: AtomicU64::new(0),
            begun: Instant::now(),
            looked: AtomicU64::new(0),
        })
    }

    /// The descriptor that a loop has to watch: it is readable when there is something to do.
    pub fn descriptor(&self) -> RawFd {
        self.descriptor
    }

    /// Watches a socket until it is [`Self::forget`]ten.
    pub fn watch(&self, socket: &mut impl Source, readiness: &Arc<Readiness>) -> io::Result<Token> {
        let token = Token(self.next.fetch_add(1, Ordering::SeqCst));
        held(&self.sockets).insert(token, Arc::clone(readiness));
        let watched = self.registry.register(socket, token, Interest::READABLE | Interest::WRITABLE);
        if watched.is_err() {
            held(&self.sockets).remove(&token);
        }
        watched.map(|()| token)
    }

    pub fn forget(&self, socket: &mut impl Source, token: Token) {
        // This fails only if the reactor does not know the descriptor any more, and then there is nothing left to do.
        let _ = self.registry.deregister(socket);
        held(&self.sockets).remove(&token);
    }

    /// Queues a task. The next thread that drives will poll it.
    pub fn queue(&self, task: Arc<Task>) {
        if task.begin_queue() {
            held(&self.ready).push_back(task);
        }
    }

    /// Queues a task. If this thread does not drive, it calls one that polls the task soon.
    pub fn wake(&'static self, task: Arc<Task>) {
        self.queue(task);
        if TURN.get() == Turn::None {
            self.ring();
        }
    }

    /// Calls a loop, and also Tokio's thread, in case no loop comes.
    pub fn ring(&'static self) {
        self.call_loop();
        self.call_assistant();
    }

    fn call_assistant(&'static self) {
        if !self.is_assistant_called.swap(true, Ordering::SeqCst) {
            drop(runtime::spawn(self.stand_by()));
        }
    }

    /// Polls the queued tasks when no loop does. Beside a loop that takes its turns, Tokio's thread would only be in
    /// the way: the loop would find the reactor taken, and would get its answers from another thread.
    async fn stand_by(&'static self) {
        loop {
            let turns = self.turns.load(Ordering::SeqCst);
            sleep(PATIENCE).await;
            // A task that is queued from now on calls its own assistant.
            self.is_assistant_called.store(false, Ordering::SeqCst);
            if held(&self.ready).is_empty() {
                return;
            }
            if self.turns.load(Ordering::SeqCst) == turns {
                return self.drive();
            }
            if self.is_assistant_called.swap(true, Ordering::SeqCst) {
                return;
            }
        }
    }

    fn call_loop(&self) {
        // This fails only if the machine is out of memory; the assistant comes anyway.
        let _ = self.alarm.wake();
    }

    /// Looks at the sockets, unless a thread just did: the events from the time when no loop ran come before the new
    /// work.
    pub fn catch_up(&'static self) {
        let looked = Duration::from_micros(self.looked.load(Ordering::Relaxed));
        if self.begun.elapsed().saturating_sub(looked) > FRESH {
            self.drive();
        }
    }

    /// Looks at the sockets, and polls the tasks that can go on.
    pub fn drive(&'static self) {
        self.turn(true);
    }

    /// Polls the queued tasks, without a look at the sockets.
    pub fn run(&'static self) {
        self.turn(false);
    }

    /// Runs `work`, and drives the reactor for it in between.
    pub async fn assist<T>(&'static self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            match select(work, pin!(sleep(ASSISTANCE))).await {
                Either::Left((output, _)) => return output,
                Either::Right(((), unfinished)) => work = unfinished,
            }
            self.drive();
        }
    }

    fn turn(&'static self, looks: bool) {
        // A finaliser that runs in the middle of a poll may come here again. The turn at hand then polls what it queues.
        if TURN.get() != Turn::None {
            return;
        }
        let _context = self.runtime.enter();
        TURN.set(Turn::Driving);
        self.turns.fetch_add(1, Ordering::SeqCst);
        if looks {
            self.look();
        }
        let is_through = self.poll_tasks();
        TURN.set(Turn::None);
        if !is_through {
            self.ring();
        }
    }

    /// Finds out which sockets are ready, unless another thread is doing so: the descriptor stays readable for what that
    /// thread does not see.
    fn look(&self) {
        let now = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.looked.store(now, Ordering::Relaxed);
        let Ok(mut io) = self.io.try_lock() else { return };
        let Io { poll, events } = &mut *io;
        // If this look is interrupted, the next look gets the events.
        if poll.poll(events, Some(Duration::ZERO)).is_err() {
            return;
        }
        let seen = {
            let sockets = held(&self.sockets);
            let known = |event: &Event| Some((Arc::clone(sockets.get(&event.token())?), event.clone()));
            events.iter().filter_map(known).collect::<Vec<_>>()
        };
        drop(io);
        // A waker may drop the last reference to a task, and that may run Python code.
        for (readiness, event) in seen {
            readiness.report(&event);
        }
    }

    /// Returns false if the budget was too small for all tasks.
    fn poll_tasks(&'static self) -> bool {
        let mut end = None;
        for number in 1..=BUDGET {
            let task = held(&self.ready).pop_front();
            let Some(task) = task else { return true };
            if task.poll() {
                held(&self.ready).push_back(task);
            }
            let has_made_rows = TURN.replace(Turn::Driving) == Turn::Delayed;
            if has_made_rows || number % POLLS == 0 {
                let now = Instant::now();
                if now >= *end.get_or_insert(now + TIME) {
                    break;
                }
            }
        }
        held(&self.ready).is_empty()
    }
}

/// The task that this thread polls may take long, for it is about to call Python code. If other tasks wait, Tokio's
/// thread is called for them. It is called at most once per poll, because this runs for every row.
#[inline]
pub fn expect_delay() {
    if TURN.get() == Turn::Driving {
        TURN.set(Turn::Delayed);
        if let Some(reactor) = Reactor::known().filter(|reactor| !held(&reactor.ready).is_empty()) {
            reactor.call_assistant();
        }
    }
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
