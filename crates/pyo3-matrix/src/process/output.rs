//! What did a child write? Both streams go to its log as they come, their last lines into a message, with secrets
//! replaced.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How many lines of a failed command's output a message shows.
const TAIL_LINES: usize = 25;

/// How long the streams are still read after the child has ended, if they stay open.
const PATIENCE: Duration = Duration::from_secs(5);

/// How much of standard output is kept in memory; the log has all of it.
const KEPT_BYTES: usize = 32 << 20;

/// Takes the secrets out of a text. This room knows none: its caller hands the redactor over.
pub type Redact = fn(&str) -> String;

#[derive(Debug)]
struct Shared {
    log: Option<File>,
    tail: VecDeque<String>,
    redact: Redact,
}

/// The two threads that read a child's streams.
#[derive(Debug)]
pub struct Capture {
    shared: Arc<Mutex<Shared>>,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

impl Capture {
    /// Takes over both streams of `child`, and appends them to `log`; every line goes through `redact` first.
    pub fn start(child: &mut Child, log: Option<&Path>, redact: Redact) -> io::Result<Self> {
        let open = |path| File::options().create(true).append(true).open(path);
        let shared = Shared { log: log.map(open).transpose()?, tail: VecDeque::new(), redact };
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

    /// Returns standard output, and the last lines of both streams. The child and its tree must have ended.
    ///
    /// A descendant that escaped and still holds a stream does not block us: after a while the rest is left unread.
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
        let line = (shared.redact)(&line);
        if let Some(log) = &mut shared.log {
            // A full disk must not end the cell: the record names what is missing.
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

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    /// What `script` leaves: standard output, the tail of both streams, and the log.
    fn captured(script: &str) -> [String; 3] {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        let mut command = Command::new("sh");
        let command = command.args(["-c", script]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a child");
        let redact = |text: &str| text.replace("hush-hush", "***");
        let capture = Capture::start(&mut child, Some(&log), redact).expect("a capture");
        child.wait().expect("an end");
        let (stdout, tail) = capture.finish();
        [stdout, tail, std::fs::read_to_string(log).expect("a log")]
    }

    #[test]
    fn a_secret_is_taken_out_of_the_output_its_tail_and_its_log() {
        let [stdout, tail, log] = captured("echo a hush-hush b");
        assert_eq!((stdout.as_str(), tail.as_str(), log.as_str()), ("a *** b\n", "a *** b", "a *** b\n"));
    }

    #[test]
    fn a_secret_on_standard_error_is_taken_out_of_the_tail_and_the_log() {
        let [stdout, tail, log] = captured("echo a hush-hush b >&2");
        assert_eq!((stdout.as_str(), tail.as_str(), log.as_str()), ("", "a *** b", "a *** b\n"));
    }

    #[test]
    fn a_secret_that_is_written_in_two_pieces_is_one() {
        let [stdout, tail, log] = captured("printf 'a hush-'; sleep 0.2; printf 'hush b'");
        assert_eq!((stdout.as_str(), tail.as_str(), log.as_str()), ("a *** b", "a *** b", "a *** b"));
    }
}
