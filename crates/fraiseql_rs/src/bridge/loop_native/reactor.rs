//! Which sockets have something, and which tasks are to be polled? One reactor for the process: any thread may drive
//! it, one at a time. That is a loop's thread, since every loop with work watches the reactor's descriptor; and Tokio's,
//! where no loop runs that would look: after the last one is closed, and while the interpreter exits.
//!
//! Whoever drives holds no other lock, and never waits for the GIL; a loop's thread, which has it, never waits for
//! whoever drives.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::{select, Either};
use mio::event::Source;
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use tokio::time::sleep;

use super::super::runtime;
use super::socket::Readiness;
use super::task::Task;

/// Polls of tasks before the loop gets its turn.
const BUDGET: usize = 128;

/// Events that are taken at once; more of them come with the next look.
const EVENTS: usize = 256;

/// Whoever else should drive has this long, then Tokio's thread does.
const PATIENCE: Duration = Duration::from_millis(5);

/// How often Tokio's thread looks while it has work that needs our sockets.
const ASSISTANCE: Duration = Duration::from_millis(1);

/// For how long a look at the sockets is good enough to begin a query after it.
const FRESH: Duration = Duration::from_millis(1);

const ALARM: Token = Token(0);

static REACTOR: OnceLock<Reactor> = OnceLock::new();

/// See the module.
pub struct Reactor {
    io: Mutex<Io>,
    registry: Registry,
    descriptor: RawFd,
    /// Makes the descriptor readable.
    alarm: Waker,
    ready: Mutex<VecDeque<Arc<Task>>>,
    sockets: Mutex<HashMap<Token, Arc<Readiness>>>,
    next: AtomicUsize,
    /// Whoever drives will find what is queued, so nobody has to be called.
    is_driven: AtomicBool,
    is_assistant_called: AtomicBool,
    /// How often somebody has driven.
    turns: AtomicU64,
    begun: Instant,
    /// When somebody last looked at the sockets, in microseconds since it began.
    looked: AtomicU64,
}

struct Io {
    poll: Poll,
    events: Events,
}

impl Reactor {
    /// The reactor, made at its first use. A process that may open no more files has none, and says so.
    pub fn get() -> &'static Self {
        REACTOR.get_or_init(|| Self::new().expect("a process may open three more files"))
    }

    /// The reactor, if there has been a use for it.
    pub fn known() -> Option<&'static Self> {
        REACTOR.get()
    }

    fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let alarm = Waker::new(&registry, ALARM)?;
        let descriptor = poll.as_raw_fd();
        Ok(Self {
            io: Mutex::new(Io { poll, events: Events::with_capacity(EVENTS) }),
            registry,
            descriptor,
            alarm,
            ready: Mutex::default(),
            sockets: Mutex::default(),
            next: AtomicUsize::new(ALARM.0 + 1),
            is_driven: AtomicBool::new(false),
            is_assistant_called: AtomicBool::new(false),
            turns: AtomicU64::new(0),
            begun: Instant::now(),
            looked: AtomicU64::new(0),
        })
    }

    /// What a loop has to watch: it is readable when there is something to do.
    pub fn descriptor(&self) -> RawFd {
        self.descriptor
    }

    /// Watches a socket for as long as it is not [`Self::forget`]ten.
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
        // It fails only if the descriptor is not known any more, which is what is wanted.
        let _ = self.registry.deregister(socket);
        held(&self.sockets).remove(&token);
    }

    /// Has a task polled by whoever drives next.
    pub fn queue(&self, task: Arc<Task>) {
        if task.begin_queue() {
            held(&self.ready).push_back(task);
        }
    }

    /// Has a task polled soon, whoever does it.
    pub fn wake(&'static self, task: Arc<Task>) {
        self.queue(task);
        if !self.is_driven.load(Ordering::SeqCst) {
            self.ring();
        }
    }

    /// Calls a loop, and Tokio's thread in case that none comes.
    pub fn ring(&'static self) {
        self.call_loop();
        if !self.is_assistant_called.swap(true, Ordering::SeqCst) {
            drop(runtime::spawn(self.stand_by()));
        }
    }

    /// Does what is queued once nobody else does. Beside a loop that takes its turns it would only be in the way: the
    /// loop finds the reactor taken, and hears of its answers from another thread.
    async fn stand_by(&'static self) {
        loop {
            let turns = self.turns.load(Ordering::SeqCst);
            sleep(PATIENCE).await;
            // What is queued from here on calls an assistant of its own.
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
        // It fails only where the machine is out of memory; the assistant comes all the same.
        let _ = self.alarm.wake();
    }

    /// Looks at the sockets unless that was just done: what happened while no loop ran comes before what begins now.
    pub fn catch_up(&'static self) {
        let looked = Duration::from_micros(self.looked.load(Ordering::Relaxed));
        if self.begun.elapsed().saturating_sub(looked) > FRESH {
            self.drive();
        }
    }

    /// Looks at the sockets, and polls what can go on.
    pub fn drive(&'static self) {
        self.turn(Self::look);
    }

    /// Polls what is queued, without a look at the sockets.
    pub fn run(&'static self) {
        self.turn(|_, _| ());
    }

    /// `work`, and beside it whatever it needs of us.
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

    fn turn(&'static self, look: impl Fn(&Self, &mut Io)) {
        let _context = pyo3_async_runtimes::tokio::get_runtime().enter();
        loop {
            // Another thread that drives sees what is queued.
            let Ok(mut io) = self.io.try_lock() else { return };
            self.is_driven.store(true, Ordering::SeqCst);
            self.turns.fetch_add(1, Ordering::SeqCst);
            look(self, &mut io);
            let is_through = self.poll_tasks();
            self.is_driven.store(false, Ordering::SeqCst);
            drop(io);
            if !is_through {
                return self.ring();
            }
            // Whatever was queued between the last look and the flag has called nobody.
            if held(&self.ready).is_empty() {
                return;
            }
        }
    }

    fn look(&self, io: &mut Io) {
        let now = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.looked.store(now, Ordering::Relaxed);
        // Interrupted or not, what there is comes with the next look.
        if io.poll.poll(&mut io.events, Some(Duration::ZERO)).is_err() {
            return;
        }
        for event in &io.events {
            let readiness = held(&self.sockets).get(&event.token()).map(Arc::clone);
            if let Some(readiness) = readiness {
                readiness.tell(event);
            }
        }
    }

    /// False if the budget was not enough.
    fn poll_tasks(&self) -> bool {
        for _ in 0..BUDGET {
            let task = held(&self.ready).pop_front();
            match task {
                Some(task) => task.poll(),
                None => return true,
            }
        }
        held(&self.ready).is_empty()
    }
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
