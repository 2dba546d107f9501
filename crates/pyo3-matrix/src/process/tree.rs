//! How does a whole tree of processes end? By its group, and by the token in its environment for processes that left
//! the group.

use std::collections::BTreeMap;
use std::process::Child;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill as send, killpg};
use nix::unistd::Pid;

/// The environment variable that marks everything that a command started, at any depth.
pub const TOKEN: &str = "PYO3_MATRIX_PROCESS";

/// How long a server has to stop before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX))
}

/// Kills the child's group if any process of it is left, and every other process that carries `token`. Then reaps the
/// child.
pub fn kill(child: &Child, token: &str) {
    let _ = killpg(pid(child), Signal::SIGKILL);
    sweep(token);
    // The child itself may have been reaped already. No zombie of ours may stay.
    let _ = nix::sys::wait::waitpid(pid(child), None);
}

/// Asks the child to stop with `signal`, and kills its group if it does not.
pub fn stop(child: &mut Child, signal: Signal) {
    stop_alone(child, signal);
    let _ = killpg(pid(child), Signal::SIGKILL);
}

/// Asks the child to stop with `signal`. If it does not stop, kills only the child, not its group.
pub fn stop_alone(child: &mut Child, signal: Signal) {
    if matches!(child.try_wait(), Ok(None)) {
        let _ = send(pid(child), signal);
        let deadline = Instant::now() + PATIENCE;
        while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Ends children that are not our own: each gets its signal, and after `patience` SIGKILL. A child without a signal
/// shares the terminal with the harness. It is ended alone, because its group may be a shell's.
pub fn end_all(children: &BTreeMap<i32, Option<Signal>>, patience: Duration) {
    for (&child, signal) in children {
        let _ = send(Pid::from_raw(child), signal.unwrap_or(Signal::SIGHUP));
        if *signal == Some(Signal::SIGKILL) {
            let _ = killpg(Pid::from_raw(child), Signal::SIGKILL);
        }
    }
    let deadline = Instant::now() + patience;
    while children.keys().any(|&child| is_alive(child)) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    for (&child, signal) in children {
        let pid = Pid::from_raw(child);
        let _ = if signal.is_some() { killpg(pid, Signal::SIGKILL) } else { send(pid, Signal::SIGKILL) };
    }
}

/// Whether a process with this id exists and has not ended.
pub fn is_alive(pid: i32) -> bool {
    send(Pid::from_raw(pid), None) != Err(Errno::ESRCH) && !zombie(pid)
}

/// Whether a process has ended and only waits for its parent to reap it. An init may be slow to do so, or never do
/// it.
fn zombie(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The state follows the name, which is in parentheses and may contain parentheses itself.
    stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
}

/// Kills every process whose environment has `token` or a token derived from it. It looks twice, because a process
/// may fork while the list is read. This works only where `/proc` shows environments; elsewhere only the groups are
/// killed.
pub fn sweep(token: &str) {
    for _ in 0..2 {
        let found = carriers(token);
        if found.is_empty() {
            return;
        }
        for pid in found {
            let _ = send(pid, Signal::SIGKILL);
        }
    }
}

/// Kills every process that carries `token`, and waits until none is there; not longer than `patience`.
pub fn end_marked(token: &str, patience: Duration) {
    let deadline = Instant::now() + patience;
    while !carriers(token).is_empty() && Instant::now() < deadline {
        sweep(token);
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn carriers(token: &str) -> Vec<Pid> {
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
        .filter(|&pid| pid != own && carries(pid, token))
        .map(Pid::from_raw)
        .collect()
}

fn carries(pid: i32, token: &str) -> bool {
    let Ok(environment) = std::fs::read(format!("/proc/{pid}/environ")) else { return false };
    let marked = |entry: &[u8]| {
        let value = entry.strip_prefix(TOKEN.as_bytes()).and_then(|rest| rest.strip_prefix(b"="));
        let rest = value.and_then(|value| value.strip_prefix(token.as_bytes()));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"."))
    };
    environment.split(|byte| *byte == 0).any(marked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_nobody_asked_about_is_a_zombie_and_a_running_one_is_not() {
        let child = |program: &str| std::process::Command::new(program).arg("60").spawn().expect("a child");
        let (mut ended, mut running) = (child("true"), child("sleep"));
        let number = |child: &Child| i32::try_from(child.id()).expect("a process id");
        let deadline = Instant::now() + Duration::from_secs(10);
        while !zombie(number(&ended)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!((zombie(number(&ended)), zombie(number(&running))), (true, false));
        running.kill().and_then(|()| running.wait()).expect("the end");
        ended.wait().expect("the end");
    }
}
