//! How does a test stand in for a person at a terminal? A program on a terminal of its own, with what it writes there.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::pty::{Winsize, openpty};

/// Long enough for a build of PyO3 on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// A program that has a terminal to itself.
pub struct Terminal {
    pub child: Child,
    /// The path of the terminal.
    name: String,
    keyboard: File,
    screen: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Terminal {
    /// Starts `command` on a terminal with so many columns.
    pub fn start(command: &Command, columns: u16) -> Terminal {
        let size = Winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None).expect("a terminal");
        let name = nix::unistd::ttyname(&pty.slave).expect("a name").display().to_string();
        let stream = || Stdio::from(pty.slave.try_clone().expect("a descriptor"));
        // It leads a session whose terminal this is, as a shell's programs do.
        let mut on_terminal = Command::new("setsid");
        on_terminal.arg("--ctty").arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => on_terminal.env(name, value),
                None => on_terminal.env_remove(name),
            };
        }
        on_terminal.current_dir(command.get_current_dir().expect("a folder"));
        let child = on_terminal.stdin(stream()).stdout(stream()).stderr(stream()).spawn().expect("a child");
        let keyboard = File::from(pty.master);
        let screen = Arc::new(Mutex::new(Vec::new()));
        let (mut from, to) = (keyboard.try_clone().expect("a descriptor"), Arc::clone(&screen));
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The end of the last program on a terminal is an error there.
            while let Ok(read @ 1..) = from.read(&mut bytes) {
                to.lock().expect("the screen").extend_from_slice(&bytes[..read]);
            }
        });
        Terminal { child, name, keyboard, screen, reader }
    }

    /// Everything that was written so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().expect("the screen")).into_owned()
    }

    /// Waits until `words` are on the screen.
    pub fn wait_for(&self, words: &str) {
        let begun = Instant::now();
        while !self.text().contains(words) {
            assert!(begun.elapsed() < PATIENCE && !self.reader.is_finished(), "no {words}: {}", self.text());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Gives the terminal another width.
    pub fn becomes(&self, columns: u16) {
        let columns = columns.to_string();
        let resized = Command::new("stty").args(["-F", &self.name, "cols", &columns]).status();
        assert!(resized.expect("stty starts").success());
    }

    /// Types a line.
    pub fn type_in(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").expect("typed");
    }

    /// Presses the keys for Ctrl-C, and no other.
    pub fn interrupt(&mut self) {
        write!(self.keyboard, "\x03").expect("typed");
    }

    /// Waits for the end, and returns the exit code and everything that was written.
    pub fn end(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().expect("it ended");
        self.reader.join().expect("read");
        (status.code(), String::from_utf8_lossy(&self.screen.lock().expect("the screen")).into_owned())
    }
}
