//! How is a number written? A measurement in; few characters, the same everywhere, out.

use bytesize::ByteSize;

/// Seconds of any length: `0.35 s`, `14 s`, `2 m 05 s`.
#[must_use]
pub fn seconds(time: f64) -> String {
    match time {
        time if time < 0.9995 => format!("{time:.2} s"),
        time if time < 9.995 => format!("{time:.1} s"),
        time if time < 59.5 => format!("{time:.0} s"),
        time => {
            let minutes = (time / 60.0).floor();
            format!("{minutes:.0} m {:02.0} s", (time - minutes * 60.0).floor())
        }
    }
}

/// Milliseconds in three digits: `0.317`, `2.91`, `140`.
#[must_use]
pub fn milliseconds(time: f64) -> String {
    match time {
        time if time < 0.9995 => format!("{time:.3}"),
        time if time < 9.995 => format!("{time:.2}"),
        time if time < 99.95 => format!("{time:.1}"),
        time => format!("{time:.0}"),
    }
}

/// A factor: `2.15×`.
#[must_use]
pub fn factor(ratio: f64) -> String {
    if ratio < 99.5 { format!("{ratio:.2}×") } else { format!("{ratio:.0}×") }
}

/// Bytes, negative ones too: `12 B`, `76.7 MiB`.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what fits into memory fits into a u64"
)]
pub fn bytes(count: f64) -> String {
    let whole = size(count.abs().round() as u64);
    // Less than half a byte is none, and has no sign.
    if count <= -0.5 { format!("-{whole}") } else { whole }
}

/// The size of something: `12 B`, `76.7 MiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    ByteSize(bytes).display().iec().to_string()
}

/// Pieces of a text that other programs wrote, as it is read: no escape codes and no other character that controls.
#[must_use]
pub fn readable(text: &str) -> String {
    let mut done = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' if characters.peek() == Some(&'[') => {
                // A sequence ends with its first letter or `~`.
                let _ = characters.find(|c| ('\u{40}'..='\u{7e}').contains(c) && *c != '[');
            }
            '\n' | '\t' => done.push(character),
            // Marks that turn the direction of what follows would let a text look like another.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            character if character.is_control() => {}
            character => done.push(character),
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_as_many_digits_as_say_something() {
        let told = [0.351, 0.9999, 5.04, 13.93, 59.6, 125.9, 3600.0].map(seconds);
        assert_eq!(told, ["0.35 s", "1.0 s", "5.0 s", "14 s", "0 m 59 s", "2 m 05 s", "60 m 00 s"]);
        assert_eq!([0.31737, 2.909, 14.25, 140.2].map(milliseconds), ["0.317", "2.91", "14.2", "140"]);
    }

    #[test]
    fn sizes_and_factors_are_short() {
        let told = [0.0, -0.2, 6.055, 999.0, 1024.0, 80_429_056.0, -2048.0].map(bytes);
        assert_eq!(told, ["0 B", "0 B", "6 B", "999 B", "1.0 KiB", "76.7 MiB", "-2.0 KiB"]);
        assert_eq!([2.153, 120.4].map(factor), ["2.15×", "120×"]);
    }

    #[test]
    fn a_log_is_read_without_what_controls_a_terminal() {
        let log = "\u{1b}[31mE   red\u{1b}[0m\r\n\tx\u{0}\u{1b}[38;5;1m \u{202e}y";
        assert_eq!(readable(log), "E   red\n\tx y");
    }
}
