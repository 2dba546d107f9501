//! What did a child write? Both streams to its log as they come, the end of them for a message, secrets replaced.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How many lines a message shows of a failed command.
const TAIL_LINES: usize = 25;

/// How long streams that are still open after the child's end are read.
const PATIENCE: Duration = Duration::from_secs(5);

/// How much of standard output is kept in memory; the log has all of it.
const KEPT_BYTES: usize = 32 << 20;

#[derive(Debug)]
struct Shared {
    log: Option<File>,
    tail: VecDeque<String>,
    secrets: Vec<String>,
}

/// The two threads that read a child's streams.
#[derive(Debug)]
pub struct Capture {
    shared: Arc<Mutex<Shared>>,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

impl Capture {
    /// Takes over both streams of `child`, and appends them to `log`.
    pub fn start(child: &mut Child, log: Option<&Path>, secrets: &[String]) -> io::Result<Self> {
        let open = |path| File::options().create(true).append(true).open(path);
        let shared =
            Shared { log: log.map(open).transpose()?, tail: VecDeque::new(), secrets: secrets.to_vec() };
        let shared = Arc::new(Mutex::new(shared));
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let reader = |stream: Option<Box<dyn Read + Send>>, keep: bool| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || stream.map(|s| read(s, &shared, keep)).unwrap_or_default())
        };
        let stdout = reader(out.map(|s| Box::new(s) as _), true);
        let stderr = reader(err.map(|s| Box::new(s) as _), false);
        Ok(Capture { shared, stdout, stderr })
    }

    /// Standard output, and the last lines of both. The child and its tree must have ended.
    ///
    /// A descendant that escaped with a stream in its hands does not keep us: after a while the rest is left unread.
    pub fn finish(self) -> (String, String) {
        let begun = Instant::now();
        let open = || !(self.stdout.is_finished() && self.stderr.is_finished());
        while open() && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
        let stdout =
            if self.stdout.is_finished() { self.stdout.join().unwrap_or_default() } else { String::new() };
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        (stdout, shared.tail.iter().map(String::as_str).collect::<Vec<_>>().join("\n"))
    }
}

fn read(stream: impl Read, shared: &Mutex<Shared>, keep: bool) -> String {
    let (mut kept, mut bytes) = (String::new(), Vec::new());
    let mut stream = BufReader::new(stream);
    while matches!(stream.read_until(b'\n', &mut bytes), Ok(read) if read > 0) {
        let line = String::from_utf8_lossy(&bytes);
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let line = redacted(&line, &shared.secrets);
        if let Some(log) = &mut shared.log {
            // A full disk must not end the cell: the record says what is missing.
            let _ = log.write_all(line.as_bytes());
        }
        if shared.tail.len() == TAIL_LINES {
            shared.tail.pop_front();
        }
        shared.tail.push_back(line.trim_end().to_owned());
        if keep && kept.len() < KEPT_BYTES {
            kept.push_str(&line);
        }
        bytes.clear();
    }
    kept
}

/// `text` with every secret replaced by `***`.
pub fn redacted(text: &str, secrets: &[String]) -> String {
    secrets.iter().filter(|s| !s.is_empty()).fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn a_secret_is_replaced_wherever_it_stands() {
        assert_eq!(redacted("x hush y hush", &["hush".into(), String::new()]), "x *** y ***");
    }
}
