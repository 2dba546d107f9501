//! What does the pool do in the background? It closes connections that have outlived their limits, and opens those
//! that it has to keep.

use std::time::Duration;

use deadpool::managed::{Pool, Timeouts};
use deadpool::Status;
use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::timeout;

use super::connection::Connector;
use super::settings::Settings;
use crate::bridge;

/// How many rounds fit into one time limit, and the least pause between two.
const ROUNDS_PER_LIMIT: u32 = 4;
const PAUSE_AT_LEAST: Duration = Duration::from_millis(100);

/// The longest pause of a pool that keeps connections: so long they may be missing after the server has closed them.
const PAUSE_AT_MOST: Duration = Duration::from_secs(5);

/// Starts the rounds, which go on for as long as the pool is open. `ended` wakes them when it is closed, or is no more:
/// a task that slept on would keep its memory until the end of its pause.
pub fn begin(pool: &Pool<Connector>, mut ended: watch::Receiver<()>) {
    let Settings { times, size, .. } = &*pool.manager().settings;
    let limit = times.idle.into_iter().chain(times.life).min();
    let for_limit = limit.map(|limit| (limit / ROUNDS_PER_LIMIT).max(PAUSE_AT_LEAST));
    let for_size = (size.least > 0).then_some(PAUSE_AT_MOST);
    let Some(pause) = for_limit.into_iter().chain(for_size).min() else { return };
    let weak = pool.weak();
    // The task ends by itself.
    drop(bridge::spawn(async move {
        loop {
            match weak.upgrade() {
                Some(pool) if !pool.is_closed() => round(&pool).await,
                _ => return,
            }
            // Either way the pool is looked at again.
            let _ = timeout(pause, ended.changed()).await;
        }
    }));
}

async fn round(pool: &Pool<Connector>) {
    let least = pool.manager().settings.size.least;
    sweep(pool, least);
    fill(pool, least).await;
}

/// Closes connections that are too old, and those that have been idle for too long unless the pool has to keep them.
fn sweep(pool: &Pool<Connector>, least: usize) {
    let connector = pool.manager();
    let mut spare = pool.status().size.saturating_sub(least);
    pool.retain(|connection, metrics| {
        let is_over = connector.has_outlived(&metrics) || connection.client.is_closed();
        let goes = is_over || (spare > 0 && connector.has_idled(connection));
        spare = spare.saturating_sub(usize::from(goes));
        !goes
    });
}

/// Opens the connections that are missing, all at once. A query that needs one tells what is wrong with the server.
async fn fill(pool: &Pool<Connector>, least: usize) {
    let Status { size, available, .. } = pool.status();
    if size >= least {
        return;
    }
    // The pool lends idle connections before it opens new ones. So they are borrowed as well, until the others are
    // open.
    let at_once = Timeouts { wait: Some(Duration::ZERO), ..pool.timeouts() };
    let borrowed = (0..available + least - size).map(|_| pool.timeout_get(&at_once));
    drop(join_all(borrowed).await);
}
